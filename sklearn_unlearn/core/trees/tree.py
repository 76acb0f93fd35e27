"""A grown tree: its nodes, and which rows are in which leaf."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sklearn_unlearn.core.trees.rules import MISSING
from sklearn_unlearn.core.trees.tables import Tables

#: The feature of a leaf.
LEAF = -1


@dataclass(frozen=True, eq=False)
class Tree:
    """A tree, its nodes parents first and left before right.

    The left child of a node is the next one.

    Attributes
    ----------
    feature : ndarray of int32 of shape (n_nodes,)
        `LEAF` of leaves.
    below, above : ndarray of float32 of shape (n_nodes,)
        The largest value on the left and the smallest on the right, 0 of leaves. The
        latter is `MISSING` if all rows on the right lack the feature.
    missing_left : ndarray of bool of shape (n_nodes,)
        Whether rows that lack the feature go to the left. If the node has none, this is
        whether there are more rows on the left.
    right : ndarray of int32 of shape (n_nodes,)
        How many nodes further the right child is; 0 of leaves.
    n_rows : ndarray of int32 of shape (n_nodes,)
    sums : ndarray of float64 of shape (n_statistics, n_nodes)
        Of the rows of each node.
    places : ndarray of int32 of shape (n_rows,)
        Places of its rows; those of a node lie together, those of a leaf by key.
    tables : Tables
        Of its large nodes that are split.
    """

    feature: NDArray[np.int32]
    below: NDArray[np.float32]
    above: NDArray[np.float32]
    missing_left: NDArray[np.bool_]
    right: NDArray[np.int32]
    n_rows: NDArray[np.int32]
    sums: NDArray[np.float64]
    places: NDArray[np.int32]
    tables: Tables

    #: What a digest of the tree is made of.
    tells: ClassVar[tuple[str, ...]] = ("below", "sums")
    #: Whether that is of the tree alone, and kept as long as it is there.
    tells_alone: ClassVar[bool] = True

    @classmethod
    def empty(cls, n_statistics: int, tables: Tables) -> Tree:
        """A tree without rows, which has no nodes."""
        floats, ints = np.empty(0, dtype=np.float32), np.empty(0, dtype=np.int32)
        sums, bools = np.empty((n_statistics, 0)), np.empty(0, dtype=bool)
        return cls(ints, floats, floats, bools, ints, ints, sums, ints, tables)

    def renumbered(self, places: NDArray[np.intp]) -> Tree:
        """The same tree of rows that have moved.

        Parameters
        ----------
        places : ndarray of int of shape (n_places,)
            Where the row of each place is now.
        """
        samples = self.tables.samples
        moved = np.where(samples >= 0, places[samples], -1).astype(np.int32)
        return replace(
            self,
            places=places[self.places].astype(np.int32),
            tables=replace(self.tables, samples=moved),
        )

    @property
    def threshold(self) -> NDArray[np.float64]:
        """The midpoint between left and right, the left value where they are equal.

        Infinity where all rows on the right lack the feature.
        """
        below, above = self.below.astype(np.float64), self.above.astype(np.float64)
        return below + (above - below) / 2.0

    def leaves(self, columns: NDArray[np.float32]) -> NDArray[np.intp]:
        """The leaf of each of some rows.

        Parameters
        ----------
        columns : ndarray of shape (n_features, n_rows)
            As in `Rows`.

        Returns
        -------
        ndarray of int of shape (n_rows,)
        """
        threshold, n_rows = self.threshold, columns.shape[1]
        threshold = np.minimum(threshold, np.finfo(np.float32).max)
        missing = bool(np.any(columns == MISSING))
        node = np.zeros(n_rows, dtype=np.intp)
        moving = np.arange(n_rows)
        while True:
            moving = moving[self.feature[node[moving]] >= 0]
            if not moving.size:
                return node
            at = node[moving]
            values = columns[self.feature[at], moving]
            left = values <= threshold[at]
            if missing:
                left |= (values == MISSING) & self.missing_left[at]
            node[moving] = np.where(left, at + 1, at + self.right[at])
