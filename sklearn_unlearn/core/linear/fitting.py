"""The minimiser behind fit: a cheap start, then Newton and chord steps.

The start, and the factor of the first chord steps, come from a sample of the rows, if
there are many rows for each unknown; else the start is L-BFGS's for about the price of
one Hessian. `refine` does the rest and leaves the factor that requests will use.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import reduce

import numpy as np
from scipy.optimize import minimize

from sklearn_unlearn.core.arrays import Array
from sklearn_unlearn.core.linear.curvature import MAX_ORDER, is_penalised
from sklearn_unlearn.core.linear.newton_cg import newton_cg
from sklearn_unlearn.core.linear.objective import CHEAP_FLOPS, Objective
from sklearn_unlearn.core.linear.preconditioner import Preconditioner
from sklearn_unlearn.core.linear.refinement import (
    NO_SCALE,
    Outcome,
    Refinement,
    fresh_factor,
    refine,
    refreshed,
)
from sklearn_unlearn.core.linear.state import State
from sklearn_unlearn.core.linear.units import Units
from sklearn_unlearn.core.losses.smooth import HalfSquaredError
from sklearn_unlearn.core.rows import (
    RowBlocks,
    Rows,
    added,
    every,
    joined,
    pass_cost,
    results,
)
from sklearn_unlearn.core.threads import one_blas_thread
from sklearn_unlearn.exceptions import (
    NotPositiveDefiniteError,
    ProblemTooLargeError,
    UnlearningError,
)

#: Matrices that a fit holds at a time: the sum, that of a block, the factor.
_MATRICES = 3
#: Sampled rows for each unknown.
_SAMPLE = 128
#: A dense flop of a Hessian pass against reading one stored entry (measured 20-60).
_FLOPS_PER_READ = 40.0
#: Error beside the targets at which they are fitted exactly.
_EXACT = 1e-13
#: Solves, the later ones for what rounding left of a tiny penalty.
_REFINED = 4
#: Gradient, and steps, at which least squares are a start.
_ROUGH, _MOST_ROUGH = 1e-3, 20
#: Lag of the anchor against the step of a single row.
_LAG = 0.1


def check_order(objective: Objective) -> None:
    """Refuse problems whose factor exceeds `MAX_ORDER`, or the memory of this machine.

    Raises
    ------
    ProblemTooLargeError
    """
    order = objective.n_unknowns
    if order > MAX_ORDER:
        p, n_outputs = objective.shape
        shared = ""
        if n_outputs > 1 and p <= MAX_ORDER:
            shared = f" Of several classes a ridge classifier keeps one of order {p}."
        raise ProblemTooLargeError(
            f"The Hessian of {p} coefficients and {n_outputs} outputs has order "
            f"{order}, above the limit of {MAX_ORDER} ({8 * order**2 / 2**30:.0f} GiB "
            "for its factor). Take fewer columns (of texts by max_features or min_df "
            "of the vectorizer, or by n_features of a HashingVectorizer), or a model "
            "that keeps no such matrix: one with curvature='iterative' and "
            f"retain_data=True, naive Bayes, or a sharded model.{shared}"
        )
    needed, there = _MATRICES * 8 * order**2, _physical_memory()
    if there is not None and needed > there:
        raise ProblemTooLargeError(
            f"A Hessian of order {order} is added up and factored in {_MATRICES} "
            f"matrices, {needed / 2**30:.1f} GiB, and this machine has "
            f"{there / 2**30:.1f} GiB of memory: take fewer columns, or a model with "
            "curvature='iterative' and retain_data=True."
        )


def _physical_memory() -> int | None:
    """Bytes of memory of this machine, where it tells."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # of systems that are not POSIX's
        return None


def fit(
    objective: Objective,
    rows: RowBlocks,
    *,
    tol: float,
    max_iter: int,
    start: Array | None = None,
    iterative: bool = False,
) -> Refinement:
    """Minimise the objective and keep the factor of its Hessian at the minimum.

    The anchor is the minimiser itself where a Hessian pass is cheap (below 1e9 flops).
    Elsewhere it lags behind by no more than a tenth of what a single row of average
    leverage moves the predictions, so that the lag costs a request less than its own
    second-order error.

    Parameters
    ----------
    objective : Objective
    rows : RowBlocks
    tol : float
        2-norm of the summed gradient, in its `Units`.
    max_iter : int
        Newton and chord steps, those of the start not counted.
    start : ndarray of shape (p, n_outputs), optional
        Coefficients near the minimum, if some are known.
    iterative : bool, default=False
        Whether to keep no factor, but a `Preconditioner`.

    Returns
    -------
    Refinement
    """
    if iterative:
        return _fit_iteratively(objective, rows, tol, max_iter, start)
    check_order(objective)
    with one_blas_thread():
        return _fit(objective, rows, tol, max_iter, start)


