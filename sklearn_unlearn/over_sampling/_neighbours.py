"""Nearest rows, the same whatever other rows are there and in whatever order.

Distances are computed pair by pair; products of matrices, whose rounding depends on all
that is multiplied, only say which pairs may matter.
"""

from __future__ import annotations

import numpy as np

from sklearn_unlearn.core.arrays import densify, is_sparse

_EPS = np.finfo(np.float64).eps
#: Rows whose distances are bounded at once.
_BLOCK = 512


def nearest(X, n_neighbours, tie):
    """The nearest other rows of each row.

    Parameters
    ----------
    X : ndarray or csr_array of shape (n_rows, n_columns)
    n_neighbours : int
        Less than the number of rows.
    tie : ndarray of uint64 of shape (n_rows,)
        Decides between rows at the same distance.

    Returns
    -------
    ndarray of int of shape (n_rows, n_neighbours)
        From the nearest on.
    """
    n_rows = X.shape[0]
    squares = _row_sums(X * X)
    slack = 8.0 * (X.shape[1] + 8) * _EPS * (squares + squares.max(initial=0.0))
    found = np.empty((n_rows, n_neighbours), dtype=np.intp)
    for start in range(0, n_rows, _BLOCK):
        mine = np.arange(start, min(start + _BLOCK, n_rows))
        bound = squares[mine, None] + squares - 2.0 * densify(X[mine] @ X.T)
        bound[np.arange(mine.size), mine] = np.inf
        kth = np.partition(bound, n_neighbours - 1, axis=1)[:, [n_neighbours - 1]]
        place, other = np.nonzero(bound <= kth + 2.0 * slack[mine, None])
        difference = X[mine[place]] - X[other]
        distance = _row_sums(difference * difference)
        order = np.lexsort((tie[other], distance, place))
        first = np.searchsorted(place[order], np.arange(mine.size))
        chosen = first[:, None] + np.arange(n_neighbours)
        found[mine] = other[order][chosen]
    return found


def _row_sums(X):
    """Sums of rows, each added up by itself."""
    if not is_sparse(X):
        return np.ascontiguousarray(X).sum(axis=1)
    X.sort_indices()
    return np.array([row.sum() for row in np.split(X.data, X.indptr[1:-1])])
