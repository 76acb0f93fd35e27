"""Robust regression: the scale is fitted, unlearned and exported like a coefficient."""

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.base import clone
from sklearn.linear_model import HuberRegressor
from sklearn.linear_model._huber import _huber_loss_and_gradient

from sklearn_unlearn import GaussianCertification, UnlearnableHuberRegressor
from sklearn_unlearn.exceptions import (
    NoBoundError,
    NotPositiveDefiniteError,
    StepTooLargeError,
)
from tests.cases import (
    FORMATS,
    LARGE_STEPS,
    changed_targets,
    coefficients,
    data,
    make,
    weights,
)
from tests.pairwise import pairwise

REST = np.arange(3, 150)


def parameters(model):
    """Coefficients, intercept if there is one, and scale: as the twin's objective."""
    intercept = [model.intercept_] if model.fit_intercept else []
    return np.concatenate([model.coef_, intercept, [model.scale_]])


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("epsilon", [1.1, 1.35, 3.0])
def test_minimum_of_the_twins_objective(epsilon, fit_intercept, weighted):
    X, y = data("huber")
    weight = weights(150) if weighted else np.ones(150)
    model = make("huber", epsilon=epsilon, fit_intercept=fit_intercept)
    model.fit(X, y, weight)
    arguments = (X, y, epsilon, 0.3, weight)
    value, gradient = _huber_loss_and_gradient(parameters(model), *arguments)
    assert np.linalg.norm(gradient) < 1e-8
    assert model.gradient_residual(X, y, weight) < 1e-8
    twin = HuberRegressor(epsilon=epsilon, alpha=0.3, fit_intercept=fit_intercept)
    twin.fit(X, y, weight)
    assert value <= _huber_loss_and_gradient(parameters(twin), *arguments)[0]
    # the twin, but to the end
    found = minimize(
        _huber_loss_and_gradient,
        parameters(twin),
        args=arguments,
        jac=True,
        method="BFGS",
        options={"gtol": 1e-9, "maxiter": 1000},
    )
    np.testing.assert_allclose(parameters(model), found.x, rtol=1e-6, atol=1e-7)


def test_outliers_and_export():
    X, y = data("huber")
    y[:10] += 50.0
    model = make("huber", retain_data=True).fit(X, y)
    twin = HuberRegressor(alpha=0.3).fit(X, y)
    beyond = np.abs(y - twin.predict(X)) / twin.scale_ - twin.epsilon
    clear = np.abs(beyond) > 1e-3  # the twin stops early
    assert clear.mean() > 0.9
    np.testing.assert_array_equal(model.outliers_[clear], twin.outliers_[clear])
    assert model.outliers_[:10].all()
    plain = model.partial_unfit(X[:3], y[:3]).to_sklearn()
    assert model.outliers_.shape == (147,)
    assert plain.scale_ == model.scale_
    assert plain.epsilon == model.epsilon
    assert not hasattr(plain, "outliers_")
    free = make("huber").fit(X, y)
    with pytest.raises(AttributeError, match="retain_data=True"):
        _ = free.outliers_
    assert not hasattr(make("huber"), "scale_")


@pytest.mark.filterwarnings(LARGE_STEPS)
@pytest.mark.parametrize(
    ("verb", "name_format", "fit_intercept"),
    pairwise(
        ["partial_unfit", "replace_labels", "replace_features", "partial_fit"],
        FORMATS,
        [True, False],
    ),
)
def test_without_data_the_residual_falls_and_refinement_ends_at_the_refit(
    verb, name_format, fit_intercept
):
    as_format = FORMATS[name_format]
    X, y = data("huber")
    X = X.astype(np.float32).astype(float)
    model = make("huber", fit_intercept=fit_intercept).fit(as_format(X), y)
    stale = clone(model).fit(X, y)
    out = as_format(X[:3]), y[:3]
    if verb == "partial_unfit":
        model.partial_unfit(*out)
        rows = X[3:], y[3:]
    elif verb == "replace_labels":
        new = y.copy()
        new[:3] = changed_targets(y)[:3]
        model.replace_labels(*out, new[:3])
        rows = X, new
    elif verb == "replace_features":
        new = X.copy()
        new[:3] *= 0.5
        model.replace_features(*out, as_format(new[:3]))
        rows = new, y
    else:
        model.partial_fit(*out)
        rows = np.vstack([X, X[:3]]), np.concatenate([y, y[:3]])
    before = stale.gradient_residual(*rows)
    assert model.gradient_residual(*rows) < 0.2 * before
    refit = clone(model).fit(*rows)
    goal = parameters(refit)
    far = np.linalg.norm(parameters(stale) - goal)
    assert np.linalg.norm(parameters(model) - goal) < 0.2 * far
    assert abs(model.scale_ - goal[-1]) < abs(stale.scale_ - goal[-1])
    model.refine(as_format(rows[0]), rows[1])
    np.testing.assert_allclose(parameters(model), goal, rtol=1e-7, atol=1e-9)


