"""Hashes from which all that is random about a tree is drawn.

A row is in a tree because of a hash of the seed, the tree and the name of the row; a
feature is tried in a node because of one of the path of the node and the name of the
feature. A row that leaves therefore changes no draw of any other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

UInts = NDArray[np.uint64]

#: The largest value of a hash.
LARGEST = np.uint64(2**64 - 1)


def mix(values: UInts) -> UInts:
    """The finaliser of SplitMix64 (Steele et al. 2014): each bit depends on all."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def combine(first: UInts, second: UInts) -> UInts:
    """A hash of pairs, broadcast against each other; the order counts."""
    return mix(mix(first) ^ second)


def tree_seeds(seed: int, n_trees: int) -> UInts:
    """The seed of each tree, which does not depend on how many there are."""
    numbers = np.arange(n_trees, dtype=np.uint64)
    return combine(np.array([seed], dtype=np.uint64), numbers)


def row_keys(tree_seed: UInts, names: UInts) -> UInts:
    """By which the rows of a tree are ordered, and drawn."""
    return combine(tree_seed, names)


def is_drawn(keys: UInts, share: float) -> NDArray[np.bool_]:
    """Whether a tree has the row of each of its keys."""
    if share >= 1.0:
        return np.ones(keys.shape, dtype=bool)
    # other bits than those that order the rows
    return mix(keys) < np.uint64(share * 2.0**64)


def root_paths(seeds: UInts) -> UInts:
    """Paths of the roots of trees."""
    return mix(seeds)


def child_paths(paths: UInts, side: int) -> UInts:
    """Paths of the left (0) or right (1) children."""
    return combine(paths, np.array([side + 1], dtype=np.uint64))
