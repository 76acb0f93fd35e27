import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from sklearn_unlearn.certification.distance import distance
from sklearn_unlearn.certification.drift import grown, measured, stepped
from sklearn_unlearn.certification.geometry import coarse, column_reach
from sklearn_unlearn.certification.growth import growth
from sklearn_unlearn.core.arrays import powers_of_two
from sklearn_unlearn.core.linear.bends import bend
from sklearn_unlearn.core.linear.edits import DropColumns, Edit, LinearMap
from sklearn_unlearn.core.linear.refinement import fresh_factor, refine, refreshed
from sklearn_unlearn.core.linear.steps import unlearn
from sklearn_unlearn.exceptions import NotPositiveDefiniteError
from tests.certification import sequences
from tests.certification.drifts import CURVED, gradient_norms, length
from tests.certification.reference import (
    EPS,
    LONG,
    Yardstick,
    design,
    gradient,
    minimiser,
    needs_long_double,
)
from tests.core.problems import fitted, join, make_problem

# Every number of a drift is a bound, after any requests -----------------------------


def assert_bounds(state, drift, rows, raw):
    """Each claim against the Hessian written out; None if there is nothing to say.

    ``raw`` has the raw predictions at which the weights of the rows in H were taken.
    """
    yardstick, geometry = Yardstick(state, rows, raw), drift.geometry
    assert not any(map(math.isnan, (drift.unknown, drift.unknown_length, drift.change)))
    curved = not state.objective.loss.constant_curvature
    if curved and geometry.radius == math.inf:  # H is not the Hessian of the rows
        return None
    if yardstick.inverse is None or not yardstick.condition < 1e8:
        return None
    # of the yardstick itself, and what the claims say is added where they are used
    slack = 1.0 + 1e-15 * yardstick.condition + 2.0 * min(geometry.error, 1.0)
    truth, error = gradient(state.objective, rows, state.theta)
    unknown = truth - state.gradient
    least = length(error)
    pairs = {
        "unknown": (
            yardstick.dual_of(unknown) - yardstick.dual_of(error),
            drift.unknown,
        ),
        "unknown_length": (length(unknown) - least, drift.unknown_length),
        "smallest": (geometry.smallest, yardstick.smallest),
    }
    if not state.objective.loss.shift_invariant:
        pairs["scaled"] = (geometry.scaled, yardstick.scaled)
    if curved:
        # the anchor's predictions are what its rounded coefficients give
        change = np.abs(state.objective.raw_prediction(rows.X, state.theta) - raw)
        change = change[rows.weight > 0.0].max()
        pairs["radius"] = (yardstick.radius, geometry.radius)
        pairs["change"] = (change, drift.change * (1 + 1e-12) + 1e-13)
    for name, (less, more) in pairs.items():
        assert less <= more * slack, (name, less, more)
    assert np.all(yardstick.reach <= geometry.reach * (1 + 8 * EPS) + 1e-300)
    return math.isfinite(drift.unknown + drift.change + geometry.radius)


@needs_long_double
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("trouble", sequences.TROUBLES)
def test_every_number_is_a_bound(trouble, seed):
    rng = np.random.default_rng([100 + sequences.TROUBLES.index(trouble), seed])
    counts = Counter()
    for _ in range(10):
        objective, rows = sequences.random_problem(rng, trouble)
        try:
            state, drift = sequences.begin(objective, rows, exact=bool(rng.integers(2)))
        except NotPositiveDefiniteError:
            continue
        for visit in sequences.walk(rng, state, drift, rows, 5, first_order=0.3):
            finite = assert_bounds(*visit.claimed)
            counts[finite] += 1
    assert counts[True] > 12, counts


@pytest.mark.parametrize("kind", CURVED)
def test_a_row_that_comes_brings_its_values(kind):
    problem = make_problem(kind, n_rows=80)
    state = fitted(problem)
    # it moves on, so that the row is looked at away from the anchor
    state = replace(state, theta=1.5 * state.theta)
    drift = measured(state, problem.rows, exact=True)
    far = problem.rows.take(np.array([5]))
    far = replace(far, X=50.0 * far.X, weight=1e-3 * far.weight)
    edit = Edit(rows_in=far)
    result = unlearn(state, edit)
    after = stepped(drift, state, edit, result)
    rows = join(problem.rows, far)
    yardstick = Yardstick(result.state, rows)
    assert yardstick.radius > 5.0 * drift.geometry.radius
    assert after.geometry.radius == coarse(yardstick.radius)
    reach = powers_of_two(column_reach(state.objective, far))
    reach = np.maximum(drift.geometry.reach, reach)
    np.testing.assert_array_equal(after.geometry.reach, reach)
    lag = state.theta - state.anchor
    least = float(np.abs(state.objective.raw_prediction(far.X, lag)).max())
    assert least > 5.0 * drift.change
    assert after.change >= least
    assert after.change >= yardstick.raw_change(
        result.state.theta - result.state.anchor
    )


