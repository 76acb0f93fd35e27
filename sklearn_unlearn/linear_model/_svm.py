"""Linear support vector machines with squared losses."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

import numpy as np
from sklearn.svm import LinearSVC, LinearSVR
from sklearn.utils import check_scalar

from sklearn_unlearn.core.losses.margin import SquaredEpsilonInsensitive, SquaredHinge
from sklearn_unlearn.linear_model._base import LinearUnlearner
from sklearn_unlearn.linear_model._classifier import LinearClassifier
from sklearn_unlearn.linear_model._regressor import LinearRegressor
from sklearn_unlearn.utils.twin_parameters import drop_in

#: Why losses that are not squared are refused.
_KINK = "a loss that is not squared has no second derivative where it bends."


class _PenalisedIntercept(LinearUnlearner):
    """The penalty of liblinear, the intercept's included."""

    C: Any
    intercept_scaling: Any

    def _check_parameters(self):
        super()._check_parameters()
        for name in ("C", "intercept_scaling"):
            value = getattr(self, name)
            check_scalar(value, name, Real, min_val=0.0, include_boundaries="neither")
            if not np.isfinite(value):
                raise ValueError(f"{name} must be finite; got {value!r}.")

    def _strength(self, n_outputs):
        return 1.0 / self.C

    def _intercept_strength(self, n_outputs):
        return 1.0 / (self.C * self.intercept_scaling**2)


@drop_in
class UnlearnableLinearSVC(_PenalisedIntercept, LinearClassifier):
    """Linear support vector classification with squared hinge loss that unlearns.

    A twin of :class:`sklearn.svm.LinearSVC` with its default penalty and loss; more
    than two classes are told apart one against the rest. A request is exact as long as
    no row crosses the margin, since between margins the objective is quadratic.

    Parameters
    ----------
    C : float, default=1.0
        Weight of the summed losses beside ``1/2 ||coef||^2``.
    fit_intercept : bool, default=True
        Whether to add an intercept. As the twin's it is penalised.
    intercept_scaling : float, default=1
        The penalty on the intercept is divided by its square.
    class_weight : dict or "balanced", default=None
        Weights of the classes. "balanced" is computed from summed sample weights (as
        scikit-learn 1.9 does) and follows the data: see `current_class_weight`.
        Without retained data that takes a Hessian of each class and a new factor for
        each request.
        Of more than two classes each has its weight only where it is set against the
        rest, as in the twin.
    tol : float, default=1e-8
        2-norm of the gradient of the SUMMED objective at which ``fit`` and refinement
        stop, in units of the mean weight. (The twin's tol is another.)
    max_iter : int, default=1000
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
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
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
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.preprocessing import scale
    >>> from sklearn_unlearn import UnlearnableLinearSVC
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> X = scale(X)
    >>> clf = UnlearnableLinearSVC(C=0.1, retain_data=True).fit(X, y)
    >>> clf = clf.partial_unfit(X[:2], y[:2])
    >>> bool(clf.gradient_residual(X[2:], y[2:]) < 1e-8)
    True
    """

    _twin_class = LinearSVC
    _accepted: ClassVar = {
        "loss": (("squared_hinge",), _KINK),
        "penalty": (("l2",), "that of absolute values has no second derivative."),
        "multi_class": (("ovr",), "it is another loss."),
    }

    def __init__(
        self,
        C: float = 1.0,
        *,
        fit_intercept: bool = True,
        intercept_scaling: float = 1,
        class_weight: Any = None,
        tol: float = 1e-8,
        max_iter: int = 1000,
        method: str = "second_order",
        unlearning_rate: float | str = "auto",
        curvature: str = "auto",
        retain_data: bool = False,
        certification: Any = None,
    ) -> None:
        self.C = C
        self.fit_intercept = fit_intercept
        self.intercept_scaling = intercept_scaling
        self.class_weight = class_weight
        self.tol = tol
        self.max_iter = max_iter
        self.method = method
        self.unlearning_rate = unlearning_rate
        self.curvature = curvature
        self.retain_data = retain_data
        self.certification = certification

    # Hooks --------------------------------------------------------------------------

    def _encoding(self, y, sample_weight):
        return self._labels(y, sample_weight, signed=True)

    def _loss(self, encoding):
        return SquaredHinge(np.ones(self._n_raw(encoding)))

    def _n_raw(self, encoding):
        return 1 if encoding.n_groups == 2 else encoding.n_groups

    def _shaped_coef(self, coef, encoding):
        return coef

    def _shaped_intercept(self, intercept, encoding):
        return 0.0 if intercept is None else intercept

    def _twin(self, fitted):
        twin = self._twin_class()
        twin.classes_ = fitted.encoding.classes.copy()
        twin.n_iter_ = max(fitted.n_iter, 1)
        return twin


