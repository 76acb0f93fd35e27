"""Arrays of exact binary numbers: sums that forget a term without a trace.

A float64 is an integer times a power of two, so sums and products of such numbers can
be held without any rounding, as digits. Addition is then associative, and a term that
is subtracted is gone to the last bit, in whatever order terms came and went.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import frexp
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from sklearn_unlearn.core.arrays import Array, Indices, Mask

Digits: TypeAlias = npt.NDArray[np.int64]

#: Bits of a digit.
BITS = 20
#: Values of this size and more are not multiplied: their squares, summed and times a
#: summed weight, would be no floats.
LIMIT = 2.0**400
#: Values of this size and more are not summed either.
_LARGEST = 2.0**960
#: Every float is a multiple of this power of two.
_LOWEST = -1074
#: Exponents that products of floats, and their rounding errors, leave room for.
_RANGE = 900
_HALF = 1 << (BITS - 1)
#: Sums of so many arrays of whole numbers up to 2**54 fit into int64, digits shifted.
_MAX_ADDED = 2**8


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
        sums = Accumulator(values.shape)
        for position, part in split(values, 1):
            sums.add(position, part)
        return sums.result()

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
        digits, low, place = self._room(other)
        digits[place] += sign * other.digits
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

    def matrix_times(self, other: Exact) -> Exact:
        """The product of matrices, of at most 2**16 columns the first."""
        shape = self.shape[0], other.shape[1]
        n_digits = len(self.digits) + len(other.digits)
        digits = np.zeros((n_digits, *shape), dtype=np.int64)
        for i, one in enumerate(self.digits):
            for j, two in enumerate(other.digits):
                digits[i + j] += one @ two
        return Exact(digits, self.low + other.low).canonical()

    def summed(self) -> Exact:
        """The sum over the first axis."""
        return Exact(self.digits.sum(axis=1), self.low).canonical()

    def take(self, positions: Indices, axis: int = 0) -> Exact:
        """The named parts along an axis."""
        return Exact(np.take(self.digits, positions, axis + 1), self.low).trimmed()

    def columns(self, start: int, stop: int) -> Exact:
        """Consecutive columns of a matrix."""
        return Exact(self.digits[:, :, start:stop], self.low).trimmed()

    def beside(self, other: Exact) -> Exact:
        """Columns of another matrix behind these."""
        both = [one for one in (self, other) if len(one.digits)]
        low = min((one.low for one in both), default=0)
        high = max((one.low + len(one.digits) for one in both), default=0)
        n_rows, n_columns = self.shape
        digits = np.zeros((high - low, n_rows, n_columns + other.shape[1]), np.int64)
        for one, columns in ((self, slice(n_columns)), (other, slice(n_columns, None))):
            place = slice(one.low - low, one.low - low + len(one.digits))
            digits[place, :, columns] = one.digits
        return Exact(digits, low)

    def where(self, keep: Mask) -> Exact:
        """Zero instead of some numbers."""
        return Exact(self.digits * keep, self.low).trimmed()

    def transposed(self) -> Exact:
        """The transposed matrix."""
        return Exact(self.digits.transpose(0, 2, 1), self.low)

    def put(self, positions: Indices, part: Exact) -> Exact:
        """The same with ``part`` in the place of the named parts of the first axis."""
        digits, low, place = self._room(part)
        digits[:, positions] = 0
        digits[place, positions] = part.digits
        return Exact(digits, low).trimmed()

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
        if not self.digits.size:
            return Exact.zeros(self.shape)
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
        return Exact(digits, self.low).trimmed()

    def trimmed(self) -> Exact:
        """The same numbers, whose digits are in range, with none to spare."""
        first, end = 0, len(self.digits)
        while first < end and not self.digits[first].any():
            first += 1
        while first < end and not self.digits[end - 1].any():
            end -= 1
        if first == end:
            return Exact.zeros(self.shape)
        return Exact(self.digits[first:end], self.low + first)

    def _room(self, other: Exact) -> tuple[Digits, int, slice]:
        """A copy with room for other digits, its lowest position, and their place."""
        low = min(self.low, other.low)
        high = max(self.low + len(self.digits), other.low + len(other.digits))
        digits = np.zeros((high - low, *self.shape), dtype=np.int64)
        start = self.low - low
        digits[start : start + len(self.digits)] = self.digits
        start = other.low - low
        return digits, low, slice(start, start + len(other.digits))


class Accumulator:
    """Sums of floats that are multiples of powers of two, carried only at the end.

    Parameters
    ----------
    shape : tuple of int
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._shape = shape
        self._sums: dict[int, Digits] = {}
        self._n_added = 0
        self._folded = Exact.zeros(shape)

    def add(
        self, position: int, values: Array, where: Indices | int | None = None
    ) -> None:
        """Add ``values * 2**position``.

        Parameters
        ----------
        position : int
        values : ndarray
            Whole numbers of at most 2**54.
        where : ndarray of int or int, optional
            Entries of the first axis to which they are added; all by default.
        """
        sums = self._sums.get(position)
        if sums is None:
            sums = self._sums[position] = np.zeros(self._shape, dtype=np.int64)
        whole = values.astype(np.int64)
        if where is None:
            sums += whole
        else:
            sums[where] += whole
        self._n_added += 1
        if self._n_added == _MAX_ADDED:
            self._fold()

    def result(self) -> Exact:
        """The sums."""
        self._fold()
        return self._folded

    def _fold(self) -> None:
        if self._sums:
            low, high = min(self._sums) // BITS, max(self._sums) // BITS
            digits = np.zeros((high - low + 2, *self._shape), dtype=np.int64)
            for position, sums in self._sums.items():
                place, shift = divmod(position, BITS)
                rest = sums >> BITS
                digits[place - low + 1] += rest << shift
                sums -= rest << BITS
                digits[place - low] += sums << shift
            self._folded = self._folded.plus(Exact(digits, low).canonical())
        self._sums, self._n_added = {}, 0