@pytest.mark.filterwarnings(LARGE_STEPS)
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_the_step_is_the_second_order_update_written_out(fit_intercept):
    X, y = data("huber")
    model = make("huber", fit_intercept=fit_intercept).fit(X, y)
    theta, alpha, scale = parameters(model), 0.3, model.scale_
    design = X[REST]
    if fit_intercept:
        design = np.column_stack([design, np.ones(REST.size)])
    _, gradient = _huber_loss_and_gradient(
        theta, X[REST], y[REST], 1.35, alpha, np.ones(REST.size)
    )
    residual = (design @ theta[:-1] - y[REST]) / scale
    near = np.abs(residual) <= 1.35
    columns = np.column_stack([design, -residual])[near]
    hessian = 2.0 / scale * columns.T @ columns
    hessian[np.arange(5), np.arange(5)] += 2.0 * alpha
    model.partial_unfit(X[:3], y[:3])
    expected = theta - np.linalg.solve(hessian, gradient)
    np.testing.assert_allclose(parameters(model), expected, rtol=1e-9, atol=1e-11)


def test_a_light_request_is_of_the_second_order():
    X, y = data("huber")
    errors = []
    for share in (1e-2, 1e-3):
        model = make("huber").fit(X, y)
        model.partial_unfit(X[:3], y[:3], sample_weight=share)
        weight = np.ones(150)
        weight[:3] -= share
        refit = make("huber").fit(X, y, sample_weight=weight)
        errors.append(np.abs(parameters(model) - parameters(refit)).max())
    assert errors[1] < 0.02 * errors[0]


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("retain_data", [True, False])
@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.LargeStepWarning")
def test_a_column_goes(retain_data, fit_intercept):
    X, y = data("huber")
    model = make("huber", retain_data=retain_data, fit_intercept=fit_intercept)
    model.fit(X, y).forget_features([2])
    assert model.coef_[2] == 0.0
    left = X.copy()
    left[:, 2] = 0.0
    if not retain_data:
        model.refine(left, y)
    refit = clone(model).fit(left, y)
    np.testing.assert_allclose(
        parameters(model), parameters(refit), rtol=1e-7, atol=1e-9
    )
    # and rows after it
    model.partial_unfit(X[:3], y[:3])
    model.refine(left[3:], y[3:])
    refit = clone(model).fit(left[3:], y[3:])
    np.testing.assert_allclose(
        coefficients(model), coefficients(refit), rtol=1e-7, atol=1e-9
    )


@pytest.mark.filterwarnings(LARGE_STEPS)
@pytest.mark.parametrize("unit", [1e-4, 1e4])
def test_units_of_the_target_do_not_matter(unit):
    X, y = data("huber")
    one = make("huber", alpha=0.0).fit(X, y).partial_unfit(X[:3], y[:3])
    scaled = make("huber", alpha=0.0).fit(X, unit * y)
    scaled.partial_unfit(X[:3], unit * y[:3])
    np.testing.assert_allclose(
        parameters(scaled), unit * parameters(one), rtol=1e-6, atol=1e-8 * unit
    )


def test_a_scale_that_would_not_stay_positive_is_refused():
    X, y = data("huber")
    y[:40] += np.linspace(20.0, 40.0, 40)
    model = make("huber").fit(X, y)
    before = parameters(model)
    with pytest.raises(StepTooLargeError, match=r"(inf|\d) scales"):
        model.partial_unfit(X[40:], y[40:], sample_weight=0.9)
    np.testing.assert_array_equal(parameters(model), before)
    exact = make("huber", retain_data=True).fit(X, y)
    exact.partial_unfit(X[:40], y[:40])
    refit = make("huber").fit(X[40:], y[40:])
    np.testing.assert_allclose(
        parameters(exact), parameters(refit), rtol=1e-7, atol=1e-9
    )


