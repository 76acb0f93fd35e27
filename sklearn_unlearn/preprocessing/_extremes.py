"""Scaling by extreme values that unlearns, as long as enough of them are kept."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler

from sklearn_unlearn.core.affine import AffineMap
from sklearn_unlearn.core.arrays import is_sparse
from sklearn_unlearn.core.statistics.extremes import Extremes
from sklearn_unlearn.sufficient_statistics import (
    InvertibleMixin,
    Learned,
    UnlearnableTransformer,
)


class ExtremesScaler(InvertibleMixin, UnlearnableTransformer):
    """A scaler that keeps a bounded number of extreme values of each column."""

    _columnwise = True

    n_samples_seen_ = Learned()
    scale_ = Learned()

    # Hooks --------------------------------------------------------------------------

    def _check_parameters(self, params):
        number = params["n_extremes"]
        if not isinstance(number, Integral) or isinstance(number, bool) or number < 1:
            raise ValueError(f"n_extremes must be an integer above 0; got {number!r}.")

    def _settle(self, statistics, params):
        return statistics.trimmed(params["n_extremes"])


class UnlearnableMinMaxScaler(ExtremesScaler):
    """Scaling to a range that unlearns rows, values and columns.

    A twin of :class:`sklearn.preprocessing.MinMaxScaler`. Requests are exact. The
    `n_extremes` smallest and largest distinct values of each column are kept, with the
    number of their rows; the next one takes the place of an extreme that leaves. When
    all that are kept have left, and further rows remain, the request is refused: the
    scaler must be fitted again, which a pipeline that retains data does. Outputs of
    all other rows change by an affine map.

    Parameters
    ----------
    feature_range : tuple (min, max), default=(0, 1)
        Range of the outputs.
    copy : bool, default=True
        If False, ``transform`` tries to work in place.
    clip : bool, default=False
        Whether outputs of rows beyond the extremes are cut off.
    n_extremes : int, default=64
        Distinct values that are kept on either side of each column.

    Attributes
    ----------
    data_max_ : ndarray of shape (n_columns,)
        Of the columns that are not forgotten; missing values do not count.
    data_min_ : ndarray of shape (n_columns,)
    data_range_ : ndarray of shape (n_columns,)
    min_ : ndarray of shape (n_columns,)
        What is added to scaled values.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had string column names.
    n_samples_seen_ : int
    scale_ : ndarray of shape (n_columns,)

    Examples
    --------
    >>> from sklearn_unlearn import UnlearnableMinMaxScaler
    >>> scaler = UnlearnableMinMaxScaler().fit([[1.0], [3.0], [1000.0]])
    >>> scaler.partial_unfit([[1000.0]]).transform([[2.0]])
    array([[0.5]])
    """

    _twin_class = MinMaxScaler

    data_max_ = Learned()
    data_min_ = Learned()
    data_range_ = Learned()
    min_ = Learned()

    def __init__(
        self,
        feature_range: Any = (0, 1),
        *,
        copy: bool = True,
        clip: bool = False,
        n_extremes: int = 64,
    ) -> None:
        self.feature_range = feature_range
        self.copy = copy
        self.clip = clip
        self.n_extremes = n_extremes

    # Hooks --------------------------------------------------------------------------

    def _collect(self, rows, y, weight, params):
        return Extremes.of(rows, params["n_extremes"], smallest=True)

    def _fill(self, estimator, statistics):
        rows = np.stack([statistics.minima(), statistics.maxima()])
        known = ~np.isnan(rows[0])
        estimator.fit(np.where(known, rows, np.zeros((), dtype=rows.dtype)))
        for name in ("data_min_", "data_max_", "data_range_", "scale_", "min_"):
            value = getattr(estimator, name)
            setattr(estimator, name, np.where(known, value, np.nan).astype(value.dtype))
        estimator.n_samples_seen_ = statistics.n_rows

    def _output_map(self, before, after, others):
        kept, old, new = (
            before.kept_by(after),
            before.sklearn_estimator,
            after.sklearn_estimator,
        )
        with np.errstate(over="ignore", invalid="ignore"):
            ratio = new.scale_ / old.scale_[kept]
            shift = new.min_ - old.min_[kept] * ratio
        return AffineMap.scaled(old.scale_.shape[0], kept, ratio, shift)


class UnlearnableMaxAbsScaler(ExtremesScaler):
    """Scaling by the largest absolute value that unlearns rows, values and columns.

    A twin of :class:`sklearn.preprocessing.MaxAbsScaler`. Requests are exact. The
    `n_extremes` largest distinct absolute values of each column are kept, with the
    number of their rows; the next one takes the place of the largest when it leaves.
    When all that are kept have left, and further rows remain, the request is refused:
    the scaler must be fitted again, which a pipeline that retains data does. Outputs of
    all other rows are scaled.

    Parameters
    ----------
    copy : bool, default=True
        If False, ``transform`` tries to work in place.
    clip : bool, default=False
        Whether outputs of rows beyond the extremes are cut off, where the installed
        scikit-learn's twin can do that.
    n_extremes : int, default=64
        Distinct values that are kept of each column.

    Attributes
    ----------
    max_abs_ : ndarray of shape (n_columns,)
        Of the columns that are not forgotten; missing values do not count.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had string column names.
    n_samples_seen_ : int
    scale_ : ndarray of shape (n_columns,)

    Examples
    --------
    >>> from sklearn_unlearn import UnlearnableMaxAbsScaler
    >>> scaler = UnlearnableMaxAbsScaler().fit([[1.0], [-4.0], [1000.0]])
    >>> scaler.partial_unfit([[1000.0]]).transform([[2.0]])
    array([[0.5]])
    """

    _twin_class = MaxAbsScaler

    max_abs_ = Learned()

    def __init__(
        self, *, copy: bool = True, clip: bool = False, n_extremes: int = 64
    ) -> None:
        self.copy = copy
        self.clip = clip
        self.n_extremes = n_extremes

    # Hooks --------------------------------------------------------------------------

    def _check_parameters(self, params):
        super()._check_parameters(params)
        if params["clip"] and "clip" not in MaxAbsScaler().get_params():
            raise ValueError("clip=True needs a newer version of scikit-learn.")

    def _tags(self, estimator):
        tags = super()._tags(estimator)
        tags.input_tags.sparse = True  # scikit-learn 1.6 does not set it
        return tags

    def _collect(self, rows, y, weight, params):
        rows = sp.csc_array(rows) if is_sparse(rows) else rows
        return Extremes.of(abs(rows), params["n_extremes"], smallest=False)

    def _fill(self, estimator, statistics):
        largest = statistics.maxima()
        known = ~np.isnan(largest)
        estimator.fit(np.where(known, largest, np.zeros((), dtype=largest.dtype))[None])
        estimator.max_abs_ = largest
        estimator.scale_ = np.where(known, estimator.scale_, np.nan).astype(
            largest.dtype
        )
        estimator.n_samples_seen_ = statistics.n_rows

    def _output_map(self, before, after, others):
        kept, scale = before.kept_by(after), before.sklearn_estimator.scale_
        with np.errstate(over="ignore"):
            ratio = scale[kept] / after.sklearn_estimator.scale_
        return AffineMap.scaled(scale.shape[0], kept, ratio, np.zeros(kept.size))
