"""Training data that are read block after block."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from sklearn.base import clone

from sklearn_unlearn.core.rows import Rows
from sklearn_unlearn.row_blocks import (
    Block,
    BlockTasksMixin,
    DataBlocks,
    check_blocks_alone,
    kind_of,
    named_columns,
    same_columns,
    same_kind,
)
from sklearn_unlearn.utils.validation import (
    Columns,
    check_sample_weight,
    check_training_data,
)


class BlockReadingMixin(BlockTasksMixin):
    """A linear model that is fitted to `DataBlocks`."""

    retain_data: Any
    _check_objective: Any
    _encoding: Any
    _target_checks: ClassVar[dict[str, object]]
    _targets_in_short: Any

    def _read_blocks(self, data: DataBlocks, given: dict) -> tuple:
        """Rows, encoding and columns of a first pass, and no names of rows.

        The first pass tells which classes there are; each later one reads targets and
        weights again.

        Raises
        ------
        ValueError
            Naming the block that is not like the others, or what was given besides.
        """
        check_blocks_alone(given, {"retain_data": self.retain_data})
        reader: BlockReadingMixin = clone(self)  # which may be sent elsewhere
        data = data.watched()

        def look(number: int, block: Block) -> _Seen:
            X, y, weight, columns = reader._validate_block(block)
            targets = reader._targets_in_short(y, weight)
            return _Seen(number, columns, kind_of(X), X.shape[0], *targets)

        def both(before: _Seen, after: _Seen) -> _Seen:
            return before.joined(after, reader._targets_in_short)

        seen = data.combined(look, both)
        if not seen.weight.any():
            raise ValueError("sample_weight must hold a weight other than zero.")
        encoding, columns = self._encoding(seen.y, seen.weight), seen.columns
        self._check_objective(None if encoding.classes is None else encoding.n_groups)

        def read(block: Block) -> Rows:
            X, y, weight, here = reader._validate_block(block)
            same_columns(columns, here, 0)
            return Rows(X, encoding.read(y), weight)

        rows = data.rows(read, seen.n_rows)
        return rows, encoding, named_columns(data, columns), None

    def _validate_block(self, block: Block) -> tuple:
        """X, y, weights and columns of one block."""
        checks = self._target_checks
        X, y, columns = check_training_data(self, block.X, block.y, **checks)
        return X, y, check_sample_weight(block.sample_weight, X.shape[0]), columns


@dataclass(frozen=True, eq=False)
class _Seen:
    """What blocks are, from the number of the first of them on."""

    number: int
    columns: Columns
    kind: Any
    n_rows: int
    y: Any
    weight: Any

    def joined(self, after: _Seen, in_short: Any) -> _Seen:
        same_columns(self.columns, after.columns, after.number)
        same_kind(self.kind, after.kind, after.number)
        if self.y.shape[1:] != after.y.shape[1:]:
            raise ValueError(
                f"Block {after.number} of y has other dimensions than those before."
            )
        y = np.concatenate([self.y, after.y])
        weight = np.concatenate([self.weight, after.weight])
        y, weight = in_short(y, weight)
        return replace(self, n_rows=self.n_rows + after.n_rows, y=y, weight=weight)
