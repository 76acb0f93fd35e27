"""Rows near a margin, at which the second derivative jumps: how many may cross it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from sklearn_unlearn.core.arrays import Array, Mask, as_float64, gram, powers_of_two
from sklearn_unlearn.core.linear.factor import Factor
from sklearn_unlearn.core.linear.fourth_powers import FourthPowers, Quadruples
from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.losses.margin import MarginLoss
from sklearn_unlearn.core.rows import RowBlocks, Rows

#: Shares of the rows that count as near: few for short ways, more for long ones.
NEAR = (0.01, 0.1)
#: Order up to which the rows near a margin are weighed against the Hessian.
MOST_UNKNOWNS = 512
#: ``(1 - 1/r) / r^2`` is no larger: the share of its way that a row goes beyond a
#: margin, over the square of the way in units of its distance.
_BEYOND = 4.0 / 27.0
#: With which the largest of 33 eigenvalues is known to a tenth.
_SQUARINGS = 6


@dataclass(frozen=True, eq=False)
class Margins:
    """Sums over rows by their distance from a margin, at the anchor, one an output.

    Attributes
    ----------
    width : float
        Distance up to which a row is near: a power of two.
    near : tuple of ndarray of shape (p, p)
        ``sum_i w_i j_i x_i x_i'`` over rows that are near, with j_i the jump of the
        second derivative.
    powers : tuple of FourthPowers, or None
        The others with ``w_i j_i / d_i^2``, d_i being the distance.
    """

    width: float
    near: tuple[Array, ...]
    powers: tuple[FourthPowers, ...] | None

    @staticmethod
    def none(
        objective: Objective,
        rows: RowBlocks,
        anchor: Array,
        share: float,
        with_powers: bool,
    ) -> Margins:
        """Those of no rows, where a share of these would count as near."""
        p, n_outputs = objective.shape
        distances = [
            _distances(objective, block.weighted(), anchor) for block in rows.blocks()
        ]
        width = np.quantile(np.concatenate(distances), [share])
        near = tuple(np.zeros((p, p)) for _ in range(n_outputs))
        powers = None
        if with_powers:
            powers = tuple(FourthPowers.none(p) for _ in range(n_outputs))
        return Margins(float(powers_of_two(width)[0]), near, powers)

    def changed(
        self,
        objective: Objective,
        anchor: Array,
        rows: Rows,
        quadruples: Quadruples | None,
        sign: float,
    ) -> Margins:
        """Those after rows came or left, whose ``quadruples`` are needed for `powers`.

        ``sign`` is one or minus one.
        """
        loss = objective.loss
        assert isinstance(loss, MarginLoss)
        distance = _distances(objective, rows, anchor)
        jump = rows.weight[:, None] * loss.jump(rows.y)
        is_near = distance <= self.width
        near = list(self.near)
        for k in np.flatnonzero(is_near.any(axis=0)):
            few = rows.reweighted(np.where(is_near[:, k], jump[:, k], 0.0))
            near[k] = near[k] + sign * _gram(objective, few)
        found = replace(self, near=tuple(near))
        if self.powers is None:
            return found
        assert quadruples is not None
        far = jump / np.square(np.where(is_near, 1.0, distance))
        far = np.where(is_near, 0.0, far).T
        powers = (
            each.changed(quadruples, weight, sign)
            for each, weight in zip(self.powers, far, strict=True)
        )
        return replace(found, powers=tuple(powers))

    def without(self, columns: Mask) -> Margins:
        """Those without some columns."""
        gone = columns | columns[:, None]
        powers = self.powers
        if powers is not None:
            powers = tuple(each.without(columns) for each in powers)
        near = tuple(np.where(gone, 0.0, each) for each in self.near)
        return replace(self, near=near, powers=powers)

    def mapped(self, matrix: Array, powers: tuple[FourthPowers, ...] | None) -> Margins:
        """Those of ``T x`` for a matrix T; ``powers`` have been mapped."""
        near = tuple(matrix @ each @ matrix.T for each in self.near)
        return replace(self, near=near, powers=powers)

    def bend(
        self,
        objective: Objective,
        factor: Factor,
        behind: tuple[Array, ...],
        moved: Array,
        largest: float,
    ) -> float:
        """How far rows that cross a margin bend the gradient, in the H^-1 norm.

        Where a row goes beyond a margin for a share c of its way, its gradient changes
        by c times the jump more, or less, than on this side of it. That share is no
        larger than the square of the way over that of the distance, and what a row has
        gone before counts as way; from the anchor on it is `_BEYOND` of that.

        Parameters
        ----------
        objective : Objective
        factor : Factor
        behind : tuple of ndarray of shape (p, n)
            Changes that lead from the anchor to where the step starts.
        moved : ndarray of shape (p, n)
        largest : float
            Bound on the change of a raw prediction from the anchor to the end.
        """
        if factor.order > MOST_UNKNOWNS or (
            self.powers is None and largest > self.width
        ):
            return math.inf
        share = float(len(behind)) if behind else _BEYOND
        shares = np.sqrt([min(share, 1.0), *[share] * len(behind)])
        form, heaviest = 0.0, 0.0
        for k in range(len(self.near)):
            crossing = self._crossing(k, (moved, *behind), shares)
            if not np.isfinite(crossing).all():
                return math.inf
            form += max(float(moved[:, k] @ crossing @ moved[:, k]), 0.0)
            heaviest = max(heaviest, _heaviest(objective, factor, crossing, k))
        return math.sqrt(form * heaviest)

    def lost(self, step: Array, changes: tuple[Array, ...], behind: int) -> float:
        """How much curvature along a step rows may lose that cross a margin.

        Parameters
        ----------
        step : ndarray of shape (p, n)
        changes : tuple of ndarray of shape (p, n)
            From the anchor to both ends of the way, but for so many ``behind``, the
            last, that lead from the anchor to where the others begin.
        behind : int
        """
        if self.powers is None:
            return math.inf
        shares, form = np.sqrt([1.0 + behind] * len(changes)), 0.0
        for k in range(len(self.near)):
            crossing = self._crossing(k, changes, shares)
            if not np.isfinite(crossing).all():
                return math.inf
            form += max(float(step[:, k] @ crossing @ step[:, k]), 0.0)
        return form

    def _crossing(self, output: int, changes: tuple[Array, ...], roots: Array) -> Array:
        """``sum_i j_i c_i x_i x_i'`` with the ways of rows times these roots."""
        if self.powers is None:
            return self.near[output]
        ways = np.column_stack([change[:, output] for change in changes]) * roots
        return self.near[output] + self.powers[output].hessian(ways)


