from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import minimize

from sklearn_unlearn.core.linear import fitting
from sklearn_unlearn.core.linear.edits import DropColumns, Edit
from sklearn_unlearn.core.linear.fitting import fit
from sklearn_unlearn.core.linear.refinement import Outcome
from sklearn_unlearn.core.linear.steps import unlearn
from sklearn_unlearn.core.linear.units import Units
from sklearn_unlearn.core.rows import Rows
from tests.core.problems import (
    KINDS,
    Partitioned,
    dense_data_hessian,
    dense_gradient,
    dense_hessian,
    dense_value,
    design,
    factor_matrix,
    flat,
    make_objective,
    make_problem,
    make_rows,
    unflat,
    with_penalty,
)

kinds = pytest.mark.parametrize("kind", KINDS)


def fit_theta(objective, rows, tol=1e-11):
    return fit(objective, rows, tol=tol, max_iter=100).state.theta


# Against other minimisers -----------------------------------------------------------


@pytest.mark.parametrize("kind", ["squared", "coupled_squared"])
@pytest.mark.parametrize("intercept", [False, True])
def test_squared_error_equals_the_normal_equations(kind, intercept):
    problem = make_problem(kind, intercept=intercept)
    X, weight = design(problem.objective, problem.rows.X), problem.rows.weight
    theta = fit_theta(problem.objective, problem.rows)
    for k, penalty in enumerate(problem.objective.penalty.T):
        # least squares of an augmented matrix: no square of the condition number
        A = np.concatenate([X * np.sqrt(weight)[:, None], np.diag(np.sqrt(penalty))])
        y = np.concatenate([problem.rows.y[:, k] * np.sqrt(weight), 0.0 * penalty])
        expected = np.linalg.lstsq(A, y, rcond=None)[0]
        np.testing.assert_allclose(theta[:, k], expected, rtol=1e-11)


@pytest.mark.parametrize("kind", ["logistic", "multinomial"])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("penalty", [1e-2, 1.0, 100.0])
def test_equals_a_minimiser_of_scipy(kind, intercept, penalty):
    problem = make_problem(kind, intercept=intercept, penalty=penalty)
    objective, rows = problem.objective, problem.rows
    shape = objective.shape

    def on_vector(function):
        return lambda v: function(objective, rows, unflat(v, shape))

    def value(v):
        v = unflat(v, shape)
        return dense_value(objective, rows, v)

    found = minimize(
        value,
        np.zeros(shape[0] * shape[1]),
        jac=lambda v: flat(dense_gradient(objective, rows, unflat(v, shape))),
        hess=on_vector(dense_hessian),
        method="trust-exact",
        options={"gtol": 1e-7},
    )
    theta = fit_theta(objective, rows)
    gradient = dense_gradient(objective, rows, theta)
    assert np.linalg.norm(gradient) < 1e-10
    expected = unflat(found.x, shape)
    if kind == "multinomial" and intercept:  # scipy knows no gauge
        expected[-1] -= expected[-1].mean()
    np.testing.assert_allclose(theta, expected, rtol=1e-6, atol=1e-7)


def test_one_column_has_a_closed_form():
    # log(successes / failures), with weights
    weight = np.array([1.0, 2.5, 4.0])
    rows = Rows(np.zeros((3, 0)), np.array([[0.0], [1.0], [0.0]]), weight)
    objective = make_objective("logistic", 0)
    assert fit_theta(objective, rows)[0, 0] == pytest.approx(np.log(2.5 / 5.0))
    softmax = make_objective("multinomial", 0)
    rows = replace(rows, y=np.array([[0.0], [1.0], [2.0]]))
    expected = np.log(weight) - np.log(weight).mean()
    np.testing.assert_allclose(fit_theta(softmax, rows)[0], expected, rtol=1e-10)


@kinds
def test_one_minimiser_for_every_form_of_the_data(kind):
    problem = make_problem(kind)
    objective, rows = problem.objective, problem.rows
    X = rows.X.astype(np.float32)
    rows = replace(rows, X=X.astype(np.float64))
    expected = fit_theta(objective, rows)
    for other in (
        replace(rows, X=X),
        replace(rows, X=sp.csr_matrix(X)),
        replace(rows, X=sp.csr_array(rows.X)),
        Partitioned(rows, (1, 30, 55)),
    ):
        np.testing.assert_allclose(fit_theta(objective, other), expected, atol=1e-11)


