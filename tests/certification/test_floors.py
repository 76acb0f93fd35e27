"""The rounding error of a gradient, carried through requests without the data."""

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from sklearn_unlearn.certification.drift import measured, stepped
from sklearn_unlearn.certification.floors import Floor, more_roundings
from sklearn_unlearn.certification.growth import growth
from sklearn_unlearn.core.linear.edits import Edit, LinearMap
from sklearn_unlearn.core.linear.refinement import fresh_factor
from sklearn_unlearn.core.linear.steps import unlearn
from sklearn_unlearn.core.rows import Rows
from sklearn_unlearn.exceptions import NotPositiveDefiniteError
from tests.certification import sequences
from tests.certification.drifts import CURVED
from tests.certification.test_drift import linear_map
from tests.core.problems import fitted, join, make_objective, make_problem


def assert_bounds(state, drift, rows):
    """Each part of a floor against that of the rows; its size over the truth."""
    truth = Floor.of(state.objective, rows, state.theta)
    for name in ("size", "sums", "raw", "roundings"):
        claimed = getattr(drift.floor, name)
        assert getattr(truth, name) <= claimed * (1.0 + 1e-9), name
    return drift.floor.size / truth.size


@pytest.mark.parametrize("trouble", sequences.TROUBLES)
def test_no_request_leaves_less_than_the_rounding_error(trouble):
    rng = np.random.default_rng([700, sequences.TROUBLES.index(trouble)])
    counts, looseness = Counter(), []
    for _ in range(8):
        objective, rows = sequences.random_problem(rng, trouble)
        try:
            state, drift = sequences.begin(objective, rows)
        except NotPositiveDefiniteError:
            continue
        for visit in sequences.walk(rng, state, drift, rows, 5, first_order=0.3):
            finite = visit.drift.floor.size < math.inf
            counts[finite] += 1
            if finite:
                found = assert_bounds(visit.state, visit.drift, visit.rows)
                looseness.append(found)
    assert counts[True] > 10, counts
    if trouble == "none":
        assert np.median(looseness) < 3.0


def dependent(kind="logistic", n_rows=300):
    """Two columns that only few rows tell apart: without these coefficients grow."""
    rng = np.random.default_rng(0)
    problem = make_problem(kind, n_rows=n_rows, n_columns=3, penalty=1e-9)
    X = problem.rows.X.copy()
    X[:, 1] = X[:, 0] + 1e-5 * rng.standard_normal(n_rows)
    X[10:13, 1] = X[10:13, 0] + [1.0, -1.0, 1.0]
    return replace(problem, rows=replace(problem.rows, X=X))


@pytest.mark.parametrize("kind", CURVED)
def test_coefficients_that_grow(kind):
    problem = dependent(kind)
    state, rows = fitted(problem), problem.rows
    drift = measured(state, rows, exact=True, alone=True)
    out = np.arange(10, 13)
    rest = rows.take(np.setdiff1d(np.arange(rows.n_rows), out))
    edit = Edit(rows_out=rows.take(out))
    result = unlearn(state, edit)
    grew = np.abs(result.state.theta).max() / np.abs(state.theta).max()
    truth = Floor.of(state.objective, rest, result.state.theta).size
    assert grew > 100.0
    assert truth > 20.0 * drift.floor.size  # that of before is not enough
    assert_bounds(result.state, stepped(drift, state, edit, result), rest)


@pytest.mark.parametrize("factor", [1e-3, 1e6])
def test_penalties_that_grow(factor):
    problem = make_problem("logistic")
    rows = problem.rows.reweighted(1e-6 * problem.rows.weight)
    problem = replace(problem, rows=rows)
    state = fitted(problem)
    state = replace(state, theta=state.theta + 1.0)
    drift = measured(state, rows, exact=True)
    edit = Edit(penalty=factor * state.objective.penalty)
    result = unlearn(state, edit, 0.0)
    after = stepped(drift, state, edit, result)
    truth = Floor.of(result.state.objective, rows, result.state.theta).size
    assert truth <= after.floor.size
    assert (truth > 1e3 * drift.floor.size) == (factor > 1.0)


