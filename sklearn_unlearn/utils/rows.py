"""Rows of any container, by position."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp


def take(X, rows):
    """Rows of an array, a sparse matrix, a frame or a list, by position."""
    if hasattr(X, "iloc"):
        return X.iloc[rows]
    if sp.issparse(X):
        return sp.csr_array(X)[rows]
    return X[rows] if hasattr(X, "shape") else np.asarray(X)[rows]


def split(n_rows, rows):
    """Positions of the rows that a request is about, and of all others.

    Parameters
    ----------
    n_rows : int
        Of the training data.
    rows : int, or array-like of int or bool
        Positions, or a mask.

    Raises
    ------
    ValueError
        If there is none, or no other.
    """
    chosen = np.zeros(n_rows, dtype=bool)
    if np.size(rows):
        chosen[np.asarray(rows)] = True
    if not chosen.any() or chosen.all():
        raise ValueError("rows must name at least one row, and not all of them.")
    return np.flatnonzero(chosen), np.flatnonzero(~chosen)
