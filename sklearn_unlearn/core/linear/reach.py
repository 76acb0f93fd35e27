"""Reach: how far rows that nobody sees may go, as far as a model without data keeps it.

With it a step without data is judged: how much of the gradient it may leave at most.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from sklearn_unlearn.core.arrays import Array, densify, powers_of_two
from sklearn_unlearn.core.linear.bends import Way, bend, bend_of, product
from sklearn_unlearn.core.linear.edits import DropColumns, Edit, Identity, LinearMap
from sklearn_unlearn.core.linear.factor import Factor
from sklearn_unlearn.core.linear.fourth_moments import FourthMoments
from sklearn_unlearn.core.linear.fourth_powers import MOST_COLUMNS, FourthPowers
from sklearn_unlearn.core.linear.margins import NEAR, Margins
from sklearn_unlearn.core.linear.objective import CHEAP_FLOPS, Objective
from sklearn_unlearn.core.linear.peaks import mapped_peaks
from sklearn_unlearn.core.losses.margin import MarginLoss
from sklearn_unlearn.core.losses.smooth import Loss
from sklearn_unlearn.core.losses.weighted import WeightedLoss
from sklearn_unlearn.core.rows import RowBlocks, Rows

#: Change of a raw prediction that is one of rounding.
_FAINT = 1e-9


@dataclass(frozen=True, eq=False)
class Reach:
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
    margins : tuple of Margins
        Where the second derivative jumps.
    blur : float
        Bound on how far raw predictions at the anchor are from those at which the
        weights of the rows in the Hessian were taken.
    """

    columns: Array
    loss: Loss
    powers: FourthPowers | None = None
    curved: FourthPowers | None = None
    fourth: FourthMoments | None = None
    margins: tuple[Margins, ...] = ()
    blur: float = 0.0

    @staticmethod
    def of(
        objective: Objective, factor: Factor, rows: RowBlocks, anchor: Array
    ) -> Reach:
        """That of all rows."""
        columns = powers_of_two(objective.reach(rows))
        columns[objective.forgotten] = 0.0
        loss, p, n_rows = objective.loss, objective.shape[0], rows.n_rows
        found = Reach(columns, loss)
        smooth = loss.self_concordance is not None
        if loss.constant_curvature or not (smooth or isinstance(loss, MarginLoss)):
            return found
        n_sums = 2 if smooth else 1 + len(NEAR) * objective.shape[1]
        flops = n_sums * FourthPowers.flops(p, n_rows)
        few = p <= MOST_COLUMNS and flops <= CHEAP_FLOPS
        if few:
            powers = FourthPowers.none(p).edited(objective, rows, None)
            found = replace(found, powers=powers)
        if not smooth:
            margins = (
                Margins.of(objective, rows, anchor, share, few) for share in NEAR
            )
            return replace(found, margins=tuple(margins))
        if few:
            curved = FourthPowers.none(p)
            for block in rows.blocks():
                curved = curved.edited(
                    objective, _curved(objective, block, anchor), None
                )
            return replace(found, curved=curved)
        if objective.hessian_flops(n_rows) <= CHEAP_FLOPS:
            fourth = FourthMoments.of(objective, factor, rows, anchor)
            return replace(found, fourth=fourth)
        return found

    def edited(self, objective: Objective, edit: Edit, anchor: Array) -> Reach:
        """That after rows came and left, features as they were."""
        rows_in, rows_out = edit.rows_in, edit.rows_out
        if rows_in is None and rows_out is None:
            return self
        columns, powers = self.columns, self.powers
        if rows_in is not None and not edit.same_features:
            coming = powers_of_two(objective.reach(rows_in))
            coming[objective.forgotten] = 0.0
            columns = np.maximum(columns, coming)
        if powers is not None and not _cancels(edit):
            powers = powers.edited(objective, rows_in, rows_out)
        found = replace(self, columns=columns, powers=powers)
        if self.blur > 0.0 and rows_out is not None:
            # they have other weights in these sums by now
            return replace(found, curved=None, fourth=None, margins=())
        then = replace(objective, loss=self.loss)
        coming_rows, leaving = edit.curvature_rows(then, anchor)
        if self.curved is not None:
            changed = (
                None if rows is None else _curved(then, rows, anchor)
                for rows in (coming_rows, leaving)
            )
            found = replace(found, curved=self.curved.edited(then, *changed))
        if self.fourth is not None:
            fourth = self.fourth.edited(then, anchor, coming_rows, leaving)
            found = replace(found, fourth=fourth)
        margins = (
            each.edited(then, anchor, rows_in, rows_out) for each in self.margins
        )
        return replace(found, margins=tuple(margins))

    def mapped(
        self, edit: Edit, anchor: Array, new: Objective, factor: Factor
    ) -> Reach:
        """That of the new features.

        Parameters
        ----------
        edit : Edit
        anchor : ndarray of shape (p, n_outputs)
            Before.
        new : Objective
            After the edit.
        factor : Factor
            After the edit.
        """
        features = edit.feature_map
        if isinstance(features, Identity):
            return self
        lost = anchor - features.pull(features.anchor(anchor))
        blur = self.blur + self.largest_change(lost)
        blur = _rounded_up(blur) if blur > _FAINT else 0.0
        if isinstance(features, DropColumns):
            gone = features.columns
            return replace(
                self,
                columns=np.where(gone, 0.0, self.columns),
                powers=self.powers and self.powers.without(gone),
                curved=self.curved and self.curved.without(gone),
                fourth=self.fourth and self.fourth.without(new.packed_held),
                margins=tuple(each.without(gone) for each in self.margins),
                blur=blur,
            )
        assert isinstance(features, LinearMap)
        matrix = densify(features.matrix)
        return replace(
            self,
            columns=np.sqrt(mapped_peaks(matrix, np.square(self.columns))),
            powers=self.powers and self.powers.mapped(matrix),
            curved=self.curved and self.curved.mapped(matrix),
            fourth=self.fourth and self.fourth.mapped(matrix, factor),
            margins=tuple(each.mapped(matrix) for each in self.margins),
            blur=blur,
        )

    def largest_change(self, vector: Array) -> float:
        """No row's raw prediction changes by more, with coefficients by a vector."""
        largest = float((self.columns @ np.abs(vector)).max())
        if self.powers is not None:
            largest = min(largest, self.powers.largest(vector))
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
        if solved and self.margins and gain > 0.0:
            ways = (dropped, moved, *lags)
            lost = min(each.lost(step, ways, len(lags)) for each in self.margins)
            lost = product(_largest_growth(self.loss, objective.loss), lost)
            return max(known, gain - lost / gain)
        if not solved or constant is None:
            return known
        before, start, end = (
            constant * self.largest_change(change) for change in changes
        )
        before += constant * self.blur
        # the mean of e^-s from the smaller to the larger of both ends
        stiff = _mean(-abs(end - start)) * math.exp(-before - min(start, end))
        bent = 0.5 * (
            self._root(objective, step, dropped) + self._root(objective, step, moved)
        )
        for change in lags:
            bent += self._root(objective, step, change)
        return max(known, stiff * gain, gain - constant * bent)

    def bend(
        self, objective: Objective, factor: Factor, behind: Array, moved: Array
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

        Returns
        -------
        float
            A bound in the norm of the inverse Hessian.
        """
        constant = objective.loss.self_concordance
        change = self.largest_change(behind) + self.blur
        jump = self.largest_change(moved)
        changes = self._behind(objective, behind)
        if self.margins and all(np.isfinite(each).all() for each in changes):
            bent = min(
                each.bend(objective, factor, changes, moved, change + jump)
                for each in self.margins
            )
            return product(_largest_growth(self.loss, objective.loss), bent)
        if constant is None:
            return math.inf
        packed = objective.pack(moved)
        form = max(float(np.vdot(packed, factor.curvature_dot(packed))), 0.0)
        way, size = Way(math.inf, math.sqrt(form), jump), math.inf
        if self.fourth is not None:
            grown = math.sqrt(_largest_growth(self.loss, objective.loss))
            norm = product(grown, self.fourth.norm(packed, 0.0))
            size = self.fourth.length(behind)
            way = replace(way, size=self.fourth.length(moved), fourth=norm)
        bent = bend_of(constant, change, size, self.blur, way)
        if self.powers is None or constant == 0.0:
            return bent
        # a weight changes by a factor of e^a (e^b - 1) / b where a raw prediction has
        # gone a and goes b: it is off by no more than is linear in both, up to the
        # largest of both
        change, jump = constant * change, constant * jump
        steep = product(_mean(change), constant * _mean(jump))
        curved = constant * bend(0.0, jump) / jump if jump > 0.0 else 0.0
        fine = product(curved, self._root(objective, moved, moved))
        for each in changes:
            fine += product(steep, self._root(objective, moved, each))
        return min(bent, fine)

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

    def _root(self, objective: Objective, moved: Array, change: Array) -> float:
        """The root of the sum of both squares, weighted by the curvature."""
        if self.powers is None or not np.all(np.isfinite(change)):
            return math.inf
        bound = product(
            objective.loss.max_curvature, self.powers.squares(moved, change)
        )
        if self.curved is not None:
            grown = _largest_growth(self.loss, objective.loss)
            own = product(grown, self.curved.squares(moved, change))
            bound = min(bound, own)
        return math.sqrt(bound)


def _curved(objective: Objective, rows: Rows, anchor: Array) -> Rows:
    """Rows weighted by the largest eigenvalue of their curvature, or more."""
    raw = objective.raw_prediction(rows.X, anchor)
    curvature = objective.loss.curvature(raw, rows.y)
    if objective.loss.coupled:
        curvature = np.abs(curvature).sum(axis=2).max(axis=1)
    return rows.reweighted(rows.weight * curvature)


def _rounded_up(size: float) -> float:
    """To four binary digits."""
    mantissa, exponent = math.frexp(size)
    return math.ldexp(math.ceil(16.0 * mantissa), exponent - 4)


def _cancels(edit: Edit) -> bool:
    """Whether rows come in the place of their like, but for targets."""
    if not edit.same_features or edit.rows_in is None or edit.rows_out is None:
        return False
    return np.array_equal(edit.rows_in.weight, edit.rows_out.weight)


def _mean(x: float) -> float:
    """``(e^x - 1) / x``, the mean of ``e^s`` for s from zero to x."""
    if x < 0.0:
        return -math.expm1(x) / -x
    return 1.0 + bend(0.0, x)


def _largest_growth(before: Loss, after: Loss) -> float:
    """Largest factor by which a loss's weights of its parts have grown."""
    if before is after or not isinstance(before, WeightedLoss):
        return 1.0
    assert isinstance(after, WeightedLoss)
    some = after.weights > 0.0
    if np.any(before.weights[some] == 0.0):
        return math.inf
    return float((after.weights[some] / before.weights[some]).max(initial=0.0))
