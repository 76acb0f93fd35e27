"""Products with all rows, read where they lie: no block is copied pass after pass."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from sklearn_unlearn.core.arrays import (
    Array,
    Data,
    Indices,
    as_float64,
    densify,
    is_sparse,
    n_stored,
    squared,
    transposed_times,
)
from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.rows import RowBlocks

#: Entries of some columns that are made dense at a time: 8 MiB in single precision.
_DENSE_ENTRIES = 2**21


class RowProducts:
    """Rows as a linear map, with their targets, weights and objective.

    Vectors over rows have shape ``(n_rows, n_outputs)``, coefficients the shape of the
    objective's.

    Attributes
    ----------
    objective : Objective
    y : ndarray of shape (n_rows, n_targets)
    weight : ndarray of shape (n_rows,)
    """

    def __init__(self, objective: Objective, rows: RowBlocks) -> None:
        self.objective, self._rows = objective, rows
        self._kept: list[tuple[slice, Data]] | None = None
        self._n_entries, targets, weights, kept = 0, [], [], []
        start, in_memory = 0, getattr(rows, "in_memory", True)
        for block in rows.blocks(sys.maxsize):
            targets.append(block.y)
            weights.append(block.weight)
            self._n_entries += n_stored(block.X)
            if in_memory:
                part = slice(start, start + block.n_rows)
                kept.append((part, as_float64(block.X)))
                start = part.stop
        if in_memory:
            self._kept = kept
        self.y, self.weight = np.concatenate(targets), np.concatenate(weights)

    @property
    def n_rows(self) -> int:
        """Number of rows, those of weight zero included."""
        return int(self.weight.size)

    @property
    def n_entries(self) -> int:
        """Stored entries that half a pass reads."""
        return self._n_entries

    def _parts(self) -> Iterator[tuple[slice, Data]]:
        """All rows, part after part: kept ones, or read again."""
        if self._kept is not None:
            yield from self._kept
            return
        start = 0
        for block in self._rows.blocks(sys.maxsize):
            part = slice(start, start + block.n_rows)
            yield part, as_float64(block.X)
            start = part.stop

    def raw(self, theta: Array) -> Array:
        """``x_i . theta``."""
        raw = np.empty((self.n_rows, theta.shape[1]))
        columns = theta[:-1] if self.objective.fit_intercept else theta
        for part, X in self._parts():
            if columns.shape[1] == 1:  # a vector takes half the time of a column
                raw[part, 0] = X @ columns[:, 0]
            else:
                raw[part] = X @ columns
        if self.objective.fit_intercept:
            raw += theta[-1]
        return raw

    def pull(self, values: Array) -> Array:
        """``X' values``, summed with the care that a gradient needs."""
        total = np.zeros((self.objective.shape[0], values.shape[1]))
        for part, X in self._parts():
            total += self.objective.pulled(X, values[part])
        return total

    def pull_roughly(self, values: Array) -> Array:
        """The same for a search direction, in less time."""
        total = np.zeros((self.objective.shape[0], values.shape[1]))
        for part, X in self._parts():
            if values.shape[1] == 1 and is_sparse(X):
                total[: X.shape[1], 0] += X.T @ values[part, 0]
            else:
                total[: X.shape[1]] += transposed_times(X, values[part])
        if self.objective.fit_intercept:
            total[-1] = values.sum(axis=0)
        return total

    def squares(self, values: Array) -> Array:
        """``(X * X)' values``: diagonals of Hessians."""
        total = np.zeros((self.objective.shape[0], values.shape[1]))
        for part, X in self._parts():
            total[: X.shape[1]] += transposed_times(squared(X), values[part])
        if self.objective.fit_intercept:
            total[-1] = values.sum(axis=0)
        return total

    def columns(
        self, chosen: Indices
    ) -> Iterator[tuple[slice, npt.NDArray[np.float32]]]:
        """Some columns in single precision, dense, some rows after others."""
        step = max(1, _DENSE_ENTRIES // max(chosen.size, 1))
        for part, X in self._parts():
            some = X[:, chosen]
            for start in range(0, X.shape[0], step):
                rows = some[start : start + step]
                first = part.start + start
                dense = densify(rows).astype(np.float32)
                yield slice(first, first + rows.shape[0]), dense

    # Along a line of coefficients -----------------------------------------------------

    def value(self, raw: Array) -> float:
        """Summed loss at these raw predictions."""
        return float(self.weight @ self.objective.loss.value(raw, self.y))

    def slopes(self, raw: Array) -> Array:
        """Derivative of the summed loss in each raw prediction."""
        slopes: Array = self.objective.loss.gradient(raw, self.y)
        return np.asarray(slopes * self.weight[:, None])

    def curvatures(self, raw: Array) -> Array:
        """Second derivatives: a number a row or, coupled, a matrix a row."""
        curvature: Array = self.objective.loss.curvature(raw, self.y)
        if curvature.ndim == 3:
            return np.asarray(curvature * self.weight[:, None, None])
        return np.asarray(curvature * self.weight)
