"""Steps from sums of the parts of a loss, against the data themselves."""

from dataclasses import replace

import numpy as np
import pytest

from sklearn_unlearn.core.linear import class_terms as parts_module
from sklearn_unlearn.core.linear.class_terms import Parts, check_parts
from sklearn_unlearn.core.linear.edits import DropColumns, Edit, LinearMap
from sklearn_unlearn.core.linear.steps import unlearn, with_parts
from sklearn_unlearn.core.losses.margin import SquaredHinge
from sklearn_unlearn.core.losses.weighted import ClassWeighted
from sklearn_unlearn.core.rows import joined
from sklearn_unlearn.exceptions import ProblemTooLargeError
from tests.core.problems import Problem, fitted, make_problem

WEIGHTS = np.array([0.5, 2.0, 1.5])
CHANGED = np.array([0.7, 1.6, 1.7])
KINDS = ["logistic", "multinomial", "squared", "coupled_squared", "hinges"]
QUADRATIC = ["squared", "coupled_squared"]


def positions(target):
    return target[:, 0].astype(int)


def signs(target):
    """Three classes by the largest target."""
    return target.argmax(axis=1)


def problem(kind, **keywords):
    """A problem whose loss weighs classes."""
    made = make_problem("squared" if kind == "hinges" else kind, **keywords)
    objective, rows = made.objective, made.rows
    loss, groups = objective.loss, positions
    if kind in (*QUADRATIC, "hinges"):
        groups = signs
        target = np.where(np.arange(3) == groups(rows.y)[:, None], 1.0, -1.0)
        rows = replace(rows, y=target)
    if kind == "hinges":
        weighted = SquaredHinge(WEIGHTS)
    else:
        weighted = ClassWeighted(
            loss, WEIGHTS[: 2 if kind == "logistic" else 3], groups
        )
    return Problem(replace(objective, loss=weighted), rows)


def changed(loss):
    weights = np.append(CHANGED, 1.0)[: loss.weights.size]
    return loss.reweighted(weights)


def edit_of(made):
    """Rows out, others in, one of them relabelled; and the rows afterwards."""
    rows = made.rows
    out, stay = rows.take(np.arange(4)), rows.take(np.arange(4, rows.n_rows))
    into = rows.take(np.arange(6, 9))
    into = replace(into, X=into.X + 0.2, y=into.y[::-1].copy())
    edit = Edit(rows_out=out, rows_in=into, loss=changed(made.objective.loss))
    return edit, joined([stay, into])


def assert_parts(found, expected, atol):
    np.testing.assert_allclose(found.gradients, expected.gradients, atol=atol)
    for one, other in zip(found.hessians, expected.hessians, strict=True):
        np.testing.assert_allclose(np.triu(one), np.triu(other), atol=atol)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("intercept", [True, False])
def test_the_step_is_newtons_on_the_edited_data_with_the_new_weights(kind, intercept):
    made = problem(kind, intercept=intercept)
    state = with_parts(fitted(made), made.rows)
    edit, rows = edit_of(made)
    after = unlearn(state, edit).state
    assert after.objective.loss is edit.loss
    objective = edit.objective(made.objective)
    gradient = objective.gradient(rows, state.theta)
    moved = after.theta - state.theta
    bent = objective.hessian_vector_product(rows, state.theta, moved)
    np.testing.assert_allclose(bent, -gradient, atol=1e-9)
    expected = Parts.of(objective, rows, state.theta, state.anchor)
    expected = expected.moved(moved, edit.feature_map, objective, objective)
    assert_parts(after.parts, expected, 1e-9)


@pytest.mark.parametrize("kind", QUADRATIC)
def test_quadratic_steps_are_exact_one_after_another(kind):
    made = problem(kind)
    state = with_parts(fitted(made), made.rows)
    edit, rows = edit_of(made)
    state = unlearn(state, edit).state
    columns = np.array([False, True, False, False, False])
    state = unlearn(state, Edit(feature_map=DropColumns(columns))).state
    back = Edit(rows_in=made.rows.take(np.arange(2)), loss=made.objective.loss)
    state = unlearn(state, back).state
    rows = joined([rows, back.rows_in])
    gradient = state.objective.gradient(rows, state.theta)
    assert np.linalg.norm(gradient) < 1e-10
    assert_parts(
        state.parts,
        Parts.of(state.objective, rows, state.theta, state.anchor),
        1e-10,
    )


@pytest.mark.parametrize("kind", KINDS)
def test_forgotten_columns_leave_the_sums(kind):
    made = problem(kind)
    state = with_parts(fitted(made), made.rows)
    columns = np.array([False, True, False, False, False])
    state = unlearn(state, Edit(feature_map=DropColumns(columns))).state
    edit, _ = edit_of(made)
    for later in (state, unlearn(state, edit).state):
        packed = later.objective.packed_held
        assert not later.parts.gradients[:, columns].any()
        assert all(not H[packed].any() for H in later.parts.hessians)
        assert all(not H[:, packed].any() for H in later.parts.hessians)
        assert not later.theta[columns].any()


@pytest.mark.parametrize("kind", ["squared", "coupled_squared", "multinomial"])
def test_sums_are_mapped_with_the_features(kind):
    made = problem(kind, intercept=False)
    state = with_parts(fitted(made), made.rows)
    matrix = np.random.default_rng(1).normal(size=(4, 4)) + 3.0 * np.eye(4)
    edit = Edit(feature_map=LinearMap(matrix), penalty=made.objective.penalty)
    state = unlearn(state, edit).state
    rows = replace(made.rows, X=made.rows.X @ matrix.T)
    expected = Parts.of(state.objective, rows, state.theta, state.anchor)
    if kind == "multinomial":  # gradients follow to first order
        expected = replace(expected, gradients=state.parts.gradients)
    assert_parts(state.parts, expected, 1e-8)


def test_a_step_of_first_order_sees_the_weights():
    made = problem("logistic")
    state = with_parts(fitted(made), made.rows)
    edit, rows = edit_of(made)
    after = unlearn(state, edit, 1e-3).state
    gradient = edit.objective(made.objective).gradient(rows, state.theta)
    moved = after.theta - state.theta
    np.testing.assert_allclose(moved, -1e-3 * gradient, atol=1e-12)


@pytest.mark.parametrize("kind", ["logistic", "squared"])
def test_without_parts_the_factor_keeps_its_weights(kind):
    made = problem(kind)
    state = fitted(made)
    edit, _ = edit_of(made)
    after = unlearn(state, edit).state
    assert after.objective.loss is edit.loss
    assert after.anchored.loss is made.objective.loss
    back = Edit(rows_in=edit.rows_out, rows_out=edit.rows_in)
    restored = unlearn(after, back).state
    np.testing.assert_allclose(
        restored.factor.matrix(), state.factor.matrix(), atol=1e-10
    )


def test_sums_that_are_too_large_are_refused(monkeypatch):
    objective = problem("multinomial").objective
    check_parts(objective)
    monkeypatch.setattr(parts_module, "MAX_ENTRIES", 3 * 15**2 - 1)
    with pytest.raises(ProblemTooLargeError, match="retain_data=True"):
        check_parts(objective)
