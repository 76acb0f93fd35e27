"""Linear discriminant analysis that unlearns exactly."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from scipy import linalg
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from sklearn_unlearn.discriminant_analysis._base import (
    Discriminant,
    covariances,
    pairs_of_rows,
    shrunk,
)
from sklearn_unlearn.sufficient_statistics import Learned


class UnlearnableLinearDiscriminantAnalysis(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, Discriminant
):
    """Linear discriminant analysis that unlearns rows, values, labels and columns.

    A twin of :class:`sklearn.discriminant_analysis.LinearDiscriminantAnalysis`.
    Requests are exact: sums are kept without rounding, so that a row that leaves leaves
    no trace. The model is computed from these sums and not from rows: the singular
    values of the solver "svd" are roots of eigenvalues.

    Parameters
    ----------
    solver : {"svd", "lsqr", "eigen"}, default="svd"
    shrinkage : float, default=None
        Between 0 and 1, for "lsqr" and "eigen". "auto" is refused: it needs fourth
        moments.
    priors : array-like of shape (n_classes,), default=None
        Probabilities of the classes; those of the data by default.
    n_components : int, default=None
        For `transform`; by default ``min(n_classes - 1, n_columns)``.
    store_covariance : bool, default=False
        Whether "svd" stores ``covariance_`` too.
    tol : float, default=1e-4
        Singular values that are not larger do not count, for "svd"; nor do those
        below about 1e-8 of the largest, whatever ``tol``.
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
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Zero for columns that are forgotten; all else is without them.
    covariance_ : ndarray of shape (n_columns, n_columns)
        Weighted covariance within the classes.
    explained_variance_ratio_ : ndarray of shape (n_components,)
        For "svd" and "eigen".
    intercept_ : ndarray of shape (1,) or (n_classes,)
    means_ : ndarray of shape (n_classes, n_columns)
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had string column names.
    priors_ : ndarray of shape (n_classes,)
    scalings_ : ndarray of shape (n_columns, n_directions)
        For "svd" and "eigen"; each column up to its sign.
    xbar_ : ndarray of shape (n_columns,)
        For "svd".

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_unlearn import UnlearnableLinearDiscriminantAnalysis
    >>> X, y = load_iris(return_X_y=True)
    >>> lda = UnlearnableLinearDiscriminantAnalysis().fit(X, y)
    >>> lda = lda.partial_unfit(X[:9], y[:9])
    >>> refit = UnlearnableLinearDiscriminantAnalysis().fit(X[9:], y[9:])
    >>> bool(np.array_equal(lda.coef_, refit.coef_))
    True
    """

    _twin_class = LinearDiscriminantAnalysis

    explained_variance_ratio_ = Learned()
    intercept_ = Learned()
    xbar_ = Learned()

    def __init__(
        self,
        solver: str = "svd",
        shrinkage: float | None = None,
        priors: Any = None,
        n_components: int | None = None,
        store_covariance: bool = False,
        tol: float = 1e-4,
        covariance_estimator: Any = None,
        *,
        retain_data: bool = False,
    ) -> None:
        self.solver = solver
        self.shrinkage = shrinkage
        self.priors = priors
        self.n_components = n_components
        self.store_covariance = store_covariance
        self.tol = tol
        self.covariance_estimator = covariance_estimator
        self.retain_data = retain_data

    @property
    def coef_(self) -> Any:
        """Coefficients, zero where forgotten."""
        return self._widen("coef_")

    @property
    def _n_features_out(self):
        return len(self._learned.sklearn_estimator.get_feature_names_out())

    def transform(self, X: Any) -> np.ndarray:
        """Rows in the directions that separate the classes best.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_components)
            Fewer columns where the rank is less.

        Raises
        ------
        NotImplementedError
            With the solver "lsqr", which has no directions.
        """
        return self._asked("transform", X)

    # Hooks --------------------------------------------------------------------------

    def _example(self, classes, n_columns, params):
        return pairs_of_rows(classes, min(n_columns, max(classes.size - 1, 1)))

    def _fit_example(self, classes, n_columns, params):
        # the rows of the example have no full rank, which "lsqr" alone puts up with
        if isinstance(params["solver"], str) and params["solver"] == "eigen":
            estimator = super()._fit_example(
                classes, n_columns, {**params, "solver": "lsqr"}
            )
            return estimator.set_params(solver="eigen")
        return super()._fit_example(classes, n_columns, params)

    def _fill(self, estimator, statistics, params, before):
        # LinearDiscriminantAnalysis.fit
        sums = statistics.classes
        size = sums.weight.rounded()
        n_rows, n_classes = size.sum(), size.size
        if n_rows == n_classes:
            raise ValueError(
                "The number of samples must be more than the number of classes."
            )
        if estimator.priors is None:
            estimator.priors_ = size / n_rows
        estimator.means_ = sums.mean()
        if estimator.solver != "svd" or estimator.store_covariance:
            each = [shrunk(part, estimator.shrinkage) for part in covariances(sums)]
            estimator.covariance_ = np.tensordot(estimator.priors_, each, 1)
        if estimator.solver == "svd":
            _solve_svd(estimator, sums, n_rows)
        elif estimator.solver == "lsqr":
            coef, *_ = linalg.lstsq(estimator.covariance_, estimator.means_.T)
            estimator.coef_ = coef.T
        else:
            total = covariances(sums.pooled())[0]
            _solve_eigen(estimator, shrunk(total, estimator.shrinkage))
        if estimator.solver != "svd":
            squares = np.sum(estimator.means_ * estimator.coef_, axis=1)
            estimator.intercept_ = -0.5 * squares + np.log(estimator.priors_)
        if n_classes == 2:
            estimator.coef_ = estimator.coef_[1:] - estimator.coef_[:1]
            estimator.intercept_ = estimator.intercept_[1:] - estimator.intercept_[:1]


def _solve_eigen(estimator, total):
    """LinearDiscriminantAnalysis._solve_eigen."""
    between = total - estimator.covariance_
    try:
        values, vectors = linalg.eigh(between, estimator.covariance_)
    except np.linalg.LinAlgError as error:
        raise np.linalg.LinAlgError(
            "The covariance within the classes is singular, which solver='eigen' "
            "cannot do with. Set shrinkage, or solver='svd'."
        ) from error
    n_components = len(estimator.get_feature_names_out())
    ratio = np.sort(values / np.sum(values))[::-1]
    estimator.explained_variance_ratio_ = ratio[:n_components].copy()
    estimator.scalings_ = vectors[:, np.argsort(values)[::-1]]
    estimator.coef_ = estimator.means_ @ estimator.scalings_ @ estimator.scalings_.T


def _solve_svd(estimator, sums, n_rows):
    """LinearDiscriminantAnalysis._solve_svd, from the scatter within the classes."""
    n_classes, n_columns = estimator.means_.shape
    estimator.xbar_ = estimator.priors_ @ estimator.means_
    within = sums.scatter().sum(axis=0)
    deviation = np.sqrt(np.maximum(np.diagonal(within), 0.0) / n_rows)
    deviation[deviation == 0.0] = 1.0
    degrees = n_rows - n_classes if _loses_degrees() else n_rows
    scaled = within / np.outer(deviation, deviation) / degrees
    values, vectors = linalg.eigh(scaled)
    values, vectors = values[::-1], vectors[:, ::-1]
    singular = np.sqrt(np.maximum(values, 0.0))
    noise = n_columns * np.finfo(np.float64).eps * values[0]
    rank = np.count_nonzero((singular > estimator.tol) & (values > noise))
    if not rank:
        raise ValueError(
            "No column of X varies within a class by more than tol, or by enough for "
            "a square that is a float, which that of 1e-162 is not: scale it."
        )
    scalings = vectors[:, :rank] / deviation[:, None] / singular[:rank]
    share = np.sqrt(n_rows * estimator.priors_ / (n_classes - 1))
    centres = (share[:, None] * (estimator.means_ - estimator.xbar_)) @ scalings
    _, singular, vectors = linalg.svd(centres, full_matrices=False)
    n_components = len(estimator.get_feature_names_out())
    ratio = singular**2 / np.sum(singular**2)
    estimator.explained_variance_ratio_ = ratio[:n_components].copy()
    rank = np.count_nonzero(singular > estimator.tol * singular[0])
    estimator.scalings_ = scalings @ vectors.T[:, :rank]
    coef = (estimator.means_ - estimator.xbar_) @ estimator.scalings_
    estimator.intercept_ = -0.5 * np.sum(coef**2, axis=1) + np.log(estimator.priors_)
    estimator.coef_ = coef @ estimator.scalings_.T
    estimator.intercept_ -= estimator.xbar_ @ estimator.coef_.T


@cache
def _loses_degrees():
    """Whether "svd" divides by rows minus classes, as it did up to scikit-learn 1.7."""
    X, y = [[0.0], [2.0], [10.0], [12.0]], [0, 0, 1, 1]
    scale = abs(LinearDiscriminantAnalysis().fit(X, y).scalings_[0, 0])
    return scale < 0.9  # it is 1 with rows, and the root of 1/2 with degrees of freedom
