"""Sums by which rows are recognised as the model's: weights and column sums.

A row has *marks*: whether it is of each class or, for a regression, a one and its
targets. Sums of marks, and of columns times marks, notice rows and targets that are not
the model's, exchanged targets among them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import reduce
from typing import TypeAlias

import numpy as np

from sklearn_unlearn.core.arrays import (
    Array,
    Data,
    Indices,
    Mask,
    absolute,
    as_float64,
    times,
    transposed_times,
)
from sklearn_unlearn.core.rows import RowBlocks, Rows, added, results
from sklearn_unlearn.exceptions import (
    DataMismatchError,
    EmptyClassError,
    InsufficientWeightError,
    UnlearningError,
)

#: Marks of encoded targets: ``(n_rows, n_targets)`` to ``(n_rows, n_marks)``.
Marks: TypeAlias = Callable[[Array], Array]
#: Rows of each group, whether all weights are one, sums of marks and of columns.
_Sums: TypeAlias = tuple[Indices, bool, Array, Array]
#: Relative difference of sums that rounding may explain.
_TOLERANCE = 1e-9
#: Relative error that a value leaves behind in a sum that it has left.
_TRACE = 2.0**-40


@dataclass(frozen=True, eq=False)
class Groups:
    """What rows of each group come to.

    Attributes
    ----------
    weight : ndarray of shape (n_groups,)
        Summed weight.
    n_rows : ndarray of int of shape (n_groups,)
        Rows of positive weight.
    """

    weight: Array
    n_rows: Indices

    @staticmethod
    def of(rows: RowBlocks, marks: Marks, n_groups: int) -> Groups:
        """Those of all rows."""

        def term(block: Rows) -> tuple[Array, Indices]:
            member = marks(block.y)[:, :n_groups]
            return block.weight @ member, _counts(member, block.weight)

        weights, counts = zip(*results(term, rows, counted=False), strict=True)
        return Groups(np.sum(weights, axis=0), np.sum(counts, axis=0))


@dataclass(frozen=True, eq=False)
class Tally:
    """Sums over the rows in the model.

    Attributes
    ----------
    group_rows : ndarray of int of shape (n_groups,)
        Rows of each group, those of weight zero not counted.
    whole : bool
        Whether every weight was one, so that rows can be counted.
    mark_sum : ndarray of shape (n_marks,)
        Weighted sum of each mark, groups first: the weight of each group.
    column_sum : ndarray of shape (n_columns, n_marks)
        Weighted sum of each column times each mark, zero for forgotten columns.
    noise : float
        Rounding error in the column sums that outliers left behind, as a power of two:
        their order of magnitude and nothing else of them. Infinite if the column sums
        are not known.
    mark_noise : ndarray of shape (n_marks,)
        The same for the sum of each mark.
    """

    group_rows: Indices
    whole: bool
    mark_sum: Array
    column_sum: Array
    noise: float
    mark_noise: Array

    @property
    def n_groups(self) -> int:
        """How many marks are memberships of a group: the classes, or all rows."""
        return self.group_rows.size

    @property
    def n_rows(self) -> int:
        """Number of rows, those of weight zero not counted."""
        return int(self.group_rows.sum())

    @property
    def group_weight(self) -> Array:
        """Summed weight of each group."""
        return self.mark_sum[: self.n_groups]

    @property
    def groups(self) -> Groups:
        """Summed weight and number of rows of each group."""
        return Groups(self.group_weight, self.group_rows)

    @staticmethod
    def of(
        rows: RowBlocks, marks: Marks, n_groups: int, *, absolutely: bool = False
    ) -> Tally:
        """Count rows; ``marks`` gives those of encoded targets.

        With ``absolutely`` the sums are those of absolute values.
        """

        def term(block: Rows) -> _Sums:
            marked, X = marks(block.y), as_float64(block.X)
            if absolutely:
                marked, X = np.abs(marked), absolute(X)
            weighted = marked * block.weight[:, None]
            columns = transposed_times(X, weighted)
            n_rows = _counts(marked[:, :n_groups], block.weight)
            whole = bool(np.all((block.weight == 1.0) | (block.weight == 0.0)))
            return n_rows, whole, weighted.sum(axis=0), columns

        def both(one: _Sums, other: _Sums) -> _Sums:
            sums: _Sums = added(one, other)
            return sums[0], one[1] and other[1], *sums[2:]

        found = reduce(both, results(term, rows, both, counted=False))
        n_rows, whole, mark_sum, columns = found
        return Tally(n_rows, whole, mark_sum, columns, 0.0, np.zeros_like(mark_sum))

    def changed(
        self,
        rows_in: Rows | None,
        rows_out: Rows | None,
        marks: Marks,
        forgotten: Mask,
        stay: Mask | None = None,
    ) -> Tally:
        """The sums after an edit.

        Parameters
        ----------
        rows_in, rows_out : Rows or None
        marks : callable
            Marks of encoded targets, shape (n_rows, n_marks).
        forgotten : ndarray of bool of shape (n_columns,)
        stay : ndarray of bool, optional
            Which rows out keep a part of their weight; None means that none does.
        """
        group_rows, whole, noise = self.group_rows.copy(), self.whole, self.noise
        mark_sum, column_sum = self.mark_sum.copy(), self.column_sum.copy()
        mark_noise = self.mark_noise
        for sign, rows in ((1, rows_in), (-1, rows_out)):
            if rows is None:
                continue
            change = Tally.of(rows, marks, self.n_groups)
            group_rows += sign * change.group_rows
            whole &= change.whole
            mark_sum += sign * change.mark_sum
            column_sum += sign * change.column_sum
            largest = np.abs(change.column_sum).max(initial=0.0)
            noise = max(noise, float(_trace(largest)))
            sizes = rows.weight @ np.abs(marks(rows.y))
            mark_noise = np.maximum(mark_noise, _trace(sizes))
        if rows_out is not None and stay is not None:
            member = marks(rows_out.y)[:, : self.n_groups]
            group_rows += _counts(member[stay], rows_out.weight[stay])
        column_sum[forgotten] = 0.0
        return Tally(group_rows, whole, mark_sum, column_sum, noise, mark_noise)

    def check_same(
        self, rows: RowBlocks, marks: Marks, forgotten: Mask, labels: Array | None
    ) -> None:
        """Refuse rows that are not the ones counted.

        Raises
        ------
        DataMismatchError
            Naming the first sum that differs.
        """
        given = Tally.of(rows, marks, self.n_groups)
        if self.whole and given.whole and given.n_rows != self.n_rows:
            raise DataMismatchError(
                f"X has {given.n_rows} rows, but {self.n_rows} rows remain in the "
                "model. Pass exactly the training data without what was unlearned."
            )
        weight, expected = given.group_weight, self.group_weight
        weight_noise = self.mark_noise[: self.n_groups]
        slack = _TOLERANCE * expected.sum() + weight_noise
        far = np.abs(weight - expected) > slack
        for group in np.flatnonzero(far):
            where = "" if labels is None else f" of class {labels.tolist()[group]!r}"
            raise DataMismatchError(
                f"The rows{where} have summed weight {weight[group]:.10g}, but weight "
                f"{expected[group]:.10g} remains in the model. Pass exactly the "
                "training data without what was unlearned, with its sample_weight."
            )

        size = Tally.of(rows, marks, self.n_groups, absolutely=True)
        marked = np.abs(given.mark_sum - self.mark_sum)
        if np.any(marked > _TOLERANCE * size.mark_sum + self.mark_noise):
            raise DataMismatchError(
                "The targets y do not sum to what remains in the model. Pass exactly "
                "the training data without what was unlearned."
            )
        difference = np.abs(given.column_sum - self.column_sum)
        difference[forgotten] = 0.0
        far = difference > _TOLERANCE * size.column_sum + self.noise
        for column in np.flatnonzero(far.any(axis=1)):
            raise DataMismatchError(
                f"Column {column} of X, or y beside it, does not sum to what remains "
                "in the model. Pass exactly the training data without what was "
                "unlearned."
            )

    def mapped(self, matrix: Data, intercept: bool) -> Tally:
        """The sums of rows whose columns a matrix T has mapped.

        Parameters
        ----------
        matrix : Data
            As in `LinearMap`.
        intercept : bool
            Whether its last row and column are those of the constant one.
        """
        sums, sizes = self.column_sum, absolute(matrix)
        if intercept:
            # the columns times a constant one sum to the marks
            sums = np.vstack([sums, self.mark_sum])
        mapped = times(matrix, sums)[: matrix.shape[0] - intercept]
        largest = times(sizes, np.abs(sums)).max(initial=0.0)
        noise = self.noise * float(sizes.sum(axis=1).max(initial=0.0))
        noise = max(noise, float(_trace(largest)))
        return replace(self, column_sum=mapped, noise=noise)

    def check_left(self, after: Tally) -> None:
        """Refuse to have taken out what was not in, or all of a group.

        Raises
        ------
        InsufficientWeightError, EmptyClassError
        """
        group_weight = after.group_weight
        slack = _TOLERANCE * self.group_weight
        if np.any(group_weight < -slack):
            raise InsufficientWeightError(
                "More weight would leave than the model was trained on: rows are "
                "passed twice, with too large a sample_weight, or were never in."
            )
        emptied = (group_weight <= 1e-11 * self.group_weight) & (
            self.group_weight > 0.0
        )
        if not emptied.any():
            return
        if self.n_groups == 1:
            raise UnlearningError("The request would leave no rows.")
        raise EmptyClassError(
            "The request would leave no rows of a class.",
            tuple(np.flatnonzero(emptied).tolist()),
        )


def _counts(member: Array, weight: Array) -> Indices:
    """Rows of positive weight of each group."""
    counts: Indices = np.count_nonzero(member[weight > 0.0], axis=0)
    return counts


def _trace(size: Array) -> Array:
    """Error that values of this size leave behind, a power of two, or zero."""
    exponent = np.ceil(np.log2(np.where(size > 0.0, size, 1.0)))
    return np.where(size > 0.0, _TRACE * 2.0**exponent, 0.0)
