"""Sums over the rows of each class without rounding, block after block.

Entries are split into parts of so few bits that float64 holds sums over a block of the
parts, or of products of two, exactly: BLAS adds them up, in whatever order.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

import numpy as np
import scipy.sparse as sp

from sklearn_unlearn.core.arrays import (
    Array,
    Data,
    Indices,
    as_float64,
    densify,
    is_sparse,
    n_stored,
)
from sklearn_unlearn.core.statistics.exact_summation import (
    Accumulator,
    Exact,
    split,
    split_products,
)
from sklearn_unlearn.core.threads import in_order

#: Which second moments: none, those of each column, those of each pair of columns.
Second: TypeAlias = Literal["none", "columns", "pairs"]
#: Parts of entries, with their positions.
Parts: TypeAlias = list[tuple[int, Array]]
#: Weights, sums of columns and of their products, of each class.
Sums: TypeAlias = tuple[Exact, Exact, Exact | None]

#: Entries of a block, whose parts should stay in the cache.
_BLOCK_ENTRIES = 2**16
#: Entries that a thread adds up before it carries digits: at least so many, and so many
#: times the number of sums.
_CHUNK_ENTRIES, _CHUNK_CELLS = 2**20, 64
#: Rows of a block whose pairs of columns are summed: as many as pay for the sums.
_PAIRS_ROWS = 2**12
#: With more classes, rows are sorted by class, so that a block has few.
_FEW_CLASSES = 8


def sums(
    X: Data, group: Indices, weight: Array, n_groups: int, second: Second
) -> Iterator[Sums]:
    """Sums over the rows of each class, in parts that are to be added.

    Parameters are those of `Statistics.of`.
    """
    n_rows = group.size
    simple = is_sparse(X) and second == "none" and n_groups <= _FEW_CLASSES
    if simple and np.all(weight == 1.0) and _are_counts(X):
        return iter([_counted(X, group, n_groups)])
    step = _block_rows(X, n_groups, second)
    order = None
    if n_groups > (1 if second == "pairs" else _FEW_CLASSES):
        order = np.argsort(group, kind="stable")

    def chunk_sums(start: int) -> Sums:
        totals = _Totals(n_groups, X.shape[1], second)
        for first in range(start, min(start + chunk, n_rows), step):
            last = min(first + step, start + chunk, n_rows)
            chosen = slice(first, last) if order is None else order[first:last]
            block = _block(X, chosen)
            if second == "pairs":  # most of their products are not zero
                block = densify(block)
            totals.add(block, group[chosen], weight[chosen])
        return totals.result()

    chunk = max(n_rows, 1)
    if second != "pairs":  # whose sums take too much memory to have several
        cells = n_groups * X.shape[1]
        entries = max(_CHUNK_ENTRIES, _CHUNK_CELLS * cells)
        chunk = step * max(1, entries // (step * _per_row(X)))
    return in_order(chunk_sums, range(0, max(n_rows, 1), chunk))


def _are_counts(X: Data) -> bool:
    """Whether float64 holds any sum of stored entries: whole numbers, not too large."""
    limit = 2.0**53 / max(int(X.shape[0]), 1)
    for start in range(0, X.data.size, _BLOCK_ENTRIES):
        part = X.data[start : start + _BLOCK_ENTRIES]
        if not np.array_equal(part, np.rint(part)) or np.abs(part).max() > limit:
            return False
    return True


def _counted(X: Data, group: Indices, n_groups: int) -> Sums:
    """Sums over sparse rows of counts: one product, no blocks."""
    member = (group == np.arange(n_groups)[:, None]).astype(np.float64)
    found: Array = member @ as_float64(X)
    return Exact.of(member.sum(axis=1)), Exact.of(found), None


def _per_row(X: Data) -> int:
    return max(1, n_stored(X) // max(int(X.shape[0]), 1))


def _block_rows(X: Data, n_groups: int, second: Second) -> int:
    if second == "pairs":
        return _PAIRS_ROWS
    entries = _BLOCK_ENTRIES
    if is_sparse(X):  # as many as there are sums, at least
        entries = max(entries, n_groups * X.shape[1])
    # a block may have as many classes as rows, and then makes rows x rows memberships
    most = 2**13 if n_groups <= _FEW_CLASSES else 2**11
    rows = min(max(32, entries // _per_row(X)), most)
    if second == "none":
        return rows
    # of 2**7 rows, products of 24 bits can be added, as of 2**6; of 2**8, of 23
    return 1 << ((rows.bit_length() - 2) // 2 * 2 + 1)


class _Totals:
    """Sums that blocks of rows are added to."""

    def __init__(self, n_groups: int, n_columns: int, second: Second) -> None:
        self.n_groups, self.second = n_groups, second
        self.weights = Accumulator((n_groups,))
        self.firsts = Accumulator((n_groups, n_columns))
        further = (n_columns,) * (2 if second == "pairs" else 1)
        self.seconds = Accumulator((n_groups, *further))

    def result(self) -> Sums:
        second = None if self.second == "none" else self.seconds.result()
        return self.weights.result(), self.firsts.result(), second

    def add(self, X: Data, group: Indices, weight: Array) -> None:
        """Add rows, sorted by class if pairs of columns are summed."""
        where = np.unique(group) if self.n_groups > _FEW_CLASSES else None
        present = np.arange(self.n_groups) if where is None else where
        member = (group == present[:, None]).astype(np.float64)
        n_factors = 1 if self.second == "none" else 2
        values = X.data if is_sparse(X) else X
        columns = weighted = split(values, group.size, n_factors)
        if np.all(weight == 1.0):
            self.weights.add(0, member.sum(axis=1), where)
        else:
            for position, part in split(weight, group.size):
                self.weights.add(position, member @ part, where)
            weight = weight[:, None]
            if is_sparse(X):
                weight = np.repeat(weight, np.diff(X.indptr))
            weighted = split_products(values, weight, group.size, n_factors)

        def summed(values: Array) -> Array:
            rows = values
            if is_sparse(X):  # X is this block's alone
                rows, X.data = X, values
            found: Array = member @ rows
            return found

        for position, part in weighted:
            self.firsts.add(position, summed(part), where)
        if self.second == "columns":
            for position, times, products in _squares(weighted, columns):
                self.seconds.add(position, times * summed(products), where)
        elif self.second == "pairs":
            for k in np.unique(group).tolist():
                start, end = np.searchsorted(group, [k, k + 1])
                self._add_pairs(k, slice(start, end), weighted, columns)

    def _add_pairs(
        self, group: int, rows: slice, weighted: Parts, columns: Parts
    ) -> None:
        """Add products of the columns of rows of one class."""
        if not columns:
            return
        left = right = np.concatenate([part[rows] for _, part in columns], axis=1)
        if weighted is not columns:
            left = np.concatenate([part[rows] for _, part in weighted], axis=1)
        n_columns = columns[0][1].shape[1]
        gram = (left.T @ right).reshape(len(weighted), n_columns, -1, n_columns)
        for i, (position, _) in enumerate(weighted):
            for j, (other, _) in enumerate(columns):
                self.seconds.add(position + other, gram[i, :, j], group)


def _squares(weighted: Parts, columns: Parts) -> Iterator[tuple[int, float, Array]]:
    """Products of the parts of an entry, and how often each is in the square."""
    for i, (position, one) in enumerate(weighted):
        for j, (other_position, other) in enumerate(columns):
            if weighted is not columns:
                yield position + other_position, 1.0, one * other
            elif i <= j:
                yield position + other_position, 1.0 if i == j else 2.0, one * other


def _block(X: Data, rows: slice | Indices) -> Data:
    """Rows in float64; consecutive ones are not copied."""
    if is_sparse(X) and isinstance(rows, slice):
        ends = X.indptr[rows.start : rows.stop + 1]
        stored = slice(ends[0], ends[-1])
        parts = X.data[stored], X.indices[stored], ends - ends[0]
        return as_float64(sp.csr_array(parts, shape=(ends.size - 1, X.shape[1])))
    return as_float64(X[rows])
