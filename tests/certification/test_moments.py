"""Fourth moments of the rows, and the way from the anchor that they bound."""

import itertools
import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from sklearn_unlearn.certification.distance import distance
from sklearn_unlearn.certification.drift import measured, stepped
from sklearn_unlearn.certification.geometry import coarse
from sklearn_unlearn.certification.moments import Moments
from sklearn_unlearn.core.linear.bends import bend
from sklearn_unlearn.core.linear.edits import DropColumns, Edit, LinearMap
from sklearn_unlearn.core.linear.refinement import fresh_factor
from sklearn_unlearn.core.linear.steps import unlearn
from sklearn_unlearn.core.losses import HalfBinomialLogistic
from sklearn_unlearn.core.rows import Rows
from sklearn_unlearn.exceptions import NotPositiveDefiniteError
from tests.certification import reference, sequences
from tests.certification.drifts import CURVED
from tests.certification.reference import (
    LONG,
    flat,
    hessian,
    minimiser,
    needs_long_double,
    residual_and_curvature,
)
from tests.certification.test_drift import assert_bounds
from tests.core.problems import fitted, join, make_problem


def whole(matrix):
    """The symmetric matrix of an upper triangle."""
    return np.triu(matrix) + np.triu(matrix, 1).T


#: What maps the features, too.
OF_COLUMNS = (*sequences.OF_ROWS, "drop", "mixed", "map", "copied column")


def design(rows):
    return np.column_stack([rows.X, np.ones(rows.n_rows)])


def weighed(objective, rows, anchor):
    """Trace of the curvature of each row, and by how much less it counts."""
    raw = (design(rows) @ anchor).astype(LONG)
    curvature = residual_and_curvature(objective.loss, raw, rows.y)[1]
    trace = np.einsum("ikk->i", curvature).astype(float)
    if isinstance(objective.loss, HalfBinomialLogistic):
        return trace, np.minimum(1.0, 1.0 / (6.0 * np.sqrt(3.0) * trace)) ** 2
    return trace, np.ones(rows.n_rows)


def by_rows(objective, rows, anchor, scale):
    """F and Q row by row, dense, and the size of each row."""
    X = design(rows)
    trace, share = weighed(objective, rows, anchor)
    size = (X * X / scale).sum(axis=1)
    weighted = rows.reweighted(rows.weight * size * share)
    penalty = np.diag(flat(objective.penalty))
    squares = (X * X).T @ (X * X * (rows.weight * trace * share)[:, None])
    matrix = hessian(objective, weighted, anchor).astype(float) - penalty
    return matrix, squares, size


def are_powers_of_two(values):
    return np.all(np.frexp(values[values > 0.0])[0] == 0.5)


@pytest.mark.parametrize("kind", [*CURVED, "poisson"])
def test_rows_leave_as_they_came(kind):
    problem = make_problem(kind, n_rows=120)
    state, rows = fitted(problem), problem.rows
    moments = Moments.of(problem.objective, state.factor, rows, state.anchor)
    *expected, size = by_rows(
        problem.objective, rows, state.anchor, moments.fourth.scale
    )
    for found, truth in zip(
        (moments.fourth.matrix, moments.squares), expected, strict=True
    ):
        np.testing.assert_allclose(whole(found), truth, rtol=1e-12, atol=1e-12)
    out, rest = rows.take(np.arange(10, 40)), rows.take(np.r_[:10, 40:120])
    far = replace(out, X=1e3 * out.X)
    left = moments.edited(problem.objective, state.anchor, far, out)
    left = left.edited(problem.objective, state.anchor, None, far)
    # in the units of all that was ever there
    *expected, _ = by_rows(problem.objective, rest, state.anchor, moments.fourth.scale)
    for found, truth, ever in (
        (left.fourth.matrix, expected[0], left.fourth.ever),
        (left.squares, expected[1], left.ever),
    ):
        assert np.abs(whole(found) - truth).max() <= 1e-14 * ever.max()
    # of single rows no number tells but orders of magnitude
    for values in (
        left.fourth.scale,
        moments.fourth.scale,
        moments.fourth.ever,
        moments.ever,
    ):
        assert are_powers_of_two(values)
    # no change of coefficients moves a row further than its size says
    rng = np.random.default_rng(0)
    for _ in range(20):
        change = rng.standard_normal(state.theta.shape)
        moved = np.abs(design(rows) @ change).max(axis=1)
        assert np.all(moved <= np.sqrt(size) * moments.fourth.length(change))
        packed = state.objective.pack(change)
        form = float(np.sqrt(np.vdot(packed, whole(moments.fourth.matrix) @ packed)))
        assert form <= moments.fourth.norm(packed, 100.0) <= form * (1.0 + 1e-9)


