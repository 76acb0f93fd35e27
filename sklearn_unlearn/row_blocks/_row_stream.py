"""`RowStream`: validated blocks as the sums of the core read them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sklearn_unlearn.core.arrays import is_sparse
from sklearn_unlearn.core.rows import BLOCK_ENTRIES, Rows
from sklearn_unlearn.utils.validation import Columns

if TYPE_CHECKING:
    from sklearn_unlearn.row_blocks._data_blocks import DataBlocks


class Block(NamedTuple):
    """Rows with what belongs to them; nothing of it has been validated."""

    X: Any
    y: Any = None
    sample_weight: Any = None


class RowStream:
    """Blocks with encoded targets, read anew for each pass.

    Parameters
    ----------
    data : iterable of Block
    read : callable
        The validated and encoded rows of a `Block`.
    n_rows : int, optional
        How many there were when they were first read; by default they are counted.
    """

    def __init__(
        self,
        data: Iterable[Block],
        read: Callable[[Block], Rows],
        n_rows: int | None = None,
    ):
        self._data, self._read = data, read
        if n_rows is None:
            n_rows = sum(rows.n_rows for rows in self._pass())
        self._n_rows = n_rows

    #: Products with all rows read them again: see `core.linear.row_products`.
    in_memory = False

    @property
    def n_rows(self) -> int:
        """Number of rows, those of weight zero included."""
        return self._n_rows

    def blocks(self, entries: int = BLOCK_ENTRIES) -> Iterator[Rows]:
        """Yield all rows in blocks of about ``entries`` stored entries, or fewer."""
        for rows in self._pass():
            yield from rows.blocks(entries)

    def _pass(self) -> Iterator[Rows]:
        kind = None
        for number, block in enumerate(self._data):
            with in_block(number):
                rows = self._read(block)
            kind = same_kind(kind, kind_of(rows.X), number)
            yield rows


@contextmanager
def in_block(number: int) -> Iterator[None]:
    """Say in which block something was wrong."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise ValueError(f"Block {number}: {error}") from error


def kind_of(X: Any) -> tuple[str, str] | None:
    """What X is, None of a frame."""
    if not hasattr(X, "dtype"):
        return None
    return ("sparse" if is_sparse(X) else "dense", np.dtype(X.dtype).name)


def same_kind(kind: Any, here: Any, number: int) -> Any:
    """What a block is, refused where an earlier one was of another kind."""
    if kind is not None and kind != here:
        raise ValueError(
            f"Block {number} of X is {' '.join(here)}, but those before are "
            f"{' '.join(kind)}: give all blocks in one format and dtype."
        )
    return here


def same_columns(before: Columns | None, columns: Columns, number: int) -> Columns:
    """The columns of all blocks, refused where an earlier block had others."""
    if before is None:
        return columns
    if columns.n_features != before.n_features:
        raise ValueError(
            f"Block {number} of X has {columns.n_features} columns, but those before "
            f"have {before.n_features}."
        )
    names = [
        None if each.names is None else list(each.names) for each in (before, columns)
    ]
    if names[0] != names[1]:
        raise ValueError(f"Block {number} of X has other column names than the first.")
    return before


def named_columns(data: DataBlocks, columns: Columns) -> Columns:
    """The columns with the names that were given for all blocks."""
    names = data.feature_names
    if names is None:
        return columns
    if len(names) != columns.n_features:
        raise ValueError(
            f"feature_names has {len(names)} names, but blocks of X have "
            f"{columns.n_features} columns."
        )
    return replace(columns, names=names)


def without_names(data: DataBlocks, columns: Columns, forgotten: Any) -> Columns:
    """Columns of a fitted model as arrays have them, whose names are given apart.

    Raises
    ------
    ValueError
        If they are not those of the model.
    """
    names = data.feature_names
    if names is None:
        return columns
    known = columns.names
    for expected in () if known is None else (known, known[~forgotten]):
        if np.array_equal(names, expected):
            return replace(columns, names=None)
    raise ValueError(
        "feature_names of the blocks are not those that the model was fitted with."
    )


def check_blocks_alone(given: dict, params: dict) -> None:
    """Refuse what belongs into the blocks, and what keeps all rows in memory."""
    for name, value in given.items():
        if value is not None:
            raise ValueError(
                f"{name} must be None beside DataBlocks: blocks hold tuples (X, y, "
                "sample_weight), and rows of blocks have no names."
            )
    if params.get("retain_data"):
        raise ValueError(
            "retain_data=True keeps all rows in memory: give X and y as arrays, or "
            "set retain_data=False and pass the blocks to refine after requests."
        )
