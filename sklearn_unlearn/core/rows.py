"""Rows of data with targets and weights, and the blocks in which sums read them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeAlias, TypeVar

import numpy as np

from sklearn_unlearn.core.arrays import (
    Array,
    Data,
    Indices,
    is_sparse,
    n_stored,
    row_block,
    stack_rows,
    take_rows,
)
from sklearn_unlearn.core.threads import in_order

Result = TypeVar("Result")

#: Stored entries in a block of a pass: 16 MiB of float64, one block a thread at a time.
#: On 200k x 200 a gradient takes 55 ms in blocks of 2**18, 33 ms in blocks of 2**21
#: (``python -m benchmarks threads``).
BLOCK_ENTRIES = 2**21
#: Of sparse rows as many as take as long or less, if nobody asks for another number.
_SPARSE_ENTRIES = BLOCK_ENTRIES // 8
#: The same where entries are read several times: half a MiB, which stays in the cache.
CACHED_ENTRIES = 2**16
#: So many are not worth threads.
_FEW_ROWS = 16


@dataclass(frozen=True)
class Rows:
    """Rows with their encoded targets and weights.

    Attributes
    ----------
    X : Data of shape (n_rows, n_columns)
        Without the intercept's column.
    y : ndarray of shape (n_rows, n_targets)
        Targets as the loss reads them.
    weight : ndarray of shape (n_rows,)
        Sample weights; the weight of a class belongs to the loss.
    """

    X: Data
    y: Array
    weight: Array

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return int(self.weight.shape[0])

    def take(self, rows: Indices) -> Rows:
        """The named rows, copied."""
        return Rows(take_rows(self.X, rows), self.y[rows], self.weight[rows])

    def weighted(self) -> Rows:
        """Those of positive weight."""
        if self.weight.all():
            return self
        return self.take(np.flatnonzero(self.weight))

    def whole(self) -> Rows:
        """The rows themselves."""
        return self

    def reweighted(self, weight: Array) -> Rows:
        """The same rows with other weights."""
        return replace(self, weight=weight)

    def blocks(self, entries: int = BLOCK_ENTRIES) -> Iterator[Rows]:
        """Slices of about ``entries`` stored entries each."""
        if entries == BLOCK_ENTRIES and is_sparse(self.X):
            entries = _SPARSE_ENTRIES
        if n_stored(self.X) <= entries:
            yield self
            return
        for part in row_slices(self.n_rows, n_stored(self.X), entries):
            X = row_block(self.X, part.start, part.stop)
            yield Rows(X, self.y[part], self.weight[part])


class RowBlocks(Protocol):
    """Anything that can be read row block after row block, again and again."""

    @property
    def n_rows(self) -> int:
        """Number of rows, those of weight zero included."""

    def blocks(self, entries: int = BLOCK_ENTRIES) -> Iterator[Rows]:
        """Yield all rows in blocks of about ``entries`` stored entries."""


#: What two results come to together, the first of which may be overwritten.
Combine: TypeAlias = Callable[[Any, Any], Any]


class SpreadRows(ABC):
    """Rows that stand elsewhere, where sums over them are made: `RowBlocks`."""

    @property
    @abstractmethod
    def n_rows(self) -> int:
        """Number of rows, those of weight zero included."""

    @abstractmethod
    def blocks(self, entries: int = BLOCK_ENTRIES) -> Iterator[Rows]:
        """Yield all rows in blocks of about ``entries`` entries, brought here."""

    @abstractmethod
    def combined(
        self, term: Callable[[Rows], Any], combine: Combine, entries: int
    ) -> Any:
        """The results of a term for all blocks, combined."""

    @abstractmethod
    def every(self, step: int) -> Rows:
        """A copy of every ``step``-th row."""


def added(one: Any, other: Any) -> Any:
    """The sum of two results, entry by entry where these are tuples."""
    if isinstance(one, tuple):
        return tuple(map(added, one, other))
    one += other
    return one


def results(
    term: Callable[[Rows], Result],
    rows: RowBlocks,
    combine: Combine = added,
    entries: int = BLOCK_ENTRIES,
    counted: bool = True,
) -> Iterator[Result]:
    """What a term makes of each block of a pass, in their order.

    Of rows that stand elsewhere it is one result, combined where they stand.

    Parameters
    ----------
    term : callable
        A function of a block of rows, whose results are its own.
    rows : RowBlocks
    combine : callable
        What whoever asks does with the results of two blocks.
    entries : int
        About how many a block is to have.
    counted : bool
        Whether the pass counts: see `Work`.
    """
    if isinstance(rows, SpreadRows):
        yield rows.combined(term, combine, entries)
    elif isinstance(rows, Rows) and rows.weight.size <= _FEW_ROWS:
        yield from map(term, rows.blocks(entries))
    else:
        blocks = read(rows, entries) if counted else rows.blocks(entries)
        yield from in_order(term, blocks)


@dataclass
class Work:
    """What a request takes, beside its own rows.

    Attributes
    ----------
    passes : int
        How often models read all rows that they keep, fits left out.
    fits : int
        How many estimators are fitted anew.
    """

    passes: int = 0
    fits: int = 0


#: Of whoever counts it.
_WORK: ContextVar[Work | None] = ContextVar("work", default=None)


@contextmanager
def counting_work() -> Iterator[Work]:
    """Count what is done while this lasts."""
    work = Work()
    token = _WORK.set(work)
    try:
        yield work
    finally:
        _WORK.reset(token)


@contextmanager
def fitting(n_estimators: int = 1) -> Iterator[None]:
    """While estimators are fitted anew, whose passes do not count beside that."""
    work = _WORK.get()
    if work is not None:
        work.fits += n_estimators
    token = _WORK.set(None)
    try:
        yield
    finally:
        _WORK.reset(token)


def count_pass() -> None:
    """Count a pass of a model over the rows that it keeps."""
    work = _WORK.get()
    if work is not None:
        work.passes += 1


def read(rows: RowBlocks, entries: int = BLOCK_ENTRIES) -> Iterator[Rows]:
    """The blocks of a pass over rows, which is counted where these are kept."""
    if not isinstance(rows, Rows):
        count_pass()
    return rows.blocks(entries)


def pass_cost(rows: RowBlocks) -> int:
    """Stored entries that one pass over the rows reads."""
    return sum(results(lambda block: n_stored(block.X), rows, counted=False))


def every(rows: RowBlocks, step: int) -> Rows:
    """A copy of every ``step``-th row, with ``step`` times its weight."""
    if isinstance(rows, SpreadRows):
        sample = rows.every(step)
        return sample.reweighted(sample.weight * step)
    parts, offset = [], 0
    for block in rows.blocks():
        parts.append(block.take(np.arange(-offset % step, block.n_rows, step)))
        offset += block.n_rows
    sample = joined(parts)
    return sample.reweighted(sample.weight * step)


def joined(parts: list[Rows]) -> Rows:
    """Rows of all parts, in order."""
    if len(parts) == 1:
        return parts[0]
    return Rows(
        stack_rows([part.X for part in parts]),
        np.concatenate([part.y for part in parts]),
        np.concatenate([part.weight for part in parts]),
    )


def row_slices(n_rows: int, stored: int, entries: int) -> Iterator[slice]:
    """Consecutive slices of like numbers of rows with about ``entries`` entries."""
    n_slices = max(1, min(n_rows, -(-stored // entries)))
    step = -(-n_rows // n_slices)
    for start in range(0, n_rows, max(step, 1)):
        yield slice(start, min(start + step, n_rows))
