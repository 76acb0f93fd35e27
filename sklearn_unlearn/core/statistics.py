"""Weights, sums and second moments of each class, without rounding.

They are sufficient for all models of naive Bayes, of nearest centroids and of
discriminant analysis. `Exact` sums make unlearning a subtraction: what is left is, to
the last bit, what the remaining rows alone would have given.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np

from sklearn_unlearn.core.arrays import (
    Array,
    Data,
    Indices,
    as_float64,
    is_sparse,
    n_stored,
)
from sklearn_unlearn.core.exact import MAX_TERMS, Digits, Exact, product, split, total
from sklearn_unlearn.exceptions import (
    EmptyClassError,
    InsufficientWeightError,
    RowNotFoundError,
)

#: Which second moments: none, those of each column, those of each pair of columns.
Second: TypeAlias = Literal["none", "columns", "pairs"]
#: Digits of entries, with their positions.
Parts: TypeAlias = list[tuple[int, Array]]
#: Entries of a block: 1 MiB, so that its digits stay in the cache.
_BLOCK_ENTRIES = 2**17
#: Share of a sum that rounding of weights, in the hands of the caller, may explain.
_TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class Statistics:
    """Sums over the rows of each class.

    Attributes
    ----------
    weight : Exact of shape (n_classes,)
        Summed weights.
    first : Exact of shape (n_classes, n_columns)
        Weighted sums of the columns.
    second : Exact or None
        Weighted sums of the columns' squares, of shape (n_classes, n_columns), or of
        their products, of shape (n_classes, n_columns, n_columns).
    """

    weight: Exact
    first: Exact
    second: Exact | None

    @staticmethod
    def of(
        X: Data, group: Indices, weight: Array, n_groups: int, second: Second
    ) -> Statistics:
        """Sums over rows.

        Parameters
        ----------
        X : Data of shape (n_rows, n_columns)
        group : ndarray of int of shape (n_rows,)
            Position of the class of each row.
        weight : ndarray of shape (n_rows,)
        n_groups : int
        second : {"none", "columns", "pairs"}
            Pairs of dense rows only.

        Raises
        ------
        ValueError
            If a value is too large to be multiplied.
        """
        n_columns = X.shape[1]
        shapes = {"columns": (n_columns,), "pairs": (n_columns, n_columns)}
        found = Statistics(
            Exact.zeros((n_groups,)),
            Exact.zeros((n_groups, n_columns)),
            None if second == "none" else Exact.zeros((n_groups, *shapes[second])),
        )
        step = _block_rows(X, second)
        for start in range(0, X.shape[0], step):
            block = slice(start, start + step)
            part = _block(
                as_float64(X[block]), group[block], weight[block], n_groups, second
            )
            found = found.plus(part)
        return found

    def plus(self, other: Statistics, sign: int = 1) -> Statistics:
        """These sums with others added, or with ``sign=-1`` taken away."""
        second = self.second
        if second is not None and other.second is not None:
            second = second.plus(other.second, sign)
        return Statistics(
            self.weight.plus(other.weight, sign),
            self.first.plus(other.first, sign),
            second,
        )

    def changed(
        self,
        rows_in: Statistics | None,
        rows_out: Statistics | None,
        *,
        positive: bool = False,
    ) -> Statistics:
        """The sums after an edit; a class that has lost all rows is zero throughout.

        Parameters
        ----------
        rows_in, rows_out : Statistics or None
        positive : bool, default=False
            Whether no value of a column is below zero.

        Raises
        ------
        InsufficientWeightError
            If a class would have less weight than none.
        EmptyClassError
            If the edit takes classes away and leaves less than two.
        RowNotFoundError
            If what would be left are the sums of no rows at all.
        """
        after = self
        if rows_in is not None:
            after = after.plus(rows_in)
        before, sums = after.weight.rounded(), after.first
        if rows_out is not None:
            after = after.plus(rows_out, -1)
        left = after.weight.rounded()
        if np.any(left < -_TOLERANCE * before):
            raise InsufficientWeightError(
                "More weight would leave than the model was trained on: rows are "
                "passed twice, with too large a sample_weight, or were never in."
            )
        emptied = (self.weight.rounded() > 0.0) & (left <= 1e-11 * before)
        if emptied.any() and np.count_nonzero(left > 1e-11 * before) < 2:
            raise EmptyClassError(
                "The request would leave rows of fewer than two classes, or of none.",
                tuple(np.flatnonzero(emptied).tolist()),
            )
        if emptied.any():
            after = after.cleared(np.flatnonzero(emptied))
        if rows_out is not None and not after._possible(sums if positive else None):
            raise RowNotFoundError(
                "X or y of the rows are not what the model was trained with: a column "
                "would be left with a negative sum or variance."
            )
        return after

    def _possible(self, positive: Exact | None) -> bool:
        """Whether rows may have these sums, if they were once ``positive``."""
        if positive is not None:
            slack = _TOLERANCE * positive.rounded()
            if np.any(self.first.rounded() < -slack):
                return False
        if self.second is None:
            return True
        slack = _TOLERANCE * self.squares().rounded()
        return bool(np.all(self.scatter(diagonal=True) >= -slack))

    def widened(self, n_columns: int) -> Statistics:
        """These sums, with further columns that are zero; without second moments."""
        width = n_columns - self.first.shape[1]
        if not width:
            return self
        assert self.second is None
        digits = np.pad(self.first.digits, ((0, 0), (0, 0), (0, width)))
        return replace(self, first=Exact(digits, self.first.low))

    def cleared(self, groups: Indices) -> Statistics:
        """The same with nothing left of some classes."""
        keep = np.ones(self.weight.shape[0], dtype=np.int64)
        keep[groups] = 0

        def kept(sums: Exact) -> Exact:
            mask = keep.reshape((-1,) + (1,) * (len(sums.shape) - 1))
            return Exact(sums.digits * mask, sums.low).canonical()

        second = None if self.second is None else kept(self.second)
        return Statistics(kept(self.weight), kept(self.first), second)

    def classes(self, groups: Indices) -> Statistics:
        """Some classes alone."""
        second = None if self.second is None else self.second.take(groups)
        return Statistics(self.weight.take(groups), self.first.take(groups), second)

    def columns(self, columns: Indices) -> Statistics:
        """Some columns alone."""
        second = self.second
        for axis in range(1, 1 if second is None else len(second.shape)):
            assert second is not None
            second = second.take(columns, axis)
        return replace(self, first=self.first.take(columns, 1), second=second)

    def pooled(self) -> Statistics:
        """All classes as one."""
        second = self.second
        if second is not None:
            second = second.summed().reshaped(1, *second.shape[1:])
        return Statistics(
            self.weight.summed().reshaped(1),
            self.first.summed().reshaped(1, *self.first.shape[1:]),
            second,
        )

    def squares(self) -> Exact:
        """Weighted sums of squares, of shape (n_classes, n_columns)."""
        assert self.second is not None
        if self.second.shape == self.first.shape:
            return self.second
        digits = np.diagonal(self.second.digits, axis1=2, axis2=3)
        return Exact(digits, self.second.low)

    def mean(self) -> Array:
        """Mean of each column, of shape (n_classes, n_columns)."""
        mean: Array = self.first.rounded() / self.weight.rounded()[:, None]
        return mean

    def scatter(self, *, diagonal: bool = False) -> Array:
        """Weighted sums of squares, or products, of deviations from the class means.

        Rounded only at the end: ``(weight second - first first) / weight``, zero where
        a class has no weight.

        Parameters
        ----------
        diagonal : bool, default=False
            Whether to leave pairs of columns out.
        """
        assert self.second is not None
        n_groups = self.weight.shape[0]
        if diagonal or self.second.shape == self.first.shape:
            second, outer = self.squares(), self.first.times(self.first)
            weight = self.weight.reshaped(n_groups, 1)
        else:
            column = self.first.reshaped(*self.first.shape, 1)
            row = self.first.reshaped(n_groups, 1, -1)
            second, outer = self.second, column.times(row)
            weight = self.weight.reshaped(n_groups, 1, 1)
        numerator = weight.times(second).plus(outer, -1).rounded()
        size = weight.rounded()
        return np.divide(
            numerator, size, out=np.zeros_like(numerator), where=size > 0.0
        )


def _block_rows(X: Data, second: Second) -> int:
    if second == "pairs":  # each block makes as many sums as there are pairs
        return MAX_TERMS // 4
    n_rows: int = X.shape[0]
    per_row = max(1, n_stored(X) // max(n_rows, 1))
    return min(max(64, _BLOCK_ENTRIES // per_row), MAX_TERMS)


def _block(
    X: Data, group: Indices, weight: Array, n_groups: int, second: Second
) -> Statistics:
    """Sums over at most `MAX_TERMS` rows, each of whole numbers below 2**53."""
    weights = total(
        (n_groups,),
        ((place, np.bincount(group, part, n_groups)) for place, part in split(weight)),
    )
    entries: _Dense | _Sparse
    if is_sparse(X):
        entries = _Sparse.of(X, group, n_groups)
        weight = np.repeat(weight, np.diff(X.indptr))
    else:
        order = np.argsort(group, kind="stable")
        entries = _Dense.of(X[order], group[order], n_groups)
        weight = weight[order][:, None]
    columns = weighted = split(entries.values)
    if not np.all(weight == 1.0):
        rounded, error = product(entries.values, weight)
        weighted = split(rounded) + split(error)
    first = total(entries.shape, ((i, entries.add(part)) for i, part in weighted))
    if second == "none":
        return Statistics(weights, first, None)
    if second == "columns":
        squares = total(entries.shape, _squares(entries, weighted, columns))
        return Statistics(weights, first, squares)
    assert isinstance(entries, _Dense)
    return Statistics(weights, first, entries.pairs(weighted, columns))


def _squares(
    entries: _Dense | _Sparse, weighted: Parts, columns: Parts
) -> Iterator[tuple[int, Array]]:
    """Products of an entry's digits, added up."""
    for i, (place, one) in enumerate(weighted):
        for j, (other_place, other) in enumerate(columns):
            if weighted is not columns:
                yield place + other_place, entries.add(one * other)
            elif i <= j:  # the product of two different digits is there twice
                both = one * other if i == j else 2.0 * one * other
                yield place + other_place, entries.add(both)


