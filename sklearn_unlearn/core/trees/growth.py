"""Growing trees, or the subtrees of some nodes, level by level and many at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sklearn_unlearn.core.trees.gains import sums_of
from sklearn_unlearn.core.trees.hashing import UInts, child_paths
from sklearn_unlearn.core.trees.nodes import Ints, Nodes, gather
from sklearn_unlearn.core.trees.rules import Rows, Rules
from sklearn_unlearn.core.trees.splits import best_splits
from sklearn_unlearn.core.trees.tables import Cuts, Tables, ends_next_to_cuts, is_left
from sklearn_unlearn.core.trees.tree import LEAF, Tree


@dataclass(frozen=True, eq=False)
class Roots:
    """Nodes to grow trees from.

    Attributes
    ----------
    places : ndarray of int of shape (n_rows,)
        Places of their rows, node by node, by key.
    starts : ndarray of int of shape (n_nodes + 1,)
    paths : ndarray of uint64 of shape (n_nodes,)
    depths : ndarray of int of shape (n_nodes,)
    """

    places: Ints
    starts: Ints
    paths: UInts
    depths: Ints


@dataclass(eq=False)
class _Level:
    """Nodes of one depth below their roots; places of rows are in `_Growing`."""

    begins: Ints
    ends: Ints
    paths: UInts
    depths: Ints
    # what was found
    sums: NDArray[np.float64]
    feature: Ints
    below: NDArray[np.float32]
    above: NDArray[np.float32]
    #: Number of the left child in the next level; the right one is behind it.
    child: Ints
    strict: NDArray[np.bool_]
    #: Whether some row lacks the feature.
    missing: NDArray[np.bool_]
    missing_left: NDArray[np.bool_]
    tables: Tables


def grow(rows: Rows, roots: Roots, rules: Rules) -> list[Tree]:
    """The tree below each root.

    Parameters
    ----------
    rows : Rows
    roots : Roots
        Each with at least one row.
    rules : Rules

    Returns
    -------
    list of Tree
    """
    places = roots.places.copy()
    begins, ends = roots.starts[:-1], roots.starts[1:]
    paths, depths = roots.paths, roots.depths
    levels: list[_Level] = []
    while begins.size:
        level = _decide(rows, places, begins, ends, paths, depths, rules)
        levels.append(level)
        begins, ends, paths, depths = _partition(rows, places, level)
    return _trees(levels, places, roots.starts)


def _decide(
    rows: Rows,
    places: Ints,
    begins: Ints,
    ends: Ints,
    paths: UInts,
    depths: Ints,
    rules: Rules,
) -> _Level:
    """What each node of a level is: a leaf, or split where."""
    n_nodes, sizes = begins.size, ends - begins
    order, starts = gather(places, begins, ends)
    node = np.repeat(np.arange(n_nodes), sizes)
    sums = sums_of(rows, order, node, n_nodes)
    labels = rows.labels[order]
    smallest = np.minimum.reduceat(labels, starts[:-1])
    mixed = smallest < np.maximum.reduceat(labels, starts[:-1])
    chosen = np.flatnonzero(rules.may_split(mixed, sizes, depths))
    inner, inner_starts = gather(places, begins[chosen], ends[chosen])
    last = np.minimum(begins[chosen] + rules.n_candidates, ends[chosen])
    samples, sample_starts = gather(places, begins[chosen], last)
    nodes = Nodes(inner, inner_starts, samples, sample_starts, paths[chosen])
    found, tables = best_splits(rows, nodes, rules)
    cuts = Cuts.none(n_nodes)
    cuts.put(chosen, found)
    return _Level(
        begins,
        ends,
        paths,
        depths,
        sums,
        cuts.feature,
        np.where(cuts.feature >= 0, cuts.value, np.float32(0)),
        np.zeros(n_nodes, dtype=np.float32),
        np.full(n_nodes, LEAF, dtype=np.intp),
        cuts.strict,
        cuts.missing,
        cuts.missing_left,
        tables.of_nodes(chosen[tables.nodes]),
    )


def _partition(
    rows: Rows, places: Ints, level: _Level
) -> tuple[Ints, Ints, UInts, Ints]:
    """Put the rows of each left child before those of the right one; the next level."""
    inner = np.flatnonzero(level.feature >= 0)
    begins, ends = level.begins[inner], level.ends[inner]
    order, starts = gather(places, begins, ends)
    sizes = ends - begins
    values = rows.columns[np.repeat(level.feature[inner], sizes), order]
    cut, strict = level.below[inner], level.strict[inner]
    missing_left = level.missing_left[inner]
    left = is_left(values, sizes, cut, strict, missing_left)
    before = np.concatenate([[0], np.cumsum(left)])
    n_left = before[starts[1:]] - before[starts[:-1]]
    rank_left = before[:-1] - np.repeat(before[starts[:-1]], sizes)
    rank = np.arange(order.size) - np.repeat(starts[:-1], sizes)
    target = np.where(left, rank_left, np.repeat(n_left, sizes) + rank - rank_left)
    places[target + np.repeat(begins, sizes)] = order
    if inner.size:
        ends_of = ends_next_to_cuts(values, left, starts)
        level.below[inner], level.above[inner] = ends_of
        level.missing_left[inner] = np.where(
            level.missing[inner], missing_left, n_left > sizes - n_left
        )
    level.child[inner] = 2 * np.arange(inner.size)
    paths = np.stack(
        [child_paths(level.paths[inner], 0), child_paths(level.paths[inner], 1)], axis=1
    )
    middle = begins + n_left
    return (
        np.stack([begins, middle], axis=1).ravel(),
        np.stack([middle, ends], axis=1).ravel(),
        paths.ravel(),
        np.repeat(level.depths[inner] + 1, 2),
    )


def _trees(levels: list[_Level], places: Ints, starts: Ints) -> list[Tree]:
    """The trees of all levels, their nodes parents first, left before right."""
    # nodes of each subtree, from below
    sizes = [np.ones(level.begins.size, dtype=np.intp) for level in levels]
    for depth in range(len(levels) - 2, -1, -1):
        inner = np.flatnonzero(levels[depth].child >= 0)
        child = levels[depth].child[inner]
        sizes[depth][inner] += sizes[depth + 1][child] + sizes[depth + 1][child + 1]
    n_trees = starts.size - 1
    first = np.concatenate([[0], np.cumsum(sizes[0])])
    n_nodes, n_statistics = first[-1], levels[0].sums.shape[0]
    feature = np.empty(n_nodes, dtype=np.int32)
    below = np.empty(n_nodes, dtype=np.float32)
    above = np.empty(n_nodes, dtype=np.float32)
    right = np.zeros(n_nodes, dtype=np.int32)
    missing_left = np.empty(n_nodes, dtype=bool)
    n_rows = np.empty(n_nodes, dtype=np.int32)
    sums = np.empty((n_statistics, n_nodes))
    at, tables = first[:-1], []
    for depth, level in enumerate(levels):
        feature[at], below[at], above[at] = level.feature, level.below, level.above
        missing_left[at] = level.missing_left
        n_rows[at], sums[:, at] = level.ends - level.begins, level.sums
        inner = np.flatnonzero(level.child >= 0)
        large = np.flatnonzero(level.feature[level.tables.nodes] >= 0)
        tables.append(level.tables.some(large).of_nodes(at[level.tables.nodes[large]]))
        if not inner.size:
            break
        left_size = sizes[depth + 1][level.child[inner]]
        right[at[inner]] = left_size + 1
        below_at = np.empty(2 * inner.size, dtype=np.intp)
        below_at[0::2] = at[inner] + 1
        below_at[1::2] = at[inner] + 1 + left_size
        at = below_at
    all_tables = Tables.joined(tables)
    all_tables = all_tables.some(np.argsort(all_tables.nodes))
    of_tree = np.searchsorted(all_tables.nodes, first)
    return [
        Tree(
            feature[first[tree] : first[tree + 1]],
            below[first[tree] : first[tree + 1]],
            above[first[tree] : first[tree + 1]],
            missing_left[first[tree] : first[tree + 1]],
            right[first[tree] : first[tree + 1]],
            n_rows[first[tree] : first[tree + 1]],
            sums[:, first[tree] : first[tree + 1]],
            places[starts[tree] : starts[tree + 1]].astype(np.int32),
            all_tables.some(np.arange(of_tree[tree], of_tree[tree + 1])).of_nodes(
                all_tables.nodes[of_tree[tree] : of_tree[tree + 1]] - first[tree]
            ),
        )
        for tree in range(n_trees)
    ]
