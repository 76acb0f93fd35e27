"""The rows that a request takes through the nodes of a tree."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklearn_unlearn.core.trees.compiled.arrays import (
    Data,
    Floats,
    Nodes,
    Places,
)
from sklearn_unlearn.core.trees.compiled.compiling import compiled, loop
from sklearn_unlearn.core.trees.compiled.hashes import combine
from sklearn_unlearn.core.trees.compiled.scratch import Scratch
from sklearn_unlearn.core.trees.compiled.sorting import sort_pairs
from sklearn_unlearn.core.trees.rules import MISSING


class Visit(NamedTuple):
    """A node that rows pass.

    Attributes
    ----------
    node, begin, n_left : int
        Its number, where its rows lie, and how many of them are on the left.
    depth : int
    path : uint64
    going, coming : ndarray of int32
        Places of rows that leave it and that come, those of the left side first.
    going_left, coming_left : int
        How many of them are on the left.
    """

    node: int
    begin: int
    n_left: int
    depth: int
    path: np.uint64
    going: Places
    coming: Places
    going_left: int
    coming_left: int


@loop
def left_first(
    column: NDArray[np.float32], cut: np.float32, missing_left: bool, places: Places
) -> int:
    """Put places of values up to a cut first, or of missing ones; how many they are."""
    n_left = 0
    for number in range(places.size):
        place = places[number]
        x = column[place]
        if missing_left if x == MISSING else x <= cut:
            places[number], places[n_left] = places[n_left], place
            n_left += 1
    return n_left


@loop
def rows_after(
    visit: Visit, n_rows: int, places: Places, gone: NDArray[np.bool_], here: Places
) -> tuple[int, int]:
    """Set the rows of a node after the request, those of the left side first.

    Returns
    -------
    int
        Their number.
    int
        Of these, on the left.
    """
    n_here, begin = 0, visit.begin
    for number in range(begin, begin + visit.n_left):
        if not gone[places[number]]:
            here[n_here] = places[number]
            n_here += 1
    for number in range(visit.coming_left):
        here[n_here] = visit.coming[number]
        n_here += 1
    n_left = n_here
    for number in range(begin + visit.n_left, begin + n_rows):
        if not gone[places[number]]:
            here[n_here] = places[number]
            n_here += 1
    for number in range(visit.coming_left, visit.coming.size):
        here[n_here] = visit.coming[number]
        n_here += 1
    return n_here, n_left


@loop
def same_sample(
    data: Data,
    seed: np.uint64,
    samples: Places,
    coming: Places,
    gone: NDArray[np.bool_],
) -> bool:
    """Whether the sampled rows are those of the smallest keys still."""
    for place in samples:
        if gone[place]:
            return False
    if coming.size == 0:
        return True
    last = np.uint64(0)
    for place in samples:
        last = max(last, combine(seed, data.names[place]))
    for place in coming:
        if combine(seed, data.names[place]) <= last:
            return False
    return True


@compiled
def sample_of(
    data: Data, seed: np.uint64, places: Places, n_sampled: int, scratch: Scratch
) -> Places:
    """The rows of the smallest keys, in any order."""
    if places.size <= n_sampled:
        return places
    keys = np.empty(n_sampled, dtype=np.uint64)
    samples = np.empty(n_sampled, dtype=np.int32)
    n_found, names = 0, data.names
    for place in places:
        key = combine(seed, names[place])
        if n_found == n_sampled and key > keys[n_found - 1]:
            continue
        at = min(n_found, n_sampled - 1)
        while at > 0 and keys[at - 1] > key:
            keys[at], samples[at] = keys[at - 1], samples[at - 1]
            at -= 1
        keys[at], samples[at] = key, place
        n_found = min(n_found + 1, n_sampled)
    return samples


@compiled
def sort_by_key(data: Data, seed: np.uint64, places: Places) -> None:
    """Put places in the order of the keys of their rows."""
    n_rows, names = places.size, data.names
    keys, others = np.empty(n_rows, dtype=np.uint64), np.empty(n_rows, dtype=np.uint64)
    other_places = np.empty(n_rows, dtype=np.int32)
    for number in range(n_rows):
        keys[number] = combine(seed, names[places[number]])
    sort_pairs(keys, places, n_rows, others, other_places)


@loop
def sums_after(data: Data, visit: Visit, nodes: Nodes, sums: Floats) -> None:
    """Set the statistics of a node after the request."""
    for statistic in range(sums.size):
        sums[statistic] = nodes.sums[statistic, visit.node]
    for sign, places in ((-1.0, visit.going), (1.0, visit.coming)):
        for place in places:
            weight = sign * data.weight[place]
            if data.n_classes > 0:
                sums[data.labels[place]] += weight
                continue
            sums[0] += weight
            for target in range(data.moments.shape[0]):
                sums[1 + target] += sign * data.moments[target, place]
