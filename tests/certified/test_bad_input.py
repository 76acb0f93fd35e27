"""What is refused, by which error, and that nothing changes."""

import json
from itertools import cycle

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from sklearn_unlearn import GaussianCertification, UnlearnableLogisticRegression
from sklearn_unlearn.certification import Certificate
from sklearn_unlearn.core.losses import HalfBinomialLogistic
from sklearn_unlearn.exceptions import (
    CertificateMismatchError,
    CertificationError,
    NoBoundError,
    UnlearningError,
)
from tests.cases import LARGE_STEPS, coefficients, make
from tests.certified.problems import OUT, VERBS, certified, gaussian, problem, theta
from tests.certified.snapshots import Frozen

BAD_PARAMETERS = [
    *[("epsilon", bad) for bad in (0, 0.0, -1.0, np.nan, np.inf, "1", None, True)],
    *[("delta", bad) for bad in (0, 0.0, 1, 1.0, -0.1, 2.0, np.nan, "1e-5", None)],
    *[("sigma", bad) for bad in (None, 0, 0.0, -1.0, np.nan, np.inf, "1", True)],
    *[("mode", bad) for bad in ("Output", "input", None, 1)],
    *[("n_publications", bad) for bad in (0, -1, 1.5, "many", True, np.nan)],
    *[("random_state", bad) for bad in (-1, 1.5, "a", np.random.RandomState(0))],
]
NAMES = ["logistic", "multinomial", "ridge", "ridge_classifier"]


@pytest.mark.parametrize("retain_data", [False, True])
@pytest.mark.parametrize(
    ("name", "parameter", "bad"),
    [(name, *case) for name, case in zip(cycle(NAMES), BAD_PARAMETERS, strict=False)],
)
def test_bad_parameters_are_named_at_fit_and_at_requests(
    name, parameter, bad, retain_data
):
    X, y = problem(name, 100)
    certification = gaussian(1.0, **{parameter: bad}) if parameter != "sigma" else None
    certification = certification or gaussian(bad)
    new = make(name, certification=certification, retain_data=retain_data)
    with pytest.raises((ValueError, TypeError), match=f"^{parameter} ") as caught:
        new.fit(X, y)
    assert not isinstance(caught.value, UnlearningError)
    assert not hasattr(new, "coef_")
    fitted = certified(name, 100.0, retain_data=retain_data).fit(X, y)
    before = Frozen(fitted)
    fitted.set_params(certification=certification)
    for request in (fitted.fit, fitted.partial_unfit, fitted.partial_fit):
        with pytest.raises((ValueError, TypeError), match=f"^{parameter} "):
            request(X[:60], y[:60])
    fitted.set_params(certification=before.arrays[1]["certification"])
    before.assert_as_it_was()


@pytest.mark.parametrize(
    "bad", ["yes", {"epsilon": 1.0}, 1.0, True, GaussianCertification]
)
@pytest.mark.parametrize("name", NAMES)
def test_only_a_gaussian_certification_is_one(name, bad):
    X, y = problem(name, 100)
    new = make(name, certification=bad)
    with pytest.raises(ValueError, match=r"^certification must be None or a Gaussian"):
        new.fit(X, y)
    assert not hasattr(new, "coef_")


# What needs a certified model -------------------------------------------------------

QUESTIONS = {
    "release": lambda e, X, y: e.release(),
    "private_record": lambda e, X, y: e.private_record(),
    "capacity": lambda e, X, y: e.capacity(X[:1], y[:1]),
    "removal_cost": lambda e, X, y: e.removal_cost(X[:1], y[:1]),
}


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("certification", [None, gaussian(1.0)])
@pytest.mark.parametrize("name", NAMES)
def test_an_unfitted_estimator_has_no_answers(name, certification, question):
    X, y = problem(name, 100)
    with pytest.raises(NotFittedError):
        QUESTIONS[question](make(name, certification=certification), X, y)


