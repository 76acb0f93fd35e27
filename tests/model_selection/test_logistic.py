"""Logistic regression with C chosen in folds, against scikit-learn in the same ones."""

import inspect
import pickle

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegressionCV
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_unlearn import UnlearnableLogisticRegressionCV
from sklearn_unlearn.exceptions import (
    DataMismatchWarning,
    NotForgottenWarning,
    RowNotFoundError,
)
from sklearn_unlearn.utils.estimator_checks import parametrize_with_unlearner_checks
from tests.model_selection.searches import classes, folds_of, without

CS = [1e-3, 0.03, 1.0]
ROWS = np.array([0, 7, 31])


def twin_of(X, y, folds, **params):
    """scikit-learn's, converged."""
    known = inspect.signature(LogisticRegressionCV).parameters
    newest = {
        "use_legacy_attributes": False,
        "l1_ratios": (0.0,),
        "scoring": "accuracy",
    }
    if "use_legacy_attributes" not in known:
        newest = {}
    given = {"Cs": CS, "tol": 1e-10, "max_iter": 10_000, **newest, **params}
    return LogisticRegressionCV(cv=folds, **given).fit(X, y)


def assert_same(model, twin, X):
    assert np.all(twin.C_ == model.C_)
    np.testing.assert_allclose(model.predict_proba(X), twin.predict_proba(X), atol=1e-6)
    np.testing.assert_allclose(
        model.coef_[:, model.coef_.any(axis=0)], twin.coef_, rtol=0, atol=1e-5
    )
    np.testing.assert_allclose(model.intercept_, twin.intercept_, rtol=0, atol=1e-5)


# Equal accuracies are equal up to rounding only in the twin.
@pytest.mark.parametrize(
    ("n_classes", "params"), [(2, {}), (3, {"scoring": "neg_log_loss"})]
)
def test_requests_give_the_fit_to_what_is_edited(n_classes, params):
    X, y = classes(n_classes=n_classes)
    model = UnlearnableLogisticRegressionCV(Cs=CS, cv=3, **params)
    folds = folds_of(model, X, y)
    model.fit(X, y)
    assert_same(model, twin_of(X, y, folds, **params), X)
    np.testing.assert_array_equal(model.Cs_, CS)
    model.partial_unfit(X[ROWS], y[ROWS])
    left = np.delete(np.arange(len(y)), ROWS)
    X, y, folds = X[left], y[left].copy(), without(folds, ROWS, len(y))
    target = y[[5]]
    y[5] = y[6]
    model.replace_labels(X[[5]], target, y[[5]])
    assert_same(model, twin_of(X, y, folds, **params), X)
    model.forget_features([2])
    narrow = np.delete(X, 2, axis=1)
    assert_same(model, twin_of(narrow, y, folds, **params), narrow)
    assert not model.coef_[:, 2].any()
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.coef_, model.coef_)


def test_a_choice_that_changes():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((120, 10))
    y = (X[:, 0] + 0.3 * rng.standard_normal(120) > 0).astype(int)
    turned = np.flatnonzero(np.arange(120) % 9 < 4)
    y[turned] = 1 - y[turned]
    model = UnlearnableLogisticRegressionCV(Cs=CS, cv=4, scoring="neg_log_loss")
    before = model.fit(X, y).C_
    model.partial_unfit(X[turned], y[turned])
    assert model.request_report_.choice_changed
    assert before < model.C_


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_model_that_is_taken_over():
    X, y = classes(n_classes=2)
    theirs = twin_of(X, y, 3, scoring="neg_log_loss")
    model = UnlearnableLogisticRegressionCV.from_sklearn(theirs, X, y)
    assert_same(model, theirs, X)
    with pytest.raises(TypeError, match="takes a fitted LogisticRegressionCV"):
        UnlearnableLogisticRegressionCV.from_sklearn(model, X, y)
    others = np.where(np.arange(len(y)) % 3 == 0, y[::-1], y)
    with pytest.warns(DataMismatchWarning, match="is chosen"):
        UnlearnableLogisticRegressionCV.from_sklearn(
            twin_of(X[:, :1], others, 3, scoring="neg_log_loss"), X, y
        )


def test_a_frozen_choice_says_so_and_unknown_rows_are_refused():
    X, y = classes()
    model = UnlearnableLogisticRegressionCV(Cs=2, cv=3, keep="best").fit(X, y)
    np.testing.assert_allclose(model.Cs_, [1e-4, 1e4])
    with pytest.warns(NotForgottenWarning, match="the choice"):
        model.partial_unfit(X[:1], y[:1])
    with pytest.warns(NotForgottenWarning, match="C was chosen"):
        model.to_sklearn()
    with pytest.raises(RowNotFoundError):
        model.partial_unfit(X[:1], y[:1])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"Cs": 0}, "Cs must be at least 1"),
        ({"Cs": [1.0, -1.0]}, "positive values"),
        ({"scoring": ["accuracy"]}, "one metric"),
        ({"keep": "none"}, "keep must be"),
        ({"max_bytes": 10}, "max_bytes=10"),
    ],
)
def test_parameters_that_make_no_search(wrong, message):
    with pytest.raises(ValueError, match=message):
        UnlearnableLogisticRegressionCV(**wrong).fit(*classes())


ONE = UnlearnableLogisticRegressionCV(Cs=[0.1], cv=2)


@parametrize_with_unlearner_checks([ONE])
def test_unlearner_check(estimator, check):
    check(estimator)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
@parametrize_with_checks([ONE])
def test_sklearn_check(estimator, check):
    check(estimator)


def test_what_is_deployed_is_the_chosen_model():
    X, y = classes()
    model = UnlearnableLogisticRegressionCV(Cs=CS, cv=3).fit(X, y)
    plain = model.partial_unfit(X[:2], y[:2]).to_sklearn()
    assert plain.C == model.C_
    np.testing.assert_allclose(plain.predict_proba(X), model.predict_proba(X))


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_how_a_model_was_solved_survives_its_export():
    X, y = classes(n_classes=2)
    theirs = twin_of(X, y, 3, scoring="neg_log_loss", max_iter=237, tol=3e-9)
    model = UnlearnableLogisticRegressionCV.from_sklearn(theirs, X, y)
    model = pickle.loads(pickle.dumps(model)).forget_features([1])
    for plain in (model.to_sklearn(True), model.to_sklearn()):
        assert (plain.max_iter, plain.tol) == (237, 3e-9)
