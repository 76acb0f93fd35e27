"""Refinement: where it goes, and why it ends."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import scipy.sparse as sp

from sklearn_unlearn.core.linear.edits import DropColumns, Edit
from sklearn_unlearn.core.linear.refinement import Outcome, refine, refreshed
from sklearn_unlearn.core.linear.steps import unlearn
from sklearn_unlearn.core.linear.units import Units
from sklearn_unlearn.core.losses import HalfBinomialLogistic, HalfSquaredError
from sklearn_unlearn.core.rows import Rows
from tests.core.edit_problems import COLUMNS, OUT, kinds, make_edit
from tests.core.problems import (
    KINDS,
    Partitioned,
    dense_data_hessian,
    dense_derivatives,
    edited,
    factor_matrix,
    fitted,
    make_problem,
    refitted,
)


@kinds
def test_refinement_reaches_the_tolerance(kind):
    problem = make_problem(kind, n_rows=300)
    edit = make_edit(problem, "replaced")
    state = unlearn(fitted(problem), edit).state
    rest = edited(problem.rows, edit, OUT)
    result = refine(state, rest, tol=1e-10, max_iter=20)
    assert result.outcome is Outcome.CONVERGED
    gradient = problem.objective.gradient(rest, result.state.theta)
    assert result.residual == np.linalg.norm(gradient)
    assert Units.of(problem.objective.loss, rest).norm(gradient) <= 1e-10
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
