"""Private mode: what one row may do to a model, and the noise that hides it."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.preprocessing import Normalizer

from sklearn_unlearn import (
    UnlearnableLinearSVC,
    UnlearnableLogisticRegression,
    UnlearnableRidge,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.certification import Certificate, kappa
from sklearn_unlearn.certification.noise import noisy
from sklearn_unlearn.certification.private import sensitivity
from sklearn_unlearn.exceptions import (
    BudgetExceededError,
    CertificationError,
    EmptyClassError,
)
from sklearn_unlearn.metrics import audit_indistinguishability
from sklearn_unlearn.preprocessing import UnlearnableStandardScaler
from tests.certified.problems import gaussian, shown, theta

EPSILON, DELTA = 0.5, 0.05
KAPPA = kappa(EPSILON, DELTA)


def logistic(C=1.0, **params):
    return UnlearnableLogisticRegression(
        **{"C": C, "fit_intercept": False, "tol": 1e-11, "max_iter": 1000, **params}
    )


def private(n_publications=3, C=1.0, row_norm=1.0, factor=1.001, **params):
    sigma = factor * KAPPA * np.sqrt(n_publications) * row_norm * C
    given = {"epsilon": EPSILON, "delta": DELTA, "mode": "private", **params}
    given = {"n_publications": n_publications, "row_norm": row_norm, **given}
    return gaussian(sigma, **given)


def hidden(C=1.0, certification=None, **params):
    """A model that certifies in private mode."""
    certification = certification or private(C=C)
    return logistic(C, retain_data=True, certification=certification, **params)


def moved(X, y, C, row=0):
    """How far the minimiser moves if a row leaves, over the bound."""
    rest = np.arange(len(y)) != row
    both = [logistic(C).fit(X[kept], y[kept]) for kept in (rest, slice(None))]
    objective = both[1]._fitted.model.state.objective
    one, other = map(theta, both)
    largest = np.linalg.norm(X, axis=1).max()
    return np.linalg.norm(one - other) / sensitivity(objective, largest)


def random_problem(rng, n_classes):
    """A few rows on a sphere, the first of which is that of nobody else's kind."""
    n_rows, n_columns = rng.integers(n_classes + 1, 14), rng.integers(1, 5)
    X = rng.normal(size=(n_rows, n_columns)) * rng.choice([1e-3, 1.0, 30.0])
    y = rng.integers(n_classes, size=n_rows)
    y[1 : n_classes + 1] = np.arange(n_classes)
    X /= np.maximum(np.linalg.norm(X, axis=1, keepdims=True), 1e-9)
    if rng.random() < 0.5:  # it contradicts its like
        X[2:] = X[0] + rng.choice([0.0, 0.1]) * X[2:]
        X /= np.maximum(np.linalg.norm(X, axis=1, keepdims=True), 1e-9)
        y[n_classes + 1 :] = (y[0] + 1) % n_classes
    return X * rng.choice([0.1, 1.0, 5.0]), y, 10.0 ** rng.uniform(-3.0, 2.0)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_no_row_moves_the_minimiser_further(n_classes):
    rng = np.random.default_rng(0)
    ratios = [moved(*random_problem(rng, n_classes)) for _ in range(120)]
    assert 0.3 < max(ratios) <= 1.0


def hostile():
    """Rows among which the first has nearly all the effect that one may have.

    Many are held on the wrong side by many more: they pull, and do not bend.
    """
    pull = np.array([0.2, np.sqrt(1.0 - 0.04)])
    X = np.vstack([[1.0, 0.0], np.tile(pull, (25, 1)), np.tile([0.0, 1.0], (2500, 1))])
    y = np.r_[1, np.zeros(25, dtype=int), np.ones(2500, dtype=int)]
    return X, y


def test_the_bound_is_nearly_attained():
    assert 0.9 < moved(*hostile(), 1.0) <= 1.0


def test_streams_without_a_row_stay_within_the_budget():
    # two operators get the same requests, but that of the row; one never had it
    X, y = hostile()
    models = [hidden().fit(X, y), hidden().fit(X[1:], y[1:])]
    distances = []

    def look():
        one, other = map(theta, models)
        distances.append(np.linalg.norm(one - other))

    look()
    for model in models:
        model.partial_unfit(X[26:30], y[26:30])
    look()
    records = [model.private_record() for model in models]
    share = records[0].budget / np.sqrt(3.0)
    for record in records:
        assert 0.9 * share < min(distances)
        assert max(distances) <= record.distance <= share
        assert record.publication == 2
    models[0].partial_unfit(X[:1], y[:1])
    look()
    assert distances[-1] < 1e-8
    record = models[0].private_record()
    assert np.linalg.norm(distances) <= record.spent <= record.budget
    # all that were planned are published
    with pytest.raises(BudgetExceededError, match="All n_publications=3"):
        models[0].partial_unfit(X[30:31], y[30:31])


# The audit ----------------------------------------------------------------------------


def audited(n_publications, factor):
    """How well worlds with and without a row are told apart: refuted or not."""
    X, y = hostile()
    pair = [theta(logistic().fit(X[first:], y[first:])) for first in (0, 1)]
    sigma = private(n_publications, factor=factor).sigma
    size = (30_000, n_publications, 2)
    worlds = []
    for number, coefficients in enumerate(pair):
        noise = noisy(np.zeros(size), np.zeros(size, bool), sigma, bytes([number]))
        worlds.append((coefficients[:, 0] + noise).reshape(size[0], -1))
    return audit_indistinguishability(*worlds, EPSILON, random_state=0)


@pytest.mark.parametrize("n_publications", [1, 4])
def test_a_row_is_hidden(n_publications):
    found = audited(n_publications, 1.001)
    assert not found.refutes(DELTA)
    assert found.delta_estimate > 0.6 * DELTA  # and the claim is no idle one


