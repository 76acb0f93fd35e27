"""In which folds each row is: how often it is trained on and held out in each split."""

from __future__ import annotations

import numpy as np

from sklearn_unlearn.exceptions import UnlearningError


def memberships(n_rows, splits):
    """A number for each row, and how often it is in each training and held-out part.

    Parameters
    ----------
    n_rows : int
    splits : list of (array-like, array-like)
        As splitters of scikit-learn give them.

    Returns
    -------
    ndarray of shape (n_rows, 1 + 2 n_splits)
    """
    every = np.arange(n_rows)
    parts = [split[held] for held in (0, 1) for split in splits]
    parts = [p if isinstance(p, slice) else _places(p) for p in parts]
    counts = [np.bincount(every[part], minlength=n_rows) for part in parts]
    return np.column_stack([every, *counts]).astype(np.float64)


def _places(part):
    """Positions, or a mask, as an array that indexes another; lists may be empty."""
    part = np.asarray(part)
    return part if part.size else part.astype(np.intp)


def is_partition(keys):
    """Whether each row is held out in one split and trained on in all others."""
    trained, held = np.split(keys[:, 1:], 2, axis=1)
    return bool(np.all(trained + held == 1.0) and np.all(held.sum(axis=1) == 1.0))


def new_memberships(keys, n_rows):
    """Those of rows that come, which fill the folds in turn.

    Parameters
    ----------
    keys : ndarray of shape (n_known, 1 + 2 n_splits)
        Of the rows that are there.
    n_rows : int

    Returns
    -------
    ndarray of shape (n_rows, 1 + 2 n_splits)

    Raises
    ------
    UnlearningError
        If it is not one fold that each row is held out in.
    """
    n_splits = (keys.shape[1] - 1) // 2
    if n_splits and not is_partition(keys):
        raise UnlearningError(
            "Nobody knows in which folds a new row would be: that is known only if "
            "each row is held out in one split and trained on in all others, and "
            "no groups were given. Fit again with the rows."
        )
    numbers = 1.0 + keys[:, 0].max() + np.arange(n_rows)
    held = (numbers % max(n_splits, 1))[:, None] == np.arange(n_splits)
    return np.column_stack([numbers, ~held, held]).astype(np.float64)
