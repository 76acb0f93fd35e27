"""Losses that are averaged: the penalty follows the weight of the rows."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import GammaRegressor, PoissonRegressor, TweedieRegressor

from sklearn_unlearn import (
    GaussianCertification,
    UnlearnableGammaRegressor,
    UnlearnablePoissonRegressor,
    UnlearnableTweedieRegressor,
)
from sklearn_unlearn.core.linear.factor import factorise
from sklearn_unlearn.exceptions import UnlearningError
from tests.cases import LARGE_STEPS, coefficients, data, make, stop, weights
from tests.linear_model.test_twins import twin_of

AVERAGED = ["poisson", "gamma", "tweedie", "normal"]
averaged = pytest.mark.parametrize("name", AVERAGED)


def state_of(estimator):
    return estimator._fitted.model.state


def assert_penalty(estimator, weight):
    """The penalty is alpha times the summed weight, everywhere."""
    state = state_of(estimator)
    expected = np.full(state.objective.shape, estimator.alpha * weight)
    expected[-1] = 0.0
    np.testing.assert_allclose(state.objective.penalty, expected, rtol=1e-12)
    factor = state.factor
    np.testing.assert_array_equal(factor.penalty, state.objective.packed_penalty)
    fresh = factorise(
        factor.hessian(),
        factor.penalty,
        factor.gauge,
        np.setdiff1d(factor.kept, factor.dropped),
    )
    right = np.random.default_rng(0).standard_normal((factor.order, 2))
    np.testing.assert_allclose(factor.solve(right), fresh.solve(right), rtol=1e-9)


@pytest.mark.filterwarnings(LARGE_STEPS)
@averaged
@pytest.mark.parametrize("retain_data", [False, True])
def test_the_penalty_follows_every_verb(name, retain_data):
    X, y = data(name)
    weight = weights(len(y))
    total = weight.sum()
    estimator = make(name, retain_data=retain_data).fit(X, y, sample_weight=weight)
    assert_penalty(estimator, total)
    estimator.partial_unfit(X[:2], y[:2], sample_weight=weight[:2])
    total -= weight[:2].sum()
    assert_penalty(estimator, total)
    estimator.replace_labels(X[2:3], y[2:3], y[2:3] + 1.0, sample_weight=weight[2])
    assert_penalty(estimator, total)
    estimator.partial_fit(X[:1], y[:1], sample_weight=0.25)
    total += 0.25
    assert_penalty(estimator, total)
    estimator.forget_features(1)
    assert_penalty(estimator, total)
    new = X[3:4] + 0.1
    estimator.replace_features(X[3:4], y[3:4], new, sample_weight=weight[3] / 2)
    assert_penalty(estimator, total)
    assert_penalty(pickle.loads(pickle.dumps(estimator)), total)


@averaged
def test_a_request_keeps_the_factor(name):
    X, y = data(name, n_rows=3000, n_columns=40)
    estimator = make(name).fit(X, y)
    array = state_of(estimator).factor.array
    estimator.partial_unfit(X[:3], y[:3])
    assert state_of(estimator).factor.array is array
    assert_penalty(estimator, 2997.0)


@averaged
def test_without_data_a_request_is_the_formula_with_the_new_penalty(name):
    X, y = data(name)
    estimator = make(name).fit(X, y)
    state = state_of(estimator)
    loss, theta = state.objective.loss, state.theta
    A = np.column_stack([X, np.ones(len(y))])
    raw, target = A @ theta, y[:, None]
    rest = np.arange(3, len(y))
    penalty = np.diag([estimator.alpha * rest.size] * 5 + [0.0])
    gradient = A[rest].T @ loss.gradient(raw, target)[rest] + penalty @ theta
    hessian = (A[rest].T * loss.curvature(raw, target)[rest]) @ A[rest] + penalty
    expected = theta - np.linalg.solve(hessian, gradient)
    estimator.partial_unfit(X[:3], y[:3])
    np.testing.assert_allclose(coefficients(estimator), expected[:, 0], atol=1e-9)


@averaged
@pytest.mark.parametrize("weighted", [False, True])
def test_gradient_residual_is_that_of_the_rows_it_is_given(name, weighted):
    X, y = data(name)
    weight = weights(len(y)) if weighted else np.ones(len(y))
    estimator = make(name).fit(X, y, sample_weight=weight)
    theta = state_of(estimator).theta
    refit = clone(estimator).fit(X[9:], y[9:], sample_weight=weight[9:])
    objective = state_of(refit).objective
    rows = refit._read_rows(refit._fitted, X[9:], y[9:], weight[9:])
    expected = np.linalg.norm(objective.gradient(rows, theta))
    residual = estimator.gradient_residual(X[9:], y[9:], sample_weight=weight[9:])
    assert residual == pytest.approx(expected, rel=1e-12)
    rest = X[9:], y[9:], weight[9:]
    assert refit.gradient_residual(*rest) <= stop(refit, *rest)


@averaged
def test_many_requests_and_refinement(name):
    X, y = data(name, 400)
    estimator = make(name).fit(X, y)
    for start in range(0, 160, 4):  # a penalty of which four tenths go
        estimator.partial_unfit(X[start : start + 4], y[start : start + 4])
    assert_penalty(estimator, 240.0)
    estimator.refine(X[160:], y[160:])
    refit = make(name).fit(X[160:], y[160:])
    np.testing.assert_allclose(
        coefficients(estimator), coefficients(refit), rtol=1e-7, atol=1e-9
    )


@averaged
@pytest.mark.parametrize("weighted", [False, True])
def test_score_is_the_twins(name, weighted):
    X, y = data(name)
    weight = weights(len(y)) if weighted else None
    ours, twin = make(name).fit(X, y), twin_of(name).fit(X, y)
    expected = twin.score(X, y, sample_weight=weight)
    assert ours.score(X, y, sample_weight=weight) == pytest.approx(expected, rel=1e-9)
    assert ours.to_sklearn().score(X, y) == pytest.approx(ours.score(X, y), rel=1e-9)


@pytest.mark.parametrize(
    ("ours", "twin", "bad"),
    [
        (UnlearnablePoissonRegressor(), PoissonRegressor(), -1.0),
        (UnlearnableGammaRegressor(), GammaRegressor(), 0.0),
        (UnlearnableTweedieRegressor(power=1.5), TweedieRegressor(power=1.5), -1e-9),
        (UnlearnableTweedieRegressor(power=2), TweedieRegressor(power=2), 0.0),
    ],
)
def test_targets_out_of_range_are_refused_by_every_verb(ours, twin, bad):
    X, y = data("gamma")
    wrong = y.copy()
    wrong[1] = bad
    for estimator in (ours, twin):
        with pytest.raises(ValueError, match="out of the valid range of the loss"):
            clone(estimator).fit(X, wrong)
    ours = clone(ours).fit(X, y)
    before = coefficients(ours)
    for verb in (
        lambda: ours.partial_fit(X[:2], wrong[:2]),
        lambda: ours.partial_unfit(X[:2], wrong[:2]),
        lambda: ours.replace_labels(X[:2], y[:2], wrong[:2]),
        lambda: ours.refine(X, wrong),
    ):
        with pytest.raises(ValueError, match="out of the valid range of the loss"):
            verb()
    np.testing.assert_array_equal(coefficients(ours), before)


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"power": 3.0}, "not convex"),
        ({"power": 0.5}, "not convex"),
        ({"power": 0.0, "link": "log"}, "not convex"),
        ({"power": -1.0}, "power must be 0"),
        ({"power": 1.0, "link": "identity"}, "power must be 0"),
        ({"link": "logit"}, "link must be"),
        ({"alpha": -1.0}, "alpha"),
        ({"alpha": np.inf}, "alpha must be finite"),
        ({"power": np.nan}, "power"),
    ],
)
def test_what_is_not_convex_is_refused_with_the_reason(params, match):
    X, y = data("gamma")
    with pytest.raises(ValueError, match=match):
        UnlearnableTweedieRegressor(**params).fit(X, y)


def test_a_power_that_is_no_number():
    X, y = data("gamma")
    with pytest.raises(TypeError, match="power"):
        UnlearnableTweedieRegressor(power="1").fit(X, y)


def test_powers_one_and_two_are_poisson_and_gamma():
    X, y = data("gamma")
    for power, other in (
        (1, UnlearnablePoissonRegressor()),
        (2.0, UnlearnableGammaRegressor()),
    ):
        ours = UnlearnableTweedieRegressor(power=power).fit(X, y)
        np.testing.assert_array_equal(coefficients(ours), coefficients(other.fit(X, y)))


@averaged
def test_without_a_penalty(name):
    X, y = data(name)
    estimator = make(name, alpha=0.0, retain_data=True).fit(X, y)
    estimator.partial_unfit(X[:3], y[:3])
    np.testing.assert_allclose(
        coefficients(estimator),
        coefficients(make(name, alpha=0.0).fit(X[3:], y[3:])),
        rtol=1e-7,
        atol=1e-9,
    )


@averaged
def test_all_rows_cannot_leave(name):
    X, y = data(name)
    estimator = make(name).fit(X, y)
    with pytest.raises(UnlearningError, match="no rows"):
        estimator.partial_unfit(X, y)


@averaged
def test_certified_distances_hold(name):
    X, y = data(name, 2000)
    certification = GaussianCertification(epsilon=1.0, delta=1e-5, sigma=1e6)
    estimator = make(name, certification=certification).fit(X, y)
    start = 0
    for n_rows in (1, 1, 3, 10):
        stop = start + n_rows
        cost = estimator.removal_cost(X[start:stop], y[start:stop])
        estimator.partial_unfit(X[start:stop], y[start:stop])
        start = stop
        refit = make(name, tol=1e-10).fit(X[stop:], y[stop:])
        theta = state_of(estimator).theta
        distance = np.linalg.norm(theta - state_of(refit).theta)
        bound = estimator.private_record().distance
        assert distance <= bound < 1.0
        assert cost.distance >= bound * 0.999
    estimator.refine(X[stop:], y[stop:])
    residual = estimator.gradient_residual(X[stop:], y[stop:])
    assert residual <= estimator.tol + residual.rounding_error
    after = np.linalg.norm(state_of(estimator).theta - state_of(refit).theta)
    assert after < max(1e-3 * distance, 1e-12)
