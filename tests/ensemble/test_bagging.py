"""Bags of models, against fits to the edited rows, which draw the same."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.ensemble import BaggingClassifier
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeRegressor
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_unlearn import (
    UnlearnableBaggingClassifier,
    UnlearnableBaggingRegressor,
    UnlearnableGaussianNB,
    UnlearnableRidge,
    UnlearnableStandardScaler,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import EmptyClassError, RowNotFoundError
from sklearn_unlearn.utils.estimator_checks import parametrize_with_unlearner_checks
from tests.model_selection.searches import classes, numbers

ROWS = np.array([0, 7, 31])
RIDGE = make_unlearnable_pipeline(
    UnlearnableStandardScaler(), UnlearnableRidge(retain_data=True, tol=1e-12)
)
MODELS = [
    UnlearnableBaggingClassifier(UnlearnableGaussianNB(), 5, random_state=0),
    UnlearnableBaggingClassifier(
        LinearSVC(), 3, bootstrap=False, max_samples=0.6, random_state=1
    ),
    UnlearnableBaggingClassifier(n_estimators=3, random_state=2),
    UnlearnableBaggingRegressor(RIDGE, 5, max_samples=0.8, random_state=0),
    UnlearnableBaggingRegressor(DecisionTreeRegressor(), 3, random_state=0),
]


def data_of(model):
    return classes() if is_classifier(model) else numbers()


def assert_same(model, other, X):
    names = [each for each in ("predict_proba", "predict") if hasattr(model, each)]
    for name in names:
        answers = [getattr(each, name)(X) for each in (model, other)]
        if answers[0].dtype.kind == "f":
            np.testing.assert_allclose(*answers, atol=1e-8)
        else:
            np.testing.assert_array_equal(*answers)
    for mine, theirs in zip(
        model.estimators_samples_, other.estimators_samples_, strict=True
    ):
        np.testing.assert_array_equal(np.sort(mine), np.sort(theirs))


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_requests_give_the_fit_to_what_is_edited(model, named):
    X, y = data_of(model)
    ids = np.arange(len(y)) + 100

    def fit(X, y):
        return clone(model).fit(X, y, **({"row_ids": ids} if named else {}))

    fitted = fit(X, y)
    who = {"row_ids": ids[ROWS]} if named else {"X": X[ROWS], "y": y[ROWS]}
    fitted.partial_unfit(**who)
    X, y, ids = (np.delete(each, ROWS, axis=0) for each in (X, y, ids))
    assert_same(fitted, fit(X, y), X)
    target, y[5] = y[[5]], y[6]
    fitted.replace_labels(X[[5]], target, y[[5]])
    value = X[[8]]
    X[8] += 0.5
    fitted.replace_features(value, y[[8]], X[[8]])
    assert_same(fitted, fit(X, y), X)
    new, labels = X[:2] + 0.25, y[:2]
    fitted.partial_fit(new, labels, **({"row_ids": [7, 8]} if named else {}))
    X, y, ids = np.vstack([X, new]), np.append(y, labels), np.append(ids, [7, 8])
    assert_same(fitted, fit(X, y), X)
    fitted.forget_features([2])
    narrow = np.delete(X, 2, axis=1)
    assert_same(fitted, fit(narrow, y), narrow)
    assert_same(pickle.loads(pickle.dumps(fitted)), fitted, narrow)


def test_only_models_of_bags_that_had_the_row_change():
    X, y = classes()
    model = clone(MODELS[0]).fit(X, y)
    before = model.estimators_
    had = [0 in rows for rows in model.estimators_samples_]
    model.partial_unfit(X[:1], y[:1])
    pairs = zip(before, model.estimators_, strict=True)
    assert [a is not b for a, b in pairs] == had
    assert 0 < sum(had) < 5


def test_bags_are_as_large_as_those_of_scikit_learn():
    X, y = classes(n_rows=900)
    for bootstrap in (True, False):
        given = {"bootstrap": bootstrap, "max_samples": 0.5, "random_state": 0}
        ours = UnlearnableBaggingClassifier(MODELS[0].estimator, 20, **given).fit(X, y)
        sizes = [rows.size for rows in ours.estimators_samples_]
        different = [np.unique(rows).size for rows in ours.estimators_samples_]
        theirs = BaggingClassifier(MODELS[0].estimator, 20, **given).fit(X, y)
        expected = [np.unique(rows).size for rows in theirs.estimators_samples_]
        assert abs(np.mean(sizes) - 450) < 20
        assert abs(np.mean(different) - np.mean(expected)) < 20


def test_failures_change_nothing():
    X, y = classes()
    model = clone(MODELS[0]).fit(X, y)
    before = model.predict_proba(X)
    with pytest.raises(RowNotFoundError):
        model.partial_unfit(X[:1] + 1.0, y[:1])
    with pytest.raises(EmptyClassError):
        model.partial_unfit(X[y != "a"], y[y != "a"])
    np.testing.assert_array_equal(model.predict_proba(X), before)
    with pytest.raises(ValueError, match="has no row"):
        clone(model).set_params(max_samples=0.001).fit(X, y)
    with pytest.raises(ValueError, match="max_samples must be"):
        clone(model).set_params(max_samples=2.0).fit(X, y)


def test_nothing_erased_is_in_the_pickle():
    X, y = classes()
    X[7, 2] = marked = 1234.56789
    model = clone(MODELS[0]).fit(X, y).partial_unfit(X[[7]], y[[7]])
    assert np.float64(marked).tobytes() not in pickle.dumps(model)


@parametrize_with_unlearner_checks([MODELS[0]])
def test_unlearner_check(estimator, check):
    check(estimator)


@parametrize_with_checks(
    [
        # of few rows, which are drawn by their values, other seeds leave a bag empty
        UnlearnableBaggingClassifier(UnlearnableGaussianNB(), 8, random_state=0),
        UnlearnableBaggingRegressor(UnlearnableRidge(), 4, random_state=0),
    ]
)
def test_sklearn_check(estimator, check):
    check(estimator)
