"""Training data that are read block after block."""

from __future__ import annotations

from typing import Any

import numpy as np

from sklearn_unlearn.core.rows import Rows
from sklearn_unlearn.row_blocks import (
    DataBlocks,
    RowStream,
    check_blocks_alone,
    in_block,
    named_columns,
    same_columns,
)
from sklearn_unlearn.utils.validation import check_sample_weight, check_training_data


def read_blocks(model: Any, data: DataBlocks, given: dict) -> tuple:
    """Rows, encoding and columns of a first pass, and no names of rows.

    Targets and weights are read once as a whole, since all of them say which classes
    there are; each pass reads those of its blocks again.

    Raises
    ------
    ValueError
        Naming the block that is not like the others, or what was given besides.
    """
    check_blocks_alone(given, {"retain_data": model.retain_data})
    targets, weights, columns = [], [], None
    for number, block in enumerate(data):
        with in_block(number):
            _, y, weight, here = _validated(model, block)
        columns = same_columns(columns, here, number)
        targets.append(y)
        weights.append(weight)
    if columns is None:
        raise ValueError("blocks holds no rows: there is no block.")
    y, weight = np.concatenate(targets), np.concatenate(weights)
    if not weight.any():
        raise ValueError("sample_weight must hold a weight other than zero.")
    encoding = model._encoding(y, weight)
    model._check_objective(None if encoding.classes is None else encoding.n_groups)

    def read(block: Any) -> Rows:
        X, y, weight, here = _validated(model, block)
        same_columns(columns, here, 0)
        return Rows(X, encoding.read(y), weight)

    rows = RowStream(data, read, weight.size)
    return rows, encoding, named_columns(data, columns), None


def _validated(model: Any, block: Any) -> tuple:
    X, y, columns = check_training_data(model, block.X, block.y, **model._target_checks)
    return X, y, check_sample_weight(block.sample_weight, X.shape[0]), columns
