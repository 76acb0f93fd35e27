"""Growing a tree, or a subtree, depth first."""

from __future__ import annotations

import numpy as np

from sklearn_unlearn.core.trees.compiled.arrays import (
    Data,
    Kept,
    Limits,
    Nodes,
    Places,
    UInts,
    copy,
    first_nodes,
    first_tables,
    room_for_nodes,
    room_for_tables,
)
from sklearn_unlearn.core.trees.compiled.compiling import compiled, loop
from sklearn_unlearn.core.trees.compiled.cuts import best_cut
from sklearn_unlearn.core.trees.compiled.gains import sum_rows
from sklearn_unlearn.core.trees.compiled.hashes import combine, mix
from sklearn_unlearn.core.trees.compiled.scratch import Cut, Scratch, scratch_for
from sklearn_unlearn.core.trees.rules import MISSING

_SIDES = np.uint64(1), np.uint64(2)
_ALL = 2.0**64
#: Rows are not copied where so few of the features are tried, or of so few rows.
_MANY, _FEW_ROWS = 16, 512


@compiled
def members(
    data: Data, places: Places, seed: np.uint64, share: float
) -> tuple[UInts, Places]:
    """Keys and places of the rows that a tree has."""
    keys = np.empty(places.size, dtype=np.uint64)
    drawn = np.empty(places.size, dtype=np.int32)
    everybody = share >= 1.0
    least = np.uint64(0) if everybody else np.uint64(share * _ALL)
    n_drawn, names = 0, data.names
    for place in places:
        key = combine(seed, names[place])
        if everybody or mix(key) < least:
            keys[n_drawn], drawn[n_drawn] = key, place
            n_drawn += 1
    return keys[:n_drawn].copy(), drawn[:n_drawn].copy()


@compiled
def taken(data: Data, places: Places) -> Data:
    """The rows of some places, without names."""
    n_features, n_targets, n_rows = (
        data.features.size,
        data.moments.shape[0],
        places.size,
    )
    columns = np.empty((n_features, n_rows), dtype=np.float32)
    labels = np.empty(n_rows, dtype=np.int64)
    weight = np.empty(n_rows, dtype=np.float64)
    moments = np.empty((n_targets, n_rows), dtype=np.float64)
    for feature in range(n_features):
        for number in range(n_rows):
            columns[feature, number] = data.columns[feature, places[number]]
    for target in range(n_targets):
        for number in range(n_rows):
            moments[target, number] = data.moments[target, places[number]]
    for number in range(n_rows):
        labels[number] = data.labels[places[number]]
        weight[number] = data.weight[places[number]]
    return Data(
        columns,
        labels,
        weight,
        moments,
        data.names,
        data.features,
        data.n_classes,
        data.n_statistics,
        data.unit_weights,
        data.has_missing,
    )


@loop
def is_mixed(data: Data, places: Places) -> bool:
    """Whether rows have different targets."""
    labels = data.labels
    first = labels[places[0]]
    for place in places:
        if labels[place] != first:
            return True
    return False


@loop
def partition(
    data: Data, places: Places, cut: Cut, others: Places
) -> tuple[int, np.float32, np.float32]:
    """Put the rows of the left child first, each side in its order.

    Returns
    -------
    int
        Rows on the left.
    float32
        Their largest value.
    float32
        The smallest of the others, `MISSING` if there is none.
    """
    column, value, strict = data.columns[cut.feature], cut.value, cut.strict
    below, above = np.float32(-np.inf), np.float32(np.inf)
    n_left, n_right = 0, 0
    if cut.missing_left:
        for number in range(places.size):
            place = places[number]
            x = column[place]
            if is_left_of(cut, x):
                below = x if below < x < MISSING else below
                places[n_left] = place
                n_left += 1
            else:
                above = x if x < above else above
                others[n_right] = place
                n_right += 1
        copy(others, 0, n_right, places, n_left)
        return n_left, below, above
    for number in range(places.size):
        place = places[number]
        x = column[place]
        # both, and only one of them goes on: cheaper than a branch that is a guess
        places[n_left], others[n_right] = place, place
        is_left = x < value if strict else x <= value
        n_left += is_left
        n_right += not is_left
        if is_left:
            below = x if x > below else below
        else:
            above = x if x < above else above
    copy(others, 0, n_right, places, n_left)
    return n_left, below, above


@loop
def is_left_of(cut: Cut, x: np.float32) -> bool:
    """Whether a value is on the left of a cut."""
    if x == MISSING:
        return cut.missing_left
    return bool(x < cut.value if cut.strict else x <= cut.value)


@loop
def missing_goes_left(cut: Cut, n_rows: int) -> bool:
    """Whether rows that lack the feature go to the left, of a node of so many rows."""
    return cut.missing_left if cut.missing else 2 * cut.n_left > n_rows


