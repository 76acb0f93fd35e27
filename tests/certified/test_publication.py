"""Nothing public shows the secret coefficients; each state is published once."""

import copy
import json
import pickle
import re
from functools import partial

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.metrics import accuracy_score, d2_tweedie_score, r2_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_unlearn import GaussianCertification, UnlearnableLogisticRegression
from sklearn_unlearn.certification import Certificate, PrivateRecord, kappa, model_hash
from sklearn_unlearn.exceptions import (
    CertificateMismatchError,
    CertificationError,
)
from tests.cases import CERTIFIED
from tests.certified.problems import (
    FAINT,
    VERBS,
    all_drawn,
    certified,
    gaussian,
    problem,
    shown,
    theta,
)
from tests.decisions import assert_same_labels, decided
from tests.pairwise import pairwise

FORMATS = {"dense": np.asarray, "sparse": sp.csr_array}


def numbers_in(text):
    return np.array(
        [float(x) for x in re.findall(r"-?\d+\.?\d*(?:e[+-]?\d+)?", text)] or [np.nan]
    )


def holds(values, secrets):
    """Whether secrets, none a round number, are among the values.

    One to the last digit or three to the fifth: noise comes near to one by chance.
    """
    values, secrets = np.ravel(values), np.ravel(secrets)
    secrets = secrets[[float(f"{secret:.3g}") != secret for secret in secrets]]

    def found(rtol):
        near = np.isclose(values[:, None], secrets, rtol=rtol, atol=0.0)
        return np.count_nonzero(near.any(axis=0))

    return found(1e-13) > 0 or found(1e-5) > 2


def raw_of(coefficients, X, fit_intercept):
    X = X.toarray() if sp.issparse(X) else X
    return X @ coefficients[: X.shape[1]] + (coefficients[-1] if fit_intercept else 0.0)


def assert_shows(model, X, y, expected, fit_intercept, loss):
    """All that a model of this loss shows and predicts is of these coefficients."""
    raw = raw_of(expected, X, fit_intercept)
    if not hasattr(model, "classes_"):
        raw = raw[:, 0] if y.ndim == 1 else raw
        link = getattr(loss, "inverse_link", np.asarray)
        np.testing.assert_allclose(model.predict(X), link(raw), rtol=1e-10, atol=1e-10)
        power = getattr(loss, "power", 0)
        explained = r2_score if y.ndim > 1 else partial(d2_tweedie_score, power=power)
        assert model.score(X, y) == pytest.approx(explained(y, link(raw)))
    else:
        decision = raw[:, 0] if raw.shape[1] == 1 else raw
        np.testing.assert_allclose(model.decision_function(X), decision, 1e-10, 1e-10)
        two = np.column_stack([-raw, raw]) if raw.shape[1] == 1 else raw
        labels = model.classes_[two.argmax(axis=1)]
        assert_same_labels(labels, model, X)
        clear = decided(model, X)
        accuracy = accuracy_score(y[clear], labels[clear])
        assert model.score(X[clear], y[clear]) == accuracy
    if hasattr(model, "predict_proba"):
        one = raw.shape[1] == 1
        proba = np.hstack([expit(-raw), expit(raw)]) if one else softmax(raw, axis=1)
        np.testing.assert_allclose(model.predict_proba(X), proba, rtol=1e-9, atol=1e-12)
        with np.errstate(divide="ignore"):  # the twin takes logarithms of zeros
            found = model.predict_log_proba(X)
        some = proba > 1e-5
        np.testing.assert_allclose(found[some], np.log(proba[some]), atol=1e-9)
    np.testing.assert_array_equal(shown(model), expected)


def public_text(estimator):
    model, certificate = estimator.release()
    texts = [repr(estimator), str(estimator), estimator._repr_html_()]
    texts += [repr(estimator.get_params()), certificate.to_json(), repr(certificate)]
    return "\n".join([*texts, repr(model), model._repr_html_(), repr(vars(model))])


