"""Draws of rows that follow from the rows, so that a refit draws the same."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from scipy.stats import poisson

from sklearn_unlearn.core.training_rows.row_hash import RowHash
from sklearn_unlearn.core.trees.hashing import mix, row_keys, tree_seeds
from sklearn_unlearn.utils.row_hash import keys_of

_HALF = np.uint64(32)
#: No row is in a bag more often: the chance is below that of any hash.
_MOST = 24


@dataclass(frozen=True)
class Draws:
    """How often each row is in each bag: a function of its name or values, and a seed.

    Attributes
    ----------
    seed : int
    n_bags : int
    share : float
        Of the rows that a bag has, on average.
    repeats : bool
        Whether a row may be in a bag several times.
    """

    seed: int
    n_bags: int
    share: float
    repeats: bool

    def of(self, raw, ids):
        """How often each row is in each bag; shape (n_rows, n_bags)."""
        key = hashlib.sha256(self.seed.to_bytes(8, "little")).digest()
        high, low = keys_of(raw, ids, RowHash(key)).T.astype(np.uint64)
        names = (high << _HALF) | low
        seeds = tree_seeds(self.seed, self.n_bags)
        drawn = mix(row_keys(seeds[None, :], names[:, None])) / 2.0**64
        if not self.repeats:
            return (drawn < self.share).astype(np.float64)
        ends = poisson.cdf(np.arange(_MOST), self.share)
        return np.searchsorted(ends, drawn, side="right").astype(np.float64)
