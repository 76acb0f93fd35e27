"""A request carried through all of a fitted model.

One function, `apply`, takes every verb: bookkeeping, step, refinement with retained
data, or the check of the step's size without.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace

import numpy as np

from sklearn_unlearn.core.arrays import Array
from sklearn_unlearn.core.linear.bookkeeping import (
    Model,
    ModelChange,
    edited_rows,
    edited_tally,
)
from sklearn_unlearn.core.linear.data_checksum import Tally
from sklearn_unlearn.core.linear.fitting import fit
from sklearn_unlearn.core.linear.newton_cg import newton_cg
from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.linear.preconditioner import Preconditioner
from sklearn_unlearn.core.linear.refinement import (
    Refinement,
    refine,
    refreshed,
)
from sklearn_unlearn.core.linear.sameness import changes_nothing
from sklearn_unlearn.core.linear.state import State
from sklearn_unlearn.core.linear.step_sizes import LARGE_CHANGE
from sklearn_unlearn.core.linear.steps import (
    LARGE_LOSS,
    StepResult,
    carried,
    unlearn,
    with_parts,
    with_products,
    with_reach,
)
from sklearn_unlearn.core.losses.smooth import Loss
from sklearn_unlearn.core.rows import RowBlocks
from sklearn_unlearn.core.threads import one_blas_thread
from sklearn_unlearn.core.training_rows.retained import RetainedRows
from sklearn_unlearn.exceptions import (
    NoFactorError,
    NotPositiveDefiniteError,
    PrecisionLossError,
    StepTooLargeError,
)

#: Change of a raw prediction from which a request without data is refused
#: (``python -m benchmarks large_edits``).
REFUSED_CHANGE = 2.0
#: Relative error of the Hessian from which a request without data is refused.
REFUSED_LOSS = 1e-4


@dataclass(frozen=True)
class Options:
    """How to answer requests: ``rate`` None is second order; see `refine`."""

    first_order: bool
    rate: float | None
    tol: float
    max_iter: int


@dataclass(frozen=True, eq=False)
class Answer:
    """The model after a request, and what was learned on the way.

    Attributes
    ----------
    model : Model
    step : StepResult or None
        None if the retained rows were fitted instead.
    refinement : Refinement or None
        With retained data.
    """

    model: Model
    step: StepResult | None
    refinement: Refinement | None


def apply(model: Model, request: ModelChange, options: Options) -> Answer:
    """Carry out a request; the given model is not touched.

    Raises
    ------
    InsufficientWeightError, EmptyClassError
        From the bookkeeping.
    NotPositiveDefiniteError
        From the factor; with retained data, from that of a refit.
    NoFactorError
        Without retained data, if no factor is kept.
    StepTooLargeError
        Without retained data, if the closed form cannot be trusted, and in first order
        if the rate is too large.
    PrecisionLossError
        Without retained data, if too little is left beside what leaves.
    """
    edit, state = request.edit, model.state
    if request.start is not None:
        return _fitted_anew(model, request, options)
    if state.preconditioner is not None:
        return _minimised_again(model, request, options)
    rate = step_rate(state, options)
    tally = edited_tally(model, request)
    model.tally.check_left(tally)
    retained = None if model.retained is None else edited_rows(model, request)
    try:
        with one_blas_thread():
            step = unlearn(state, edit, rate, alone=retained is None)
    except NotPositiveDefiniteError:
        if retained is None:
            raise
        # lost in the old factor's rounding, perhaps, rather than in the data
        refinement = _fitted(edit.objective(state.objective), retained, options)
        edited = Model(refinement.state, tally, model.marks, retained)
        return Answer(edited, None, refinement)
    edited = replace(model, state=step.state, tally=tally, retained=retained)
    if retained is None:
        about_rows = edit.rows_out is not None or edit.rows_in is not None
        limit = REFUSED_CHANGE if about_rows else sys.float_info.max
        unit = " scales" if state.objective.loss.has_scale else ""
        # written so that a NaN is refused
        if not step.remaining_change <= limit:
            raise StepTooLargeError(
                f"The request would change a raw prediction by "
                f"{step.remaining_change:.3g}{unit}, where a closed-form step without "
                f"data is reliable below {LARGE_CHANGE:.2g} and refused from "
                f"{REFUSED_CHANGE:g}. Make smaller requests, or fit with "
                "retain_data=True, or fit again."
            )
        if not step.lost <= REFUSED_LOSS:
            raise PrecisionLossError(
                "What leaves outweighs what stays by so much that sums without it are "
                f"made of rounding errors, to a share of {step.lost:.1g} in a column. "
                "Fit with retain_data=True, which computes them again, or fit again."
            )
        return Answer(edited, step, None)
    start = step.state
    if step.largest_change > LARGE_CHANGE or step.lost > LARGE_LOSS:
        before = edit.feature_map.preimage(state.theta)
        start = _better_start(start, before, retained)
    refinement = minimised(start, retained, options)
    edited = replace(edited, state=refinement.state)
    return Answer(edited, step, refinement)


def step_rate(state: State, options: Options) -> float | None:
    """The rate of a first-order step; None for second order.

    Raises
    ------
    StepTooLargeError
        If the rate is too large.
    """
    if not options.first_order:
        return None
    largest = state.factor.largest_eigenvalue
    rate = 1.0 / largest if options.rate is None else options.rate
    if rate > 2.0 / largest:
        raise StepTooLargeError(
            f"unlearning_rate={rate:.3g} is above {2.0 / largest:.3g}, two over "
            "the largest eigenvalue of the Hessian: a first-order step overshoots "
            'the minimum. Use a smaller rate, or "auto".'
        )
    return rate


def settled(state: State, rows: RowBlocks) -> State:
    """The state with nothing by which one could tell what was in it before.

    Its Hessian is that of these rows at its coefficients; if it has none, it stays.
    Of a preconditioner nothing is left.
    """
    if state.preconditioner is not None:
        return without_head(state)
    if not state.departed or state.objective.loss.constant_curvature:
        return state
    try:
        return refreshed(state, rows, state.theta)
    except NotPositiveDefiniteError:
        return state


def minimised(state: State, rows: RowBlocks, options: Options) -> Refinement:
    """The refinement of a state; where that fails, a fit that does better.

    A Hessian that has lost digits is computed again. A nearly separable problem with
    almost no penalty can have one of rounding errors alone at one point and be solved
    from another.

    Raises
    ------
    NotPositiveDefiniteError
        If the fit fails too.
    """
    objective, kept = state.objective, state.preconditioner
    tol, max_iter = options.tol, options.max_iter
    if kept is not None:
        return newton_cg(state, rows, kept, tol=tol, max_iter=max_iter)
    try:
        if state.factor.lost > LARGE_LOSS:
            state = refreshed(state, rows, state.theta)
        refined = refine(state, rows, tol=tol, max_iter=max_iter)
    except NotPositiveDefiniteError:
        return _fitted(objective, rows, options)
    if refined.converged:
        return refined
    try:
        fitted = _fitted(objective, rows, options)
    except NotPositiveDefiniteError:
        return refined
    return min(refined, fitted, key=lambda each: (not each.converged, each.residual))


def refined(
    model: Model, rows: RowBlocks, loss: Loss, options: Options
) -> tuple[Model, Refinement]:
    """The model minimised on all its rows, and how that went.

    Parameters
    ----------
    model : Model
    rows : RowBlocks
    loss : Loss
        That of the model with the weights that these rows give its parts.
    options : Options

    Raises
    ------
    NotPositiveDefiniteError
    """
    state, tally, marks = model.state, model.tally, model.marks
    state = replace(state, objective=replace(state.objective, loss=loss))
    result = minimised(state, rows, options)
    final = settled(result.state, rows)
    if state.parts is not None:
        final = with_parts(final, rows)
    elif model.retained is None and state.preconditioner is None:
        final = with_products(final, rows)
    if model.retained is None:
        final = with_reach(final, rows)
    counted = Tally.of(rows, marks, tally.n_groups)
    if np.isfinite(tally.noise):
        tally = replace(tally, group_rows=counted.group_rows)
    else:
        tally = counted.changed(None, None, marks, model.forgotten)
    return replace(model, state=final, tally=tally), result


def without_head(state: State) -> State:
    """The state without a preconditioner, which is computed again where it is missed.

    What is computed from all rows together tells of those that have left.
    """
    penalty = state.objective.packed_penalty
    return replace(state, hessian=Preconditioner.none(penalty))


def _minimised_again(model: Model, request: ModelChange, options: Options) -> Answer:
    """The edited rows minimised from the old coefficients, which no factor corrects."""
    if model.retained is None:
        raise NoFactorError(
            "With curvature='iterative' a request reads the training data: fit with "
            "retain_data=True, or with curvature='cholesky' and fewer columns, which "
            "keeps the factor that requests without data need."
        )
    tally = edited_tally(model, request)
    model.tally.check_left(tally)
    rows = edited_rows(model, request)
    refinement = minimised(carried(model.state, request.edit), rows, options)
    return Answer(Model(refinement.state, tally, model.marks, rows), None, refinement)


def _fitted_anew(model: Model, request: ModelChange, options: Options) -> Answer:
    """The rows of a request fitted from its start."""
    rows = request.retained
    assert rows is not None
    tally = edited_tally(model, request)
    model.tally.check_left(tally)
    objective = request.edit.objective(model.state.objective)
    assert request.start is not None
    start = np.where(objective.held, 0.0, request.start)
    iterative = model.state.preconditioner is not None
    refinement = _fitted(objective, rows, options, start, iterative)
    return Answer(Model(refinement.state, tally, model.marks, rows), None, refinement)


def _fitted(
    objective: Objective,
    rows: RowBlocks,
    options: Options,
    start: Array | None = None,
    iterative: bool = False,
) -> Refinement:
    return fit(
        objective,
        rows,
        tol=options.tol,
        max_iter=options.max_iter,
        start=start,
        iterative=iterative,
    )


def _better_start(state: State, before: Array, rows: RetainedRows) -> State:
    """The step's coefficients or those before it, whichever fit the new data better."""
    objective = state.objective
    still = np.where(objective.held, 0.0, before)
    if objective.value(rows, still) < objective.value(rows, state.theta):
        return replace(state, theta=still)
    return state


def idle(model: Model, request: ModelChange) -> Model | None:
    """The model after a request that leaves its data as they are; None if others do.

    Coefficients and factor stay. Rows that are replaced by their like are so in what is
    retained, which may name them otherwise.

    Raises
    ------
    InsufficientWeightError, EmptyClassError
    """
    whole = request.retained is None and request.start is None and not request.unseen
    if not whole or not changes_nothing(request.edit, model.state.objective.forgotten):
        return None
    tally = edited_tally(model, request)
    model.tally.check_left(tally)
    retained = None if model.retained is None else edited_rows(model, request)
    return replace(model, tally=tally, retained=retained)
