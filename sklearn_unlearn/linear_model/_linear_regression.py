"""Ordinary least squares that unlearns exactly."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from scipy.linalg import eigvalsh
from sklearn.base import MultiOutputMixin
from sklearn.linear_model import LinearRegression

from sklearn_unlearn.core.linear.normal_equations import least_squares, remainder
from sklearn_unlearn.exceptions import NotPositiveDefiniteError
from sklearn_unlearn.sufficient_statistics import Learned, StatisticalRegressor

#: Relative error of the gradient of a twin that ended where its solver does.
_FAR = 1e-6


class UnlearnableLinearRegression(MultiOutputMixin, StatisticalRegressor):
    """Ordinary least squares that unlearns rows, values, targets and columns.

    A twin of :class:`sklearn.linear_model.LinearRegression`. Requests are exact: sums
    are kept without rounding, so that a row that leaves leaves no trace. Where columns
    are dependent, as all indicators of a category beside an intercept, or rows are
    fewer, the coefficients are the shortest of the many solutions, as the twin's are.

    Parameters
    ----------
    fit_intercept : bool, default=True
        Whether to add an intercept.
    copy_X : bool, default=True
        X is never changed.
    tol : float, default=1e-6
        For the twin that `to_sklearn` returns, if its version has it: coefficients
        have no tolerance here, and no singular value is too small for its size alone.
    n_jobs : int, default=None
        For the twin that `to_sklearn` returns.
    positive : bool, default=False
        True is refused: coefficients with signs need more than one solve.
    retain_data : bool, default=False
        If True, a reference to the training data is kept: rows are checked to be in,
        can be named by ``row_ids``, and are summed again where a step of a pipeline
        changes all of them.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Zero for columns that are forgotten; all else is without them.
    intercept_ : float or ndarray of shape (n_targets,)
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had string column names.
    rank_ : int
        Number of independent columns; of a fit to sparse data too, where the twin has
        none.
    singular_ : ndarray of shape (n_columns,)
        Singular values of the (centred) columns, of sparse data too; zero beyond the
        rank, where the twin of fewer rows than columns has fewer.

    See Also
    --------
    UnlearnableRidge : With a penalty, which decides between dependent columns.

    Notes
    -----
    Coefficients solve the normal equations of the exactly centred columns, refined with
    exact residuals: they are accurate to rounding. Their condition number is the square
    of that of the columns, and what that costs is a sharp eye for dependence: a column
    counts as dependent where others explain it but for a share of about ``1e-15
    n_columns`` of its sum of squares, that is ``3e-8 sqrt(n_columns)`` of its length,
    whatever the units. The twin looks at singular values, which depend on units: up to
    scikit-learn 1.8 those below about ``1e-16 n_rows`` of the largest count as none,
    later those below `tol`. Between the two the twin may have other coefficients than
    these. Singular values are roots of eigenvalues, accurate to about 1e-8 of the
    largest.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_unlearn import UnlearnableLinearRegression
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = UnlearnableLinearRegression().fit(X, y).partial_unfit(X[:9], y[:9])
    >>> refit = UnlearnableLinearRegression().fit(X[9:], y[9:])
    >>> bool(np.array_equal(model.coef_, refit.coef_))
    True
    """

    _twin_class = LinearRegression

    intercept_ = Learned()
    rank_ = Learned()
    singular_ = Learned()

    def __init__(
        self,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        tol: float = 1e-6,
        n_jobs: int | None = None,
        positive: bool = False,
        retain_data: bool = False,
    ) -> None:
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.tol = tol
        self.n_jobs = n_jobs
        self.positive = positive
        self.retain_data = retain_data

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    @property
    def coef_(self) -> Any:
        """Coefficients, zero where forgotten."""
        return self._widen("coef_")

    # Hooks --------------------------------------------------------------------------

    _target_checks: ClassVar = {"multi_output": True, "y_numeric": True}

    def _check_parameters(self, params):
        # what is no bool the twin refuses
        if isinstance(params["positive"], (bool, np.bool_)) and params["positive"]:
            raise ValueError(
                "positive must be False: sums give no coefficients that are bound to "
                "be positive."
            )

    def _fill(self, estimator, statistics, params, before):
        sums, n_columns = statistics.classes, estimator.n_features_in_
        size = sums.weight.rounded()[0]
        products, share = sums.second, 1.0
        if estimator.fit_intercept:
            products, share = sums.weighted_scatter(), size
        products = products.reshaped(*products.shape[1:])
        try:
            coef, rank = least_squares(products, n_columns)
        except NotPositiveDefiniteError as error:
            raise NotPositiveDefiniteError(
                f"X with n_samples={size:g} (by weight) and n_features={n_columns} "
                f"does not determine the coefficients. {error}"
            ) from error
        values = eigvalsh(products.rounded()[:n_columns, :n_columns] / share)[::-1]
        values[rank:] = 0.0
        estimator.rank_ = rank
        estimator.singular_ = np.sqrt(np.maximum(values, 0.0))
        is_vector = estimator.coef_.ndim == 1  # as that of the example
        estimator.coef_ = (
            coef[:, 0].copy() if is_vector else np.ascontiguousarray(coef.T)
        )
        if estimator.fit_intercept:
            columns, rest = np.split(np.arange(products.shape[0]), [n_columns])
            first = sums.first
            missing = remainder(first.take(columns, 1), first.take(rest, 1), coef)
            intercept = missing[0] / size
            estimator.intercept_ = intercept[0] if is_vector else intercept

    def _difference(self, fitted):
        """By the gradient, which is small wherever the twin's solver may end."""
        estimator, sums = (
            self._fitted.sklearn_estimator,
            self._fitted.statistics.classes,
        )
        if np.shape(fitted.coef_) != np.shape(estimator.coef_):
            return "coef_"
        coef, ours = np.atleast_2d(fitted.coef_), np.atleast_2d(estimator.coef_)
        n_columns, precision = coef.shape[1], np.finfo(coef.dtype).eps
        far = max(_FAR, 100.0 * precision)
        size = sums.weight.rounded()[0]
        mean, products = sums.mean()[0], sums.second.rounded()[0]
        if estimator.fit_intercept:
            products = sums.scatter()[0]
        columns = products[:n_columns, :n_columns]
        length = np.sqrt(np.trace(columns))
        targets = np.sqrt(np.diagonal(products)[n_columns:])
        error = np.linalg.norm((coef - ours) @ columns, axis=1)
        reach = targets + length * np.linalg.norm(coef, axis=1)
        if np.any(error > far * length * reach):
            return "coef_"
        if estimator.fit_intercept:
            expected = mean[n_columns:] - coef @ mean[:n_columns]
            terms = np.abs(mean[n_columns:]) + np.abs(coef) @ np.abs(mean[:n_columns])
            slack = far * targets / np.sqrt(size) + 1e4 * precision * terms
            if np.any(np.abs(fitted.intercept_ - expected) > slack):
                return "intercept_"
        return None
