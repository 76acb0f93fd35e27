"""Steps that change or drop columns of the data."""

from dataclasses import replace

import numpy as np
import pytest

from sklearn_unlearn.core.linear.edits import DropColumns, Edit, LinearMap
from sklearn_unlearn.core.linear.refinement import fresh_factor
from sklearn_unlearn.core.linear.steps import unlearn
from tests.core.edit_problems import (
    COLUMNS,
    OUT,
    kinds,
    linear_term,
    make_edit,
    oracle,
    solve_in_gauge,
)
from tests.core.problems import (
    dense_data_gradient,
    dense_data_hessian,
    dense_hessian,
    design,
    edited,
    factor_matrix,
    fitted,
    flat,
    make_problem,
    refitted,
    unflat,
)


@kinds
@pytest.mark.parametrize("n_columns", [4, 40], ids=["folded", "pending"])
def test_dropped_columns_are_eliminated_exactly(kind, n_columns):
    # the minimiser of the quadratic model under phi_j = 0, by Lagrange multipliers
    problem = make_problem(kind, n_rows=150, n_columns=n_columns)
    state = fitted(problem)
    columns = np.zeros(n_columns + 1, dtype=bool)
    columns[[1, 3]] = True
    result = unlearn(state, Edit(feature_map=DropColumns(columns))).state
    hessian = dense_hessian(problem.objective, problem.rows, state.theta)
    unit = np.eye(hessian.shape[0])
    unit = unit[:, np.tile(columns, problem.objective.shape[1])]
    zero = np.zeros((unit.shape[1], unit.shape[1]))
    saddle = np.block([[hessian, unit], [unit.T, zero]])
    right = np.concatenate([hessian @ flat(state.theta), np.zeros(zero.shape[0])])
    phi = solve_in_gauge(saddle, right)[: hessian.shape[0]]
    np.testing.assert_allclose(flat(result.theta), phi, rtol=0, atol=1e-10)
    assert not result.theta[columns].any()
    assert result.objective.forgotten.tolist() == columns.tolist()
    assert (result.factor.pending_rank > 0) is (n_columns == 40)


@pytest.mark.parametrize("kind", ["squared", "coupled_squared"])
def test_dropped_columns_of_squared_error_are_exact(kind):
    problem = make_problem(kind)
    state = unlearn(fitted(problem), Edit(feature_map=DropColumns(COLUMNS))).state
    small = replace(problem.rows, X=problem.rows.X[:, ~COLUMNS[:-1]])
    objective = replace(
        problem.objective,
        penalty=problem.objective.penalty[~COLUMNS],
        linear=problem.objective.linear[~COLUMNS],
        held=problem.objective.held[~COLUMNS],
    )
    expected = refitted(objective, small)
    np.testing.assert_allclose(state.theta[~COLUMNS], expected, atol=1e-11)
    # rows that leave afterwards, and more columns
    more = np.array([True, False, False, False, False])
    edit = Edit(rows_out=problem.rows.take(OUT), feature_map=DropColumns(more))
    state = unlearn(state, edit).state
    rest = edited(problem.rows, edit, OUT)
    expected = refitted(state.objective, rest)
    np.testing.assert_allclose(state.theta, expected, atol=1e-11)
    assert not state.theta[COLUMNS | more].any()


@kinds
def test_rows_that_leave_after_columns_were_dropped(kind):
    # the anchor has no values in them: what stays of a row is a difference of weights
    problem = make_problem(kind, n_rows=150)
    before = fitted(problem)
    state = unlearn(before, Edit(feature_map=DropColumns(COLUMNS))).state
    assert not state.anchor[COLUMNS].any()
    edit = Edit(rows_out=problem.rows.take(OUT))
    result = unlearn(state, edit).state
    hessian = dense_data_hessian(problem.objective, problem.rows, before.anchor)
    hessian -= dense_data_hessian(problem.objective, edit.rows_out, state.anchor)
    alive = np.tile(~COLUMNS, problem.objective.shape[1])
    np.testing.assert_allclose(
        factor_matrix(result.factor.folded())[np.ix_(alive, alive)]
        if problem.objective.coupled
        else np.kron(
            np.eye(problem.objective.shape[1]),
            factor_matrix(result.factor.folded())[np.ix_(~COLUMNS, ~COLUMNS)],
        ),
        hessian[np.ix_(alive, alive)],
        atol=1e-10,
    )
    matrix = (hessian + np.diag(flat(problem.objective.penalty)))[np.ix_(alive, alive)]
    gradient = flat(dense_data_gradient(problem.objective, edit.rows_out, state.theta))
    change = solve_in_gauge(matrix, gradient[alive])
    np.testing.assert_allclose(
        flat(result.theta)[alive], flat(state.theta)[alive] + change, atol=1e-10
    )


