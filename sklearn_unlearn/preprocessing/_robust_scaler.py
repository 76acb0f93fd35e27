"""Scaling by medians and quantiles that unlearns exactly."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from scipy.stats import norm
from sklearn.preprocessing import RobustScaler

from sklearn_unlearn.preprocessing._counted import CountedValues
from sklearn_unlearn.preprocessing._rescaling import rescaled
from sklearn_unlearn.sufficient_statistics import Learned


class UnlearnableRobustScaler(CountedValues):
    """Scaling by medians and quantiles that unlearns rows, values and columns.

    A twin of :class:`sklearn.preprocessing.RobustScaler`. Requests are exact: every
    distinct value of a column is kept with the number of its rows, so that memory and
    the time of a request grow with them. Outputs of all other rows change by an affine
    map.

    Parameters
    ----------
    with_centering : bool, default=True
        Whether medians are subtracted; sparse rows are taken without.
    with_scaling : bool, default=True
        Whether outputs are divided by the range between two quantiles.
    quantile_range : tuple (q_min, q_max), default=(25.0, 75.0)
        Which ones, in percent.
    copy : bool, default=True
        If False, ``transform`` tries to work in place.
    unit_variance : bool, default=False
        Whether normally distributed columns have a variance of one afterwards.

    Attributes
    ----------
    center_ : ndarray of shape (n_columns,) or None
        Medians of the columns that are not forgotten; missing values do not count.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had string column names.
    scale_ : ndarray of shape (n_columns,) or None

    Examples
    --------
    >>> from sklearn_unlearn import UnlearnableRobustScaler
    >>> scaler = UnlearnableRobustScaler().fit([[1.0], [2.0], [3.0], [90.0]])
    >>> scaler.partial_unfit([[90.0]]).transform([[5.0]])
    array([[3.]])
    """

    _twin_class = RobustScaler

    center_ = Learned()
    scale_ = Learned()

    def __init__(
        self,
        *,
        with_centering: bool = True,
        with_scaling: bool = True,
        quantile_range: Any = (25.0, 75.0),
        copy: bool = True,
        unit_variance: bool = False,
    ) -> None:
        self.with_centering = with_centering
        self.with_scaling = with_scaling
        self.quantile_range = quantile_range
        self.copy = copy
        self.unit_variance = unit_variance

    # Hooks --------------------------------------------------------------------------

    def _tags(self, estimator):
        tags = super()._tags(estimator)
        centres = estimator.with_centering
        tags.input_tags.sparse = isinstance(centres, (bool, np.bool_)) and not centres
        return tags

    def _fill(self, estimator, statistics):
        # RobustScaler.fit
        dtype = np.result_type(*statistics.held)
        n_columns = len(statistics.values)
        estimator.fit(np.zeros((1, n_columns), dtype=dtype))
        columns = [statistics.spelt_out(place, dtype) for place in range(n_columns)]
        if estimator.with_centering:
            estimator.center_ = np.array(
                [np.median(column) if column.size else np.nan for column in columns],
                dtype=dtype,
            )
        if estimator.with_scaling:
            # of no values as of missing ones, so that the dtype is the twin's too
            missing = np.full(1, np.nan, dtype=dtype)
            with warnings.catch_warnings(action="ignore", category=RuntimeWarning):
                quantiles = [
                    np.nanpercentile(
                        column if column.size else missing, estimator.quantile_range
                    )
                    for column in columns
                ]
            scale = np.subtract(*np.transpose(quantiles)[::-1])
            scale[scale < 10.0 * np.finfo(scale.dtype).eps] = 1.0
            if estimator.unit_variance:
                low, high = (norm.ppf(q / 100.0) for q in estimator.quantile_range)
                scale = scale / (high - low)
            estimator.scale_ = scale

    def _output_map(self, before, after, others):
        old, new = before.sklearn_estimator, after.sklearn_estimator
        centres = (old.center_, new.center_) if old.with_centering else None
        scales = (old.scale_, new.scale_) if old.with_scaling else None
        return rescaled(before, after, centres, scales)
