"""Principal components that unlearn exactly."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from scipy.linalg import eigh
from sklearn.decomposition import PCA

from sklearn_unlearn.core.affine import AffineMap
from sklearn_unlearn.core.statistics.moments import Moments
from sklearn_unlearn.exceptions import ProblemTooLargeError, UnlearningError
from sklearn_unlearn.sufficient_statistics import (
    InvertibleMixin,
    Learned,
    UnlearnableTransformer,
)

#: Entries of the covariance matrix; their exact sums take some 72 bytes each.
LARGEST = 2**26
#: Share of the largest variance that is rounding.
_NONE = 1e-12
#: What outputs are made with.
_MAP = ("components_", "mean_", "explained_variance_")


class UnlearnablePCA(InvertibleMixin, UnlearnableTransformer):
    """Principal components that unlearn rows, values and columns.

    A twin of :class:`sklearn.decomposition.PCA`. Sums of all products of two columns
    are kept without rounding: after a request, the components are those of the
    covariance matrix of the rows that are left, however few of them are kept. Memory
    grows with the square of the number of columns.

    With all components, outputs of all other rows change by an affine map. Of fewer,
    nothing is known of what the rows have in the directions that were left out, which
    the new components have a part of: outputs have to be computed again.

    Parameters
    ----------
    n_components : int or float, default=None
        How many components are kept, or which share of the variance they explain at
        least; all by default. "mle" is refused.
    copy : bool, default=True
        If False, ``transform`` may work in place.
    whiten : bool, default=False
        Whether outputs are scaled to unit variance.
    svd_solver : {"auto", "full", "covariance_eigh", "arpack", "randomized"}, \
            default="auto"
        Checked and otherwise ignored: the eigenvectors of the covariance matrix are
        always computed, to full accuracy.
    tol, iterated_power, n_oversamples, power_iteration_normalizer, random_state
        Checked and otherwise ignored.

    Attributes
    ----------
    components_ : ndarray of shape (n_kept, n_columns)
        Of the columns that are not forgotten.
    explained_variance_ : ndarray of shape (n_kept,)
    explained_variance_ratio_ : ndarray of shape (n_kept,)
    mean_ : ndarray of shape (n_columns,)
    n_components_ : int
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had string column names.
    n_samples_ : int
    noise_variance_ : float
    singular_values_ : ndarray of shape (n_kept,)

    Notes
    -----
    Variances far below the largest one have its rounding error, as always when a
    covariance matrix is decomposed and not the rows.

    Examples
    --------
    >>> from sklearn_unlearn import UnlearnablePCA
    >>> pca = UnlearnablePCA().fit([[1.0, 0.0], [2.0, 0.0], [4.0, 0.0], [0.0, 50.0]])
    >>> pca.partial_unfit([[0.0, 50.0]]).explained_variance_
    array([2.33, 0.  ])
    """

    _twin_class = PCA

    components_ = Learned()
    explained_variance_ = Learned()
    explained_variance_ratio_ = Learned()
    mean_ = Learned()
    n_components_ = Learned()
    n_samples_ = Learned()
    noise_variance_ = Learned()
    singular_values_ = Learned()

    def __init__(
        self,
        n_components: float | None = None,
        *,
        copy: bool = True,
        whiten: bool = False,
        svd_solver: str = "auto",
        tol: Any = 0.0,
        iterated_power: Any = "auto",
        n_oversamples: Any = 10,
        power_iteration_normalizer: Any = "auto",
        random_state: Any = None,
    ) -> None:
        self.n_components = n_components
        self.copy = copy
        self.whiten = whiten
        self.svd_solver = svd_solver
        self.tol = tol
        self.iterated_power = iterated_power
        self.n_oversamples = n_oversamples
        self.power_iteration_normalizer = power_iteration_normalizer
        self.random_state = random_state

    def get_covariance(self) -> np.ndarray:
        """Covariance matrix of the model.

        Returns
        -------
        ndarray of shape (n_columns, n_columns)
        """
        return self._checked().sklearn_estimator.get_covariance()

    def get_precision(self) -> np.ndarray:
        """Inverse of the covariance matrix of the model.

        Returns
        -------
        ndarray of shape (n_columns, n_columns)
        """
        return self._checked().sklearn_estimator.get_precision()

    # Hooks --------------------------------------------------------------------------

    def _check_parameters(self, params):
        number = params["n_components"]
        if isinstance(number, str) and number == "mle":
            raise ValueError(
                "n_components='mle' is not supported. Pass a number or a share."
            )
        if number is None:
            return
        share = isinstance(number, Real) and 0.0 < float(number) < 1.0
        if not share and (not isinstance(number, Integral) or number < 0):
            raise ValueError(
                "n_components must be an integer, a share of the variance between 0 "
                f"and 1, or None; got {number!r}."
            )

    def _tags(self, estimator):
        tags = super()._tags(estimator)
        tags.input_tags.sparse = False
        tags.transformer_tags.preserves_dtype = ["float64"]
        return tags

    def _collect(self, rows, y, weight, params):
        if rows.shape[1] ** 2 > LARGEST:
            raise ProblemTooLargeError(
                f"The covariance matrix of {rows.shape[1]} columns of X has more than "
                f"{LARGEST} entries. Take fewer columns."
            )
        return Moments.of(rows, weight, "pairs")

    def _fill(self, estimator, statistics):
        n_rows = int(statistics.rows.weight.rounded()[0])
        if n_rows < 2:
            raise UnlearningError("Found 1 sample; principal components need two.")
        given = estimator.n_components
        # checks parameters
        estimator.set_params(n_components=None).fit(np.diag([1.0, 2.0, 3.0, 4.0]))
        estimator.set_params(n_components=given)
        variance, components = principal(statistics.rows.scatter()[0] / (n_rows - 1))
        n_columns = variance.size
        n_most = min(n_rows, n_columns)
        if estimator.svd_solver != "covariance_eigh":
            variance, components = variance[:n_most], components[:n_most]
        ratio = variance / (variance.sum() or 1.0)
        kept = _number(given, ratio, n_most, estimator.svd_solver)
        estimator.n_features_in_, estimator.n_samples_, estimator.n_components_ = (
            n_columns,
            n_rows,
            kept,
        )
        estimator.mean_ = statistics.mean()
        rest = variance[kept:]
        estimator.noise_variance_ = rest.mean() if kept < n_most else 0.0
        estimator.components_, estimator.explained_variance_ = (
            components[:kept],
            variance[:kept],
        )
        estimator.explained_variance_ratio_ = ratio[:kept]
        estimator.singular_values_ = np.sqrt(variance[:kept] * (n_rows - 1))

    def _output_map(self, before, after, others):
        old, new = before.sklearn_estimator, after.sklearn_estimator
        pairs = [(getattr(old, name), getattr(new, name)) for name in _MAP]
        if all(np.array_equal(one, other) for one, other in pairs):
            return AffineMap.unchanged(old.n_components_)
        scale, scale_new = _scales(old), _scales(new)
        complete = old.n_components_ >= min(old.n_samples_, old.mean_.size)
        if not complete or np.any(scale == 0.0):
            return AffineMap.unknown(old.n_components_, new.n_components_)
        # from outputs back to rows, and from those to the new outputs
        kept = before.kept_by(after)
        forwards = new.components_ * scale_new[:, None]
        linear = forwards @ (old.components_[:, kept].T / scale)
        shift = forwards @ (old.mean_[kept] - new.mean_)
        return AffineMap(linear, shift, np.ones(shift.size, dtype=bool))


def principal(covariance):
    """Eigenvalues of a matrix, largest first, and eigenvectors as rows."""
    values, vectors = eigh(covariance)
    values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1].T
    # as sklearn.utils.extmath.svd_flip: the largest entry of each is positive
    largest = np.abs(vectors).argmax(axis=1)
    signs = np.sign(vectors[np.arange(values.size), largest])
    return values, vectors * signs[:, None]


def _number(given, ratio, n_most, solver):
    """How many components are kept."""
    if given is None:
        return n_most - (solver == "arpack")
    if 0.0 < given < 1.0:
        return int(np.searchsorted(np.cumsum(ratio), given, side="right")) + 1
    if given > n_most - (solver == "arpack"):
        raise UnlearningError(
            f"n_components={given!r} is more than the {n_most} components of as many "
            "rows or columns."
        )
    return int(given)


def _scales(estimator):
    """What outputs are multiplied by; zero if they do not vary and are to be scaled."""
    variance = estimator.explained_variance_
    if not estimator.whiten:
        return np.ones(variance.size)
    there = variance > _NONE * variance.max(initial=0.0)
    return np.where(there, 1.0 / np.sqrt(np.where(there, variance, 1.0)), 0.0)
