"""Encoders that know of each category of a column how many rows have it."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
from sklearn.utils import check_array

from sklearn_unlearn.core.statistics.counts import Counts, keys_of
from sklearn_unlearn.sufficient_statistics import (
    InvertibleMixin,
    Learned,
    UnlearnableTransformer,
)
from sklearn_unlearn.utils.raw_rows import RawRows
from sklearn_unlearn.utils.validation import check_names


class CategoryRows(UnlearnableTransformer):
    """A transformer of columns of categories, each read in its own dtype."""

    _columnwise = True
    _by_column: ClassVar[tuple[str, ...]] = ("categories",)

    categories_ = Learned()

    # Hooks --------------------------------------------------------------------------

    def _read(self, X, estimator, columns):
        rows = _single_columns(X)
        check_names(self, X, columns, self._tags(estimator))
        return rows

    def _read_first(self, X, estimator):
        rows = _single_columns(X)
        columns = check_names(self, X, None, self._tags(estimator))
        return rows, replace(columns, schema=RawRows.of(X).at_fit().schema)

    def _n_rows(self, rows):
        return rows[0].shape[0]

    def _outputs_of(self, fitted, read):
        return fitted.sklearn_estimator.transform(read.X)  # columns of one array each

    def _with_dtypes(self, estimator, counts):
        """Categories in the dtype of their column; several were one of objects."""
        for place, dtype in enumerate(counts.held):
            if estimator.categories_[place].dtype.kind == "O" and dtype.kind != "O":
                estimator.categories_[place] = estimator.categories_[place].astype(
                    dtype
                )


class CategoryEncoder(InvertibleMixin, CategoryRows):
    """An encoder that counts the rows of each category of each column.

    The twin is fitted on a few rows in which each of them occurs, or on as many as were
    counted if it groups infrequent ones.
    """

    infrequent_categories_ = Learned()

    # Hooks --------------------------------------------------------------------------

    def _collect(self, rows, y, weight, params):
        return Counts.of(rows)

    def _match(self, statistics, fitted):
        return statistics.like(fitted.statistics)

    def _fill(self, estimator, statistics):
        estimator.fit(statistics.examples(repeated=groups_infrequent(estimator)))
        self._with_dtypes(estimator, statistics)

    def _refill(self, before, statistics):
        taught = before.statistics
        if (
            groups_infrequent(before.sklearn_estimator)
            or taught.held != statistics.held
        ):
            return None
        pairs = zip(taught.values, statistics.values, strict=True)
        same = all(one.keys() == other.keys() for one, other in pairs)
        return before.sklearn_estimator if same else None


def groups_infrequent(estimator):
    """Whether categories of few rows are taken together."""
    return estimator.min_frequency is not None or estimator.max_categories is not None


def groups_of(estimator, column):
    """The place of each category of a column; infrequent ones share the last."""
    keys, rare = keys_of(estimator.categories_[column]), set()
    if groups_infrequent(estimator):
        infrequent = estimator.infrequent_categories_[column]
        rare = set() if infrequent is None else set(keys_of(infrequent))
    groups = {key: place for place, key in enumerate(k for k in keys if k not in rare)}
    return groups | dict.fromkeys(rare, len(groups))


def _single_columns(X):
    """Columns of X, each of its own dtype; strings of lists are objects."""
    # _BaseEncoder._check_X
    if hasattr(X, "iloc") and getattr(X, "ndim", 0) == 2:
        frame = [X.iloc[:, place] for place in range(X.shape[1])]
        # what has a dtype of NumPy's is validated in a tenth of the time as an array
        frame = [
            column.to_numpy() if isinstance(column.dtype, np.dtype) else column
            for column in frame
        ]
        return [
            check_array(column, ensure_2d=False, dtype=None, ensure_all_finite=False)
            for column in frame
        ]
    array = check_array(X, dtype=None, ensure_all_finite="allow-nan")
    if not hasattr(X, "dtype") and array.dtype.kind == "U":
        array = check_array(X, dtype=object, ensure_all_finite="allow-nan")
    return list(array.T)
