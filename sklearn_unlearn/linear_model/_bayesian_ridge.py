"""Bayesian ridge regression that unlearns exactly."""

from __future__ import annotations

from math import log, pi
from numbers import Real
from typing import Any

import numpy as np
from scipy import linalg
from sklearn.linear_model import BayesianRidge

from sklearn_unlearn.sufficient_statistics import Learned, StatisticalRegressor

_EPS = np.finfo(np.float64).eps


class UnlearnableBayesianRidge(StatisticalRegressor):
    """Bayesian ridge regression that unlearns rows, values, targets and columns.

    A twin of :class:`sklearn.linear_model.BayesianRidge`. Requests are exact: sums are
    kept without rounding, so that a row that leaves leaves no trace. The precisions of
    noise and coefficients are estimated anew after each request, from these sums.

    Parameters
    ----------
    max_iter : int, default=300
        Most updates of the precisions.
    tol : float, default=1e-3
        The updates end when the absolute changes of the coefficients sum to less.
    alpha_1, alpha_2 : float, default=1e-6
        Shape and rate of the Gamma prior of ``alpha_``.
    lambda_1, lambda_2 : float, default=1e-6
        Shape and rate of the Gamma prior of ``lambda_``.
    alpha_init : float, default=None
        Where ``alpha_`` starts; one over the variance of y by default.
    lambda_init : float, default=None
        Where ``lambda_`` starts; 1 by default.
    compute_score : bool, default=False
        Whether to compute the log marginal likelihood in each update.
    fit_intercept : bool, default=True
        Whether to add an intercept.
    copy_X : bool, default=True
        X is never changed.
    verbose : bool, default=False
        For the twin that `to_sklearn` returns.
    retain_data : bool, default=False
        If True, a reference to the training data is kept: rows are checked to be in,
        can be named by ``row_ids``, and are summed again where a step of a pipeline
        changes all of them.

    Attributes
    ----------
    alpha_ : float
        Precision of the noise.
    coef_ : ndarray of shape (n_features,)
        Zero for columns that are forgotten; all else is without them.
    intercept_ : float
    lambda_ : float
        Precision of the coefficients.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had string column names.
    n_iter_ : int
    scores_ : ndarray of shape (n_scores,)
        Log marginal likelihoods, if ``compute_score``.
    sigma_ : ndarray of shape (n_columns, n_columns)
        Covariance of the coefficients.
    X_offset_ : ndarray of shape (n_columns,)
        Means of the columns, or zeros without an intercept.
    X_scale_ : ndarray of shape (n_columns,)
        Ones.

    Notes
    -----
    The twin decomposes the rows, this model their matrix of products, whose eigenvalues
    are squares of singular values: singular values below about 1e-8 of the largest
    count as zero. The sum of squared residuals is a difference: where it is a share of
    1e-6 of that of the targets, ``alpha_`` agrees to ten digits only.

    Weights are what they are in the twin since scikit-learn 1.7: a row of weight two is
    two rows. Before, it counted as one in the precisions.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_unlearn import UnlearnableBayesianRidge
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = UnlearnableBayesianRidge().fit(X, y).partial_unfit(X[:9], y[:9])
    >>> refit = UnlearnableBayesianRidge().fit(X[9:], y[9:])
    >>> bool(np.array_equal(model.coef_, refit.coef_))
    True
    """

    _twin_class = BayesianRidge

    X_offset_ = Learned()
    X_scale_ = Learned()
    alpha_ = Learned()
    intercept_ = Learned()
    lambda_ = Learned()
    n_iter_ = Learned()
    scores_ = Learned()
    sigma_ = Learned()

    def __init__(
        self,
        *,
        max_iter: int = 300,
        tol: float = 1.0e-3,
        alpha_1: float = 1.0e-6,
        alpha_2: float = 1.0e-6,
        lambda_1: float = 1.0e-6,
        lambda_2: float = 1.0e-6,
        alpha_init: float | None = None,
        lambda_init: float | None = None,
        compute_score: bool = False,
        fit_intercept: bool = True,
        copy_X: bool = True,
        verbose: bool = False,
        retain_data: bool = False,
    ) -> None:
        self.max_iter = max_iter
        self.tol = tol
        self.alpha_1 = alpha_1
        self.alpha_2 = alpha_2
        self.lambda_1 = lambda_1
        self.lambda_2 = lambda_2
        self.alpha_init = alpha_init
        self.lambda_init = lambda_init
        self.compute_score = compute_score
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.verbose = verbose
        self.retain_data = retain_data

    @property
    def coef_(self) -> Any:
        """Coefficients, zero where forgotten."""
        return self._widen("coef_")

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """Predicted targets.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        return_std : bool, default=False
            Whether to return standard deviations of the predictions too.

        Returns
        -------
        mean : ndarray of shape (n_samples,)
        deviation : ndarray of shape (n_samples,)
            If ``return_std``.
        """
        return self._asked("predict", X, return_std=return_std)

    # Hooks --------------------------------------------------------------------------

    def _check_parameters(self, params):
        starts = params["alpha_init"], params["lambda_init"]
        nothing = [
            name
            for name, start in zip(("alpha_init", "lambda_init"), starts, strict=True)
            if isinstance(start, Real) and start == 0.0
        ]
        if len(nothing) > 1 or (nothing and params["compute_score"]):
            instead = "another start" if len(nothing) > 1 else "compute_score=False"
            raise ValueError(
                f"{nothing[0]}=0 gives no model here, as in the twin, which divides by "
                f"zero: pass {instead}."
            )

    def _fill(self, estimator, statistics, params, before):
        # BayesianRidge.fit
        sums, n_columns = statistics.classes, estimator.n_features_in_
        size = float(sums.weight.rounded()[0])
        mean = np.zeros(n_columns + 1)
        products = sums.second.rounded()[0]
        spread = sums.scatter()[0]
        variance = max(spread[-1, -1], 0.0) / size
        if estimator.fit_intercept:
            mean, products = sums.mean()[0], spread
        estimator.X_offset_, estimator.X_scale_ = mean[:-1].copy(), np.ones(n_columns)
        posterior = _Posterior(products, size)
        alpha, lambda_ = estimator.alpha_init, estimator.lambda_init
        alpha = 1.0 / (variance + _EPS) if alpha is None else float(alpha)
        lambda_ = 1.0 if lambda_ is None else float(lambda_)
        scores, previous = [], None
        for n_iter in range(1, estimator.max_iter + 1):
            estimator.n_iter_ = n_iter
            coef = posterior.mean(alpha, lambda_)
            error = posterior.squared_error(coef)
            if estimator.compute_score:
                scores.append(posterior.score(estimator, alpha, lambda_, coef, error))
            gamma = posterior.effective(alpha, lambda_)
            norm = np.sum(coef**2)
            lambda_ = (gamma + 2.0 * estimator.lambda_1) / (
                norm + 2.0 * estimator.lambda_2
            )
            alpha = (size - gamma + 2.0 * estimator.alpha_1) / (
                error + 2.0 * estimator.alpha_2
            )
            now = posterior.vectors @ coef
            if previous is not None and np.sum(np.abs(now - previous)) < estimator.tol:
                break
            previous = now
        estimator.alpha_, estimator.lambda_ = alpha, lambda_
        last = posterior.mean(alpha, lambda_)
        if estimator.compute_score:  # the twin's last has new errors, old coefficients
            error = posterior.squared_error(last)
            scores.append(posterior.score(estimator, alpha, lambda_, coef, error))
        estimator.scores_ = np.array(scores) if estimator.compute_score else scores
        estimator.coef_ = posterior.vectors @ last
        estimator.sigma_ = posterior.covariance(alpha, lambda_)
        estimator.intercept_ = (
            mean[-1] - mean[:-1] @ estimator.coef_ if estimator.fit_intercept else 0.0
        )


