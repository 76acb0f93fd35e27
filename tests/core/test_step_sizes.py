"""The size of a step, and many of them one after the other."""

from dataclasses import replace

import numpy as np
import pytest

from sklearn_unlearn.core.linear.edits import DropColumns, Edit
from sklearn_unlearn.core.linear.step_sizes import LARGE_CHANGE
from sklearn_unlearn.core.linear.steps import unlearn
from sklearn_unlearn.core.rows import Rows
from sklearn_unlearn.exceptions import NotPositiveDefiniteError
from tests.core.edit_problems import COLUMNS, OUT, kinds, make_edit
from tests.core.problems import (
    SINGLE,
    dense_data_hessian,
    design,
    edited,
    factor_matrix,
    fitted,
    flat,
    join,
    make_problem,
    refitted,
)


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
