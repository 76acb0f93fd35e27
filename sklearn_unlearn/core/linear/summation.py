"""Sums over the rows of a block whose rounding errors hardly grow with their number.

BLAS and scipy.sparse may add in any order, so that a sum over n rows errs by n u in
units of what is summed. Here they add segments of rows, and the segments are added in
pairs: `n_roundings` says how many errors meet at most.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from sklearn_unlearn.core.arrays import Array, Data, is_sparse, times, transposed_times

#: Rows of a segment, dense: the fastest that a batched product has
#: (``python -m benchmarks sums``).
_DENSE = 64
#: The same, sparse, where each segment has costs of its own.
_SPARSE = 1024


def n_roundings(n_rows: int, sparse: bool) -> int:
    """Rounding errors of an entry of `products`, products aside, at most.

    Parameters
    ----------
    n_rows : int
        Of the block, or of more than it.
    sparse : bool
    """
    segment = _SPARSE if sparse else _DENSE
    # two errors a level, as an odd segment joins a pair; the last rows join at the end
    return min(n_rows, segment + 2 * (n_rows // segment).bit_length() + 1)


def products(X: Data, values: Array) -> Array:
    """``X' values`` for rows X and a dense matrix of as many rows."""
    if is_sparse(X):
        return _sparse_products(X, values)
    n_segments = X.shape[0] // _DENSE
    if not n_segments:
        return transposed_times(X, values)
    whole = n_segments * _DENSE
    parts = np.matmul(
        _segments(values[:whole]).transpose(0, 2, 1), _segments(X[:whole])
    )
    total: Array = _added_in_pairs(parts).T
    if whole < X.shape[0]:
        total = total + transposed_times(X[whole:], values[whole:])
    return total


def column_sums(values: Array) -> Array:
    """Sums of the columns of a dense matrix."""
    n_segments = values.shape[0] // _DENSE
    whole = n_segments * _DENSE
    sums: Array = values[whole:].sum(axis=0)
    if whole:
        sums = sums + _added_in_pairs(_segments(values[:whole]).sum(axis=1))
    return sums


def _segments(values: Array) -> Array:
    """Shape ``(n_segments, rows of a segment, n_columns)``, a view."""
    n_rows, n_columns = values.shape
    segments: Array = values.reshape(n_rows // _DENSE, _DENSE, n_columns)
    return segments


def _added_in_pairs(parts: Array) -> Array:
    """Their sum along the first axis."""
    while parts.shape[0] > 1:
        half = parts.shape[0] // 2
        pairs = parts[:half] + parts[half : 2 * half]
        if parts.shape[0] % 2:
            pairs[0] += parts[-1]
        parts = pairs
    total: Array = parts[0]
    return total


def _sparse_products(X: Data, values: Array) -> Array:
    if X.shape[0] <= _SPARSE:
        return transposed_times(X, values)
    totals: list[Array] = []  # of 1, 2, 4, 8, ... segments, as in a binary number
    columns = sp.csc_array((X.shape[1], _SPARSE))
    for number, start in enumerate(range(0, X.shape[0], _SPARSE)):
        stop = min(start + _SPARSE, X.shape[0])
        first, last = X.indptr[start], X.indptr[stop]
        if stop - start < _SPARSE:
            columns = sp.csc_array((X.shape[1], stop - start))
        # a constructor would check every index, which takes longer than the product
        columns.data, columns.indices = X.data[first:last], X.indices[first:last]
        columns.indptr = X.indptr[start : stop + 1] - first
        total = times(columns, values[start:stop])
        while number & 1:
            total, number = totals.pop() + total, number >> 1
        totals.append(total)
    total = totals.pop()
    while totals:
        total = totals.pop() + total
    return total