def _fit(
    objective: Objective,
    rows: RowBlocks,
    tol: float,
    max_iter: int,
    start: Array | None,
) -> Refinement:
    units = Units.of(objective.loss, rows)
    flops = objective.hessian_flops(rows.n_rows)
    leverage = objective.n_unknowns / max(units.n_rows, 1)
    limit = _LAG * float(np.sqrt(units.mean_weight * leverage))
    fitted = None
    if start is None:
        fitted = _from_sample(objective, rows, units, tol, max_iter, limit)
    if fitted is None:
        theta = start
        if theta is None:
            theta = _start(objective, rows, units, flops, limit)
        state = _fresh(objective, rows, theta, units.weight)
        fitted = refine(state, rows, tol=tol, max_iter=max_iter)
    state = fitted.state
    moved = state.theta - state.anchor
    if objective.loss.constant_curvature or not moved.any():
        return fitted
    if flops <= CHEAP_FLOPS or state.factor.norm(objective.pack(moved)) > limit:
        fitted = replace(fitted, state=refreshed(state, rows, state.theta))
    return fitted


def _fit_iteratively(
    objective: Objective,
    rows: RowBlocks,
    tol: float,
    max_iter: int,
    start: Array | None,
) -> Refinement:
    """Newton steps by conjugate gradients, from zero or a simple model."""
    if not is_penalised(objective):
        raise UnlearningError(
            "curvature='iterative' needs a penalty on each column, since no factor "
            "tells whether the data determine the coefficients: use a finite C (a "
            "positive alpha), or curvature='cholesky'."
        )
    units = Units.of(objective.loss, rows)
    theta = _simple(objective, rows, iterative=True) if start is None else start
    kept = Preconditioner.none(objective.packed_penalty)
    state = State(
        objective=objective,
        theta=theta,
        anchor=objective.anchor(theta),
        anchor_loss=objective.loss,
        hessian=kept,
        gradient=np.zeros(objective.shape),
        weight=units.weight,
        curvature=objective.curvature_scale(rows, theta),
    )
    return newton_cg(state, rows, kept, tol=tol, max_iter=max_iter)


def _from_sample(
    objective: Objective,
    rows: RowBlocks,
    units: Units,
    tol: float,
    max_iter: int,
    limit: float,
) -> Refinement | None:
    """The minimum from that of a sample, if there are many rows and it has one."""
    step = rows.n_rows // (_SAMPLE * objective.n_unknowns)
    if objective.loss.constant_curvature or step < 2:
        return None
    sample = every(rows, step)
    try:
        start = _simple(objective, sample)
        state = _fresh(objective, sample, start, units.weight)
        gradient = objective.gradient(sample, start)
        rough = 1e-3 * Units.of(objective.loss, sample).norm(gradient)
        state = refine(state, sample, tol=rough, max_iter=10).state
        # half the limit: the norm is that of the sample
        fitted = refine(
            state, rows, tol=tol, max_iter=max_iter, sampled_until=0.5 * limit
        )
    except NotPositiveDefiniteError:
        return None  # the sample, or its minimum, does not determine the coefficients
    return None if fitted.outcome is Outcome.STALLED else fitted


def _start(
    objective: Objective, rows: RowBlocks, units: Units, flops: float, limit: float
) -> Array:
    """Coefficients at which the first Hessian is worth its price."""
    if objective.loss.constant_curvature:
        return np.zeros(objective.shape)
    start = _simple(objective, rows)
    if objective.loss.has_scale:
        return start
    n_iter = int(flops / (_FLOPS_PER_READ * max(pass_cost(rows), 1)))
    if n_iter < 2:
        return start
    diagonal = objective.pack(objective.hessian_diagonal(rows, start))
    mean = units.mean_weight  # coordinates do not depend on its unit
    root = np.sqrt(np.where(diagonal > 0.0, diagonal / mean, 1.0))
    limit, n_iter = limit * np.sqrt(mean), min(n_iter, 100)
    return _quasi_newton(objective, rows, units.weight, start, root, limit, n_iter)


