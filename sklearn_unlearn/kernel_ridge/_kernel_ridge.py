"""Kernel ridge regression that unlearns by the factor of its kernel matrix."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, ClassVar, Self

import numpy as np
from scipy.linalg import LinAlgError, cho_solve, cholesky
from sklearn.kernel_ridge import KernelRidge
from sklearn.metrics.pairwise import pairwise_kernels

from sklearn_unlearn.row_models import FactoredModel
from sklearn_unlearn.utils.learned import Learned


class UnlearnableKernelRidge(FactoredModel):
    """Kernel ridge regression that unlearns rows, values, targets and columns.

    The twin of :class:`~sklearn.kernel_ridge.KernelRidge`, and after any request that
    regressor, fitted to the rows that are left, to rounding. The first request factors
    the kernel matrix, which takes as long as a fit; the factor then loses and gets rows
    in O(n^2). Corrected values, columns that are forgotten, rows that leave in part,
    float32 and several values of ``alpha`` take a fit.

    Parameters
    ----------
    alpha : float or array-like of shape (n_targets,), default=1
    kernel : str or callable, default="linear"
        As in the twin; "precomputed" is refused.
    gamma : float, default=None
    degree : float, default=3
    coef0 : float, default=1
    kernel_params : dict, default=None

    Attributes
    ----------
    dual_coef_ : ndarray of shape (n_rows,) or (n_rows, n_targets)
        Of the rows that are left, in their order.
    X_fit_ : {ndarray, sparse matrix} of shape (n_rows, n_columns)
        These, in the columns that are not forgotten.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had names of columns at fit.

    See Also
    --------
    UnlearnableRidge : With a linear kernel, and without the rows.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.kernel_ridge import KernelRidge
    >>> from sklearn_unlearn import UnlearnableKernelRidge
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = UnlearnableKernelRidge(kernel="rbf", gamma=10.0).fit(X, y)
    >>> model = model.partial_unfit(X[:3], y[:3])
    >>> refit = KernelRidge(kernel="rbf", gamma=10.0).fit(X[3:], y[3:])
    >>> bool(abs(model.predict(X) - refit.predict(X)).max() < 1e-10)
    True
    """

    _twin_class = KernelRidge
    _refused: ClassVar[dict[str, dict[str, str]]] = {
        "kernel": {
            "precomputed": "rows that leave are columns of the kernel as well. Pass "
            "the kernel itself, which may be a function."
        }
    }

    dual_coef_ = Learned()
    X_fit_ = Learned()

    def __init__(
        self,
        alpha: Any = 1,
        *,
        kernel: Callable[..., Any] | str = "linear",
        gamma: float | None = None,
        degree: float = 3,
        coef0: float = 1,
        kernel_params: Any = None,
    ) -> None:
        self.alpha = alpha
        self.kernel = kernel
        self.gamma = gamma
        self.degree = degree
        self.coef0 = coef0
        self.kernel_params = kernel_params

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, row_ids: Any = None
    ) -> Self:
        """Solve for the rows, and keep them.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            A float array or CSR matrix is kept by reference: do not change it
            afterwards. All else is copied.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : array-like of shape (n_samples,) or float, optional
            Rows of weight zero are left out.
        row_ids : array-like of shape (n_samples,) or (n_samples, 2), optional
            Identifiers, integers or strings, by which requests can name rows; several
            rows may have the same.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a parameter or the data are invalid.
        """
        return self._fit(X, y, sample_weight, row_ids)

    # Hooks ----------------------------------------------------------------------------

    def _matrix(self, fitted, rows, others):
        twin = fitted.twin
        params: dict[str, Any] = {
            "gamma": twin.gamma,
            "degree": twin.degree,
            "coef0": twin.coef0,
        }
        if callable(twin.kernel):
            params = twin.kernel_params or {}
        kernel = pairwise_kernels(
            rows.X, others.X, metric=twin.kernel, filter_params=True, **params
        )
        return np.sqrt(rows.weight)[:, None] * kernel * np.sqrt(others.weight)

    def _shift(self, fitted):
        return float(np.atleast_1d(fitted.twin.alpha)[0])

    def _has_factor(self, fitted):
        alpha, X = np.atleast_1d(fitted.twin.alpha), fitted.model.rows().X
        one = np.all(alpha == alpha[0]) and alpha[0] > 0.0
        return bool(one) and X.dtype == np.float64

    def _factor_of(self, fitted):
        if fitted.factor is not None:
            return fitted.factor
        rows = fitted.model.rows()
        matrix = self._matrix(fitted, rows, rows)
        matrix.flat[:: rows.n_rows + 1] += self._shift(fitted)
        try:
            return cholesky(matrix, lower=True, overwrite_a=True)
        except LinAlgError:  # which the twin solves otherwise
            return None

    def _estimator(self, before, after):
        rows, twin = after.model.rows(), copy.copy(before.sklearn_estimator)
        root = np.sqrt(rows.weight)[:, None]
        dual = root * cho_solve((after.factor, True), root * rows.y)
        twin.dual_coef_ = dual[:, 0] if after.encoding.is_vector else dual
        twin.X_fit_ = rows.X
        return twin
