"""Nodes that may be split, and their rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from sklearn_unlearn.core.trees.hashing import UInts

Ints = NDArray[np.intp]
Mask = NDArray[np.bool_]
T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True, eq=False)
class Nodes:
    """Nodes that may be split.

    Attributes
    ----------
    places : ndarray of int of shape (n_rows,)
        Places of their rows, node by node.
    starts : ndarray of int of shape (n_nodes + 1,)
        Where those of each node begin, and the end.
    samples : ndarray of int of shape (n_sampled,)
        Places of the sampled rows, node by node.
    sample_starts : ndarray of int of shape (n_nodes + 1,)
    paths : ndarray of uint64 of shape (n_nodes,)
    """

    places: Ints
    starts: Ints
    samples: Ints
    sample_starts: Ints
    paths: UInts

    @property
    def sizes(self) -> Ints:
        """How many rows each has."""
        return np.diff(self.starts)

    @property
    def n_sampled(self) -> Ints:
        """How many of them are sampled."""
        return np.diff(self.sample_starts)

    def some(self, chosen: Ints) -> Nodes:
        """Some of the nodes, in ascending order."""
        if chosen.size == self.paths.size:
            return self
        return Nodes(
            *gather(self.places, self.starts[chosen], self.starts[chosen + 1]),
            *gather(
                self.samples,
                self.sample_starts[chosen],
                self.sample_starts[chosen + 1],
            ),
            self.paths[chosen],
        )

    def batches(self, n_rows: int) -> list[Ints]:
        """The nodes in groups of about so many rows, or of one node."""
        ends = self.starts[1:]
        batches, first = [], 0
        while first < ends.size:
            last = np.searchsorted(ends, self.starts[first] + n_rows, side="right")
            last = max(int(last), first + 1)
            batches.append(np.arange(first, last))
            first = last
        return batches


def is_among(values: NDArray[np.integer], some: NDArray[np.integer]) -> Mask:
    """Where values are among some that are sorted; sooner than `numpy.isin`."""
    if not some.size:
        return np.zeros(values.shape, dtype=bool)
    at = np.minimum(np.searchsorted(some, values), some.size - 1)
    found: Mask = some[at] == values
    return found


def gather(values: NDArray[T], begins: Ints, ends: Ints) -> tuple[NDArray[T], Ints]:
    """Slices of an array, one after the other, and where each starts."""
    sizes = ends - begins
    starts = np.concatenate([[0], np.cumsum(sizes)])
    positions = np.arange(starts[-1]) + np.repeat(begins - starts[:-1], sizes)
    return values[positions], starts
