"""Ridge regression and classification: quadratic, so exact."""

from __future__ import annotations

from dataclasses import replace
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import MultiOutputMixin
from sklearn.linear_model import Ridge, RidgeClassifier
from sklearn.utils import check_scalar

from sklearn_unlearn.core.losses.smooth import HalfSquaredError
from sklearn_unlearn.linear_model._classifier import LinearClassifier
from sklearn_unlearn.linear_model._regressor import LinearRegressor
from sklearn_unlearn.utils.twin_parameters import drop_in

#: With these the twins minimise what is minimised here.
_RIDGE_ACCEPTED: dict[str, tuple[tuple | None, str]] = {
    "positive": (
        (False,),
        "coefficients that are held at zero do not follow the data.",
    ),
    "solver": (
        (
            "auto",
            "svd",
            "cholesky",
            "lsqr",
            "sparse_cg",
            "sag",
            "saga",
        ),
        "it is for positive=True alone, or none of the twin's.",
    ),
}


@drop_in
class UnlearnableRidge(MultiOutputMixin, LinearRegressor):
    """Ridge regression that unlearns rows, values, targets and columns.

    A twin of :class:`sklearn.linear_model.Ridge`. The objective is quadratic, so the
    second-order update is exact up to rounding, with or without the data.

    Parameters
    ----------
    alpha : float or array-like of shape (n_targets,), default=1.0
        Strength of the penalty ``alpha/2 ||coef||^2`` on half the summed squared
        error. One per target costs a factor of order ``n_targets * n_features``;
        a single one shares a factor between all targets.
    fit_intercept : bool, default=True
        Whether to add an unpenalised intercept.
    tol : float, default=1e-8
        2-norm of the gradient of the summed objective at which to stop, in units of the
        mean weight times the root mean square of the targets.
    max_iter : int, default=None
        Steps in ``fit`` and in a refinement; None means 100.
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
        and every request ends refined to ``tol``.
    certification : GaussianCertification, default=None
        If given, the coefficients are a secret: ``coef_``, predictions and
        ``to_sklearn`` show them with noise, and ``release`` certifies them.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        A vector for a single column of targets, too, as predictions are.
    intercept_ : float or ndarray of shape (n_targets,)
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
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_unlearn import UnlearnableRidge
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = UnlearnableRidge().fit(X, y).partial_unfit(X[:9], y[:9])
    >>> refit = UnlearnableRidge().fit(X[9:], y[9:])
    >>> bool(np.allclose(model.coef_, refit.coef_, rtol=1e-9))
    True
    """

    _twin_class = Ridge
    _accepted: ClassVar = _RIDGE_ACCEPTED

    def __init__(
        self,
        alpha: Any = 1.0,
        *,
        fit_intercept: bool = True,
        tol: float = 1e-8,
        max_iter: int | None = None,
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

    # Hooks --------------------------------------------------------------------------

    _target_checks: ClassVar = {"multi_output": True, "y_numeric": True}
    _flattens = True

    def _strength(self, n_outputs):
        alpha = np.asarray(self.alpha, dtype=np.float64)
        if alpha.ndim and alpha.shape != (n_outputs,):
            raise ValueError(
                f"alpha has shape {alpha.shape}, expected a number or ({n_outputs},): "
                "one a target."
            )
        if not np.all((alpha >= 0.0) & np.isfinite(alpha)):
            raise ValueError(
                f"alpha must be finite and at least 0; got {self.alpha!r}."
            )
        return alpha

    def _loss(self, encoding):
        return HalfSquaredError()

    def _twin(self, fitted):
        twin = self._twin_class()
        solver = fitted.params["solver"]
        twin.n_iter_ = None
        twin.solver_ = "cholesky" if solver == "auto" else solver
        return twin


@drop_in
class UnlearnableRidgeClassifier(LinearClassifier):
    """Ridge regression on labels coded -1 and 1, which unlearns exactly.

    A twin of :class:`sklearn.linear_model.RidgeClassifier` for one label a row. The
    objective is quadratic, so the second-order update is exact up to rounding, with or
    without the data.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty ``alpha/2 ||coef||^2`` on half the summed squared
        error.
    fit_intercept : bool, default=True
        Whether to add an unpenalised intercept.
    class_weight : dict or "balanced", default=None
        Weights of the classes. "balanced" is computed from numbers of rows, whatever
        their weights unless zero (as the twin does, which counts those too), and
        follows the data: see `current_class_weight`. Without retained data that takes
        a Hessian of each class and a new factor for each request, and each row that
        leaves counts as a whole row.
    tol : float, default=1e-8
        2-norm of the gradient of the summed objective at which to stop, in units of the
        mean weight.
    max_iter : int, default=None
        Steps in ``fit`` and in a refinement; None means 100.
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
        and every request ends refined to ``tol``.
    certification : GaussianCertification, default=None
        If given, the coefficients are a secret: ``coef_``, predictions and
        ``to_sklearn`` show them with noise, and ``release`` certifies them.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_classes, n_features)
        A vector for two classes.
    intercept_ : ndarray of shape (1,) or (n_classes,), or 0.0 without intercept
    classes_ : ndarray of shape (n_classes,)
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
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_unlearn import UnlearnableRidgeClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = UnlearnableRidgeClassifier().fit(X, y)
    >>> clf = clf.replace_labels(X[:3], y[:3], [1] * 3)
    >>> bool(clf.gradient_residual(X, [1] * 3 + y[3:].tolist()) < 1e-8)
    True
    """

    _twin_class = RidgeClassifier
    _accepted: ClassVar = _RIDGE_ACCEPTED

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        fit_intercept: bool = True,
        class_weight: Any = None,
        tol: float = 1e-8,
        max_iter: int | None = None,
        method: str = "second_order",
        unlearning_rate: float | str = "auto",
        curvature: str = "auto",
        retain_data: bool = False,
        certification: Any = None,
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.class_weight = class_weight
        self.tol = tol
        self.max_iter = max_iter
        self.method = method
        self.unlearning_rate = unlearning_rate
        self.curvature = curvature
        self.retain_data = retain_data
        self.certification = certification

    # Hooks --------------------------------------------------------------------------

    def _check_parameters(self):
        super()._check_parameters()
        check_scalar(self.alpha, "alpha", Real, min_val=0.0)
        if not np.isfinite(self.alpha):
            raise ValueError(f"alpha must be finite; got {self.alpha!r}.")

    def _strength(self, n_outputs):
        return float(self.alpha)

    def _encoding(self, y, sample_weight):
        labels = self._labels(y, sample_weight, signed=True, balance_rows=True)
        if labels.classes.dtype.kind not in "OU":
            return labels
        # names of a type of their own, as the twin's binarizer has them
        return replace(labels, classes=np.array(labels.classes.tolist()))

    def _loss(self, encoding):
        return HalfSquaredError()

    def _n_raw(self, encoding):
        return 1 if encoding.n_groups == 2 else encoding.n_groups

    def _shaped_coef(self, coef, encoding):
        return coef[0] if coef.shape[0] == 1 else coef

    def _shaped_intercept(self, intercept, encoding):
        return 0.0 if intercept is None else intercept

    def _twin(self, fitted):
        # The twin's coder of labels is private: a fit on one row a class makes it.
        classes = fitted.encoding.classes
        twin = RidgeClassifier(solver=fitted.params["solver"])
        return twin.fit(np.zeros((classes.size, 1)), classes)
