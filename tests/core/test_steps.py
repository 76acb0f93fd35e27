"""The step of rows, against dense formulas."""

from dataclasses import replace

import numpy as np
import pytest

from sklearn_unlearn.core.linear.edits import Edit
from sklearn_unlearn.core.linear.steps import unlearn
from tests.core.edit_problems import OUT, kinds, linear_term, make_edit, oracle
from tests.core.problems import (
    dense_data_gradient,
    dense_hessian,
    edited,
    fitted,
    flat,
    join,
    make_problem,
    refitted,
)

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
def test_a_known_gradient_and_a_linear_term_are_in_the_step(kind):
    problem = make_problem(kind, n_rows=150)
    linear = 0.1 * linear_term(problem)
    objective = replace(problem.objective, linear=linear)
    problem = replace(problem, objective=objective)
    state = replace(fitted(problem), gradient=-0.5 * linear[::-1])
    for name in ("out", "penalty"):
        edit = make_edit(problem, name)
        expected = oracle(problem, state, edit, known=state.gradient)
        found = unlearn(state, edit).state
        np.testing.assert_allclose(found.theta, expected, rtol=0, atol=1e-10)


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
