"""Training data that are read block after block."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.base import clone

from sklearn_unlearn.core.rows import Rows
from sklearn_unlearn.row_blocks import (
    Block,
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


def read_blocks(model: Any, data: DataBlocks, given: dict) -> tuple:
    """Rows, encoding and columns of a first pass, and no names of rows.

    The first pass tells which classes there are; each later one reads targets and
    weights again.

    Raises
    ------
    ValueError
        Naming the block that is not like the others, or what was given besides.
    """
    check_blocks_alone(given, {"retain_data": model.retain_data})
    data, reader = data.watched(), clone(model)  # which may be sent elsewhere

    def look(number: int, block: Block) -> _Seen:
        X, y, weight, columns = _validated(reader, block)
        targets = reader._targets_in_short(y, weight)
        return _Seen(number, columns, kind_of(X), X.shape[0], *targets)

    def both(before: _Seen, after: _Seen) -> _Seen:
        return before.joined(after, reader._targets_in_short)

    seen = data.combined(look, both)
    if not seen.weight.any():
        raise ValueError("sample_weight must hold a weight other than zero.")
    encoding, columns = model._encoding(seen.y, seen.weight), seen.columns
    model._check_objective(None if encoding.classes is None else encoding.n_groups)

    def read(block: Block) -> Rows:
        X, y, weight, here = _validated(reader, block)
        same_columns(columns, here, 0)
        return Rows(X, encoding.read(y), weight)

    rows = data.rows(read, seen.n_rows)
    return rows, encoding, named_columns(data, columns), None


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


def _validated(model: Any, block: Block) -> tuple:
    X, y, columns = check_training_data(model, block.X, block.y, **model._target_checks)
    return X, y, check_sample_weight(block.sample_weight, X.shape[0]), columns