@pytest.mark.parametrize(
    ("name", "name_format", "retain_data", "fit_intercept"),
    pairwise(CERTIFIED, FORMATS, [False, True], [True, False]),
)
def test_everything_public_shows_one_publication(
    name, name_format, retain_data, fit_intercept
):
    as_format = FORMATS[name_format]
    X, y = problem(name)
    X = as_format(X)
    sigma = {"ridge": 300.0, "svr": 300.0, "least": 1e5}.get(name.split("_")[0], 30.0)
    estimator = certified(
        name, sigma, retain_data=retain_data, fit_intercept=fit_intercept
    ).fit(X, y)
    for request in (
        lambda: None,
        lambda: VERBS["partial_unfit"](estimator, X, y, None),
    ):
        request()
        secret, published = theta(estimator), shown(estimator)
        assert np.abs(published - secret).max() > 5e-3 * sigma
        assert not holds(published, secret)
        loss = estimator._fitted.model.state.objective.loss
        assert_shows(estimator, X, y, published, fit_intercept, loss)
        for model in (estimator.to_sklearn(), estimator.release()[0]):
            assert_shows(model, X, y, published, fit_intercept, loss)
            for value in vars(model).values():
                if isinstance(value, np.ndarray) and value.dtype.kind == "f":
                    assert not holds(value, secret)
        assert not holds(numbers_in(public_text(estimator)), secret)


@pytest.mark.parametrize(
    "name", ["logistic", "multinomial", "ridge", "ridge_classifier"]
)
def test_attributes_hold_no_secret(name):
    X, y = problem(name)
    estimator = certified(name, 1e3, retain_data=True).fit(X, y)
    secret = theta(estimator)
    assert not [key for key in vars(estimator) if key.endswith("_")]
    public = [key for key in dir(estimator) if not key.startswith("_")]
    learned = [key for key in public if key.endswith("_")]
    assert {"coef_", "intercept_", "n_features_in_", "n_iter_"} <= set(learned)
    for key in public:
        value = getattr(estimator, key, None)
        if (
            isinstance(value, float | np.ndarray)
            and np.asarray(value).dtype.kind == "f"
        ):
            assert not holds(value, secret), key
    # the search finds what is there
    assert holds(estimator._fitted.model.state.theta, secret)
    for array in (estimator.coef_, estimator._fitted.lineage.published):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0.0


@pytest.mark.parametrize("retain_data", [False, True])
@pytest.mark.parametrize("name", ["logistic", "multinomial", "ridge"])
def test_certificates_hold_no_data_and_nothing_private(name, retain_data):
    X, y = problem(name)
    if y.dtype.kind != "f":
        y = np.char.add("label-", y.astype(str))
    estimator = certified(name, 1e3, retain_data=retain_data).fit(X, y)
    VERBS["replace_labels"](estimator, X, y, None)
    model, certificate = estimator.release()
    record = estimator.private_record()
    for text in (certificate.to_json(), record.to_json()):
        found = numbers_in(text)
        for values in (X, theta(estimator), model.coef_, model.intercept_):
            assert not holds(found, values)
        if y.dtype.kind == "f":
            assert not holds(found, y)
        assert "label-" not in text
    private = json.loads(record.to_json())
    entries = json.loads(certificate.to_json())
    common = {"budget", "publication", "model_sha256"}
    assert entries.keys() & private.keys() == {*common, "schema"}
    assert record.state_after not in certificate.to_json()
    found = numbers_in(certificate.to_json())
    for key in private.keys() - common - {"remaining"}:
        if isinstance(private[key], float):
            assert not holds(found, private[key]), key
    assert holds(numbers_in(record.to_json()), private["distance"])
    assert all(entries[key] == private[key] for key in common)


