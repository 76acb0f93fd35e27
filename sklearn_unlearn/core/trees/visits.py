"""The nodes of trees that the rows of a request pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from sklearn_unlearn.core.trees.hashing import UInts, child_paths, root_paths
from sklearn_unlearn.core.trees.nodes import Ints, gather
from sklearn_unlearn.core.trees.rules import MISSING, Rows
from sklearn_unlearn.core.trees.tree import Tree

pairs = partial(zip, strict=True)


@dataclass(eq=False)
class Visits:
    """Nodes that rows pass, tree by tree, parents first and left before right.

    Attributes
    ----------
    tree, node : list of int
        Number of the tree, and of the node in it.
    parent : list of int
        The visit of the parent; -1 of roots.
    side, depth : list of int
    begin, n_rows, n_left : list of int
        Where the rows of the node lie in its tree, how many there are, and how many of
        them on the left.
    going, coming : list of list of int
        Places of rows that leave the node, and that come to it.
    going_left, coming_left : list of list of bool
        Which of them the old split of the node puts on the left.
    """

    tree: list[int] = field(default_factory=list)
    node: list[int] = field(default_factory=list)
    parent: list[int] = field(default_factory=list)
    side: list[int] = field(default_factory=list)
    depth: list[int] = field(default_factory=list)
    begin: list[int] = field(default_factory=list)
    n_rows: list[int] = field(default_factory=list)
    n_left: list[int] = field(default_factory=list)
    going: list[list[int]] = field(default_factory=list)
    coming: list[list[int]] = field(default_factory=list)
    going_left: list[list[bool]] = field(default_factory=list)
    coming_left: list[list[bool]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.tree)

    def add(
        self, rows: Rows, tree: Tree, number: int, going: list[int], coming: list[int]
    ) -> None:
        """Those of one tree."""
        columns = rows.columns
        feature, below, right = tree.feature, tree.below, tree.right
        above, n_rows = tree.above, tree.n_rows
        stack = [(0, 0, going, coming, -1, 0, 0)]
        while stack:
            node, begin, going, coming, parent, side, depth = stack.pop()
            visit, column = len(self), int(feature[node])
            self.tree.append(number)
            self.node.append(node)
            self.parent.append(parent)
            self.side.append(side)
            self.depth.append(depth)
            self.begin.append(begin)
            self.n_rows.append(int(n_rows[node]))
            self.going.append(going)
            self.coming.append(coming)
            if column < 0:
                self.n_left.append(0)
                self.going_left.append([])
                self.coming_left.append([True] * len(coming))
                continue
            values, last = columns[column], below[node]
            middle = last + (above[node] - last) / 2
            missing_left = bool(tree.missing_left[node])
            gone_left = [is_left(values[p], last, missing_left) for p in going]
            come_left = [is_left(values[p], middle, missing_left) for p in coming]
            n_left = int(n_rows[node + 1])
            self.n_left.append(n_left)
            self.going_left.append(gone_left)
            self.coming_left.append(come_left)
            for child in (1, 0):
                leave = [p for p, left in pairs(going, gone_left) if left != child]
                come = [p for p, left in pairs(coming, come_left) if left != child]
                if leave or come:
                    index = node + int(right[node]) if child else node + 1
                    start = begin + n_left if child else begin
                    stack.append((index, start, leave, come, visit, child, depth + 1))

    def paths(self, seeds: UInts) -> UInts:
        """The path of each node."""
        depth, parent = np.array(self.depth), np.array(self.parent)
        side = np.array(self.side)
        paths = root_paths(seeds[np.array(self.tree)])
        for level in range(1, int(depth.max(initial=0)) + 1):
            here = np.flatnonzero(depth == level)
            for child in (0, 1):
                some = here[side[here] == child]
                paths[some] = child_paths(paths[parent[some]], child)
        return paths


@dataclass(frozen=True, eq=False)
class Visited:
    """Rows of the nodes after the request, node by node.

    Attributes
    ----------
    places : ndarray of int of shape (n_rows,)
    starts : ndarray of int of shape (n_visits + 1,)
    was_left : ndarray of bool of shape (n_rows,)
        Whether the old split of the node has the row on the left.
    """

    places: Ints
    starts: Ints
    was_left: NDArray[np.bool_]


def rows_after(
    visits: Visits, trees: Sequence[Tree], gone: NDArray[np.bool_], chosen: Ints
) -> Visited:
    """Rows of visited nodes without those that leave, and with those that come.

    Parameters
    ----------
    visits : Visits
    trees : sequence of Tree
    gone : ndarray of bool of shape (n_places,)
        Which rows leave.
    chosen : ndarray of int
        Which visits, ascending.
    """
    begin, n_rows = np.array(visits.begin)[chosen], np.array(visits.n_rows)[chosen]
    tree = np.array(visits.tree)[chosen]
    n_left = np.array(visits.n_left)[chosen]
    first = np.flatnonzero(np.diff(tree, prepend=-1))
    parts = [np.empty(0, dtype=np.intp)]
    for start, end in pairs(first, np.append(first[1:], tree.size)):
        held = trees[tree[start]].places
        some = slice(start, end)
        parts.append(gather(held, begin[some], begin[some] + n_rows[some])[0])
    places = np.concatenate(parts).astype(np.intp)
    visit = np.repeat(np.arange(tree.size), n_rows)
    starts = np.concatenate([[0], np.cumsum(n_rows)])
    left = np.arange(places.size) - starts[visit] < n_left[visit]
    stays = ~gone[places]
    places, left, visit = places[stays], left[stays], visit[stays]
    coming = [visits.coming[v] for v in chosen]
    if any(coming):
        new = flat(coming)
        sides = flat([visits.coming_left[v] for v in chosen]).astype(bool)
        of = np.repeat(np.arange(tree.size), [len(p) for p in coming])
        order = np.argsort(np.concatenate([visit, of]), kind="stable")
        places = np.concatenate([places, new])[order]
        left = np.concatenate([left, sides])[order]
        visit = np.concatenate([visit, of])[order]
    counts = np.bincount(visit, minlength=tree.size)
    return Visited(places, np.concatenate([[0], np.cumsum(counts)]), left)


def is_left(value: np.float32, cut: np.float32, missing_left: bool) -> bool:
    """Whether a value is on the left of a cut."""
    return missing_left if value == MISSING else bool(value <= cut)


def flat(lists: Sequence[Sequence[int]]) -> Ints:
    """Lists, one after the other."""
    return np.fromiter(chain.from_iterable(lists), dtype=np.intp)
