"""Training rows by position: a base, what came later, and changed weights."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from sklearn_unlearn.core.arrays import Array, Indices, Mask
from sklearn_unlearn.core.rows import BLOCK_ENTRIES, Rows, joined
from sklearn_unlearn.core.training_rows.chunks import Chunk

#: Rows whose weights are looked up one by one, rather than among those of all.
_FEW = 1024


@dataclass(frozen=True, eq=False)
class StoredRows:
    """Training rows by position: the base first, then all that came later.

    Attributes
    ----------
    chunks : tuple of Chunk
        The base and what was added.
    changed : dict of int to float
        Current weights of rows that left in part or whole, by position.
    """

    chunks: tuple[Chunk, ...]
    changed: dict[int, float]

    @property
    def forgotten(self) -> Mask:
        """Columns that no longer identify a row."""
        return self.chunks[0].forgotten

    @property
    def has_ids(self) -> bool:
        """Whether rows can be named by identifier."""
        return self.chunks[0].ids is not None

    @property
    def has_numbers(self) -> bool:
        """Whether it is known in which order rows came, as of those with names."""
        return self.chunks[0].numbers is not None

    @property
    def n_rows(self) -> int:
        """Positions in use, rows of weight zero included."""
        return sum(chunk.rows.n_rows for chunk in self.chunks)

    @property
    def alive(self) -> Indices:
        """Positions of rows that have not left."""
        return np.flatnonzero(self.current)

    @cached_property
    def current(self) -> Array:
        """Weights that rows have now, by position."""
        weight = np.concatenate([chunk.rows.weight for chunk in self.chunks])
        if self.changed:
            positions = np.fromiter(self.changed, np.intp, len(self.changed))
            weight[positions] = list(self.changed.values())
        return weight

    def blocks(self, entries: int = BLOCK_ENTRIES) -> Iterator[Rows]:
        """All rows with their current weights, block after block."""
        start = 0
        for chunk in self.chunks:
            stop = start + chunk.rows.n_rows
            yield from chunk.rows.reweighted(self.current[start:stop]).blocks(entries)
            start = stop

    def whole(self) -> Rows:
        """All rows of positive weight at once."""
        return joined(list(self.blocks(sys.maxsize))).weighted()

    def weights(self, positions: Indices) -> Array:
        """Current weights of these rows."""
        if positions.size > _FEW:
            return np.asarray(self.current[positions])
        parts, order = self._split(positions)
        weight = np.concatenate([chunk.rows.weight[mine] for chunk, mine in parts])
        weight = weight[order]
        for at, position in enumerate(positions.tolist()):
            weight[at] = self.changed.get(position, weight[at])
        return weight

    def take(self, positions: Indices) -> Rows:
        """The rows at these positions with their current weights."""
        if len(self.chunks) == 1:
            rows = self.chunks[0].rows.take(positions)
        else:
            parts, order = self._split(positions)
            rows = joined([chunk.rows.take(mine) for chunk, mine in parts]).take(order)
        return rows.reweighted(self.weights(positions))

    def ids_at(self, positions: Indices) -> Any:
        """Identifiers of these rows, None if there are none."""
        if not self.has_ids:
            return None
        parts, order = self._split(positions)
        return np.concatenate([chunk.ids[mine] for chunk, mine in parts])[order]

    def numbers_at(self, positions: Indices) -> Any:
        """Numbers of these rows, None if they have none."""
        if not self.has_numbers:
            return None
        parts, order = self._split(positions)
        return np.concatenate([chunk.numbers[mine] for chunk, mine in parts])[order]

    def origins_at(self, positions: Indices) -> Any:
        """What these rows were made of, None if that is not kept."""
        if self.chunks[0].origin is None:
            return None
        if len(self.chunks) == 1:
            return self.chunks[0].origin.take(positions)
        parts, order = self._split(positions)
        taken: list[Any] = [
            chunk.origin.take(mine) for chunk, mine in parts if chunk.origin is not None
        ]
        return taken[0].joined(taken[1:]).take(order)

    def _split(self, positions: Indices) -> tuple[list[tuple[Chunk, Indices]], Indices]:
        """Rows of each chunk, and the order that brings them back to the request's."""
        if len(self.chunks) == 1:
            return [(self.chunks[0], positions)], np.arange(positions.size)
        parts, places, start = [], [], 0
        for chunk in self.chunks:
            stop = start + chunk.rows.n_rows
            mine = np.flatnonzero((positions >= start) & (positions < stop))
            if mine.size:
                parts.append((chunk, positions[mine] - start))
                places.append(mine)
            start = stop
        if not parts:
            return [(self.chunks[0], np.zeros(0, dtype=np.intp))], positions
        return parts, np.argsort(np.concatenate(places))