@kinds
def test_weights_are_repetitions(kind):
    problem = make_problem(kind)
    times = np.random.default_rng(1).integers(4, size=problem.rows.n_rows)
    times[:3] = 1  # no class without rows
    repeated = problem.rows.take(np.repeat(np.arange(times.size), times))
    repeated = repeated.reweighted(np.ones(repeated.n_rows))
    np.testing.assert_allclose(
        fit_theta(problem.objective, problem.rows.reweighted(times.astype(float))),
        fit_theta(problem.objective, repeated),
        atol=1e-10,
    )


def test_two_classes_of_the_softmax_are_half_as_penalised():
    rng = np.random.default_rng(2)
    rows = make_rows("logistic", 80, 4, rng)
    binary = fit_theta(make_objective("logistic", 4, penalty=0.5), rows)
    softmax = fit_theta(
        make_objective("multinomial", 4, penalty=1.0, n_outputs=2), rows
    )
    np.testing.assert_allclose(softmax[:, 1:] - softmax[:, :1], binary, atol=1e-10)
    np.testing.assert_allclose(softmax.sum(axis=1), 0.0, atol=1e-12)


@kinds
def test_a_linear_term_moves_the_minimiser(kind):
    problem = make_problem(kind)
    linear = np.random.default_rng(3).standard_normal(problem.objective.shape)
    linear -= linear.mean(axis=1, keepdims=True) if kind == "multinomial" else 0.0
    objective = replace(problem.objective, linear=linear)
    theta = fit_theta(objective, problem.rows)
    np.testing.assert_allclose(
        dense_gradient(objective, problem.rows, theta), 0.0, atol=1e-10
    )


# What a fit leaves behind -----------------------------------------------------------


@kinds
def test_the_state_after_a_fit(kind):
    problem = make_problem(kind)
    result = fit(problem.objective, problem.rows, tol=1e-10, max_iter=100)
    state = result.state
    assert result.outcome is Outcome.CONVERGED
    assert result.residual == state.residual
    units = Units.of(problem.objective.loss, problem.rows)
    assert units.norm(state.gradient) <= 1e-10
    assert state.weight == pytest.approx(problem.rows.weight.sum())
    assert state.objective is problem.objective
    assert state.factor.pending_rank == 0
    if kind in {"logistic", "multinomial"}:  # cheap: the anchor is the minimiser
        np.testing.assert_array_equal(state.anchor, state.theta)
    hessian = dense_data_hessian(problem.objective, problem.rows, state.theta)
    if not problem.objective.coupled:
        hessian = hessian[: state.factor.order, : state.factor.order]
    np.testing.assert_allclose(factor_matrix(state.factor), hessian, atol=1e-10)


def count_hessians(monkeypatch):
    """Passes for a Hessian over all 5000 rows."""
    passes = []
    fresh = fitting.fresh_factor

    def counted(objective, rows, theta):
        passes.append(rows.n_rows)
        return fresh(objective, rows, theta)

    monkeypatch.setattr(fitting, "fresh_factor", counted)
    monkeypatch.setattr("sklearn_unlearn.core.linear.refinement.fresh_factor", counted)
    return passes


@pytest.mark.parametrize("kind", ["logistic", "multinomial", "poisson", "gamma"])
def test_a_dear_hessian_is_computed_once_after_a_sampled_start(kind, monkeypatch):
    monkeypatch.setattr(fitting, "CHEAP_FLOPS", 0.0)
    passes = count_hessians(monkeypatch)
    problem = make_problem(kind, n_rows=5000)
    result = fit(problem.objective, problem.rows, tol=1e-9, max_iter=100)
    assert result.outcome is Outcome.CONVERGED
    assert passes.count(5000) == 1
    assert max(n for n in passes if n != 5000) <= 2500
    state = result.state
    lag = problem.objective.pack(state.theta - state.anchor)
    leverage = problem.objective.n_unknowns / state.weight
    assert 0.0 < state.factor.norm(lag) <= 0.1 * np.sqrt(leverage)
    np.testing.assert_allclose(
        dense_gradient(problem.objective, problem.rows, state.theta), 0.0, atol=1e-8
    )