@pytest.mark.parametrize("kind", CURVED)
def test_squared_changes_are_bounded(kind):
    # columns that are rarely anything, some of them never together
    rng = np.random.default_rng(0)
    problem = make_problem(kind, n_columns=8)
    rows = problem.rows
    X = rows.X * (rng.uniform(size=rows.X.shape) < 0.2)
    X[:, :4] = np.eye(4)[rng.integers(4, size=rows.n_rows)] * rows.X[:, :1]
    rows = replace(rows, X=X)
    anchor = 0.3 * rng.standard_normal(problem.objective.shape)
    factor = fresh_factor(problem.objective, rows, anchor)
    moments = Moments.of(problem.objective, factor, rows, anchor)
    trace, share = weighed(problem.objective, rows, anchor)
    weight = rows.weight * trace * share
    for n_columns, others in itertools.product((1, 2, 4, 6, 9), (0.0, 1e-3)):
        for _ in range(5):
            change = rng.standard_normal(anchor.shape)
            change *= 10.0 ** rng.uniform(-3, 0, (9, 1))
            change[n_columns:] *= others
            lengths = np.square(design(rows) @ change).sum(axis=1)
            truth = math.sqrt(weight @ np.square(lengths))
            found = moments.square(change, 100.0)
            assert truth <= found
            if n_columns <= 4 and not others:  # each row has one of them
                assert found <= 1.001 * truth


def test_a_curvature_bends_no_more_than_it_counts():
    # (1 / 6 sqrt 3) is the largest third derivative, at p = (3 +- sqrt 3) / 6
    z = np.linspace(-12.0, 12.0, 4001)
    loss = HalfBinomialLogistic()
    p = 1.0 / (1.0 + np.exp(-z))
    third = np.abs((1.0 - 2.0 * p) * p * (1.0 - p))
    assert third.max() <= loss.max_third <= third.max() * (1.0 + 1e-5)
    curvature = loss.curvature(z[:, None], None)
    share = np.minimum(1.0, loss.max_third / curvature)
    for change in (-3.0, -0.5, 1e-3, 0.5, 3.0):
        path = np.linspace(0.0, change, 201)[:, None, None]
        there = np.array([loss.curvature(z[:, None] + step, None) for step in path])
        mean = (there[1:] + there[:-1]).mean(axis=0) / 2.0
        bound = bend(0.0, abs(change)) * share
        assert np.all(np.abs(mean / curvature - 1.0) <= bound * (1.0 + 1e-4) + 1e-9)


def test_forgotten_columns_leave_nothing():
    problem = make_problem("multinomial", n_rows=120)
    state = fitted(problem)
    drift = measured(state, problem.rows, exact=True, alone=True)
    columns = np.array([False, True, False, False, False])[: state.theta.shape[0]]
    edit = Edit(feature_map=DropColumns(columns))
    step = unlearn(state, edit)
    after = stepped(drift, state, edit, step)
    held = step.state.objective.packed_held
    for matrix, out in (
        (whole(after.geometry.moments.fourth.matrix), held),
        (whole(after.geometry.moments.squares), columns),
    ):
        assert not matrix[out].any()
        assert matrix[~out][:, ~out].any()
    # what is kept of the coefficient is its order of magnitude
    for name, value in vars(after.lost).items():
        assert value == coarse(value) > 0.0, name
    assert after.geometry.blur == coarse(after.geometry.blur) > 0.0
    # rows that leave now would leave with other weights: then there are none
    edit = Edit(rows_out=problem.rows.take(np.arange(10, 12)))
    gone = stepped(after, step.state, edit, unlearn(step.state, edit))
    assert gone.geometry.moments is None


