"""Influence of each row: the step that would take it out alone."""

from __future__ import annotations

import numpy as np

from sklearn_unlearn.core.arrays import Array, densify
from sklearn_unlearn.core.linear.edits import Edit
from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.linear.state import State
from sklearn_unlearn.core.linear.steps import unlearn
from sklearn_unlearn.core.rows import Rows
from sklearn_unlearn.core.threads import one_blas_thread
from sklearn_unlearn.exceptions import NotPositiveDefiniteError

#: Entries of a block of right-hand sides: 8 MiB.
_BLOCK_ENTRIES = 2**20
#: One minus the leverage below which the other rows do not determine the model.
_DETERMINED = 1e-12
#: Terms for a penalty that leaves with the rows; each is smaller than the one before.
_MAX_TERMS = 60
_EPS = float(np.finfo(np.float64).eps)


def leave_one_out(state: State, rows: Rows, penalty_rate: Array) -> Array:
    """Change of the coefficients if each row left alone.

    These are second-order steps, each with its own row taken out of the Hessian:
    approximate leave-one-out (Beirami et al., On Optimal Generalizability in Parametric
    Learning, NeurIPS 2017), exact where the objective is quadratic. One solve with
    many right-hand sides serves many rows.

    Parameters
    ----------
    state : State
    rows : Rows
        Rows of the model.
    penalty_rate : ndarray of shape (p, n_outputs)
        What a unit of weight that leaves takes of the penalty with it.

    Returns
    -------
    ndarray of shape (n_rows, p, n_outputs)
        NaN where the model is not determined without the row.
    """
    objective = state.objective
    changes = np.zeros((rows.n_rows, *objective.shape))
    counted = np.flatnonzero(rows.weight)
    per_row = objective.n_unknowns * (1 + objective.n_curvature_columns(1))
    step = max(1, _BLOCK_ENTRIES // per_row)
    with one_blas_thread():
        if penalty_rate.any():  # one row at most takes most of a penalty with it
            heavy = rows.weight[counted] > 0.5 * state.weight
            for row in counted[heavy]:
                changes[row] = _alone(state, rows.take(np.array([row])), penalty_rate)
            counted = counted[~heavy]
        for start in range(0, counted.size, step):
            some = counted[start : start + step]
            changes[some] = _steps(state, rows.take(some), penalty_rate)
    return changes


def _alone(state: State, row: Rows, penalty_rate: Array) -> Array:
    left = max(state.weight - float(row.weight[0]), 0.0)
    try:
        return unlearn(state, Edit(rows_out=row, penalty=penalty_rate * left)).moved
    except NotPositiveDefiniteError:
        return np.full(state.objective.shape, np.nan)


def _steps(state: State, rows: Rows, penalty_rate: Array) -> Array:
    objective, theta = state.objective, state.theta
    n_rows = rows.n_rows
    weight = rows.weight[:, None, None]
    right = _gradients(objective, rows, theta) - state.gradient
    right += weight * penalty_rate * theta
    right[:, objective.held] = 0.0
    columns = state.anchored.curvature_columns(rows, state.anchor)
    columns = columns.reshape(columns.shape[0], n_rows, -1)
    columns[objective.packed_held] = 0.0
    solved = state.factor.solve(columns.reshape(columns.shape[0], -1))
    solved = solved.reshape(columns.shape)
    # Sherman, Morrison and Woodbury for each row
    inner = np.eye(columns.shape[2]) - np.einsum("air,ais->irs", columns, solved)
    lost = np.linalg.eigvalsh(inner)[:, 0] <= _DETERMINED
    inner[lost] = np.eye(columns.shape[2])

    def solve(vectors: Array) -> Array:
        packed = np.concatenate([objective.pack(vector) for vector in vectors], axis=1)
        image = state.factor.solve(packed).reshape(packed.shape[0], n_rows, -1)
        seen = np.einsum("air,aik->irk", columns, image)
        image += np.einsum("air,irk->aik", solved, np.linalg.solve(inner, seen))
        return np.stack([objective.unpack(image[:, i]) for i in range(n_rows)])

    change = term = solve(right)
    for _ in range(_MAX_TERMS if penalty_rate.any() else 0):  # as `Factor.solve` does
        term = solve(weight * penalty_rate * term)
        change = change + term
        if np.linalg.norm(term) <= _EPS * np.linalg.norm(change):
            break
    change[lost] = np.nan
    return change


def _gradients(objective: Objective, rows: Rows, theta: Array) -> Array:
    """Gradient of each row's weighted loss, of shape (n_rows, p, n_outputs)."""
    X = densify(rows.X)
    raw = objective.raw_prediction(X, theta)
    residual = objective.loss.gradient(raw, rows.y) * rows.weight[:, None]
    if objective.fit_intercept:
        X = np.column_stack([X, np.ones(rows.n_rows)])
    gradients: Array = X[:, :, None] * residual[:, None, :]
    return gradients