def test_an_anchor_that_lags_too_far_is_moved(monkeypatch):
    problem = make_problem("logistic", n_rows=5000)
    monkeypatch.setattr(fitting, "CHEAP_FLOPS", 0.0)
    monkeypatch.setattr(fitting, "_LAG", 1e-9)
    state = fit(problem.objective, problem.rows, tol=1e-9, max_iter=100).state
    lag = state.factor.norm(problem.objective.pack(state.theta - state.anchor))
    assert lag <= 1e-9


def test_a_sample_that_does_not_determine_the_coefficients(monkeypatch):
    # a column that is zero in the sampled rows, without a penalty
    monkeypatch.setattr(fitting, "CHEAP_FLOPS", 0.0)
    problem = with_penalty(make_problem("logistic", n_rows=5000), np.zeros((5, 1)))
    rows = problem.rows
    rows.X[:, 0] = 0.0
    rows.X[1:200:2, 0] = np.random.default_rng(0).standard_normal(100)
    step = 5000 // (fitting._SAMPLE * 5)
    rows.X[::step, 0] = 0.0
    assert step >= 2
    assert rows.X[:, 0].any()
    result = fit(problem.objective, rows, tol=1e-9, max_iter=100)
    assert result.outcome is Outcome.CONVERGED
    np.testing.assert_allclose(
        dense_gradient(problem.objective, rows, result.state.theta), 0.0, atol=1e-8
    )


def test_a_sample_unlike_the_other_rows(monkeypatch):
    problem = make_problem("poisson", n_rows=5000)
    rows, step = problem.rows, 5000 // (fitting._SAMPLE * 5)
    rows.y[::step] = 0.0
    rows.y[1::step] *= 1e6
    result = fit(problem.objective, rows, tol=1e-6, max_iter=100)
    assert result.converged
    monkeypatch.setattr(fitting, "_SAMPLE", 5000)
    unsampled = fit(problem.objective, rows, tol=1e-6, max_iter=100)
    assert result.n_hessians == unsampled.n_hessians
    np.testing.assert_array_equal(result.state.theta, unsampled.state.theta)


def test_forgotten_columns_stay_zero():
    for kind in KINDS:
        problem = make_problem(kind)
        columns = np.array([False, True, False, False, False])
        objective = problem.objective.forgetting(columns)
        theta = fit_theta(objective, problem.rows)
        assert not theta[columns].any()
        X = np.where(columns[:-1], 0.0, problem.rows.X)
        expected = fit_theta(problem.objective, replace(problem.rows, X=X))
        np.testing.assert_allclose(theta, expected, atol=1e-10)


def test_outputs_may_lack_columns_of_their_own():
    problem = make_problem("squared", n_outputs=2)
    held = np.zeros((5, 2), dtype=bool)
    held[1, 0] = held[4, 1] = held[3] = True
    objective = replace(problem.objective, held=held)
    assert objective.coupled
    assert objective.forgotten.tolist() == [False, False, False, True, False]
    state = fit(objective, problem.rows, tol=1e-11, max_iter=100).state
    gone = np.array([True, False, False, False, False])
    theta = unlearn(state, Edit(feature_map=DropColumns(gone))).state.theta
    assert not theta[held].any()
    for k in range(2):
        alone = make_objective("squared", 4, n_outputs=1).forgetting(held[:, k])
        rows = replace(problem.rows, y=problem.rows.y[:, k : k + 1])
        expected = fit_theta(alone, rows)[:, 0]
        np.testing.assert_allclose(state.theta[:, k], expected, atol=1e-11)
        expected = fit_theta(alone.forgetting(gone), rows)[:, 0]
        np.testing.assert_allclose(theta[:, k], expected, atol=1e-11)


def test_max_iter_is_reported():
    problem = make_problem("logistic", penalty=1e-6)
    result = fit(problem.objective, problem.rows, tol=1e-12, max_iter=0)
    assert result.outcome is Outcome.MAX_ITER
    assert result.residual > 1e-12