def test_column_maxima_bound_a_step_that_the_norm_does_not():
    # of signs: a column moves every row by as much, and its norm is that of a row
    # with all columns
    problem = make_problem("logistic", n_rows=400, n_columns=3, penalty=1e-3)
    signs = replace(problem.rows, X=np.sign(problem.rows.X))
    problem = replace(problem, rows=signs)
    state = fitted(problem)
    drift = measured(state, problem.rows, exact=True)
    columns = np.array([True, False, False, False])
    edit = Edit(feature_map=DropColumns(columns))
    result = unlearn(state, edit)
    after = stepped(drift, state, edit, result)
    by_norm = drift.geometry.radius * result.factor.norm(result.moved)
    by_column = float(drift.geometry.reach @ np.abs(result.moved[:, 0]))
    assert by_column < by_norm
    assert after.change - drift.change == pytest.approx(by_column, rel=1e-9)
    truth = Yardstick(result.state, problem.rows).raw_change(
        result.state.theta - result.state.anchor
    )
    assert truth <= after.change


# Maps of the features, penalties ----------------------------------------------------


@pytest.mark.parametrize("factor", [0.01, 0.5, 1.0, 100.0])
def test_a_smaller_penalty_stretches(factor):
    # all that H knows is the penalty: rows of hardly any weight
    problem = make_problem("logistic", intercept=False)
    rows = problem.rows.reweighted(1e-9 * problem.rows.weight)
    state = fitted(replace(problem, rows=rows))
    drift = replace(measured(state, rows, exact=True), unknown=2.0)
    edit = Edit(penalty=factor * state.objective.penalty)
    result = unlearn(state, edit)
    after = grown(drift, growth(drift, state, edit, result), 1.0)
    stretch = max(1.0, 1.0 / math.sqrt(factor))
    assert after.geometry.radius == pytest.approx(stretch * drift.geometry.radius)
    assert after.unknown == pytest.approx(2.0 * stretch, rel=1e-6)
    smallest = drift.geometry.smallest / stretch**2
    assert after.geometry.smallest == pytest.approx(smallest)
    if factor <= 1.0:
        yardstick = Yardstick(result.state, rows)
        assert after.geometry.radius == pytest.approx(yardstick.radius, rel=1e-4)


def test_a_penalty_that_is_taken_away_leaves_no_bound():
    problem = make_problem("logistic")
    state = fitted(problem)
    drift = measured(state, problem.rows)
    edit = Edit(penalty=0.0 * state.objective.penalty)
    result = unlearn(state, edit)
    after = stepped(drift, state, edit, result)
    assert after.unknown == math.inf
    assert distance(result.state, after, 1e-6).total == math.inf


def linear_map(problem, matrix, penalty=1.0):
    penalties = np.full((matrix.shape[0], problem.objective.shape[1]), penalty)
    rows = replace(problem.rows, X=problem.rows.X @ matrix.T)
    edit = Edit(
        feature_map=LinearMap(matrix),
        penalty=penalties,
        linear=np.zeros(penalties.shape),
    )
    return edit, rows


@needs_long_double
def test_a_map_that_cannot_reproduce_the_anchor():
    problem = make_problem("logistic", n_rows=500, intercept=False)
    state = fitted(problem)
    drift = measured(state, problem.rows, exact=True)
    matrix = np.random.default_rng(0).standard_normal((3, 4))
    edit, rows = linear_map(problem, matrix)
    result = unlearn(state, edit)
    after = stepped(drift, state, edit, result)
    raw = state.objective.raw_prediction(problem.rows.X, state.anchor)
    assert assert_bounds(result.state, after, rows, raw)
    # measured, with a Hessian of the rows at an anchor of their own
    fresh = refreshed(result.state, rows, result.state.theta)
    refined = refine(fresh, rows, tol=1e-9, max_iter=50).state
    assert distance(refined, measured(refined, rows), 1e-6).total < 1e-4


def test_squared_error_knows_no_anchor():
    problem = make_problem("squared", intercept=False)
    state = fitted(problem)
    drift = measured(state, problem.rows, exact=True)
    matrix = np.random.default_rng(0).standard_normal((3, 4))
    edit, rows = linear_map(problem, matrix)
    result = unlearn(state, edit)
    after = stepped(drift, state, edit, result)
    truth = minimiser(result.state.objective, rows, result.state.theta).theta
    found = distance(result.state, after, 1e-9).minimiser
    assert length(result.state.theta - truth) <= found < 1e-10


