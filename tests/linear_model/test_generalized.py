"""Losses of one's own."""

import pickle

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from sklearn_unlearn import (
    GaussianCertification,
    UnlearnableGeneralizedLinearModel,
    UnlearnablePoissonRegressor,
    UnlearnableRidge,
    UnlearnableTweedieRegressor,
)
from sklearn_unlearn.core.losses import HalfPoisson, HalfTweedie, SingleOutputLoss
from sklearn_unlearn.exceptions import NoBoundError, UnlearningError
from tests.cases import LARGE_STEPS, coefficients, data
from tests.turns import parametrize_with_checks_in_turns


class PseudoHuber(SingleOutputLoss):
    """Charbonnier's loss; the least that a subclass must define."""

    def value(self, raw, target):
        return np.sqrt(1.0 + (raw - target)[:, 0] ** 2) - 1.0

    def gradient(self, raw, target):
        return (raw - target) / np.sqrt(1.0 + (raw - target) ** 2)

    def curvature(self, raw, target):
        return (1.0 + (raw - target)[:, 0] ** 2) ** -1.5


@pytest.mark.filterwarnings(LARGE_STEPS)
@parametrize_with_checks_in_turns(
    [
        UnlearnableGeneralizedLinearModel(),
        UnlearnableGeneralizedLinearModel(PseudoHuber(), alpha=0.3, average=True),
        UnlearnableGeneralizedLinearModel(
            PseudoHuber(), retain_data=True, fit_intercept=False
        ),
    ]
)
def test_unlearner(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    ("ours", "known", "name"),
    [
        (UnlearnableGeneralizedLinearModel(alpha=0.7), UnlearnableRidge(0.7), "ridge"),
        (
            UnlearnableGeneralizedLinearModel(HalfPoisson(), alpha=0.3, average=True),
            UnlearnablePoissonRegressor(alpha=0.3),
            "poisson",
        ),
        (
            UnlearnableGeneralizedLinearModel(HalfTweedie(1.4), average=True),
            UnlearnableTweedieRegressor(power=1.4),
            "tweedie",
        ),
    ],
)
def test_losses_that_have_an_estimator(ours, known, name):
    X, y = data(name)
    for model in (ours, known):
        model.fit(X, y).partial_unfit(X[:3], y[:3])
    np.testing.assert_array_equal(coefficients(ours), coefficients(known))
    np.testing.assert_array_equal(ours.predict(X), known.predict(X))


@pytest.mark.filterwarnings(LARGE_STEPS)
def test_the_parameter_is_read_at_fit():
    X, y = data("ridge")
    model = UnlearnableGeneralizedLinearModel(PseudoHuber(), average=True).fit(X, y)
    model.set_params(average=False, alpha=99.0).partial_unfit(X[:3], y[:3])
    refit = UnlearnableGeneralizedLinearModel(PseudoHuber(), average=True)
    refit.fit(X[3:], y[3:])
    penalty = model._fitted.model.state.objective.penalty
    expected = refit._fitted.model.state.objective.penalty
    np.testing.assert_allclose(penalty, expected, rtol=1e-14)


@pytest.mark.filterwarnings(LARGE_STEPS)
def test_export_and_pickle():
    X, y = data("ridge")
    model = UnlearnableGeneralizedLinearModel(PseudoHuber()).fit(X, y)
    plain = model.to_sklearn()
    assert type(plain) is LinearRegression
    np.testing.assert_allclose(plain.predict(X), model.predict(X), rtol=1e-12)
    again = pickle.loads(pickle.dumps(model)).partial_unfit(X[:2], y[:2])
    model.partial_unfit(X[:2], y[:2])
    np.testing.assert_allclose(coefficients(again), coefficients(model), rtol=1e-9)
    linked = UnlearnableGeneralizedLinearModel(HalfPoisson()).fit(X, np.abs(y))
    with pytest.raises(UnlearningError, match="inverse_link"):
        linked.to_sklearn()


def test_without_self_concordance_there_is_no_certificate():
    X, y = data("ridge")
    certification = GaussianCertification(epsilon=1.0, delta=1e-5, sigma=1.0)
    model = UnlearnableGeneralizedLinearModel(
        PseudoHuber(), certification=certification
    )
    with pytest.raises(NoBoundError, match="PseudoHuber has none"):
        model.fit(X, y)


class Nothing:
    def value(self, raw, target):
        return 0.0


class Coupled(PseudoHuber):
    coupled = True


@pytest.mark.parametrize(
    ("loss", "match"),
    [
        ("squared", "it lacks coupled"),
        (Nothing(), "it lacks coupled, constant_curvature"),
        (PseudoHuber, "a class"),
        (Coupled(), "one raw prediction"),
    ],
)
def test_what_is_no_loss_is_told_what_it_lacks(loss, match):
    X, y = data("ridge")
    with pytest.raises(ValueError, match=match):
        UnlearnableGeneralizedLinearModel(loss).fit(X, y)


def test_the_base_class_leaves_the_rest_open():
    raw = np.zeros((1, 1))
    for method in ("value", "gradient", "curvature", "curvature_root"):
        with pytest.raises(NotImplementedError):
            getattr(SingleOutputLoss(), method)(raw, raw)
