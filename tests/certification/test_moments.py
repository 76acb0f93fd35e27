"""Fourth moments of the rows, and the way from the anchor that they bound."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from sklearn_unlearn.certification.distance import distance
from sklearn_unlearn.certification.drift import measured, stepped
from sklearn_unlearn.core.linear.edits import DropColumns, Edit
from sklearn_unlearn.core.linear.fourth_moments import FourthMoments
from sklearn_unlearn.core.linear.steps import unlearn
from sklearn_unlearn.core.rows import Rows
from sklearn_unlearn.exceptions import NotPositiveDefiniteError
from tests.certification import sequences
from tests.certification.drifts import CURVED
from tests.certification.reference import (
    flat,
    hessian,
    minimiser,
    needs_long_double,
)
from tests.certification.test_drift import assert_bounds
from tests.core.problems import fitted, join, make_problem


def whole(moments):
    """The symmetric matrix."""
    upper = np.triu(moments.matrix)
    return upper + np.triu(moments.matrix, 1).T


def by_rows(objective, rows, anchor, scale):
    """Row by row, dense."""
    X = np.column_stack([rows.X, np.ones(rows.n_rows)])
    size = (X * X / scale).sum(axis=1)
    weighted = rows.reweighted(rows.weight * size)
    penalty = np.diag(flat(objective.penalty))
    return hessian(objective, weighted, anchor).astype(float) - penalty, size


def are_powers_of_two(values):
    return np.all(np.frexp(values[values > 0.0])[0] == 0.5)


@pytest.mark.parametrize("kind", [*CURVED, "poisson"])
def test_rows_leave_as_they_came(kind):
    problem = make_problem(kind, n_rows=120)
    state, rows = fitted(problem), problem.rows
    moments = FourthMoments.of(problem.objective, state.factor, rows, state.anchor)
    expected, size = by_rows(problem.objective, rows, state.anchor, moments.scale)
    np.testing.assert_allclose(whole(moments), expected, rtol=1e-12, atol=1e-12)
    out, rest = rows.take(np.arange(10, 40)), rows.take(np.r_[:10, 40:120])
    far = replace(out, X=1e3 * out.X)
    left = moments.edited(problem.objective, state.anchor, far, out)
    left = left.edited(problem.objective, state.anchor, None, far)
    # in the units of all that was ever there
    expected, _ = by_rows(problem.objective, rest, state.anchor, moments.scale)
    error = np.abs(whole(left) - expected)
    assert error.max() <= 1e-14 * left.ever.max()
    # of single rows no number tells but orders of magnitude
    for values in (left.scale, moments.scale, moments.ever):
        assert are_powers_of_two(values)
    # no change of coefficients moves a row further than its size says
    rng = np.random.default_rng(0)
    X = np.column_stack([rows.X, np.ones(rows.n_rows)])
    for _ in range(20):
        change = rng.standard_normal(state.theta.shape)
        moved = np.abs(X @ change).max(axis=1)
        assert np.all(moved <= np.sqrt(size) * moments.length(change))
        packed = state.objective.pack(change)
        form = float(np.sqrt(np.vdot(packed, whole(moments) @ packed)))
        assert form <= moments.norm(packed, 100.0) <= form * (1.0 + 1e-9)


def test_forgotten_columns_leave_nothing():
    problem = make_problem("multinomial", n_rows=120)
    state = fitted(problem)
    drift = measured(state, problem.rows, exact=True, alone=True)
    columns = np.array([False, True, False, False, False])[: state.theta.shape[0]]
    edit = Edit(feature_map=DropColumns(columns))
    step = unlearn(state, edit)
    after = stepped(drift, state, edit, step)
    held = step.state.objective.packed_held
    matrix = whole(after.geometry.moments)
    assert not matrix[held].any()
    assert matrix[~held][:, ~held].any()
    # rows that leave now would leave with other weights: then there are none
    edit = Edit(rows_out=problem.rows.take(np.arange(10, 12)))
    gone = stepped(after, step.state, edit, unlearn(step.state, edit))
    assert gone.geometry.moments is None
    assert after.rest == gone.rest == np.inf


@needs_long_double
@pytest.mark.parametrize("trouble", sequences.TROUBLES)
def test_the_way_from_the_anchor_is_bounded(trouble):
    rng = np.random.default_rng([500, sequences.TROUBLES.index(trouble)])
    counts = Counter()
    for _ in range(6):
        objective, rows = sequences.random_problem(rng, trouble)
        try:
            state, drift = sequences.begin(objective, rows)
        except NotPositiveDefiniteError:
            continue
        visit = None
        for visit in sequences.walk(
            rng, state, drift, rows, 10, 0.2, sequences.OF_ROWS
        ):
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
