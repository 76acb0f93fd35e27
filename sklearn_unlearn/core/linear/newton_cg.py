"""Refinement of wide data: Newton steps by conjugate gradients, no matrix.

A pass over the rows is one product with them and one with their transpose. An iteration
of conjugate gradients takes one; the raw predictions at the end of a step are known
from it, so that the line search takes none and the next gradient half of one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sklearn_unlearn.core.arrays import Array
from sklearn_unlearn.core.linear.conjugate_gradients import Step, newton_step
from sklearn_unlearn.core.linear.preconditioner import Preconditioner
from sklearn_unlearn.core.linear.refinement import (
    ARMIJO,
    ROUGH_ERROR,
    SHORTEST_STEP,
    VALUE_ERROR,
    Outcome,
    Refinement,
    at_floor,
    check_scale,
    longest_step,
)
from sklearn_unlearn.core.linear.row_products import RowProducts
from sklearn_unlearn.core.linear.state import State
from sklearn_unlearn.core.linear.units import Units
from sklearn_unlearn.core.rows import RowBlocks
from sklearn_unlearn.core.threads import one_blas_thread

#: A step that leaves more of the gradient may have met its rounding error.
_SLOW = 0.5
#: Share of ``tol`` to which a step is solved.
_BELOW = 0.5


@dataclass(frozen=True, eq=False)
class _Point:
    """Coefficients, and what is known there."""

    theta: Array
    raw: Array
    value: float
    gradient: Array


def newton_cg(
    state: State, rows: RowBlocks, kept: Preconditioner, *, tol: float, max_iter: int
) -> Refinement:
    """Minimise the objective over all rows from ``state.theta``.

    Parameters
    ----------
    state : State
    rows : RowBlocks
        All rows of the objective.
    kept : Preconditioner
    tol : float
        2-norm of the summed gradient, in its `Units`, at which to stop.
    max_iter : int
        Newton steps.

    Returns
    -------
    Refinement

    Raises
    ------
    NotPositiveDefiniteError
    """
    with one_blas_thread():
        return _newton_cg(state, rows, kept, tol, max_iter)


def _newton_cg(
    state: State, rows: RowBlocks, kept: Preconditioner, tol: float, max_iter: int
) -> Refinement:
    objective = state.objective
    units, data = Units.of(objective.loss, rows), RowProducts(objective, rows)
    point = _point(data, state.theta, data.raw(state.theta))
    best, previous = (np.inf, point), np.inf
    n_iter = n_heads = n_slow = 0
    while True:
        residual = units.norm(point.gradient)
        if residual < best[0]:
            best = (residual, point)
        if residual <= tol:
            outcome = Outcome.CONVERGED
            break
        if residual > _SLOW * previous:
            outcome = at_floor(objective, rows, point.theta, point.gradient)
            n_slow += 1
            if outcome is Outcome.ROUNDING_FLOOR:
                break
        if n_iter >= max_iter:
            outcome = Outcome.MAX_ITER
            break
        if kept.is_due(data):
            kept = Preconditioner.of(data, data.curvatures(point.raw))
            n_heads += 1
        least = _BELOW * tol * float(np.linalg.norm(point.gradient)) / residual
        step = newton_step(data, kept, point.raw, point.gradient, least)
        kept = kept.after(step.n_iter, step.reduction)
        found = _searched(data, point, step)
        if found is None:
            outcome = at_floor(objective, rows, point.theta, point.gradient)
            break
        previous, point = residual, found
        n_iter += 1
    point = best[1]
    check_scale(objective, rows, outcome, point.gradient)
    final = replace(
        state,
        theta=point.theta,
        gradient=point.gradient,
        anchor=objective.anchor(point.theta),
        anchor_loss=objective.loss,
        hessian=kept,
        parts=None,
        departed=False,
    )
    size = float(np.linalg.norm(point.gradient))
    return Refinement(final, outcome, size, n_iter, n_heads)


def _point(data: RowProducts, theta: Array, raw: Array) -> _Point:
    objective = data.objective
    value = data.value(raw) + objective.regular_value(theta)
    gradient = objective.total_gradient(data.pull(data.slopes(raw)), theta)
    return _Point(theta, raw, value, gradient)


def _searched(data: RowProducts, point: _Point, step: Step) -> _Point | None:
    """First point on a halving path that satisfies Armijo's condition, if any.

    Where values cancel, slopes tell, as in `refinement`.
    """
    objective, direction = data.objective, step.direction
    slack = VALUE_ERROR * abs(point.value)
    length = longest_step(objective, point.theta, direction)
    decrement = -float(np.vdot(direction, point.gradient))
    while length >= SHORTEST_STEP:
        theta = point.theta + length * direction
        raw = point.raw + length * step.raw
        rise = data.value(raw) + objective.regular_value(theta) - point.value
        found = rise <= slack - ARMIJO * length * decrement
        if not found and rise <= ROUGH_ERROR * abs(point.value):
            slope = float(np.vdot(data.slopes(raw), step.raw))
            pull = objective.penalty * theta + objective.linear
            found = abs(slope + float(np.vdot(pull, direction))) <= 0.5 * decrement
        if found:
            return _point(data, theta, raw)
        length *= 0.5
    return None
