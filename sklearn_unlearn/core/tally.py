"""Sums by which rows are recognised as the model's: weights a class, column sums."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sklearn_unlearn.core.arrays import (
    Array,
    Indices,
    Mask,
    absolute,
    as_float64,
    transposed_times,
)
from sklearn_unlearn.core.rows import RowBlocks, Rows
from sklearn_unlearn.exceptions import (
    DataMismatchError,
    EmptyClassError,
    InsufficientWeightError,
)

#: Relative difference of sums that rounding may explain.
_TOLERANCE = 1e-9
#: Relative error that a value leaves behind in a sum that it has left.
_TRACE = 2.0**-40


@dataclass(frozen=True, eq=False)
class Tally:
    """Sums over the rows in the model.

    Attributes
    ----------
    n_rows : int
        Rows in, minus rows out.
    group_weight : ndarray of shape (n_groups,)
        Summed weight of each class; a single group for regression.
    column_sum : ndarray of shape (n_columns,)
        Weighted sum of each column, zero for forgotten columns.
    noise : float
        Rounding error in the column sums that outliers left behind, as a power of two:
        their order of magnitude and nothing else of them.
    """

    n_rows: int
    group_weight: Array
    column_sum: Array
    noise: float = 0.0

    @staticmethod
    def of(rows: RowBlocks, groups: Indices, n_groups: int) -> Tally:
        """Count rows, given the group of each."""
        group_weight = np.zeros(n_groups)
        column_sum: Array | None = None
        n_rows = start = 0
        for block in rows.blocks():
            group = groups[start : start + block.n_rows]
            start += block.n_rows
            group_weight += np.bincount(group, block.weight, n_groups)
            total = transposed_times(as_float64(block.X), block.weight)
            column_sum = total if column_sum is None else column_sum + total
            n_rows += int(np.count_nonzero(block.weight))
        assert column_sum is not None
        return Tally(n_rows, group_weight, column_sum)

    def changed(
        self,
        rows_in: tuple[Rows, Indices] | None,
        rows_out: tuple[Rows, Indices] | None,
        forgotten: Mask,
    ) -> Tally:
        """The sums after an edit.

        Parameters
        ----------
        rows_in, rows_out : (Rows, ndarray of int) or None
            Rows and the group of each.
        forgotten : ndarray of bool of shape (n_columns,)

        Raises
        ------
        InsufficientWeightError, EmptyClassError
        """
        n_rows = self.n_rows
        group_weight, column_sum = self.group_weight.copy(), self.column_sum.copy()
        noise = self.noise
        for sign, change in ((1.0, rows_in), (-1.0, rows_out)):
            if change is None:
                continue
            rows, group = change
            n_rows += int(sign) * int(np.count_nonzero(rows.weight))
            group_weight += sign * np.bincount(group, rows.weight, group_weight.size)
            total = transposed_times(as_float64(rows.X), rows.weight)
            column_sum += sign * total
            largest = float(np.abs(total).max(initial=0.0))
            if largest > 0.0:
                noise = max(noise, _TRACE * 2.0 ** np.ceil(np.log2(largest)))
        column_sum[forgotten] = 0.0
        if rows_out is not None:
            self._check_left(n_rows, group_weight)
        return replace(
            self,
            n_rows=n_rows,
            group_weight=group_weight,
            column_sum=column_sum,
            noise=noise,
        )

    def check_same(
        self, rows: Rows, groups: Indices, forgotten: Mask, labels: Array | None
    ) -> None:
        """Refuse rows that are not the ones counted.

        Raises
        ------
        DataMismatchError
            Naming the first sum that differs.
        """
        n_rows = int(np.count_nonzero(rows.weight))
        whole = np.all(rows.weight == 1.0)
        if whole and n_rows != self.n_rows:
            raise DataMismatchError(
                f"X has {n_rows} rows, but {self.n_rows} rows remain in the model. "
                "Pass exactly the training data without what was unlearned."
            )
        weight = np.bincount(groups, rows.weight, self.group_weight.size)
        total = self.group_weight.sum()
        for group in np.flatnonzero(
            np.abs(weight - self.group_weight) > _TOLERANCE * total
        ):
            where = "" if labels is None else f" of class {labels[group]!r}"
            raise DataMismatchError(
                f"The rows{where} have summed weight {weight[group]:.10g}, but weight "
                f"{self.group_weight[group]:.10g} remains in the model. Pass exactly "
                "the training data without what was unlearned, with its sample_weight."
            )
        X = as_float64(rows.X)
        difference = np.abs(transposed_times(X, rows.weight) - self.column_sum)
        difference[forgotten] = 0.0
        size = transposed_times(absolute(X), rows.weight)
        for column in np.flatnonzero(difference > _TOLERANCE * size + self.noise):
            raise DataMismatchError(
                f"Column {column} of X does not sum to what remains in the model. "
                "Pass exactly the training data without what was unlearned."
            )

    def _check_left(self, n_rows: int, group_weight: Array) -> None:
        slack = _TOLERANCE * self.group_weight.sum()
        if n_rows < 0 or np.any(group_weight < -slack):
            raise InsufficientWeightError(
                "More weight would leave than the model was trained on: rows are "
                "passed twice, with too large a sample_weight, or were never in."
            )
        emptied = (group_weight <= slack) & (self.group_weight > slack)
        if np.any(emptied):
            raise EmptyClassError(
                "The request would leave no rows"
                + (" of a class." if group_weight.size > 1 else "."),
                int(np.flatnonzero(emptied)[0]),
            )
