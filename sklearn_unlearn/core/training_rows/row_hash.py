"""A hash of rows under a secret key, by which one of them is looked up."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from sklearn_unlearn.core.arrays import Array, Data, Mask, is_sparse

Hashes: TypeAlias = npt.NDArray[np.uint64]

_LOW = np.uint64(2**32 - 1)
_HALF = np.uint64(32)
#: Entries hashed at a time: 2 MiB.
_ENTRIES = 2**18


@dataclass(frozen=True)
class RowHash:
    """A 64-bit hash of rows; equal rows have equal ones.

    A random number and a sum of the halves of all entries' bits times others, mod 2**64
    [1]_. Who does not know the key can only guess rows of equal hashes: two given ones
    have them for one key in 2**33 at most. Callers compare the rows that are found.

    Attributes
    ----------
    key : bytes
        Secret, from which the random numbers come.

    References
    ----------
    .. [1] Daniel Lemire and Owen Kaser, Strongly universal string hashing is fast,
       The Computer Journal 57, 2014.
    """

    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def of_rows(self, X: Data, y: Array, ignored: Mask) -> Hashes:
        """Hashes of rows with their targets, without the columns that are ignored.

        Dense and sparse, float32 and float64, 0.0 and -0.0 give the same.
        """
        n_before = 1 + y.shape[1]
        factors = _factors(self.key, n_before + X.shape[1])
        hashes: Hashes = _products(y, factors[1:n_before]).sum(axis=1)
        hashes += factors[0, 0]
        factors = np.where(ignored[:, np.newaxis], np.uint64(0), factors[n_before:])
        if is_sparse(X):
            ends = np.zeros(X.data.size + 1, dtype=np.uint64)
            np.cumsum(_products(X.data, factors[X.indices]), out=ends[1:])
            hashes += np.subtract(ends[X.indptr[1:]], ends[X.indptr[:-1]])
            return hashes
        step = max(1, _ENTRIES // max(X.shape[1], 1))
        for start in range(0, y.shape[0], step):
            part = slice(start, start + step)
            hashes[part] += _products(X[part], factors).sum(axis=1)
        return hashes

    def of_text(self, text: str) -> int:
        """A hash of a string."""
        data = text.encode("utf-8", "surrogatepass")
        digest = hashlib.blake2b(data, key=self.key, digest_size=8).digest()
        return int.from_bytes(digest, "little")


@lru_cache(maxsize=8)
def _factors(key: bytes, n_entries: int) -> Hashes:
    """Two random numbers for each of so many entries."""
    drawn = hashlib.shake_256(key).digest(16 * n_entries)
    factors: Hashes = np.frombuffer(drawn, dtype="<u8").reshape(n_entries, 2)
    return factors


def _products(values: Data, factors: Hashes) -> Hashes:
    # adding zero makes -0.0 and 0.0 the same
    bits = (np.asarray(values, dtype=np.float64) + 0.0).view(np.uint64)
    products: Hashes = (bits & _LOW) * factors[:, 0]
    products += (bits >> _HALF) * factors[:, 1]
    return products
