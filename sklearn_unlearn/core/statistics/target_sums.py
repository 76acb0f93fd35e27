"""Sums of columns by the label of each row, or with its number, without rounding.

What scores of single columns are functions of. Rows have no weights here.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sklearn_unlearn.core.arrays import Array, Data, Indices
from sklearn_unlearn.core.statistics.block_sums import Second
from sklearn_unlearn.core.statistics.class_sums import Statistics
from sklearn_unlearn.core.statistics.exact_summation import Exact
from sklearn_unlearn.exceptions import InsufficientWeightError, RowNotFoundError

#: Share of a sum that may be its rounding.
_TOLERANCE = 1e-9
_NOT_IN = "X or y of the rows are not what the transformer was fitted on: "


@dataclass(frozen=True, eq=False)
class LabelSums:
    """Sums over the rows of each label that rows have.

    Attributes
    ----------
    labels : tuple of hashable
        Sorted.
    sums : Statistics
        Of each of them, in this order.
    positive : bool
        Whether no value is below zero.
    """

    labels: tuple[Hashable, ...]
    sums: Statistics
    positive: bool = False

    @staticmethod
    def of(
        X: Data, labels: Sequence[Hashable], second: Second, *, positive: bool = False
    ) -> LabelSums:
        """Sums over rows.

        Parameters
        ----------
        X : Data of shape (n_rows, n_columns)
        labels : sequence of hashable of length n_rows
        second : {"none", "columns"}
        positive : bool, default=False
        """
        known = in_order(set(labels))
        places = {label: place for place, label in enumerate(known)}
        group = np.fromiter((places[label] for label in labels), np.intp, len(labels))
        ones = np.ones(group.size)
        found = Statistics.of(X, group, ones, len(known), second)
        return LabelSums(known, found, positive)

    @property
    def empty(self) -> bool:
        """Whether these are the sums of no rows."""
        return not self.labels

    @property
    def n_columns(self) -> int:
        """Number of columns."""
        return self.sums.first.shape[1]

    def columns(self, columns: Indices) -> LabelSums:
        """Some columns alone."""
        return LabelSums(self.labels, self.sums.columns(columns), self.positive)

    def plus(self, other: LabelSums) -> LabelSums:
        """These sums with others added."""
        labels = in_order({*self.labels, *other.labels})
        sums = self._widened(labels).plus(other._widened(labels))
        return LabelSums(labels, sums, self.positive)

    def minus(self, other: LabelSums) -> LabelSums:
        """These sums with others taken away, which may leave none.

        Raises
        ------
        RowNotFoundError, InsufficientWeightError
            If no rows have the sums that would be left.
        """
        known = set(self.labels)
        for label in other.labels:
            if label not in known:
                raise RowNotFoundError(
                    f"y holds {label!r}, which no row that the transformer was fitted "
                    "on has."
                )
        after = self.sums.plus(other._widened(self.labels), -1)
        left = after.weight.rounded()
        if np.any(left < 0.0):
            raise InsufficientWeightError(
                "More rows of a label would leave than the transformer was fitted on: "
                "they are passed twice, or were never in."
            )
        gone, there = np.flatnonzero(left == 0.0), np.flatnonzero(left > 0.0)
        parts = [after.classes(gone).first, after.classes(gone).second]
        if any(part is not None and part.digits.any() for part in parts):
            raise RowNotFoundError(
                _NOT_IN + "no rows would be left of a label, but a sum."
            )
        after = after.classes(there)
        below = self.positive and np.any(after.first.rounded() < 0.0)
        if below or not after.possible():
            raise RowNotFoundError(
                _NOT_IN + "a column would be left with a negative sum or variance."
            )
        labels = tuple(self.labels[place] for place in there)
        return LabelSums(labels, after, self.positive)

    def _widened(self, labels: tuple[Hashable, ...]) -> Statistics:
        """The sums of these labels, zeros for those that no row has."""
        if labels == self.labels:
            return self.sums
        places = {label: place for place, label in enumerate(labels)}
        own = np.array([places[label] for label in self.labels], dtype=np.intp)

        def wide(part: Exact) -> Exact:
            return Exact.zeros((len(labels), *part.shape[1:])).put(own, part)

        sums = self.sums
        second = None if sums.second is None else wide(sums.second)
        return Statistics(wide(sums.weight), wide(sums.first), second)


@dataclass(frozen=True, eq=False)
class TargetSums:
    """Sums of columns, of a number that each row has, and of their products.

    Attributes
    ----------
    rows : Statistics
        Of one group, with squares of the columns.
    products : Statistics
        Of one group, in which the number of a row is its weight.
    squares : Exact of shape (1, 1)
        Of that number.
    """

    rows: Statistics
    products: Statistics
    squares: Exact

    @staticmethod
    def of(X: Data, target: Array) -> TargetSums:
        """Sums over rows.

        Parameters
        ----------
        X : Data of shape (n_rows, n_columns)
        target : ndarray of shape (n_rows,)
        """
        group = np.zeros(target.size, dtype=np.intp)
        ones, alone = np.ones(target.size), target[:, None]
        return TargetSums(
            Statistics.of(X, group, ones, 1, "columns"),
            Statistics.of(X, group, target, 1, "none"),
            Statistics.of(alone, group, target, 1, "none").first,
        )

    @property
    def empty(self) -> bool:
        """Whether these are the sums of no rows."""
        return not self.rows.weight.digits.any()

    @property
    def n_columns(self) -> int:
        """Number of columns."""
        return self.rows.first.shape[1]

    def columns(self, columns: Indices) -> TargetSums:
        """Some columns alone."""
        rows, products = self.rows.columns(columns), self.products.columns(columns)
        return TargetSums(rows, products, self.squares)

    def plus(self, other: TargetSums, sign: int = 1) -> TargetSums:
        """These sums with others added, or with ``sign=-1`` taken away."""
        return TargetSums(
            self.rows.plus(other.rows, sign),
            self.products.plus(other.products, sign),
            self.squares.plus(other.squares, sign),
        )

    def minus(self, other: TargetSums) -> TargetSums:
        """These sums with others taken away, which may leave none.

        Raises
        ------
        RowNotFoundError, InsufficientWeightError
            If no rows have the sums that would be left.
        """
        after = self.plus(other, -1)
        n_rows = after.rows.weight.rounded()[0]
        if n_rows < 0.0:
            raise InsufficientWeightError(
                "More rows would leave than the transformer was fitted on: they are "
                "passed twice, or were never in."
            )
        parts = [after.rows.first, after.rows.second, after.squares]
        parts += [after.products.weight, after.products.first]
        left = any(part is not None and part.digits.any() for part in parts)
        if n_rows == 0.0 and left:
            raise RowNotFoundError(_NOT_IN + "no rows would be left, but a sum.")
        if not after._possible():
            raise RowNotFoundError(
                _NOT_IN + "a column or the targets would be left with a negative "
                "variance, or would be more than correlated."
            )
        return after

    def deviations(self) -> tuple[Array, Array, float]:
        """Sums of products of deviations from the means, times the number of rows.

        Returns
        -------
        squares : ndarray of shape (n_columns,)
        products : ndarray of shape (n_columns,)
        targets : float
        """
        weight, total = self.rows.weight, self.products.weight
        single, column = weight.reshaped(1, 1), total.reshaped(1, 1)
        products = single.times(self.products.first)
        products = products.plus(column.times(self.rows.first), -1)
        targets = single.times(self.squares).plus(column.times(column), -1)
        squares = self.rows.weighted_scatter(diagonal=True)
        return (
            squares.rounded()[0],
            products.rounded()[0],
            float(targets.rounded()[0, 0]),
        )

    def _possible(self) -> bool:
        """Whether rows may have these sums."""
        squares, products, targets = self.deviations()
        room = _TOLERANCE * self.squares.rounded()[0, 0]
        if not self.rows.possible() or targets < -room:
            return False
        with np.errstate(over="ignore"):
            most = np.sqrt(np.maximum(squares, 0.0)) * np.sqrt(max(targets, 0.0))
        return bool(np.all(np.abs(products) <= (1.0 + _TOLERANCE) * most))


def in_order(labels: Iterable[Hashable]) -> tuple[Hashable, ...]:
    """Labels sorted; those that cannot be compared by their types, and as strings."""
    known: list[Any] = list(labels)
    try:
        return tuple(sorted(known))
    except TypeError:
        return tuple(sorted(known, key=lambda each: (str(type(each)), str(each))))
