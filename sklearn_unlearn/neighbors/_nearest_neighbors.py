"""Nearest neighbours that unlearn: the rows that are left, found by scikit-learn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from sklearn_unlearn.row_models import (
    RowSetClassifier,
    RowSetModel,
    RowSetRegressor,
)
from sklearn_unlearn.utils.learned import Learned


class NeighborsModel(RowSetModel):
    """What both kinds share: metrics, and what is asked of neighbours."""

    _accepts: ClassVar[frozenset[str]] = frozenset(
        {"out", "into", "columns", "y", "row_ids"}
    )
    _refused: ClassVar[dict[str, dict[str, str]]] = {
        "metric": {
            "precomputed": "rows that leave are columns of distances as well. Pass the "
            "metric itself, which may be a function.",
            "nan_euclidean": "rows are found by their values, and missing ones equal "
            "nothing. Put an UnlearnableSimpleImputer before the model.",
        }
    }

    effective_metric_ = Learned()
    effective_metric_params_ = Learned()
    n_samples_fit_ = Learned()

    def fit(self, X: Any, y: Any, *, row_ids: Any = None) -> Self:
        """Keep the rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            A float array or CSR matrix is kept by reference: do not change it
            afterwards. All else is copied.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Several targets for regression alone.
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
        return self._fit(X, y, row_ids=row_ids)

    def kneighbors(
        self,
        X: Any = None,
        n_neighbors: int | None = None,
        return_distance: bool = True,
    ) -> Any:
        """The nearest of the rows that are left.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_queries, n_features), optional
            None is the rows themselves, none of which is its own neighbour.
        n_neighbors : int, optional
            As the parameter by default.
        return_distance : bool, default=True

        Returns
        -------
        distances : ndarray of shape (n_queries, n_neighbors)
            If asked for.
        positions : ndarray of int of shape (n_queries, n_neighbors)
            Among the rows that are left, in their order, as those of ``rows_of``.
        """
        keywords = {"n_neighbors": n_neighbors, "return_distance": return_distance}
        return self._asked("kneighbors", X, **keywords)

    def kneighbors_graph(
        self, X: Any = None, n_neighbors: int | None = None, mode: str = "connectivity"
    ) -> Any:
        """Which of the rows that are left are neighbours, as a sparse matrix.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_queries, n_features), optional
            As for `kneighbors`.
        n_neighbors : int, optional
            As the parameter by default.
        mode : {"connectivity", "distance"}, default="connectivity"

        Returns
        -------
        sparse matrix of shape (n_queries, n_rows)
        """
        keywords = {"n_neighbors": n_neighbors, "mode": mode}
        return self._asked("kneighbors_graph", X, **keywords)

    # Hooks ----------------------------------------------------------------------------

    _telling = ("kneighbors", "predict_proba", "predict")

    def _asked(self, method, X, **keywords):
        if X is None:
            return getattr(self._checked().sklearn_estimator, method)(None, **keywords)
        return super()._asked(method, X, **keywords)


class UnlearnableKNeighborsClassifier(NeighborsModel, RowSetClassifier):
    """Nearest neighbours that vote, and unlearn rows, values, labels and columns.

    The twin of :class:`~sklearn.neighbors.KNeighborsClassifier`, and after any request
    that classifier, fitted to the rows that are left, to the last bit: they stay in
    their order, by which ties are broken. A request costs no more than to find its
    rows; the next prediction builds the search structure.

    Parameters
    ----------
    n_neighbors : int, default=5
    weights : {"uniform", "distance"} or callable, default="uniform"
        Of the votes.
    algorithm : {"auto", "ball_tree", "kd_tree", "brute"}, default="auto"
    leaf_size : int, default=30
    p : float, default=2
        Of the Minkowski metric.
    metric : str or callable, default="minkowski"
        As in the twin; "precomputed" and "nan_euclidean" are refused.
    metric_params : dict, default=None
    n_jobs : int, default=None

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels that have rows, sorted.
    effective_metric_ : str or callable
    effective_metric_params_ : dict
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had names of columns at fit.
    n_samples_fit_ : int
        Rows that are left.
    outputs_2d_ : bool
        False: each row has one label.

    See Also
    --------
    UnlearnableKNeighborsRegressor : The same for numbers.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn_unlearn import UnlearnableKNeighborsClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = UnlearnableKNeighborsClassifier().fit(X, y).partial_unfit(X[:3], y[:3])
    >>> refit = KNeighborsClassifier().fit(X[3:], y[3:])
    >>> bool((clf.predict_proba(X) == refit.predict_proba(X)).all())
    True
    """

    _twin_class = KNeighborsClassifier

    outputs_2d_ = Learned()

    def __init__(
        self,
        n_neighbors: int = 5,
        *,
        weights: Any = "uniform",
        algorithm: str = "auto",
        leaf_size: int = 30,
        p: float = 2,
        metric: Callable[..., Any] | str = "minkowski",
        metric_params: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.weights = weights
        self.algorithm = algorithm
        self.leaf_size = leaf_size
        self.p = p
        self.metric = metric
        self.metric_params = metric_params
        self.n_jobs = n_jobs

    def predict_proba(self, X: Any) -> np.ndarray:
        """Shares of the classes among the nearest neighbours.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.
        """
        return self._asked("predict_proba", X)


class UnlearnableKNeighborsRegressor(NeighborsModel, RowSetRegressor):
    """The mean of nearest neighbours, with unlearning of rows, values and columns.

    The twin of :class:`~sklearn.neighbors.KNeighborsRegressor`, and after any request
    that regressor, fitted to the rows that are left, to the last bit.

    Parameters
    ----------
    n_neighbors, weights, algorithm, leaf_size, p, metric, metric_params, n_jobs
        As for `UnlearnableKNeighborsClassifier`.

    Attributes
    ----------
    effective_metric_ : str or callable
    effective_metric_params_ : dict
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had names of columns at fit.
    n_samples_fit_ : int
        Rows that are left.

    See Also
    --------
    UnlearnableKNeighborsClassifier : The same for classes, with more notes.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.neighbors import KNeighborsRegressor
    >>> from sklearn_unlearn import UnlearnableKNeighborsRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = UnlearnableKNeighborsRegressor().fit(X, y).partial_unfit(X[:3], y[:3])
    >>> refit = KNeighborsRegressor().fit(X[3:], y[3:])
    >>> bool((model.predict(X) == refit.predict(X)).all())
    True
    """

    _twin_class = KNeighborsRegressor

    def __init__(
        self,
        n_neighbors: Any = 5,
        *,
        weights: Any = "uniform",
        algorithm: Any = "auto",
        leaf_size: Any = 30,
        p: Any = 2,
        metric: Any = "minkowski",
        metric_params: Any = None,
        n_jobs: Any = None,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.weights = weights
        self.algorithm = algorithm
        self.leaf_size = leaf_size
        self.p = p
        self.metric = metric
        self.metric_params = metric_params
        self.n_jobs = n_jobs
