"""The minimiser behind fit: a quasi-Newton start, then Newton and chord steps.

L-BFGS in coordinates scaled by the Hessian's diagonal spends about what one Hessian
pass costs; `refine` does the rest and leaves the factor that requests will use.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.optimize import minimize

from sklearn_unlearn.core.arrays import Array
from sklearn_unlearn.core.objective import Objective, pass_cost
from sklearn_unlearn.core.rows import RowBlocks
from sklearn_unlearn.core.state import State
from sklearn_unlearn.core.steps import Refinement, fresh_factor, refine, refreshed
from sklearn_unlearn.exceptions import ProblemTooLargeError

#: Largest order of a matrix that is factored: 2 GiB of float64.
MAX_ORDER = 16384
#: A dense flop of a Hessian pass against reading one stored entry (measured 20-60).
_FLOPS_PER_READ = 40.0
#: Hessian passes below this many flops are always repeated at the optimum.
_CHEAP_FLOPS = 2e9


def check_order(objective: Objective) -> None:
    """Refuse problems whose factor exceeds `MAX_ORDER`.

    Raises
    ------
    ProblemTooLargeError
    """
    order = objective.n_unknowns
    if order > MAX_ORDER:
        p, n_outputs = objective.shape
        raise ProblemTooLargeError(
            f"The Hessian of {p} coefficients and {n_outputs} outputs has order "
            f"{order}, above the limit of {MAX_ORDER} ({8 * order**2 / 2**30:.0f} GiB "
            "for its factor). Reduce the number of columns, or work matrix-free: "
            "conjugate gradients on "
            "sklearn_unlearn.core.objective.Objective.hessian_vector_product."
        )


def fit(
    objective: Objective, rows: RowBlocks, *, tol: float, max_iter: int
) -> Refinement:
    """Minimise the objective and keep the factor of its Hessian at the minimum.

    The anchor is the minimiser itself where that is cheap (below 2e9 flops a Hessian
    pass); otherwise the last point at which a Hessian was needed, if the distance to
    the minimiser is small against the effect of a single row.

    Parameters
    ----------
    objective : Objective
    rows : RowBlocks
    tol : float
        2-norm of the summed gradient.
    max_iter : int
        Newton and chord steps, those of the start not counted.

    Returns
    -------
    Refinement
    """
    check_order(objective)
    theta = np.zeros(objective.shape)
    weight = float(sum(block.weight.sum() for block in rows.blocks()))
    flops = _hessian_flops(objective, rows.n_rows)
    if not objective.loss.constant_curvature:
        n_start = int(flops / (_FLOPS_PER_READ * max(pass_cost(rows), 1)))
        theta = _quasi_newton(objective, rows, weight, min(n_start, 100))
    state = State(
        objective=objective,
        theta=theta,
        anchor=theta,
        factor=fresh_factor(objective, rows, theta),
        gradient=np.zeros(objective.shape),
        weight=weight,
    )
    fitted = refine(state, rows, tol=tol, max_iter=max_iter)
    state = fitted.state
    if objective.loss.constant_curvature or not np.any(state.theta - state.anchor):
        return fitted
    lag = state.factor.norm(objective.pack(state.theta - state.anchor))
    if flops <= _CHEAP_FLOPS or lag > 0.01 * np.sqrt(
        objective.n_unknowns / max(weight, 1.0)
    ):
        fitted = replace(fitted, state=refreshed(state, rows, state.theta))
    return fitted


def _hessian_flops(objective: Objective, n_rows: int) -> float:
    p, n_outputs = objective.shape
    grams = n_outputs * (n_outputs + 1) / 2.0 if objective.coupled else 1.0
    return float(n_rows) * p * p * grams + objective.n_unknowns**3 / 3.0


def _quasi_newton(
    objective: Objective, rows: RowBlocks, weight: float, max_iter: int
) -> Array:
    """A few L-BFGS iterations from zero in diagonally scaled coordinates."""
    zero = np.zeros(objective.shape)
    if max_iter < 2:
        return zero
    diagonal = objective.hessian_diagonal(rows, zero)
    scale = 1.0 / np.sqrt(np.where(diagonal > 0.0, diagonal, 1.0))

    def scaled(z: Array) -> tuple[float, Array]:
        value, gradient = objective.value_and_gradient(
            rows, scale * z.reshape(objective.shape)
        )
        return value / weight, (scale * gradient).ravel() / weight

    result = minimize(
        scaled,
        zero.ravel(),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": max_iter, "maxls": 20, "gtol": 0.0, "ftol": 1e-10},
    )
    start: Array = scale * result.x.reshape(objective.shape)
    return start
