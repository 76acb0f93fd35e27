"""Sums of fourth powers of raw predictions, of whatever coefficients, for few columns.

Where a Hessian tells the mean square of a change of the raw predictions, these tell how
far single rows may be from it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from sklearn_unlearn.core.arrays import (
    Array,
    Indices,
    Mask,
    as_float64,
    densify,
    powers_of_two,
)
from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.rows import Rows

_UNIT = float(np.finfo(np.float64).eps) / 2.0
#: Columns of which the products of four are kept: 52,360 numbers.
MOST_COLUMNS = 32
#: Rows of which all products of four are formed; of more, all of two, in blocks of so
#: many entries.
_FEW_ROWS, _PAIR_ENTRIES = 8, 2**18
#: Times its size that a value may be lost in, and found again, on the way of a map.
_MILD = 4.0
#: Steps of a fraction that is stored in a pickle.
_STEPS = 2.0**31 - 1.0


@dataclass(frozen=True, eq=False)
class Layout:
    """Where a symmetric tensor of order four keeps each number, which it does once.

    Attributes
    ----------
    first, second : ndarray of shape (n_pairs,)
        Columns of each pair.
    twice : ndarray of shape (n_pairs,)
        Two where they differ, otherwise one.
    left, right : ndarray of shape (n_numbers,)
        Two pairs of which a number is that of all four columns.
    times : ndarray of shape (n_numbers,)
        Entries of the tensor that are this number.
    whole : ndarray of shape (n_pairs, n_pairs)
        Which number is that of two pairs.
    """

    first: Indices
    second: Indices
    twice: Array
    left: Indices
    right: Indices
    times: Array
    whole: Indices


@lru_cache(maxsize=8)
def layout(p: int) -> Layout:
    """That of so many columns."""
    first, second = np.triu_indices(p)
    twice = np.where(first == second, 1.0, 2.0)
    n_pairs = first.size
    four = np.empty((4, n_pairs, n_pairs), dtype=np.intp)
    four[0], four[1] = first[:, None], second[:, None]
    four[2], four[3] = first, second
    four.sort(axis=0)
    names = ((four[0] * p + four[1]) * p + four[2]) * p + four[3]
    _, where, whole = np.unique(names.ravel(), return_index=True, return_inverse=True)
    left, right = np.divmod(where, n_pairs)
    times = np.bincount(whole.ravel(), np.outer(twice, twice).ravel())
    whole = whole.reshape(n_pairs, n_pairs)
    return Layout(first, second, twice, left, right, as_float64(times), whole)


@dataclass(frozen=True, eq=False)
class Frame:
    """A map of the features that can be undone: rows are it times what was summed."""

    matrix: Array
    inverse: Array

    @staticmethod
    def of(matrix: Array) -> Frame | None:
        """None where it cannot be."""
        if matrix.shape[0] != matrix.shape[1]:
            return None
        try:
            return Frame(matrix, as_float64(np.linalg.inv(matrix)))
        except np.linalg.LinAlgError:
            return None

    def is_mild(self, sizes: Array) -> bool:
        """Whether it can be undone in columns of these sizes without loss of digits."""
        there_and_back = np.abs(self.inverse) @ (np.abs(self.matrix) @ sizes)
        return bool(np.all(there_and_back <= _MILD * sizes))


@dataclass(frozen=True, eq=False)
class Quadruples:
    """Products of four values of each row, to be summed with any weights.

    Attributes
    ----------
    pairs : ndarray of shape (n_rows, n_pairs)
        Products of two.
    sizes : ndarray of shape (n_rows, p)
        No smaller than the values, nor than what rounded in them.
    """

    pairs: Array
    sizes: Array

    @staticmethod
    def of(objective: Objective, rows: Rows, frame: Frame | None) -> Quadruples:
        """Those of rows, or of what a frame made of rows."""
        X = densify(as_float64(rows.X))
        if objective.fit_intercept:
            X = np.column_stack([X, np.ones(X.shape[0])])
        X = np.where(objective.forgotten, 0.0, X)
        sizes = np.abs(X)
        if frame is not None:
            back = frame.inverse.T
            X, sizes = X @ back, sizes @ np.abs(back)
        kept = layout(X.shape[1])
        with np.errstate(over="ignore"):  # then they bound nothing
            return Quadruples(X[:, kept.first] * X[:, kept.second], sizes)

    def summed(self, weight: Array) -> Array:
        """Weighted sums, each number once."""
        kept = layout(self.sizes.shape[1])
        with np.errstate(over="ignore", invalid="ignore"):
            if weight.size <= _FEW_ROWS:
                found = np.zeros(kept.left.size)
                for one, each in zip(weight, self._fours, strict=True):
                    found += one * each
                return found
            rooted = self.pairs * np.sqrt(weight)[:, None]
            return (rooted.T @ rooted)[kept.left, kept.right]

    @cached_property
    def _fours(self) -> list[Array]:
        kept = layout(self.sizes.shape[1])
        return [pairs[kept.left] * pairs[kept.right] for pairs in self.pairs]


def block_size(p: int) -> int:
    """Entries of rows with so many columns of which a block is summed at a time."""
    return 2 * _PAIR_ENTRIES // (p + 1)


@dataclass(frozen=True, eq=False)
class FourthPowers:
    """``sum_i w_i x_ia x_ib x_ic x_id`` for all columns a, b, c, d.

    A row leaves them as it came.

    Attributes
    ----------
    values : ndarray of shape (p (p + 1) (p + 2) (p + 3) / 24,)
        As `Layout` says.
    ever : ndarray of shape (p,)
        No smaller than what was ever added to the sum of the fourth powers of a column:
        sums of powers of two.
    least : float
        No row has a smaller weight: a power of two, infinite if there is no row.
    frame : Frame or None
        That of what was summed. A pickle has none: the map of a scaler tells of the row
        that left it.
    rounded : float
        Rounding errors of pickles, in units of ``(ever_a ever_b ever_c ever_d)^(1/4)``.
    """

    values: Array
    ever: Array
    least: float
    frame: Frame | None = None
    rounded: float = 0.0

    @staticmethod
    def flops(p: int, n_rows: int) -> float:
        """Multiplications for so many rows."""
        return float(n_rows) * (p * (p + 1) // 2) ** 2

    @staticmethod
    def none(p: int) -> FourthPowers:
        """Those of no rows."""
        return FourthPowers(np.zeros(math.comb(p + 3, 4)), np.zeros(p), math.inf)

    def changed(self, rows: Quadruples, weight: Array, sign: float) -> FourthPowers:
        """Those after rows came or left, by the sign."""
        ever, least = self.ever, self.least
        if sign > 0.0:
            least = min(least, least_weight(weight))
        if sign > 0.0 or self.frame is not None:
            # what leaves a frame may have rounded otherwise as it came
            ever = ever + _powers(rows, weight)
        with np.errstate(invalid="ignore"):
            values = self.values + sign * rows.summed(weight)
        return replace(self, values=values, ever=ever, least=least)

    def without(self, columns: Mask) -> FourthPowers:
        """Those without some columns."""
        if self.frame is not None:
            return self.framed().without(columns)
        kept = layout(columns.size)
        gone = columns[kept.first] | columns[kept.second]
        values = np.where(gone[kept.left] | gone[kept.right], 0.0, self.values)
        return replace(self, values=values, ever=np.where(columns, 0.0, self.ever))

    def framed(self) -> FourthPowers:
        """The same without a frame."""
        return self if self.frame is None else self._mapped(self.frame.matrix)

    def _mapped(self, frame: Array) -> FourthPowers:
        p_new, p = frame.shape
        kept, new = layout(p), layout(p_new)
        square = np.empty((p, p), dtype=np.intp)
        square[kept.first, kept.second] = np.arange(kept.first.size)
        square[kept.second, kept.first] = np.arange(kept.first.size)
        matrix = self.values[kept.whole]
        with np.errstate(over="ignore", invalid="ignore"):
            for _ in range(2):  # both pairs one after the other
                inner = frame @ matrix[:, square] @ frame.T
                matrix = inner[:, new.first, new.second].T
            ever = (np.abs(frame) @ self.ever**0.25) ** 4.0
        return replace(
            self,
            values=matrix[new.left, new.right],
            ever=powers_of_two(ever),
            frame=None,
        )

    def largest(self, vector: Array) -> float:
        """No ``|x_i . v_k|`` is larger, for vectors of shape (p, n)."""
        largest, sizes = 0.0, self._sizes(vector)
        if self.frame is not None:
            vector = self.frame.matrix.T @ vector
        kept = layout(vector.shape[0])
        with np.errstate(over="ignore", invalid="ignore"):
            for column, size in zip(vector.T, sizes, strict=True):
                pairs = column[kept.first] * column[kept.second]
                fours = pairs[kept.left] * pairs[kept.right] * kept.times
                found = fours @ self.values + self._error() * size**4
                largest = max(largest, positive(float(found)))
        return float(largest**0.25 * self.least**-0.25) if largest > 0.0 else 0.0

    def hessian(self, vector: Array) -> Array:
        """Bound on ``sum_i w_i |V' x_i|^2 x_i x_i'``, a matrix of shape (p, p).

        It has infinite entries where numbers are too large for it.
        """
        found, wrong = self._hessian(vector)
        found += np.diag(wrong)
        return np.where(np.isfinite(found), found, np.inf)

    def fourth(self, vector: Array) -> float:
        """``sum_i w_i (x_i . v)^4``, or less, of a vector of shape (p, 1)."""
        found, wrong = self._hessian(vector)
        with np.errstate(over="ignore", invalid="ignore"):
            least = float(np.vdot(vector, found @ vector - wrong[:, None] * vector))
        return max(least, 0.0) if math.isfinite(least) else 0.0

    def _hessian(self, vector: Array) -> tuple[Array, Array]:
        """That matrix, and the diagonal of what may be wrong in it."""
        sizes, ever = self._sizes(vector), self.ever**0.25
        if self.frame is not None:
            vector = self.frame.matrix.T @ vector
        kept, p = layout(vector.shape[0]), vector.shape[0]
        found = np.zeros((p, p))
        with np.errstate(over="ignore", invalid="ignore"):
            pairs = (vector[kept.first] * vector[kept.second]).sum(axis=1)
            sums = self.values[kept.whole] @ (pairs * kept.twice)
            found[kept.first, kept.second] = sums
            found += np.triu(found, 1).T
            if self.frame is not None:
                frame = self.frame.matrix
                found, ever = frame @ found @ frame.T, np.abs(frame) @ ever
            # what is wrong in it is no larger, for any vector that it is asked of
            wrong = self._error() * ever.size * np.square(sizes).sum()
            return found, wrong * np.square(ever)

    def _sizes(self, vector: Array) -> Array:
        """Bounds on ``(sum_i w_i (x_i . v_k)^4)^(1/4)``, by sizes alone."""
        size = np.abs(vector)
        if self.frame is not None:
            size = np.abs(self.frame.matrix).T @ size
        with np.errstate(invalid="ignore"):
            sizes: Array = size.T @ self.ever**0.25
        return sizes

    def _error(self) -> float:
        """What is wrong in each sum at most, in units as `rounded` has."""
        return 64.0 * self.values.size * _UNIT + self.rounded

    def __getstate__(self) -> dict[str, Any]:
        """Numbers as fractions of the largest that they could be, in half the bytes."""
        framed = self.framed()
        sizes = framed.ever**0.25
        state = {each.name: getattr(framed, each.name) for each in fields(framed)}
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.nan_to_num(framed.values / _fourfold(sizes), posinf=0.0)
        share = np.clip(share, -1.0, 1.0) * _STEPS
        state["values"] = np.rint(share).astype(np.int32)
        state["rounded"] += 1.0 / _STEPS
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        sizes = state["ever"] ** 0.25
        with np.errstate(invalid="ignore"):
            values = state["values"] / _STEPS * _fourfold(sizes)
        self.__dict__.update(state, values=np.nan_to_num(values))


def mapped(parts: list[FourthPowers], matrix: Array) -> list[FourthPowers]:
    """All of them, which have one frame, of ``T x`` for a matrix T.

    A map that hardly changes the rows, as that of a scaler that lost one, becomes part
    of the frame.
    """
    if not parts:
        return parts
    before = parts[0].frame
    frame = Frame.of(matrix if before is None else matrix @ before.matrix)
    if frame is not None and all(frame.is_mild(each.ever**0.25) for each in parts):
        return [replace(each, frame=frame) for each in parts]
    return [each.framed()._mapped(matrix) for each in parts]


def form(matrix: Array, vector: Array) -> float:
    """``tr V' N V`` for a matrix that `FourthPowers.hessian` gave."""
    if not (np.isfinite(matrix).all() and np.isfinite(vector).all()):
        return math.inf
    with np.errstate(over="ignore", invalid="ignore"):
        return positive(float(np.vdot(vector, matrix @ vector)))


def positive(found: float) -> float:
    """A sum that cannot be negative; infinite where numbers are too large for it."""
    return max(found, 0.0) if math.isfinite(found) else math.inf


def _fourfold(sizes: Array) -> Array:
    """Products of four sizes, laid out."""
    kept = layout(sizes.size)
    pairs = sizes[kept.first] * sizes[kept.second]
    products: Array = pairs[kept.left] * pairs[kept.right]
    return products


def _powers(rows: Quadruples, weight: Array) -> Array:
    """Bound on the sums of fourth powers of each column: powers of two."""
    with np.errstate(over="ignore", invalid="ignore"):
        powers = weight @ rows.sizes**4
    return powers_of_two(np.nan_to_num(powers, nan=np.inf, posinf=np.inf))


def least_weight(weight: Array) -> float:
    """The smallest positive weight, rounded down to a power of two."""
    some = weight[weight > 0.0]
    if not some.size:
        return math.inf
    # by its exponent: the inverse of a curvature may be more than floats can hold
    return math.ldexp(1.0, math.frexp(some.min())[1] - 1)
