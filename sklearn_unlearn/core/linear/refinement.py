"""Refinement: chord and Newton steps with data, to the tolerance or to rounding."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from sklearn_unlearn.core.arrays import Array
from sklearn_unlearn.core.linear.factor import Factor, factorise
from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.linear.state import State
from sklearn_unlearn.core.linear.units import Units
from sklearn_unlearn.core.rows import RowBlocks
from sklearn_unlearn.core.threads import one_blas_thread
from sklearn_unlearn.exceptions import NotPositiveDefiniteError

#: A chord step must shrink the gradient (H^-1 norm) by this; else H is refreshed.
_CONTRACTION = 0.3
#: The same of the factor of a sample: a Hessian too early is one too many.
_SAMPLED_CONTRACTION = 0.6
#: A step of such a factor that must be shorter shows a sample unlike the other rows.
_SAMPLED_STEP = 0.1
#: Relative error of a summed objective below which values cannot be told apart.
VALUE_ERROR = 1e-13
#: The same where large predictions cancel.
ROUGH_ERROR = 1e-9
ARMIJO = 1e-4
SHORTEST_STEP = 2.0**-30
#: Derivative in the scale, a row of weight one, at which it is not at its minimum.
_FALLING = 1e-3
#: Why a scale cannot be fitted.
NO_SCALE = (
    "The scale may have no minimum above zero: too many rows are fitted exactly, by a "
    "small epsilon or for want of rows. Use a larger epsilon or penalty."
)
#: Steps that correct the factor in a refinement.
_MEMORY = 5


class Outcome(Enum):
    """Why a refinement ended; the values are sentences for the reader."""

    CONVERGED = "The gradient norm is at most tol."
    ROUNDING_FLOOR = "The gradient norm is at most its rounding error."
    MAX_ITER = "max_iter iterations were not enough: the gradient norm exceeds tol."
    STALLED = "No step lowers the objective any more, yet the gradient is not small."


@dataclass(frozen=True)
class Refinement:
    """A refinement's outcome.

    Attributes
    ----------
    state : State
    outcome : Outcome
    residual : float
        2-norm of the gradient at ``state.theta``.
    n_iter : int
        Steps taken.
    n_hessians : int
        Passes for a fresh Hessian.
    """

    state: State
    outcome: Outcome
    residual: float
    n_iter: int
    n_hessians: int

    @property
    def converged(self) -> bool:
        """Whether the gradient is as small as it was to be or can be."""
        return self.outcome in (Outcome.CONVERGED, Outcome.ROUNDING_FLOOR)


def refine(
    state: State,
    rows: RowBlocks,
    *,
    tol: float,
    max_iter: int,
    sampled_until: float = 0.0,
) -> Refinement:
    """Minimise the objective over all rows by chord steps from ``state.theta``.

    A chord step uses the factor at hand, one pass over the rows each, corrected for
    what the last steps have shown of the Hessian (L-BFGS with the factor as initial
    matrix: Nocedal and Wright, Numerical Optimization, 2006, algorithm 7.4). Where it
    contracts too slowly the Hessian is refreshed (the step is then Newton's); every
    step is backtracked until it satisfies Armijo's condition up to the rounding
    error of the objective.

    Parameters
    ----------
    state : State
    rows : RowBlocks
        All rows of the objective.
    tol : float
        2-norm of the summed gradient, in its `Units`, at which to stop.
    max_iter : int
    sampled_until : float, default=0.0
        If positive, the factor at hand is that of a sample of the rows, and gives way
        to one of all rows where a step is no longer than this in its norm. Steps
        before that do not count. A sample unlike the other rows ends in STALLED.

    Returns
    -------
    Refinement
        Its state has no parts: `with_parts` sums them again.
    """
    with one_blas_thread():
        return _refine(state, rows, tol, max_iter, sampled_until)


def _refine(
    state: State, rows: RowBlocks, tol: float, max_iter: int, sampled_until: float
) -> Refinement:
    objective, theta = state.objective, state.theta
    units = Units.of(objective.loss, rows)
    value, gradient = objective.value_and_gradient(rows, theta)
    best = (np.inf, theta, gradient)
    previous, fresh, newton = np.inf, False, False
    pairs: deque[tuple[Array, Array]] = deque(maxlen=_MEMORY)
    n_iter = n_hessians = 0
    while True:
        residual = units.norm(gradient)
        if residual < best[0]:
            best = (residual, theta, gradient)
        if residual <= tol and not sampled_until:
            outcome = Outcome.CONVERGED
            break
        step = -_solve(state, pairs, gradient)
        decrement = -float(np.vdot(step, gradient))
        contraction = _SAMPLED_CONTRACTION if sampled_until else _CONTRACTION
        slow = not decrement <= contraction**2 * previous
        if slow and decrement <= VALUE_ERROR * abs(value) and not sampled_until:
            # values cannot tell better from worse here; only rounding can be left
            outcome = at_floor(objective, rows, best[1], best[2])
            if outcome is Outcome.ROUNDING_FLOOR or newton:
                break
        if n_iter >= max_iter:
            outcome = Outcome.MAX_ITER
            break
        found = None
        if fresh or not (slow or decrement <= sampled_until**2):
            shortest = _SAMPLED_STEP if sampled_until else SHORTEST_STEP
            found = _backtrack(objective, rows, theta, value, step, decrement, shortest)
            if found is None and sampled_until:
                outcome = Outcome.STALLED
                break
        if found is None:
            if fresh:
                outcome = at_floor(objective, rows, best[1], best[2])
                break
            state = refreshed(state, rows, theta)
            previous, fresh, sampled_until = np.inf, True, 0.0
            pairs.clear()
            n_hessians += 1
            continue
        change, bend = found[0] - theta, found[2] - gradient
        if np.vdot(change, bend) > 0.0:
            pairs.append((change, bend))
        theta, value, gradient = found
        previous, newton, fresh = decrement, fresh, False
        n_iter += not sampled_until
    _, theta, gradient = best
    residual = float(np.linalg.norm(gradient))
    check_scale(objective, rows, outcome, gradient)
    final = replace(state, theta=theta, gradient=gradient, parts=None)
    return Refinement(final, outcome, residual, n_iter, n_hessians)


def _solve(state: State, pairs: deque[tuple[Array, Array]], gradient: Array) -> Array:
    """The factor's solve, corrected by pairs of steps and changes of the gradient."""
    scales = []
    for change, bend in reversed(pairs):
        scales.append(float(np.vdot(change, gradient) / np.vdot(change, bend)))
        gradient = gradient - scales[-1] * bend
    solution = state.solve(gradient)
    for change, bend in pairs:
        scale = float(np.vdot(bend, solution) / np.vdot(change, bend))
        solution = solution + (scales.pop() - scale) * change
    return solution


def refreshed(state: State, rows: RowBlocks, theta: Array) -> State:
    """The state with a Hessian computed at ``theta``, its new anchor."""
    objective = state.objective
    factor = fresh_factor(objective, rows, theta)
    curvature = objective.curvature_scale(rows, theta)
    return replace(
        state,
        anchor=objective.anchor(theta),
        anchor_loss=objective.loss,
        hessian=factor,
        curvature=curvature,
        parts=None,
        departed=False,
    )


def fresh_factor(objective: Objective, rows: RowBlocks, theta: Array) -> Factor:
    """Factor of the Hessian of all rows at ``theta``, those held at zero left out."""
    hessian = objective.data_hessian(rows, theta)
    alive = np.flatnonzero(~objective.packed_held)
    if alive.size < hessian.shape[0]:
        hessian = np.asfortranarray(hessian[np.ix_(alive, alive)])
    try:
        return factorise(hessian, objective.packed_penalty, objective.gauge, alive)
    except NotPositiveDefiniteError as error:
        if objective.loss.has_scale:
            raise NotPositiveDefiniteError(f"{NO_SCALE} {error}") from error
        raise


def check_scale(
    objective: Objective, rows: RowBlocks, outcome: Outcome, gradient: Array
) -> None:
    """Refuse a scale that would still fall where no step can be measured any more."""
    if outcome is Outcome.STALLED or outcome is Outcome.ROUNDING_FLOOR:
        weight = sum(float(block.weight.sum()) for block in rows.blocks())
        if objective.loss.has_scale and gradient[-1, -1] > _FALLING * weight:
            raise NotPositiveDefiniteError(NO_SCALE)


def longest_step(objective: Objective, theta: Array, step: Array) -> float:
    """At most one, and so that a scale keeps half of its size."""
    if not objective.loss.has_scale:
        return 1.0
    return 1.0 / max(-2.0 * float(step[-1, -1] / theta[-1, -1]), 1.0)


def _backtrack(
    objective: Objective,
    rows: RowBlocks,
    theta: Array,
    value: float,
    step: Array,
    decrement: float,
    shortest: float,
) -> tuple[Array, float, Array] | None:
    """First point on a halving path that satisfies Armijo's condition, if any."""
    slack = VALUE_ERROR * abs(value)
    length, longest = 1.0, longest_step(objective, theta, step)
    step, decrement = longest * step, longest * decrement
    while length >= shortest:
        trial = theta + length * step
        trial_value, trial_gradient = objective.value_and_gradient(rows, trial)
        rise = trial_value - value
        if rise <= slack - ARMIJO * length * decrement:
            return trial, trial_value, trial_gradient
        # Where values cancel, slopes still tell (Hager and Zhang 2005, section 2.1):
        # one that is halved is a descent of a function near its quadratic model.
        slope = abs(float(np.vdot(trial_gradient, step)))
        if rise <= ROUGH_ERROR * abs(value) and slope <= 0.5 * decrement:
            return trial, trial_value, trial_gradient
        length *= 0.5
    return None


def at_floor(
    objective: Objective, rows: RowBlocks, theta: Array, gradient: Array
) -> Outcome:
    """Why a refinement ends where no step helps: rounding, or something else."""
    residual = float(np.linalg.norm(gradient))
    if residual <= objective.rounding_bound(rows, theta):
        return Outcome.ROUNDING_FLOOR
    return Outcome.STALLED
