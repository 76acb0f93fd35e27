"""The steps of unlearning: the one formula (first and second order) and refinement."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from sklearn_unlearn.core.arrays import Array
from sklearn_unlearn.core.edits import Edit, Identity
from sklearn_unlearn.core.factor import Factor, factorise
from sklearn_unlearn.core.objective import Objective
from sklearn_unlearn.core.rows import RowBlocks
from sklearn_unlearn.core.state import State
from sklearn_unlearn.core.threads import one_blas_thread

#: A chord step must shrink the gradient (H^-1 norm) by this; else H is refreshed.
_CONTRACTION = 0.3
#: Relative error of a summed objective below which values cannot be told apart.
_VALUE_ERROR = 1e-13
#: The same where large predictions cancel.
_ROUGH_ERROR = 1e-9
_ARMIJO = 1e-4
_SHORTEST_STEP = 2.0**-30
#: Steps that correct the factor in a refinement.
_MEMORY = 5


@dataclass(frozen=True)
class StepResult:
    """A step's outcome.

    Attributes
    ----------
    state : State
    factor : Factor
        The rows changed, still in the old coordinates.
    moved : ndarray of shape (p, n_outputs)
        ``T' phi - theta``: the change of the coefficients in the old coordinates.
    largest_change : float
        ``t_D``: largest change of a raw prediction among the rows of the edit and,
        for a map of the features, its root mean square over all rows (a lower bound
        of the largest). Beyond about ln 2 the quadratic model is not to be trusted.
        Zero for a quadratic loss, which needs no trust.
    """

    state: State
    factor: Factor
    moved: Array
    largest_change: float


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


def unlearn(state: State, edit: Edit, rate: float | None = None) -> StepResult:
    """Apply an edit without data: one solve, or one gradient step.

    With G the gradient of rows in minus rows out at theta, H' the data Hessian with
    their contributions at the anchor, T the map, g the known gradient::

        (T H' T' + Lambda') phi = T ((H' + Lambda) theta + b - g - G) - b'

    is solved for the change of phi against a preimage of theta under T', so that
    nothing cancels where T is the identity; there it is the second-order update of
    Warnecke et al. (2023), with the Hessian of the edited data. Their first-order
    update has ``rate`` in the place of the inverse.

    Parameters
    ----------
    state : State
    edit : Edit
    rate : float, optional
        The unlearning rate tau of a first-order step; None for second order.

    Returns
    -------
    StepResult

    Raises
    ------
    NotPositiveDefiniteError
        If the edited Hessian is not positive definite.
    """
    old, theta, features = state.objective, state.theta, edit.feature_map
    new = edit.objective(old)
    factor = _edited_factor(state, edit)
    start = features.preimage(theta)
    lag = theta - features.pull(start)
    lag[old.forgotten] = 0.0
    right = old.penalty * theta + old.linear
    right -= edit.data_gradient(old, theta) + state.gradient
    if lag.any():
        right += old.unpack(factor.curvature_dot(old.pack(lag)))
    right[old.forgotten] = 0.0
    right = features.push(right) - new.penalty * start - new.linear
    right[new.forgotten] = 0.0
    mapped = features.factor(factor, new)
    same = np.array_equal(mapped.penalty, new.packed_penalty)
    if not same or (edit.linear is not None and np.any(mapped.gauge != new.gauge)):
        mapped = mapped.repenalised(new.packed_penalty, new.gauge)
    packed = new.pack(right)
    packed = mapped.solve(packed) if rate is None else rate * packed
    phi = start + new.unpack(packed)
    weight = state.weight + edit.weight_change()
    moved = features.pull(phi) - theta
    moved[old.forgotten] = 0.0
    edited = State(
        objective=new,
        theta=phi,
        anchor=features.anchor(state.anchor),
        factor=mapped,
        gradient=np.zeros_like(phi),
        weight=weight,
        curvature=state.curvature,
    )
    change = _largest_change(state, factor, edit, moved, weight)
    return StepResult(edited, factor, moved, change)


def refine(state: State, rows: RowBlocks, *, tol: float, max_iter: int) -> Refinement:
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
        2-norm of the summed gradient at which to stop.
    max_iter : int

    Returns
    -------
    Refinement
    """
    with one_blas_thread():
        return _refine(state, rows, tol, max_iter)


