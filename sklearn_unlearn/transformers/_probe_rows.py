"""Rows whose content tells functions of single rows from those of several."""

from __future__ import annotations

from collections import Counter
from itertools import chain, zip_longest

import numpy as np

from sklearn_unlearn.core.arrays import is_sparse
from sklearn_unlearn.utils.values import is_missing

#: Columns that are looked at.
_COLUMNS = 256


def len_of(X):
    """Number of rows of any kind."""
    return X.shape[0] if hasattr(X, "shape") else len(X)


def as_objects(X):
    """A list of anything as an array of shape (n_rows,)."""
    return np.array([*X, None], dtype=object)[:-1]


def choose_probe_rows(X, n_rows):
    """Positions of rows with missing, extreme and rare values, then of any.

    Parameters
    ----------
    X : array-like, DataFrame, sparse matrix or list of str
    n_rows : int
        How many at most.

    Returns
    -------
    list of int
        None twice.
    """
    any_rows = np.linspace(0, len_of(X) - 1, min(len_of(X), n_rows)).astype(int)
    # by turns, so that no kind of rows crowds out the others
    kinds = [*zip_longest(*map(_of_column, _columns(X))), any_rows.tolist()]
    by_turns = chain.from_iterable(zip_longest(*kinds))
    return list(dict.fromkeys(row for row in by_turns if row is not None))[:n_rows]


def _columns(X):
    """Some columns, as arrays; of sparse rows sums over each row."""
    if is_sparse(X):
        return [_dense(X.sum(axis=1)), _dense(abs(X).max(axis=1)), _stored(X)]
    if not hasattr(X, "iloc") and not hasattr(X, "get_columns"):
        X = X if hasattr(X, "shape") else as_objects(X)
    if len(X.shape) == 1:
        return [np.asarray(X)]
    some = np.unique(
        np.linspace(0, X.shape[1] - 1, min(X.shape[1], _COLUMNS)).astype(int)
    )
    if hasattr(X, "iloc"):
        return [np.asarray(X.iloc[:, place]) for place in some]
    if hasattr(X, "get_columns"):
        return [X[:, int(place)].to_numpy() for place in some]
    return [X[:, place] for place in some]


def _dense(column):
    return np.asarray(column.toarray() if is_sparse(column) else column).ravel()


def _stored(X):
    return np.diff(X.tocsr().indptr)


def _of_column(column):
    """A row with a missing value or None, a rare or the largest, and the smallest."""
    if column.dtype.kind not in "biufmM":
        values = column.tolist()
        missing = np.array([is_missing(value) for value in values], dtype=bool)
        counts = Counter(map(str, values))
        column = np.array([counts[str(value)] for value in values], dtype=float)
        lengths = np.array([len(str(value)) for value in values], dtype=float)
        rows = [column.argmin(), lengths.argmax(), lengths.argmin()]
    else:
        missing = column != column
        order = column.astype(np.float64)
        rows = [
            np.where(missing, -np.inf, order).argmax(),
            np.where(missing, np.inf, order).argmin(),
        ]
    first = [int(missing.argmax())] if missing.any() else [None]
    return [*first, *map(int, rows)]
