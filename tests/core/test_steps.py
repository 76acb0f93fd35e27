from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import scipy.sparse as sp

from sklearn_unlearn.core.edits import DropColumns, Edit, LinearMap
from sklearn_unlearn.core.losses import HalfBinomialLogistic, HalfSquaredError
from sklearn_unlearn.core.refinement import (
    Outcome,
    fresh_factor,
    refine,
    refreshed,
)
from sklearn_unlearn.core.rows import Rows
from sklearn_unlearn.core.steps import LARGE_CHANGE, unlearn
from sklearn_unlearn.exceptions import NotPositiveDefiniteError
from tests.core.problems import (
    KINDS,
    SINGLE,
    Partitioned,
    dense_data_gradient,
    dense_data_hessian,
    dense_derivatives,
    dense_hessian,
    design,
    edited,
    factor_matrix,
    fitted,
    flat,
    join,
    make_problem,
    refitted,
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


EDITS = ["out", "in", "replaced", "relabelled", "reweighted", "penalty", "linear"]

# The formula ------------------------------------------------------------------------


@kinds
@pytest.mark.parametrize("name", EDITS)
@pytest.mark.parametrize("n_columns", [4, 48], ids=["folded", "pending"])
def test_the_step_equals_the_dense_formula(kind, name, n_columns):
    problem = make_problem(kind, n_rows=150, n_columns=n_columns)
    state = fitted(problem)
    edit = make_edit(problem, name)
    result = unlearn(state, edit)
    expected = oracle(problem, state, edit, known=state.gradient)
    np.testing.assert_allclose(result.state.theta, expected, rtol=0, atol=1e-10)
    if name in {"out", "in", "replaced"}:
        assert (result.state.factor.pending_rank > 0) is (n_columns == 48)
    assert result.state.weight == pytest.approx(state.weight + edit.weight_change())
    assert not result.state.gradient.any()
    np.testing.assert_array_equal(result.state.anchor, state.anchor)


@kinds
def test_rows_out_equal_the_update_of_the_paper(kind):
    # theta - H'^-1 G, Warnecke et al. (2023), equation 10, inverse written out
    problem = make_problem(kind, intercept=False)
    state = fitted(problem)
    edit = Edit(rows_out=problem.rows.take(OUT))
    rest = edited(problem.rows, edit, OUT)
    inverse = np.linalg.inv(dense_hessian(problem.objective, rest, state.theta))
    change = -dense_data_gradient(problem.objective, edit.rows_out, state.theta)
    expected = flat(state.theta) - inverse @ flat(change)
    np.testing.assert_allclose(
        flat(unlearn(state, edit).state.theta), expected, rtol=0, atol=1e-10
    )


@pytest.mark.parametrize("kind", ["squared", "coupled_squared"])
@pytest.mark.parametrize("name", EDITS)
def test_squared_error_is_exact(kind, name):
    problem = make_problem(kind)
    edit = make_edit(problem, name)
    out = OUT if edit.rows_out is not None else []
    result = unlearn(fitted(problem), edit).state
    expected = refitted(result.objective, edited(problem.rows, edit, out))
    np.testing.assert_allclose(result.theta, expected, atol=1e-11)


@pytest.mark.parametrize("kind", ["logistic", "multinomial"])
@pytest.mark.parametrize("name", EDITS)
def test_the_error_is_of_second_order(kind, name):
    problem = make_problem(kind, n_rows=150)
    state = fitted(problem)
    errors, distances = [], []
    for share in (0.04, 0.02):
        edit = make_edit(problem, name)
        if edit.penalty is not None:
            difference = edit.penalty - problem.objective.penalty
            edit = replace(edit, penalty=problem.objective.penalty + share * difference)
        elif edit.linear is not None:
            edit = replace(edit, linear=share * edit.linear)
        parts = [problem.rows]
        if edit.rows_out is not None:
            out = edit.rows_out.reweighted(share * edit.rows_out.weight)
            edit = replace(edit, rows_out=out)
            parts.append(out.reweighted(-out.weight))
        if edit.rows_in is not None:
            new = edit.rows_in.reweighted(share * edit.rows_in.weight)
            edit = replace(edit, rows_in=new)
            parts.append(new)
        weight = np.concatenate([part.weight for part in parts])
        rows = join(*parts).reweighted(weight)
        if edit.rows_out is not None:  # one row each with what is left of its weight
            n = problem.rows.n_rows
            weight[OUT] += weight[n : n + 3]
            weight[n : n + 3] = 0.0
        result = unlearn(state, edit).state
        expected = refitted(result.objective, rows)
        errors.append(np.linalg.norm(result.theta - expected))
        distances.append(np.linalg.norm(state.theta - expected))
    assert errors[0] > 3.5 * errors[1]
    assert errors[1] > 1e-11  # not lost in rounding
    assert errors[1] < 0.1 * distances[1]


# Feature maps -----------------------------------------------------------------------

COLUMNS = np.array([False, True, False, True, False])


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
    # the anchor still has its values in the dropped columns
    problem = make_problem(kind, n_rows=150)
    state = unlearn(fitted(problem), Edit(feature_map=DropColumns(COLUMNS))).state
    edit = Edit(rows_out=problem.rows.take(OUT))
    result = unlearn(state, edit).state
    rest = edited(problem.rows, edit, OUT)
    hessian = dense_data_hessian(problem.objective, rest, state.anchor)
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


@pytest.mark.parametrize("kind", ["logistic", "multinomial"])
def test_incomplete_rows_leave_their_hessian_behind(kind):
    problem = make_problem(kind, n_rows=150)
    state = unlearn(fitted(problem), Edit(feature_map=DropColumns(COLUMNS))).state
    out = problem.rows.take(OUT)
    X = np.where(COLUMNS[:-1], 0.0, out.X)
    unknown = replace(out, X=X, complete=np.zeros(3, dtype=bool))
    result = unlearn(state, Edit(rows_out=unknown)).state
    np.testing.assert_array_equal(result.factor.hessian(), state.factor.hessian())
    known = unlearn(state, Edit(rows_out=out)).state
    # the gradient needs the columns in use only
    change, full = result.theta - state.theta, known.theta - state.theta
    np.testing.assert_allclose(change, full, rtol=0.3, atol=1e-3)
    assert np.vdot(change, full) > 0.0


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
        state = replace(state, factor=state.factor.folded())
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
def test_first_order(kind):
    problem = make_problem(kind)
    state, rate = fitted(problem), 0.01
    edit = make_edit(problem, "replaced")
    gradient = dense_data_gradient(problem.objective, edit.rows_in, state.theta)
    gradient -= dense_data_gradient(problem.objective, edit.rows_out, state.theta)
    result = unlearn(state, edit, rate).state
    np.testing.assert_allclose(
        result.theta, state.theta - rate * (gradient + state.gradient), atol=1e-13
    )
    # the factor is that of the edited data all the same
    second = unlearn(state, edit).state
    right = state.theta
    np.testing.assert_allclose(result.solve(right), second.solve(right), rtol=1e-12)


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


# The size of a step -----------------------------------------------------------------


def mean_change(problem, edit, state, change):
    """Root mean square change of the remaining rows, from dense matrices."""
    hessian = dense_data_hessian(
        problem.objective, edited(problem.rows, edit, OUT), state.anchor
    )
    p, n_outputs = change.shape
    last = np.arange(p - 1, p * n_outputs, p)
    total = min(n_outputs, 2) * np.diagonal(hessian)[last].sum()
    return np.sqrt(flat(change) @ hessian @ flat(change) / total)


@pytest.mark.parametrize("kind", ["logistic", "multinomial", "poisson", "gamma"])
def test_changes_of_rows(kind):
    problem = make_problem(kind)
    state, objective = fitted(problem), problem.objective
    for name in ("out", "in", "replaced"):
        edit = make_edit(problem, name)
        result = unlearn(state, edit)
        change = result.state.theta - state.theta

        def largest(rows, change=change):
            if rows is None:
                return 0.0
            return np.abs(design(objective, rows.X) @ change).max()

        coming, leaving = largest(edit.rows_in), largest(edit.rows_out)
        remaining = max(coming, leaving)
        assert result.largest_change == pytest.approx(remaining, rel=1e-9)
        if leaving > max(coming, LARGE_CHANGE):
            mean = mean_change(problem, edit, state, change)
            remaining = max(coming, mean, min(leaving, 3.0 * mean))
        assert result.remaining_change == pytest.approx(remaining, rel=1e-9)
        assert remaining > 0.01


@pytest.mark.parametrize("kind", ["logistic", "poisson"])
def test_an_outlier_that_leaves_is_not_among_those_that_remain(kind):
    problem = make_problem(kind, n_rows=200)
    slope = fitted(problem).theta[0, 0]
    far = problem.rows.take(OUT[:1])
    far = Rows(0.1 * far.X, np.zeros((1, 1)), np.ones(1))
    far.X[0, 0] = 13.0 * np.sign(slope)  # and a target of zero
    rows = join(problem.rows, far)
    state = fitted(replace(problem, rows=rows))
    edit = Edit(rows_out=far)
    result = unlearn(state, edit)
    change = result.state.theta - state.theta
    own = np.abs(design(problem.objective, far.X) @ change).max()
    remaining = np.abs(design(problem.objective, problem.rows.X) @ change).max()
    assert own > 2.0 > result.remaining_change > 0.3 * remaining
    assert result.largest_change == pytest.approx(own)
    # where the coefficients have drifted, its gradient is not known to be linear
    lag = np.zeros(state.theta.shape)
    lag[0] = 0.3 * np.sign(slope)
    drifted = unlearn(replace(state, theta=state.theta + lag), edit)
    assert drifted.remaining_change > 2.0


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("kind", ["multinomial", *SINGLE])
def test_largest_change_of_a_map_is_a_lower_bound(kind, intercept):
    problem = make_problem(kind, intercept=intercept)
    state, objective = fitted(problem), problem.objective
    columns = COLUMNS[: objective.shape[0]]
    result = unlearn(state, Edit(feature_map=DropColumns(columns)))
    change = result.state.theta - state.theta
    largest = np.abs(design(objective, problem.rows.X) @ change).max()
    assert 0.1 * largest < result.largest_change <= largest
    assert unlearn(state, Edit()).largest_change == pytest.approx(0.0, abs=1e-9)


def test_a_quadratic_loss_needs_no_trust():
    problem = make_problem("squared")
    result = unlearn(fitted(problem), make_edit(problem, "out"))
    assert result.largest_change == result.remaining_change == 0.0


# Many requests ----------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "n_rows"), [("logistic", 300), ("multinomial", 300)])
def test_the_anchored_hessian_stays_positive_definite(kind, n_rows):
    problem = make_problem(kind, n_rows=n_rows, n_columns=6, penalty=1e-4)
    state = fitted(problem)
    anchor, weight = state.anchor, state.weight
    order = np.random.default_rng(0).permutation(n_rows)[: n_rows // 2]
    for row in order:
        edit = Edit(rows_out=problem.rows.take(np.array([row])))
        state = unlearn(state, edit).state
        weight -= edit.rows_out.weight.sum()
    rest = problem.rows.take(np.setdiff1d(np.arange(n_rows), order))
    assert state.anchor is anchor
    assert state.weight == pytest.approx(weight, rel=1e-12)
    exact = dense_data_hessian(problem.objective, rest, anchor)
    np.testing.assert_allclose(factor_matrix(state.factor), exact, atol=1e-9)
    assert np.linalg.eigvalsh(exact)[-1] > 0.0
    expected = refitted(problem.objective, rest)
    error = np.linalg.norm(state.theta - expected)
    assert error < 0.75 * np.linalg.norm(anchor - expected)


def test_weights_at_the_current_coefficients_would_not_stay():
    # what the anchor is for: taking each row out at the coefficients of the moment
    problem = make_problem("logistic", n_rows=300, n_columns=6, penalty=1e-4)
    state = fitted(problem)
    raw = problem.objective.raw_prediction(problem.rows.X, state.theta)[:, 0]

    def remove_all(order, state, anchored):
        for row in order:
            if not anchored:
                state = replace(state, anchor=state.theta)
            edit = Edit(rows_out=problem.rows.take(np.array([row])))
            state = unlearn(state, edit).state
        return state

    # the most doubtful leave first: what is left is predicted ever more surely
    order = np.argsort(np.abs(raw))[:280]
    with pytest.raises(NotPositiveDefiniteError):
        remove_all(order, state, anchored=False)
    remove_all(order, state, anchored=True)


@kinds
def test_a_failed_step_leaves_the_state(kind):
    problem = make_problem(kind)
    state = fitted(problem)
    theta, array = state.theta.copy(), state.factor.array.copy()
    foreign = problem.rows.take(OUT)
    foreign = replace(foreign, X=100.0 * foreign.X)
    if kind in {"logistic", "multinomial"}:
        state = replace(state, anchor=np.zeros_like(theta))  # the largest curvature
    with pytest.raises(NotPositiveDefiniteError):
        unlearn(state, Edit(rows_out=foreign))
    np.testing.assert_array_equal(state.theta, theta)
    np.testing.assert_array_equal(state.factor.array, array)


# Refinement -------------------------------------------------------------------------


@kinds
def test_refinement_reaches_the_tolerance(kind):
    problem = make_problem(kind, n_rows=300)
    edit = make_edit(problem, "replaced")
    state = unlearn(fitted(problem), edit).state
    rest = edited(problem.rows, edit, OUT)
    result = refine(state, rest, tol=1e-10, max_iter=20)
    assert result.outcome is Outcome.CONVERGED
    gradient = problem.objective.gradient(rest, result.state.theta)
    assert result.residual == np.linalg.norm(gradient) <= 1e-10
    np.testing.assert_array_equal(result.state.gradient, gradient)
    assert result.state.residual == result.residual
    assert result.n_hessians == 0  # chord steps with the edited factor
    assert result.n_iter == (0 if "squared" in kind else result.n_iter)
    np.testing.assert_allclose(
        result.state.theta, refitted(problem.objective, rest), atol=1e-10
    )
    again = refine(result.state, rest, tol=1e-10, max_iter=20)
    assert again.n_iter == 0


def test_chord_steps_contract_near_the_anchor():
    problem = make_problem("logistic", n_rows=300)
    state = fitted(problem)
    edit = Edit(rows_out=problem.rows.take(np.arange(10)))
    rest = edited(problem.rows, edit, np.arange(10))
    state = unlearn(state, edit).state
    residuals = [refine(state, rest, tol=0.0, max_iter=n).residual for n in range(5)]
    for before, after in pairwise(residuals):
        assert after < 0.3 * before or after < 1e-12
    change = problem.objective.raw_prediction(rest.X, state.theta - state.anchor)
    assert np.abs(change).max() < np.log(2.0)


def test_a_stale_factor_is_refreshed():
    problem = make_problem("logistic", n_rows=200)
    far = 4.0 * np.ones(problem.objective.shape)
    state = refreshed(fitted(problem), problem.rows, far)
    assert state.anchor is far
    state = replace(state, theta=far)
    result = refine(state, problem.rows, tol=1e-10, max_iter=50)
    assert result.outcome is Outcome.CONVERGED
    assert result.n_hessians > 1
    assert not np.array_equal(result.state.anchor, far)
    # the factor belongs to the anchor
    matrix = dense_data_hessian(problem.objective, problem.rows, result.state.anchor)
    np.testing.assert_allclose(factor_matrix(result.state.factor), matrix, rtol=1e-10)


@kinds
def test_refinement_keeps_forgotten_columns_at_zero(kind):
    problem = make_problem(kind)
    state = unlearn(fitted(problem), Edit(feature_map=DropColumns(COLUMNS))).state
    for start in (state, refreshed(state, problem.rows, state.theta)):
        result = refine(start, problem.rows, tol=1e-10, max_iter=30)
        assert result.outcome is Outcome.CONVERGED
        assert not result.state.theta[COLUMNS].any()
    X = np.where(COLUMNS[:-1], 0.0, problem.rows.X)
    expected = refitted(problem.objective, replace(problem.rows, X=X))
    np.testing.assert_allclose(result.state.theta, expected, atol=1e-9)


@pytest.mark.parametrize("penalty", [0.7, 0.0])
def test_refinement_keeps_the_gauge(penalty):
    problem = make_problem("multinomial", n_rows=200, penalty=penalty)
    edit = make_edit(problem, "replaced")
    state = unlearn(fitted(problem), edit).state
    rest = edited(problem.rows, edit, OUT)
    theta = refine(state, rest, tol=1e-10, max_iter=30).state.theta
    np.testing.assert_allclose(theta.sum(axis=1), 0.0, atol=1e-10)


def test_any_source_of_blocks_and_any_format():
    problem = make_problem("logistic")
    edit = make_edit(problem, "replaced")
    state = unlearn(fitted(problem), edit).state
    rest = edited(problem.rows, edit, OUT)
    expected = refine(state, rest, tol=1e-10, max_iter=30).state.theta
    for rows in (
        Partitioned(rest, (7, 30)),
        replace(rest, X=sp.csr_array(rest.X)),
    ):
        actual = refine(state, rows, tol=1e-10, max_iter=30).state.theta
        np.testing.assert_allclose(actual, expected, atol=1e-11)


# Why a refinement ends --------------------------------------------------------------


class WrongSignSquaredError(HalfSquaredError):
    """A wrong derivative: every step that it suggests goes up."""

    def gradient(self, raw, target):
        return target - raw


class Noisy(HalfBinomialLogistic):
    """A derivative with noise far above rounding."""

    def __init__(self, size):
        self.size = size

    def gradient(self, raw, target):
        noise = np.sign(np.sin(1e9 * raw))
        return super().gradient(raw, target) + self.size * noise


def test_rounding_floor():
    problem = make_problem("logistic", n_rows=300)
    state = fitted(problem)
    result = refine(state, problem.rows, tol=0.0, max_iter=100)
    assert result.outcome is Outcome.ROUNDING_FLOOR
    bound = problem.objective.rounding_bound(problem.rows, result.state.theta)
    assert 0.0 < result.residual <= bound
    assert result.n_iter < 20


def test_max_iter():
    problem = make_problem("logistic")
    state = fitted(problem)
    state = replace(state, theta=np.zeros_like(state.theta))
    for max_iter in (0, 1):
        result = refine(state, problem.rows, tol=1e-10, max_iter=max_iter)
        assert result.outcome is Outcome.MAX_ITER
        assert result.n_iter == max_iter
        gradient = problem.objective.gradient(problem.rows, result.state.theta)
        assert result.residual == np.linalg.norm(gradient) > 1e-10


@pytest.mark.parametrize(
    ("kind", "loss"),
    [("squared", WrongSignSquaredError()), ("logistic", Noisy(1e-8))],
)
def test_stalled(kind, loss):
    problem = make_problem(kind)
    state = fitted(problem)
    broken = replace(problem.objective, loss=loss)
    theta = state.theta + 0.01
    state = replace(state, objective=broken, theta=theta)
    result = refine(state, problem.rows, tol=1e-10, max_iter=200)
    assert result.outcome is Outcome.STALLED
    assert np.all(np.isfinite(result.state.theta))
    value = broken.value(problem.rows, result.state.theta)
    assert value <= broken.value(problem.rows, theta)


def test_the_best_point_is_returned():
    # gradients that go up and down: more steps never make it worse
    problem = make_problem("logistic", n_rows=300)
    objective = replace(problem.objective, loss=Noisy(1e-4))
    state = replace(fitted(problem), objective=objective)
    residuals = []
    for max_iter in range(15):
        result = refine(state, problem.rows, tol=1e-12, max_iter=max_iter)
        gradient = objective.gradient(problem.rows, result.state.theta)
        assert result.residual == np.linalg.norm(gradient)
        residuals.append(result.residual)
    assert residuals == sorted(residuals, reverse=True)
    assert len(set(residuals)) < 15  # some steps were worse than one before


def test_derivatives_of_the_dense_formulas_are_those_of_the_losses():
    # the oracle of this file, checked once against the losses it does not use
    for kind in KINDS:
        problem = make_problem(kind, n_rows=5)
        loss, rows = problem.objective.loss, problem.rows
        raw = np.random.default_rng(0).standard_normal((5, problem.objective.shape[1]))
        gradient = loss.gradient(raw, rows.y)
        for i in range(5):
            expected = dense_derivatives(loss, raw[i], rows.y[i])[0]
            np.testing.assert_allclose(gradient[i], expected, atol=1e-14)


def test_no_rows_at_all():
    problem = make_problem("squared")
    none = problem.rows.take(np.zeros(0, dtype=np.intp))
    result = unlearn(fitted(problem), Edit(rows_out=none, rows_in=none))
    np.testing.assert_allclose(result.state.theta, fitted(problem).theta, atol=1e-12)
    assert isinstance(none, Rows)


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
