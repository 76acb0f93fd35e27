"""Support vector classifiers that unlearn."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from sklearn.svm import SVC, NuSVC
from sklearn.utils.metaestimators import available_if

from sklearn_unlearn.row_models import RowSetClassifier
from sklearn_unlearn.svm._conditions import (
    classification_violations,
    free,
    pairs_of,
)
from sklearn_unlearn.svm._support import (
    LocalSupportModel,
    SupportModel,
    gives_probabilities,
)
from sklearn_unlearn.utils.learned import Learned

#: False, or since scikit-learn 1.9 "deprecated".
_PROBABILITY = SVC().probability


class SupportClassifier(SupportModel, RowSetClassifier):
    """What support vector classifiers are asked."""

    probability: Any

    class_weight_ = Learned()

    def decision_function(self, X: Any) -> Any:
        """Signed decisions for classes, or for pairs of them.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,), (n_samples, n_classes) or (n_samples, n_pairs)
            As the twin's, by ``decision_function_shape``.
        """
        return self._asked("decision_function", X)

    @available_if(gives_probabilities)
    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities of the classes, with ``probability=True`` alone.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.
        """
        return self._asked("predict_proba", X)

    @available_if(gives_probabilities)
    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Logarithms of `predict_proba`.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        return self._asked("predict_log_proba", X)


class UnlearnableSVC(LocalSupportModel, SupportClassifier):
    """Support vector classification that unlearns rows, values, labels and columns.

    The twin of :class:`~sklearn.svm.SVC`, and after any request as good a solution for
    the rows that are left as a refit finds, to ``tol``. With ``gamma`` a number (or
    "auto", or a linear kernel) rows that are no support vectors leave in the time it
    takes to find them: the solution stays one without them. All other requests, and all
    with ``gamma="scale"``, which follows the rows, solve again.

    Parameters
    ----------
    C : float, default=1.0
    kernel : {"linear", "poly", "rbf", "sigmoid"} or callable, default="rbf"
        "precomputed" is refused. With "sigmoid", which is not convex, and functions
        every request solves again.
    degree : int, default=3
    gamma : {"scale", "auto"} or float, default="scale"
    coef0 : float, default=0.0
    shrinking : bool, default=True
    probability : bool, default=False
        As in the twin, which has deprecated it: with True every request solves again,
        since all rows fit the probabilities.
    tol : float, default=1e-3
        Violation of the optimality conditions at which the solver stops.
    cache_size : float, default=200
    class_weight : dict or "balanced", default=None
        "balanced" counts the rows that are left, so that every request solves again.
    verbose : bool, default=False
    max_iter : int, default=-1
    decision_function_shape : {"ovo", "ovr"}, default="ovr"
    break_ties : bool, default=False
    random_state : int, RandomState instance or None, default=None
        Of the folds for probabilities.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels that have rows, sorted.
    class_weight_, coef_, dual_coef_, fit_status_, intercept_, n_iter_, n_support_, \
            shape_fit_, support_vectors_ : as the twin's
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
    UnlearnableLinearSVC : With a squared loss, and without the rows.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.preprocessing import scale
    >>> from sklearn_unlearn import UnlearnableSVC
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> clf = UnlearnableSVC(gamma=0.03).fit(scale(X), y)
    >>> row = np.setdiff1d(np.arange(len(y)), clf.support_)[:1]
    >>> clf = clf.partial_unfit(scale(X)[row], y[row])
    >>> clf.solution_kept_, clf.optimality_violation() < 1e-3
    (True, True)
    """

    _twin_class = SVC

    def __init__(
        self,
        *,
        C: float = 1.0,
        kernel: Any = "rbf",
        degree: int = 3,
        gamma: Any = "scale",
        coef0: float = 0.0,
        shrinking: bool = True,
        probability: bool = _PROBABILITY,
        tol: float = 1e-3,
        cache_size: float = 200,
        class_weight: Any = None,
        verbose: bool = False,
        max_iter: int = -1,
        decision_function_shape: str = "ovr",
        break_ties: bool = False,
        random_state: Any = None,
    ) -> None:
        self.C = C
        self.kernel = kernel
        self.degree = degree
        self.gamma = gamma
        self.coef0 = coef0
        self.shrinking = shrinking
        self.probability = probability
        self.tol = tol
        self.cache_size = cache_size
        self.class_weight = class_weight
        self.verbose = verbose
        self.max_iter = max_iter
        self.decision_function_shape = decision_function_shape
        self.break_ties = break_ties
        self.random_state = random_state

    # Hooks ----------------------------------------------------------------------------

    def _bounds(self, twin, fitted, rows):
        groups = fitted.encoding.groups(rows.y)
        return twin.C * twin.class_weight_[groups] * rows.weight

    def _determined(self, twin, bounds):
        return all(free(size, bounds) for _, _, size in pairs_of(twin))

    def _violation(self, fitted, rows):
        twin = copy.copy(fitted.sklearn_estimator)
        twin.decision_function_shape = "ovo"
        decisions = twin.decision_function(rows.X)
        if decisions.ndim == 1:  # positive for the second class
            decisions = -decisions[:, None]
        groups = fitted.encoding.groups(rows.y)
        bounds = self._bounds(twin, fitted, rows)
        return max(classification_violations(twin, decisions, groups, bounds))


class UnlearnableNuSVC(SupportClassifier):
    """The same with a share of support vectors instead of C.

    The twin of :class:`~sklearn.svm.NuSVC`. ``nu`` is a share of the rows, so
    that every request solves again.

    Parameters
    ----------
    nu : float, default=0.5
    kernel, degree, gamma, coef0, shrinking, probability, tol, cache_size, \
            class_weight, verbose, max_iter, decision_function_shape, break_ties, \
            random_state
        As for `UnlearnableSVC`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels that have rows, sorted.
    class_weight_, coef_, dual_coef_, fit_status_, intercept_, n_iter_, n_support_, \
            shape_fit_, support_, support_vectors_ : as the twin's
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had names of columns at fit.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.svm import NuSVC
    >>> from sklearn_unlearn import UnlearnableNuSVC
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = UnlearnableNuSVC(nu=0.2).fit(X, y).partial_unfit(X[:3], y[:3])
    >>> refit = NuSVC(nu=0.2).fit(X[3:], y[3:])
    >>> bool((clf.decision_function(X) == refit.decision_function(X)).all())
    True
    """

    _twin_class = NuSVC

    def __init__(
        self,
        *,
        nu: float = 0.5,
        kernel: Any = "rbf",
        degree: Any = 3,
        gamma: Any = "scale",
        coef0: Any = 0.0,
        shrinking: Any = True,
        probability: Any = _PROBABILITY,
        tol: Any = 1e-3,
        cache_size: Any = 200,
        class_weight: Any = None,
        verbose: Any = False,
        max_iter: Any = -1,
        decision_function_shape: Any = "ovr",
        break_ties: Any = False,
        random_state: Any = None,
    ) -> None:
        self.nu = nu
        self.kernel = kernel
        self.degree = degree
        self.gamma = gamma
        self.coef0 = coef0
        self.shrinking = shrinking
        self.probability = probability
        self.tol = tol
        self.cache_size = cache_size
        self.class_weight = class_weight
        self.verbose = verbose
        self.max_iter = max_iter
        self.decision_function_shape = decision_function_shape
        self.break_ties = break_ties
        self.random_state = random_state
