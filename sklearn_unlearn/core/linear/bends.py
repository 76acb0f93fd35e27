"""How a change of the coefficients bends the gradient: by weights that follow it.

Theorems 3, 5 and 6 of ``doc/certification.rst``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Way:
    """Norms of a change of the coefficients.

    Attributes
    ----------
    whole, data : float
        In H and in the data Hessian.
    jump : float
        Bound on the change of a raw prediction, from the largest values of the rows.
    size, fourth : float
        `FourthMoments.length` and `FourthMoments.norm`; infinite without.
    square : float
        Norm of the squared changes of raw predictions, as in theorem 6; infinite where
        nothing is known of it.
    """

    whole: float
    data: float
    jump: float
    size: float = np.inf
    fourth: float = np.inf
    square: float = np.inf

    def plus(self, other: Way) -> Way:
        """Bounds on the norms of both changes together."""
        return Way(
            self.whole + other.whole,
            self.data + other.data,
            self.jump + other.jump,
            self.size + other.size,
            self.fourth + other.fourth,
            (math.sqrt(self.square) + math.sqrt(other.square)) ** 2,
        )

    def exactly(self, error: float, radius: float) -> Way:
        """The same in an H without its error, R known."""
        exact = 1.0 / (1.0 - error)
        whole = self.whole * exact
        return replace(
            self,
            whole=whole,
            data=math.hypot(self.data, math.sqrt(error) * whole),
            jump=min(product(radius * exact, whole), self.jump),
        )


#: A way of which nothing is known.
UNKNOWN_WAY = Way(np.inf, np.inf, np.inf)
#: That of no change.
NO_WAY = Way(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def bend_of(
    constant: float, change: float, size: float, slack: float, way: Way
) -> float:
    """How far weights that change on a way bend the gradient, in the H^-1 norm.

    Theorems 3, 5 and 6. Raw predictions where it starts are at most ``change`` from
    those at which the weights of H were taken, and at most ``slack`` plus ``size``
    times the root of h_i.
    """
    if constant == 0.0:
        return 0.0
    plain = product(bend(constant * change, constant * way.jump), way.data)
    rounded = exponential(constant * slack)
    least = plain
    if size == 0.0 and way.jump > 0.0 and way.square < np.inf:
        steep = bend(0.0, constant * way.jump) / way.jump
        fine = product(rounded * steep, way.square) + (rounded - 1.0) * way.data
        least = min(least, fine)
    if not size + way.size + way.fourth < np.inf or way.size == 0.0:
        return least
    # the root of h from which on the largest changes are the smaller bounds
    root = way.jump / way.size
    if size > 0.0:
        root = max(root, max(change - slack, 0.0) / size)
    if root == 0.0:
        return least
    steep = bend(constant * size * root, constant * way.size * root) / root
    fine = product(rounded * steep, way.fourth) + (rounded - 1.0) * way.data
    return min(least, fine)


def bend(before: float, path: float) -> float:
    """``e^before (e^path - 1) / path - 1``, rounded up: how far weights may change."""
    if not before + path < 700.0:
        return np.inf
    # (e^s - 1) / s - 1 <= s e^s / 2, with which nothing cancels
    small = path < 1e-4
    mean = 0.5 * path * math.exp(path) if small else math.expm1(path) / path - 1.0
    return math.expm1(before) * (1.0 + mean) + mean


def mean_growth(x: float) -> float:
    """``(e^x - 1) / x``, the mean of ``e^s`` for s from zero to x."""
    if x < 0.0:
        return -math.expm1(x) / -x
    return 1.0 + bend(0.0, x)


def exponential(x: float) -> float:
    """``e^x``, infinite where it overflows."""
    return math.exp(x) if x < 700.0 else np.inf


def product(x: float, y: float) -> float:
    """A product in which zero times infinity is infinite: nothing is known."""
    found = float(x) * float(y)  # NumPy's numbers would warn of an overflow
    return np.inf if math.isnan(found) else found
