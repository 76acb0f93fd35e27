"""Statistics of rows that are read block after block."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.base import clone

from sklearn_unlearn.base import Batch
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
from sklearn_unlearn.sufficient_statistics._fitted import Fitted
from sklearn_unlearn.utils.validation import Columns


@dataclass(frozen=True, eq=False)
class _Part:
    """What is known of blocks, from the number of the first of them on.

    ``fitted`` is None where all weights are zero.
    """

    number: int
    columns: Columns
    kind: Any
    fitted: Fitted | None


class BlockReadingMixin(BlockTasksMixin):
    """A function of sufficient statistics that is fitted to `DataBlocks`."""

    _edit: Any
    _keep_at_fit: Any
    _labels_of_blocks: Any
    _match: Any
    _read_block: Any
    _statistics: Any

    def _fitted_to_blocks(self, data: DataBlocks, given: dict, params: dict) -> Fitted:
        """The fitted value of all rows, without the estimator that it gives.

        Parameters
        ----------
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
        model: BlockReadingMixin = clone(self)  # which may be sent elsewhere
        data = data.watched()
        labels = model._labels_of_blocks(data)

        def part(number: int, block: Block) -> _Part:
            batch, columns = model._read_block(Batch(*block), labels, params)
            found, fitted = model._statistics(batch, params), None
            if found is not None:
                forgotten = np.zeros(columns.n_features, dtype=bool)
                statistics = model._keep_at_fit(found, labels)
                fitted = Fitted(statistics, columns, forgotten, params, labels)
            return _Part(number, columns, kind_of(batch.X.rows), fitted)

        def both(before: _Part, after: _Part) -> _Part:
            columns = same_columns(before.columns, after.columns, after.number)
            kind = same_kind(before.kind, after.kind, after.number)
            fitted, other = before.fitted, after.fitted
            if fitted is None or other is None:
                return replace(before, fitted=fitted or other)
            found = model._match(other.statistics, fitted)
            statistics, _ = model._edit(fitted.statistics, found, None)
            fitted = replace(fitted, statistics=statistics)
            return _Part(before.number, columns, kind, fitted)

        fitted = data.combined(part, both).fitted
        if fitted is None:
            raise ValueError("sample_weight must hold a weight other than zero.")
        return replace(fitted, columns=named_columns(data, fitted.columns))
