"""The partitions of Dask collections as blocks, and sums over them as trees of tasks.

Tasks are Dask's business: where they run, and that those of a worker that is lost run
again elsewhere. No task writes into what another one made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from functools import partial
from typing import Any

import numpy as np

from sklearn_unlearn.core.rows import (
    BLOCK_ENTRIES,
    Combine,
    Rows,
    SpreadRows,
    joined,
)
from sklearn_unlearn.exceptions import ProblemTooLargeError
from sklearn_unlearn.row_blocks import Block, DataBlocks, in_block
from sklearn_unlearn.utils.optional import import_optional
from sklearn_unlearn.utils.raw_rows import taken

_PURPOSE = "sklearn_unlearn.dask"
dask = import_optional("dask", _PURPOSE, "dask")
arrays = import_optional("dask.array", _PURPOSE, "dask")
distributed = import_optional("distributed", _PURPOSE, "dask")
_delayed = dask.delayed

#: What is raised where no cluster answers, or each worker that a task is given to dies.
_LOST = (
    CancelledError,
    distributed.KilledWorker,
    import_optional("distributed.comm", _PURPOSE, "dask").CommClosedError,
    import_optional("distributed.client", _PURPOSE, "dask").ClosedClientError,
)
#: Results that one task combines.
_BRANCHES = 8
#: Hessians that a worker holds at a time, at least.
_HESSIANS = 3
#: Rows of a partition that come here, to look at.
_FEW = 1024


class DaskBlocks(DataBlocks):
    """Partitions of Dask collections: arrays in chunks of rows, or frames.

    Parameters
    ----------
    X : dask.array.Array or dask.dataframe.DataFrame
    y, sample_weight : dask.array.Array or dask.dataframe.Series, optional
        In partitions of the same rows; arrays of known sizes are cut as X is.
    """

    def __init__(self, X: Any, y: Any = None, sample_weight: Any = None) -> None:
        columns = [parts_of(X)]
        for name, values in (("y", y), ("sample_weight", sample_weight)):
            columns.append(_parts_beside(X, values, name, len(columns[0])))
        block = _delayed(Block, pure=False)
        self._parts = [block(*parts) for parts in zip(*columns, strict=True)]
        self.feature_names, self._bar = None, None

    @classmethod
    def _of(cls, parts: list) -> DaskBlocks:
        blocks = cls.__new__(cls)
        blocks._parts, blocks.feature_names, blocks._bar = parts, None, None
        return blocks

    def __iter__(self) -> Iterator[Block]:
        """Bring the partitions here, one after the other."""
        for part in self._parts:
            block = _here(part)
            if _n_rows(block.X):
                yield block

    def __repr__(self) -> str:
        """How many partitions there are."""
        return f"DaskBlocks({len(self._parts)} partitions)"

    def watched(self) -> DaskBlocks:
        """The same blocks, read once: Dask keeps them, on disk if need be."""
        return DaskBlocks._of(list(dask.persist(*self._parts)))

    def followed(self, task: Any) -> DaskBlocks:
        """The same blocks: Dask tells of its tasks itself."""
        return self

    def mapped(self, function: Callable[[Block], Block]) -> DaskBlocks:
        """What a function makes of each block, where it is."""
        return DaskBlocks._of([_delayed(function)(part) for part in self._parts])

    def head(self) -> Block:
        """The first rows of the first partition that has some."""
        for part in self._parts:
            block = _here(_delayed(_first_rows)(part))
            if _n_rows(block.X):
                return block
        raise ValueError("The collection holds no rows.")

    def combined(self, term: Callable, combine: Callable) -> Any:
        """What a term makes of each block and its number, by a tree of tasks."""
        whole = _whole(partial(_of_block, term))
        parts = enumerate(self._parts)
        found = _tree([whole(number, part) for number, part in parts], combine)
        if found is None:
            raise ValueError("The collection holds no rows.")
        return found

    def rows(
        self, read: Callable[[Block], Rows], n_rows: int | None = None
    ) -> DaskRows:
        """Rows as sums of the core read them, kept where they are."""
        whole = _whole(partial(_read_block, read))
        parts = [whole(number, part) for number, part in enumerate(self._parts)]
        return DaskRows(list(dask.persist(*parts)))


class DaskRows(SpreadRows):
    """Encoded rows on the workers of Dask.

    Parameters
    ----------
    parts : list of Delayed
        Of `Rows`, which the workers keep; None where there are none.
    """

    #: Products with all rows bring them here, part after part.
    in_memory = False

    def __init__(self, parts: list) -> None:
        sizes = _here(_delayed(list(map(_delayed(_size), parts))))
        filled = [(part, size) for part, size in zip(parts, sizes, strict=True) if size]
        self._parts = [part for part, _ in filled]
        self._sizes = [size for _, size in filled]

    @property
    def n_rows(self) -> int:
        """Number of rows, those of weight zero included."""
        return sum(self._sizes)

    def blocks(self, entries: int = BLOCK_ENTRIES) -> Iterator[Rows]:
        """Yield all rows, brought here part after part."""
        for part in self._parts:
            yield from _here(part).blocks(entries)

    def combined(
        self, term: Callable[[Rows], Any], combine: Combine, entries: int
    ) -> Any:
        """The results of a term for all blocks, by a tree of tasks."""
        whole = _whole(partial(_of_rows, term, combine, entries))
        return _tree([whole(part) for part in self._parts], combine)

    def check_room(self, order: int) -> None:
        """Refuse a Hessian of which a worker cannot hold the few that it adds.

        Raises
        ------
        ProblemTooLargeError
        """
        try:
            workers = distributed.get_client().scheduler_info(n_workers=-1)["workers"]
        except ValueError:  # no cluster: threads of this process
            return
        limits = [each["memory_limit"] for each in workers.values()]
        least = min((limit for limit in limits if limit), default=0)
        needed = _HESSIANS * 8 * order**2
        if least and needed > least:
            raise ProblemTooLargeError(
                f"A worker has {least / 2**20:.0f} MiB, and {_HESSIANS} Hessians of "
                f"order {order}, which it adds, take {needed / 2**20:.0f} MiB: give "
                "workers more memory, or take fewer columns."
            )

    def every(self, step: int) -> Rows:
        """A copy of every ``step``-th row."""
        starts = -np.cumsum([0, *self._sizes[:-1]]) % step
        take = _delayed(_every)
        some = [
            take(part, int(start), step)
            for part, start, size in zip(self._parts, starts, self._sizes, strict=True)
            if start < size
        ]
        return joined(_here(_delayed(some)))


def is_collection(X: Any) -> bool:
    """Whether rows are those of a Dask array or frame."""
    return bool(dask.is_dask_collection(X)) and hasattr(X, "to_delayed")


def parts_of(X: Any) -> list:
    """The partitions of a collection, which have all columns each."""
    if not hasattr(X, "chunks"):
        return list(X.to_delayed())
    if X.ndim > 1 and X.numblocks[1] > 1:
        X = X.rechunk({1: -1})
    return list(X.to_delayed().ravel())


def _parts_beside(X: Any, values: Any, name: str, n_parts: int) -> list:
    """Partitions of what belongs to rows, cut as these are."""
    if values is None:
        return [None] * n_parts
    if not is_collection(values):
        raise TypeError(
            f"{name} must be a Dask collection in partitions of the rows of X; got "
            f"{type(values).__name__}."
        )
    if hasattr(values, "chunks") and hasattr(X, "chunks"):
        known = not np.isnan([*values.chunks[0], *X.chunks[0]]).any()
        if known and values.shape[0] != X.shape[0]:
            raise ValueError(f"{name} has {values.shape[0]} rows, X has {X.shape[0]}.")
        if known:
            values = values.rechunk({0: X.chunks[0]})
    parts = parts_of(values)
    if len(parts) != n_parts:
        raise ValueError(
            f"{name} has {len(parts)} partitions, but X has {n_parts}: cut both alike."
        )
    return parts


def _here(part: Any) -> Any:
    """The result of a task, brought here.

    Raises
    ------
    RuntimeError
        If the cluster is lost; a worker that is lost is Dask's business.
    """
    try:
        return part.compute()
    except _LOST as error:
        raise RuntimeError(
            "The Dask cluster was lost before all rows were read, and nothing has "
            f"changed: connect to one that answers, and ask again. ({error})"
        ) from error


# Tasks --------------------------------------------------------------------------------


def _whole(function: Callable) -> Callable:
    """A function that is sent to each worker once, however many tasks call it."""
    sent = _delayed(function, pure=False, traverse=False)
    return partial(_delayed(_call, pure=False), sent)


def _call(function: Callable, *arguments: Any) -> Any:
    return function(*arguments)


def _tree(parts: list, combine: Combine) -> Any:
    """All results combined, from the first to the last, some at a time."""
    together = _whole(partial(_together, combine))
    while len(parts) > 1:
        groups = range(0, len(parts), _BRANCHES)
        parts = [together(parts[first : first + _BRANCHES]) for first in groups]
    return _here(parts[0]) if parts else None


def _together(combine: Combine, results: list) -> Any:
    found = None
    for result in results:
        if found is None:
            found = _own(result)
        elif result is not None:
            found = combine(found, result)
    return found


def _own(result: Any) -> Any:
    """A copy of a result that may be written into: another task may need it again."""
    if isinstance(result, tuple):
        return tuple(map(_own, result))
    return result.copy(order="K") if isinstance(result, np.ndarray) else result


def _of_block(term: Callable, number: int, block: Block) -> Any:
    if not _n_rows(block.X):
        return None
    with in_block(number):
        return term(number, block)


def _read_block(read: Callable, number: int, block: Block) -> Rows | None:
    if not _n_rows(block.X):
        return None
    with in_block(number):
        return read(block)


def _of_rows(term: Callable, combine: Combine, entries: int, rows: Rows) -> Any:
    found = None
    for block in rows.blocks(entries):
        here = term(block)
        found = here if found is None else combine(found, here)
    return found


def _every(rows: Rows, start: int, step: int) -> Rows:
    return rows.take(np.arange(start, rows.n_rows, step))


def _size(rows: Rows | None) -> int:
    return 0 if rows is None else rows.n_rows


def _first_rows(block: Block) -> Block:
    some = np.arange(min(_n_rows(block.X), _FEW))
    if not some.size:
        return block
    return Block(*(taken(values, some) for values in block))


def _n_rows(X: Any) -> int:
    return int(X.shape[0]) if hasattr(X, "shape") else len(X)