def test_certificates_say_what_they_are_about():
    X, y = problem("logistic")
    estimator = certified("logistic", 2.0, C=0.25).fit(X, y)
    model, certificate = estimator.release()
    assert (certificate.epsilon, certificate.delta, certificate.sigma) == (1.0, 1e-5, 2)
    assert certificate.budget == pytest.approx(2.0 / kappa(1.0, 1e-5), rel=1e-8)
    assert (certificate.mode, certificate.n_publications) == ("output", None)
    assert certificate.grid == 2.0**-19
    assert certificate.refit_tolerance == estimator.tol
    assert certificate.estimator == "UnlearnableLogisticRegression"
    assert certificate.parameters["C"] == 0.25
    names = estimator.get_params(deep=False).keys() - {"certification"}
    assert certificate.parameters.keys() == names
    assert certificate.versions["numpy"] == np.__version__
    assert certificate.model_sha256 == model_hash(model)
    assert any("looked up" in sentence for sentence in certificate.not_claimed)
    kept = certified("logistic", retain_data=True).fit(X, y).release()[1]
    assert not any("looked up" in sentence for sentence in kept.not_claimed)
    assert Certificate.from_json(certificate.to_json()) == certificate
    record = estimator.private_record()
    assert PrivateRecord.from_json(record.to_json()) == record
    assert len(record.state_after) == len(record.model_sha256) == 64


@pytest.mark.parametrize(
    ("name", "verb", "retain_data"),
    pairwise(
        ["logistic", "multinomial", "ridge"],
        [verb for verb in VERBS if verb != "refine"],
        [False, True],
    ),
)
def test_each_state_is_published_once_and_paid_for(name, verb, retain_data):
    X, y = problem(name)
    estimator = certified(name, 10.0, retain_data=retain_data).fit(X, y)
    releases = []

    def look():
        model, certificate = estimator.release()
        record = estimator.private_record()
        again = estimator.release()
        np.testing.assert_array_equal(shown(again[0]), shown(model))
        assert again[1] == certificate
        certificate.verify(model)
        releases.append((model, certificate, record))

    look()
    VERBS[verb](estimator, X, y, None)
    look()
    spent = 0.0
    for number, (model, certificate, record) in enumerate(releases):
        spent = np.hypot(spent, record.distance)
        assert record.spent == pytest.approx(spent, rel=1e-12)
        whole = record.spent**2 + record.remaining**2
        assert retain_data or whole == pytest.approx(record.budget**2)
        assert certificate.publication == record.publication == number + 1
        assert record.model_sha256 == certificate.model_sha256
        if number:
            old_model, old_certificate, old_record = releases[number - 1]
            assert record.state_after != old_record.state_after
            assert certificate.model_sha256 != old_certificate.model_sha256
            difference = shown(model) - shown(old_model)
            assert np.abs(np.delete(difference, FAINT, axis=0)).min() > 1e-5
            with pytest.raises(CertificateMismatchError):
                certificate.verify(old_model)
            with pytest.raises(CertificateMismatchError):
                old_certificate.verify(model)
    assert [record.operation for _, _, record in releases] == ["fit", "request"]


@pytest.mark.parametrize("retain_data", [False, True])
@pytest.mark.parametrize("name", ["logistic", "multinomial", "ridge"])
def test_a_refinement_costs_nothing(name, retain_data):
    X, y = problem(name)
    estimator = certified(name, retain_data=retain_data).fit(X, y)
    published, record = shown(estimator), estimator.private_record()
    estimator.refine(X, y)
    np.testing.assert_array_equal(shown(estimator), published)
    assert estimator.private_record() == record
    assert record.publication == 1


@pytest.mark.parametrize("retain_data", [False, True])
@pytest.mark.parametrize("name", CERTIFIED)
def test_forgotten_columns_are_published_as_zero(name, retain_data):
    X, y = problem(name)
    estimator = certified(name, 1e3, retain_data=retain_data).fit(X, y)
    assert all_drawn(estimator.coef_, 0.0)
    estimator.forget_features([FAINT])
    rest = X.copy()
    if retain_data or name.startswith("ridge"):
        rest[:, FAINT] = np.nan
    for request in (
        lambda: None,
        lambda: estimator.partial_unfit(rest[:3], y[:3]),
        lambda: estimator.partial_fit(rest[:1], y[:1]),
        lambda: estimator.partial_unfit(rest[:1], y[:1]),
        lambda: estimator.refine(rest[3:], y[3:]),
    ):
        request()
        published = np.atleast_2d(estimator.coef_)
        assert np.all(published[:, FAINT] == 0.0)
        assert all_drawn(np.delete(published, FAINT, axis=1), 0.0)
        np.testing.assert_array_equal(shown(estimator.release()[0]), shown(estimator))
        small = np.atleast_2d(estimator.to_sklearn(drop_forgotten=True).coef_)
        np.testing.assert_array_equal(small, np.delete(published, FAINT, axis=1))


