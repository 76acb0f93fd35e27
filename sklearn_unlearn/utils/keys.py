"""Keys of rows, which decide on shard, slice and order: hashes of names or of values.

A key depends on nothing but its row, so that rows that leave change those of no others.
Where there is one shard of one slice, it is the row's place among all instead.
"""

from __future__ import annotations

import numpy as np

from sklearn_unlearn.core.arrays import row_hashes
from sklearn_unlearn.utils.values import text_hash

#: Half of a key, which a float holds exactly.
_HALF = np.uint64(32)


def keys_of(origin, ids):
    """The key of each row, as two numbers below 2**32.

    Parameters
    ----------
    origin : RawRows
    ids : ndarray or None
        Names of the rows; without, equal rows have equal keys.

    Returns
    -------
    ndarray of shape (n_rows, 2)
    """
    if ids is None:
        codes = origin.codes()
        no_targets = np.zeros((codes.shape[0], 0))
        ignored = np.zeros(codes.shape[1], dtype=bool)
        hashes = row_hashes(codes, no_targets, ignored)
    elif ids.dtype.kind == "U":
        hashes = np.array([text_hash(name) for name in ids.tolist()], dtype=np.uint64)
    else:
        hashes = ids.astype(np.int64).view(np.uint64)
    mixed = _mixed(hashes)
    halves = mixed >> _HALF, mixed & np.uint64(2**32 - 1)
    return np.column_stack(halves).astype(np.float64)


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
