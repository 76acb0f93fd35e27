"""Rows near a margin, at which the second derivative jumps: how many may cross it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import eigh, eigvalsh

from sklearn_unlearn.core.arrays import Array, Mask, as_float64, gram, powers_of_two
from sklearn_unlearn.core.linear.factor import Factor
from sklearn_unlearn.core.linear.fourth_powers import FourthPowers
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
    def of(
        objective: Objective,
        rows: RowBlocks,
        anchor: Array,
        share: float,
        with_powers: bool,
    ) -> Margins:
        """Those of all rows, of which a share counts as near."""
        p, n_outputs = objective.shape
        distances = [
            _distances(objective, block.weighted(), anchor) for block in rows.blocks()
        ]
        width = np.quantile(np.concatenate(distances), [share])
        near = tuple(np.zeros((p, p)) for _ in range(n_outputs))
        powers = None
        if with_powers:
            powers = tuple(FourthPowers.none(p) for _ in range(n_outputs))
        found = Margins(float(powers_of_two(width)[0]), near, powers)
        for block in rows.blocks():
            found = found.edited(objective, anchor, block, None)
        return found

    def edited(
        self,
        objective: Objective,
        anchor: Array,
        rows_in: Rows | None,
        rows_out: Rows | None,
    ) -> Margins:
        """Those after rows came and left."""
        near, powers = list(self.near), self.powers
        for rows, sign in ((rows_in, 1.0), (rows_out, -1.0)):
            if rows is None:
                continue
            for k, each in enumerate(near):
                few, _ = self._divided(objective, anchor, rows, k)
                near[k] = each + sign * _gram(objective, few)
        if powers is not None:
            changed = []
            for k, far in enumerate(powers):
                coming, leaving = (
                    None
                    if rows is None
                    else self._divided(objective, anchor, rows, k)[1]
                    for rows in (rows_in, rows_out)
                )
                changed.append(far.edited(objective, coming, leaving))
            powers = tuple(changed)
        return replace(self, near=tuple(near), powers=powers)

    def without(self, columns: Mask) -> Margins:
        """Those without some columns."""
        gone = columns | columns[:, None]
        powers = self.powers
        if powers is not None:
            powers = tuple(each.without(columns) for each in powers)
        near = tuple(np.where(gone, 0.0, each) for each in self.near)
        return replace(self, near=near, powers=powers)

    def mapped(self, matrix: Array) -> Margins:
        """Those of ``T x`` for a matrix T."""
        powers = self.powers
        if powers is not None:
            powers = tuple(each.mapped(matrix) for each in powers)
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
        form, heaviest = 0.0, 0.0
        for k, near in enumerate(self.near):
            crossing = near
            if self.powers is not None:
                far = self.powers[k]
                share = float(len(behind)) if behind else _BEYOND
                crossing = crossing + min(share, 1.0) * far.hessian(moved[:, [k]])
                for change in behind:
                    crossing = crossing + share * far.hessian(change[:, [k]])
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
        form = 0.0
        for k, crossing in enumerate(self.near):
            if self.powers is None:
                return math.inf
            for change in changes:
                share = 1.0 + behind
                crossing = crossing + share * self.powers[k].hessian(change[:, [k]])
            form += max(float(step[:, k] @ crossing @ step[:, k]), 0.0)
        return form

    def _divided(
        self, objective: Objective, anchor: Array, rows: Rows, output: int
    ) -> tuple[Rows, Rows]:
        """Rows that are near and those that are not, with their weights in the sums."""
        loss = objective.loss
        assert isinstance(loss, MarginLoss)
        distance = _distances(objective, rows, anchor)[:, output]
        jump = rows.weight * loss.jump(rows.y)[:, output]
        near = distance <= self.width
        far = jump / np.square(np.where(near, 1.0, distance))
        return (
            rows.reweighted(np.where(near, jump, 0.0)),
            rows.reweighted(np.where(near, 0.0, far)),
        )


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
    """The largest eigenvalue of ``H^-1 N`` for a matrix N of one output."""
    values, vectors = eigh(matrix)
    some = values > 0.0
    if not some.any():
        return 0.0
    root = vectors[:, some] * np.sqrt(values[some])
    p = matrix.shape[0]
    columns = np.zeros((factor.order, root.shape[1]))
    start = output * p if objective.coupled else 0
    columns[start : start + p] = root
    inner = columns.T @ factor.solve(columns)
    return float(eigvalsh(0.5 * (inner + inner.T))[-1])
