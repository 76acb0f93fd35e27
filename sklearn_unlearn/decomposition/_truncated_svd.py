"""Singular vectors that unlearn exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.decomposition import TruncatedSVD

from sklearn_unlearn.core.affine import AffineMap
from sklearn_unlearn.core.statistics.moments import Moments
from sklearn_unlearn.decomposition._pca import LARGEST, principal
from sklearn_unlearn.exceptions import ProblemTooLargeError, UnlearningError
from sklearn_unlearn.sufficient_statistics import (
    InvertibleMixin,
    Learned,
    UnlearnableTransformer,
)

#: Columns up to which sums of their products cost less than a refit of the twin.
_FEW = 200


class UnlearnableTruncatedSVD(InvertibleMixin, UnlearnableTransformer):
    """Singular vectors of the rows that unlearn rows, values and columns.

    A twin of :class:`sklearn.decomposition.TruncatedSVD`. Sums of all products of two
    columns are kept without rounding: after a request the vectors are those of the rows
    that are left, to full accuracy. Memory grows with the square of the number of
    columns and time with its cube, so that this is for tables: of texts, a refit of the
    twin takes less. `unlearnable` makes one of a twin with ``algorithm="arpack"`` that
    was fitted on up to 200 columns; others it has fitted again.

    Outputs of other rows have to be computed again, which a pipeline does that retains
    data.

    Parameters
    ----------
    n_components : int, default=2
    algorithm : {"randomized", "arpack"}, default="randomized"
        The vectors are always computed to full accuracy. Those of a twin that draws at
        random differ from them, where singular values fall slowly.
    n_iter, n_oversamples, power_iteration_normalizer, random_state, tol
        Checked and otherwise ignored.

    Attributes
    ----------
    components_ : ndarray of shape (n_components, n_columns)
        Of the columns that are not forgotten.
    explained_variance_ : ndarray of shape (n_components,)
    explained_variance_ratio_ : ndarray of shape (n_components,)
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had string column names.
    singular_values_ : ndarray of shape (n_components,)

    Examples
    --------
    >>> from sklearn_unlearn import UnlearnableTruncatedSVD
    >>> svd = UnlearnableTruncatedSVD(1).fit([[3.0, 0.0], [4.0, 0.0], [0.0, 50.0]])
    >>> svd.partial_unfit([[0.0, 50.0]]).singular_values_
    array([5.])
    """

    _twin_class = TruncatedSVD

    components_ = Learned()
    explained_variance_ = Learned()
    explained_variance_ratio_ = Learned()
    singular_values_ = Learned()

    def __init__(
        self,
        n_components: int = 2,
        *,
        algorithm: str = "randomized",
        n_iter: Any = 5,
        n_oversamples: Any = 10,
        power_iteration_normalizer: Any = "auto",
        random_state: Any = None,
        tol: Any = 0.0,
    ) -> None:
        self.n_components = n_components
        self.algorithm = algorithm
        self.n_iter = n_iter
        self.n_oversamples = n_oversamples
        self.power_iteration_normalizer = power_iteration_normalizer
        self.random_state = random_state
        self.tol = tol

    # Hooks --------------------------------------------------------------------------

    @classmethod
    def _refuses(cls, estimator):
        few = getattr(estimator, "n_features_in_", np.inf) <= _FEW
        return estimator.algorithm != "arpack" or not few

    def _tags(self, estimator):
        tags = super()._tags(estimator)
        tags.input_tags.sparse = True  # scikit-learn 1.6 does not set it
        tags.transformer_tags.preserves_dtype = ["float64"]
        return tags

    def _collect(self, rows, y, weight, params):
        n_columns = rows.shape[1]
        if n_columns**2 > LARGEST:
            raise ProblemTooLargeError(
                f"The products of {n_columns} columns of X are more than {LARGEST}. "
                "Take fewer columns, or RetrainedTransformer(TruncatedSVD(...))."
            )
        return Moments.of(rows, weight, "pairs")

    def _fill(self, estimator, statistics):
        # TruncatedSVD.fit_transform
        given = estimator.n_components
        valid = isinstance(given, int | np.integer) and given >= 1
        # checks parameters
        estimator.set_params(n_components=1 if valid else given)
        estimator.fit(np.diag([1.0, 2.0, 3.0, 4.0]))
        estimator.set_params(n_components=given)
        n_rows = int(statistics.rows.weight.rounded()[0])
        mean = statistics.mean()
        n_columns = mean.size
        if n_columns < 2:
            raise UnlearningError(
                f"X has {n_columns} feature(s), and singular vectors need two."
            )
        most = n_columns
        if estimator.algorithm == "arpack":
            most = min(n_rows, n_columns) - 1
        if given > most:
            raise UnlearningError(
                f"n_components={given} must be at most {most}, of {n_rows} rows and "
                f"{n_columns} columns."
            )
        kept = min(given, n_rows)
        squares, vectors = principal(statistics.rows.second.rounded()[0])
        squares, vectors = squares[:kept], vectors[:kept]
        estimator.n_features_in_ = n_columns
        estimator.components_ = vectors
        estimator.singular_values_ = np.sqrt(squares)
        variance = np.maximum(squares / n_rows - (vectors @ mean) ** 2, 0.0)
        estimator.explained_variance_ = variance
        with np.errstate(invalid="ignore"):
            ratio = variance / statistics.variance().sum()
        estimator.explained_variance_ratio_ = ratio

    def _output_map(self, before, after, others):
        old, new = (each.sklearn_estimator.components_ for each in (before, after))
        if np.array_equal(old, new):
            return AffineMap.unchanged(old.shape[0])
        return AffineMap.unknown(old.shape[0], new.shape[0])