@dataclass(frozen=True, eq=False)
class _Dense:
    """Entries of rows that are sorted by class."""

    values: Array
    shape: tuple[int, int]
    present: Indices
    starts: Indices

    @staticmethod
    def of(X: Array, group: Indices, n_groups: int) -> _Dense:
        present, starts = np.unique(group, return_index=True)
        return _Dense(X, (n_groups, X.shape[1]), present, starts)

    def add(self, values: Array) -> Array:
        """Sums of each class and column."""
        sums = np.zeros(self.shape)
        if self.present.size:
            sums[self.present] = np.add.reduceat(values, self.starts, axis=0)
        return sums

    def pairs(self, weighted: Parts, columns: Parts) -> Exact:
        """Sums of products of each class and pair of columns."""
        n_groups, p = self.shape
        parts: dict[int, Digits] = {}
        if not columns:
            return Exact.zeros((n_groups, p, p))
        right = np.concatenate([part for _, part in columns], axis=1)
        left = right
        if weighted is not columns:
            left = np.concatenate([part for _, part in weighted], axis=1)
        ends = np.append(self.starts[1:], len(right))
        for group, start, end in zip(self.present, self.starts, ends, strict=True):
            # whole numbers below 2**53, whatever the order in which BLAS adds them
            gram = left[start:end].T @ right[start:end]
            gram = gram.reshape(len(weighted), p, len(columns), p)
            for i, (place, _) in enumerate(weighted):
                for j, (other, _) in enumerate(columns):
                    if place + other not in parts:
                        empty = np.zeros((n_groups, p, p), dtype=np.int64)
                        parts[place + other] = empty
                    parts[place + other][group] += gram[i, :, j].astype(np.int64)
        return total((n_groups, p, p), parts.items())


@dataclass(frozen=True, eq=False)
class _Sparse:
    """Stored entries of CSR rows."""

    values: Array
    shape: tuple[int, int]
    places: Indices

    @staticmethod
    def of(X: Data, group: Indices, n_groups: int) -> _Sparse:
        places = np.repeat(group, np.diff(X.indptr)) * X.shape[1] + X.indices
        return _Sparse(X.data, (n_groups, X.shape[1]), places)

    def add(self, values: Array) -> Array:
        """Sums of each class and column."""
        size = self.shape[0] * self.shape[1]
        sums: Array = np.bincount(self.places, values, size).astype(np.float64)
        return sums.reshape(self.shape)
