"""Cholesky factors of matrices that lose rows with their columns, or get more of them.

Without row i the factor loses a row, and its trailing block S becomes that of
``S S' + v v'`` where v is the column below entry i: a sum, which rotations add to the
factor without loss. It takes O(n^2).
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import LinAlgError, cholesky, qr_delete, solve_triangular

from sklearn_unlearn.core.arrays import Array, Indices

#: Share of the rows from which on a fresh factor is cheaper.
_MANY = 0.05


def without_rows(lower: Array, places: Indices) -> Array | None:
    """The factor of a matrix without some rows and columns.

    Parameters
    ----------
    lower : ndarray of shape (n, n)
        Lower triangular, above the diagonal anything.
    places : ndarray of int
        Of the rows that leave.

    Returns
    -------
    ndarray or None
        None where a fresh one is cheaper.
    """
    if places.size > max(1.0, _MANY * lower.shape[0]):
        return None
    for place in np.sort(places)[::-1].tolist():
        lower = _without_row(lower, place)
    return lower


def _without_row(lower: Array, place: int) -> Array:
    n_left = lower.shape[0] - 1
    after = np.zeros((n_left, n_left))
    after[:, :place] = np.delete(lower[:, :place], place, axis=0)
    if place < n_left:
        block = np.triu(lower[place:, place:].T)
        _, triangle = qr_delete(np.eye(block.shape[0]), block, 0, which="col")
        triangle = triangle[:-1]
        sign = np.where(np.diagonal(triangle) < 0.0, -1.0, 1.0)
        after[place:, place:] = np.triu(triangle * sign[:, None]).T
    return after


def with_rows(lower: Array, across: Array, own: Array) -> Array | None:
    """The factor of a matrix with further rows and columns, the last ones.

    Parameters
    ----------
    lower : ndarray of shape (n, n)
        Lower triangular, above the diagonal anything.
    across : ndarray of shape (n, n_more)
        Entries of the new columns in the old rows.
    own : ndarray of shape (n_more, n_more)
        And in the new ones.

    Returns
    -------
    ndarray or None
        None if the matrix is not positive definite.
    """
    n_before, n_after = lower.shape[0], lower.shape[0] + own.shape[0]
    left = across
    if n_before:  # SciPy 1.11 solves no empty system
        left = solve_triangular(lower, across, lower=True)
    try:
        corner = cholesky(own - left.T @ left, lower=True)
    except LinAlgError:
        return None
    after = np.zeros((n_after, n_after))
    after[:n_before, :n_before] = lower
    after[n_before:, :n_before] = left.T
    after[n_before:, n_before:] = corner
    return after
