"""Arrays for the search for a cut, the features that it tries, and the cut itself."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sklearn_unlearn.core.trees.compiled.arrays import (
    Data,
    Floats,
    Ints,
    Limits,
    Places,
    Singles,
    UInts,
)
from sklearn_unlearn.core.trees.compiled.compiling import compiled, loop
from sklearn_unlearn.core.trees.compiled.hashes import combine
from sklearn_unlearn.core.trees.compiled.sorting import sort_pairs


class Cut(NamedTuple):
    """The best cut found so far; the feature is -1 if there is none.

    ``missing`` is whether some row lacks the feature, ``missing_left`` whether such
    rows are on the left.
    """

    gain: float
    feature: int
    value: np.float32
    strict: bool
    missing: bool
    missing_left: bool
    n_left: int


class Scratch(NamedTuple):
    """Arrays to work in, of one thread."""

    keys: UInts
    order: Ints
    other_keys: UInts
    other_order: Ints
    values: Singles
    places: Places
    other_values: Singles
    other_places: Places
    distinct: Singles
    ranks: Ints
    firsts: Ints
    sums: Floats
    counts: Floats
    left: Floats
    right: Floats
    total: Floats


@compiled
def scratch_for(data: Data, limits: Limits, n_rows: int) -> Scratch:
    """Scratch for nodes of at most so many rows."""
    n_features, n_statistics = data.features.size, data.n_statistics
    n_samples = min(limits.n_candidates, n_rows)
    width = n_samples + 1
    return Scratch(
        np.empty(n_features, dtype=np.uint64),
        np.empty(n_features, dtype=np.int64),
        np.empty(n_features, dtype=np.uint64),
        np.empty(n_features, dtype=np.int64),
        np.empty(n_samples, dtype=np.float32),
        np.empty(n_samples, dtype=np.int32),
        np.empty(n_samples, dtype=np.float32),
        np.empty(n_rows, dtype=np.int32),
        np.empty(width, dtype=np.float32),
        np.empty(width, dtype=np.int64),
        np.empty(width, dtype=np.int64),
        np.empty((2 * width + 1, n_statistics), dtype=np.float64),
        np.empty(2 * width + 1, dtype=np.float64),
        np.empty(n_statistics, dtype=np.float64),
        np.empty(n_statistics, dtype=np.float64),
        np.empty(n_statistics, dtype=np.float64),
    )


@loop
def first_features(data: Data, path: np.uint64, n_first: int, scratch: Scratch) -> None:
    """Set the features that a node tries first, in the order in which it does."""
    n_features = data.features.size
    keys, order = scratch.keys, scratch.order
    if n_first > 16:
        for feature in range(n_features):
            keys[feature] = combine(path, data.features[feature])
            order[feature] = feature
        sort_pairs(keys, order, n_features, scratch.other_keys, scratch.other_order)
        return
    n_found = 0
    for feature in range(n_features):
        key = combine(path, data.features[feature])
        if n_found == n_first and key > keys[n_found - 1]:
            continue
        at = min(n_found, n_first - 1)
        while at > 0 and keys[at - 1] > key:
            keys[at], order[at] = keys[at - 1], order[at - 1]
            at -= 1
        keys[at], order[at] = key, feature
        n_found = min(n_found + 1, n_first)