@kinds
def test_an_invertible_map_is_a_newton_step_in_the_new_coordinates(kind):
    problem = make_problem(kind)
    state, objective = fitted(problem), problem.objective
    rng = np.random.default_rng(1)
    T = np.eye(5) + 0.3 * rng.standard_normal((5, 5))
    T[-1] = 0.0, 0.0, 0.0, 0.0, 1.0
    penalty, linear = 3.0 * objective.penalty, linear_term(problem)
    edit = Edit(feature_map=LinearMap(T), penalty=penalty, linear=linear)
    result = unlearn(state, edit).state
    rows = replace(problem.rows, X=(design(objective, problem.rows.X) @ T.T)[:, :-1])
    start = np.linalg.solve(T.T, state.theta)
    hessian = dense_hessian(result.objective, rows, start)
    gradient = result.objective.gradient(rows, start)
    step = solve_in_gauge(hessian, flat(gradient))
    np.testing.assert_allclose(
        flat(result.theta), flat(start) - step, rtol=0, atol=1e-12
    )
    # the anchor moves with the coordinates: rows leave with the weight they came with
    np.testing.assert_allclose(T.T @ result.anchor, state.anchor, atol=1e-12)
    after = unlearn(result, Edit(rows_out=rows.take(OUT))).state
    rest = rows.take(np.setdiff1d(np.arange(rows.n_rows), OUT))
    np.testing.assert_allclose(
        after.factor.folded().hessian()[:5, :5],
        np.triu(fresh_factor(result.objective, rest, start).hessian())[:5, :5]
        + np.tril(after.factor.folded().hessian()[:5, :5], -1),
        atol=1e-10,
    )


MAPS = {
    "merged": np.array(
        [[1.0, 1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0, 0.0], [0.0] * 4 + [1.0]]
    ),
    "dropped": np.eye(5)[[0, 2, 4]],
    "repeated": np.eye(5)[[0, 0, 1, 2, 3, 4]],
    "singular": np.diag([1.0, 0.0, 2.0, 1.0, 1.0]),
    "shifted": np.eye(5) + np.outer([0.3, -0.2, 0.1, 0.0, 0.0], np.eye(5)[4]),
}


@kinds
@pytest.mark.parametrize("name", MAPS)
def test_rectangular_and_singular_maps(kind, name):
    problem = make_problem(kind)
    state, T = fitted(problem), MAPS[name]
    penalty = np.tile(problem.objective.penalty[:1], (T.shape[0], 1))
    penalty[-1] = 0.0
    edit = Edit(feature_map=LinearMap(T), penalty=penalty)
    result = unlearn(state, edit).state
    np.testing.assert_allclose(
        result.theta, oracle(problem, state, edit, T), rtol=0, atol=1e-11
    )
    assert result.theta.shape == result.anchor.shape == penalty.shape
    if "squared" in kind:
        X = design(problem.objective, problem.rows.X) @ T.T
        rows = replace(problem.rows, X=X[:, :-1])
        np.testing.assert_allclose(
            result.theta, refitted(result.objective, rows), atol=1e-11
        )


@pytest.mark.parametrize("kind", ["squared", "coupled_squared"])
@pytest.mark.parametrize("fold", [False, True])
@pytest.mark.parametrize("out", [OUT, OUT[:0]], ids=["rows out", "no rows"])
def test_a_map_after_columns_were_forgotten_does_not_see_them(kind, fold, out):
    problem = make_problem(kind, n_columns=12)
    columns = np.zeros(13, dtype=bool)
    columns[2] = True
    drop = Edit(feature_map=DropColumns(columns), linear=linear_term(problem))
    state = unlearn(fitted(problem), drop).state
    assert state.factor.pending_rank == (3 if kind == "coupled_squared" else 1)
    if fold:
        state = replace(state, hessian=state.factor.folded())
    T = np.random.default_rng(2).standard_normal((6, 13))
    T[-1] = np.eye(13)[-1]
    penalty = np.tile(problem.objective.penalty[:1], (6, 1))
    rows_out = problem.rows.take(out) if out.size else None
    edit = Edit(rows_out=rows_out, feature_map=LinearMap(T), penalty=penalty)
    result = unlearn(state, edit).state
    # the linear term is that of the old coordinates: only its pull-back is zero now
    T[:, 2] = 0.0
    rest = edited(problem.rows, edit, out)
    X = design(problem.objective, rest.X) @ T.T
    expected = refitted(result.objective, replace(rest, X=X[:, :-1]))
    np.testing.assert_allclose(result.theta, expected, atol=1e-10)


