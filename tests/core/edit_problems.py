"""Edits of test problems, and the step by dense matrices."""

from dataclasses import replace

import numpy as np
import pytest

from sklearn_unlearn.core.linear.edits import Edit
from tests.core.problems import (
    KINDS,
    dense_data_gradient,
    dense_data_hessian,
    edited,
    flat,
    unflat,
)

kinds = pytest.mark.parametrize("kind", KINDS)


OUT = np.array([0, 3, 4])


def solve_in_gauge(matrix, right):
    """The solution of least norm: the representative with sum zero."""
    return np.linalg.lstsq(matrix, right, rcond=1e-12)[0]


def oracle(problem, state, edit, T=None, known=None):
    """The one formula with dense matrices, from the rows that there are afterwards.

    Only the pieces that T keeps are returned, shape ``(p_new, n_outputs)``.
    """
    old, new = problem.objective, edit.objective(problem.objective)
    theta, n_outputs = state.theta, state.theta.shape[1]
    T = np.eye(theta.shape[0]) if T is None else T
    out = OUT if edit.rows_out is not None else np.zeros(0, dtype=int)
    hessian = dense_data_hessian(old, edited(problem.rows, edit, out), state.anchor)
    change = np.zeros(theta.shape)
    if edit.rows_in is not None:
        change += dense_data_gradient(old, edit.rows_in, theta)
    if edit.rows_out is not None:
        change -= dense_data_gradient(old, edit.rows_out, theta)
    if known is not None:
        change += known
    big = np.kron(np.eye(n_outputs), T)
    bracket = hessian @ flat(theta) + flat(old.penalty * theta + old.linear - change)
    penalty, linear = new.penalty, new.linear
    if penalty.shape[0] != T.shape[0]:  # columns dropped in place
        penalty, linear = penalty[~new.forgotten], linear[~new.forgotten]
    matrix = big @ hessian @ big.T + np.diag(flat(penalty))
    right = big @ bracket - flat(linear)
    return unflat(solve_in_gauge(matrix, right), (T.shape[0], n_outputs))


def make_edit(problem, name):
    """An edit by name."""
    rows = problem.rows
    out = rows.take(OUT)
    moved = replace(out, X=out.X + 0.5, weight=1.5 * out.weight)
    relabelled = replace(out, y=rows.y[[5, 6, 7]])
    return {
        "out": Edit(rows_out=out),
        "in": Edit(rows_in=moved),
        "replaced": Edit(rows_out=out, rows_in=moved),
        "relabelled": Edit(rows_out=out, rows_in=relabelled, same_features=True),
        "reweighted": Edit(
            rows_out=out,
            rows_in=relabelled.reweighted(relabelled.weight[::-1]),
            same_features=True,
        ),
        "penalty": Edit(penalty=2.5 * problem.objective.penalty),
        "linear": Edit(linear=linear_term(problem)),
    }[name]


def linear_term(problem):
    linear = np.random.default_rng(8).standard_normal(problem.objective.shape)
    if problem.objective.loss.shift_invariant:  # else there is no minimum
        linear -= linear.mean(axis=1, keepdims=True)
    return linear


COLUMNS = np.array([False, True, False, True, False])
