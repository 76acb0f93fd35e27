"""A number that stands for a set of rows, and follows them as some leave and come.

It is the sum, modulo 2^128, of a hash of each row with its targets, weight and place in
the order of arrival. Digests of states are made of it: who reads them needs their key.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

from sklearn_unlearn.core.arrays import is_sparse
from sklearn_unlearn.utils.rows import columns_of

_SIZE = 16
_MODULUS = 1 << 8 * _SIZE


def fingerprint(rows, numbers, forgotten):
    """The sum of the hashes of some rows.

    Parameters
    ----------
    rows : Rows
    numbers : ndarray of int
        In which order they came.
    forgotten : ndarray of bool
        Columns that do not count.

    Returns
    -------
    int
    """
    X = rows.X
    if forgotten.any():
        X = columns_of(X, np.flatnonzero(~forgotten))
    n_beside = rows.y.shape[1] + 2
    width = n_beside if is_sparse(X) else X.shape[1] + n_beside
    packed = np.empty((rows.n_rows, width))
    packed[:, -n_beside:-2] = rows.y
    packed[:, -2], packed[:, -1] = rows.weight, numbers
    if not is_sparse(X):
        packed[:, :-n_beside] = X
        packed += 0.0  # which makes -0.0 and 0.0 the same
        hashes = [blake2b(row, digest_size=_SIZE).digest() for row in packed]
    else:
        X = X.tocsr().sorted_indices()
        X.eliminate_zeros()
        places = X.indices.astype(np.int64)
        values = X.data.astype(np.float64)
        hashes = []
        for row, start, stop in zip(packed, X.indptr, X.indptr[1:], strict=False):
            digest = blake2b(row, digest_size=_SIZE)
            digest.update(places[start:stop])
            digest.update(values[start:stop])
            hashes.append(digest.digest())
    return sum(int.from_bytes(each, "little") for each in hashes) % _MODULUS


def followed(known, before, after, request):
    """The fingerprint of rows after a request; None where all have to be read.

    Parameters
    ----------
    known : int
        That of the rows before.
    before, after : RetainedRows
    request : Request
        To the model.
    """
    edit = request.edit
    out, into, forgotten = edit.rows_out, edit.rows_in, after.forgotten
    if request.retained is not None or before.forgotten is not forgotten:
        return None
    if out is not None:
        positions = request.positions
        if after.weights(positions).any():  # some are still there in part
            return None
        out = out.reweighted(before.weights(positions))
        known -= fingerprint(out, before.numbers_at(positions), forgotten)
    if into is not None:
        numbers = after.chunks[-1].numbers[-into.n_rows :]
        known += fingerprint(into, numbers, forgotten)
    return known % _MODULUS