@needs_long_double
@pytest.mark.parametrize("verbs", [sequences.OF_ROWS, OF_COLUMNS], ids=["rows", "all"])
@pytest.mark.parametrize("trouble", sequences.TROUBLES)
def test_the_way_from_the_anchor_is_bounded(trouble, verbs):
    rng = np.random.default_rng([500 + len(verbs), sequences.TROUBLES.index(trouble)])
    counts = Counter()
    for _ in range(6):
        objective, rows = sequences.random_problem(rng, trouble)
        try:
            state, drift = sequences.begin(objective, rows)
        except NotPositiveDefiniteError:
            continue
        visit = None
        for visit in sequences.walk(rng, state, drift, rows, 10, 0.2, verbs):
            finite = assert_bounds(*visit.claimed)
            counts[finite, visit.drift.rest < visit.drift.unknown] += 1
        if visit is None or not np.isfinite(visit.drift.unknown):
            continue
        found = distance(visit.state, visit.drift, 1e-9).minimiser
        if np.isfinite(found):
            truth = minimiser(visit.state.objective, visit.rows, visit.state.theta)
            error = np.linalg.norm(visit.state.theta - truth.theta)
            assert error <= found + truth.error
    assert counts[True, True] > 5, counts


@needs_long_double
@pytest.mark.parametrize("kind", CURVED)
@pytest.mark.parametrize("how", ["drop", "map"])
def test_the_way_goes_on_after_a_map(kind, how):
    problem = make_problem(kind, n_rows=400, n_columns=3)
    X = problem.rows.X.copy()
    X[:, 1] = np.random.default_rng(0).permutation(X[:, 1])  # it says hardly anything
    rows = replace(problem.rows, X=X)
    state = fitted(replace(problem, rows=rows))
    raw = state.objective.raw_prediction(rows.X, state.anchor)
    drift = measured(state, rows, exact=True, alone=True)
    if how == "drop":
        columns = np.array([False, True, False, False])
        edit = Edit(feature_map=DropColumns(columns))
    else:
        matrix = np.eye(4) + np.diag([0.1, 0.2, 0.0], 1)
        penalty = 2.0 * state.objective.penalty
        edit = Edit(
            feature_map=LinearMap(matrix), penalty=penalty, linear=0.0 * penalty
        )
        rows = replace(rows, X=(design(rows) @ matrix.T)[:, :3])
    step = unlearn(state, edit)
    drift, state = stepped(drift, state, edit, step), step.state
    assert drift.geometry.blur > 0.01 or how == "map"
    drifts = [drift, replace(drift, rest=np.inf)]
    for n_out in (2, 2, 2, 2):
        edit = Edit(rows_out=rows.take(np.arange(n_out)))
        step = unlearn(state, edit)
        drifts = [stepped(drift, state, edit, step) for drift in drifts]
        state, rows, raw = (
            step.state,
            rows.take(np.arange(n_out, rows.n_rows)),
            raw[n_out:],
        )
        for drift in drifts:
            assert assert_bounds(state, drift, rows, raw)
        assert drifts[0].rest < drifts[0].unknown < np.inf
    less = {"drop": 1.0, "map": 0.9}[how]
    assert drifts[0].unknown < less * drifts[1].unknown


def from_the_anchor(state, rows, raw):
    """The gradient if each row's loss were quadratic from where its weight began."""
    objective = state.objective
    X, y, weight = reference.design(objective, rows)
    residual, curvature = residual_and_curvature(objective.loss, raw.astype(LONG), y)
    bent = np.einsum("ikl,il->ik", curvature, X @ state.theta - raw)
    found = X.T @ ((residual + bent) * weight[:, None])
    found += objective.penalty * state.theta + objective.linear
    found[objective.held] = 0
    return found


