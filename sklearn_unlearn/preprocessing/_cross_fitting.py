"""Folds of rows that follow from what they hold, and encodings by the other folds."""

from __future__ import annotations

from hashlib import blake2b
from numbers import Integral, Real

import numpy as np

from sklearn_unlearn.core.statistics.category_targets import Spread
from sklearn_unlearn.core.trees.hashing import combine, mix


def folds_of(keys, n_folds):
    """The fold of each row, which depends on no other row that holds something else.

    Equal rows are dealt out as evenly as may be, in blocks: where one of them leaves,
    at most ``n_folds - 1`` of the others change their fold.

    Parameters
    ----------
    keys : list of list of hashable
        What rows hold, of each column and of the targets; rows with equal ones are
        equal.
    n_folds : int

    Returns
    -------
    ndarray of int of shape (n_rows,)
    """
    names = mix(_numbers(keys[0]))
    for column in keys[1:]:
        names = combine(names, _numbers(column))
    order = np.argsort(names, kind="stable")
    _, first, n_equal = np.unique(names[order], return_index=True, return_counts=True)
    place = np.arange(names.size) - np.repeat(first, n_equal)  # among equal rows
    n_equal = np.repeat(n_equal, n_equal)
    size, n_larger = n_equal // n_folds, n_equal % n_folds
    behind = place - n_larger * (size + 1)
    block = np.where(
        behind < 0, place // (size + 1), n_larger + behind // np.maximum(size, 1)
    )
    start = (names[order] % np.uint64(n_folds)).astype(np.intp)
    folds = np.empty(names.size, dtype=np.intp)
    folds[order] = (start + block) % n_folds
    return folds


def cross_fitted(codes, targets, folds, n_folds, n_categories, smooth):
    """Each row encoded by the targets of the rows in other folds.

    Parameters
    ----------
    codes : ndarray of int of shape (n_rows, n_columns)
        Place of the category of each row; -1 of one that is not known.
    targets : ndarray of shape (n_rows, n_targets)
    folds : ndarray of int of shape (n_rows,)
    n_folds : int
    n_categories : sequence of int
        Of each column.
    smooth : float or None
        As for `Spread.encodings`.

    Returns
    -------
    ndarray of shape (n_rows, n_columns * n_targets)

    Raises
    ------
    ValueError
        If all rows are in one fold.
    """
    n_rows, n_columns = codes.shape
    n_targets = targets.shape[1]
    found = np.empty((n_rows, n_columns * n_targets))
    unknown, codes = codes < 0, np.maximum(codes, 0)
    for number in range(n_folds):
        held = folds == number
        seen = np.flatnonzero(~held)
        if not seen.size:
            raise ValueError(
                f"X has too few different rows for cv={n_folds}: all are in one fold."
            )
        for place in range(n_targets):
            target = targets[seen, place]
            whole = Spread.of(np.zeros(seen.size, dtype=np.intp), target, 1)
            for column in range(n_columns):
                spread = Spread.of(codes[seen, column], target, n_categories[column])
                encodings = spread.encodings(smooth, whole)
                output = found[:, column * n_targets + place]
                output[held] = encodings[codes[held, column]]
                # TargetEncoder.fit_transform: in each fold anew, of all rows
                output[unknown[:, column]] = whole.total[0] / whole.n_rows[0]
    return found


def _numbers(keys):
    """A number of 64 bits for what each row holds, by no more than its value."""
    known = {key: place for place, key in enumerate(dict.fromkeys(keys))}
    found = np.array([_number(key) for key in known], dtype=np.uint64)
    return found[[known[key] for key in keys]]


def _number(key):
    if isinstance(key, Integral):
        said = repr(int(key))
    elif isinstance(key, Real):
        key = float(key)
        said = repr(int(key)) if key.is_integer() else repr(key)
    else:
        said = f"{type(key).__name__} {key}"
    return int.from_bytes(blake2b(said.encode(), digest_size=8).digest(), "little")
