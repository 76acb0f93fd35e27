"""Generalised linear models of positive targets: Poisson, gamma and Tweedie."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from sklearn.linear_model import GammaRegressor, PoissonRegressor, TweedieRegressor
from sklearn.metrics import d2_tweedie_score
from sklearn.utils import check_scalar

from sklearn_unlearn.core.losses.smooth import (
    HalfGamma,
    HalfPoisson,
    HalfSquaredError,
    HalfTweedie,
)
from sklearn_unlearn.linear_model._regressor import LinearRegressor
from sklearn_unlearn.utils.twin_parameters import drop_in


class _TweedieFamily(LinearRegressor):
    """A regression whose loss is half a Tweedie deviance, averaged over the rows.

    A subclass gives the constructor and `_loss`, and `_twin_class`.
    """

    _averages = True

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """D^2, the share of the deviance that the model explains.

        One minus the deviance over that of the mean of ``y``: for power 0 it is R^2.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        float
            At most 1.
        """
        prediction = self.predict(X)
        power = getattr(self._fitted.model.state.objective.loss, "power", 0)
        return d2_tweedie_score(y, prediction, sample_weight=sample_weight, power=power)

    # Hooks --------------------------------------------------------------------------

    def _check_parameters(self):
        super()._check_parameters()
        check_scalar(self.alpha, "alpha", Real, min_val=0.0)
        if not np.isfinite(self.alpha):
            raise ValueError(f"alpha must be finite; got {self.alpha!r}.")
        self._loss(None)

    def _strength(self, n_outputs):
        return float(self.alpha)

    def _twin(self, fitted):
        # The twin's link is private: a fit on two equal rows makes it.
        twin = self._twin_class()
        params = twin.get_params().keys() & {"power", "link"}
        twin.set_params(**{name: fitted.params[name] for name in params})
        twin.fit(np.zeros((2, 1)), np.ones(2))
        twin.n_iter_ = self.n_iter_
        return twin


@drop_in
class UnlearnablePoissonRegressor(_TweedieFamily):
    """Poisson regression that unlearns rows, values, targets and columns.

    A twin of :class:`sklearn.linear_model.PoissonRegressor`, for counts: half the
    Poisson deviance with log link. The twin averages its losses, so each row that
    leaves takes its share of the penalty with it; the factor that a request is solved
    with takes that into account.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty ``alpha/2 ||coef||^2``, which is added to the MEAN of
        the losses, weighted by ``sample_weight``.
    fit_intercept : bool, default=True
        Whether to add an unpenalised intercept.
    tol : float, default=1e-8
        2-norm of the gradient of the SUMMED objective at which ``fit`` and refinement
        stop, in units of the mean weight times the root mean square of the targets.
        (The twin's tol bounds the maximum norm of a mean gradient.)
    max_iter : int, default=100
        Newton and chord steps in ``fit`` and in a refinement.
    method : {"second_order", "first_order"}, default="second_order"
        How requests are answered. First order is a single gradient step.
    unlearning_rate : float or "auto", default="auto"
        Step length of the first order; "auto" is one over the largest eigenvalue of
        the Hessian.
    curvature : {"auto", "cholesky", "iterative"}, default="auto"
        What is kept of the Hessian: its factor, or what speeds up conjugate gradients
        over data with many columns, whose requests need ``retain_data=True``. See
        :ref:`wide_data` for the rule of "auto".
    retain_data : bool, default=False
        If True, a reference to the training data is kept: rows are checked to be in,
        and every request ends refined to ``tol``, that is exact.
    certification : GaussianCertification, default=None
        If given, the coefficients are a secret: ``coef_``, predictions and
        ``to_sklearn`` show them with noise, and ``release`` certifies them.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
    intercept_ : float
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had string column names.
    n_iter_ : int

    References
    ----------
    Warnecke, Pirch, Wressnegger, Rieck: Machine Unlearning of Features and Labels,
    NDSS 2023, arXiv 2108.11577.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_unlearn import UnlearnablePoissonRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(500, 3))
    >>> y = rng.poisson(np.exp(0.5 * X[:, 0]))
    >>> model = UnlearnablePoissonRegressor(alpha=0.1).fit(X, y)
    >>> before = model.gradient_residual(X[2:], y[2:])
    >>> model = model.partial_unfit(X[:2], y[:2])
    >>> bool(model.gradient_residual(X[2:], y[2:]) < 0.01 * before)
    True
    """

    _twin_class = PoissonRegressor

    def __init__(
        self,
        *,
        alpha: float = 1.0,
        fit_intercept: bool = True,
        tol: float = 1e-8,
        max_iter: int = 100,
        method: str = "second_order",
        unlearning_rate: float | str = "auto",
        curvature: str = "auto",
        retain_data: bool = False,
        certification: Any = None,
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.tol = tol
        self.max_iter = max_iter
        self.method = method
        self.unlearning_rate = unlearning_rate
        self.curvature = curvature
        self.retain_data = retain_data
        self.certification = certification

    def _loss(self, encoding):
        return HalfPoisson()


@drop_in
class UnlearnableGammaRegressor(_TweedieFamily):
    """Gamma regression that unlearns rows, values, targets and columns.

    A twin of :class:`sklearn.linear_model.GammaRegressor`, for positive targets: half
    the gamma deviance with log link. The twin averages its losses, so each row that
    leaves takes its share of the penalty with it.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty ``alpha/2 ||coef||^2``, which is added to the MEAN of
        the losses, weighted by ``sample_weight``.
    fit_intercept : bool, default=True
        Whether to add an unpenalised intercept.
    tol : float, default=1e-8
        2-norm of the gradient of the SUMMED objective at which ``fit`` and refinement
        stop, in units of the mean weight. (The twin's tol bounds the maximum norm of a
        mean gradient.)
    max_iter : int, default=100
        Newton and chord steps in ``fit`` and in a refinement.
    method : {"second_order", "first_order"}, default="second_order"
        How requests are answered. First order is a single gradient step.
    unlearning_rate : float or "auto", default="auto"
        Step length of the first order; "auto" is one over the largest eigenvalue of
        the Hessian.
    curvature : {"auto", "cholesky", "iterative"}, default="auto"
        What is kept of the Hessian: its factor, or what speeds up conjugate gradients
        over data with many columns, whose requests need ``retain_data=True``. See
        :ref:`wide_data` for the rule of "auto".
    retain_data : bool, default=False
        If True, a reference to the training data is kept: rows are checked to be in,
        and every request ends refined to ``tol``, that is exact.
    certification : GaussianCertification, default=None
        If given, the coefficients are a secret: ``coef_``, predictions and
        ``to_sklearn`` show them with noise, and ``release`` certifies them.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
    intercept_ : float
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had string column names.
    n_iter_ : int

    References
    ----------
    Warnecke, Pirch, Wressnegger, Rieck: Machine Unlearning of Features and Labels,
    NDSS 2023, arXiv 2108.11577.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_unlearn import UnlearnableGammaRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(500, 3))
    >>> y = rng.gamma(2.0, np.exp(0.5 * X[:, 0]))
    >>> model = UnlearnableGammaRegressor(alpha=0.1).fit(X, y)
    >>> before = model.gradient_residual(X[2:], y[2:])
    >>> model = model.partial_unfit(X[:2], y[:2])
    >>> bool(model.gradient_residual(X[2:], y[2:]) < 0.01 * before)
    True
    """

    _twin_class = GammaRegressor

    def __init__(
        self,
        *,
        alpha: float = 1.0,
        fit_intercept: bool = True,
        tol: float = 1e-8,
        max_iter: int = 100,
        method: str = "second_order",
        unlearning_rate: float | str = "auto",
        curvature: str = "auto",
        retain_data: bool = False,
        certification: Any = None,
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.tol = tol
        self.max_iter = max_iter
        self.method = method
        self.unlearning_rate = unlearning_rate
        self.curvature = curvature
        self.retain_data = retain_data
        self.certification = certification

    def _loss(self, encoding):
        return HalfGamma()


@drop_in
class UnlearnableTweedieRegressor(_TweedieFamily):
    """Tweedie regression that unlearns rows, values, targets and columns.

    A twin of :class:`sklearn.linear_model.TweedieRegressor` where its objective is
    convex: power 0 with identity link (squared error, whose requests are exact), and
    powers from 1 (Poisson) to 2 (gamma) with log link. Others are refused, because
    their Hessian need not be positive definite. The twin averages its losses, so each
    row that leaves takes its share of the penalty with it.

    Parameters
    ----------
    power : float, default=0.0
        Variances are proportional to this power of the mean. 0 is the normal
        distribution, 1 Poisson, between 1 and 2 compound Poisson, 2 gamma.
    alpha : float, default=1.0
        Strength of the penalty ``alpha/2 ||coef||^2``, which is added to the MEAN of
        the losses, weighted by ``sample_weight``.
    fit_intercept : bool, default=True
        Whether to add an unpenalised intercept.
    link : {"auto", "identity", "log"}, default="auto"
        Of the mean with the raw prediction; "auto" is the identity for power 0 and
        the logarithm for others.
    tol : float, default=1e-8
        2-norm of the gradient of the SUMMED objective at which ``fit`` and refinement
        stop, in units of the mean weight times the root mean square of the targets to
        the power of ``2 - power``. (The twin's tol bounds the maximum norm of a mean
        gradient.)
    max_iter : int, default=100
        Newton and chord steps in ``fit`` and in a refinement.
    method : {"second_order", "first_order"}, default="second_order"
        How requests are answered. First order is a single gradient step.
    unlearning_rate : float or "auto", default="auto"
        Step length of the first order; "auto" is one over the largest eigenvalue of
        the Hessian.
    curvature : {"auto", "cholesky", "iterative"}, default="auto"
        What is kept of the Hessian: its factor, or what speeds up conjugate gradients
        over data with many columns, whose requests need ``retain_data=True``. See
        :ref:`wide_data` for the rule of "auto".
    retain_data : bool, default=False
        If True, a reference to the training data is kept: rows are checked to be in,
        and every request ends refined to ``tol``, that is exact.
    certification : GaussianCertification, default=None
        If given, the coefficients are a secret: ``coef_``, predictions and
        ``to_sklearn`` show them with noise, and ``release`` certifies them.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
    intercept_ : float
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had string column names.
    n_iter_ : int

    References
    ----------
    Warnecke, Pirch, Wressnegger, Rieck: Machine Unlearning of Features and Labels,
    NDSS 2023, arXiv 2108.11577.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_unlearn import UnlearnableTweedieRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(500, 3))
    >>> y = rng.gamma(2.0, np.exp(0.5 * X[:, 0]))
    >>> model = UnlearnableTweedieRegressor(alpha=0.1).fit(X, y)
    >>> before = model.gradient_residual(X[2:], y[2:])
    >>> model = model.partial_unfit(X[:2], y[:2])
    >>> bool(model.gradient_residual(X[2:], y[2:]) < 1e-6 * before)
    True
    """

    _twin_class = TweedieRegressor

    def __init__(
        self,
        *,
        power: float = 0.0,
        alpha: float = 1.0,
        fit_intercept: bool = True,
        link: str = "auto",
        tol: float = 1e-8,
        max_iter: int = 100,
        method: str = "second_order",
        unlearning_rate: float | str = "auto",
        curvature: str = "auto",
        retain_data: bool = False,
        certification: Any = None,
    ) -> None:
        self.power = power
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.link = link
        self.tol = tol
        self.max_iter = max_iter
        self.method = method
        self.unlearning_rate = unlearning_rate
        self.curvature = curvature
        self.retain_data = retain_data
        self.certification = certification

    def _check_parameters(self):
        check_scalar(self.power, "power", Real)
        if self.link not in ("auto", "identity", "log"):
            raise ValueError(
                f"link must be 'auto', 'identity' or 'log'; got {self.link!r}"
            )
        super()._check_parameters()

    def _loss(self, encoding):
        link = self.link
        if link == "auto":
            link = "identity" if self.power <= 0.0 else "log"
        if link == "log":
            return HalfTweedie(self.power)
        if self.power != 0.0:
            raise ValueError(
                f"With identity link power must be 0: that of power={self.power!r} is "
                "not defined for all raw predictions."
            )
        return HalfSquaredError()
