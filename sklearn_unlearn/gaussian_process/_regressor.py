"""Gaussian process regression that unlearns by the factor of its covariances."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, ClassVar, Self

import numpy as np
from scipy.linalg import cho_solve
from sklearn.gaussian_process import GaussianProcessRegressor

from sklearn_unlearn.row_models import FactoredModel
from sklearn_unlearn.utils.learned import Learned


class UnlearnableGaussianProcessRegressor(FactoredModel):
    """Gaussian process regression that unlearns rows, values, targets and columns.

    The twin of :class:`~sklearn.gaussian_process.GaussianProcessRegressor`, and after
    any request that regressor, fitted to the rows that are left, to rounding. With
    ``optimizer=None`` and ``normalize_y=False`` the factor of the covariances loses and
    gets rows in O(n^2). With an optimizer each request chooses the kernel anew, from
    all rows that are left, and with ``normalize_y`` the mean of the targets moves with
    each row: there, and for corrected values and forgotten columns, it takes a fit.

    Parameters
    ----------
    kernel : kernel instance, default=None
    alpha : float, default=1e-10
        One number: of one for each row a request could not tell whose it is.
    optimizer : "fmin_l_bfgs_b", callable or None, default="fmin_l_bfgs_b"
    n_restarts_optimizer : int, default=0
    normalize_y : bool, default=False
    copy_X_train : bool, default=True
    n_targets : int, default=None
    random_state : int, RandomState instance or None, default=None
        Of restarts of the optimizer.

    Attributes
    ----------
    X_train_ : ndarray of shape (n_rows, n_columns)
        The rows that are left, in the columns that are not forgotten.
    y_train_ : ndarray of shape (n_rows,) or (n_rows, n_targets)
    kernel_ : kernel instance
    L_ : ndarray of shape (n_rows, n_rows)
    alpha_ : ndarray of shape (n_rows,) or (n_rows, n_targets)
    log_marginal_likelihood_value_ : float
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had names of columns at fit.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.gaussian_process import GaussianProcessRegressor
    >>> from sklearn.gaussian_process.kernels import RBF
    >>> from sklearn_unlearn import UnlearnableGaussianProcessRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> given = {"kernel": RBF(0.1), "alpha": 1.0, "optimizer": None}
    >>> model = UnlearnableGaussianProcessRegressor(**given).fit(X, y)
    >>> model = model.partial_unfit(X[:3], y[:3])
    >>> refit = GaussianProcessRegressor(**given).fit(X[3:], y[3:])
    >>> bool(abs(model.predict(X) - refit.predict(X)).max() < 1e-10)
    True
    """

    _accepts: ClassVar[frozenset[str]] = frozenset(
        {"out", "into", "columns", "y", "row_ids"}
    )
    _twin_class = GaussianProcessRegressor
    _takes_sparse = False

    L_ = Learned()
    X_train_ = Learned()
    alpha_ = Learned()
    kernel_ = Learned()
    log_marginal_likelihood_value_ = Learned()
    y_train_ = Learned()

    def __init__(
        self,
        kernel: Any = None,
        *,
        alpha: float = 1e-10,
        optimizer: Callable[..., Any] | str | None = "fmin_l_bfgs_b",
        n_restarts_optimizer: int = 0,
        normalize_y: bool = False,
        copy_X_train: bool = True,
        n_targets: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.kernel = kernel
        self.alpha = alpha
        self.optimizer = optimizer
        self.n_restarts_optimizer = n_restarts_optimizer
        self.normalize_y = normalize_y
        self.copy_X_train = copy_X_train
        self.n_targets = n_targets
        self.random_state = random_state

    def fit(self, X: Any, y: Any, *, row_ids: Any = None) -> Self:
        """Factor the covariances of the rows, and keep these.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            A float array is kept by reference: do not change it afterwards.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
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
        if np.ndim(self.alpha):
            raise ValueError(
                "alpha must be one number: whose each of several is cannot be told "
                "once rows leave and come."
            )
        return self._fit(X, y, row_ids=row_ids)

    def predict(
        self, X: Any, return_std: bool = False, return_cov: bool = False
    ) -> Any:
        """The mean of the predictive distribution, and how far it is known.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        return_std, return_cov : bool, default=False
            At most one of the two.

        Returns
        -------
        mean : ndarray of shape (n_samples,) or (n_samples, n_targets)
        std : ndarray of shape (n_samples,) or (n_samples, n_targets)
            If asked for.
        cov : ndarray of shape (n_samples, n_samples) or \
                (n_samples, n_samples, n_targets)
            If asked for.
        """
        wanted = {"return_std": return_std, "return_cov": return_cov}
        return self._asked("predict", X, **wanted)

    def sample_y(self, X: Any, n_samples: int = 1, random_state: Any = 0) -> Any:
        """Functions drawn from the process, at these rows.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features)
        n_samples : int, default=1
        random_state : int, RandomState instance or None, default=0

        Returns
        -------
        ndarray of shape (n_queries, n_samples) or (n_queries, n_targets, n_samples)
        """
        drawn = {"n_samples": n_samples, "random_state": random_state}
        return self._asked("sample_y", X, **drawn)

    def log_marginal_likelihood(
        self, theta: Any = None, eval_gradient: bool = False, clone_kernel: bool = True
    ) -> Any:
        """Of the rows that are left, as the twin gives it.

        Parameters
        ----------
        theta : array-like of shape (n_kernel_params,), default=None
        eval_gradient, clone_kernel : bool
            As in the twin.

        Returns
        -------
        float, or a float and its gradient
        """
        twin = self._checked().sklearn_estimator
        return twin.log_marginal_likelihood(theta, eval_gradient, clone_kernel)

    # Hooks ----------------------------------------------------------------------------

    def _matrix(self, fitted, rows, others):
        kernel = fitted.sklearn_estimator.kernel_
        # the same rows have noise of their own as well
        return kernel(rows.X, None if rows is others else others.X)

    def _shift(self, fitted):
        return float(fitted.twin.alpha)

    def _has_factor(self, fitted):
        return fitted.twin.optimizer is None and not fitted.twin.normalize_y

    def _factor_of(self, fitted):
        return fitted.sklearn_estimator.L_

    def _estimator(self, before, after):
        rows, twin = after.model.rows(), copy.copy(before.sklearn_estimator)
        solved = cho_solve((after.factor, True), rows.y)
        of_output = -0.5 * np.sum(rows.y * solved, axis=0)
        of_output -= np.log(np.diagonal(after.factor)).sum()
        of_output -= 0.5 * rows.n_rows * np.log(2.0 * np.pi)
        twin.log_marginal_likelihood_value_ = of_output.sum()
        twin.X_train_, twin.y_train_ = rows.X, after.targets(rows.y)
        twin.L_ = after.factor
        twin.alpha_ = solved[:, 0] if after.encoding.is_vector else solved
        return twin
