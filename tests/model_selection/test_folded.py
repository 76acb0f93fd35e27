"""Calibration, thresholds, stacks and votes, against scikit-learn on the same folds."""

import pickle

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import TunedThresholdClassifierCV
from sklearn.tree import DecisionTreeClassifier

from sklearn_unlearn import (
    UnlearnableCalibratedClassifierCV,
    UnlearnableGaussianNB,
    UnlearnableLogisticRegression,
    UnlearnableRidge,
    UnlearnableStackingClassifier,
    UnlearnableStackingRegressor,
    UnlearnableTunedThresholdClassifierCV,
    UnlearnableVotingClassifier,
    UnlearnableVotingRegressor,
)
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.utils.estimator_checks import unlearner_checks
from tests.model_selection.searches import classes, folds_of, numbers, without

ROWS = np.array([0, 7, 31])
BAYES = UnlearnableGaussianNB()
LOGISTIC = UnlearnableLogisticRegression(retain_data=True, tol=1e-11)
TREE = DecisionTreeClassifier(max_depth=2, random_state=0)
RIDGES = [
    (f"ridge {alpha}", UnlearnableRidge(alpha=alpha, retain_data=True, tol=1e-12))
    for alpha in (0.1, 100.0)
]
SEVERAL = [("bayes", BAYES), ("gone", "drop"), ("tree", TREE), ("logistic", LOGISTIC)]

CALIBRATED = [
    UnlearnableCalibratedClassifierCV(BAYES, cv=3),
    UnlearnableCalibratedClassifierCV(LOGISTIC, cv=3, method="isotonic"),
    UnlearnableCalibratedClassifierCV(BAYES, cv=3, ensemble=False),
    UnlearnableCalibratedClassifierCV(TREE, cv=3, ensemble=False, method="isotonic"),
]
#: From scikit-learn 1.8 on.
TEMPERATURE = "temperature" in str(CalibratedClassifierCV.__doc__)
CALIBRATED += [
    UnlearnableCalibratedClassifierCV(
        LOGISTIC, cv=3, method="temperature", ensemble=ensemble
    )
    for ensemble in (True, False) * TEMPERATURE
]
TUNED = [
    UnlearnableTunedThresholdClassifierCV(BAYES, cv=3, store_cv_results=True),
    UnlearnableTunedThresholdClassifierCV(LOGISTIC, cv=3, scoring="f1_macro"),
]
COMBINED = [
    UnlearnableStackingClassifier(SEVERAL, LogisticRegression(), cv=3),
    UnlearnableStackingClassifier(
        SEVERAL, LogisticRegression(), cv=3, stack_method="predict"
    ),
    UnlearnableStackingRegressor(RIDGES, Ridge(), cv=3),
    UnlearnableStackingRegressor(RIDGES, cv=3, passthrough=True),
    UnlearnableStackingClassifier(
        SEVERAL, LogisticRegression(tol=1e-12, max_iter=10_000), cv=3, passthrough=True
    ),
    UnlearnableVotingClassifier(SEVERAL, voting="soft", weights=[1, 9, 2, 1]),
    UnlearnableVotingClassifier(SEVERAL),
    UnlearnableVotingRegressor(RIDGES, weights=[2, 1]),
]
TWINS = {
    UnlearnableCalibratedClassifierCV: CalibratedClassifierCV,
    UnlearnableTunedThresholdClassifierCV: TunedThresholdClassifierCV,
    UnlearnableStackingClassifier: StackingClassifier,
    UnlearnableStackingRegressor: StackingRegressor,
    UnlearnableVotingClassifier: VotingClassifier,
    UnlearnableVotingRegressor: VotingRegressor,
}
ALL = CALIBRATED + TUNED + COMBINED


def data_of(model):
    if not is_classifier(model):
        return numbers()
    return classes(n_classes=2 if model in TUNED else 3)


def fresh(model, X, y, folds):
    """scikit-learn's, of the same estimators, on these rows and folds."""
    given = clone(model).get_params(deep=False)
    twin = TWINS[type(model)](**given)
    if "cv" in given:
        twin.set_params(cv=folds)
    return twin.fit(X, y)


def folds(model, X, y):
    if not hasattr(model, "cv"):
        return []
    model = clone(model)
    model.estimator = getattr(model, "estimator", model)
    return folds_of(model, X, y)


