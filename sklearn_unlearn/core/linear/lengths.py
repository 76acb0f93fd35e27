"""Lengths of the rows: how far a raw prediction may go when many coefficients change.

The largest values of the columns, one by one, are those of a row that there is hardly
ever: of many columns, most rows are small in most.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from sklearn_unlearn.core.arrays import (
    Array,
    as_float64,
    powers_of_two,
    squared,
    times,
)
from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.linear.peaks import mapped_peaks
from sklearn_unlearn.core.rows import CACHED_ENTRIES, RowBlocks, Rows, results

_UNIT = float(np.finfo(np.float64).eps) / 2.0
#: Squares that are smaller may be zero for being too small for a float.
_LEAST = 1e-200


@dataclass(frozen=True, eq=False)
class Lengths:
    """No row has a larger ``sum_j x_ij^2 / scale_j``, nor ever had.

    Attributes
    ----------
    scale : ndarray of shape (p,)
        Powers of two.
    longest : float
        A power of two until a map, as those of columns (`core.linear.peaks`).
    """

    scale: Array
    longest: float

    @staticmethod
    def of(
        objective: Objective, diagonal: Array, columns: Array, rows: RowBlocks
    ) -> Lengths:
        """That of all rows.

        Parameters
        ----------
        objective : Objective
        diagonal : ndarray of shape (order,)
            That of the data Hessian.
        columns : ndarray of shape (p,)
            Largest value of each column.
        rows : RowBlocks
        """
        return Lengths(_scale(diagonal, columns), 0.0).joined(objective, rows)

    def joined(self, objective: Objective, rows: RowBlocks) -> Lengths:
        """That with more rows."""
        inverse = np.where(objective.forgotten, 0.0, 1.0 / self.scale)[:, None]
        constant = inverse[-1, 0] if objective.fit_intercept else 0.0

        def term(block: Rows) -> float:
            found = 0.0
            for part in block.weighted().blocks(CACHED_ENTRIES):
                X = as_float64(part.X)
                with np.errstate(over="ignore", invalid="ignore"):  # then it is none
                    sizes = times(squared(X), inverse[: X.shape[1]])
                    sizes = np.nan_to_num(sizes, nan=np.inf)
                found = max(found, float(sizes.max(initial=0.0)))
            return constant + found

        found = max(results(term, rows, max), default=0.0)
        if not _LEAST < found < math.inf:
            return replace(self, longest=math.inf)
        longest = float(powers_of_two(np.array([found]))[0])
        return replace(self, longest=max(self.longest, longest))

    def mapped(self, matrix: Array, diagonal: Array, columns: Array) -> Lengths:
        """That of ``T x`` for a matrix T; the others are those of the new features."""
        scale = self.scale
        if matrix.shape[0] != matrix.shape[1]:
            scale = _scale(diagonal, columns)
        relative = np.abs(matrix) * np.sqrt(self.scale) / np.sqrt(scale)[:, None]
        if not relative.size:
            return Lengths(scale, 0.0)
        # the square of a 2-norm is no larger than those of rows times those of columns
        grown = float(relative.sum(axis=0).max() * relative.sum(axis=1).max())
        whole = mapped_peaks(np.array([[math.sqrt(grown)]]), np.array([self.longest]))
        return Lengths(scale, float(whole[0]))

    def largest(self, vectors: Array) -> Array:
        """No ``|x_i . v_k|`` is larger, for vectors of shape (p, n)."""
        if not self.longest < math.inf:
            return np.full(vectors.shape[1], np.inf)
        squares = self.scale @ np.square(vectors)
        rounding = 1.0 + 4.0 * self.scale.size * _UNIT
        found: Array = np.sqrt(self.longest * squares) * rounding
        return found

    def square(self, matrix: Array) -> float:
        """No ``x_i' M x_i`` is larger, for a matrix M without negative eigenvalues."""
        if not self.longest < math.inf:
            return math.inf
        root = np.sqrt(self.scale)
        relative = root[:, None] * matrix * root
        if not np.isfinite(relative).all():
            return math.inf
        largest = float(np.linalg.eigvalsh(relative)[-1])
        largest += 4.0 * self.scale.size * _UNIT * float(np.linalg.norm(relative))
        return self.longest * max(largest, 0.0)


def _scale(diagonal: Array, columns: Array) -> Array:
    """Powers of two, which follow the squares of the units of the columns.

    Nothing depends on how exact they are. A rare column, of which most rows have none,
    moves by more than a frequent one.
    """
    largest = diagonal.reshape(-1, columns.size).max(axis=0, initial=0.0)
    sizes: Array = powers_of_two(np.sqrt(np.maximum(largest, 0.0)) * columns)
    return np.where(np.isfinite(sizes) & (sizes > 0.0), sizes, 1.0)
