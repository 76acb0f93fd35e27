"""Support vector machines: exact between margins, no certificates."""

import numpy as np
import pytest
from sklearn.base import clone

from sklearn_unlearn import (
    GaussianCertification,
    UnlearnableLinearSVC,
    UnlearnableLinearSVR,
)
from sklearn_unlearn.exceptions import NoBoundError
from tests.cases import LARGE_STEPS, changed_targets, coefficients, data, make

KINKED = ["svc", "svcs", "svr"]
REST = np.arange(3, 150)


@pytest.mark.filterwarnings(LARGE_STEPS)
@pytest.mark.parametrize("name", KINKED)
@pytest.mark.parametrize("verb", ["partial_unfit", "replace_labels", "partial_fit"])
def test_without_data_the_residual_falls_and_refinement_ends_at_the_refit(name, verb):
    X, y = data(name)
    model = make(name).fit(X, y)
    stale = make(name).fit(X, y)
    if verb == "partial_unfit":
        model.partial_unfit(X[:3], y[:3])
        rows = X[3:], y[3:]
    elif verb == "replace_labels":
        new = y.copy()
        new[:3] = changed_targets(y)[:3]
        model.replace_labels(X[:3], y[:3], new[:3])
        rows = X, new
    else:
        model.partial_fit(X[:3], y[:3])
        rows = np.vstack([X, X[:3]]), np.concatenate([y, y[:3]])
    before = stale.gradient_residual(*rows)
    assert model.gradient_residual(*rows) < 0.3 * before
    model.refine(*rows)
    refit = clone(model).fit(*rows)
    np.testing.assert_allclose(
        coefficients(model), coefficients(refit), rtol=1e-7, atol=1e-9
    )


@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.LargeStepWarning")
@pytest.mark.parametrize("name", KINKED)
def test_a_column_goes_without_data(name):
    X, y = data(name)
    model = make(name).fit(X, y).forget_features([2])
    left = X.copy()
    left[:, 2] = 0.0
    model.refine(left, y)
    refit = make(name).fit(left, y)
    np.testing.assert_allclose(
        coefficients(model), coefficients(refit), rtol=1e-7, atol=1e-9
    )


@pytest.mark.parametrize("name", KINKED)
def test_a_light_request_is_exact(name):
    X, y = data(name)
    model = make(name).fit(X, y)
    model.partial_unfit(X[:3], y[:3], sample_weight=1e-4)
    weight = np.ones(150)
    weight[:3] -= 1e-4
    refit = make(name).fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(coefficients(model), coefficients(refit), atol=1e-10)


def test_the_intercept_is_penalised():
    X, y = data("svc")
    model = UnlearnableLinearSVC(0.5, intercept_scaling=3.0).fit(X, y)
    penalty = model._fitted.model.state.objective.penalty[:, 0]
    np.testing.assert_allclose(penalty, [2.0] * 5 + [2.0 / 9.0])
    free = UnlearnableLinearSVC(0.5, fit_intercept=False).fit(X, y)
    assert free.intercept_ == 0.0
    assert free._fitted.model.state.objective.penalty.shape == (5, 1)


@pytest.mark.parametrize("name", KINKED)
def test_there_are_no_certificates(name):
    X, y = data(name)
    certification = GaussianCertification(epsilon=1.0, delta=1e-5, sigma=1.0)
    with pytest.raises(NoBoundError, match=r"has none"):
        make(name, certification=certification).fit(X, y)
    smooth = UnlearnableLinearSVR(certification=certification)
    smooth.fit(*data("svr")).release()


@pytest.mark.parametrize("parameter", ["C", "intercept_scaling", "epsilon"])
@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf, "1"])
def test_bad_parameters(parameter, bad):
    X, y = data("svr")
    with pytest.raises((TypeError, ValueError), match=parameter):
        UnlearnableLinearSVR(**{parameter: bad}).fit(X, y)
