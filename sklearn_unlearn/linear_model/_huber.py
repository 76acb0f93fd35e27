"""Huber's robust regression with a scale that is estimated too."""

from __future__ import annotations

from dataclasses import replace
from numbers import Real
from typing import Any

import numpy as np
from sklearn.linear_model import HuberRegressor
from sklearn.utils import check_scalar

from sklearn_unlearn.core.linear.bookkeeping import edited_rows
from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.losses.robust import ConcomitantHuber
from sklearn_unlearn.exceptions import NotPositiveDefiniteError
from sklearn_unlearn.linear_model._regressor import LinearRegressor
from sklearn_unlearn.utils.twin_parameters import drop_in

#: Scale of targets that are fitted exactly, in deviations of these; and where rows are
#: no more than columns, so that the penalty is seen beside the curvature.
_LEAST, _LEAST_OF_FEW = 1e-7, 1e-5


@drop_in
class UnlearnableHuberRegressor(LinearRegressor):
    """Linear regression that is robust to outliers, and unlearns.

    A twin of :class:`sklearn.linear_model.HuberRegressor`. Coefficients and scale
    minimise, together, the sum of ``scale + scale H((x . coef + intercept - y) /
    scale)`` over the rows plus ``alpha ||coef||^2``, where ``H(t)`` is ``t^2`` up to
    ``epsilon`` and linear beyond. Every row has a part in the scale, and a request
    changes the scale with the coefficients.

    Parameters
    ----------
    epsilon : float, default=1.35
        Residuals beyond this many scales count linearly; above 1. Near 1 so many
        rows become outliers that those which are left may not determine the
        coefficients.
    alpha : float, default=0.0001
        Strength of the penalty ``alpha ||coef||^2``.
    fit_intercept : bool, default=True
        Whether to add an unpenalised intercept.
    tol : float, default=1e-8
        2-norm of the gradient of the SUMMED objective at which ``fit`` and refinement
        stop, in units of the mean weight. (The twin's tol is another.)
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
        Refused by ``fit``: no bound on the distance to a refit is known where
        the second derivative jumps.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
    intercept_ : float
    scale_ : float
        What residuals are measured in. Where all targets are fitted exactly, which
        leaves it without a minimum, 1e-7 of their median deviation (1e-5 where
        rows are no more than columns); the twin ends somewhere near zero.
    outliers_ : ndarray of bool of shape (n_remaining,)
        Which rows count linearly, in the order of ``fit``, those that came later
        behind them. With ``retain_data=True`` only.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had string column names.
    n_iter_ : int

    References
    ----------
    Warnecke, Pirch, Wressnegger, Rieck: Machine Unlearning of Features and Labels,
    NDSS 2023, arXiv 2108.11577.

    Owen: A robust hybrid of lasso and ridge regression, Contemporary Mathematics 443,
    2007.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.preprocessing import scale
    >>> from sklearn_unlearn import UnlearnableHuberRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> X = scale(X)
    >>> model = UnlearnableHuberRegressor(retain_data=True).fit(X, y)
    >>> before = model.gradient_residual(X[2:], y[2:])
    >>> model = model.partial_unfit(X[:2], y[:2])
    >>> bool(model.gradient_residual(X[2:], y[2:]) < 1e-6 * before)
    True
    """

    _twin_class = HuberRegressor

    def __init__(
        self,
        *,
        epsilon: float = 1.35,
        alpha: float = 0.0001,
        fit_intercept: bool = True,
        tol: float = 1e-8,
        max_iter: int = 100,
        method: str = "second_order",
        unlearning_rate: float | str = "auto",
        curvature: str = "auto",
        retain_data: bool = False,
        certification: Any = None,
    ) -> None:
        self.epsilon = epsilon
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.tol = tol
        self.max_iter = max_iter
        self.method = method
        self.unlearning_rate = unlearning_rate
        self.curvature = curvature
        self.retain_data = retain_data
        self.certification = certification

    @property
    def scale_(self) -> Any:
        """What residuals are measured in."""
        return self._learned.shown[-1, 1]

    @property
    def outliers_(self) -> Any:
        """Which of the rows that remain count linearly; with retained data only."""
        model = self._learned.model
        if model.retained is None:
            raise AttributeError(
                "outliers_ says something of each training row: it needs "
                "retain_data=True."
            )
        objective, theta = model.state.objective, model.state.theta
        masks = []
        for rows in model.retained.blocks():
            rows = rows.take(np.flatnonzero(rows.weight))
            residual = objective.raw_prediction(rows.X, theta)[:, 0] - rows.y[:, 0]
            masks.append(np.abs(residual) > theta[-1, 1] * objective.loss.epsilon)
        return np.concatenate(masks)

    # Hooks --------------------------------------------------------------------------

    def _check_parameters(self):
        super()._check_parameters()
        check_scalar(
            self.epsilon, "epsilon", Real, min_val=1.0, include_boundaries="neither"
        )
        check_scalar(self.alpha, "alpha", Real, min_val=0.0)
        for name in ("epsilon", "alpha"):
            value = getattr(self, name)
            if not np.isfinite(value):
                raise ValueError(f"{name} must be finite; got {value!r}.")

    def _loss(self, encoding):
        if encoding is not None:
            return encoding.loss
        return ConcomitantHuber(float(self.epsilon))

    def _fit_rows(self, rows, encoding, *arguments, **keywords):
        """Targets that are fitted exactly have a least scale, as the twin's do."""
        encoding = replace(encoding, loss=self._loss(None))
        try:
            return super()._fit_rows(rows, encoding, *arguments, **keywords)
        except NotPositiveDefiniteError:
            few = rows.n_rows <= rows.X.shape[1] + 1
            least = (_LEAST_OF_FEW if few else _LEAST) * _spread(rows)
            keywords.pop("start", None)  # a scale near zero, of which nothing is known
            for path in ([least], least * np.geomspace(1.0 / _LEAST, 1.0, 8)):
                found = self._fit_along(path, rows, encoding, *arguments, **keywords)
                if found is not None:
                    return found
            raise

    def _fit_along(self, path, rows, encoding, *arguments, **keywords):
        """The fitted value of the last of falling scales; None if there is none."""
        found, start = None, dict[str, Any]()
        fit: Any = super()._fit_rows
        for least in path:
            loss = ConcomitantHuber(float(self.epsilon), float(least))
            given = replace(encoding, loss=loss), *arguments
            try:
                found = fit(rows, *given, **start, **keywords)
            except NotPositiveDefiniteError:
                return None
            start = {"start": found.model.state.theta}
        return found

    def _carried(self, fitted, request):
        try:
            return super()._carried(fitted, request)
        except NotPositiveDefiniteError:
            if fitted.model.retained is None:
                raise
            retained = edited_rows(fitted.model, self._completed(fitted, request))
            model = replace(fitted.model, retained=retained)
            rows = retained.compacted().chunks[0].rows
            return self._refit(replace(fitted, model=model), fitted.encoding, rows)

    def _objective(self, forgotten, encoding, weight):
        """The scale is an output of its own with nothing but an intercept."""
        held = np.ones((forgotten.size + 1, 2), dtype=bool)
        held[:-1, 0] = forgotten
        held[-1] = not self.fit_intercept, False
        penalty = np.full(held.shape, 2.0 * self.alpha)
        penalty[-1] = 0.0
        linear = np.zeros(held.shape)
        return Objective(self._loss(encoding), True, penalty, linear, held)

    def _coefficients_of(self, fitted, encoding):
        start = np.zeros((fitted.n_features_in_ + 1, 2))
        start[:-1, 0] = fitted.coef_
        start[-1] = fitted.intercept_, fitted.scale_
        return start

    def _of_nothing(self, theta):
        nothing = np.zeros_like(theta)
        nothing[-1, 1] = theta[-1, 1]
        return nothing

    def _twin(self, fitted):
        twin = self._twin_class()
        twin.scale_ = fitted.shown[-1, 1]
        twin.n_iter_ = max(fitted.n_iter, 1)
        return twin


def _spread(rows):
    """The median deviation of targets that deviate, or what is not zero instead."""
    y, weight = rows.y[:, 0], rows.weight
    middle = _median(y, weight)
    deviation = np.abs(y - middle)
    spread = _median(deviation, weight * (deviation > 0.0))
    return max(spread, 1e-5 * abs(middle)) if spread else abs(middle) or 1.0


def _median(values, weight):
    """The value with half of the weight below; zero of none."""
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weight[order])
    if not below[-1]:
        return 0.0
    return float(values[order][np.searchsorted(below, 0.5 * below[-1])])
