"""Arrays of exact binary numbers: sums that forget a term without a trace.

A float64 is an integer times a power of two, so sums and products of such numbers can
be held without any rounding, as digits. Addition is then associative, and a term that
is subtracted is gone to the last bit, in whatever order terms came and went.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from sklearn_unlearn.core.arrays import Array, Indices

Digits: TypeAlias = npt.NDArray[np.int64]

#: Bits of a digit. Products of two have 38 and a sign, so that a float64 holds the sum
#: of `MAX_TERMS` of them exactly.
BITS = 20
#: Terms that may be summed in float64 before they are added to a number.
MAX_TERMS = 2**14
#: Values of this size and more are refused: their products would overflow.
LIMIT = 2.0**400
#: Position of the lowest digit: what a value has below 2**-1000 is dropped.
_BOTTOM = -50
_HALF = 1 << (BITS - 1)


@dataclass(frozen=True, eq=False)
class Exact:
    """An array of numbers ``sum_i digits[i] * 2**(BITS * (low + i))``.

    Digits lie between -2**19 and 2**19 - 1, and neither the first nor the last are all
    zero: equal numbers have equal digits.

    Attributes
    ----------
    digits : ndarray of int64 of shape (n_digits, *shape)
    low : int
        Position of the lowest digit, zero where there is none.
    """

    digits: Digits
    low: int

    @staticmethod
    def zeros(shape: tuple[int, ...]) -> Exact:
        """Zeros."""
        return Exact(np.zeros((0, *shape), dtype=np.int64), 0)

    @staticmethod
    def of(values: Array) -> Exact:
        """The same numbers."""
        return total(values.shape, [(place, digits) for place, digits in split(values)])

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return self.digits.shape[1:]

    def plus(self, other: Exact, sign: int = 1) -> Exact:
        """The sum, or with ``sign=-1`` the difference, of arrays of one shape."""
        if not other.digits.shape[0]:
            return self
        if not self.digits.shape[0]:
            return Exact(sign * other.digits, other.low).canonical()
        low = min(self.low, other.low)
        high = max(self.low + len(self.digits), other.low + len(other.digits))
        digits = np.zeros((high - low, *self.shape), dtype=np.int64)
        start = self.low - low
        digits[start : start + len(self.digits)] = self.digits
        start = other.low - low
        digits[start : start + len(other.digits)] += sign * other.digits
        return Exact(digits, low).canonical()

    def times(self, other: Exact) -> Exact:
        """The product, of shapes that broadcast."""
        shape = np.broadcast_shapes(self.shape, other.shape)
        n_digits = len(self.digits) + len(other.digits)
        if not len(self.digits) or not len(other.digits):
            return Exact.zeros(shape)
        digits = np.zeros((n_digits, *shape), dtype=np.int64)
        for i, one in enumerate(self.digits):
            for j, two in enumerate(other.digits):
                digits[i + j] += one * two
        return Exact(digits, self.low + other.low).canonical()

    def summed(self) -> Exact:
        """The sum over the first axis."""
        return Exact(self.digits.sum(axis=1), self.low).canonical()

    def take(self, positions: Indices, axis: int = 0) -> Exact:
        """The named parts along an axis."""
        return Exact(np.take(self.digits, positions, axis + 1), self.low).canonical()

    def reshaped(self, *shape: int) -> Exact:
        """The same numbers in another shape."""
        return Exact(self.digits.reshape(len(self.digits), *shape), self.low)

    def rounded(self) -> Array:
        """The numbers as float64, within about one unit in the last place."""
        values = np.zeros(self.shape)
        for place, digits in enumerate(self.digits, self.low):
            values += np.ldexp(digits.astype(np.float64), BITS * place)
        return values

    def canonical(self) -> Exact:
        """The same numbers with their digits in range and none to spare."""
        digits = self.digits.copy()
        carry = np.zeros(self.shape, dtype=np.int64)
        for place in range(len(digits)):
            digits[place] += carry
            carry = (digits[place] + _HALF) >> BITS
            digits[place] -= carry << BITS
        further = []
        while carry.any():
            rest = (carry + _HALF) >> BITS
            further.append(carry - (rest << BITS))
            carry = rest
        if further:
            digits = np.concatenate([digits, further])
        used = np.flatnonzero(digits.any(axis=tuple(range(1, digits.ndim))))
        if not used.size:
            return Exact.zeros(self.shape)
        first, last = int(used[0]), int(used[-1])
        kept = np.ascontiguousarray(digits[first : last + 1])
        return Exact(kept, self.low + first)


def split(values: Array) -> list[tuple[int, Array]]:
    """Digits of float64 numbers: positions, and integers of at most 2**19 as floats.

    Raises
    ------
    ValueError
        If a value is not below `LIMIT` in size.
    """
    largest = float(np.abs(values).max(initial=0.0))
    if not largest < LIMIT:
        raise ValueError(f"A value is not below {LIMIT:.0e} in size; got {largest:g}.")
    parts: list[tuple[int, Array]] = []
    if largest == 0.0:
        return parts
    exponent = int(np.frexp(largest)[1])
    rest = np.array(values, dtype=np.float64)
    for place in range(-((BITS - 1 - exponent) // BITS), _BOTTOM - 1, -1):
        digit = np.rint(rest * 2.0 ** (-BITS * place))
        if digit.any():
            parts.append((place, digit))
            rest -= digit * 2.0 ** (BITS * place)
            if not rest.any():
                break
    return parts


def product(one: Array, other: Array) -> tuple[Array, Array]:
    """A product and its rounding error, which together are exact.

    Dekker's algorithm: A floating-point technique for extending the available
    precision, Numerische Mathematik 18, 1971.
    """
    rounded = one * other
    high, low = _halves(one)
    other_high, other_low = _halves(other)
    error = high * other_high - rounded
    error += high * other_low
    error += low * other_high
    error += low * other_low
    return rounded, error


def _halves(values: Array) -> tuple[Array, Array]:
    scaled = values * (2.0**27 + 1.0)
    high = scaled - (scaled - values)
    return high, values - high


def total(shape: tuple[int, ...], parts: Iterable[tuple[int, Array | Digits]]) -> Exact:
    """The sum of arrays of whole numbers below 2**53, each with its position."""
    sums: dict[int, Digits] = {}
    for place, values in parts:
        whole = values.astype(np.int64)
        if place in sums:
            sums[place] += whole
        else:
            sums[place] = whole
    if not sums:
        return Exact.zeros(shape)
    low = min(sums)
    digits = np.zeros((max(sums) - low + 1, *shape), dtype=np.int64)
    for place, values in sums.items():
        digits[place - low] = values
    return Exact(digits, low).canonical()