@drop_in
class UnlearnableLinearSVR(_PenalisedIntercept, LinearRegressor):
    """Linear support vector regression with squared loss that unlearns.

    A twin of :class:`sklearn.svm.LinearSVR` with
    ``loss="squared_epsilon_insensitive"``. A request is exact as long as no row's error
    crosses ``epsilon``, since between the two the objective is quadratic.

    Parameters
    ----------
    epsilon : float, default=0.0
        Size of errors that do not count. With 0 every request is exact.
    C : float, default=1.0
        Weight of the summed losses beside ``1/2 ||coef||^2``.
    fit_intercept : bool, default=True
        Whether to add an intercept. As the twin's it is penalised.
    intercept_scaling : float, default=1.0
        The penalty on the intercept is divided by its square.
    loss : {"squared_epsilon_insensitive"}, default="squared_epsilon_insensitive"
        The twin's default, whose errors are not squared, is refused.
    tol : float, default=1e-8
        2-norm of the gradient of the SUMMED objective at which ``fit`` and refinement
        stop, in units of the mean weight times the root mean square of the targets.
        (The twin's tol is another.)
    max_iter : int, default=1000
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
        Refused by ``fit`` unless ``epsilon`` is 0: no bound on the distance to a refit
        is known where the second derivative jumps.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
    intercept_ : ndarray of shape (1,), or 0.0 without intercept
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
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.preprocessing import scale
    >>> from sklearn_unlearn import UnlearnableLinearSVR
    >>> X, y = load_diabetes(return_X_y=True)
    >>> X, y = scale(X), scale(y)
    >>> model = UnlearnableLinearSVR(epsilon=0.1, retain_data=True).fit(X, y)
    >>> model = model.partial_unfit(X[:2], y[:2])
    >>> bool(model.gradient_residual(X[2:], y[2:]) < 1e-8)
    True
    """

    _twin_class = LinearSVR
    _accepted: ClassVar = {"loss": (("squared_epsilon_insensitive",), _KINK)}

    def __init__(
        self,
        *,
        epsilon: float = 0.0,
        C: float = 1.0,
        fit_intercept: bool = True,
        intercept_scaling: float = 1.0,
        loss: str = "squared_epsilon_insensitive",
        tol: float = 1e-8,
        max_iter: int = 1000,
        method: str = "second_order",
        unlearning_rate: float | str = "auto",
        curvature: str = "auto",
        retain_data: bool = False,
        certification: Any = None,
    ) -> None:
        self.epsilon = epsilon
        self.C = C
        self.fit_intercept = fit_intercept
        self.intercept_scaling = intercept_scaling
        self.loss = loss
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
        check_scalar(self.epsilon, "epsilon", Real, min_val=0.0)
        if not np.isfinite(self.epsilon):
            raise ValueError(f"epsilon must be finite; got {self.epsilon!r}.")

    def _loss(self, encoding):
        return SquaredEpsilonInsensitive(float(self.epsilon))

    def _shaped_intercept(self, intercept, encoding):
        return 0.0 if intercept is None else intercept

    def _twin(self, fitted):
        twin = self._twin_class()
        twin.n_iter_ = max(fitted.n_iter, 1)
        return twin