def assert_same(model, twin, X):
    for name in ("predict_proba", "predict"):
        if hasattr(twin, name):
            found, expected = (getattr(each, name)(X) for each in (model, twin))
            if expected.dtype.kind == "f":
                np.testing.assert_allclose(found, expected, rtol=0, atol=1e-8)
            else:
                np.testing.assert_array_equal(found, expected)
    for name in ("best_threshold_", "best_score_"):
        if hasattr(twin, name):
            found, expected = (getattr(each, name) for each in (model, twin))
            np.testing.assert_allclose(found, expected, atol=1e-8)


@pytest.mark.parametrize("model", ALL, ids=lambda model: " ".join(str(model).split()))
def test_requests_give_the_fit_to_what_is_edited(model):
    X, y = data_of(model)
    drawn = folds(model, X, y)
    fitted = clone(model).fit(X, y)
    assert_same(fitted, fresh(model, X, y, drawn), X)
    fitted.partial_unfit(X[ROWS], y[ROWS])
    left = np.delete(np.arange(len(y)), ROWS)
    drawn = without(drawn, ROWS, len(y))
    X, y = X[left].copy(), y[left].copy()
    assert_same(fitted, fresh(model, X, y, drawn), X)
    target = y[[5]]
    y[5] = y[6]
    fitted.replace_labels(X[[5]], target, y[[5]])
    value = X[[8]]
    X[8] += 0.5
    fitted.replace_features(value, y[[8]], X[[8]])
    assert_same(fitted, fresh(model, X, y, drawn), X)
    fitted.forget_features([2])
    narrow = np.delete(X, 2, axis=1)
    assert_same(fitted, fresh(model, narrow, y, drawn), narrow)
    assert fitted.predict(X).shape == fitted.predict(narrow).shape
    again = pickle.loads(pickle.dumps(fitted))
    assert_same(again, fitted, narrow)


def test_rows_come_to_what_has_no_folds():
    for model in (each for each in COMBINED if not hasattr(each, "cv")):
        X, y = data_of(model)
        fitted = clone(model).fit(X[5:], y[5:]).partial_fit(X[:5], y[:5])
        later = np.roll(np.arange(len(y)), -5)
        assert_same(fitted, fresh(model, X[later], y[later], []), X)


def test_a_stack_that_hands_sparse_rows_on():
    X, y = classes()
    X[X < 0.3] = 0.0
    rows = sparse.csr_array(X)
    last = LogisticRegression(tol=1e-12, max_iter=10_000)
    model = UnlearnableStackingClassifier(
        [("logistic", LOGISTIC)], last, cv=3, passthrough=True
    )
    drawn = folds(model, X, y)
    fitted = clone(model).fit(rows, y).partial_unfit(rows[ROWS], y[ROWS])
    left = np.delete(np.arange(len(y)), ROWS)
    twin = fresh(model, rows[left], y[left], without(drawn, ROWS, len(y)))
    assert_same(fitted, twin, rows)


def test_nothing_erased_is_in_the_pickle():
    marked = 1234.56789
    for model in (CALIBRATED[2], TUNED[0], COMBINED[0]):
        X, y = data_of(model)
        X[7, 2] = marked
        fitted = clone(model).fit(X, y)
        assert np.float64(marked).tobytes() in pickle.dumps(fitted)
        fitted.partial_unfit(X[[7]], y[[7]])
        assert np.float64(marked).tobytes() not in pickle.dumps(fitted)


def test_a_class_that_leaves_one_fold_refuses_or_fits_as_scikit_learn():
    X, y = classes(n_classes=2)
    model = clone(TUNED[1]).fit(X, y)
    before = model.best_threshold_
    gone = np.flatnonzero(y == "b")
    gone = gone[np.isin(gone, folds_of(model, X, y)[0][0])]
    with pytest.raises(UnlearningError):
        model.partial_unfit(X[gone], y[gone])
    assert model.best_threshold_ == before


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (CALIBRATED[0].__class__(BAYES, cv="prefit"), "prefit"),
        (clone(TUNED[0]).set_params(refit=False), "refit=False"),
        (clone(COMBINED[0]).set_params(cv="prefit"), "prefit"),
    ],
)
def test_what_has_no_folds_is_refused(model, message):
    with pytest.raises(ValueError, match=message):
        model.fit(*classes(n_classes=2))


@pytest.mark.parametrize("model", [CALIBRATED[0], COMBINED[-1]], ids=["maps", "votes"])
def test_unlearner_checks(model):
    for name, check in unlearner_checks(model):
        if name in ("check_tags", "check_bad_requests", "check_not_fitted"):
            check(model)