@pytest.mark.parametrize(
    "copied", [lambda e: pickle.loads(pickle.dumps(e)), copy.deepcopy]
)
@pytest.mark.parametrize("name", ["logistic", "ridge"])
def test_copies_keep_the_publication(name, copied):
    X, y = problem(name)
    estimator = certified(name, 100.0).fit(X, y)
    estimator.partial_unfit(X[:2], y[:2])
    twin = copied(estimator)
    np.testing.assert_array_equal(shown(twin), shown(estimator))
    assert twin.release()[1] == estimator.release()[1]
    assert twin.private_record() == estimator.private_record()
    for model in (estimator, twin):
        model.partial_unfit(X[2:4], y[2:4])
    # the last bit decides whether it is the same publication
    alike = np.array_equal(theta(twin), theta(estimator))
    assert alike == np.array_equal(shown(twin), shown(estimator))
    spent = [model.private_record().spent for model in (estimator, twin)]
    assert spent[0] == pytest.approx(spent[1], rel=1e-9)
    # after different ones, their difference has the noise of both
    estimator.partial_unfit(X[4:5], y[4:5])
    twin.partial_unfit(X[5:6], y[5:6])
    assert np.abs(shown(twin) - shown(estimator)).max() > 1.0


def test_a_clone_has_no_publication():
    X, y = problem("ridge")
    estimator = certified("ridge").fit(X, y)
    twin = clone(estimator)
    assert not hasattr(twin, "coef_")
    assert twin.certification is not estimator.certification
    assert twin.certification.get_params() == estimator.certification.get_params()


def test_parameters_are_those_of_the_fit():
    X, y = problem("logistic")
    estimator = certified("logistic", 1e3).fit(X, y)
    published, certificate = shown(estimator), estimator.release()[1]
    for certification in (None, gaussian(1.0, mode="objective"), gaussian(1e-9)):
        estimator.set_params(certification=certification)
        np.testing.assert_array_equal(shown(estimator), published)
        assert estimator.release()[1] == certificate
    estimator.partial_unfit(X[:1], y[:1])
    assert estimator.release()[1].sigma == 1e3
    assert np.abs(shown(estimator) - theta(estimator)).max() > 100.0


def test_in_pipelines_and_searches():
    X, y = problem("logistic", 300)
    pipe = make_pipeline(
        StandardScaler(),
        UnlearnableLogisticRegression(certification=GaussianCertification(1.0, 1e-5)),
    )
    prefix = "unlearnablelogisticregression__certification__"
    grid = {f"{prefix}epsilon": [0.5, 2.0], f"{prefix}sigma": [100.0, 1e-4]}
    search = GridSearchCV(pipe, grid, cv=3, error_score="raise").fit(X, y)
    # much noise is seen in the scores, and predictions are the publication's
    scores = search.cv_results_["mean_test_score"]
    small = search.cv_results_[f"param_{prefix}sigma"].astype(float) < 1.0
    assert scores[small].min() > scores[~small].max()
    assert search.best_params_[f"{prefix}sigma"] == 1e-4
    best = search.best_estimator_[-1]
    certificate = best.release()[1]
    assert certificate.sigma == 1e-4
    assert certificate.epsilon == search.best_params_[f"{prefix}epsilon"]


def test_noise_that_can_be_computed_certifies_nothing():
    X, y = problem("logistic")
    certification = GaussianCertification(1.0, 1e-3, 0.1, random_state=20261)
    estimator = UnlearnableLogisticRegression(certification=certification).fit(X, y)
    for _ in range(2):
        with pytest.raises(CertificationError, match="random_state") as caught:
            estimator.release()
        assert "20261" not in str(caught.value)
        published = estimator.to_sklearn()
        assert np.abs(published.coef_.T - theta(estimator)[:-1]).max() > 1e-3
        estimator.partial_unfit(X[:1], y[:1])
