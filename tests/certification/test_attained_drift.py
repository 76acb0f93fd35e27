"""Problems of one unknown, on which the bound of theorem 3 is attained."""

import math
from dataclasses import replace

import numpy as np
import pytest

from sklearn_unlearn.certification.drift import measured, stepped
from sklearn_unlearn.core.linear.edits import Edit
from sklearn_unlearn.core.linear.steps import unlearn
from tests.certification import exponential
from tests.certification.drifts import CURVED, gradient_norms
from tests.certification.reference import Yardstick
from tests.core.problems import fitted, make_problem


def one_unknown(kind, u, *, anchor, slope, shares=(1.0,), unknown=0.0):
    """A state and its drift, a part of the gradient left unknown."""
    state = exponential.state(kind, u, anchor=anchor, slope=slope, shares=shares)
    drift = measured(state, exponential.rows(kind, shares), exact=True)
    extra = unknown * exponential.LENGTH[kind] / math.sqrt(drift.geometry.smallest)
    return state, replace(drift, unknown=unknown, unknown_length=extra)


@pytest.mark.parametrize("lag", [0.0, 0.4, 2.0])
@pytest.mark.parametrize("step", [0.05, 1.0])
@pytest.mark.parametrize("kind", CURVED)
def test_the_remainder_of_a_step_is_attained(kind, step, lag):
    # anchor, state and where it goes from left to right
    state, drift = one_unknown(kind, 0.0, anchor=-lag, slope=1.0)
    move = step * math.exp(-lag)  # of the slope, for a step of this size
    linear = exponential.objective(kind, 1.0 + move).linear
    edit = Edit(linear=linear)
    result = unlearn(state, edit)
    np.testing.assert_allclose(
        result.state.theta, exponential.theta(kind, step), rtol=1e-12
    )
    after = stepped(drift, state, edit, result)
    euclid, dual = gradient_norms(result.state, exponential.rows(kind))
    assert dual * (1 - 1e-9) <= after.unknown <= dual * (1 + 1e-6)
    assert euclid * (1 - 1e-9) <= after.unknown_length
    change = (lag + step) * {"logistic": 1.0, "multinomial": 0.5}[kind]
    assert after.change == pytest.approx(change, rel=1e-9)


@pytest.mark.parametrize("kind", CURVED)
def test_steps_accumulate(kind):
    state, drift = one_unknown(kind, 0.0, anchor=0.0, slope=1.0)
    for n in range(1, 4):
        linear = exponential.objective(kind, 1.0 + 0.1 * n).linear
        edit = Edit(linear=linear)
        result = unlearn(state, edit)
        drift, state = stepped(drift, state, edit, result), result.state
        _, dual = gradient_norms(state, exponential.rows(kind))
        assert dual * (1 - 1e-9) <= drift.unknown <= dual * (1 + 1e-6)
    change = 0.3 * {"logistic": 1.0, "multinomial": 0.5}[kind]
    assert drift.change == pytest.approx(change, rel=1e-9)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
@pytest.mark.parametrize("kind", CURVED)
def test_the_growth_of_norms_is_attained(kind, share):
    # of two equal rows one leaves; the minimiser of the rest is here: nothing moves
    state, drift = one_unknown(
        kind, 0.0, anchor=0.0, slope=1 - share, shares=(1 - share, share), unknown=3.0
    )
    edit = Edit(rows_out=exponential.rows(kind, (share,)))
    result = unlearn(state, edit)
    after = stepped(drift, state, edit, result)
    leverage = share / (1.0 - share)
    radius = Yardstick(result.state, exponential.rows(kind, (1 - share,))).radius
    assert radius == pytest.approx(math.sqrt(1.0 + leverage) * drift.geometry.radius)
    # but for the leverage, which is rounded up by a sixteenth at most
    growths = (
        (after.geometry.radius / drift.geometry.radius) ** 2,
        drift.geometry.smallest / after.geometry.smallest,
        (after.unknown / 3.0) ** 2,
    )
    for growth in growths:
        assert (
            1.0 + leverage * (1 - 1e-6) <= growth <= 1.0 + leverage * (17 + 1e-6) / 16
        )


@pytest.mark.parametrize("kind", CURVED)
def test_many_rows_out_grow_no_less_than_one_by_one(kind, monkeypatch):
    # beyond some number of columns the sum of the leverages takes the largest's place
    problem = make_problem(kind, n_rows=80)
    state = fitted(problem)
    drift = measured(state, problem.rows, exact=True)
    out = np.arange(10, 20)
    edit = Edit(rows_out=problem.rows.take(out))
    rest = problem.rows.take(np.setdiff1d(np.arange(80), out))
    result = unlearn(state, edit)
    exact = stepped(drift, state, edit, result)
    monkeypatch.setattr("sklearn_unlearn.certification.growth._MANY", 2)
    loose = stepped(drift, state, edit, result)
    assert loose.geometry.radius > exact.geometry.radius
    assert exact.geometry.radius >= Yardstick(result.state, rest).radius * (1 - 1e-9)