@pytest.mark.parametrize("question", ["release", "private_record", "capacity"])
@pytest.mark.parametrize("retain_data", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_a_model_without_certification_issues_none(name, retain_data, question):
    X, y = problem(name, 100)
    estimator = make(name, retain_data=retain_data).fit(X, y)
    estimator.set_params(certification=gaussian(1.0))  # after the fit: too late
    with pytest.raises(CertificationError, match="certification=None"):
        QUESTIONS[question](estimator, X, y)


@pytest.mark.parametrize("argument", [0, -1, 1.5, "many", None])
def test_limits_of_capacity_are_counts(argument):
    X, y = problem("ridge", 100)
    estimator = certified("ridge").fit(X, y)
    with pytest.raises((ValueError, TypeError), match="limit"):
        estimator.capacity(X[:1], y[:1], limit=argument)


@pytest.mark.parametrize("retain_data", [False, True])
@pytest.mark.parametrize("question", ["capacity", "removal_cost"])
def test_questions_about_bad_rows_are_refused(question, retain_data):
    X, y = problem("ridge", 100)
    estimator = certified("ridge", 1e3, retain_data=retain_data).fit(X, y)
    before = Frozen(estimator)
    ask = getattr(estimator, question)
    for arguments in ((None, y[:1]), (X[:1], None), (X[:1, :3], y[:1]), (X[:2], y[:1])):
        with pytest.raises(ValueError, match=r"X|y|features"):
            ask(*arguments)
    with pytest.raises(ValueError, match="sample_weight"):
        ask(X[:1], y[:1], [-1.0])
    if retain_data:
        with pytest.raises(UnlearningError):
            ask(X[:1] + 1.0, y[:1])
    before.assert_as_it_was()


# Certificates -----------------------------------------------------------------------


def test_a_certificate_is_of_one_model():
    X, y = problem("logistic")
    estimator = certified("logistic", 10.0).fit(X, y)
    model, certificate = estimator.release()
    others = [
        certified("logistic", 10.0, C=0.29).fit(X, y).release()[0],
        certified("logistic", 10.0).fit(X, y).release()[0],
        make("logistic").fit(X, y).to_sklearn(),
        estimator.partial_unfit(X[OUT], y[OUT]).release()[0],
    ]
    for other in others:
        with pytest.raises(CertificateMismatchError, match="another publication"):
            certificate.verify(other)
    certificate.verify(model)
    for name, change in (
        ("coef_", lambda a: np.nextafter(a, np.inf)),
        ("intercept_", lambda a: a + 1e-9),
        ("classes_", lambda a: a[::-1]),
    ):
        value = getattr(model, name)
        setattr(model, name, change(value))
        with pytest.raises(CertificateMismatchError):
            certificate.verify(model)
        setattr(model, name, value)
    certificate.verify(model)


def test_a_certificate_is_read_back_whole_or_not_at_all():
    X, y = problem("ridge", 100)
    text = certified("ridge").fit(X, y).release()[1].to_json()
    entries = json.loads(text)
    for broken in (
        {**entries, "schema": "sklearn_unlearn.certificate/0"},
        {**entries, "more": 1},
        {key: value for key, value in entries.items() if key != "sigma"},
        [entries],
    ):
        with pytest.raises(ValueError, match=r"schema|sigma"):
            Certificate.from_json(json.dumps(broken))
    with pytest.raises(ValueError, match="Expecting"):
        Certificate.from_json(text[:-5])


# Losses without a bound -------------------------------------------------------------


class Wild(HalfBinomialLogistic):
    """A loss of which nothing is known."""

    self_concordance = None


class WildRegression(UnlearnableLogisticRegression):
    def _loss(self, encoding):
        return Wild()


@pytest.mark.filterwarnings(LARGE_STEPS)
@pytest.mark.parametrize("retain_data", [False, True])
def test_a_loss_without_a_bound_is_refused_with_the_reason(retain_data):
    X, y = problem("logistic")
    estimator = WildRegression(certification=gaussian(1e6), retain_data=retain_data)
    with pytest.raises(
        NoBoundError, match=r"loss Wild has none: its second derivative"
    ):
        estimator.fit(X, y)
    assert not hasattr(estimator, "coef_")
    # without certification it unlearns as ever
    plain = WildRegression(retain_data=retain_data).fit(X, y)
    before = coefficients(plain)
    plain.partial_unfit(X[OUT], y[OUT])
    assert np.abs(coefficients(plain) - before).max() > 1e-5
    plain.set_params(certification=gaussian(1e6))
    unlearned = coefficients(plain)
    with pytest.raises(NoBoundError):
        plain.fit(X, y)
    np.testing.assert_array_equal(coefficients(plain), unlearned)


# Objective mode ---------------------------------------------------------------------


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_objective_mode_perturbs_the_loss_and_issues_no_certificate(
    name, fit_intercept
):
    X, y = problem(name)
    certification = gaussian(5.0, mode="objective", random_state=0)
    params = {"retain_data": True, "fit_intercept": fit_intercept}
    estimator = make(name, certification=certification, **params).fit(X, y)
    plain = make(name, **params).fit(X, y)
    state, other = estimator._fitted.model.state, plain._fitted.model.state
    linear = state.objective.linear
    penalised = state.objective.penalty > 0.0
    assert np.all(linear[penalised] != 0.0)
    assert np.all(linear[~penalised] == 0.0)
    assert 1.0 < linear[penalised].std() < 15.0
    # the gradient of the plain objective is minus the noise
    rows = plain._read_rows(plain._fitted, X, y, None)
    gradient = other.objective.gradient(rows, state.theta)
    np.testing.assert_allclose(gradient, -linear, atol=1e-6)
    # what is shown are the coefficients themselves
    np.testing.assert_array_equal(
        coefficients(estimator),
        coefficients(make(name, certification=certification, **params).fit(X, y)),
    )
    np.testing.assert_array_equal(np.ravel(estimator.coef_)[0], state.theta[0, 0])
    for question in ("release", "private_record", "capacity"):
        with pytest.raises(CertificationError, match='mode="objective" reproduces'):
            QUESTIONS[question](estimator, X, y)
    assert estimator.removal_cost(X[:2], y[:2]).distance is None
    # requests unlearn the perturbed objective
    VERBS["partial_unfit"](estimator, X, y, None)
    refit = make(name, certification=certification, tol=1e-11, **params)
    refit.fit(X[OUT.size :], y[OUT.size :])
    np.testing.assert_allclose(theta(estimator), theta(refit), rtol=1e-6, atol=1e-8)


def test_objective_mode_draws_from_the_operating_system_without_a_seed():
    X, y = problem("ridge")
    certification = gaussian(5.0, mode="objective")
    fits = [make("ridge", certification=certification).fit(X, y) for _ in range(2)]
    assert np.abs(fits[0].coef_ - fits[1].coef_).min() > 1e-9
