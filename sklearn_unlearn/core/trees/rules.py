"""Rules that decide a node, beside its rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
from numpy.typing import NDArray

#: A missing value: behind all others in the order of a column.
MISSING = np.float32(np.inf)


class Criterion(Enum):
    """What a split is to make small."""

    GINI = "gini"
    ENTROPY = "entropy"
    SQUARED_ERROR = "squared_error"


@dataclass(frozen=True)
class Rules:
    """How trees are grown.

    Attributes
    ----------
    criterion : Criterion
    seed : int
        From which all draws are made, below 2**64.
    n_trees : int
    share : float
        Probability with which a row is in a tree; 1 puts all rows in all trees.
    n_candidates : int
        Rows of a node whose values may become its threshold: those with the smallest
        keys, all of them in smaller nodes.
    n_features : int
        Features that a node tries before the others.
    max_depth : int
        Of leaves; the root has depth 0.
    min_rows_split, min_rows_leaf : int
        Rows that a node needs to be split, and that its children have at least.
    min_weight_leaf : float
        Weight that the children have at least, in units of `Rows.weight`.
    """

    criterion: Criterion
    seed: int
    n_trees: int
    share: float
    n_candidates: int
    n_features: int
    max_depth: int
    min_rows_split: int
    min_rows_leaf: int
    min_weight_leaf: float = 0.0

    def may_split(
        self,
        mixed: NDArray[np.bool_],
        sizes: NDArray[np.intp],
        depths: NDArray[np.intp],
    ) -> NDArray[np.bool_]:
        """Whether nodes may be split: of different targets, large and high enough."""
        fewest = max(self.min_rows_split, 2 * self.min_rows_leaf)
        return mixed & (sizes >= fewest) & (depths < self.max_depth)


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows to grow trees on, each in a place of its own.

    Attributes
    ----------
    columns : ndarray of float32 of shape (n_features, n_places)
        Values, feature by feature; `MISSING` for those that are missing.
    labels : ndarray of int of shape (n_places,)
        The number of the class, or any number that equal targets share.
    weight : ndarray of float64 of shape (n_places,)
        Whole numbers, so that sums do not depend on the order of rows; their sum is
        below 2**53.
    moments : ndarray of float64 of shape (n_targets, n_places)
        Weight times target, whole numbers likewise; none for classes.
    names : ndarray of uint64 of shape (n_places,)
    features : ndarray of uint64 of shape (n_features,)
        Names of the features.
    n_classes : int
        0 for regression.
    unit_weights : bool
        Whether all weights are 1.
    has_missing : ndarray of bool of shape (n_features,)
        Of which features some row may lack the value.
    """

    columns: NDArray[np.float32]
    labels: NDArray[np.intp]
    weight: NDArray[np.float64]
    moments: NDArray[np.float64]
    names: NDArray[np.uint64]
    features: NDArray[np.uint64]
    n_classes: int
    unit_weights: bool
    has_missing: NDArray[np.bool_]

    @property
    def n_statistics(self) -> int:
        """How many numbers are summed of the rows of a node."""
        return self.n_classes or 1 + self.moments.shape[0]

    def take(self, places: NDArray[np.intp]) -> Rows:
        """Some of the rows, in places of their own."""
        columns = np.ascontiguousarray(self.columns[:, places])
        return replace(
            self,
            columns=columns,
            labels=self.labels[places],
            weight=self.weight[places],
            moments=self.moments[:, places],
            names=self.names[places],
            has_missing=np.any(columns == MISSING, axis=1),
        )

    def joined(self, others: Rows) -> Rows:
        """These rows, and others in the places behind them."""
        return replace(
            self,
            columns=np.concatenate([self.columns, others.columns], axis=1),
            labels=np.concatenate([self.labels, others.labels]),
            weight=np.concatenate([self.weight, others.weight]),
            moments=np.concatenate([self.moments, others.moments], axis=1),
            names=np.concatenate([self.names, others.names]),
            has_missing=self.has_missing | others.has_missing,
        )
