"""Reach: how far rows that nobody sees may go, as far as a model without data keeps it.

With it a step without data is judged: how much of the gradient it may leave at most.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import repeat

import numpy as np

from sklearn_unlearn.core.arrays import Array, Mask, powers_of_two
from sklearn_unlearn.core.linear.bends import Way, bend, bend_of, mean_growth, product
from sklearn_unlearn.core.linear.edits import DropColumns, Edit, Identity, LinearMap
from sklearn_unlearn.core.linear.factor import Factor
from sklearn_unlearn.core.linear.fourth_moments import FourthMoments
from sklearn_unlearn.core.linear.fourth_powers import (
    MOST_COLUMNS,
    FourthPowers,
    Quadruples,
    block_size,
    form,
    mapped,
)
from sklearn_unlearn.core.linear.lengths import Lengths
from sklearn_unlearn.core.linear.margins import Change, Margins
from sklearn_unlearn.core.linear.objective import CHEAP_FLOPS, Objective
from sklearn_unlearn.core.linear.outliers import Outliers
from sklearn_unlearn.core.linear.peaks import mapped_peaks
from sklearn_unlearn.core.losses.margin import MarginLoss
from sklearn_unlearn.core.losses.robust import ConcomitantHuber
from sklearn_unlearn.core.losses.smooth import Loss
from sklearn_unlearn.core.losses.weighted import largest_growth
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

    @staticmethod
    def of(
        objective: Objective, factor: Factor, rows: RowBlocks, anchor: Array
    ) -> Reach:
        """That of all rows."""
        columns = powers_of_two(objective.reach(rows))
        columns[objective.forgotten] = 0.0
        loss, p, n_rows = objective.loss, objective.shape[0], rows.n_rows
        found = Reach(columns, loss)
        smooth, huber = (
            loss.self_concordance is not None,
            isinstance(loss, ConcomitantHuber),
        )
        bounded = smooth or huber or isinstance(loss, MarginLoss)
        if loss.constant_curvature or not bounded:
            return found
        flops = 2.0 * FourthPowers.flops(p, n_rows)
        if smooth and p <= MOST_COLUMNS and flops <= CHEAP_FLOPS:
            none = FourthPowers.none(p)
            found = replace(found, powers=none, curved=none)
            return found._changed(objective, anchor, rows, rows, 1.0)
        lengths = Lengths.of(objective, factor.data_diagonal, columns, rows)
        found = replace(found, lengths=lengths)
        if huber:
            return replace(found, outliers=Outliers.of(objective, rows, anchor))
        if not smooth:
            return replace(found, margins=Margins.of(objective, rows, anchor))
        if objective.hessian_flops(n_rows) <= CHEAP_FLOPS:
            fourth = FourthMoments.of(objective, factor, rows, anchor)
            return replace(found, fourth=fourth)
        return found

    def edited(self, objective: Objective, edit: Edit, anchor: Array) -> Reach:
        """That after rows came and left, features as they were."""
        rows_in, rows_out = edit.rows_in, edit.rows_out
        if rows_in is None and rows_out is None:
            return self
        found, columns = self, self.columns
        if rows_in is not None and not edit.same_features:
            coming = powers_of_two(objective.reach(rows_in))
            coming[objective.forgotten] = 0.0
            lengths = self.lengths and self.lengths.joined(objective, rows_in)
            columns = np.maximum(columns, coming)
            found = replace(found, columns=columns, lengths=lengths)
        then = replace(objective, loss=self.loss)
        curved = edit.curvature_rows(then, anchor)
        if self.blur > 0.0 and rows_out is not None:
            # they have other weights in these sums by now
            found = replace(found, curved=None, fourth=None, margins=None)
            found = replace(found, outliers=None)
        if found.fourth is not None:
            fourth = found.fourth.edited(then, anchor, *curved)
            found = replace(found, fourth=fourth)
        same = _cancels(edit)
        for rows, weighed, sign in zip(
            (rows_in, rows_out), curved, (1.0, -1.0), strict=True
        ):
            if rows is None:
                continue
            found = found._changed(then, anchor, rows, weighed, sign, same)
            if found.margins is not None:
                margins = found.margins.changed(then, anchor, rows, sign)
                found = replace(found, margins=margins)
            if found.outliers is not None:
                outliers = found.outliers.changed(then, anchor, rows, sign)
                found = replace(found, outliers=outliers)
        return found

    def _changed(
        self,
        objective: Objective,
        anchor: Array,
        rows: RowBlocks,
        curved: RowBlocks | None,
        sign: float,
        same: bool = False,
    ) -> Reach:
        """That after rows came or left, by the sign.

        Parameters
        ----------
        objective : Objective
            With the loss of all sums.
        anchor : ndarray of shape (p, n_outputs)
        rows : RowBlocks
        curved : RowBlocks or None
            The same with weights of what comes into the Hessian or leaves it.
        sign : float
        same : bool
            Whether their like, but for targets, leave or come.
        """
        if self.powers is None:
            return self
        found, size = self, block_size(objective.shape[0])
        for block, weights in _beside(rows, curved, size):
            powers, bent = found.powers, found.curved
            assert powers is not None
            products = Quadruples.of(objective, block, powers.frame)
            if not same:
                powers = powers.changed(products, block.weight, sign)
            if bent is not None and weights is not None:
                weight = _curved(objective, weights, anchor)
                bent = bent.changed(products, weight, sign)
            found = replace(found, powers=powers, curved=bent)
        return found

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
                margins=self.margins and self.margins.without(gone),
                outliers=None
                if blur
                else self.outliers and self.outliers.without(gone),
                blur=blur,
            )
        assert isinstance(features, LinearMap)
        matrix = features.dense
        among = _among(matrix, self.columns > 0.0, ~new.forgotten)
        parts = [each for each in (self.powers, self.curved) if each is not None]
        after = iter(mapped(parts, among))
        columns = np.sqrt(mapped_peaks(matrix, np.square(self.columns)))
        lengths = self.lengths
        if lengths is not None:
            lengths = lengths.mapped(matrix, factor.data_diagonal, columns)
        return replace(
            self,
            columns=columns,
            lengths=lengths,
            powers=self.powers and next(after),
            curved=self.curved and next(after),
            fourth=self.fourth and self.fourth.mapped(matrix, factor),
            margins=self.margins and self.margins.mapped(among),
            outliers=None if blur else self.outliers and self.outliers.mapped(among),
            blur=blur,
        )

    @property
    def crude(self) -> Reach:
        """What is soonest computed with: no sums of fourth powers."""
        margins, outliers = self.margins, self.outliers
        if margins is not None and margins.far:
            margins = replace(margins, far=())
        if outliers is not None and outliers.margins.far:
            near = replace(outliers.margins, far=())
            outliers = replace(outliers, margins=near)
        same = margins is self.margins and outliers is self.outliers
        if self.powers is None and same:
            return self
        return replace(
            self, powers=None, curved=None, margins=margins, outliers=outliers
        )

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


def _among(matrix: Array, old: Mask, new: Mask) -> Array:
    """A map between columns that there are, one for those that there never were."""
    found = np.where(old & new[:, None], matrix, 0.0)
    if old.size == new.size:
        found[np.diag(~(old | new))] = 1.0
    return found


def _curved(objective: Objective, rows: Rows, anchor: Array) -> Array:
    """Weights of rows times the largest eigenvalue of their curvature, or more."""
    raw = objective.raw_prediction(rows.X, anchor)
    curvature = objective.loss.curvature(raw, rows.y)
    if objective.loss.coupled:
        curvature = np.abs(curvature).sum(axis=2).max(axis=1)
    weights: Array = rows.weight * curvature
    return weights


def _rounded_up(size: float) -> float:
    """To four binary digits."""
    mantissa, exponent = math.frexp(size)
    return math.ldexp(math.ceil(16.0 * mantissa), exponent - 4)


def _beside(
    rows: RowBlocks, curved: RowBlocks | None, size: int
) -> Iterator[tuple[Rows, Rows | None]]:
    """Blocks of rows, each beside the same rows with other weights, if there are any.

    Rows that are read from elsewhere are read once.
    """
    if curved is rows:
        return ((block, block) for block in rows.blocks(size))
    weighed = repeat(None) if curved is None else curved.blocks(size)
    return zip(rows.blocks(size), weighed, strict=False)


def _cancels(edit: Edit) -> bool:
    """Whether rows come in the place of their like, but for targets."""
    if not edit.same_features or edit.rows_in is None or edit.rows_out is None:
        return False
    return np.array_equal(edit.rows_in.weight, edit.rows_out.weight)
