"""Support vector regressors that unlearn."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from sklearn.svm import SVR, NuSVR

from sklearn_unlearn.core.arrays import densify
from sklearn_unlearn.row_models import RowSetRegressor
from sklearn_unlearn.svm._conditions import free, regression_violation
from sklearn_unlearn.svm._support import LocalSupportModel, SupportModel
from sklearn_unlearn.utils.targets import Targets


class SupportRegressor(SupportModel, RowSetRegressor):
    """What support vector regressors share."""

    _target_checks: ClassVar[dict[str, object]] = {"y_numeric": True}

    def _encoding(self, y):
        return Targets(1, True, None)


class UnlearnableSVR(LocalSupportModel, SupportRegressor):
    """Support vector regression that unlearns rows, values, targets and columns.

    The twin of :class:`~sklearn.svm.SVR`, and after any request as good a solution for
    the rows that are left as a refit finds, to ``tol``. With ``gamma`` a number (or
    "auto", or a linear kernel) rows that are no support vectors leave in the time it
    takes to find them: the solution stays one without them.

    Parameters
    ----------
    kernel : {"linear", "poly", "rbf", "sigmoid"} or callable, default="rbf"
        "precomputed" is refused. With "sigmoid", which is not convex, and functions
        every request solves again.
    degree : int, default=3
    gamma : {"scale", "auto"} or float, default="scale"
        "scale" follows the rows, so that every request solves again.
    coef0 : float, default=0.0
    tol : float, default=1e-3
        Violation of the optimality conditions at which the solver stops.
    C : float, default=1.0
    epsilon : float, default=0.1
        Size of errors that do not count.
    shrinking : bool, default=True
    cache_size : float, default=200
    verbose : bool, default=False
    max_iter : int, default=-1

    Attributes
    ----------
    coef_, dual_coef_, fit_status_, intercept_, n_iter_, n_support_, shape_fit_, \
            support_vectors_ : as the twin's
        Support vectors in the columns that are not forgotten.
    support_ : ndarray of shape (n_support,)
        Positions among the rows that are left.
    solution_kept_ : bool
        Whether the last request left the solution as it was.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had names of columns at fit.

    See Also
    --------
    UnlearnableSVC : The same for classes.
    UnlearnableLinearSVR : With a squared loss, and without the rows.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.preprocessing import scale
    >>> from sklearn.svm import SVR
    >>> from sklearn_unlearn import UnlearnableSVR
    >>> X, y = load_diabetes(return_X_y=True)
    >>> X, y = scale(X), scale(y)
    >>> model = UnlearnableSVR(tol=1e-8).fit(X, y).partial_unfit(X[:3], y[:3])
    >>> refit = SVR(tol=1e-8).fit(X[3:], y[3:])
    >>> bool(abs(model.predict(X) - refit.predict(X)).max() < 1e-6)
    True
    """

    _twin_class = SVR

    def __init__(
        self,
        *,
        kernel: Any = "rbf",
        degree: int = 3,
        gamma: Any = "scale",
        coef0: float = 0.0,
        tol: float = 1e-3,
        C: float = 1.0,
        epsilon: float = 0.1,
        shrinking: bool = True,
        cache_size: float = 200,
        verbose: bool = False,
        max_iter: int = -1,
    ) -> None:
        self.kernel = kernel
        self.degree = degree
        self.gamma = gamma
        self.coef0 = coef0
        self.tol = tol
        self.C = C
        self.epsilon = epsilon
        self.shrinking = shrinking
        self.cache_size = cache_size
        self.verbose = verbose
        self.max_iter = max_iter

    # Hooks ----------------------------------------------------------------------------

    def _determined(self, twin, bounds):
        return free(np.abs(densify(twin.dual_coef_)[0]), bounds)

    def _violation(self, fitted, rows):
        twin = fitted.sklearn_estimator
        predictions, bounds = twin.predict(rows.X), self._bounds(twin, fitted, rows)
        return regression_violation(twin, predictions, rows.y[:, 0], bounds)


class UnlearnableNuSVR(SupportRegressor):
    """The same with a share of support vectors instead of epsilon.

    The twin of :class:`~sklearn.svm.NuSVR`. ``nu`` is a share of the rows, so
    that every request solves again.

    Parameters
    ----------
    nu : float, default=0.5
    C, kernel, degree, gamma, coef0, shrinking, tol, cache_size, verbose, max_iter
        As for `UnlearnableSVR`.

    Attributes
    ----------
    coef_, dual_coef_, fit_status_, intercept_, n_iter_, n_support_, shape_fit_, \
            support_, support_vectors_ : as the twin's
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had names of columns at fit.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.svm import NuSVR
    >>> from sklearn_unlearn import UnlearnableNuSVR
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = UnlearnableNuSVR().fit(X, y).partial_unfit(X[:3], y[:3])
    >>> bool((model.predict(X) == NuSVR().fit(X[3:], y[3:]).predict(X)).all())
    True
    """

    _twin_class = NuSVR

    def __init__(
        self,
        *,
        nu: float = 0.5,
        C: Any = 1.0,
        kernel: Any = "rbf",
        degree: Any = 3,
        gamma: Any = "scale",
        coef0: Any = 0.0,
        shrinking: Any = True,
        tol: Any = 1e-3,
        cache_size: Any = 200,
        verbose: Any = False,
        max_iter: Any = -1,
    ) -> None:
        self.nu = nu
        self.C = C
        self.kernel = kernel
        self.degree = degree
        self.gamma = gamma
        self.coef0 = coef0
        self.shrinking = shrinking
        self.tol = tol
        self.cache_size = cache_size
        self.verbose = verbose
        self.max_iter = max_iter
