"""Unlearning in models that are not convex: damped steps on the corrected objective."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from sklearn_unlearn.core.arrays import Indices
from sklearn_unlearn.core.network.descent import (
    Budget,
    Descent,
    Outcome,
    Slope,
    SmoothObjective,
    Steps,
)
from sklearn_unlearn.core.network.krylov import (
    LANCZOS_STEPS,
    Curvature,
    Solution,
    Vector,
    conjugate_gradients,
    lissa,
    never,
    rayleigh,
)
from sklearn_unlearn.core.rows import count_pass
from sklearn_unlearn.exceptions import BudgetTooSmallError, NotFiniteError

#: Damping at the start, relative to the curvature along the gradient.
_FIRST_DAMPING = 1e-2
#: The model of the objective is good above, bad below; the damping follows by this.
_GOOD, _BAD, _FACTOR = 0.75, 0.25, 4.0
_ARMIJO = 1e-4
#: Halvings of a step, and steps in a row with more damping, before one gives up.
_HALVINGS, _FAILURES = 6, 8


@dataclass
class _Meter:
    """What is spent of a budget."""

    budget: Budget
    clock: Callable[[], float]
    passes: float = 0.0
    #: Of the longest gradient.
    longest: float = 0.0
    start: float = field(init=False)

    def __post_init__(self) -> None:
        self.start = self.clock()

    @property
    def seconds(self) -> float:
        """Since the start."""
        return self.clock() - self.start

    def slope(self, objective: SmoothObjective, theta: Vector) -> Slope:
        """Value and gradient, counted."""
        before = self.clock()
        found = objective.slope(theta)
        self.passes += 1.0
        count_pass()
        self.longest = max(self.longest, self.clock() - before)
        return found

    def value(self, objective: SmoothObjective, theta: Vector) -> Slope:
        """The value without a gradient, counted."""
        self.passes += 1.0
        count_pass()
        return Slope(objective.value(theta), None)

    def over(self, passes: float = 0.0) -> Outcome | None:
        """The limit that would be passed by so much more and one gradient."""
        budget = self.budget
        if budget.passes is not None and self.passes + passes + 1.0 > budget.passes:
            return Outcome.PASSES
        if budget.seconds is not None and self.seconds + self.longest > budget.seconds:
            return Outcome.SECONDS
        return None


def descend(
    objective: SmoothObjective,
    theta: Vector,
    *,
    budget: Budget,
    steps: Steps | None = None,
    first: Slope | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Descent:
    """Minimise an objective by Levenberg-Marquardt steps from where a model is.

    Each step solves ``(B + damping I) p = -g`` with the gradient g of all rows and the
    curvature B of a sample. It is halved until it lowers the objective of all rows
    (Armijo); how much of ``-g'p / 2`` it gains sets the next damping (Martens, Deep
    Learning via Hessian-free Optimization, 2010). The damping is in the curvature
    alone: it does not move the minimum. A gradient that no step could follow is not
    computed.

    Parameters
    ----------
    objective : SmoothObjective
        Of the corrected data.
    theta : Vector
        Not written to.
    budget : Budget
    steps : Steps, optional
    first : Slope, optional
        Value and gradient at theta, if they are known; they count as a pass.
    clock : callable, optional
        Seconds since any moment.

    Returns
    -------
    Descent
        Its objective is at most that at the start.

    Raises
    ------
    BudgetTooSmallError
        If it ends before the first step.
    NotFiniteError
        If objective, gradient or curvature are not finite at the start.
    """
    steps = Steps() if steps is None else steps
    meter, generator = _Meter(budget, clock), np.random.default_rng(steps.seed)
    meter.passes += first is not None
    here = meter.slope(objective, theta) if first is None else first
    before = here.value
    if not math.isfinite(before):
        raise NotFiniteError(
            f"The objective of the corrected data is {before}: the model predicts "
            "values that are infinite or not a number."
        )
    n_steps, failures, at_first = 0, 0, 0.0
    damping: float | None = None
    share = min(1.0, steps.sample / objective.n_rows)
    while True:
        if budget.steps is not None and n_steps >= budget.steps:
            outcome = Outcome.STEPS
            break
        least = _least(steps) + (damping is None)
        spent = meter.over(least * share)
        if spent is not None:
            outcome = spent
            break
        rows = sample(objective.n_rows, steps.sample, generator)
        matrix = objective.curvature(theta, rows, steps.kind, here.squares)
        if damping is None:
            damping = _FIRST_DAMPING * abs(rayleigh(matrix, here.gradient))
            meter.passes += share
        step = _step(matrix, here.gradient, damping, steps, meter, share)
        promised = -0.5 * float(here.gradient @ step)
        if not promised > max(steps.tol * abs(here.value), steps.least):
            # where steps have failed, it is the damping that makes them short
            outcome = Outcome.STALLED if failures else Outcome.CONVERGED
            break
        at_first = at_first or promised
        if not failures and promised < steps.settled * at_first:
            outcome = Outcome.SETTLED
            break
        last = budget.steps is not None and n_steps + 1 == budget.steps
        look = meter.value if last else meter.slope
        found, ratio = _backtrack(
            look, objective, theta, here.value, step, promised, meter
        )
        if ratio > _GOOD:
            damping /= _FACTOR
        elif ratio < _BAD:  # ever faster: a saturated loss hides its curvature
            damping *= _FACTOR ** (failures + 1)
        if found is not None:
            theta, here = found
            n_steps, failures = n_steps + 1, 0
            continue
        failures += 1
        if failures == _FAILURES:
            outcome = Outcome.STALLED
            break
    if n_steps == 0 and outcome in (Outcome.PASSES, Outcome.SECONDS):
        raise BudgetTooSmallError(
            f"{outcome.value} They did not suffice for one step; "
            f"{meter.passes:.3g} passes took {meter.seconds:.3g} s."
        )
    spent_passes, seconds = meter.passes, meter.seconds
    return Descent(
        theta,
        outcome,
        before,
        here.value,
        n_steps,
        spent_passes,
        seconds,
        damping or 0.0,
    )


def _step(
    matrix: Curvature,
    gradient: Vector,
    damping: float,
    steps: Steps,
    meter: _Meter,
    share: float,
) -> Vector:
    """The damped step, solved as well as the budget allows."""
    budget, spent = meter.budget, meter.passes
    asked = _least(steps) - 1

    def stop() -> bool:
        nonlocal asked
        asked += 1
        meter.passes = spent + asked * share
        return meter.over(share) is not None

    solution = solved(
        matrix,
        gradient * -1.0,
        steps,
        damping=damping,
        progress=steps.progress,
        stop=never if budget.passes is budget.seconds is None else stop,
    )
    meter.passes = spent + solution.n_products * share
    return solution.vector


def solved(
    matrix: Curvature,
    right: Vector,
    steps: Steps,
    *,
    damping: float,
    progress: float = 0.0,
    stop: Callable[[], bool] = never,
) -> Solution:
    """The damped system, by the solver that was asked for."""
    if steps.linear_solver == "cg":
        return conjugate_gradients(
            matrix,
            right,
            damping=damping,
            max_iter=steps.products,
            progress=progress,
            stop=stop,
        )
    return lissa(
        lambda _: matrix,
        right,
        damping=damping,
        max_iter=steps.products,
        probed=1,
        stop=stop,
    )


def _least(steps: Steps) -> int:
    """Products after which a solver can first be stopped."""
    return 1 if steps.linear_solver == "cg" else 1 + LANCZOS_STEPS


def _backtrack(
    look: Callable[[SmoothObjective, Vector], Slope],
    objective: SmoothObjective,
    theta: Vector,
    value: float,
    step: Vector,
    promised: float,
    meter: _Meter,
) -> tuple[tuple[Vector, Slope] | None, float]:
    """First point of a halving path that satisfies Armijo's condition, if any.

    And how much of what the quadratic model promised the whole step has gained.
    """
    length, ratio = 1.0, -math.inf
    for _ in range(_HALVINGS):
        if meter.over() is not None:
            break
        trial = theta + step * length
        there = look(objective, trial)
        gain = value - there.value if math.isfinite(there.value) else -math.inf
        if length == 1.0:
            ratio = gain / promised
        if gain >= 2.0 * _ARMIJO * length * promised:
            return (trial, there), ratio
        length *= 0.5
    return None, ratio


def sample(n_rows: int, size: int, generator: np.random.Generator) -> Indices | None:
    """So many rows at random, in order; None if that is all of them."""
    if size >= n_rows:
        return None
    rows: Indices = np.sort(generator.choice(n_rows, size, replace=False))
    return rows