def test_many_rows_that_come_meet_more_roundings():
    problem = make_problem("logistic", n_rows=2000)
    few, many = problem.rows.take(np.arange(8)), problem.rows.take(np.arange(8, 2000))
    many = replace(many, weight=1e-9 * many.weight)
    state = fitted(replace(problem, rows=few))
    drift = measured(state, few, exact=True)
    edit = Edit(rows_in=many)
    result = unlearn(state, edit)
    after = stepped(drift, state, edit, result)
    truth = Floor.of(state.objective, join(few, many), result.state.theta)
    assert truth.size > 1.5 * drift.floor.size
    assert truth.roundings > 4 * drift.floor.roundings
    assert_bounds(result.state, after, join(few, many))
    for before, came in ((1, 1), (64, 1), (64, 64), (1000, 30), (1024, 10**6)):
        one = more_roundings(100.0, before, came)
        assert one <= more_roundings(100.0, before, 2 * came)


def test_a_row_that_comes_is_told_by_no_number():
    # as it may leave: rows that are nearly alike are known by the same numbers
    problem = make_problem("logistic", n_rows=50)
    state = fitted(problem)
    drift, known = measured(state, problem.rows, exact=True), []
    for scale in (20.0, 20.0 * (1.0 + 1e-6)):
        came = problem.rows.take(np.array([3]))
        came = replace(came, X=scale * came.X)
        edit = Edit(rows_in=came)
        found = growth(drift, state, edit, unlearn(state, edit)).floor.came
        exact = Floor.of(state.objective, came, state.theta)
        assert found.largest >= exact.largest > drift.floor.largest
        known.append(found)
    assert known[0] == known[1]


def test_off_the_diagonal_of_the_softmax_curvature_changes_twice_as_fast():
    # classes 1 and 3 are unlikely beside class 0, or class 2 in the other row: as they
    # become likely together, p_1 p_3 grows by e^4d. Pairs of columns that cancel make
    # rounding errors of these classes alone, larger than all that comes on the way.
    far, change, scale, size = -40.0, 2.0, 0.07, 6e8
    objective = make_objective(
        "multinomial", 4, n_outputs=4, intercept=True, penalty=1.0
    )
    X = scale * np.array([[1.0, -1.0, 0.0, 0.0], [0.0, 0.0, 1.0, -1.0]])
    rows = Rows(X, np.array([[0.0], [2.0]]), np.ones(2))
    theta, linear = np.zeros((5, 4)), np.zeros((5, 4))
    theta[0] = np.array([0.0, -4.5, far, -12.7]) / scale
    theta[2] = np.array([far, -12.8, 0.0, far]) / scale
    theta[:2, 3] += 0.5 * size / scale
    theta[2:4, 1] += 3.7 * size / scale
    linear[-1] = change * np.array([-1.0, 1.0, -1.0, 1.0])
    objective = replace(objective, linear=linear)
    factor = fresh_factor(objective, rows, theta)
    state = fitted(make_problem("multinomial", n_columns=4, n_outputs=4))
    state = replace(
        state, objective=objective, theta=theta, anchor=theta, hessian=factor
    )
    drift = measured(state, rows, exact=True)
    edit = Edit(linear=0.0 * linear)
    result = unlearn(state, edit, 1.0)
    after = stepped(drift, state, edit, result)
    np.testing.assert_allclose(result.state.theta - theta, linear, atol=1e-5)
    assert_bounds(result.state, after, rows)
    # M d in the exponent, as on the diagonal, would be too little
    truth = Floor.of(result.state.objective, rows, result.state.theta)
    assert truth.raw > 1.005 * math.exp(2.0 * change) * drift.floor.raw


