"""Gaussian noise on a grid: what is published is exactly rounded, from secure bits.

Floating-point Gaussians are not Gaussian: the lattice of doubles around a secret tells
it from another (Mironov, CCS 2012). Here a normal number is a real function of two
192-bit integers from a cryptographic generator, and a coefficient is published as the
multiple of the grid that is nearest to the exact sum: ``doc/certification.rst``, "The
grid".
"""

from __future__ import annotations

import hashlib
import hmac
import math
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from sklearn_unlearn.core.arrays import Array, Mask

#: Pairs of 192-bit integers, shape (n, 2, 3), the highest word first.
_Pairs: TypeAlias = npt.NDArray[np.uint64]

#: Binary digits of the noise below its standard deviation.
GRID_BITS = 20
#: Bits of a uniform number, and bytes of two.
_BITS = 192
_PAIR = 2 * _BITS // 8
_ONE = 1 << 2 * _BITS
#: Sums of squares in doubles are decided by integers where they are this near to 0, 1.
_NEAR = 2.0**-20
#: Errors of the arithmetic of doubles: far above those of logarithm and root.
_SLACK = 2.0**-42
#: Digits in which a number is computed whose rounding doubles leave in doubt.
_DIGITS = 60


def grid(sigma: float) -> float:
    """Distance of the numbers that noise of this size is rounded to: a power of two."""
    return math.ldexp(1.0, math.frexp(sigma)[1] - 1 - GRID_BITS)


def derived(key: bytes, *parts: bytes) -> bytes:
    """A key that nobody can compute without ``key``, one for each list of parts."""
    code = hmac.new(key, digestmod=hashlib.sha256)
    for part in parts:
        code.update(len(part).to_bytes(8, "big") + part)
    return code.digest()


def noise_key(theta: Array, held: Mask, sigma: float, key: bytes) -> bytes:
    """The key that the noise of one vector has: of no other under the same key."""
    values = np.where(held, 0.0, theta).ravel()
    parts = values.astype("<f8").tobytes(), np.ravel(held).astype("u1").tobytes()
    shape = str(np.shape(theta)).encode()
    return derived(key, b"noise", *parts, shape, float(sigma).hex().encode())


def noisy(theta: Array, held: Mask, sigma: float, key: bytes) -> Array:
    """Coefficients with noise, rounded to the grid; zero where held.

    Parameters
    ----------
    theta : ndarray
        Finite.
    held : ndarray of bool, shape as theta
    sigma : float
        Standard deviation of the noise.
    key : bytes
        The noise is a function of key, coefficients, mask and sigma: what is published
        under one key is one vector, or the noise of one is nothing to the other.

    Returns
    -------
    ndarray
        Of each sum the nearest multiple of ``grid(sigma)``, ties to even, as the double
        nearest to that.
    """
    values = np.where(held, 0.0, theta).ravel()
    key = noise_key(theta, held, sigma, key)
    spacing, free = grid(sigma), ~np.ravel(held)
    # what is so large is a multiple of the grid, and no double lies near it
    steep = np.abs(values) >= spacing * 2.0**100
    steps = np.where(steep, 0.0, values) / spacing  # exact: the grid is a power of two
    whole = np.rint(steps)
    moved = _rounded_sums((steps - whole)[free], sigma / spacing, key)
    published = np.where(steep, values, 0.0)
    published[free & ~steep] = ((whole[free] + moved) * spacing)[~steep[free]]
    published.flags.writeable = False
    return published.reshape(np.shape(theta))


