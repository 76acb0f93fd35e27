"""Sums of fourth powers of raw predictions, of whatever coefficients, for few columns.

Where a Hessian tells the mean square of a change of the raw predictions, these tell how
far single rows may be from it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from scipy import sparse

from sklearn_unlearn.core.arrays import (
    Array,
    Indices,
    Mask,
    as_float64,
    densify,
    powers_of_two,
)
from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.rows import CACHED_ENTRIES, RowBlocks, Rows

_UNIT = float(np.finfo(np.float64).eps) / 2.0
#: Columns of which the products of four are kept: a matrix of 2 MiB.
MOST_COLUMNS = 32


@dataclass(frozen=True, eq=False)
class FourthPowers:
    """``K = sum_i w_i z_i z_i'`` with z_i the products of two entries of row i.

    A row leaves K as it came. Products of different columns are multiplied by the root
    of two, so that ``z(x) . z(v) = (x . v)^2``.

    Attributes
    ----------
    matrix : ndarray of shape (p (p + 1) / 2, p (p + 1) / 2)
    ever : ndarray of shape (p (p + 1) / 2,)
        Powers of two no smaller than what was ever added to the diagonal.
    least : float
        No row has a smaller weight: a power of two, infinite if there is no row.
    """

    matrix: Array
    ever: Array
    least: float

    @staticmethod
    def flops(p: int, n_rows: int) -> float:
        """Multiplications for so many rows."""
        return float(n_rows) * (p * (p + 1) // 2) ** 2

    @staticmethod
    def none(p: int) -> FourthPowers:
        """Those of no rows."""
        size = p * (p + 1) // 2
        return FourthPowers(np.zeros((size, size)), np.zeros(size), math.inf)

    def edited(
        self, objective: Objective, rows_in: RowBlocks | None, rows_out: Rows | None
    ) -> FourthPowers:
        """Those after rows came and left."""
        matrix, ever, least = self.matrix.copy(), self.ever, self.least
        if rows_in is not None:
            coming = _summed(objective, rows_in)
            matrix += coming
            ever = ever + powers_of_two(np.diagonal(coming))
            for block in rows_in.blocks():
                least = min(least, _least(block))
        if rows_out is not None:
            matrix -= _summed(objective, rows_out)
        return FourthPowers(matrix, ever, least)

    def without(self, columns: Mask) -> FourthPowers:
        """Those without some columns."""
        first, second, _ = _pairs(columns.size)
        gone = columns[first] | columns[second]
        matrix = np.where(gone | gone[:, None], 0.0, self.matrix)
        return replace(self, matrix=matrix, ever=np.where(gone, 0.0, self.ever))

    def mapped(self, matrix: Array) -> FourthPowers:
        """Those of ``T x`` for a matrix T."""
        pairs = _pairs_mapped(matrix)
        found = pairs @ (pairs @ self.matrix).T
        ever = np.square(abs(pairs) @ np.sqrt(self.ever))
        return replace(self, matrix=found, ever=powers_of_two(ever))

    def squares(self, one: Array, other: Array) -> float:
        """Bound on ``sum_i w_i |V' x_i|^2 |U' x_i|^2`` for V, U of shape (p, n)."""
        left, right = _of_coefficients(one), _of_coefficients(other)
        root = np.sqrt(self.ever)
        wrong = float(np.abs(left) @ root) * float(np.abs(right) @ root)
        found = max(float(left @ self.matrix @ right), 0.0)
        return found + 16.0 * self.ever.size * _UNIT * wrong

    def largest(self, vector: Array) -> float:
        """No ``|x_i . v_k|`` is larger, for vectors of shape (p, n)."""
        columns = np.hsplit(vector, vector.shape[1])
        largest = max(self.squares(column, column) for column in columns)
        return float((largest / self.least) ** 0.25)

    def hessian(self, vector: Array) -> Array:
        """Bound on ``sum_i w_i |V' x_i|^2 x_i x_i'``, a matrix of shape (p, p)."""
        p = vector.shape[0]
        size = _of_coefficients(vector)
        root = np.sqrt(self.ever)
        wrong = 16.0 * root.size * _UNIT * float(np.abs(size) @ root)
        first, second, factors = _pairs(p)
        found = np.zeros((p, p))
        found[first, second] = (self.matrix @ size) / factors
        found += np.triu(found, 1).T
        own = np.where(first == second, root, 0.0)
        diagonal = np.bincount(first, own, minlength=p)
        found += p * wrong * np.diag(diagonal)
        return found


@lru_cache(maxsize=8)
def _pairs(p: int) -> tuple[Indices, Indices, Array]:
    """Both columns of each product, and its factor."""
    first, second = np.triu_indices(p)
    return first, second, np.where(first == second, 1.0, math.sqrt(2.0))


@lru_cache(maxsize=8)
def _square_of_pairs(p: int) -> sparse.csr_array:
    """What makes all products of two entries of a row of its pairs."""
    first, second, factors = _pairs(p)
    places = np.concatenate([first * p + second, second * p + first])
    pairs = np.tile(np.arange(first.size), 2)
    values = np.tile(np.where(first == second, 0.5, 1.0) / factors, 2)
    found = sparse.coo_array((values, (places, pairs)), shape=(p * p, first.size))
    return found.tocsr()


def _pairs_mapped(matrix: Array) -> Any:
    """What a matrix makes of the pairs of a row: sparse, if most of it is zero."""
    p_new, p = matrix.shape
    first, second, factors = _pairs(p)
    new_first, new_second, new_factors = _pairs(p_new)
    if np.count_nonzero(matrix) <= 2 * p_new:  # as that of a scaler
        some = sparse.csr_array(matrix)
        square = sparse.csr_array(sparse.kron(some, some))
        chosen = square[new_first * p_new + new_second]
        pairs = sparse.csr_array(chosen @ _square_of_pairs(p))
        pairs.data *= np.repeat(new_factors, np.diff(pairs.indptr))
        return pairs
    mixed = matrix[new_first][:, first] * matrix[new_second][:, second]
    mixed += matrix[new_first][:, second] * matrix[new_second][:, first]
    mixed *= new_factors[:, None] / factors
    mixed[:, first == second] *= 0.5
    return mixed


def _products(X: Array) -> Array:
    """Z of each row."""
    first, second, factors = _pairs(X.shape[1])
    products: Array = X[:, first] * X[:, second] * factors
    return products


def _of_coefficients(vector: Array) -> Array:
    """The sum of z over columns."""
    summed: Array = _products(vector.T).sum(axis=0)
    return summed


def _summed(objective: Objective, rows: RowBlocks) -> Array:
    p = objective.shape[0]
    total = np.zeros((p * (p + 1) // 2, p * (p + 1) // 2))
    for block in rows.blocks(CACHED_ENTRIES):
        X = densify(as_float64(block.X))
        if objective.fit_intercept:
            X = np.column_stack([X, np.ones(X.shape[0])])
        X = np.where(objective.forgotten, 0.0, X)
        with np.errstate(over="ignore", invalid="ignore"):  # then they bound nothing
            Z = _products(X) * np.sqrt(block.weight)[:, None]
            total += Z.T @ Z
    return total


def _least(rows: Rows) -> float:
    """The smallest positive weight, rounded down to a power of two."""
    some = rows.weight[rows.weight > 0.0]
    if not some.size:
        return math.inf
    # by its exponent: the inverse of a curvature may be more than floats can hold
    return math.ldexp(1.0, math.frexp(some.min())[1] - 1)