def _simple(objective: Objective, rows: RowBlocks, iterative: bool = False) -> Array:
    """Zero where that will do, else a simpler model: of intercepts, of squares."""
    if objective.loss.has_scale:
        return _least_squares(objective, rows, iterative)
    start = np.zeros(objective.shape)
    if objective.loss.max_curvature == np.inf and objective.fit_intercept:
        start[-1] = _best_constant(objective, rows)
    return start


def _least_squares(objective: Objective, rows: RowBlocks, iterative: bool) -> Array:
    """Coefficients of the squared error, and its root mean square as the scale.

    Raises
    ------
    NotPositiveDefiniteError
        If it is that of rounding.
    """
    weight = float(sum(block.weight.sum() for block in rows.blocks()))
    squared = replace(objective, loss=HalfSquaredError())
    least = getattr(objective.loss, "least", 0.0)
    if least:  # of residuals on that scale
        squared = replace(squared, penalty=0.5 * least * objective.penalty)
    zero = np.zeros(objective.shape)
    if iterative:
        fitted = _fit_iteratively(squared, rows, _ROUGH, _MOST_ROUGH, zero)
        theta = fitted.state.theta.copy()
    else:
        factor, theta = fresh_factor(squared, rows, zero), zero
        for _ in range(_REFINED if least else 1):
            gradient = squared.pack(squared.gradient(rows, theta))
            theta = theta - squared.unpack(factor.solve(gradient))

    def squares(block: Rows) -> Array:
        residual = squared.raw_prediction(block.X, theta)[:, :1] - block.y
        return block.weight @ np.square(np.hstack([residual, block.y]))

    error, size = np.sqrt(np.sum([squares(b) for b in rows.blocks()], axis=0) / weight)
    if not max(error, least) > _EXACT * size:
        raise NotPositiveDefiniteError(NO_SCALE)
    theta[-1, -1] = max(error, least)
    return theta


def _best_constant(objective: Objective, rows: RowBlocks) -> Array:
    """The intercepts of a model of nothing else.

    Where the curvature is unbounded, a Newton step from far below lands far above, from
    where each step lowers the raw predictions by about one. A loss with a ``link`` says
    where the best constant is.
    """
    n_outputs = objective.shape[1]
    if hasattr(objective.loss, "link"):

        def sums(block: Rows) -> tuple[Array, float]:
            return block.weight @ block.y, float(block.weight.sum())

        total, weight = reduce(added, results(sums, rows, counted=False))
        raw: Array = objective.loss.link(total / weight)
        if np.all(np.isfinite(raw)):
            return raw
    constant = joined([replace(block, X=block.X[:, :0]) for block in rows.blocks()])
    alone = replace(
        objective,
        penalty=objective.penalty[-1:],
        linear=objective.linear[-1:],
        held=objective.held[-1:],
    )
    weight = float(constant.weight.sum())
    state = _fresh(alone, constant, np.zeros((1, n_outputs)), weight)
    tol = 1e-3 * Units.of(objective.loss, constant).n_rows
    fitted = refine(state, constant, tol=tol, max_iter=50)
    intercepts: Array = fitted.state.theta[-1]
    return intercepts


def _quasi_newton(
    objective: Objective,
    rows: RowBlocks,
    weight: float,
    start: Array,
    root: Array,
    limit: float,
    max_iter: int,
) -> Array:
    """L-BFGS in coordinates z with ``theta = start + z / root``.

    ``root`` is that of the Hessian's diagonal over a mean weight, so that the gradient
    in z is about the Newton step's length times its root; it stops at ``limit``.
    """

    def moved(z: Array) -> Array:
        return start + objective.unpack(z.reshape(root.shape) / root)

    def scaled(z: Array) -> tuple[float, Array]:
        value, gradient = objective.value_and_gradient(rows, moved(z))
        return value / weight, (objective.pack(gradient) / root).ravel() / weight

    result = minimize(
        scaled,
        np.zeros(start.size),
        jac=True,
        method="L-BFGS-B",
        options={
            "maxiter": max_iter,
            "maxls": 20,
            "gtol": limit / (weight * np.sqrt(start.size)),
            "ftol": 0.0,
        },
    )
    return moved(result.x)


def _fresh(objective: Objective, rows: RowBlocks, theta: Array, weight: float) -> State:
    """The state at ``theta``, its Hessian computed there."""
    return State(
        objective=objective,
        theta=theta,
        anchor=objective.anchor(theta),
        anchor_loss=objective.loss,
        hessian=fresh_factor(objective, rows, theta),
        gradient=np.zeros(objective.shape),
        weight=weight,
        curvature=objective.curvature_scale(rows, theta),
    )
