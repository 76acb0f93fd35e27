"""The hashes of `hashing`, one at a time."""

from __future__ import annotations

import numpy as np

from sklearn_unlearn.core.trees.compiled.compiling import compiled

_ADDED = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_BITS = np.uint64(30), np.uint64(27), np.uint64(31)


@compiled
def mix(value: np.uint64) -> np.uint64:
    """The finaliser of SplitMix64."""
    value = value + _ADDED
    value = (value ^ (value >> _BITS[0])) * _FIRST
    value = (value ^ (value >> _BITS[1])) * _SECOND
    return value ^ (value >> _BITS[2])


@compiled
def combine(first: np.uint64, second: np.uint64) -> np.uint64:
    """A hash of two, of which the order counts."""
    return mix(mix(first) ^ second)