@pytest.mark.parametrize(("n_publications", "factor"), [(1, 0.6), (4, 0.5), (4, 0.75)])
def test_less_noise_is_detected(n_publications, factor):
    assert audited(n_publications, factor).refutes(DELTA)


# What it carries ----------------------------------------------------------------------


@pytest.mark.parametrize("as_format", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_release_says_what_is_hidden(n_classes, as_format):
    rng = np.random.default_rng(0)
    X, y = (
        Normalizer().fit_transform(rng.normal(size=(60, 3))),
        rng.integers(3, size=60),
    )
    y = np.minimum(y, n_classes - 1)
    certification = private(5, factor=2.0, row_norm=1.0)
    model = hidden(certification=certification).fit(as_format(X), y)
    model.partial_unfit(as_format(X[:2]), y[:2]).forget_features([1])
    released, certificate = model.release()
    certificate.verify(released)
    assert (certificate.mode, certificate.row_norm) == ("private", 1.0)
    assert (certificate.publication, certificate.n_publications) == (3, 5)
    assert certificate.max_refusals is None
    assert "any one row" in certificate.claim
    text = " ".join(certificate.not_claimed)
    assert "not hidden" not in text
    assert "One row is hidden" in text
    assert Certificate.from_json(certificate.to_json()) == certificate
    np.testing.assert_array_equal(shown(released), shown(model))
    bound = np.sqrt(2.0) ** (n_classes > 2)
    record = model.private_record()
    assert record.distance == pytest.approx(bound, abs=1e-5)
    # both worlds end that near to their minimisers
    assert record.distance_to_minimiser > 0.0
    fitted = model._fitted
    terms, objective = fitted.lineage.terms, fitted.model.state.objective
    moved = sensitivity(objective, terms.row_norm)
    assert record.distance == moved + 2.0 * record.distance_to_minimiser > moved
    assert model.capacity(X[2:3], y[2:3]) == 2


def test_pipelines_of_stateless_steps():
    X, y = np.random.default_rng(0).normal(size=(40, 3)), np.arange(40) % 2
    model = make_unlearnable_pipeline(Normalizer(), hidden()).fit(X, y)
    published, certificate = model.partial_unfit(X[:1], y[:1]).release()
    certificate.verify(published)
    learned = make_unlearnable_pipeline(
        UnlearnableStandardScaler(), Normalizer(), hidden()
    ).fit(X, y)
    with pytest.raises(CertificationError, match=r"standardscaler.*stateless"):
        learned.release()


# What it refuses ----------------------------------------------------------------------


def small():
    X = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.6, 0.8]])
    return X, np.array([0, 1, 0, 1])


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"fit_intercept": True}, "fit_intercept=False"),
        ({"C": np.inf}, "finite C"),
        ({"class_weight": {0: 1.0, 1: 2.0}}, "without class_weight"),
        ({"class_weight": "balanced"}, "without class_weight"),
        ({"retain_data": False}, "retain_data=True"),
        ({"C": 1.1}, "sigma=.* does not hide a row"),
    ],
)
def test_models_that_it_cannot_carry(params, reason):
    model = logistic(**{"retain_data": True, "certification": private(), **params})
    with pytest.raises(ValueError, match=reason):
        model.fit(*small())
    assert not hasattr(model, "coef_")


@pytest.mark.parametrize("other", [UnlearnableRidge, UnlearnableLinearSVC])
def test_losses_that_it_cannot_carry(other):
    X, y = small()
    model = other(fit_intercept=False, retain_data=True, certification=private())
    with pytest.raises(CertificationError, match="loss"):
        model.fit(X, y)


def test_rows_that_it_cannot_carry():
    X, y = small()
    certification = private(factor=2.0)
    for rows in (1.0 + 1e-6, 1e3):
        with pytest.raises(CertificationError, match="larger norm than row_norm=1"):
            hidden(certification=certification).fit(X * rows, y)
    with pytest.raises(CertificationError, match="sample_weight of at most 1"):
        hidden(certification=certification).fit(X, y, np.array([1.0, 1.0, 1.0, 1.1]))
    model = hidden(certification=certification).fit(X, y, np.full(4, 0.5))
    before = shown(model)
    for request in (
        lambda: model.partial_fit(1.1 * X[:1], y[:1]),
        lambda: model.partial_fit(X[:1], y[:1], sample_weight=[1.5]),
        lambda: model.replace_features(X[:1], y[:1], 2.0 * X[:1]),
    ):
        with pytest.raises(CertificationError, match=r"row_norm|sample_weight"):
            request()
        np.testing.assert_array_equal(shown(model), before)
        assert model.private_record().publication == 1


def test_classes_are_public_and_stay():
    X, y = small()
    y = np.array([0, 1, 2, 1])
    certification = private(factor=2.0)
    model = hidden(certification=certification).fit(X, y)
    with pytest.raises(EmptyClassError, match="classes are public"):
        model.partial_unfit(X[2:3], y[2:3])


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"row_norm": None}, "row_norm"),
        ({"row_norm": 0.0}, "row_norm"),
        ({"row_norm": np.inf}, "row_norm"),
        ({"row_norm": True}, "row_norm"),
        ({"row_norm": 1.0, "mode": "output"}, "row_norm is of mode"),
        ({"n_publications": None}, "needs a number n_publications"),
        ({"n_publications": "auto"}, "needs a number n_publications"),
    ],
)
def test_parameters_that_it_cannot_carry(params, reason):
    certification = private().set_params(**params)
    with pytest.raises((ValueError, TypeError), match=reason):
        hidden(certification=certification).fit(*small())