# Rows that leave with another weight than they have in H ----------------------------


@needs_long_double
@pytest.mark.parametrize("how", ["drop", "map"])
@pytest.mark.parametrize("kind", CURVED)
def test_rows_that_leave_after_the_anchor_lost_columns(kind, how):
    # weights in H are of predictions that nobody knows any more
    problem = make_problem(kind, n_rows=200, n_columns=3)
    state = fitted(problem)
    drift = measured(state, problem.rows, exact=True)
    weighed_at = state.objective.raw_prediction(problem.rows.X, state.anchor)
    columns = np.array([False, True, False, False])
    matrix, rows = np.eye(4)[~columns], problem.rows
    edit = Edit(feature_map=DropColumns(columns))
    if how == "map":
        penalty = state.objective.penalty[~columns]
        edit = Edit(
            feature_map=LinearMap(matrix), penalty=penalty, linear=0.0 * penalty
        )
        rows = replace(rows, X=rows.X @ matrix[:-1, :-1].T)
    step = unlearn(state, edit)
    assert not step.state.anchor[step.state.objective.forgotten].any()
    drift, state = stepped(drift, state, edit, step), step.state
    at = state.objective.raw_prediction(rows.X, state.anchor)
    blur = float(np.abs(at - weighed_at).max())
    assert 0.3 < blur <= drift.geometry.blur < 3.0 * blur
    for out in ([3, 4], [50, 51, 52, 53]):
        edit = Edit(rows_out=rows.take(np.array(out)))
        step = unlearn(state, edit)
        drift, state = stepped(drift, state, edit, step), step.state
        rest = np.setdiff1d(np.arange(rows.n_rows), out)
        rows, weighed_at = rows.take(rest), weighed_at[rest]
        yardstick = Yardstick(state, rows, weighed_at)
        found = yardstick.span.T @ whole_matrix(state) @ yardstick.span
        true = yardstick.matrix
        inverse = np.linalg.inv(found)
        errors = np.abs(np.linalg.eigvals(inverse @ (true - found)))
        assert errors.max() > 1e-6  # it is another matrix
        assert errors.max() <= drift.geometry.error < 0.5
        assert_bounds(state, drift, rows, weighed_at)


def whole_matrix(state):
    """What the factor stands for, of all outputs, zero where forgotten."""
    objective, factor = state.objective, state.factor
    eye = np.eye(factor.order)
    matrix = factor.curvature_dot(eye) + np.diag(factor.penalty)
    unused = objective.packed_held
    matrix[unused] = matrix[:, unused] = 0.0
    return matrix if objective.coupled else np.kron(np.eye(objective.shape[1]), matrix)


# A pass over the data ---------------------------------------------------------------


@pytest.mark.parametrize("kind", [*CURVED, "squared"])
def test_what_is_not_known_of_the_gradient_is_measured(kind):
    problem = make_problem(kind, n_rows=150)
    state = fitted(problem)
    moved = replace(state, theta=1.1 * state.theta)
    gradient_there = moved.objective.gradient(problem.rows, moved.theta)
    ignorant = measured(moved, problem.rows)
    size = length(gradient_there - state.gradient)
    assert ignorant.unknown_length == pytest.approx(size, rel=1e-6)
    assert ignorant.unknown >= Yardstick(moved, problem.rows).dual_of(gradient_there)
    informed = measured(replace(moved, gradient=gradient_there), problem.rows)
    assert 0.0 < informed.unknown_length < 1e-9 * size


@needs_long_double
@pytest.mark.parametrize("kind", CURVED)
def test_predictions_at_the_anchor_are_rounded(kind):
    # large values that cancel: weights were computed from predictions with errors
    problem = make_problem(kind, n_rows=150)
    state = fitted(problem)
    far = 1e6 * np.ones(state.theta.shape)
    far[1] *= -1.0
    rows = replace(problem.rows, X=problem.rows.X[:, [0, 0, 2, 3]])
    state = replace(state, theta=state.theta + far, anchor=state.theta + far)
    computed = state.objective.raw_prediction(rows.X, state.anchor)
    X = design(state.objective, rows)[0]
    exact = X @ state.anchor.astype(LONG)
    wrong = float(np.abs(computed - exact).max())
    assert 0.0 < wrong <= measured(state, rows).change < 1e-6