def _distances(objective: Objective, rows: Rows, anchor: Array) -> Array:
    loss = objective.loss
    assert isinstance(loss, MarginLoss)
    return loss.distance(objective.raw_prediction(rows.X, anchor), rows.y)


def _gram(objective: Objective, rows: Rows) -> Array:
    """``X' diag(weight) X``, zero where forgotten."""
    rows = rows.weighted()
    upper = gram(as_float64(rows.X), rows.weight, objective.fit_intercept)
    whole = np.triu(upper) + np.triu(upper, 1).T
    gone = objective.forgotten | objective.forgotten[:, None]
    return np.where(gone, 0.0, whole)


def _heaviest(
    objective: Objective, factor: Factor, matrix: Array, output: int
) -> float:
    """Bound on the largest eigenvalue of ``H^-1 N`` for a matrix N of one output.

    Of eigenvalues that are not negative, it is no larger than the root of the sum of
    their squares; after squaring some times, few others are part of it.
    """
    p = matrix.shape[0]
    start = output * p if objective.coupled else 0
    columns = np.zeros((factor.order, p))
    columns[start : start + p] = matrix
    power, size = factor.solve(columns)[start : start + p], 0.0
    for doubling in range(_SQUARINGS + 1):
        norm = float(np.linalg.norm(power))
        if not norm > 0.0:
            return 0.0
        size += math.log(norm) / 2.0**doubling
        power = power / norm
        if doubling < _SQUARINGS:
            power = power @ power
    return math.exp(size)