def _rounded_sums(left: Array, scale: float, key: bytes) -> Array:
    """``left`` plus ``scale`` times normal numbers, rounded to integers exactly.

    In doubles with a bound on their error; where a sum is nearer than that to the
    middle of two integers, in as many digits as it takes.
    """
    pairs = _accepted_pairs(key, -(-left.size // 2))
    numbers, error = _normal_in_doubles(pairs)
    numbers, error = numbers.ravel()[: left.size], error.ravel()[: left.size]
    sums = left + scale * numbers
    rounded = np.rint(sums)
    # not ">": a NaN is in doubt
    clear = np.abs(sums - rounded) < 0.5 - scale * error
    for place in np.flatnonzero(~clear).tolist():
        one, other = _odd_integers(pairs[place // 2])
        if place % 2:
            one, other = other, one
        rounded[place] = _rounded_sum(float(left[place]), scale, one, other)
    return rounded


def _accepted_pairs(key: bytes, n_pairs: int) -> _Pairs:
    """Random pairs whose point lies in the unit disc."""
    found: list[_Pairs] = []
    missing, chunk = n_pairs, 0
    while missing > 0:
        name = key + chunk.to_bytes(8, "big")
        # four in pi are outside
        drawn = hashlib.shake_256(name).digest(_PAIR * (missing + missing // 3 + 8))
        words = np.frombuffer(drawn, dtype=">u8").astype(np.uint64).reshape(-1, 2, 3)
        squares = np.square(_in_doubles(words)).sum(axis=1)
        inside = squares < 1.0
        for place in np.flatnonzero(np.abs(squares - 1.0) < _NEAR).tolist():
            one, other = _odd_integers(words[place])
            inside[place] = one * one + other * other < _ONE
        found.append(words[inside][:missing])
        missing -= len(found[-1])
        chunk += 1
    return np.concatenate(found) if found else np.empty((0, 2, 3), dtype=np.uint64)


def _odd_integers(words: npt.NDArray[np.uint64]) -> list[int]:
    """Of a pair: odd integers below 2**192 in size, over which it is in (-1, 1)."""
    whole = [(int(a) << 128) + (int(b) << 64) + int(c) for a, b, c in words]
    return [2 * value + 1 - (1 << _BITS) for value in whole]


def _in_doubles(words: _Pairs) -> Array:
    """The numbers in (-1, 1) of pairs, within 2**-52 of their size and 2**-62."""
    high = (words[:, :, 0] ^ np.uint64(1 << 63)).view(np.int64)
    points: Array = high.astype(np.float64) * 2.0**-63
    return points


def _normal_in_doubles(pairs: _Pairs) -> tuple[Array, Array]:
    """Normal numbers by the polar method, and bounds on their errors."""
    points = _in_doubles(pairs)
    squares = np.square(points).sum(axis=1, keepdims=True)
    # near the centre and the edge doubles have too few digits: nothing is claimed there
    known = (squares > _NEAR) & (squares < 1.0 - _NEAR)
    squares = np.where(known, squares, 0.5)
    logarithm = -np.log(squares)
    numbers = points * np.sqrt(2.0 * logarithm / squares)
    error = _SLACK * (np.abs(numbers) * (1.0 + 1.0 / logarithm) + 1.0)
    return numbers, np.where(known, error, np.inf)


def _rounded_sum(left: float, scale: float, one: int, other: int) -> int:
    """``left`` plus ``scale`` times the normal number of a pair, rounded.

    No such sum is a tie: the square of the number is algebraic times the logarithm of
    a fraction, which is transcendental.
    """
    digits, squares = _DIGITS, one * one + other * other
    while True:
        context = Context(prec=digits, rounding=ROUND_HALF_EVEN)
        part = context.divide(Decimal(squares), Decimal(_ONE))
        logarithm = context.minus(context.ln(part))
        doubled = context.divide(context.multiply(Decimal(2), logarithm), part)
        number = context.multiply(
            context.divide(Decimal(one), Decimal(1 << _BITS)), context.sqrt(doubled)
        )
        moved = context.multiply(Decimal(scale), number)
        found = context.add(Decimal(left), moved)
        rounded = found.to_integral_value(ROUND_HALF_EVEN)
        distance = abs(context.subtract(found, rounded))
        # `part` errs by half a unit: so does the logarithm, which may be small
        error = Decimal(10) ** (4 - digits) * (1 + abs(moved) * (1 + 1 / logarithm))
        if distance < Decimal("0.5") - error:
            return int(rounded)
        digits *= 2
