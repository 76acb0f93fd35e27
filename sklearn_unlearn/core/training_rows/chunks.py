"""Rows that came together, and the hashes by which one of them is found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from sklearn_unlearn.core.arrays import Data, Indices, Mask
from sklearn_unlearn.core.rows import Rows
from sklearn_unlearn.core.training_rows.names import subjects_of
from sklearn_unlearn.core.training_rows.row_hash import Hashes, RowHash


class Origin(Protocol):
    """Rows as they were before preprocessing, in the order of those made of them."""

    def codes(self, hashed: RowHash) -> Data:
        """Numbers of shape (n_rows, any) that are equal for equal rows."""

    def same(self, other: Any) -> Mask:
        """Where these rows equal those of another of as many."""

    def unequal(self, other: Any, rounding: float) -> Data:
        """Where their values differ by more than rounding, column by column."""

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
        The caller's identifiers, see :mod:`~sklearn_unlearn.core.training_rows.names`.
    forgotten : ndarray of bool of shape (n_columns,)
        Columns that do not identify a row.
    hashed : RowHash
    origin : Origin or None
        What the rows were made of, which then identifies them.
    numbers : ndarray of int or None
        Of rows with identifiers, and where their order counts: in which they came. A
        row that is corrected keeps its number, and the parts of a row share it.
    """

    rows: Rows
    ids: Any
    forgotten: Mask
    hashed: RowHash
    origin: Origin | None = None
    numbers: Any = None

    @cached_property
    def by_content(self) -> tuple[Any, Indices]:
        """Sorted hashes of features and targets, and whose they are."""
        return _sorted(self.hashes(self.rows))

    @cached_property
    def by_origin(self) -> tuple[Any, Indices]:
        """Sorted hashes of origins and targets, and whose they are."""
        return _sorted(self.hashes(self.rows, self.origin))

    @cached_property
    def by_id(self) -> tuple[Any, Indices]:
        """Sorted identifiers, of subjects where rows have two, and whose they are."""
        return _sorted(subjects_of(self.ids))

    def with_features(self, X: Data, forgotten: Mask) -> Chunk:
        """The same rows with other features; hashes of their origins stay."""
        chunk = replace(self, rows=replace(self.rows, X=X), forgotten=forgotten)
        for name in ("by_origin", "by_id"):
            if name in vars(self):  # what `cached_property` keeps
                vars(chunk)[name] = getattr(self, name)
        return chunk

    def keep_sorted(self, before: Chunk, alive: Indices) -> None:
        """Take over hashes of origins, and names, that were sorted where these were.

        Parameters
        ----------
        before : Chunk
        alive : ndarray of int
            Where in that these rows were, in their order.
        """
        for name in ("by_origin", "by_id"):
            if name in vars(before):
                keys, order = getattr(before, name)
                place = np.full(before.rows.n_rows, -1, dtype=np.intp)
                place[alive] = np.arange(alive.size)
                place = place[order]
                kept = np.flatnonzero(place >= 0)
                vars(self)[name] = keys[kept], place[kept]

    def hashes(self, rows: Rows, origin: Origin | None = None) -> Hashes:
        """Of rows with their targets, by origin if they have one, else by features."""
        if origin is None:
            return self.hashed.of_rows(rows.X, rows.y, self.forgotten)
        codes = origin.codes(self.hashed)
        return self.hashed.of_rows(codes, rows.y, np.zeros(codes.shape[1], dtype=bool))


def _sorted(keys: Any) -> tuple[Any, Indices]:
    order = np.argsort(keys, kind="stable")
    return keys[order], order