def _refine(state: State, rows: RowBlocks, tol: float, max_iter: int) -> Refinement:
    objective, theta = state.objective, state.theta
    value, gradient = objective.value_and_gradient(rows, theta)
    best = (np.inf, theta, gradient)
    previous, fresh, newton = np.inf, False, False
    pairs: deque[tuple[Array, Array]] = deque(maxlen=_MEMORY)
    n_iter = n_hessians = 0
    while True:
        residual = float(np.linalg.norm(gradient))
        if residual < best[0]:
            best = (residual, theta, gradient)
        if residual <= tol:
            outcome = Outcome.CONVERGED
            break
        step = -_solve(state, pairs, gradient)
        decrement = -float(np.vdot(step, gradient))
        slow = not decrement <= _CONTRACTION**2 * previous
        if slow and decrement <= _VALUE_ERROR * abs(value):
            # values cannot tell better from worse here; only rounding can be left
            outcome = _at_floor(objective, rows, best)
            if outcome is Outcome.ROUNDING_FLOOR or newton:
                break
        if n_iter >= max_iter:
            outcome = Outcome.MAX_ITER
            break
        found = None
        if fresh or not slow:
            found = _backtrack(objective, rows, theta, value, step, decrement)
        if found is None:
            if fresh:
                outcome = _at_floor(objective, rows, best)
                break
            state = refreshed(state, rows, theta)
            previous, fresh = np.inf, True
            pairs.clear()
            n_hessians += 1
            continue
        change, bend = found[0] - theta, found[2] - gradient
        if np.vdot(change, bend) > 0.0:
            pairs.append((change, bend))
        theta, value, gradient = found
        previous, newton, fresh = decrement, fresh, False
        n_iter += 1
    residual, theta, gradient = best
    final = replace(state, theta=theta, gradient=gradient)
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
    return replace(state, anchor=theta, factor=factor, curvature=curvature)


def fresh_factor(objective: Objective, rows: RowBlocks, theta: Array) -> Factor:
    """Factor of the Hessian of all rows at ``theta``, forgotten columns left out."""
    hessian = objective.data_hessian(rows, theta)
    alive = np.flatnonzero(~objective.pack_mask(objective.forgotten))
    if alive.size < hessian.shape[0]:
        hessian = np.asfortranarray(hessian[np.ix_(alive, alive)])
    return factorise(hessian, objective.packed_penalty, objective.gauge, alive)


def _backtrack(
    objective: Objective,
    rows: RowBlocks,
    theta: Array,
    value: float,
    step: Array,
    decrement: float,
) -> tuple[Array, float, Array] | None:
    """First point on a halving path that satisfies Armijo's condition, if any."""
    slack = _VALUE_ERROR * abs(value)
    length = 1.0
    while length >= _SHORTEST_STEP:
        trial = theta + length * step
        trial_value, trial_gradient = objective.value_and_gradient(rows, trial)
        rise = trial_value - value
        if rise <= slack - _ARMIJO * length * decrement:
            return trial, trial_value, trial_gradient
        # Where values cancel, slopes still tell (Hager and Zhang 2005, section 2.1):
        # one that is halved is a descent of a function near its quadratic model.
        slope = abs(float(np.vdot(trial_gradient, step)))
        if rise <= _ROUGH_ERROR * abs(value) and slope <= 0.5 * decrement:
            return trial, trial_value, trial_gradient
        length *= 0.5
    return None


def _at_floor(
    objective: Objective, rows: RowBlocks, best: tuple[float, Array, Array]
) -> Outcome:
    residual, theta, _ = best
    if residual <= objective.rounding_bound(rows, theta):
        return Outcome.ROUNDING_FLOOR
    return Outcome.STALLED


def _edited_factor(state: State, edit: Edit) -> Factor:
    """The factor with the curvature of the edit's rows, all at the anchor."""
    objective, factor, anchor = state.objective, state.factor, state.anchor
    rows_in, rows_out = edit.curvature_rows(objective, anchor)
    if rows_in is None and rows_out is None:
        return factor
    n_rows = sum(rows.n_rows for rows in (rows_in, rows_out) if rows is not None)
    rank = objective.n_curvature_columns(n_rows)
    if factor.pending_rank + rank <= factor.max_pending:
        return factor.extended(
            None if rows_in is None else objective.curvature_columns(rows_in, anchor),
            None if rows_out is None else objective.curvature_columns(rows_out, anchor),
        )

    def change(hessian: Array) -> None:
        for rows, sign in ((rows_in, 1.0), (rows_out, -1.0)):
            if rows is not None:
                objective.data_hessian(rows, anchor, out=hessian, sign=sign)

    return factor.rebuilt(change)


def _largest_change(
    state: State, factor: Factor, edit: Edit, moved: Array, weight: float
) -> float:
    objective = state.objective
    if objective.loss.constant_curvature:
        return 0.0
    touched = [rows for rows in (edit.rows_out, edit.rows_in) if rows is not None]
    largest = [objective.largest_raw_change(rows, moved) for rows in touched]
    mapped = not isinstance(edit.feature_map, Identity)
    if mapped and moved.any() and weight > 0.0 and state.curvature > 0.0:
        packed = objective.pack(moved)
        squares = float(np.vdot(packed, factor.curvature_dot(packed)))
        mean = max(squares, 0.0) / (state.curvature * weight)
        largest.append(float(np.sqrt(mean)))
    return max(largest, default=0.0)
