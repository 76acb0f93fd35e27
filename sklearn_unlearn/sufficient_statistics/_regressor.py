"""`StatisticalRegressor`: a function of sums of columns, targets and their products."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
import scipy.sparse as sp
from sklearn.base import RegressorMixin

from sklearn_unlearn.core.arrays import is_sparse
from sklearn_unlearn.exceptions import ProblemTooLargeError
from sklearn_unlearn.sufficient_statistics._model import StatisticalModel
from sklearn_unlearn.utils.targets import as_vector
from sklearn_unlearn.utils.validation import check_numeric_targets

#: Most columns: exact sums of their products take some 72 bytes each.
_MOST_COLUMNS = 2**13


class StatisticalRegressor(RegressorMixin, StatisticalModel):
    """A regressor that is a function of sums over all rows.

    The targets are the last columns of what is summed, and all rows are of one class.
    Its label is zero, or a row of zeros if there are several targets.
    """

    _second = "pairs"

    def fit(
        self, X: Any, y: Any = None, sample_weight: Any = None, *, row_ids: Any = None
    ) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or DataBlocks
            Sparse where the twin takes it. Blocks have y and weights in them.
        y : array-like of shape (n_samples,)
            Targets; of shape (n_samples, n_targets) where the model takes several.
        sample_weight : array-like of shape (n_samples,) or float, optional
            A row of weight two is two rows, and of weight zero none.
        row_ids : array-like of shape (n_samples,) or (n_samples, 2), optional
            With ``retain_data=True``, identifiers by which requests can name rows.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a parameter or the data are invalid.
        """
        return self._fit(X, y, sample_weight, row_ids=row_ids)

    # Hooks --------------------------------------------------------------------------

    _target_checks: ClassVar = {"y_numeric": True}

    def _check_size(self, n_classes, n_columns):
        if n_columns > _MOST_COLUMNS + 1:
            raise ProblemTooLargeError(
                f"{n_columns} columns and targets have too many products, of which "
                f"exact sums are kept; at most {_MOST_COLUMNS + 1} are possible. Take "
                "fewer columns, or UnlearnableRidge with a small alpha."
            )

    def _labels(self, y, classes):
        return np.zeros((1, *y.shape[1:]))

    def _targets(self, y, labels):
        y = check_numeric_targets(y)
        if labels.ndim == 1:
            return as_vector(y)
        if y.shape[1:] != labels.shape[1:]:
            raise ValueError(
                f"y has shape {y.shape}, expected {labels.shape[1]} targets a row."
            )
        return y

    def _positions(self, targets):
        return np.zeros(targets.shape[0], dtype=np.intp)

    def _from_columns(self, fitted, y):
        return y[:, 0] if fitted.labels.ndim == 1 else y

    def _n_targets(self, labels):
        return labels.size

    def _join(self, X, targets):
        if is_sparse(X):
            targets = sp.csr_array(targets.reshape(X.shape[0], -1))
            return sp.hstack([X, targets], format="csr")
        return np.column_stack([X, targets])

    def _example(self, classes, n_columns, params):
        return np.array([[0.0], [1.0]]), np.concatenate([classes, classes + 1.0])
