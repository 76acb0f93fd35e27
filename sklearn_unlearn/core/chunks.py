"""Rows that came together, and the hashes by which one of them is found."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from sklearn_unlearn.core.arrays import Array, Data, Indices, Mask, row_hashes
from sklearn_unlearn.core.rows import Rows


class Origin(Protocol):
    """Rows as they were before preprocessing, in the order of those made of them."""

    def codes(self) -> Data:
        """Numbers of shape (n_rows, any) that are equal for equal rows."""

    def same(self, other: Any) -> Mask:
        """Where these rows equal those of another of as many."""

    def take(self, rows: Indices) -> Any:
        """Copies of these rows."""

    def joined(self, others: Any) -> Any:
        """These rows and then those of a list of others."""


@dataclass(frozen=True, eq=False)
class Chunk:
    """Rows that came together, with the means to find one of them.

    Attributes
    ----------
    rows : Rows
        With the weights that they came with.
    ids : ndarray or None
        The caller's identifiers.
    forgotten : ndarray of bool of shape (n_columns,)
        Columns that do not identify a row.
    origin : Origin or None
        What the rows were made of, which then identifies them.
    """

    rows: Rows
    ids: Any
    forgotten: Mask
    origin: Origin | None = None

    @cached_property
    def by_content(self) -> tuple[Any, Indices]:
        """Sorted hashes of features and targets, and whose they are."""
        return _sorted(row_hashes(self.rows.X, self.rows.y, self.forgotten))

    @cached_property
    def by_origin(self) -> tuple[Any, Indices]:
        """Sorted hashes of origins and targets, and whose they are."""
        assert self.origin is not None
        return _sorted(origin_hashes(self.origin, self.rows.y))

    @cached_property
    def by_id(self) -> tuple[Any, Indices]:
        """Sorted identifiers, and whose they are."""
        return _sorted(self.ids)


def origin_hashes(origin: Origin, y: Array) -> Any:
    """Hashes of rows by what they were made of, and their targets."""
    codes = origin.codes()
    return row_hashes(codes, y, np.zeros(codes.shape[1], dtype=bool))


def _sorted(keys: Any) -> tuple[Any, Indices]:
    order = np.argsort(keys, kind="stable")
    return keys[order], order