@needs_long_double
@pytest.mark.parametrize("kind", CURVED)
def test_a_row_that_leaves_after_a_column_of_its_own_bent_from_where_it_began(kind):
    problem = make_problem(kind, n_rows=400, n_columns=3)
    X, y = problem.rows.X.copy(), problem.rows.y.copy()
    X[:, 1], y[20] = 0.0, 1.0
    X[20, 1] = 2.0
    rows = replace(problem.rows, X=X, y=y)
    state = fitted(replace(problem, rows=rows))
    raw = state.objective.raw_prediction(rows.X, state.anchor)
    drift = measured(state, rows, exact=True, alone=True)
    rest = np.delete(np.arange(400), 20)
    columns = np.array([False, True, False, False])
    for edit, stay in (
        (Edit(feature_map=DropColumns(columns)), np.arange(400)),
        (Edit(rows_out=rows.take(np.array([20]))), rest),
    ):
        step = unlearn(state, edit)
        drift, state = stepped(drift, state, edit, step), step.state
        rows, raw = rows.take(stay), raw[stay]
        truth = from_the_anchor(state, rows, raw) - state.gradient
        truth = reference.Yardstick(state, rows, raw).dual_of(truth)
        assert truth <= drift.rest
    # it is the row's own bend that is left, and not much more is claimed
    assert truth > 1e-3
    assert drift.rest < 20.0 * truth


def rare(rng, n_rows=4000):
    """Columns of which some are rarely anything else than zero, then large."""
    X = rng.standard_normal((n_rows, 12))
    for j, share in enumerate((0.1, 0.03, 0.01, 0.003, 0.002)):
        X[:, j] = (rng.uniform(size=n_rows) < share) / np.sqrt(share)
    raw = X @ (0.3 * rng.standard_normal(12))
    y = (raw + rng.logistic(size=n_rows) > 0.0).astype(float)[:, None]
    y[:2, 0] = 0.0, 1.0
    return Rows(X, y, np.ones(n_rows))


def test_averages_bound_what_maxima_did_not():
    rng = np.random.default_rng(0)
    problem = make_problem("logistic", n_columns=12, intercept=False)
    problem = replace(problem, rows=rare(rng))
    state, rows = fitted(problem), problem.rows
    order = 4 + rng.permutation(rows.n_rows - 4)[:40]
    drifts = [measured(state, rows, exact=True, alone=alone) for alone in (True, False)]
    spent = np.zeros(2)
    for row in order:
        edit = Edit(rows_out=rows.take(np.array([row])))
        step = unlearn(state, edit)
        drifts = [stepped(drift, state, edit, step) for drift in drifts]
        state = step.state
        spent += [distance(state, d, 1e-9).minimiser ** 2 for d in drifts]
    # a tenth of the distance: where squares add up, a hundred times as many
    assert spent[0] < 0.01 * spent[1]
    rest = rows.take(np.setdiff1d(np.arange(rows.n_rows), order))
    truth = np.linalg.norm(state.theta - fitted(replace(problem, rows=rest)).theta)
    assert truth < distance(state, drifts[0], 1e-9).minimiser


def test_rows_that_come_back_leave_the_way_short():
    problem = make_problem("logistic", n_rows=200)
    state, rows = fitted(problem), problem.rows
    drifts = [measured(state, rows, exact=True, alone=alone) for alone in (True, False)]
    some = rows.take(np.arange(20, 24))
    for _ in range(5):
        for edit in (Edit(rows_out=some), Edit(rows_in=some)):
            step = unlearn(state, edit)
            drifts = [stepped(drift, state, edit, step) for drift in drifts]
            state = step.state
    # what was bent on the way out is not on the way back
    assert drifts[0].unknown < 0.05 * drifts[1].unknown
    now = join(rows.take(np.r_[:20, 24:200]), some)
    raw = state.objective.raw_prediction(now.X, state.anchor)
    assert assert_bounds(state, drifts[0], now, raw)
