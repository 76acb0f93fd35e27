"""Numbers that stand for names of rows, from which what is random about them is drawn.

They depend on nothing but the names and, where several rows have one, on the values of
these: not on the order in which the rows came.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sklearn_unlearn.core.arrays import is_sparse
from sklearn_unlearn.core.training_rows.names import FIELDS, are_pairs, groups_of
from sklearn_unlearn.core.trees.hashing import combine, mix


def hashes_of_names(ids: Any) -> np.ndarray:
    """A hash of each name, of subject and row where it has two keys.

    Parameters
    ----------
    ids : ndarray of shape (n_rows,)

    Returns
    -------
    ndarray of uint64 of shape (n_rows,)
    """
    hashes = np.zeros(ids.size, dtype=np.uint64)
    if not are_pairs(ids):
        return _with_key(hashes, ids)
    for name in FIELDS:
        hashes = _with_key(mix(hashes), ids[name])
    return hashes


def hashes_of_rows(ids: Any, X: Any, y: Any) -> np.ndarray:
    """A hash of each row's name, and of its number where others have the same.

    Parameters
    ----------
    ids : ndarray of shape (n_rows,)
    X, y
        As for `numbers_within`.

    Returns
    -------
    ndarray of uint64 of shape (n_rows,)
    """
    return combine(hashes_of_names(ids), numbers_within(ids, X, y))


def numbers_within(ids: Any, X: Any, y: Any) -> np.ndarray:
    """The number of each row among those of its name, in the order of their values.

    A step that moves and scales columns keeps that order.

    Parameters
    ----------
    ids : ndarray of shape (n_rows,)
    X : ndarray or CSR array of shape (n_rows, n_columns)
    y : ndarray of shape (n_rows,) or (n_rows, n_targets)

    Returns
    -------
    ndarray of uint64 of shape (n_rows,)
    """
    numbers = np.zeros(ids.size, dtype=np.uint64)
    groups = groups_of(ids)
    sizes = np.bincount(groups)
    if np.all(sizes <= 1):
        return numbers
    shared = np.flatnonzero(sizes[groups] > 1)
    shared = shared[np.argsort(groups[shared], kind="stable")]
    ends = np.flatnonzero(np.diff(groups[shared])) + 1
    for rows in np.split(shared, ends):
        places = rows.tolist()
        ordered = sorted(
            places, key=lambda place: (y[place].tolist(), _values(X, place))
        )
        numbers[ordered] = np.arange(len(ordered), dtype=np.uint64)
    return numbers


def _values(X, place):
    """What a row holds, as lists that can be compared."""
    if not is_sparse(X):
        return X[place].tolist()
    entries = slice(X.indptr[place], X.indptr[place + 1])
    values, columns = X.data[entries], X.indices[entries]
    kept = np.flatnonzero(values)
    kept = kept[np.argsort(columns[kept])]
    return columns[kept].tolist(), values[kept].tolist()


def _with_key(hashes, keys):
    """Hashes of rows and one more key of each."""
    if keys.dtype.kind != "U":
        return combine(hashes, keys.astype(np.int64).view(np.uint64))
    letters = np.ascontiguousarray(keys).view(np.uint32).reshape(keys.size, -1)
    for letter in letters.T.astype(np.uint64):
        # an identifier is the same in an array of wider ones
        hashes = np.where(letter > 0, combine(hashes, letter), hashes)
    return hashes