@kinds
@pytest.mark.parametrize("features", ["drop", "map"])
@pytest.mark.parametrize("n_columns", [4, 40], ids=["folded", "pending"])
def test_all_at_once(kind, features, n_columns):
    """Rows, features, penalty, linear term, a known gradient: one formula."""
    problem = make_problem(kind, n_rows=150, n_columns=n_columns)
    problem = replace(
        problem, objective=replace(problem.objective, linear=linear_term(problem))
    )
    rng = np.random.default_rng(3)
    known = rng.standard_normal(problem.objective.shape)
    if kind == "multinomial":
        known -= known.mean(axis=1, keepdims=True)
    state = replace(fitted(problem), gradient=known)
    p = n_columns + 1
    columns = np.zeros(p, dtype=bool)
    columns[[1, 3]] = True
    T = np.eye(p)[~columns]
    feature_map = DropColumns(columns)
    if features == "map":
        T = rng.standard_normal((p - 1, p))
        feature_map = LinearMap(T)
    new_shape = (p if features == "drop" else p - 1, known.shape[1])
    linear = rng.standard_normal(new_shape)
    if kind == "multinomial":
        linear -= linear.mean(axis=1, keepdims=True)
    edit = replace(
        make_edit(problem, "replaced"),
        feature_map=feature_map,
        penalty=2.0 * problem.objective.penalty[: new_shape[0]] + 0.0,
        linear=linear,
    )
    result = unlearn(state, edit).state
    expected = oracle(problem, state, edit, T, known)
    actual = result.theta[~columns] if features == "drop" else result.theta
    scale = np.abs(expected).max()
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-10 * max(scale, 1.0))
    if features == "drop":
        assert not result.theta[columns].any()
    np.testing.assert_array_equal(
        result.factor.penalty,
        flat(edit.penalty)[: p * 3]
        if problem.objective.coupled
        else edit.penalty[:, 0],
    )


@kinds
def test_first_order_with_dropped_columns(kind):
    problem = make_problem(kind)
    state = fitted(problem)
    edit = Edit(feature_map=DropColumns(COLUMNS))
    rate = 1.0 / state.factor.largest_eigenvalue
    result = unlearn(state, edit, rate).state
    assert not result.theta[COLUMNS].any()
    start = np.where(COLUMNS[:, None], 0.0, state.theta)
    model = dense_hessian(problem.objective, problem.rows, state.theta) @ flat(
        start - state.theta
    )
    gradient = unflat(model, state.theta.shape)
    np.testing.assert_allclose(
        result.theta[~COLUMNS], (start - rate * gradient)[~COLUMNS], atol=1e-10
    )
    before = result.objective.value(problem.rows, start)
    assert result.objective.value(problem.rows, result.theta) < before


def test_linear_map_of_outputs_that_use_different_columns():
    problem = make_problem("squared")
    held = problem.objective.held.copy()
    held[:-1, 0] = True  # a mean alone
    objective = replace(problem.objective, held=held)
    state = fitted(replace(problem, objective=objective))
    rng = np.random.default_rng(0)
    T = np.zeros((4, 5))
    T[:, 1:] = rng.standard_normal((4, 4))
    T[-1] = [0.0, 0.0, 0.0, 0.0, 1.0]
    penalty = objective.penalty[1:]
    edit = Edit(feature_map=LinearMap(T), penalty=penalty)
    linear = np.zeros_like(penalty)
    result = unlearn(state, edit).state
    assert result.objective.held[:, 0].tolist() == [True, True, True, False]
    assert not result.objective.held[:, 1:].any()
    X = problem.rows.X @ T[:-1, :-1].T + T[:-1, -1]
    expected = refitted(
        replace(objective, penalty=penalty, linear=linear, held=held[1:]),
        replace(problem.rows, X=X),
    )
    np.testing.assert_allclose(result.theta, expected, atol=1e-10)
