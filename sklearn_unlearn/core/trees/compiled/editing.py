"""One tree after a request: nodes that its rows pass are decided anew."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sklearn_unlearn.core.trees.compiled.arrays import (
    Data,
    Kept,
    Limits,
    Nodes,
    Places,
    copy,
    copy_nodes,
    copy_tables,
    first_nodes,
    first_tables,
    room_for_nodes,
    room_for_tables,
)
from sklearn_unlearn.core.trees.compiled.compiling import compiled, loop
from sklearn_unlearn.core.trees.compiled.cuts import best_cut
from sklearn_unlearn.core.trees.compiled.growing import (
    grow_apart,
    is_left_of,
    is_mixed,
    missing_goes_left,
)
from sklearn_unlearn.core.trees.compiled.hashes import combine
from sklearn_unlearn.core.trees.compiled.scratch import Cut, scratch_for
from sklearn_unlearn.core.trees.compiled.tables import add_to_table, room, table_cut
from sklearn_unlearn.core.trees.compiled.visits import (
    Visit,
    left_first,
    rows_after,
    same_sample,
    sample_of,
    sort_by_key,
    sums_after,
)
from sklearn_unlearn.core.trees.rules import MISSING

_SIDES = np.uint64(1), np.uint64(2)


@loop
def _ends(
    column: NDArray[np.float32], places: Places, n_left: int
) -> tuple[np.float32, np.float32]:
    """The largest value of the first rows, and the smallest of the others."""
    below, above = np.float32(-np.inf), np.float32(np.inf)
    for number in range(places.size):
        x = column[places[number]]
        if number < n_left:
            below = x if below < x < MISSING else below
        else:
            above = x if x < above else above
    return below, above


@loop
def _divides(
    column: NDArray[np.float32], cut: Cut, places: Places, n_left: int
) -> bool:
    """Whether a cut has the first rows on its left, and no others."""
    for number in range(places.size):
        x = column[places[number]]
        if is_left_of(cut, x) != (number < n_left):
            return False
    return True


@loop
def _end(
    column: NDArray[np.float32],
    places: Places,
    gone: NDArray[np.bool_],
    before: np.float32,
    sign: np.float32,
) -> np.float32:
    """The largest value times a sign, which was ``before`` and cannot be more."""
    largest = np.float32(-np.inf)
    for place in places:
        x: np.float32 = sign * column[place]
        if largest < x < MISSING and not gone[place]:
            if x == before:
                return x
            largest = x
    return largest


@loop
def _move_ends(
    column: NDArray[np.float32],
    visit: Visit,
    n_rows: int,
    below: np.float32,
    above: np.float32,
    places: Places,
    gone: NDArray[np.bool_],
) -> tuple[np.float32, np.float32]:
    """The values next to an unchanged cut after the request."""
    one, begin = np.float32(1.0), visit.begin
    middle, end = begin + visit.n_left, begin + n_rows
    low, high = below, above
    for place in visit.going:
        if column[place] == low:
            below = _end(column, places[begin:middle], gone, low, one)
            break
    for place in visit.going:
        if column[place] == high:
            above = -_end(column, places[middle:end], gone, -high, -one)
            break
    for number in range(visit.coming.size):
        x = column[visit.coming[number]]
        if number < visit.coming_left:
            below = x if below < x < MISSING else below
        else:
            above = x if x < above else above
    return below, above


@compiled
def edit_tree(
    data: Data,
    limits: Limits,
    seed: np.uint64,
    path: np.uint64,
    nodes: Nodes,
    places: Places,
    kept: Kept,
    gone: NDArray[np.bool_],
    going: Places,
    coming: Places,
) -> tuple[Nodes, Places, Kept]:
    """The tree after rows left and others came, of which some row is left.

    Parameters
    ----------
    seed, path : uint64
        Of the tree, and of its root.
    nodes, places, kept
        The tree before.
    gone : ndarray of bool of shape (n_places,)
        Which rows leave.
    going, coming : ndarray of int32
        Places of rows of the tree that leave and that come; their order is lost.
    """
    n_before, n_held = nodes.feature.size, kept.nodes.size
    n_statistics, n_tried = data.n_statistics, limits.n_tried
    after = room_for_nodes(n_before, n_statistics)
    tables = room_for_tables(n_held, n_tried, limits.n_candidates, n_statistics)
    n_after, n_tables, held = 0, 0, 0
    n_rows = places.size - going.size + coming.size
    others, n_others = np.empty(n_rows, dtype=np.int32), 0
    most = places.size + coming.size
    scratch, here = scratch_for(data, limits, most), np.empty(most, dtype=np.int32)
    # node, end of its subtree, where its rows begin, depth, begin and end of the rows
    # that leave and that come, the parent of a right child
    stack = np.empty((n_before // 2 + 2, 9), dtype=np.int64)
    paths = np.empty(n_before // 2 + 2, dtype=np.uint64)
    stack[0, 0], stack[0, 1], stack[0, 2], stack[0, 3] = 0, n_before, 0, 0
    stack[0, 4], stack[0, 5], stack[0, 6], stack[0, 7] = 0, going.size, 0, coming.size
    stack[0, 8], paths[0] = -1, path
    n_open = 1
    while n_open > 0:
        n_open -= 1
        top = stack[n_open]
        node, end, begin, depth, parent = top[0], top[1], top[2], top[3], top[8]
        first_going, end_going, first_coming, end_coming = (
            top[4],
            top[5],
            top[6],
            top[7],
        )
        path, size = paths[n_open], nodes.n_rows[node]
        if parent >= 0:
            after.right[parent] = n_after - parent
        if first_going == end_going and first_coming == end_coming:
            copy_nodes(nodes, node, end, after, n_after)
            last = held
            while last < n_held and kept.nodes[last] < end:
                last += 1
            tables = room(tables, n_tables, last - held)
            copy_tables(kept, held, last, tables, n_tables)
            for table in range(n_tables, n_tables + last - held):
                tables.nodes[table] += n_after - node
            n_tables, held, n_after = n_tables + last - held, last, n_after + end - node
            copy(places, begin, begin + size, others, n_others)
            n_others += size
            continue
        feature, below, above = (
            nodes.feature[node],
            nodes.below[node],
            nodes.above[node],
        )
        missing_left = nodes.missing_left[node]
        column = data.columns[max(feature, 0)]
        leave, come = going[first_going:end_going], coming[first_coming:end_coming]
        going_left, coming_left, n_left = 0, 0, 0
        if feature >= 0:
            n_left = nodes.n_rows[node + 1]
            going_left = left_first(column, below, missing_left, leave)
            middle = below + (above - below) / np.float32(2.0)
            coming_left = left_first(column, middle, missing_left, come)
        visit = Visit(
            node, begin, n_left, depth, path, leave, come, going_left, coming_left
        )
        sums_after(data, visit, nodes, scratch.total)
        n_now, left_now = (
            size - leave.size + come.size,
            n_left - going_left + coming_left,
        )
        has_table = held < n_held and kept.nodes[held] == node
        may_split = n_now >= limits.fewest and depth < limits.max_depth
        large = n_now > limits.largest_small
        known, changed = False, False
        if large:
            tables = room(tables, n_tables, 1)
        if (
            has_table
            and large
            and same_sample(data, seed, kept.samples[held], come, gone)
        ):
            copy_tables(kept, held, held + 1, tables, n_tables)
            add_to_table(data, tables, n_tables, leave, -1.0)
            add_to_table(data, tables, n_tables, come, 1.0)
            cut = table_cut(data, limits, tables, n_tables, n_now, scratch)
            known = cut.feature >= 0
            if known:
                changed = (
                    not may_split
                    or cut.feature != feature
                    or cut.n_left != left_now
                    or (cut.missing and cut.missing_left != missing_left)
                )
            if known and not changed:
                if data.n_classes > 0:
                    n_mixed = 0
                    for statistic in range(n_statistics):
                        n_mixed += scratch.total[statistic] > 0.0
                    changed = n_mixed < 2
                else:
                    n_here, _ = rows_after(visit, size, places, gone, here)
                    changed = not is_mixed(data, here[:n_here])
            if known and not changed:
                below, above = _move_ends(
                    column, visit, size, below, above, places, gone
                )
                missing_left = missing_goes_left(cut, n_now)
        if has_table:
            held += 1
        if not known:
            n_here, n_first = rows_after(visit, size, places, gone, here)
            rows = here[:n_here]
            changed = feature >= 0
            if may_split and is_mixed(data, rows):
                samples = sample_of(data, seed, rows, limits.n_candidates, scratch)
                table = n_tables if large else -1
                cut = best_cut(
                    data, limits, rows, samples, path, tables, table, scratch
                )
                changed = cut.feature != feature
                if not changed and feature >= 0:
                    changed = not _divides(column, cut, rows, n_first)
                    below, above = _ends(column, rows, n_first)
                    missing_left = missing_goes_left(cut, n_now)
                if not changed and feature >= 0 and large:
                    known = True
                    for sampled in range(samples.size):
                        tables.samples[n_tables, sampled] = samples[sampled]
        if changed:
            n_here, _ = rows_after(visit, size, places, gone, here)
            rows = here[:n_here]
            sort_by_key(data, seed, rows)
            needed = n_after + 2 * n_here + n_before - end
            if needed > after.feature.size:
                after = first_nodes(after, n_after, needed)
            n_after, tables, n_tables = grow_apart(
                data,
                limits,
                rows,
                path,
                depth,
                after,
                n_after,
                tables,
                n_tables,
                scratch,
            )
            while held < n_held and kept.nodes[held] < end:
                held += 1
            copy(rows, 0, n_here, others, n_others)
            n_others += n_here
            continue
        after.feature[n_after], after.right[n_after] = feature, 0
        after.below[n_after], after.above[n_after] = below, above
        after.missing_left[n_after] = missing_left
        after.n_rows[n_after] = n_now
        for statistic in range(n_statistics):
            after.sums[statistic, n_after] = scratch.total[statistic]
        if feature < 0:
            n_here, _ = rows_after(visit, size, places, gone, here)
            rows = here[:n_here]
            if come.size:
                sort_by_key(data, seed, rows)
            copy(rows, 0, n_here, others, n_others)
            n_others, n_after = n_others + n_here, n_after + 1
            continue
        if known:
            tables.nodes[n_tables] = n_after
            n_tables += 1
        for side in (1, 0):
            child = stack[n_open]
            paths[n_open] = combine(path, _SIDES[side])
            child[3] = depth + 1
            if side == 1:
                child[0], child[1] = node + nodes.right[node], end
                child[2], child[8] = begin + n_left, n_after
                child[4], child[5] = first_going + going_left, end_going
                child[6], child[7] = first_coming + coming_left, end_coming
            else:
                child[0], child[1] = node + 1, node + nodes.right[node]
                child[2], child[8] = begin, -1
                child[4], child[5] = first_going, first_going + going_left
                child[6], child[7] = first_coming, first_coming + coming_left
            n_open += 1
        n_after += 1
    after = first_nodes(after, n_after, n_after)
    return after, others, first_tables(tables, n_tables, n_tables)