def moved(objective, rows, anchor, theta, change):
    """State and drift before, then after the linear term has moved the coefficients."""
    gradient = objective.gradient(rows, theta)
    state = replace(
        fitted(make_problem("logistic", n_columns=theta.shape[0] - 1)),
        objective=objective,
        theta=theta,
        anchor=anchor,
        hessian=fresh_factor(objective, rows, anchor),
        gradient=gradient,
    )
    drift = measured(state, rows, exact=True)
    edit = Edit(linear=objective.linear - gradient - change)
    result = unlearn(state, edit, 1.0)
    np.testing.assert_allclose(result.state.theta - theta, change, atol=1e-6)
    return drift, result.state, stepped(drift, state, edit, result)


@pytest.mark.parametrize("kind", ["logistic", "poisson"])
def test_a_change_of_one_row_is_not_taken_for_that_of_all(kind):
    # it has a column for itself
    problem = make_problem(kind, n_rows=20_000, n_columns=3, penalty=1.0)
    X = np.column_stack([problem.rows.X, np.zeros(20_000)])
    X[0, 3] = 4.0
    rows = replace(problem.rows, X=X)
    objective = make_objective(kind, 4, penalty=1.0)
    theta = np.append(fitted(problem).theta, [[0.0]], axis=0)[[0, 1, 2, 4, 3]]
    change = np.zeros((5, 1))
    change[3] = 1.0
    _, state, after = moved(objective, rows, theta, theta, -change)
    assert 3.9 < after.change < 4.3
    assert assert_bounds(state, after, rows) < 2.0


@pytest.mark.parametrize("behind", [0.0, 3.0])
def test_a_change_of_all_rows_alike_is_attained(behind):
    # far from where the loss is curved all curvatures grow by e^7
    change = np.array([[0.0], [7.0]])
    rows = Rows(np.full((50, 1), 1e3), np.zeros((50, 1)), np.ones(50))
    anchor = np.array([[1e3], [-1e6 - 25.0]])
    theta = anchor + np.array([[0.0], [behind]])
    objective = make_objective("logistic", 1, penalty=1.0)
    drift, state, after = moved(objective, rows, anchor, theta, change)
    assert assert_bounds(state, after, rows) < 1.01
    assert after.floor.raw > 0.99 * math.exp(7.0) * drift.floor.raw


def test_maps_that_mix_columns():
    problem = make_problem("logistic", n_rows=500, intercept=False)
    state = fitted(problem)
    drift = measured(state, problem.rows, exact=True)
    rng = np.random.default_rng(0)
    for matrix in (
        np.diag([1e-2, 1e2, 1.0, 1.0]),
        np.eye(4) + np.diag([1e2, 0.0, 0.0], 1),
        rng.standard_normal((3, 4)),
    ):
        edit, rows = linear_map(problem, matrix)
        result = unlearn(state, edit)
        assert isinstance(edit.feature_map, LinearMap)
        assert_bounds(result.state, stepped(drift, state, edit, result), rows)


@pytest.mark.parametrize("kind", CURVED)
def test_few_rows_change_little(kind):
    problem = make_problem(kind, n_rows=300)
    state, rows = fitted(problem), problem.rows
    drift = measured(state, rows, exact=True)
    for i in range(5):
        edit = Edit(rows_out=rows.take(np.array([10])))
        rows = rows.take(np.delete(np.arange(rows.n_rows), 10))
        result = unlearn(state, edit)
        drift, state = stepped(drift, state, edit, result), result.state
        assert 1.0 <= assert_bounds(state, drift, rows) < 1.0 + 0.3 * (i + 1)


def test_what_is_not_known_stays_unknown():
    problem = make_problem("logistic")
    state = fitted(problem)
    drift = measured(state, problem.rows, exact=True)
    wrong = replace(drift.geometry, skew=0.6)
    edit = Edit(rows_out=problem.rows.take(np.array([10])))
    for _ in range(2):
        result = unlearn(state, edit)
        drift = stepped(replace(drift, geometry=wrong), state, edit, result)
        assert drift.floor.size == drift.floor.sums == math.inf
        wrong = replace(drift.geometry, skew=0.0)
        state = result.state
