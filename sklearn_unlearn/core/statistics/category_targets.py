"""Targets of the rows of each category of a column, without rounding.

What encodings of categories by their targets are functions of: labels are counted,
numbers and their squares summed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from sklearn_unlearn.core.arrays import Array, Indices
from sklearn_unlearn.core.statistics.counts import (
    Counts,
    added,
    keys_of,
    taken,
    value_of,
)
from sklearn_unlearn.core.statistics.target_sums import LabelSums, in_order

#: How many rows of a category have a label.
Pairs: TypeAlias = Mapping[tuple[Hashable, Hashable], int]


@dataclass(frozen=True, eq=False)
class Spread:
    """Targets of groups of rows.

    Attributes
    ----------
    n_rows, total : ndarray of shape (n_groups,)
        How many rows there are, and the sum of their targets.
    scatter : ndarray of shape (n_groups,)
        Sum of squared deviations of targets from the mean of their group.
    """

    n_rows: Array
    total: Array
    scatter: Array

    @staticmethod
    def of(group: Indices, target: Array, n_groups: int) -> Spread:
        """That of rows."""
        n_rows, total = np.zeros(n_groups), np.zeros(n_groups)
        n_rows += np.bincount(group, minlength=n_groups)
        total += np.bincount(group, target, n_groups)
        with np.errstate(invalid="ignore"):
            apart = target - (total / n_rows)[group]
        scatter = np.zeros(n_groups)
        scatter += np.bincount(group, apart * apart, n_groups)
        return Spread(n_rows, total, scatter)

    def encodings(self, smooth: float | None, whole: Spread) -> Array:
        """Means of the groups, drawn towards that of all rows.

        Micci-Barreca, SIGKDD Explorations 3(1), 2001, equations 5 to 7.

        Parameters
        ----------
        smooth : float or None
            As many rows as the mean of all counts for; None for an empirical Bayes
            estimate.
        whole : Spread
            Of all rows, as one group.
        """
        found: Array
        mean = float(whole.total[0] / whole.n_rows[0])
        with np.errstate(divide="ignore", invalid="ignore"):
            if smooth is not None:
                found = (self.total + smooth * mean) / (self.n_rows + smooth)
                found[np.isnan(found)] = mean
                return found
            between = whole.scatter[0] / whole.n_rows[0] * self.n_rows
            share = between / (between + self.scatter / self.n_rows)
            found = share * (self.total / self.n_rows) + (1.0 - share) * mean
        found[np.isnan(share)] = mean
        return found


@dataclass(frozen=True, eq=False)
class CategoryTargets:
    """Targets of the rows of each category of each column.

    Attributes
    ----------
    counts : Counts
        Of the categories.
    labels : Counts or None
        Of the labels; None where targets are numbers.
    pairs : tuple of dict
        Of each column, rows of each category and label; empty where targets are
        numbers.
    sums : tuple of LabelSums
        Of each column, sums of the targets by category; empty where these are labels.
    n_fractions : int
        How many rows have a target that is no whole number.
    """

    counts: Counts
    labels: Counts | None
    pairs: tuple[Pairs, ...] = ()
    sums: tuple[LabelSums, ...] = ()
    n_fractions: int = 0

    @staticmethod
    def of_labels(
        columns: Sequence[npt.NDArray[Any]], y: npt.NDArray[Any]
    ) -> CategoryTargets:
        """Those of rows with a label each."""
        counts, known = Counts.of(columns), keys_of(y)
        pairs = tuple(
            Counter(zip(keys_of(column), known, strict=True)) for column in columns
        )
        return CategoryTargets(counts, Counts.of([y]), pairs)

    @staticmethod
    def of_numbers(columns: Sequence[npt.NDArray[Any]], y: Array) -> CategoryTargets:
        """Those of rows with a number each."""
        counts, target = Counts.of(columns), y[:, None]
        sums = tuple(
            LabelSums.of(target, keys_of(column), "columns") for column in columns
        )
        n_fractions = int(np.count_nonzero(y != np.rint(y)))
        return CategoryTargets(counts, None, sums=sums, n_fractions=n_fractions)

    @property
    def empty(self) -> bool:
        """Whether these are those of no rows."""
        return self.counts.empty

    @property
    def classes(self) -> tuple[Hashable, ...]:
        """Labels that rows have, sorted."""
        return () if self.labels is None else in_order(self.labels.values[0])

    @property
    def label_array(self) -> npt.NDArray[Any]:
        """The same labels as an array, of the dtype at fit if it holds them."""
        assert self.labels is not None
        values = [value_of(label) for label in self.classes]
        return np.array(values, dtype=self.labels.held[0])

    def like(self, other: CategoryTargets) -> CategoryTargets:
        """The same, of rows that belong to those of others."""
        return replace(self, counts=self.counts.like(other.counts))

    def columns(self, columns: Indices) -> CategoryTargets:
        """Some columns alone."""
        return replace(
            self,
            counts=self.counts.columns(columns),
            pairs=tuple(self.pairs[column] for column in columns if self.pairs),
            sums=tuple(self.sums[column] for column in columns if self.sums),
        )

    def plus(self, other: CategoryTargets) -> CategoryTargets:
        """These with those of further rows."""
        labels = self.labels
        if labels is not None and other.labels is not None:
            labels = labels.plus(other.labels)
        return CategoryTargets(
            self.counts.plus(other.counts),
            labels,
            tuple(added(*two) for two in zip(self.pairs, other.pairs, strict=True)),
            tuple(
                one.plus(two) for one, two in zip(self.sums, other.sums, strict=True)
            ),
            self.n_fractions + other.n_fractions,
        )

    def minus(self, other: CategoryTargets) -> CategoryTargets:
        """These without those of rows that leave.

        Raises
        ------
        RowNotFoundError, InsufficientWeightError
            If no rows have what would be left.
        """
        labels = self.labels
        if labels is not None and other.labels is not None:
            (found,) = other.labels.values
            (left,) = labels.values
            left = taken(left, found, "y holds")
            labels = replace(
                labels, n_rows=labels.n_rows - other.labels.n_rows, values=(left,)
            )
        columns = enumerate(zip(self.pairs, other.pairs, strict=True))
        return CategoryTargets(
            self.counts.minus(other.counts),
            labels,
            tuple(
                taken(*two, f"Column {place} of X and y hold") for place, two in columns
            ),
            tuple(
                one.minus(two) for one, two in zip(self.sums, other.sums, strict=True)
            ),
            self.n_fractions - other.n_fractions,
        )

    def spread(
        self, column: int, categories: Sequence[Hashable], codes: Mapping[Hashable, int]
    ) -> Spread:
        """That of the rows of categories of a column; of any other, of the first.

        Parameters
        ----------
        column : int
        categories : sequence of hashable
        codes : mapping
            Of a label the number that stands for it; not used where targets are
            numbers.
        """
        known = {key: place for place, key in enumerate(categories)}
        if self.labels is None:
            return self._spread_of_numbers(column, known)
        n_rows, total, squares = ([0] * len(known) for _ in range(3))
        for (category, label), count in self.pairs[column].items():
            place, code = known.get(category, 0), codes[label]
            n_rows[place] += count
            total[place] += code * count
            squares[place] += code * code * count
        # whole numbers of any size, divided once
        scatter = [
            (n * s - t * t) / n if n else 0.0
            for n, t, s in zip(n_rows, total, squares, strict=True)
        ]
        return Spread(
            np.array(n_rows, dtype=np.float64),
            np.array(total, dtype=np.float64),
            np.array(scatter),
        )

    def whole(self, codes: Mapping[Hashable, int]) -> Spread:
        """That of all rows as one group."""
        if self.labels is not None:
            counts = self.labels.values[0].items()
            pairs: Pairs = {(None, label): count for label, count in counts}
            return replace(self, pairs=(pairs,)).spread(0, [None], codes)
        sums = self.sums[0].sums.pooled()
        parts = sums.weight.rounded(), sums.first.rounded(), sums.scatter(diagonal=True)
        return Spread(*(part.reshape(1) for part in parts))

    def _spread_of_numbers(self, column: int, known: Mapping[Hashable, int]) -> Spread:
        labels, sums = self.sums[column].labels, self.sums[column].sums
        places = np.array([known.get(label, 0) for label in labels], dtype=np.intp)
        found = tuple(np.zeros(len(known)) for _ in range(3))
        for part, of_labels in zip(
            found,
            (sums.weight.rounded(), sums.first.rounded(), sums.scatter(diagonal=True)),
            strict=True,
        ):
            part[places] = of_labels.reshape(-1)
        several = np.flatnonzero(np.bincount(places, minlength=len(known)) > 1)
        for place in several:
            one = sums.classes(np.flatnonzero(places == place)).pooled()
            scatter = one.scatter(diagonal=True)
            for part, value in zip(
                found, (one.weight.rounded(), one.first.rounded(), scatter), strict=True
            ):
                part[place] = value.item()
        return Spread(*found)