def split(values: Array, n_terms: int, n_factors: int = 1) -> list[tuple[int, Array]]:
    """Floats as sums of ``part * 2**position``, whose sums have no rounding.

    Each part holds whole numbers. Sums of ``n_terms`` of them, or of products of
    ``n_factors``, are at most 2**53, in whatever order they are added.

    Raises
    ------
    ValueError
        If a value is too large to be summed or, of several factors, multiplied.
    """
    # 53 bits hold the sum of n_terms numbers of at most 2**(n_factors * (n_bits - 1))
    n_bits = min((53 - (n_terms - 1).bit_length()) // n_factors + 1, 52)
    parts: list[tuple[int, Array]] = []
    rest, largest = values, _checked(values, LIMIT if n_factors > 1 else _LARGEST)
    while largest > 0.0:
        position = max(frexp(largest)[1] - (n_bits - 1), _LOWEST)
        # adding it rounds to multiples of 2**position
        rounder = 1.5 * 2.0 ** (52 + position)
        part = rest + rounder
        part -= rounder
        last = _equal(part, rest)
        if not last:
            rest = np.subtract(rest, part, out=None if rest is values else rest)
        parts.append((position, _scaled(part, -position)))
        if last:
            break
        largest = _largest(rest)
    return parts


def split_products(
    one: Array, other: Array, n_terms: int, n_factors: int = 1
) -> list[tuple[int, Array]]:
    """Products of floats as such sums.

    Raises
    ------
    ValueError
        If a product is too large, or some are less than 2**-900 of others, so that
        what they have beyond a float would be none.
    """
    (least, largest), (least_other, largest_other) = _sizes(one), _sizes(other)
    limit = LIMIT if n_factors > 1 else _LARGEST
    if not largest * largest_other < limit:
        with np.errstate(over="ignore"):
            _checked(one * other, limit)
    exponents = frexp(largest)[1], frexp(largest_other)[1]
    if frexp(least)[1] + frexp(least_other)[1] < sum(exponents) - _RANGE:
        raise ValueError(
            "Values and weights are of too different sizes to be multiplied exactly: "
            "scale the columns."
        )
    terms = product(_scaled(one, -exponents[0]), _scaled(other, -exponents[1]))
    return [
        (position + sum(exponents), part)
        for term in terms
        for position, part in split(term, n_terms, n_factors)
    ]


def _sizes(values: Array) -> tuple[float, float]:
    """Sizes of the smallest value that is not zero, and of the largest; one if none."""
    sizes = np.abs(values)
    least, largest = float(sizes.min(initial=np.inf)), float(sizes.max(initial=0.0))
    if largest == 0.0:
        return 1.0, 1.0
    if least == 0.0:
        least = float(sizes.min(initial=largest, where=sizes > 0.0))
    return least, largest


def _checked(values: Array, limit: float) -> float:
    """Size of the largest value, if it is below a limit."""
    largest = _largest(values)
    if not largest < limit:
        raise ValueError(f"A value is not below {limit:.0e} in size: scale the column.")
    return largest


def _scaled(values: Array, exponent: int) -> Array:
    """Values times a power of two, which may be no float."""
    half = exponent // 2
    if abs(exponent) < -_LOWEST - 60:
        return values * 2.0**exponent
    return values * 2.0**half * 2.0 ** (exponent - half)


def _equal(one: Array, other: Array) -> bool:
    """Whether arrays are equal; cheap to deny."""
    return np.array_equal(one[:1], other[:1]) and np.array_equal(one, other)


def _largest(values: Array) -> float:
    """Size of the largest value; NaN if there is one."""
    return max(float(values.max(initial=0.0)), -float(values.min(initial=0.0)))


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
