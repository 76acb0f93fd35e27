"""Ordinal encoding that unlearns exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.preprocessing import OrdinalEncoder

from sklearn_unlearn.core.affine import AffineMap
from sklearn_unlearn.core.statistics.counts import Missing
from sklearn_unlearn.preprocessing._categories import CategoryEncoder, groups_of


class UnlearnableOrdinalEncoder(CategoryEncoder):
    """Ordinal encoding that unlearns rows, values and columns.

    A twin of :class:`sklearn.preprocessing.OrdinalEncoder`. Requests are exact: the
    rows of each category are counted, and a category that has none left is not kept
    anywhere. The codes of the categories after it become smaller by one: outputs of all
    other rows stay as they are if it was the last, and change by a shift if it was the
    first. A category that vanishes from between others leaves outputs that are no
    affine function of what they were.

    Parameters
    ----------
    categories : "auto" or list of array-like, default="auto"
        Categories of each column; "auto" takes those that rows have.
    dtype : number type, default=float
        Of the outputs.
    handle_unknown : {"error", "use_encoded_value"}, default="error"
        What ``transform`` does with a category that no row has.
    unknown_value : int or nan, default=None
        The code of such a category.
    encoded_missing_value : int or nan, default=nan
        The code of missing values.
    min_frequency : int or float, default=None
        Categories of fewer rows, or of a smaller share of them, are taken together. As
        many rows as there are, are then made up for a moment by each request.
    max_categories : int, default=None
        Categories beyond so many, the rarest, are taken together.

    Attributes
    ----------
    categories_ : list of ndarray
        Of the columns that are not forgotten.
    infrequent_categories_ : list of ndarray or None
        Those that are taken together, if there may be any.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had string column names.

    Examples
    --------
    >>> from sklearn_unlearn import UnlearnableOrdinalEncoder
    >>> encoder = UnlearnableOrdinalEncoder().fit([["low"], ["high"], ["exact"]])
    >>> encoder.partial_unfit([["exact"]]).transform([["low"], ["high"]])
    array([[1.],
           [0.]])
    """

    _twin_class = OrdinalEncoder

    def __init__(
        self,
        *,
        categories: Any = "auto",
        dtype: Any = np.float64,
        handle_unknown: str = "error",
        unknown_value: Any = None,
        encoded_missing_value: Any = np.nan,
        min_frequency: float | None = None,
        max_categories: int | None = None,
    ) -> None:
        self.categories = categories
        self.dtype = dtype
        self.handle_unknown = handle_unknown
        self.unknown_value = unknown_value
        self.encoded_missing_value = encoded_missing_value
        self.min_frequency = min_frequency
        self.max_categories = max_categories

    # Hooks --------------------------------------------------------------------------

    def _output_map(self, before, after, others):
        kept = before.kept_by(after)
        scale, shift = np.ones(kept.size), np.zeros(kept.size)
        known = np.ones(kept.size, dtype=bool)
        if after.sklearn_estimator is before.sklearn_estimator:
            return AffineMap.unchanged(kept.size)
        for column, source in enumerate(kept):
            old, new = (
                _codes(before.sklearn_estimator, source),
                _codes(after.sklearn_estimator, column),
            )
            if old == new:
                continue
            # of what is in no category that was given, codes stay as they are
            present = [key for key in others.values[column] if key in old]
            pairs = [(old[key], new[key]) for key in present]
            if len(present) < len(others.values[column]):
                pairs.append((before.sklearn_estimator.unknown_value,) * 2)
            line = _line(np.array(pairs, dtype=np.float64).reshape(-1, 2))
            known[column] = line is not None
            scale[column], shift[column] = line or (1.0, 0.0)
        n_old = len(before.sklearn_estimator.categories_)
        return AffineMap.of_columns(n_old, kept, scale, shift, known)


def _codes(estimator, column):
    codes = groups_of(estimator, column)
    if Missing.NAN in codes:
        codes[Missing.NAN] = estimator.encoded_missing_value
    return codes


def _line(pairs):
    """Slope and intercept of a line on which all pairs lie, if there is one."""
    pairs = pairs[~np.isnan(pairs).any(axis=1)]  # NaN goes to NaN
    if np.array_equal(pairs[:, 0], pairs[:, 1]):
        return 1.0, 0.0
    (x0, y0), (x1, y1) = pairs[pairs[:, 0].argmin()], pairs[pairs[:, 0].argmax()]
    slope = 1.0 if x0 == x1 else (y1 - y0) / (x1 - x0)
    intercept = y0 - slope * x0
    miss = np.abs(slope * pairs[:, 0] + intercept - pairs[:, 1])
    return (slope, intercept) if np.all(miss < 1e-6) else None
