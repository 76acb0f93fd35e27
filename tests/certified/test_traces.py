"""What a release must not show of rows that are gone, beside the coefficients."""

import json
import threading

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier

from sklearn_unlearn import (
    GaussianCertification,
    UnlearnableLogisticRegression,
    UnlearnableRidge,
)
from sklearn_unlearn.certification import kappa
from sklearn_unlearn.core.linear.units import Units
from sklearn_unlearn.exceptions import CertificateMismatchError
from tests.certified.problems import problem

CERTIFICATION = GaussianCertification(1.0, 1e-5, 1.0)


def logistic(**params):
    return UnlearnableLogisticRegression(
        certification=CERTIFICATION, retain_data=True, **params
    )


def test_no_number_of_steps():
    X, y = problem("logistic")
    hard = np.vstack([X, np.repeat(10.0 * X[:1], 300, axis=0)])
    other_label = np.unique(y)[int(y[0] == np.unique(y)[0])]
    labels = np.append(y, np.repeat(other_label, 300))
    one, other = logistic().fit(X, y), logistic().fit(hard, labels)
    assert one._fitted.n_iter != other._fitted.n_iter
    for estimator in (one, other):
        assert estimator.n_iter_ == estimator.release()[0].n_iter_ == 1


def test_no_rounding_error_of_what_is_gone():
    X, y = problem("ridge")
    far = UnlearnableRidge(certification=CERTIFICATION, retain_data=True)
    far.fit(np.vstack([X, 1e3 * X[:1]]), np.append(y, 1e5))
    far.partial_unfit(1e3 * X[:1], [1e5])
    assert far.release()[1].refit_tolerance == far.tol


def test_a_refit_may_stop_at_its_rounding_error():
    X, y = problem("ridge")
    model = UnlearnableRidge(certification=CERTIFICATION, retain_data=True).fit(X, y)
    model.partial_fit(1e4 * X, 1e4 * y)
    both, targets = np.vstack([X, 1e4 * X]), np.append(y, 1e4 * y)
    refit = UnlearnableRidge().fit(both, targets)
    residual = refit.gradient_residual(both, targets)
    permitted = model.private_record().refit_gradient_norm
    state = refit._fitted.model.state
    rows = refit._read_rows(refit._fitted, both, targets, None)
    stop = model.tol * Units.of(state.objective.loss, rows).largest
    assert stop < residual + residual.rounding_error <= permitted


def test_labels_are_no_wider_than_those_that_are_left():
    X, y = load_iris(return_X_y=True)
    names = np.array(["a", "b", "a long name"])[y]
    model = logistic(C=0.1).fit(X, names).partial_unfit(X[y == 2], names[y == 2])
    assert model.release()[0].classes_.dtype == np.array(["a", "b"]).dtype


def test_the_certificate_of_a_model_without_forgotten_columns():
    X, y = problem("logistic")
    model = logistic().fit(X, y).forget_features([0])
    released, certificate = model.release(drop_forgotten=True)
    certificate.verify(released)
    assert released.n_features_in_ == X.shape[1] - 1
    with pytest.raises(CertificateMismatchError):
        certificate.verify(model.release()[0])


@pytest.mark.parametrize("other", [DecisionTreeClassifier(), UnlearnableRidge(), None])
def test_what_is_no_model_is_another_model(other):
    X, y = problem("logistic")
    certificate = logistic().fit(X, y).release()[1]
    with pytest.raises(CertificateMismatchError, match="another publication"):
        certificate.verify(other)
    with pytest.raises(CertificateMismatchError, match="got lock"):
        certificate.verify(threading.Lock())


def test_an_infinite_parameter_is_a_word_in_json():
    X, y = problem("logistic")
    certificate = logistic(C=np.inf).fit(X, y).release()[1]
    text = certificate.to_json()
    assert json.loads(text, parse_constant=pytest.fail)["parameters"]["C"] == "inf"


@pytest.mark.parametrize("wrong", [1e300, 10**400])
def test_numbers_too_large_name_the_argument(wrong):
    with pytest.raises(ValueError, match="epsilon must be"):
        kappa(wrong, 0.1)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("sigma", 10**400), ("mode", np.array(["output"])), ("random_state", True)],
)
def test_wrong_parameters_are_named(name, wrong):
    X, y = problem("ridge")
    certification = GaussianCertification(1.0, 1e-5, 1.0).set_params(**{name: wrong})
    with pytest.raises((ValueError, TypeError), match=name):
        UnlearnableRidge(certification=certification).fit(X, y)
