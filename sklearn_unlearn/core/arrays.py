"""The array types of the core, and the few operations that meet sparse data.

Everything above this module treats dense and sparse rows alike.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.linalg.blas import dsyrk

Array: TypeAlias = npt.NDArray[np.float64]
Indices: TypeAlias = npt.NDArray[np.intp]
Mask: TypeAlias = npt.NDArray[np.bool_]
#: Rows of data: an ndarray or a CSR matrix or array, float32 or float64.
Data: TypeAlias = Any

#: A multiplication of a sparse product costs as much as this many of a dense one
#: (measured 300 to 500).
_SPARSE_COST = 400.0
#: Share of entries that are not zero below which CSR rows take less time than dense
#: ones, on one thread (measured: one in six to one in three).
_SPARSE_SHARE = 1.0 / 6.0
#: Entries scaled at a time for a dense product: 2 MiB.
_GRAM_ENTRIES = 2**18


def is_sparse(X: Data) -> bool:
    """Whether rows are a scipy.sparse matrix or array."""
    return bool(sp.issparse(X))


def as_float64(X: Data) -> Data:
    """The same rows in float64; no copy if they are already."""
    return X.astype(np.float64, copy=False)


def densify(X: Data) -> Array:
    """Rows as an ndarray."""
    dense: Array = X.toarray() if is_sparse(X) else np.asarray(X)
    return dense


def like(X: Data, model: Data) -> Data:
    """Rows as dense or as sparse as the model's."""
    return as_csr(X) if is_sparse(model) else densify(X)


def as_csr(X: Data) -> Data:
    """Rows as a CSR array, without the zeros of dense ones."""
    if is_sparse(X):
        return sp.csr_array(X)
    X = np.asarray(X)
    filled = X != 0.0  # by places in memory: scipy takes six times as long
    places = np.flatnonzero(filled)
    n_rows, n_columns = X.shape
    ends = np.searchsorted(places, n_columns * np.arange(n_rows + 1))
    parts = (X.ravel()[places], places % max(n_columns, 1), ends)
    return sp.csr_array(parts, shape=X.shape)


def sparser(X: Data) -> Data:
    """Dense rows of which few entries are not zero as CSR, all others as they are.

    Those that a file holds stay there.
    """
    on_disk = isinstance(X, np.memmap) or isinstance(getattr(X, "base", 0), np.memmap)
    if is_sparse(X) or on_disk or np.count_nonzero(X) > _SPARSE_SHARE * X.size:
        return X
    return as_csr(X)


def row_block(X: Data, start: int, stop: int) -> Data:
    """Consecutive rows, which share the memory of all."""
    if not is_sparse(X):
        return X[start:stop]
    first, last = X.indptr[start], X.indptr[stop]
    block = sp.csr_array((stop - start, X.shape[1]), dtype=X.dtype)
    # a constructor would check every index
    block.data, block.indices = X.data[first:last], X.indices[first:last]
    block.indptr = X.indptr[start : stop + 1] - first
    return block


def times(X: Data, coefficients: Array) -> Array:
    """Dense product of rows with a dense matrix."""
    product: Array = np.asarray(X @ coefficients)
    return product


def transposed_times(X: Data, values: Array) -> Array:
    """Dense product of the transposed rows with a dense matrix."""
    if is_sparse(X):
        product: Array = np.asarray(X.T @ values)
    else:
        product = (values.T @ X).T  # two thirds of the time of X.T @ values
    return product


def absolute(X: Data, room: Array | None = None) -> Data:
    """Entrywise absolute value; of dense rows in ``room``, where there is some.

    New memory for a few rows at a time takes longer than their values.
    """
    if room is None or is_sparse(X):
        return abs(X)
    return np.abs(X, out=room[: X.shape[0]])


def squared(X: Data) -> Data:
    """Entrywise square."""
    return X.multiply(X) if is_sparse(X) else X * X


def powers_of_two(values: Array) -> Array:
    """The least that are no smaller: of values their order of magnitude alone.

    Zero and infinity stay.
    """
    mantissa, exponent = np.frexp(values)
    powers = np.ldexp(1.0, exponent - (mantissa == 0.5))
    rounded: Array = np.where(np.isfinite(values) & (values > 0.0), powers, values)
    return rounded


def take_rows(X: Data, rows: Indices) -> Data:
    """The named rows, as a copy."""
    numbers = isinstance(rows, np.ndarray) and rows.dtype.kind in "iu"
    if numbers and isinstance(X, np.ndarray) and X.flags.c_contiguous:
        return X.take(rows, axis=0)  # which copies row by row, and so is faster
    return X[rows]


def n_stored(X: Data) -> int:
    """Entries that a pass over the rows must read."""
    return int(X.nnz) if is_sparse(X) else int(X.size)


def gram(X: Data, weight: Array, intercept: bool) -> Array:
    """Upper triangle of ``X' diag(weight) X``, weights of either sign.

    With ``intercept`` X has a further column of ones, which is never stored.

    Returns
    -------
    ndarray of shape (p, p), Fortran order
        Below the diagonal anything.
    """
    order = X.shape[1] + intercept
    total = np.zeros((order, order), order="F")
    for sign in (1.0, -1.0):
        chosen = np.flatnonzero(sign * weight > 0.0)
        if chosen.size:
            part = X if chosen.size == X.shape[0] else X[chosen]
            _add_gram(part, np.sqrt(sign * weight[chosen]), sign, intercept, total)
    return total


def _add_gram(X: Data, root: Array, sign: float, intercept: bool, out: Array) -> None:
    n_rows, d = X.shape
    if is_sparse(X):
        products = float(np.square(np.diff(X.indptr).astype(np.float64)).sum())
        if products * _SPARSE_COST < n_rows * float(d) * d:
            values = X.data * np.repeat(root, np.diff(X.indptr))
            rooted = sp.csr_array((values, X.indices, X.indptr), shape=X.shape)
            out[:d, :d] += sign * (rooted.T @ rooted).toarray(order="F")
            if intercept:
                out[:d, d] += sign * transposed_times(rooted, root)
                out[d, d] += sign * float(root @ root)
            return
    step = max(1, _GRAM_ENTRIES // out.shape[0])
    scaled = np.empty((min(step, n_rows), out.shape[0]))
    for start in range(0, n_rows, step):
        part = root[start : start + step]
        rows = scaled[: part.size]
        dense = densify(row_block(X, start, start + part.size))
        np.multiply(dense, part[:, None], out=rows[:, :d])
        if intercept:
            rows[:, -1] = part
        dsyrk(sign, rows.T, beta=1.0, c=out, overwrite_c=1, trans=0, lower=0)


def stack_rows(parts: list[Data]) -> Data:
    """Rows of all parts under one another."""
    if len(parts) == 1:
        return parts[0]
    if is_sparse(parts[0]):
        return sp.vstack([sp.csr_array(part) for part in parts], format="csr")
    return np.concatenate(parts)


def without_columns(X: Data, columns: Mask) -> Data:
    """The same rows with these columns zero; the rows themselves if there are none."""
    if not columns.any():
        return X
    if not is_sparse(X):
        return np.where(columns, np.zeros((), dtype=X.dtype), X)
    cleared = X.copy()
    cleared.data[columns[cleared.indices]] = 0.0
    cleared.eliminate_zeros()
    return cleared
