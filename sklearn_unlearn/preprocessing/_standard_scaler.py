"""Standardisation that unlearns exactly."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any, Self

import numpy as np
from sklearn.preprocessing import StandardScaler

from sklearn_unlearn.core.statistics.moments import Moments
from sklearn_unlearn.preprocessing._rescaling import rescaled
from sklearn_unlearn.sufficient_statistics import (
    InvertibleMixin,
    Learned,
    UnlearnableTransformer,
)


@cache
def _dtype_of_counts(with_mean, with_std):
    """Of ``n_samples_seen_`` without weights, which depends on the release."""
    estimator = StandardScaler(with_mean=with_mean, with_std=with_std)
    return np.asarray(estimator.fit(np.zeros((1, 1))).n_samples_seen_).dtype


class UnlearnableStandardScaler(InvertibleMixin, UnlearnableTransformer):
    """Standardisation that unlearns rows, values and columns.

    A twin of :class:`sklearn.preprocessing.StandardScaler`. Requests are exact: sums
    are kept without rounding, so that a row that leaves leaves no trace. Outputs of all
    other rows change by an affine map.

    Parameters
    ----------
    copy : bool, default=True
        If False, ``transform`` tries to work in place.
    with_mean : bool, default=True
        Whether to centre columns; sparse rows cannot be centred.
    with_std : bool, default=True
        Whether to scale columns to unit variance. A column that does not vary has
        scale 1.

    Attributes
    ----------
    mean_ : ndarray of shape (n_columns,) or None
        Of the columns that are not forgotten; missing values do not count.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had string column names.
    n_samples_seen_ : int, float or ndarray of shape (n_columns,)
        Summed weights of the values that are not missing, one number if they are all
        the same; if they are whole, integers where the twin has such.
    scale_ : ndarray of shape (n_columns,) or None
    var_ : ndarray of shape (n_columns,) or None

    Examples
    --------
    >>> from sklearn_unlearn import UnlearnableStandardScaler
    >>> scaler = UnlearnableStandardScaler().fit([[1.0], [3.0], [1000.0]])
    >>> scaler.partial_unfit([[1000.0]]).transform([[5.0]])
    array([[3.]])
    """

    _accepts = UnlearnableTransformer._accepts | {"sample_weight"}
    _twin_class = StandardScaler
    _columnwise = True
    _maps_all_rows = True

    mean_ = Learned()
    n_samples_seen_ = Learned()
    scale_ = Learned()
    var_ = Learned()

    def __init__(
        self, *, copy: bool = True, with_mean: bool = True, with_std: bool = True
    ) -> None:
        self.copy = copy
        self.with_mean = with_mean
        self.with_std = with_std

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Fit the transformer.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or DataBlocks
            NaN is a missing value.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,) or float, optional
            Rows of weight zero are none.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a parameter or the data are invalid.
        """
        return self._fit(X, sample_weight=sample_weight)

    # as the twin's, which has no classes
    def partial_fit(  # type: ignore[override]
        self, X: Any, y: Any = None, sample_weight: Any = None
    ) -> Self:
        """Learn rows: the transformer as if it had been fitted on them too.

        On an unfitted transformer this is ``fit``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_rows, n_features)
        y : None
            Ignored.
        sample_weight : array-like of shape (n_rows,) or float, optional
            Weights; None means 1 for each row.

        Returns
        -------
        self : object

        Raises
        ------
        UnlearningError
            A subclass says why the request was refused; the transformer is unchanged.
        """
        return super().partial_fit(X, y, sample_weight=sample_weight)

    def transform(self, X: Any, copy: bool | None = None) -> Any:
        """Centred and scaled rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Columns that are forgotten may be absent.
        copy : bool, optional
            Whether X stays as it is; the parameter ``copy`` by default.

        Returns
        -------
        {ndarray, sparse matrix} of shape (n_samples, n_columns)
        """
        return self._transform(X, copy=copy)

    def inverse_transform(self, X: Any, copy: bool | None = None) -> Any:
        """Rows on their original scale, in the columns that are not forgotten.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_columns)
        copy : bool, optional
            Whether X stays as it is; the parameter ``copy`` by default.

        Returns
        -------
        {ndarray, sparse matrix} of shape (n_samples, n_columns)
        """
        return self._checked().sklearn_estimator.inverse_transform(X, copy=copy)

    # Hooks --------------------------------------------------------------------------

    def _tags(self, estimator):
        tags = super()._tags(estimator)
        # scikit-learn 1.6 does not set it
        with_mean = estimator.with_mean
        tags.input_tags.sparse = isinstance(with_mean, (bool, np.bool_)) and (
            not with_mean
        )
        return tags

    def _collect(self, rows, y, weight, params):
        return Moments.of(rows, weight, "columns" if params["with_std"] else "none")

    def _fill(self, estimator, statistics):
        estimator.fit(np.zeros((1, statistics.observed().size)))
        self._set_moments(estimator, statistics)

    def _refill(self, before, statistics):
        estimator = copy.copy(before.sklearn_estimator)
        self._set_moments(estimator, statistics)
        return estimator

    def _set_moments(self, estimator, statistics):
        # StandardScaler.partial_fit
        size, mean = statistics.observed(), statistics.mean()
        estimator.mean_ = mean if estimator.with_mean or estimator.with_std else None
        counts = size
        if np.all(size == np.rint(size)):
            counts = size.astype(
                _dtype_of_counts(estimator.with_mean, estimator.with_std)
            )
        estimator.n_samples_seen_ = counts[0] if np.all(counts == counts[0]) else counts
        if estimator.with_std:
            variance = statistics.variance()
            eps = np.finfo(np.float64).eps
            bound = size * eps * variance + (size * mean * eps) ** 2
            estimator.var_ = variance
            estimator.scale_ = np.where(variance <= bound, 1.0, np.sqrt(variance))

    def _output_map(self, before, after, others):
        old, new = before.sklearn_estimator, after.sklearn_estimator
        centres = (old.mean_, new.mean_) if old.with_mean else None
        scales = (old.scale_, new.scale_) if old.with_std else None
        return rescaled(before, after, centres, scales)
