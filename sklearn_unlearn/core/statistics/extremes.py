"""The largest values of each column, a bounded number, with how many rows have them.

When the largest value leaves, the next one is known as long as one of those kept is
left. Memory is bounded; how many distinct values may leave is bounded too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from sklearn_unlearn.core.arrays import Array, Data, Indices, is_sparse
from sklearn_unlearn.core.statistics.counts import added, taken
from sklearn_unlearn.exceptions import (
    ExtremesExhaustedError,
    InsufficientWeightError,
    RowNotFoundError,
)

#: Values with the number of rows that have them.
Values: TypeAlias = Mapping[float, int]


@dataclass(frozen=True, eq=False)
class Largest:
    """The largest values of each column.

    Attributes
    ----------
    kept : tuple of dict
        Number of rows of each value that is kept: of all that are not below the
        smallest of them.
    n_below : tuple of int
        Number of rows with smaller values.
    """

    kept: tuple[Values, ...]
    n_below: tuple[int, ...]

    @staticmethod
    def of(X: Data, capacity: int) -> Largest:
        """The largest values of the columns of rows; NaN is a missing one.

        Parameters
        ----------
        X : ndarray or CSC of shape (n_rows, n_columns)
        capacity : int
            How many distinct values of each column are kept.
        """
        kept, n_below = [], []
        for column in range(X.shape[1]):
            n_zeros = 0
            if is_sparse(X):
                values = X.data[X.indptr[column] : X.indptr[column + 1]]
                n_zeros = X.shape[0] - values.size
            else:
                values = X[:, column]
            values = np.append(values, np.zeros(min(n_zeros, 1), dtype=values.dtype))
            largest = _top(values[~np.isnan(values)], capacity)
            n_all = values.size - int(np.count_nonzero(np.isnan(values)))
            below = n_all - sum(largest.values())
            if n_zeros > 1 and 0.0 in largest:
                largest[0.0] += n_zeros - 1
            elif n_zeros > 1:
                below += n_zeros - 1
            kept.append(largest)
            n_below.append(below)
        return Largest(tuple(kept), tuple(n_below))

    def plus(self, other: Largest) -> Largest:
        """With those of further rows; what only one of them still knows is not kept."""
        kept, n_below = [], []
        for place, both in enumerate(zip(self.kept, other.kept, strict=True)):
            below = self.n_below[place] + other.n_below[place]
            bound = max(self._bound(place), other._bound(place))
            total = added(*both)
            above = {value: count for value, count in total.items() if value >= bound}
            kept.append(above)
            n_below.append(below + sum(total.values()) - sum(above.values()))
        return Largest(tuple(kept), tuple(n_below))

    def minus(self, other: Largest) -> Largest:
        """Without those of some of the rows, of which as many values are kept.

        Raises
        ------
        RowNotFoundError
            If no row has a value that is to go, as far as values are kept.
        InsufficientWeightError
            If more rows are to go than there are.
        """
        kept, n_below = [], []
        for place, (mine, going) in enumerate(zip(self.kept, other.kept, strict=True)):
            bound = self._bound(place)
            above = {value: count for value, count in going.items() if value >= bound}
            if other._bound(place) > bound:
                raise RowNotFoundError(
                    f"Column {place} of X holds more large values than what the "
                    "transformer was fitted on."
                )
            n_going = sum(going.values()) + other.n_below[place]
            below = self.n_below[place] - n_going + sum(above.values())
            if below < 0:
                raise InsufficientWeightError(
                    f"Column {place} of X holds more values than what the transformer "
                    "was fitted on."
                )
            kept.append(taken(mine, above, f"Column {place} of X holds a value like"))
            n_below.append(below)
        return Largest(tuple(kept), tuple(n_below))

    def trimmed(self, capacity: int) -> Largest:
        """With no more than so many distinct values of each column."""
        kept, n_below = list(self.kept), list(self.n_below)
        for place, values in enumerate(kept):
            if len(values) > capacity:
                chosen = sorted(values, reverse=True)[:capacity]
                kept[place] = {value: values[value] for value in chosen}
                gone = sum(values.values()) - sum(kept[place].values())
                n_below[place] += gone
        return Largest(tuple(kept), tuple(n_below))

    def values(self) -> Array:
        """The largest value of each column, NaN where all are missing.

        Raises
        ------
        ExtremesExhaustedError
            If it is not kept any more.
        """
        largest = np.full(len(self.kept), np.nan)
        for place, values in enumerate(self.kept):
            if values:
                largest[place] = max(values)
            elif self.n_below[place]:
                raise ExtremesExhaustedError(
                    f"All extreme values of column {place} that were kept would have "
                    "left, so that the next one is unknown: fit again on the rows that "
                    "are to remain, or with a larger n_extremes."
                )
        return largest

    def columns(self, columns: Indices) -> Largest:
        """Some columns alone."""
        return Largest(
            tuple(self.kept[column] for column in columns),
            tuple(self.n_below[column] for column in columns),
        )

    def _bound(self, place: int) -> float:
        """The value from which on all are kept."""
        if not self.n_below[place]:
            return -np.inf
        return min(self.kept[place], default=np.inf)


def _top(values: Array, capacity: int) -> dict[float, int]:
    """The largest distinct values with the number of times that each occurs."""
    n_looked = 4 * capacity
    while n_looked < values.size:
        # a few more than that many may be distinct enough
        least = np.partition(values, -n_looked)[-n_looked]
        found, counts = np.unique(values[values >= least], return_counts=True)
        if found.size >= capacity:
            break
        n_looked *= 8
    else:
        found, counts = np.unique(values, return_counts=True)
    pairs = zip(found[-capacity:].tolist(), counts[-capacity:].tolist(), strict=True)
    return dict(pairs)


@dataclass(frozen=True, eq=False)
class Extremes:
    """The largest and the smallest values of each column.

    Attributes
    ----------
    n_rows : int
    largest : Largest
    negated : Largest or None
        The largest of the values with the other sign, if they are needed.
    dtype : dtype
        Of the values.
    """

    n_rows: int
    largest: Largest
    negated: Largest | None
    dtype: np.dtype[np.float64]

    @staticmethod
    def of(X: Data, capacity: int, *, smallest: bool) -> Extremes:
        """The extremes of rows, an ndarray or CSC."""
        negated = Largest.of(-X, capacity) if smallest else None
        return Extremes(X.shape[0], Largest.of(X, capacity), negated, X.dtype)

    @property
    def empty(self) -> bool:
        """Whether these are the extremes of no rows."""
        return self.n_rows == 0

    def plus(self, other: Extremes) -> Extremes:
        """With those of further rows."""
        negated = self.negated
        if negated is not None and other.negated is not None:
            negated = negated.plus(other.negated)
        return replace(
            self,
            n_rows=self.n_rows + other.n_rows,
            largest=self.largest.plus(other.largest),
            negated=negated,
            dtype=np.result_type(self.dtype, other.dtype),
        )

    def minus(self, other: Extremes) -> Extremes:
        """Without those of some of the rows."""
        if other.n_rows > self.n_rows:
            raise InsufficientWeightError(
                "X has more rows than the transformer was fitted on."
            )
        negated = self.negated
        if negated is not None and other.negated is not None:
            negated = negated.minus(other.negated)
        return replace(
            self,
            n_rows=self.n_rows - other.n_rows,
            largest=self.largest.minus(other.largest),
            negated=negated,
        )

    def trimmed(self, capacity: int) -> Extremes:
        """With no more than so many distinct values on either side of a column."""
        negated = None if self.negated is None else self.negated.trimmed(capacity)
        return replace(self, largest=self.largest.trimmed(capacity), negated=negated)

    def columns(self, columns: Indices) -> Extremes:
        """Some columns alone."""
        negated = None if self.negated is None else self.negated.columns(columns)
        return replace(self, largest=self.largest.columns(columns), negated=negated)

    def maxima(self) -> Array:
        """The largest value of each column, NaN where all are missing."""
        return self.largest.values().astype(self.dtype)

    def minima(self) -> Array:
        """The smallest value of each column, NaN where all are missing."""
        assert self.negated is not None
        return -self.negated.values().astype(self.dtype)