@pytest.mark.parametrize("kind", CURVED)
def test_what_requests_take_from_eigenvalues_is_certified_anew(kind):
    problem = make_problem(kind, n_rows=80)
    state, rows = fitted(problem), problem.rows
    drift, ages, loose = measured(state, rows, exact=True), [], []
    for _ in range(40):
        edit = Edit(rows_out=rows.take(np.array([10])))
        rows = rows.take(np.delete(np.arange(rows.n_rows), 10))
        result = unlearn(state, edit)
        drift, state = stepped(drift, state, edit, result), result.state
        matrix = state.factor.folded().matrix()
        truth = np.linalg.eigvalsh(matrix, UPLO="L")[0]
        ages.append(drift.geometry.age)
        loose.append(truth / drift.geometry.smallest)
    assert min(loose) >= 1.0
    # each request takes a little; all together more than a half, and yet
    assert max(ages) <= 2.0
    assert np.diff(ages).min() < -0.5
    assert max(loose) < 2.1


# What the solver leaves -------------------------------------------------------------


@needs_long_double
@pytest.mark.parametrize("kind", [*CURVED, "squared"])
@pytest.mark.parametrize(("rate", "loose"), [(0.0, 1.001), (0.1, 1.1), (1.5, 3.0)])
def test_what_a_first_order_step_leaves_is_counted(kind, rate, loose):
    problem = make_problem(kind, n_rows=150)
    state = fitted(problem)
    drift = measured(state, problem.rows, exact=True)
    edit = Edit(rows_out=problem.rows.take(np.arange(10, 13)))
    rest = problem.rows.take(np.setdiff1d(np.arange(150), np.arange(10, 13)))
    result = unlearn(state, edit, rate / state.factor.largest_eigenvalue)
    after = stepped(drift, state, edit, result)
    euclid, dual = gradient_norms(result.state, rest)
    assert dual <= after.unknown
    assert euclid <= after.unknown_length
    # the smaller the step, the more it is all that there is
    assert after.unknown < loose * dual


@needs_long_double
@pytest.mark.parametrize("penalty", [1.0, 1e9])
@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_what_is_left_is_known_up_to_rounding(scale, penalty):
    # all else is exact: a gradient that was known, a Hessian of small integers; large
    # rows come and leave whose gradients cancel, a large penalty pulls
    rng = np.random.default_rng(0)
    problem = make_problem("squared", n_outputs=1, intercept=False, penalty=penalty)
    rows = replace(problem.rows, X=np.round(problem.rows.X), weight=np.ones(60))
    problem = replace(problem, rows=rows)
    for _ in range(30):
        state = fitted(problem)
        state = replace(state, theta=rng.standard_normal((4, 1)))
        out = replace(rows.take(np.arange(2)), X=scale * rng.standard_normal((2, 4)))
        out = replace(out, y=out.X @ state.theta + 1.0)
        new = replace(out, X=out.X * (1.0 + 1e-9 * rng.standard_normal((2, 4))))
        new = replace(new, y=new.X @ state.theta + 1.0)
        edit = Edit(rows_out=out, rows_in=new)
        before = join(rows, out)
        exact, _ = gradient(problem.objective, before, state.theta)
        state = replace(
            state,
            gradient=exact.astype(float),
            hessian=fresh_factor(problem.objective, before, state.theta),
        )
        drift = measured(state, before, exact=True)
        geometry = replace(drift.geometry, terms=0.0)
        drift = replace(drift, geometry=geometry, unknown=0.0, unknown_length=0.0)
        result = unlearn(state, edit)
        after = stepped(drift, state, edit, result)
        left, error = gradient(problem.objective, join(rows, new), result.state.theta)
        assert length(left) - length(error) <= after.unknown_length
        yardstick = Yardstick(result.state, join(rows, new))
        assert yardstick.dual_of(left) - yardstick.dual_of(error) <= after.unknown


def test_nothing_is_known_beyond_half_an_error():
    problem = make_problem("logistic")
    state = fitted(problem)
    drift = measured(state, problem.rows)
    geometry = replace(drift.geometry, terms=0.6 * 2.0**53 * drift.geometry.scaled)
    edit = Edit(rows_out=problem.rows.take(np.arange(10, 12)))
    after = stepped(
        replace(drift, geometry=geometry), state, edit, unlearn(state, edit)
    )
    assert after.unknown == after.unknown_length == math.inf


def test_the_bend_of_the_weights_is_that_of_the_theorem():
    assert bend(0.5, 2.0) == pytest.approx(math.exp(0.5) * math.expm1(2.0) / 2 - 1)
