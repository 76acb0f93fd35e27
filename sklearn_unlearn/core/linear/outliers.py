"""Rows by their distance from where they become outliers, for Huber's loss.

There the second derivative jumps, as it does at a margin (`Margins`). Between the jumps
a row's gradient follows from its standardised residual, which the scale divides: what
a step bends in it is known from the Hessian alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from sklearn_unlearn.core.arrays import Array, Indices, Mask, as_float64, is_sparse
from sklearn_unlearn.core.linear.factor import Factor
from sklearn_unlearn.core.linear.forms import MOST_UNKNOWNS, Change
from sklearn_unlearn.core.linear.margins import Margins
from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.losses.margin import SquaredEpsilonInsensitive
from sklearn_unlearn.core.losses.robust import ConcomitantHuber
from sklearn_unlearn.core.rows import BLOCK_ENTRIES, RowBlocks, Rows

#: Gives, for coefficients, what no row's raw prediction is larger than.
Largest = Callable[[Array], float]


@dataclass(frozen=True, eq=False)
class Outliers:
    """Margins of rows ``(x_i, -c_i)``, where c_i is the clipped residual in scales.

    The Hessian is a sum over such rows, which it has within a margin where a loss that
    is insensitive to small errors has them beyond.

    Attributes
    ----------
    margins : Margins
    scale : float
        That of the anchor.
    """

    margins: Margins
    scale: float

    @staticmethod
    def of(objective: Objective, rows: RowBlocks, anchor: Array) -> Outliers | None:
        """Those of all rows; None if there are too many columns."""
        scale = float(anchor[-1, 1])
        if objective.shape[0] >= MOST_UNKNOWNS or not scale > 0.0:
            return None
        standardised = _StandardisedRows(rows, objective, anchor)
        alone = _without_scale(objective, scale)
        margins = Margins.of(alone, standardised, alone.linear)
        return Outliers(margins, scale)

    def changed(
        self, objective: Objective, anchor: Array, rows: Rows, sign: float
    ) -> Outliers:
        """Those after rows came or left, by the sign."""
        few = _standardised(objective, rows, anchor)
        alone = _without_scale(objective, self.scale)
        margins = self.margins.changed(alone, alone.linear, few, sign)
        return replace(self, margins=margins)

    def without(self, columns: Mask) -> Outliers:
        """Those without some columns."""
        gone = np.insert(columns, -1, False)
        return replace(self, margins=self.margins.without(gone))

    def mapped(self, matrix: Array) -> Outliers:
        """Those of ``T x`` for a matrix T."""
        wider = np.insert(np.insert(matrix, -1, 0.0, axis=0), -1, 0.0, axis=1)
        wider[-2, -2] = 1.0
        return replace(self, margins=self.margins.mapped(wider))

    def bend(
        self,
        objective: Objective,
        factor: Factor,
        largest: Largest,
        changes: tuple[Array, Array],
        square: float,
    ) -> float:
        """How far the gradient after a step may be from that of the quadratic model.

        With k the old scale over the new one, and t_i the change of the residual in
        scales of a row in the Hessian by that model, the real one is k t_i: in the
        direction of the row, its gradient is off by (k - 1) t_i, and in that of the
        scale by the square of k t_i. (The least scale of the loss is as the residual of
        one more row.) What crosses is added to that.

        Parameters
        ----------
        objective : Objective
        factor : Factor
            With the weights of the rows at the anchor.
        largest : callable
        changes : tuple of ndarray of shape (p, 2)
            From the anchor to where the step starts, and the step.
        square : float
            Square of the length of the step in the data Hessian.

        Returns
        -------
        float
            A bound in the norm of the inverse Hessian.
        """
        behind, moved = changes
        scales = self.scale + behind[-1, 1], self.scale + behind[-1, 1] + moved[-1, 1]
        if not min(scales) > 0.0:
            return math.inf
        before, after = (self.scale / each for each in scales)
        start, way = _length(objective, factor, behind), math.sqrt(square)
        bent = abs(after - 1.0) * way + abs(after - before) * start
        near = max((after * (start + way)) ** 2, (before * start) ** 2)
        loss = objective.loss
        assert isinstance(loss, ConcomitantHuber)
        drift, alone, part = (
            0.0,
            _without_scale(objective, self.scale),
            self._part(factor),
        )
        for end, times in ((behind, before), (behind + moved, after)):
            if end.any():
                step = self._change(loss, largest, end, times)
                bent += self.margins.bend(alone, part, [], step)
                drift = max(drift, self.margins.lost(step, [step], []))
        drift = (near + drift) / (2.0 * self.scale)
        found = float(bent + drift * _softness(factor))
        return found if math.isfinite(found) else math.inf

    def flattened(
        self,
        objective: Objective,
        factor: Factor,
        largest: Largest,
        changes: tuple[Array, Array],
    ) -> float:
        """Share of the curvature that is lost at most where a step ends."""
        behind, moved = changes
        scale = self.scale + behind[-1, 1] + moved[-1, 1]
        if not scale > 0.0:
            return math.inf
        times = self.scale / scale
        loss = objective.loss
        assert isinstance(loss, ConcomitantHuber)
        step = self._change(loss, largest, behind + moved, times)
        lost = self.margins.flattened(self._part(factor), [], step)
        way = _length(objective, factor, behind + moved)
        turned = times * way / self.scale * _softness(factor)
        return float(1.0 - min(times, 1.0) * (1.0 - lost - 2.0 * turned))

    def _change(
        self, loss: ConcomitantHuber, largest: Largest, change: Array, times: float
    ) -> Change:
        """A change in the coordinates of the margins, in scales of the anchor."""
        longer = max(times, 1.0)
        vector = np.insert(change[:, 0], -1, change[-1, 1])[:, None]
        most = largest(change[:, :1]) + loss.epsilon * abs(float(change[-1, 1]))
        return Change(longer * vector, np.full(1, longer * most))

    def _part(self, factor: Factor) -> _Part:
        p = factor.order // 2
        return _Part(factor, np.insert(np.arange(p), -1, 2 * p - 1))


@dataclass(frozen=True, eq=False)
class _Part:
    """A factor in some of its coordinates, in another order."""

    factor: Factor
    places: Indices

    @property
    def order(self) -> int:
        return self.places.size

    def solve(self, right: Array) -> Array:
        whole = np.zeros((self.factor.order, right.shape[1]))
        whole[self.places] = right
        solution: Array = self.factor.solve(whole)[self.places]
        return solution


@dataclass(frozen=True, eq=False)
class _StandardisedRows:
    """Rows as `Outliers` reads them."""

    rows: RowBlocks
    objective: Objective
    anchor: Array

    @property
    def n_rows(self) -> int:
        return self.rows.n_rows

    def blocks(self, entries: int = BLOCK_ENTRIES) -> Iterator[Rows]:
        for block in self.rows.blocks(entries):
            yield _standardised(self.objective, block, self.anchor)


def _standardised(objective: Objective, rows: Rows, anchor: Array) -> Rows:
    """Rows with a column for the scale; targets are residuals."""
    loss, scale = objective.loss, float(anchor[-1, 1])
    assert isinstance(loss, ConcomitantHuber)
    X = as_float64(rows.X)
    residual = objective.raw_prediction(X, anchor)[:, :1] - rows.y[:, :1]
    limit = loss.epsilon * scale
    clipped = -np.clip(residual, -limit, limit) / scale
    if is_sparse(X):
        X = sp.csr_array(sp.hstack([X, sp.csr_array(clipped)]))
    else:
        X = np.column_stack([X, clipped])
    return Rows(X, residual, rows.weight / scale)


def _without_scale(objective: Objective, scale: float) -> Objective:
    """The objective of `_standardised` rows."""
    loss = objective.loss
    assert isinstance(loss, ConcomitantHuber)
    held = np.insert(objective.held[:, 0], -1, False)[:, None]
    nothing = np.zeros(held.shape)
    limit = SquaredEpsilonInsensitive(loss.epsilon * scale)
    return Objective(limit, True, nothing, nothing, held)


def _length(objective: Objective, factor: Factor, change: Array) -> float:
    """In the data Hessian."""
    if not change.any():
        return 0.0
    packed = objective.pack(change)
    return math.sqrt(max(float(np.vdot(packed, factor.curvature_dot(packed))), 0.0))


def _softness(factor: Factor) -> float:
    """No change that is one long in the Hessian changes the scale by more."""
    unit = np.zeros((factor.order, 1))
    unit[-1] = 1.0
    return math.sqrt(max(float(factor.solve(unit)[-1, 0]), 0.0))
