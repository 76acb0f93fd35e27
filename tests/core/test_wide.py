"""Wide data: conjugate gradients and what is kept to speed them up."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from sklearn_unlearn.core.linear import preconditioner
from sklearn_unlearn.core.linear.conjugate_gradients import newton_step
from sklearn_unlearn.core.linear.curvature import is_iterative
from sklearn_unlearn.core.linear.edits import DropColumns, LinearMap
from sklearn_unlearn.core.linear.fitting import fit
from sklearn_unlearn.core.linear.newton_cg import newton_cg
from sklearn_unlearn.core.linear.preconditioner import Preconditioner
from sklearn_unlearn.core.linear.refinement import Outcome
from sklearn_unlearn.core.linear.row_products import RowProducts
from sklearn_unlearn.core.linear.steps import carried
from sklearn_unlearn.core.losses import HalfBinomialLogistic
from sklearn_unlearn.core.losses.margin import SquaredHinge
from sklearn_unlearn.exceptions import NoFactorError, UnlearningError
from tests.core.edit_problems import OUT, kinds, make_edit
from tests.core.problems import (
    Partitioned,
    dense_hessian,
    edited,
    flat,
    make_problem,
    refitted,
    unflat,
)


def solved(objective, rows, tol=1e-10, **kwargs):
    result = fit(objective, rows, tol=tol, max_iter=100, iterative=True, **kwargs)
    assert result.outcome is Outcome.CONVERGED
    return result


def with_head(problem, theta):
    data = RowProducts(problem.objective, problem.rows)
    return Preconditioner.of(data, data.curvatures(data.raw(theta)))


@kinds
@pytest.mark.parametrize("sparse", [False, True])
def test_the_minimum_is_that_of_the_factor(kind, sparse):
    problem = make_problem(kind, n_rows=120, n_columns=6)
    rows = problem.rows
    expected = refitted(problem.objective, rows)
    if sparse:
        rows = replace(rows, X=sp.csr_array(rows.X))
    result = solved(problem.objective, Partitioned(rows, (11, 70)))
    np.testing.assert_allclose(result.state.theta, expected, atol=1e-9)
    gradient = problem.objective.gradient(rows, result.state.theta)
    assert np.linalg.norm(gradient) <= 1e-9
    np.testing.assert_allclose(result.state.gradient, gradient, atol=1e-12)


@kinds
@pytest.mark.parametrize(
    "name", ["out", "in", "replaced", "relabelled", "penalty", "linear"]
)
def test_requests_end_at_the_minimum_of_the_edited_rows(kind, name):
    problem = make_problem(kind, n_rows=90)
    state = solved(problem.objective, problem.rows).state
    kept = with_head(problem, state.theta)
    edit = make_edit(problem, name)
    out = OUT if edit.rows_out is not None else np.zeros(0, dtype=int)
    rest = edited(problem.rows, edit, out)
    start = carried(replace(state, hessian=kept), edit)
    weight = rest.weight.sum()
    assert start.weight == pytest.approx(weight)
    result = newton_cg(start, rest, start.preconditioner, tol=1e-10, max_iter=50)
    assert result.converged
    objective = edit.objective(problem.objective)
    np.testing.assert_allclose(result.state.theta, refitted(objective, rest), atol=1e-9)


@kinds
def test_a_head_of_all_columns_is_the_hessian(kind):
    problem = make_problem(kind, n_rows=90, n_outputs=2)
    theta = solved(problem.objective, problem.rows).state.theta
    kept = with_head(problem, theta)
    assert kept.kept.size == kept.penalty.size
    objective = problem.objective
    right = np.random.default_rng(3).standard_normal(objective.shape)
    if objective.loss.shift_invariant:  # gradients sum to zero
        right -= right.mean(axis=1, keepdims=True)
    matrix = dense_hessian(objective, problem.rows, theta)
    expected = np.linalg.lstsq(matrix, flat(right), rcond=1e-12)[0]
    found = objective.unpack(kept.solve(objective.pack(right)))
    expected = unflat(expected, objective.shape)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(found, expected, atol=1e-4 * scale)


def wide_problem(n_rows=80, n_columns=300, seed=0):
    """Sparse rows of more columns than there are rows, some of them heavy."""
    rng = np.random.default_rng(seed)
    problem = make_problem("logistic", n_rows, n_columns, seed=seed, penalty=0.05)
    share = 1.0 / np.arange(1, n_columns + 1)
    X = problem.rows.X * (rng.random((n_rows, n_columns)) < 3.0 * share)
    return replace(problem, rows=replace(problem.rows, X=sp.csr_array(X)))


def n_passes(problem, kept, theta, tol=1e-9):
    data = RowProducts(problem.objective, problem.rows)
    gradient = problem.objective.gradient(problem.rows, theta)
    return newton_step(data, kept, data.raw(theta), gradient, tol).n_iter


def test_a_head_spares_passes():
    problem = wide_problem(400)
    theta = np.zeros(problem.objective.shape)
    none = Preconditioner.none(problem.objective.packed_penalty)
    kept = with_head(problem, theta)
    assert 10 < kept.kept.size < 150
    assert kept.kept[-1] == 300  # the constant is heavy
    assert n_passes(problem, kept, theta) < 0.7 * n_passes(problem, none, theta)


def test_a_head_is_computed_when_passes_have_paid_for_it(monkeypatch):
    problem = wide_problem()
    monkeypatch.setattr(preconditioner, "_price", lambda data: 25.0)
    first = solved(problem.objective, problem.rows)
    assert first.n_hessians == 1
    kept = first.state.preconditioner
    assert kept.kept.size
    assert kept.rate < 0.0
    monkeypatch.setattr(preconditioner, "_price", lambda data: np.inf)
    never = solved(problem.objective, problem.rows)
    assert never.n_hessians == 0
    np.testing.assert_allclose(first.state.theta, never.state.theta, atol=1e-8)


def test_forgotten_columns_leave_the_head():
    problem = wide_problem()
    theta = solved(problem.objective, problem.rows).state.theta
    kept = with_head(problem, theta)
    columns = np.isin(np.arange(301), kept.kept[1:4])
    objective = problem.objective.forgetting(columns)
    dropped = DropColumns(columns).curvature(kept, objective)
    again = with_head(replace(problem, objective=objective), theta)
    common = np.intersect1d(dropped.kept, again.kept)
    assert not np.isin(dropped.kept, np.flatnonzero(columns)).any()
    assert common.size > 0.7 * dropped.kept.size
    right = np.zeros((301, 1))
    right[dropped.kept] = np.random.default_rng(0).standard_normal(
        (dropped.kept.size, 1)
    )
    block = np.ix_(dropped.kept, dropped.kept)
    matrix = dense_hessian(problem.objective, problem.rows, theta)[block]
    expected = np.linalg.solve(matrix, right[dropped.kept])
    np.testing.assert_allclose(dropped.solve(right)[dropped.kept], expected, atol=1e-3)


def test_a_head_follows_columns_that_are_scaled_and_move():
    problem = wide_problem()
    theta = solved(problem.objective, problem.rows).state.theta
    kept = with_head(problem, theta)
    rng = np.random.default_rng(1)
    gone = kept.kept[2]
    order = rng.permutation(np.setdiff1d(np.arange(300), gone))
    scale = rng.uniform(0.9, 1.1, 299)
    T = sp.lil_array((301, 301))  # one column leaves, one comes of which nothing is
    T[np.arange(299), order] = scale
    T[300, 300] = 1.0
    map_ = LinearMap(sp.csr_array(T))
    mapped = sp.csr_array(problem.rows.X @ T[:300, :300].T)
    after = replace(problem, rows=replace(problem.rows, X=mapped))
    penalty = problem.objective.packed_penalty
    found = kept.transformed(map_.matrix, penalty, problem.objective.gauge, order)
    assert found.kept.size == kept.kept.size - 1
    start = np.zeros_like(theta)
    none = Preconditioner.none(penalty)
    fewer, more = n_passes(after, found, start), n_passes(after, none, start)
    assert fewer < 0.8 * more
    mixing = sp.csr_array(rng.standard_normal((301, 301)))
    nothing = kept.transformed(mixing, penalty, problem.objective.gauge, order)
    assert nothing.diagonal is None
    assert not nothing.kept.size


def test_a_penalty_of_another_size_needs_another_head():
    problem = wide_problem()
    kept = with_head(problem, np.zeros(problem.objective.shape))
    penalty, gauge = problem.objective.packed_penalty, problem.objective.gauge
    assert kept.repenalised(1.1 * penalty, gauge) is kept
    assert kept.repenalised(4.0 * penalty, gauge).diagonal is None


def test_pickles_hold_nothing_of_the_rows():
    problem = wide_problem()
    kept = with_head(problem, np.zeros(problem.objective.shape))
    loaded = pickle.loads(pickle.dumps(kept))
    assert loaded.diagonal is None
    assert not loaded.inverse.size
    assert loaded.wasted == 0.0
    assert loaded.rate == 0.0
    np.testing.assert_array_equal(loaded.penalty, kept.penalty)


def test_a_loss_whose_curvature_jumps():
    problem = wide_problem()
    rows = replace(problem.rows, y=2.0 * problem.rows.y - 1.0)
    objective = replace(problem.objective, loss=SquaredHinge(np.ones(1)))
    expected = refitted(objective, rows)
    result = solved(objective, rows)
    np.testing.assert_allclose(result.state.theta, expected, atol=1e-8)


def test_it_ends_at_rounding_and_at_max_iter():
    problem = wide_problem()
    result = fit(problem.objective, problem.rows, tol=0.0, max_iter=100, iterative=True)
    assert result.outcome is Outcome.ROUNDING_FLOOR
    assert result.residual < 1e-11
    early = fit(problem.objective, problem.rows, tol=1e-10, max_iter=1, iterative=True)
    assert early.outcome is Outcome.MAX_ITER
    assert early.n_iter == 1


def test_columns_without_a_penalty_are_refused():
    problem = wide_problem()
    penalty = problem.objective.penalty.copy()
    penalty[3] = 0.0
    objective = replace(problem.objective, penalty=penalty)
    with pytest.raises(UnlearningError, match="needs a penalty on each column"):
        fit(objective, problem.rows, tol=1e-8, max_iter=9, iterative=True)
    held = objective.forgetting(np.arange(301) == 3)
    fit(held, problem.rows, tol=1e-8, max_iter=99, iterative=True)


def test_what_needs_a_factor_says_so():
    problem = wide_problem()
    state = solved(problem.objective, problem.rows).state
    with pytest.raises(NoFactorError, match="curvature='cholesky'"):
        state.solve(state.theta)


def test_the_rule():
    def rule(n_rows, order, density, curvature="auto", retained=True, dense=False):
        rng = np.random.default_rng(0)
        X = np.ones((n_rows, order))
        if not dense:
            X = sp.csr_array(rng.random(X.shape) < density, dtype=np.float64)
        problem = make_problem("logistic", n_rows, 2)
        rows = replace(problem.rows, X=X)
        penalty = np.ones((order, 1))
        objective = replace(
            problem.objective,
            fit_intercept=False,
            loss=HalfBinomialLogistic(),
            penalty=penalty,
            linear=0.0 * penalty,
            held=penalty < 0.0,
        )
        return is_iterative(curvature, objective, rows, retained)

    assert rule(500, 4000, 0.01)
    assert not rule(500, 4000, 0.01, retained=False)
    assert not rule(500, 4000, 0.01, dense=True)
    assert not rule(500, 1000, 0.01)
    assert not rule(20000, 1100, 0.01)
    assert rule(5, 20000, 0.01, retained=False, dense=True)
    assert not rule(500, 4000, 0.01, "cholesky")
    assert rule(5, 40, 0.5, "iterative", retained=False)
