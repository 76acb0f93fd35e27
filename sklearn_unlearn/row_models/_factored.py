"""Models that solve with a factor of a matrix over all rows, which follows requests."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from sklearn_unlearn.core.cholesky_edits import with_rows, without_rows
from sklearn_unlearn.core.linear.edits import Identity
from sklearn_unlearn.core.rows import count_pass
from sklearn_unlearn.row_models._row_set_kinds import RowSetRegressor
from sklearn_unlearn.row_models._row_sets import RowSet


@dataclass(frozen=True, eq=False)
class FactoredSet(RowSet):
    """All that was learned.

    Attributes
    ----------
    factor : ndarray of shape (n_rows, n_rows) or None
        Lower triangular, of the matrix over the rows in their order; None before the
        first request that needs it.
    """

    factor: Any = None

    def __getstate__(self):
        """Without the factor, which is large; what it has given stays."""
        return {**vars(self), "factor": None}


class FactoredModel(RowSetRegressor):
    """A model whose matrix over the rows is factored, and loses and gets rows.

    Rows that leave or come as a whole, and other targets, take O(n^2); all else is
    computed anew. A subclass gives `_matrix`, `_factor_of` and `_estimator`.
    """

    _fitted_class: ClassVar[type[RowSet]] = FactoredSet

    def _matrix(self, fitted: Any, rows: Any, others: Any) -> Any:
        """Entries of the matrix between rows, without what is on its diagonal."""
        raise NotImplementedError

    def _shift(self, fitted: Any) -> float:
        """What is on the diagonal besides."""
        raise NotImplementedError

    def _has_factor(self, fitted: Any) -> bool:
        """Whether the model solves by a factor that requests can follow."""
        raise NotImplementedError

    def _factor_of(self, fitted: Any) -> Any:
        """The factor for the rows, of a model that has one; None if it cannot be."""
        raise NotImplementedError

    def _estimator(self, before: Any, after: Any) -> Any:
        """scikit-learn's estimator by the factor that ``after`` has."""
        raise NotImplementedError

    def _way(self):
        if self._has_factor(self._checked()):
            return "exact, by a factor", "rows, factor of a kernel", "n^2 of n rows"
        return "exact, fitted again", "rows", "a fit"

    def _is_function_of_rows(self):
        return not self._has_factor(self._checked())  # which rounds on its way

    def _settled(self, before, after, request):
        factor = None
        same = isinstance(request.edit.feature_map, Identity)
        if same and request.retained is None and self._has_factor(before):
            factor = self._edited_factor(before, after, request.edit)
        if factor is None:
            return self._begun(replace(after, factor=None))
        after = replace(after, factor=factor)
        return replace(after, made={"estimator": self._estimator(before, after)})

    def _edited_factor(self, before, after, edit):
        """The factor after a request; None where it has to be computed anew."""
        old, new = before.model.order, after.model.order
        kept = old[np.isin(old, new)]
        weights = (each.model.retained.weights(kept) for each in (before, after))
        if not np.array_equal(*weights):
            return None
        if edit.rows_in is not None and edit.rows_out is not None:
            return self._relabelled_factor(before, after, edit)
        if not np.array_equal(new[: kept.size], kept):
            return None
        factor = self._factor_of(before)
        if factor is None:
            return None
        count_pass()
        if kept.size < old.size:
            return without_rows(factor, np.flatnonzero(~np.isin(old, new)))
        rows = after.model.rows()
        first, last = (
            rows.take(np.arange(*ends))
            for ends in ((0, kept.size), (kept.size, new.size))
        )
        own = self._matrix(before, last, last)
        own = own + self._shift(before) * np.eye(own.shape[0])
        return with_rows(factor, self._matrix(before, first, last), own)

    def _relabelled_factor(self, before, after, edit):
        """The factor, which does not know targets, if these alone are others."""
        old, new = before.model.rows(), after.model.rows()
        if not edit.same_features or not np.array_equal(old.weight, new.weight):
            return None
        return self._factor_of(before)
