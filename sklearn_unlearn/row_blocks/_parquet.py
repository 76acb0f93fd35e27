"""Blocks from Parquet files, or from any dataset of pyarrow."""

from __future__ import annotations

from numbers import Integral
from os import PathLike

import numpy as np
from sklearn.utils import check_scalar

from sklearn_unlearn.utils.optional import import_optional


class ParquetBlocks:
    """The columns of a dataset that are X, y and weights, batch after batch."""

    def __init__(self, source, target, sample_weight, columns, batch_size):
        datasets = import_optional("pyarrow.dataset", "from_parquet", "parquet")
        check_scalar(batch_size, "batch_size", Integral, min_val=1)
        arrow = import_optional("pyarrow", "from_parquet", "parquet")
        if isinstance(source, arrow.Table):
            source = datasets.dataset(source)
        if not isinstance(source, datasets.Dataset):
            source = [source] if not isinstance(source, list) else source
            for part in source:
                if not isinstance(part, str | PathLike):
                    raise TypeError(
                        "source must be a path, a list of paths, a dataset or a table "
                        f"of pyarrow; got {type(part).__name__}."
                    )
            parts = [datasets.dataset(str(part), format="parquet") for part in source]
            source = parts[0] if len(parts) == 1 else datasets.dataset(parts)
        self.dataset, self.target, self.sample_weight = source, target, sample_weight
        self.batch_size = batch_size
        self._datasets = datasets
        targets = [target] if isinstance(target, str) else list(target or ())
        others = [*targets, *([] if sample_weight is None else [sample_weight])]
        names = source.schema.names
        if isinstance(columns, str):
            raise TypeError("columns must be a list of names; got one str.")
        if columns is None:
            columns = [name for name in names if name not in others]
        self.columns, self.read = list(columns), [*columns, *others]
        for name in self.read:
            if names.count(name) != 1:
                raise ValueError(
                    f"{name!r} names {names.count(name)} columns of the dataset; it "
                    f"has {names!r}."
                )
            if self.read.count(name) != 1:
                raise ValueError(
                    f"{name!r} is named more than once in columns, target and "
                    "sample_weight."
                )
        types = arrow.types
        for name in self.columns:
            kind = source.schema.field(name).type
            numeric = types.is_integer(kind) or types.is_floating(kind)
            if not (numeric or types.is_boolean(kind)):
                raise ValueError(
                    f"The column {name!r} holds {kind}, not numbers: leave it out of "
                    "columns, or give blocks that have been encoded."
                )

    def _batches(self):
        """Batches of one group of rows after another.

        A scan of a whole dataset reads ahead of whoever is slower, by up to a GiB, and
        keeps what it has buffered of a file.
        """
        scan = {"columns": self.read, "batch_size": self.batch_size}
        try:
            fragments = list(self.dataset.get_fragments())
        except ValueError:  # of a dataset with a filter, which fragments do not know
            yield from self.dataset.to_batches(**scan, batch_readahead=0)
            return
        scan |= {"schema": self.dataset.schema, "batch_readahead": 0}
        parquet = self._datasets.ParquetFileFragment
        options = self._datasets.ParquetFragmentScanOptions(pre_buffer=False)
        for fragment in fragments:
            if not isinstance(fragment, parquet):
                yield from fragment.to_batches(**scan)
                continue
            for group in fragment.split_by_row_group():
                yield from group.to_batches(**scan, fragment_scan_options=options)

    def __iter__(self):
        for batch in self._batches():
            if not batch.num_rows:
                continue
            X = _matrix(batch, self.columns)
            y = None
            if isinstance(self.target, str):
                y = _values(batch, self.target)
            elif self.target:
                y = _matrix(batch, self.target)
            weight = self.sample_weight
            yield X, y, None if weight is None else _values(batch, weight)


def _values(batch, name):
    return batch.column(name).to_numpy(zero_copy_only=False)


def _matrix(batch, names):
    """Columns as a matrix, of float32 if all of them are."""
    columns = [_values(batch, name) for name in names]
    single = all(column.dtype == np.float32 for column in columns)
    dtype = np.float32 if single else np.float64
    matrix = np.empty((batch.num_rows, len(names)), dtype=dtype)
    for place, column in enumerate(columns):
        matrix[:, place] = column
    return matrix
