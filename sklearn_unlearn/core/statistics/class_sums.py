"""Weights, sums and second moments of each class, without rounding.

They are sufficient for all models of naive Bayes, of nearest centroids and of
discriminant analysis. `Exact` sums make unlearning a subtraction: what is left is, to
the last bit, what the remaining rows alone would have given.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from typing import Literal, TypeAlias

import numpy as np

from sklearn_unlearn.core.arrays import Array, Data, Indices
from sklearn_unlearn.core.statistics.block_sums import Second, sums
from sklearn_unlearn.core.statistics.exact_summation import Exact
from sklearn_unlearn.exceptions import (
    EmptyClassError,
    InsufficientWeightError,
    RowNotFoundError,
)

#: What the values of columns may be: anything, not below zero, or from zero to one.
Values: TypeAlias = Literal["any", "positive", "unit"]

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
    within : ndarray or None
        What `scatter` gives, once `settled`: a function of the sums, and costly.
    """

    weight: Exact
    first: Exact
    second: Exact | None
    within: Array | None = None

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

        Raises
        ------
        ValueError
            If a value is too large to be multiplied.
        """
        found = [
            Statistics(*parts) for parts in sums(X, group, weight, n_groups, second)
        ]
        return reduce(Statistics.plus, found)

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
        groups: Indices | None = None,
        values: Values = "any",
        noise: Array | None = None,
    ) -> Statistics:
        """The sums after an edit; a class that has lost all rows is zero throughout.

        Parameters
        ----------
        rows_in, rows_out : Statistics or None
            Of the named classes.
        groups : ndarray of int, optional
            Classes that the edit touches; all by default. The others stay as they are.
        values : {"any", "positive", "unit"}, default="any"
            What the values of all rows may be: "unit" are those from zero to one.
        noise : ndarray of shape (n_columns,), optional
            How far the values of rows may be from those that were summed.

        Raises
        ------
        InsufficientWeightError
            If a class would have less weight than none.
        EmptyClassError
            If the edit takes classes away and leaves less than two, or no rows.
        RowNotFoundError
            If what would be left are the sums of no rows at all.
        """
        total = self.weight.rounded()
        if groups is None:
            groups = np.arange(total.size)
        after, there = self.classes(groups), total[groups]
        if rows_in is not None:
            after = after.plus(rows_in)
        before, sums = after.weight.rounded(), after.first
        if rows_out is not None:
            # those that come are none of those that leave
            if np.any(rows_out.weight.rounded() > (1.0 + _TOLERANCE) * there):
                raise InsufficientWeightError(
                    "More weight would leave than the model was trained on: rows are "
                    "passed twice, with too large a sample_weight, or were never in."
                )
            after = after.plus(rows_out, -1)
        left = after.weight.rounded()
        emptied = (there > 0.0) & (left <= 1e-11 * before)
        if emptied.any() and total.size == 1:
            raise EmptyClassError("The request would leave no rows.", (0,))
        n_left = np.count_nonzero(left > 1e-11 * before)
        n_left += np.count_nonzero(np.delete(total, groups))
        if emptied.any() and n_left < 2:
            raise EmptyClassError(
                "The request would leave rows of fewer than two classes, or of none.",
                tuple(groups[emptied].tolist()),
            )
        if emptied.any():
            after = after.cleared(np.flatnonzero(emptied))
        if rows_out is not None and not after.possible(values, before, sums, noise):
            raise RowNotFoundError(
                "X or y of the rows are not what the model was trained with: a column "
                "would be left with a negative sum or variance, or too large a sum."
            )
        return self._put(groups, after)

    def possible(
        self,
        values: Values = "any",
        weight: Array | None = None,
        sums: Exact | None = None,
        noise: Array | None = None,
    ) -> bool:
        """Whether rows may have these sums, which were ``weight`` and ``sums``."""
        if values != "any":
            assert weight is not None
            assert sums is not None
            first = self.first.rounded()
            if np.any(first < -_TOLERANCE * sums.rounded()):
                return False
            largest = self.weight.rounded() + _TOLERANCE * weight
            if values == "unit" and np.any(first > largest[:, None]):
                return False
        if self.second is None:
            return True
        slack = _TOLERANCE * np.abs(self.squares().rounded())
        if noise is not None:
            slack = slack + np.outer(self.weight.rounded(), np.square(noise))
        return bool(np.all(self.scatter(diagonal=True) >= -slack))

    def spread(self, places: Indices, n_columns: int) -> Statistics:
        """These sums at some of ``n_columns`` places, zeros at the others.

        Without second moments.
        """
        assert self.second is None
        digits = np.zeros((*self.first.digits.shape[:2], n_columns), dtype=np.int64)
        digits[:, :, places] = self.first.digits
        return replace(self, first=Exact(digits, self.first.low))

    def cleared(self, groups: Indices) -> Statistics:
        """The same with nothing left of some classes."""

        def kept(sums: Exact) -> Exact:
            return sums.put(groups, Exact.zeros((groups.size, *sums.shape[1:])))

        second = None if self.second is None else kept(self.second)
        return Statistics(kept(self.weight), kept(self.first), second)

    def classes(self, groups: Indices) -> Statistics:
        """Some classes alone."""
        if np.array_equal(groups, np.arange(self.weight.shape[0])):
            return self
        return Statistics(
            self.weight.take(groups),
            self.first.take(groups),
            None if self.second is None else self.second.take(groups),
            None if self.within is None else self.within[groups],
        )

    def _put(self, groups: Indices, part: Statistics) -> Statistics:
        """These sums with others in the place of some classes."""
        second, within = self.second, self.within
        if second is not None and part.second is not None:
            second = second.put(groups, part.second)
        if within is not None:
            within = within.copy()
            within[groups] = part.scatter()
        return Statistics(
            self.weight.put(groups, part.weight),
            self.first.put(groups, part.first),
            second,
            within,
        )

    def columns(self, columns: Indices) -> Statistics:
        """Some columns alone."""
        second, within = self.second, self.within
        for axis in range(1, 1 if second is None else len(second.shape)):
            assert second is not None
            second = second.take(columns, axis)
            within = None if within is None else np.take(within, columns, axis)
        return Statistics(self.weight, self.first.take(columns, 1), second, within)

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

    def settled(self) -> Statistics:
        """The same, which keep their scatter: an edit computes it of few classes."""
        if self.second is None or self.within is not None:
            return self
        return replace(self, within=self.scatter())

    def scatter(self, *, diagonal: bool = False) -> Array:
        """Weighted sums of squares, or products, of deviations from the class means.

        Rounded only at the end: ``(weight second - first first) / weight``, zero where
        a class has no weight.

        Parameters
        ----------
        diagonal : bool, default=False
            Whether to leave pairs of columns out.
        """
        if self.within is not None and not diagonal:
            return self.within
        numerator = self.weighted_scatter(diagonal=diagonal).rounded()
        size = self.weight.rounded().reshape(-1, *(1,) * (numerator.ndim - 1))
        return np.divide(
            numerator, size, out=np.zeros_like(numerator), where=size > 0.0
        )

    def weighted_scatter(self, *, diagonal: bool = False) -> Exact:
        """``weight second - first first``, without rounding, as in `scatter`."""
        assert self.second is not None
        n_groups = self.weight.shape[0]
        if diagonal or self.second.shape == self.first.shape:
            second, outer = self.squares(), self.first.times(self.first)
            weight = self.weight.reshaped(n_groups, 1)
        else:
            column = self.first.reshaped(*self.first.shape, 1)
            row = self.first.reshaped(n_groups, 1, self.first.shape[1])
            second, outer = self.second, column.times(row)
            weight = self.weight.reshaped(n_groups, 1, 1)
        return weight.times(second).plus(outer, -1)