@compiled
def grow_below(
    data: Data,
    limits: Limits,
    places: Places,
    path: np.uint64,
    depth: int,
    nodes: Nodes,
    n_nodes: int,
    kept: Kept,
    n_tables: int,
    scratch: Scratch,
) -> tuple[int, Kept, int]:
    """Grow a subtree into the nodes behind ``n_nodes``.

    Parameters
    ----------
    places : ndarray of int32
        Of the rows, by key; then leaf by leaf.
    nodes : Nodes
        With room for twice as many nodes as there are rows.

    Returns
    -------
    int
        Nodes.
    Kept
        With more room, if it had to be.
    int
        Tables.
    """
    most = min(places.size, limits.max_depth) + 2
    begins, ends = np.empty(most, dtype=np.int64), np.empty(most, dtype=np.int64)
    depths, parents = np.empty(most, dtype=np.int64), np.empty(most, dtype=np.int64)
    paths = np.empty(most, dtype=np.uint64)
    begins[0], ends[0], depths[0], parents[0] = 0, places.size, depth, -1
    paths[0] = path
    n_open = 1
    while n_open > 0:
        n_open -= 1
        begin, end, parent = begins[n_open], ends[n_open], parents[n_open]
        depth, path = depths[n_open], paths[n_open]
        here, n_rows = places[begin:end], end - begin
        number = n_nodes
        n_nodes += 1
        if parent >= 0:
            nodes.right[parent] = number - parent
        nodes.feature[number], nodes.right[number] = -1, 0
        nodes.below[number] = nodes.above[number] = 0.0
        nodes.missing_left[number] = False
        nodes.n_rows[number] = n_rows
        total = scratch.total
        sum_rows(data, here, total)
        for statistic in range(total.size):
            nodes.sums[statistic, number] = total[statistic]
        if n_rows < limits.fewest or depth >= limits.max_depth:
            continue
        if not is_mixed(data, here):
            continue
        table = -1
        if n_rows > limits.largest_small:
            table = n_tables
            if n_tables == kept.nodes.size:
                kept = first_tables(kept, n_tables, 2 * n_tables + 8)
        samples = here[: limits.n_candidates]
        cut = best_cut(data, limits, here, samples, path, kept, table, scratch)
        if cut.feature < 0:
            continue
        if table >= 0:
            kept.nodes[table] = number
            for sampled in range(samples.size):
                kept.samples[table, sampled] = samples[sampled]
            n_tables += 1
        n_left, below, above = partition(data, here, cut, scratch.other_places)
        nodes.feature[number] = cut.feature
        nodes.below[number], nodes.above[number] = below, above
        nodes.missing_left[number] = missing_goes_left(cut, n_rows)
        for side in (1, 0):
            begins[n_open] = begin + n_left if side == 1 else begin
            ends[n_open] = end if side == 1 else begin + n_left
            depths[n_open] = depth + 1
            parents[n_open] = number if side == 1 else -1
            paths[n_open] = combine(path, _SIDES[side])
            n_open += 1
    return n_nodes, kept, n_tables


@compiled
def grow_apart(
    data: Data,
    limits: Limits,
    places: Places,
    path: np.uint64,
    depth: int,
    nodes: Nodes,
    n_nodes: int,
    kept: Kept,
    n_tables: int,
    scratch: Scratch,
) -> tuple[int, Kept, int]:
    """As `grow_below`, with the rows side by side, where they are found sooner."""
    n_rows, first = places.size, n_tables
    if data.features.size > _MANY * limits.n_tried or n_rows < _FEW_ROWS:
        return grow_below(
            data, limits, places, path, depth, nodes, n_nodes, kept, n_tables, scratch
        )
    own = taken(data, places)
    here = np.empty(n_rows, dtype=np.int32)
    for number in range(n_rows):
        here[number] = number
    n_nodes, kept, n_tables = grow_below(
        own, limits, here, path, depth, nodes, n_nodes, kept, n_tables, scratch
    )
    samples = kept.samples
    for table in range(first, n_tables):
        for sampled in range(samples.shape[1]):
            samples[table, sampled] = places[samples[table, sampled]]
    for number in range(n_rows):
        here[number] = places[here[number]]
    for number in range(n_rows):
        places[number] = here[number]
    return n_nodes, kept, n_tables


@compiled
def grow_tree(
    data: Data, limits: Limits, places: Places, path: np.uint64
) -> tuple[Nodes, Kept]:
    """The tree of rows, at least one, whose places are by key; then leaf by leaf."""
    n_rows, n_statistics = places.size, data.n_statistics
    nodes = room_for_nodes(2 * n_rows, n_statistics)
    kept = room_for_tables(0, limits.n_tried, limits.n_candidates, n_statistics)
    scratch = scratch_for(data, limits, n_rows)
    n_nodes, kept, n_tables = grow_apart(
        data, limits, places, path, 0, nodes, 0, kept, 0, scratch
    )
    nodes = first_nodes(nodes, n_nodes, n_nodes)
    return nodes, first_tables(kept, n_tables, n_tables)
