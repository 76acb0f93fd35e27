"""`CountedValues`: transformers of the order of the values of each column."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import scipy.sparse as sp

from sklearn_unlearn.core.affine import AffineMap
from sklearn_unlearn.core.arrays import is_sparse
from sklearn_unlearn.core.statistics.counts import Counts
from sklearn_unlearn.sufficient_statistics import (
    InvertibleMixin,
    UnlearnableTransformer,
)


class CountedValues(InvertibleMixin, UnlearnableTransformer):
    """A transformer that counts the rows of each distinct value of a column."""

    _columnwise = True

    # Hooks --------------------------------------------------------------------------

    def _collect(self, rows, y, weight, params):
        counts = Counts.of(list(_values(rows)), rows.shape[0])
        return replace(counts, dtypes=(rows.dtype,) * rows.shape[1])

    def _match(self, statistics, fitted):
        return statistics.like(fitted.statistics)

    def _output_map(self, before, after, others):
        """Outputs of columns whose values are those that they were stay."""
        kept, old = before.kept_by(after), before.statistics.values
        pairs = zip(kept, after.statistics.values, strict=True)
        same = np.array([old[place] == column for place, column in pairs], dtype=bool)
        source = np.where(same, kept, -1)
        return AffineMap.of_columns(len(old), source, np.ones(source.size), known=same)


def _values(rows):
    """Values of each column that are not missing, zeros of sparse rows among them."""
    if not is_sparse(rows):
        yield from (column[~np.isnan(column)] for column in rows.T)
        return
    stored = sp.csc_array(rows)
    for start, end in pairwise(stored.indptr):
        values = stored.data[start:end]
        zeros = np.zeros(rows.shape[0] - values.size, dtype=values.dtype)
        yield np.concatenate([values[~np.isnan(values)], zeros])
