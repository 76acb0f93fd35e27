"""Changes of coefficients, and quadratic forms of them over some of the rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np

from sklearn_unlearn.core.arrays import Array, Indices
from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.losses.margin import MarginLoss
from sklearn_unlearn.core.rows import Rows

#: Order up to which the rows near a margin are weighed against the Hessian.
MOST_UNKNOWNS = 512
#: With which the largest of 33 eigenvalues is known to a tenth.
_SQUARINGS = 6


@dataclass(frozen=True, eq=False)
class Change:
    """A change of the coefficients, and what no raw prediction changes by more than.

    Attributes
    ----------
    vector : ndarray of shape (p, n_outputs)
    largest : ndarray of shape (n_outputs,)
    """

    vector: Array
    largest: Array


class Solver(Protocol):
    """What solves with a Hessian."""

    @property
    def order(self) -> int:
        """Coordinates of right-hand sides and solutions."""

    def solve(self, right: Array) -> Array:
        """Solve for right-hand sides of shape (order, n)."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Columns of each entry of an upper triangle, row after row.

    ``twice`` has two where they differ, otherwise one, and ``places`` tells where each
    entry of the whole matrix is.
    """

    first: Indices
    second: Indices
    twice: Array
    places: Indices


@lru_cache(maxsize=4)
def pairs_of(p: int) -> Pairs:
    """Those of a matrix of this order."""
    first, second = np.triu_indices(p)
    places: Indices = np.empty((p, p), dtype=np.intp)
    places[first, second] = np.arange(first.size)
    places[second, first] = np.arange(first.size)
    return Pairs(first, second, np.where(first == second, 1.0, 2.0), places)


def part_of(forms: Array, shares: Array) -> float:
    """Shares of them, of which none of what is infinite is none."""
    some = np.flatnonzero(shares > 0.0)
    return float(shares[some] @ forms[some])


def length_of(
    objective: Objective,
    factor: Solver,
    forms: list[float],
    crossing: list[Array],
    enough: float,
) -> float:
    """Bound on the length of ``N D`` in the H^-1 norm by ``D' N D``, of all outputs."""
    if not (np.isfinite(crossing).all() and np.isfinite(forms).all()):
        return math.inf
    # no output's Hessian has a part in that of another, nor less than its penalty
    penalty = objective.penalty[~objective.held].min(initial=math.inf)
    sizes = [float(np.linalg.norm(each)) for each in crossing]
    bent = math.inf
    if penalty > 0.0:
        bent = math.sqrt(float(np.dot(forms, sizes)) / penalty)
    if bent <= enough or factor.order > MOST_UNKNOWNS:
        return bent
    total = float(np.sum(forms))
    few = enough * enough / total if total > 0.0 else math.inf
    weights = [
        heaviest_of(solved_with(factor, each, k), few)
        for k, each in enumerate(crossing)
    ]
    return min(bent, math.sqrt(float(np.dot(forms, weights))))


def solved_with(factor: Solver, matrix: Array, output: int) -> Array:
    """``H^-1 N`` for a matrix N of one output."""
    p = matrix.shape[0]
    start = output * p if factor.order > p else 0
    columns = np.zeros((factor.order, p))
    columns[start : start + p] = matrix
    return factor.solve(columns)[start : start + p]


def heaviest_of(power: Array, enough: float = 0.0) -> float:
    """Bound on the largest eigenvalue of ``H^-1 N``, of which none is negative.

    It is no larger than the root of the sum of their squares; after squaring some
    times, few others are part of it. No smaller one is looked for than is ``enough``.
    """
    if not np.isfinite(power).all():
        return math.inf
    size = 0.0
    for doubling in range(_SQUARINGS + 1):
        norm = float(np.linalg.norm(power))
        if not norm > 0.0:
            return 0.0
        size += math.log(norm) / 2.0**doubling
        if doubling == _SQUARINGS or math.exp(size) <= enough:
            break
        power = power / norm
        power = power @ power
    return math.exp(size)


def distances_of(objective: Objective, rows: Rows, anchor: Array) -> Array:
    """Of rows from the margin, each output's."""
    loss = objective.loss
    assert isinstance(loss, MarginLoss)
    return loss.distance(objective.raw_prediction(rows.X, anchor), rows.y)
