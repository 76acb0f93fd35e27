"""Statistics of rows that are read block after block."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from sklearn_unlearn.base import Batch
from sklearn_unlearn.row_blocks import (
    DataBlocks,
    check_blocks_alone,
    in_block,
    named_columns,
    same_columns,
    same_kind,
)
from sklearn_unlearn.sufficient_statistics._fitted import Fitted


def fitted_to_blocks(model: Any, data: DataBlocks, given: dict, params: dict) -> Fitted:
    """The fitted value of all rows, without the estimator that it gives.

    Parameters
    ----------
    model : StatisticsUnlearner
    data : DataBlocks
    given : dict
        What else `fit` was given, which belongs into the blocks.
    params : dict

    Raises
    ------
    ValueError
        Naming the block that is not like the others, or what was given besides.
    """
    check_blocks_alone(given, params)
    labels, columns, kind = model._labels_of_blocks(data), None, None
    fitted = None
    for number, block in enumerate(data):
        with in_block(number):
            batch, here = model._read_block(Batch(*block), labels, params)
        columns = same_columns(columns, here, number)
        if hasattr(batch.X.rows, "dtype"):
            kind = same_kind(kind, batch.X.rows, number)
        found = model._statistics(batch, params)
        if found is None:
            continue
        if fitted is None:
            forgotten = np.zeros(columns.n_features, dtype=bool)
            statistics = model._keep_at_fit(found, labels)
            fitted = Fitted(statistics, columns, forgotten, params, labels)
            continue
        statistics, _ = model._edit(
            fitted.statistics, model._match(found, fitted), None
        )
        fitted = replace(fitted, statistics=statistics)
    if columns is None:
        raise ValueError("blocks holds no rows: there is no block.")
    if fitted is None:
        raise ValueError("sample_weight must hold a weight other than zero.")
    return replace(fitted, columns=named_columns(data, columns))