class _Posterior:
    """The coefficients, along the principal axes of the columns.

    Parameters
    ----------
    products : ndarray of shape (n_columns + 1, n_columns + 1)
        Summed products of the columns and, last, the target.
    size : float
        Summed weight of the rows.
    """

    def __init__(self, products, size):
        self.size = size
        values, self.vectors = linalg.eigh(products[:-1, :-1])
        least = values.size * _EPS * values.max(initial=0.0)
        self.values = np.where(values > least, values, 0.0)
        # along axes that no row has, the target has nothing either
        self.target = np.where(values > least, self.vectors.T @ products[:-1, -1], 0.0)
        known = self.values > 0.0
        self.least_squares = np.zeros_like(values)
        self.least_squares[known] = self.target[known] / self.values[known]
        explained = self.target @ self.least_squares
        self.residual = max(products[-1, -1] - explained, 0.0)

    def mean(self, alpha, lambda_):
        """Mean of the coefficients."""
        ratio = lambda_ / alpha if alpha > 0.0 else np.inf
        return self.target / (self.values + ratio)

    def covariance(self, alpha, lambda_):
        """Covariance of the coefficients, in the columns."""
        return (self.vectors / (alpha * self.values + lambda_)) @ self.vectors.T

    def effective(self, alpha, lambda_):
        """How many coefficients the data determine."""
        precision = alpha * self.values
        precision = precision[precision > 0.0]
        return np.sum(precision / (lambda_ + precision))

    def squared_error(self, coef):
        """Summed squares of the residuals."""
        return self.residual + self.values @ (coef - self.least_squares) ** 2

    def score(self, estimator, alpha, lambda_, coef, error):
        """Log marginal likelihood (``BayesianRidge._log_marginal_likelihood``)."""
        prior = estimator.lambda_1 * log(lambda_) - estimator.lambda_2 * lambda_
        prior += estimator.alpha_1 * log(alpha) - estimator.alpha_2 * alpha
        return prior + 0.5 * (
            coef.size * log(lambda_)
            + self.size * (log(alpha) - log(2.0 * pi))
            - alpha * error
            - lambda_ * np.sum(coef**2)
            - np.sum(np.log(lambda_ + alpha * self.values))
        )
