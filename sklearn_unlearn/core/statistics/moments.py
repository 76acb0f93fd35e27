"""Weight, sum and second moments of each column, of the values that are not missing.

`Statistics` of one group, in which a missing value is a zero, and the weight of what is
missing in each column.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp

from sklearn_unlearn.core.arrays import Array, Data, Indices, Mask, is_sparse
from sklearn_unlearn.core.statistics.block_sums import Second
from sklearn_unlearn.core.statistics.class_sums import Statistics
from sklearn_unlearn.core.statistics.exact_summation import Exact
from sklearn_unlearn.exceptions import InsufficientWeightError, RowNotFoundError

#: Share of a weight that rounding, in the hands of the caller, may explain.
_TOLERANCE = 1e-9
#: Share of a weight that is none.
_DUST = 1e-11


@dataclass(frozen=True, eq=False)
class Moments:
    """Sums over rows in which NaN is a missing value.

    Attributes
    ----------
    rows : Statistics
        Of one group, a missing value counted as zero.
    missing : Exact of shape (1, n_columns)
        Weight of the rows in which a column is missing.
    """

    rows: Statistics
    missing: Exact

    @staticmethod
    def of(X: Data, weight: Array, second: Second) -> Moments:
        """Sums over rows.

        Parameters
        ----------
        X : Data of shape (n_rows, n_columns)
        weight : ndarray of shape (n_rows,)
        second : {"none", "columns", "pairs"}
            Pairs of dense rows only.
        """
        group = np.zeros(X.shape[0], dtype=np.intp)
        nan = np.isnan(X.data if is_sparse(X) else X)
        missing = Exact.zeros((1, X.shape[1]))
        if nan.any():
            where = nan.astype(np.float64)
            if is_sparse(X):
                parts = (X.indices, X.indptr)
                where = sp.csr_array((where, *parts), shape=X.shape)
                X = sp.csr_array((np.nan_to_num(X.data), *parts), shape=X.shape)
            else:
                X = np.where(nan, np.zeros((), X.dtype), X)
            missing = Statistics.of(where, group, weight, 1, "none").first
        return Moments(Statistics.of(X, group, weight, 1, second), missing)

    @property
    def empty(self) -> bool:
        """Whether these are the sums of no rows."""
        return not self.rows.weight.digits.any()

    def observed(self) -> Array:
        """Weight of the rows in which each column has a value."""
        observed: Array = self._observed.rounded()[0]
        return observed

    def mean(self) -> Array:
        """Mean of each column, NaN where all is missing."""
        with np.errstate(invalid="ignore"):
            mean: Array = self.rows.first.rounded()[0] / self.observed()
        return mean

    def variance(self) -> Array:
        """Variance of each column, NaN where all is missing."""
        with np.errstate(invalid="ignore"):
            variance: Array = self._spread / self.observed() ** 2
        return variance

    def columns(self, columns: Indices) -> Moments:
        """Some columns alone."""
        return Moments(self.rows.columns(columns), self.missing.take(columns, 1))

    def plus(self, other: Moments) -> Moments:
        """These sums with others added."""
        return Moments(self.rows.plus(other.rows), self.missing.plus(other.missing))

    def minus(self, other: Moments) -> Moments:
        """These sums with others taken away, which may leave none.

        Raises
        ------
        InsufficientWeightError
            If more weight would leave than there is.
        RowNotFoundError
            If no rows have the sums that would be left.
        """
        rows = self.rows.plus(other.rows, -1)
        after = Moments(rows, self.missing.plus(other.missing, -1))
        before, total = self.observed(), self.rows.weight.rounded()
        left = rows.weight.rounded()
        if left[0] < -_TOLERANCE * total[0]:
            raise InsufficientWeightError(
                "More weight would leave than the transformer was fitted on: rows are "
                "passed twice, with too large a sample_weight, or were never in."
            )
        gone = left[0] <= _DUST * total[0]
        if not gone and not after._possible(_TOLERANCE * total):
            raise RowNotFoundError(
                "X of the rows is not what the transformer was fitted on: a column "
                "would be left with a negative weight or variance."
            )
        cleared = gone | (after.observed() <= _DUST * np.maximum(before, 0.0))
        exact = ~after._observed.digits.any(axis=(0, 1))
        if np.any(exact & rows.first.digits.any(axis=(0, 1))):
            raise RowNotFoundError(
                "X of the rows is not what the transformer was fitted on: no rows "
                "would be left of a column, but a sum."
            )
        return after._without(cleared, gone) if cleared.any() else after

    def _possible(self, slack: Array) -> bool:
        """Whether rows may have these sums."""
        weight, missing = self.observed(), self.missing.rounded()[0]
        if np.any(weight < -slack) or np.any(missing < -slack):
            return False
        if self.rows.second is None:
            return True
        room = _TOLERANCE * self.rows.squares().rounded()[0] * np.maximum(weight, slack)
        return bool(np.all(self._spread >= -room))

    def _without(self, columns: Mask, everything: bool) -> Moments:
        """Without the rounding of weights that is left of columns, or of all rows."""
        keep = (~columns).astype(np.int64)

        def kept(sums: Exact, mask: Indices) -> Exact:
            return Exact(sums.digits * mask, sums.low).canonical()

        rows, second = self.rows, self.rows.second
        weight = kept(rows.weight, np.array([not everything], dtype=np.int64))
        if second is not None:
            mask = keep if second.shape == rows.first.shape else np.outer(keep, keep)
            second = kept(second, mask)
        missing = kept(self.missing, keep)
        missing = missing.plus(kept(_widened(weight, self.missing.shape), 1 - keep))
        return Moments(Statistics(weight, kept(rows.first, keep), second), missing)

    def __getstate__(self) -> dict[str, Any]:
        """The sums, without what was computed from them."""
        return {"rows": self.rows, "missing": self.missing}

    @cached_property
    def _observed(self) -> Exact:
        return _widened(self.rows.weight, self.missing.shape).plus(self.missing, -1)

    @cached_property
    def _spread(self) -> Array:
        """Variance of each column times its squared weight."""
        first, weight = self.rows.first, self._observed
        squares = weight.times(self.rows.squares())
        spread: Array = squares.plus(first.times(first), -1).rounded()[0]
        return spread


def _widened(weight: Exact, shape: tuple[int, ...]) -> Exact:
    """The same weight for each column."""
    digits = np.broadcast_to(weight.digits[:, :, None], (len(weight.digits), *shape))
    return Exact(digits, weight.low)
