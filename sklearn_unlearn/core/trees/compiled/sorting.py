"""Order of the values of a node, and bins between its candidates."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_unlearn.core.trees.compiled.arrays import (
    Ints,
    Singles,
)
from sklearn_unlearn.core.trees.compiled.compiling import loop

#: So many values are sorted by insertion.
_RUN = 24


@loop
def sort_pairs(
    keys: NDArray[Any],
    values: NDArray[Any],
    n_pairs: int,
    other_keys: NDArray[Any],
    other_values: NDArray[Any],
) -> None:
    """Sort the first keys, and values with them: runs by insertion, then merges."""
    for begin in range(0, n_pairs, _RUN):
        for number in range(begin + 1, min(begin + _RUN, n_pairs)):
            key, value, at = keys[number], values[number], number
            while at > begin and keys[at - 1] > key:
                keys[at], values[at] = keys[at - 1], values[at - 1]
                at -= 1
            keys[at], values[at] = key, value
    length = _RUN
    while length < n_pairs:
        for begin in range(0, n_pairs, 2 * length):
            middle = min(begin + length, n_pairs)
            end = min(begin + 2 * length, n_pairs)
            one, two = begin, middle
            for number in range(begin, end):
                if two >= end or (one < middle and keys[one] <= keys[two]):
                    other_keys[number], other_values[number] = keys[one], values[one]
                    one += 1
                else:
                    other_keys[number], other_values[number] = keys[two], values[two]
                    two += 1
        for number in range(n_pairs):
            keys[number], values[number] = other_keys[number], other_values[number]
        length *= 2


@loop
def distinct(
    values: Singles, n_values: int, some: Singles, ranks: Ints, firsts: Ints
) -> int:
    """Set the distinct of sorted values, their ranks, where each is first; how many."""
    n_distinct = 0
    for number in range(n_values):
        if n_distinct == 0 or values[number] > some[n_distinct - 1]:
            some[n_distinct] = values[number]
            ranks[n_distinct] = rank(values[number])
            firsts[n_distinct] = number
            n_distinct += 1
    return n_distinct


@loop
def rank(x: np.float32) -> int:
    """A whole number in the order of values, the same of both zeros."""
    some = np.float32(x + np.float32(0.0))
    bits = np.int64(some.view(np.int32))
    return int(bits ^ ((bits >> 63) & 0x7FFFFFFF))


@loop
def bin_of(ranks: Ints, n_values: int, x: np.float32) -> int:
    """Twice the number of values below, one more at a value; without any branch."""
    found, position, rest = rank(x), 0, n_values
    while rest > 1:
        step = rest >> 1
        position += step & ((ranks[position + step - 1] - found) >> 63)
        rest -= step
    difference = ranks[position] - found
    return int(2 * position + ((2 & (difference >> 63)) | (difference == 0)))
