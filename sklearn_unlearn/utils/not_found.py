"""Explanations of a row that is not found among those that are retained."""

from __future__ import annotations

import numpy as np

from sklearn_unlearn.core.training_rows.nearest import ROUNDING, least_difference
from sklearn_unlearn.utils.schema import is_frame

#: Columns that are named.
_NAMED = 3


def explanation(retained, rows, origin, X, labels, named, numbers):
    """What to say of a row that is not found; no value is ever part of it.

    Parameters
    ----------
    retained : RetainedRows
    rows : Rows
        Of the request.
    origin : RawRows or None
    X : rows of any kind
        As the caller gave them.
    labels : ndarray or None
        What columns are called; None for their numbers, or what the origin calls them.
    named : tuple of ndarray, or None
        For rows that are also given by name: which of them each is, and where that is.
    numbers : ndarray of int
        What the caller calls the rows.

    Returns
    -------
    callable
        Of the position of a row.
    """

    def explain(lost):
        only = np.array([lost])
        asked = rows.take(only), None if origin is None else origin.take(only)
        where = retained.alive if named is None else named[1][named[0] == lost]
        near = least_difference(retained, *asked, where, ROUNDING)
        if near is None:
            return ""
        rounded = near.size == 0
        where = np.array([near.position]) if rounded else where
        near = least_difference(retained, *asked, where)
        columns = _Columns(retained.chunks[0], X, labels)
        if named is None and not rounded and not _small(near, columns.n_columns):
            return ""
        who = (
            "The closest one"
            if named is None
            else f"The one of row_ids[{numbers[lost]}]"
        )
        how = ", by rounding: pass values with all their digits" if rounded else ""
        return f" {who} differs {columns.of(near)}{how}."

    return explain


def _small(differing, n_columns):
    """Whether a difference is less than different people have."""
    if not differing.columns.size:
        return True
    return differing.size == 1 < n_columns or (
        differing.size <= _NAMED and 2 * differing.size <= n_columns
    )


class _Columns:
    """Columns of the retained rows, and of those of the request."""

    def __init__(self, chunk, X, labels):
        self._chunk, self._X, self._labels = chunk, X, labels

    @property
    def n_columns(self):
        """How many there are."""
        if self._chunk.origin is None:
            return self._chunk.rows.X.shape[1]
        return (*self._chunk.origin.shape, 1)[1]

    def of(self, differing):
        """In which columns something differs."""
        if not differing.columns.size:
            return "in y alone"
        columns = [self._one(place) for place in differing.columns[:_NAMED].tolist()]
        more = differing.columns.size - len(columns)
        if more:
            columns.append(f"{more} more")
        if differing.target:
            columns.append("y")
        if len(columns) == 1:
            return f"in column {columns[0]} alone"
        return f"in the columns {', '.join(columns[:-1])} and {columns[-1]}"

    def _one(self, place):
        """A column, and what it holds."""
        if self._chunk.origin is not None:
            name, dtype = self._chunk.origin.column_at(place)
        else:
            name, dtype = place, self._chunk.rows.X.dtype
        if self._labels is not None:
            name = self._labels[place]
        given = self._given(name)
        name = repr(str(name)) if isinstance(name, str) else str(name)
        if given is None or str(given) == str(dtype):
            return f"{name} ({dtype})"
        return f"{name} ({given} in X, {dtype} in the model)"

    def _given(self, name):
        """Dtype of a column of the request, if it has one."""
        X = self._X
        if is_frame(X):
            return X[name].dtype if name in list(X.columns) else None
        return getattr(X, "dtype", None)