def test_a_column_whose_loss_would_turn_the_scale_is_refused():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 2))
    y = X[:, 0] + 1e-3 * rng.normal(size=150)
    model = make("huber", alpha=0.0).fit(X, y)
    before = parameters(model)
    with pytest.raises(StepTooLargeError, match="inf scales"):
        model.forget_features([0])
    np.testing.assert_array_equal(parameters(model), before)
    exact = make("huber", alpha=0.0, retain_data=True).fit(X, y).forget_features([0])
    refit = make("huber", alpha=0.0).fit(X[:, 1:], y)
    np.testing.assert_allclose(exact.scale_, refit.scale_, rtol=1e-7)


@pytest.mark.parametrize("retain_data", [False, True])
@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.LargeStepWarning")
def test_targets_that_are_fitted_exactly_are_answered_as_by_the_twin(retain_data):
    X, _ = data("huber")
    for exact in (
        X @ np.arange(5.0) + 2.0,
        np.zeros(150),
        np.full(150, 7.0),
        1e-8 * X[:, 0],
        X[:, 1] + 10.0,
    ):
        size = np.abs(exact - np.median(exact)).max() or 1.0
        model = UnlearnableHuberRegressor(retain_data=retain_data).fit(X, exact)
        atol = 1e-7 * size + 1e-12 * np.abs(exact).max()
        np.testing.assert_allclose(model.predict(X), exact, rtol=0, atol=atol)
        assert 0.0 < model.scale_ < 1e-5 * size
        model.partial_unfit(X[:9], exact[:9])
        np.testing.assert_allclose(model.predict(X), exact, rtol=0, atol=atol)
    twin = HuberRegressor(max_iter=1000).fit(X, X @ np.arange(5.0) + 2.0)
    np.testing.assert_allclose(twin.coef_, np.arange(5.0), atol=1e-6)


def test_exactly_fitted_targets_come_and_go():
    X, y = data("huber")
    exact = X @ np.arange(5.0) + 2.0
    mixed = exact.copy()
    mixed[:100] = y[:100]
    # what remains is fitted exactly
    model = UnlearnableHuberRegressor(retain_data=True).fit(X, mixed)
    model.partial_unfit(X[:100], mixed[:100])
    np.testing.assert_allclose(model.coef_, np.arange(5.0), atol=1e-6)
    assert model.scale_ < 1e-5
    # and no longer
    model.partial_fit(X[:100], mixed[:100])
    refit = UnlearnableHuberRegressor().fit(X, mixed)
    np.testing.assert_allclose(parameters(model), parameters(refit), rtol=1e-6)
    # fewer rows than columns
    few = UnlearnableHuberRegressor().fit(X[:4], y[:4])
    np.testing.assert_allclose(few.predict(X[:4]), y[:4], atol=1e-6)
    with pytest.raises(NotPositiveDefiniteError, match="positive alpha"):
        UnlearnableHuberRegressor(alpha=0.0).fit(X[:4], y[:4])
    # as many as columns of noise, the others being outliers: the vertex of a polytope
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(10, 4)), rng.normal(size=10)
    model = UnlearnableHuberRegressor(epsilon=1.01, retain_data=True).fit(*noise)
    assert np.count_nonzero(~model.outliers_) == 5
    # beside outliers
    outliers = exact.copy()
    outliers[:20] += 5.0
    model = UnlearnableHuberRegressor(retain_data=True).fit(X, outliers)
    np.testing.assert_allclose(model.coef_, np.arange(5.0), atol=1e-6)
    assert np.flatnonzero(model.outliers_).tolist() == list(range(20))


def test_there_are_no_certificates():
    X, y = data("huber")
    certification = GaussianCertification(epsilon=1.0, delta=1e-5, sigma=1.0)
    with pytest.raises(NoBoundError, match=r"has none"):
        make("huber", certification=certification).fit(X, y)


@pytest.mark.parametrize("parameter", ["epsilon", "alpha"])
@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf, "1"])
def test_bad_parameters(parameter, bad):
    X, y = data("huber")
    with pytest.raises((TypeError, ValueError), match=parameter):
        UnlearnableHuberRegressor(**{parameter: bad}).fit(X, y)
    with pytest.raises(ValueError, match="epsilon"):
        UnlearnableHuberRegressor(epsilon=0.99).fit(X, y)
