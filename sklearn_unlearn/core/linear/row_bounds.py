"""Bounds on what rows that nobody sees may do: raw predictions, gradient, curvature."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from sklearn_unlearn.core.arrays import Array
from sklearn_unlearn.core.linear.bends import Way, bend, bend_of, mean_growth, product
from sklearn_unlearn.core.linear.factor import Factor
from sklearn_unlearn.core.linear.forms import Change
from sklearn_unlearn.core.linear.fourth_moments import FourthMoments
from sklearn_unlearn.core.linear.fourth_powers import FourthPowers, form
from sklearn_unlearn.core.linear.lengths import Lengths
from sklearn_unlearn.core.linear.margins import Margins
from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.linear.outliers import Outliers
from sklearn_unlearn.core.losses.smooth import Loss
from sklearn_unlearn.core.losses.weighted import largest_growth


@dataclass(frozen=True, eq=False)
class RowBounds:
    """Bounds on rows, of which no number tells the value of one.

    Attributes
    ----------
    columns : ndarray of shape (p,)
        No row is larger in a column, nor was one since it was computed from rows:
        powers of two until a map (`core.linear.peaks`), one for the intercept, zero
        where forgotten.
    loss : Loss
        The one that is in all sums: that of the objective, but for weights of its
        parts that have changed since.
    powers : FourthPowers or None
        Of the rows, if there are few columns.
    curved : FourthPowers or None
        The same with the curvature of each row at the anchor.
    fourth : FourthMoments or None
        What many columns have in their place, where a pass for a Hessian is cheap.
    lengths : Lengths or None
        Of the rows, if there are many columns or margins.
    margins : Margins or None
        Of rows where the second derivative jumps.
    outliers : Outliers or None
        Of Huber's loss.
    blur : float
        Bound on how far raw predictions at the anchor are from those at which the
        weights of the rows in the Hessian were taken.
    """

    columns: Array
    loss: Loss
    powers: FourthPowers | None = None
    curved: FourthPowers | None = None
    fourth: FourthMoments | None = None
    lengths: Lengths | None = None
    margins: Margins | None = None
    outliers: Outliers | None = None
    blur: float = 0.0

    def largest_change(self, vector: Array) -> float:
        """No row's raw prediction changes by more, with coefficients by a vector."""
        largest = float(self._largest(vector).max())
        if self.powers is not None and largest > 0.0:
            largest = min(largest, self.powers.largest(vector))
        return largest

    def _largest(self, vector: Array) -> Array:
        """The same of each output, by largest values and lengths alone."""
        largest: Array = self.columns @ np.abs(vector)
        if self.lengths is not None:
            largest = np.minimum(largest, self.lengths.largest(vector))
        return largest

    def gain(
        self,
        objective: Objective,
        factor: Factor,
        changes: tuple[Array, Array, Array],
        gain: float,
        solved: bool,
    ) -> float:
        """What a step takes away at least, of ``gain`` in the quadratic model.

        With coefficients dropped, the gradient before the step is known in that model
        alone. Where the step solves the model, it is no less than what is left after
        the step, taken from the mean curvature on the way between them times the step.

        Parameters
        ----------
        objective : Objective
        factor : Factor
        changes : tuple of ndarray of shape (p, n_outputs)
            From the anchor to where the step starts, that of coefficients that are
            dropped, and the whole change, these included.
        gain : float
        solved : bool
        """
        behind, dropped, moved = changes
        if not dropped.any():
            return gain
        known = gain - self.bend(objective, factor, behind, dropped)
        constant = objective.loss.self_concordance
        lags, step = self._behind(objective, behind), moved - dropped
        if solved and self.margins is not None and gain > 0.0:
            ends = [self._limited(change) for change in (dropped, moved)]
            lost = self.margins.lost(self._limited(step), ends, self._gone(behind))
            lost = product(largest_growth(self.loss, objective.loss), lost)
            return max(known, gain - lost / gain)
        if not solved or constant is None:
            return known
        before, start, end = (
            constant * self.largest_change(change) for change in changes
        )
        before += constant * self.blur
        # the mean of e^-s from the smaller to the larger of both ends
        stiff = mean_growth(-abs(end - start)) * math.exp(-before - min(start, end))
        first, last, *others = self._roots(objective, step, (dropped, moved, *lags))
        bent = 0.5 * (first + last) + sum(others)
        return max(known, stiff * gain, gain - constant * bent)

    def bend(
        self,
        objective: Objective,
        factor: Factor,
        behind: Array,
        moved: Array,
        enough: float = 0.0,
        known: tuple[float, float | None] | None = None,
    ) -> float:
        """How far the gradient after a step may be from that of the quadratic model.

        Parameters
        ----------
        objective : Objective
        factor : Factor
            With the weights of the rows at the anchor.
        behind : ndarray of shape (p, n_outputs)
            From the anchor to where the step starts.
        moved : ndarray of shape (p, n_outputs)
            The step.
        enough : float
            A bound from which on no smaller one is looked for.
        known : tuple of float, optional
            `largest_change` of the step, and the square of its length in the data
            Hessian, or None.

        Returns
        -------
        float
            A bound in the norm of the inverse Hessian.
        """
        constant = objective.loss.self_concordance
        jump, square = (self.largest_change(moved), None) if known is None else known
        if self.margins is not None:
            gone, step = self._gone(behind), self._limited(moved)
            grown = largest_growth(self.loss, objective.loss)
            few = enough / max(grown, 1.0)
            return product(grown, self.margins.bend(objective, factor, gone, step, few))
        packed = objective.pack(moved)
        if square is None and (constant is not None or self.outliers is not None):
            square = max(float(np.vdot(packed, factor.curvature_dot(packed))), 0.0)
        if self.outliers is not None and square is not None:
            both = behind, moved
            largest = self.largest_change
            return self.outliers.bend(objective, factor, largest, both, square)
        if constant is None or square is None:
            return math.inf
        change = self.largest_change(behind) + self.blur
        way = Way(math.inf, math.sqrt(square), jump)
        bent = bend_of(constant, change, math.inf, self.blur, way)
        if bent <= enough or constant == 0.0:
            return bent
        if self.fourth is not None:
            grown = math.sqrt(largest_growth(self.loss, objective.loss))
            norm = product(grown, self.fourth.norm(packed, 0.0))
            size = self.fourth.length(behind)
            way = replace(way, size=self.fourth.length(moved), fourth=norm)
            bent = bend_of(constant, change, size, self.blur, way)
        if self.powers is None or bent <= enough:
            return bent
        # a weight changes by a factor of e^a (e^b - 1) / b where a raw prediction has
        # gone a and goes b: it is off by no more than is linear in both, up to the
        # largest of both
        change, jump = constant * change, constant * jump
        changes = self._behind(objective, behind)
        steep = product(mean_growth(change), constant * mean_growth(jump))
        curved = constant * bend(0.0, jump) / jump if jump > 0.0 else 0.0
        own, *others = self._roots(objective, moved, (moved, *changes))
        fine = product(curved, own) + sum(product(steep, each) for each in others)
        return min(bent, fine)

    def flattened(
        self,
        objective: Objective,
        factor: Factor,
        behind: Array,
        moved: Array,
        enough: float = 0.0,
    ) -> float:
        """Share of the curvature that rows beyond a margin take from a step's end."""
        if self.outliers is not None:
            both, largest = (behind, moved), self.largest_change
            return self.outliers.flattened(objective, factor, largest, both)
        if self.margins is None:
            return 0.0  # all weights are what they were, as far as predictions are
        gone, step = self._gone(behind), self._limited(moved)
        return self.margins.flattened(factor, gone, step, enough)

    def longest(self, factor: Factor, enough: float = 0.0) -> float:
        """No row is longer in the norm of the inverse Hessian of an output.

        Parameters
        ----------
        factor : Factor
        enough : float
            A bound from which on no smaller one is looked for.
        """
        p, longest = self.columns.size, 0.0
        inverse = factor.solve(np.eye(factor.order))
        for start in range(0, factor.order, p):
            own = inverse[start : start + p, start : start + p]
            square = float(self.columns @ np.abs(own) @ self.columns)
            if self.lengths is not None:
                square = min(square, self.lengths.square(own))
            length = math.sqrt(square)
            if length > enough and self.margins is not None:
                length = self.margins.longest(own, start // p, length, enough)
            longest = max(longest, length)
        return longest

    def _limited(self, change: Array) -> Change:
        return Change(change, self._largest(change))

    def _gone(self, behind: Array) -> list[Change]:
        """Changes from where the weights were taken to where a step starts."""
        gone = [self._limited(behind)] if behind.any() else []
        if self.blur > 0.0:  # of it nothing else is known
            limit = np.full(behind.shape[1], self.blur)
            gone.append(Change(np.full_like(behind, np.inf), limit))
        return gone

    def _behind(self, objective: Objective, behind: Array) -> tuple[Array, ...]:
        """Changes from where the weights were taken to where a step starts."""
        changes = [behind] if behind.any() else []
        if self.blur > 0.0:
            constant = np.full_like(behind, np.inf)
            if objective.fit_intercept:
                constant = np.zeros_like(behind)
                constant[-1] = self.blur
            changes.append(constant)
        return tuple(changes)

    def _roots(
        self, objective: Objective, moved: Array, changes: tuple[Array, ...]
    ) -> list[float]:
        """Roots of the sums of both squares, weighted by the curvature."""
        if self.powers is None:
            return [math.inf for _ in changes]
        if self.curved is not None:
            times = largest_growth(self.loss, objective.loss)
            hessian = self.curved.hessian(moved)
        else:
            times = objective.loss.max_curvature
            hessian = self.powers.hessian(moved)
        return [math.sqrt(product(times, form(hessian, each))) for each in changes]
