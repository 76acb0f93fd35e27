"""Keys of rows, which decide on shard, slice and order: hashes of names or of values.

A key depends on nothing but its row and a secret of the model, so that rows that leave
change those of no others, and nobody can choose rows for a shard. Where there is one
shard of one slice, it is the row's place among all instead.
"""

from __future__ import annotations

import numpy as np

from sklearn_unlearn.core.training_rows.names import subjects_of

#: Half of a key, which a float holds exactly.
_HALF = np.uint64(32)
_LOW = np.uint64(2**32 - 1)


def keys_of(origin, ids, hashed):
    """The key of each row, as two numbers below 2**32.

    Parameters
    ----------
    origin : RawRows
    ids : ndarray or None
        Names of the rows, all of one subject with the same key; without, equal rows
        have equal keys.
    hashed : RowHash

    Returns
    -------
    ndarray of shape (n_rows, 2)
    """
    ids = None if ids is None else subjects_of(ids)
    if ids is not None and ids.dtype.kind == "U":
        names = [hashed.of_text(name) for name in ids.tolist()]
        return _halves(_mixed(np.array(names, dtype=np.uint64)))
    codes = origin.codes(hashed) if ids is None else _halves(ids.astype(np.int64))
    no_targets = np.zeros((codes.shape[0], 0))
    ignored = np.zeros(codes.shape[1], dtype=bool)
    return _halves(_mixed(hashed.of_rows(codes, no_targets, ignored)))


def _halves(values):
    """Integers of 64 bits as two columns."""
    values = values.view(np.uint64)
    return np.column_stack([values >> _HALF, values & _LOW]).astype(np.float64)


def numbered(n_rows, first=0):
    """Keys that number rows, where these are to keep the order in which they came."""
    return np.column_stack([np.zeros(n_rows), np.arange(first, first + n_rows)])


def cells_of(keys, n_cells):
    """Which of so many equally likely cells each key is in."""
    return (keys[:, 0] % n_cells).astype(np.intp)


def _mixed(values):
    """The finaliser of SplitMix64 (Steele et al. 2014): each bit depends on all."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
