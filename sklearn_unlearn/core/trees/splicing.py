"""Splicing of trees: nodes that a request decides anew, and those that grow again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sklearn_unlearn.core.trees.decisions import Decider, Decisions
from sklearn_unlearn.core.trees.growth import Roots, grow
from sklearn_unlearn.core.trees.hashing import UInts, row_keys
from sklearn_unlearn.core.trees.nodes import Ints, T, is_among
from sklearn_unlearn.core.trees.rules import Rows, Rules
from sklearn_unlearn.core.trees.tables import Tables
from sklearn_unlearn.core.trees.tree import Tree
from sklearn_unlearn.core.trees.visits import Visits, rows_after


def edited_trees(
    rows: Rows,
    trees: Sequence[Tree],
    visits: Visits,
    gone: NDArray[np.bool_],
    seeds: UInts,
    rules: Rules,
) -> dict[int, Tree]:
    """The visited trees after the request, by number.

    Parameters
    ----------
    rows : Rows
        With those that leave and those that come.
    trees : sequence of Tree
    visits : Visits
    gone : ndarray of bool of shape (n_places,)
    seeds : ndarray of uint64 of shape (n_trees,)
    rules : Rules
    """
    decider = Decider(rows, trees, visits, gone, seeds, rules)
    decisions, tree, parent = decider.decide(), decider.tree, decider.parent
    changed = decisions.changed
    topmost = changed & ~((parent >= 0) & changed[parent])
    leaves = ~changed & (decider.feature < 0)
    chosen = np.flatnonzero(topmost | leaves)
    visited = rows_after(visits, trees, gone, chosen)
    roots = np.flatnonzero(topmost)
    places: dict[int, Ints] = {}
    for number, visit in enumerate(chosen.tolist()):
        here = visited.places[visited.starts[number] : visited.starts[number + 1]]
        if topmost[visit] or visits.coming[visit]:
            seed = decider.seeds[visit][None]
            here = here[np.argsort(row_keys(seed, rows.names[here]))]
        places[visit] = here
    subtrees: dict[int, Tree] = {}
    if roots.size:
        parts = [places[visit] for visit in roots.tolist()]
        starts = np.concatenate([[0], np.cumsum([part.size for part in parts])])
        depths = np.array(visits.depth)[roots]
        grown = Roots(np.concatenate(parts), starts, decider.paths[roots], depths)
        subtrees = dict(zip(roots.tolist(), grow(rows, grown, rules), strict=True))
        for visit, grown_tree in subtrees.items():
            places[visit] = grown_tree.places.astype(np.intp)
    result = {}
    for number in np.unique(tree).tolist():
        own = np.flatnonzero(tree == number)
        first, last = own[0], own[-1] + 1
        result[number] = _spliced(
            trees[number],
            visits,
            decisions,
            own[~changed[own]],
            {v: places[v] for v in chosen.tolist() if first <= v < last},
            {v: subtrees[v] for v in roots.tolist() if first <= v < last},
        )
    return result


def _spliced(
    tree: Tree,
    visits: Visits,
    decisions: Decisions,
    kept: Ints,
    places: dict[int, Ints],
    subtrees: dict[int, Tree],
) -> Tree:
    """A tree with new numbers in the kept nodes, and other rows and subtrees."""
    node = np.array([visits.node[visit] for visit in kept], dtype=np.intp)
    right, n_rows, sums = tree.right.copy(), tree.n_rows.copy(), tree.sums.copy()
    below, above = tree.below.copy(), tree.above.copy()
    below[node], above[node] = decisions.below[kept], decisions.above[kept]
    missing_left = tree.missing_left.copy()
    missing_left[node] = decisions.missing_left[kept]
    n_rows[node], sums[:, node] = decisions.n_rows[kept], decisions.sums[:, kept]
    rows: list[NDArray[np.intp] | NDArray[np.int32]] = []
    position = 0
    for visit, here in places.items():
        rows += [tree.places[position : visits.begin[visit]], here]
        position = visits.begin[visit] + visits.n_rows[visit]
    rows.append(tree.places[position:])
    held = tree.tables
    stay = np.ones(held.nodes.size, dtype=bool)
    stay[is_among(held.nodes, node)] = False
    firsts = np.array([visits.node[visit] for visit in subtrees], dtype=np.intp)
    ends = np.array([_end(tree, first) for first in firsts], dtype=np.intp)
    others = list(subtrees.values())
    sizes = np.array([other.feature.size for other in others], dtype=np.intp)
    growth = np.concatenate([[0], np.cumsum(sizes - (ends - firsts))])
    inner = node[tree.feature[node] >= 0]
    until = np.searchsorted(firsts, inner + tree.right[inner])
    since = np.searchsorted(firsts, inner)
    right[inner] += (growth[until] - growth[since]).astype(np.int32)
    if others:
        before = np.searchsorted(firsts, held.nodes, side="right") - 1
        stay &= ~((before >= 0) & (held.nodes < ends[before]))
    own = is_among(decisions.tables.nodes, kept)
    renewed = decisions.tables.some(np.flatnonzero(own))
    renewed = renewed.of_nodes(
        np.array([visits.node[visit] for visit in renewed.nodes], dtype=np.intp)
    )
    tables = [held.some(np.flatnonzero(stay)), renewed]
    tables = [
        t.of_nodes(t.nodes + growth[np.searchsorted(firsts, t.nodes)]) for t in tables
    ]
    for other, first, moved in zip(others, firsts, growth, strict=False):
        tables.append(other.tables.of_nodes(other.tables.nodes + first + moved))
    joined = Tables.joined(tables)
    joined = joined.some(np.argsort(joined.nodes))

    def exchanged(array: NDArray[T], news: list[NDArray[T]]) -> NDArray[T]:
        """An array of nodes with those of the subtrees in place of the old ones."""
        parts: list[NDArray[T]] = []
        position = 0
        for first, end, new in zip(firsts, ends, news, strict=True):
            parts += [array[..., position:first], new]
            position = end
        return np.concatenate([*parts, array[..., position:]], axis=-1)

    return Tree(
        exchanged(tree.feature, [other.feature for other in others]),
        exchanged(below, [other.below for other in others]),
        exchanged(above, [other.above for other in others]),
        exchanged(missing_left, [other.missing_left for other in others]),
        exchanged(right, [other.right for other in others]),
        exchanged(n_rows, [other.n_rows for other in others]),
        exchanged(sums, [other.sums for other in others]),
        np.concatenate(rows).astype(np.int32),
        joined,
    )


def _end(tree: Tree, node: int) -> int:
    """The node behind a subtree."""
    while tree.feature[node] >= 0:
        node += int(tree.right[node])
    return node + 1
