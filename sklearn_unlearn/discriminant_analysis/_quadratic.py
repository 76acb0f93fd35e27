"""Quadratic discriminant analysis that unlearns exactly."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from scipy import linalg
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis

from sklearn_unlearn.discriminant_analysis._base import (
    Discriminant,
    covariances,
    pairs_of_rows,
    shrunk,
)
from sklearn_unlearn.sufficient_statistics import Learned


class UnlearnableQuadraticDiscriminantAnalysis(Discriminant):
    """Quadratic discriminant analysis that unlearns rows, values, labels and columns.

    A twin of :class:`sklearn.discriminant_analysis.QuadraticDiscriminantAnalysis`.
    Requests are exact: sums are kept without rounding, so that a row that leaves leaves
    no trace. A request, or a fit, that leaves a class without a covariance matrix of
    full rank is refused, as scikit-learn refuses it since 1.8.

    Parameters
    ----------
    solver : {"svd", "eigen"}, default="svd"
        Both give the same model without ``reg_param`` and ``shrinkage``.
    shrinkage : float, default=None
        Between 0 and 1, for "eigen". "auto" is refused: it needs fourth moments.
    priors : array-like of shape (n_classes,), default=None
        Probabilities of the classes; those of the data by default.
    reg_param : float, default=0.0
        Share of the identity in the covariance matrices, for "svd".
    store_covariance : bool, default=False
        Whether ``covariance_`` is stored.
    tol : float, default=1e-4
        Variances in all directions must be larger.
    covariance_estimator : None
        An estimator is refused: it needs all rows.
    retain_data : bool, default=False
        If True, a reference to the training data is kept: rows are checked to be in,
        can be named by ``row_ids``, and are summed again where a step of a pipeline
        changes all of them.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Those that have rows.
    covariance_ : list of ndarray of shape (n_columns, n_columns)
        If ``store_covariance``, of the columns that are not forgotten.
    means_ : ndarray of shape (n_classes, n_columns)
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had string column names.
    priors_ : ndarray of shape (n_classes,)
    rotations_ : list of ndarray of shape (n_columns, n_columns)
        Principal axes of each class, each up to its sign.
    scalings_ : list of ndarray of shape (n_columns,)
        Variances along them.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_unlearn import UnlearnableQuadraticDiscriminantAnalysis
    >>> X, y = load_iris(return_X_y=True)
    >>> qda = UnlearnableQuadraticDiscriminantAnalysis().fit(X, y)
    >>> qda = qda.partial_unfit(X[:9], y[:9])
    >>> refit = UnlearnableQuadraticDiscriminantAnalysis().fit(X[9:], y[9:])
    >>> bool(np.array_equal(qda.predict_proba(X), refit.predict_proba(X)))
    True
    """

    _twin_class = QuadraticDiscriminantAnalysis

    rotations_ = Learned()

    def __init__(
        self,
        *,
        solver: str = "svd",
        shrinkage: float | None = None,
        priors: Any = None,
        reg_param: float = 0.0,
        store_covariance: bool = False,
        tol: float = 1.0e-4,
        covariance_estimator: Any = None,
        retain_data: bool = False,
    ) -> None:
        self.solver = solver
        self.shrinkage = shrinkage
        self.priors = priors
        self.reg_param = reg_param
        self.store_covariance = store_covariance
        self.tol = tol
        self.covariance_estimator = covariance_estimator
        self.retain_data = retain_data

    # Hooks --------------------------------------------------------------------------

    def _check_parameters(self, params):
        super()._check_parameters(params)
        # scikit-learn's own does not know these before 1.8
        solver, shrinkage = params["solver"], params["shrinkage"]
        if solver not in ("svd", "eigen"):
            raise ValueError(f"solver must be 'svd' or 'eigen'; got {solver!r}.")
        if shrinkage is None:
            return
        if solver == "svd":
            raise NotImplementedError("shrinkage not supported with 'svd' solver.")
        is_number = isinstance(shrinkage, (int, float, np.number))
        if not is_number or not 0.0 <= shrinkage <= 1.0:
            raise ValueError(
                f"shrinkage must be None or between 0 and 1; got {shrinkage!r}."
            )

    def _example(self, classes, n_columns, params):
        # far apart, so that only a tol that no data can meet is refused
        return pairs_of_rows(classes, 1, 1e100)

    def _fill(self, estimator, statistics, params, before):
        # QuadraticDiscriminantAnalysis.fit
        sums = statistics.classes
        size = sums.weight.rounded()
        for label in estimator.classes_[size <= 1.0].tolist()[:1]:
            raise ValueError(
                f"y has only 1 sample in class {label}, covariance is ill defined."
            )
        if estimator.priors is None:
            estimator.priors_ = size / size.sum()
        estimator.means_ = sums.mean()
        lost = 0 if params["solver"] == "eigen" or not _loses_a_degree() else 1
        known = {} if before is None else _known(before, lost)
        estimator.rotations_, estimator.scalings_ = [], []
        matrices = covariances(sums, lost)
        for label, matrix in zip(estimator.classes_.tolist(), matrices, strict=True):
            same, vectors, values = known.get(label, (None, None, None))
            if not np.array_equal(matrix, same):
                vectors, values = _axes(label, matrix, params)
            estimator.rotations_.append(vectors)
            estimator.scalings_.append(values)
        if estimator.store_covariance:
            axes = zip(estimator.rotations_, estimator.scalings_, strict=True)
            estimator.covariance_ = [
                (vectors * values) @ vectors.T for vectors, values in axes
            ]


def _known(before, lost):
    """Covariance matrix, principal axes and variances of each class of a model."""
    estimator = before.sklearn_estimator
    places = np.searchsorted(before.labels, estimator.classes_)
    matrices = covariances(before.statistics.classes.classes(places), lost)
    axes = zip(matrices, estimator.rotations_, estimator.scalings_, strict=True)
    return dict(zip(estimator.classes_.tolist(), axes, strict=True))


def _axes(label, matrix, params):
    """Principal axes of a class, and the variances along them."""
    by_value = params["solver"] == "eigen"
    if by_value:
        matrix = shrunk(matrix, params["shrinkage"])
    values, vectors = linalg.eigh(matrix)
    values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
    if not by_value:
        values = (1.0 - params["reg_param"]) * values + params["reg_param"]
    if not np.all(values > params["tol"]):
        remedy = "shrinkage" if by_value else "reg_param"
        raise np.linalg.LinAlgError(
            f"The covariance matrix of class {label!r} is not full rank. "
            f"Increase {remedy}, or leave the class more rows."
        )
    return vectors, values


@cache
def _loses_a_degree():
    """Whether "svd" divides by rows minus one, as it did up to scikit-learn 1.7."""
    X, y = [[0.0], [2.0], [10.0], [12.0]], [0, 0, 1, 1]
    fitted = QuadraticDiscriminantAnalysis().fit(X, y)
    return fitted.scalings_[0][0] > 1.5  # it is 1 with rows, and 2 with one row less
