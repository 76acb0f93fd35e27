"""Data that are read block after block: from files, or from an iterable.

`DataBlocks` stands for X, y and sample_weight in ``fit`` of the models with a kept
factor and of the exact models and transformers, and in ``refine`` and
``gradient_residual``.
"""

from sklearn_unlearn.row_blocks._data_blocks import (
    BlockTasksMixin,
    DataBlocks,
    refusing_blocks,
)
from sklearn_unlearn.row_blocks._row_stream import (
    Block,
    check_blocks_alone,
    in_block,
    kind_of,
    named_columns,
    same_columns,
    same_kind,
    without_names,
)

__all__ = [
    "Block",
    "BlockTasksMixin",
    "DataBlocks",
    "check_blocks_alone",
    "in_block",
    "kind_of",
    "named_columns",
    "refusing_blocks",
    "same_columns",
    "same_kind",
    "without_names",
]
