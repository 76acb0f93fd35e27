"""Neither coefficients nor steps depend on the units of weights and of targets."""

import numpy as np
import pytest

from sklearn_unlearn import UnlearnableHuberRegressor
from tests.cases import (
    ESTIMATORS,
    LARGE_STEPS,
    coefficients,
    data,
    make,
    weights,
)

N_ROWS = 150
OUT = np.array([3, 40, 77])
#: Losses of which the penalty is given by C, its inverse.
INVERSE = ["logistic", "multinomial", "svc", "svcs", "svr", "svr_squared"]
#: Losses that average: their penalty has no unit of the weights.
AVERAGED = ["poisson", "gamma", "tweedie", "normal"]


def scaled(name, unit, **params):
    """The estimator whose penalty goes with weights of another unit."""
    if name in AVERAGED:
        return make(name, **params)
    strength = "C" if name in INVERSE else "alpha"
    value = ESTIMATORS[name][1][strength]
    value = value / unit if name in INVERSE else np.multiply(value, unit)
    return make(name, **{strength: value}, **params)


def fitted(name, unit, **params):
    X, y = data(name)
    return scaled(name, unit, **params).fit(X, y, sample_weight=unit * weights(N_ROWS))


def after_requests(estimator, name, unit):
    X, y = data(name)
    weight = unit * weights(N_ROWS)[OUT]
    estimator.partial_unfit(X[OUT], y[OUT], sample_weight=weight)
    return estimator.partial_fit(X[OUT], y[OUT], sample_weight=2.0 * weight)


@pytest.mark.filterwarnings(LARGE_STEPS)
@pytest.mark.parametrize("retain_data", [False, True])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_powers_of_four_change_no_bit(name, retain_data):
    one = fitted(name, 1.0, retain_data=retain_data)
    others = [
        fitted(name, unit, retain_data=retain_data) for unit in (4.0**-20, 4.0**20)
    ]
    for other in others:
        np.testing.assert_array_equal(coefficients(other), coefficients(one))
        assert other.n_iter_ == one.n_iter_
    after_requests(one, name, 1.0)
    for other, unit in zip(others, (4.0**-20, 4.0**20), strict=True):
        after_requests(other, name, unit)
        np.testing.assert_array_equal(coefficients(other), coefficients(one))


@pytest.mark.parametrize("unit", [1e-12, 1e-7, 1e7, 1e12])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_weights_of_any_unit(name, unit):
    one, other = fitted(name, 1.0), fitted(name, unit)
    assert other.n_iter_ == one.n_iter_
    np.testing.assert_allclose(
        coefficients(other), coefficients(one), rtol=1e-9, atol=1e-11
    )


@pytest.mark.parametrize("unit", [1e-12, 1e12])
@pytest.mark.parametrize(
    "name", ["ridge", "ridge_targets", "ridge_alphas", "normal", "svr_squared", "svr"]
)
def test_targets_of_any_unit(name, unit):
    X, y = data(name)
    params = {"epsilon": 0.4 * unit} if name == "svr" else {}
    one, other = make(name).fit(X, y), make(name, **params).fit(X, unit * y)
    assert other.n_iter_ == one.n_iter_
    np.testing.assert_allclose(
        coefficients(other), unit * coefficients(one), rtol=1e-9, atol=1e-11 * unit
    )


@pytest.mark.parametrize("unit", [1e-12, 1e12])
@pytest.mark.parametrize(("name", "degree"), [("poisson", 1.0), ("tweedie", 0.6)])
def test_targets_of_any_unit_behind_a_logarithm(name, degree, unit):
    X, y = data(name)
    alpha = 0.3 * unit**degree
    one, other = make(name).fit(X, y), make(name, alpha=alpha).fit(X, unit * y)
    assert other.n_iter_ == one.n_iter_
    np.testing.assert_allclose(other.coef_, one.coef_, rtol=1e-7, atol=1e-9)
    assert other.intercept_ == pytest.approx(one.intercept_ + np.log(unit), rel=1e-9)


def test_one_target_of_several_has_a_small_unit():
    X, y = data("ridge_targets")
    unit = np.array([1.0, 1e-12])
    one, other = make("ridge_targets").fit(X, y), make("ridge_targets").fit(X, y * unit)
    np.testing.assert_allclose(other.coef_ / unit[:, None], one.coef_, rtol=1e-9)


@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_the_scale_of_a_robust_regression(unit):
    X, y = data("huber")
    one = UnlearnableHuberRegressor(alpha=0.3).fit(X, y)
    other = UnlearnableHuberRegressor(alpha=0.3 / unit).fit(X, unit * y)
    np.testing.assert_allclose(other.coef_, unit * one.coef_, rtol=1e-7)
    assert other.scale_ == pytest.approx(unit * one.scale_, rel=1e-7)


@pytest.mark.parametrize("name", ["logistic", "poisson", "gamma", "svc"])
def test_refinement(name):
    X, y = data(name)
    unit, rest = 1e-10, np.delete(np.arange(N_ROWS), OUT)
    weight = weights(N_ROWS)
    estimator = fitted(name, unit)
    estimator.partial_unfit(X[OUT], y[OUT], sample_weight=unit * weight[OUT])
    estimator.refine(X[rest], y[rest], sample_weight=unit * weight[rest])
    refit = make(name).fit(X[rest], y[rest], sample_weight=weight[rest])
    np.testing.assert_allclose(
        coefficients(estimator), coefficients(refit), rtol=1e-7, atol=1e-9
    )
