"""Searches, calibrations, stacks, votes and bags as plain ones of scikit-learn's."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.validation import check_is_fitted

from sklearn_unlearn import (
    UnlearnableBaggingClassifier,
    UnlearnableBaggingRegressor,
    UnlearnableCalibratedClassifierCV,
    UnlearnableGaussianNB,
    UnlearnableGridSearchCV,
    UnlearnableLinearSVC,
    UnlearnableLogisticRegression,
    UnlearnableMultiOutputClassifier,
    UnlearnableMultiOutputRegressor,
    UnlearnableOneVsRestClassifier,
    UnlearnableRandomizedSearchCV,
    UnlearnableRidge,
    UnlearnableRidgeClassifier,
    UnlearnableStackingClassifier,
    UnlearnableStackingRegressor,
    UnlearnableStandardScaler,
    UnlearnableTunedThresholdClassifierCV,
    UnlearnableVotingClassifier,
    UnlearnableVotingRegressor,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import NotForgottenWarning, UnlearningError
from tests.model_selection.searches import classes, numbers

GRID = {"unlearnablelogisticregression__C": [0.1, 1.0]}
ASKED = ("predict", "predict_proba", "decision_function", "transform")


class OwnNames(DecisionTreeClassifier):
    """Has its labels in a second place."""

    def fit(self, X, y, sample_weight=None):
        self.names_ = np.unique(y)
        return super().fit(X, y, sample_weight)

    def predict(self, X):
        return self.names_[self.predict_proba(X).argmax(axis=1)]


def model():
    return make_unlearnable_pipeline(
        UnlearnableStandardScaler(), UnlearnableLogisticRegression(retain_data=True)
    )


def several():
    return [
        ("linear", model()),
        ("counted", UnlearnableGaussianNB()),
        ("none", "drop"),
        ("tree", DecisionTreeClassifier(random_state=0)),
    ]


def regressors():
    return [("weak", UnlearnableRidge()), ("strong", UnlearnableRidge(100.0))]


X, NAMES = classes()
CODES = np.unique(NAMES, return_inverse=True)[1]
V, TARGET = numbers()
TREE = DecisionTreeClassifier(random_state=0)

CASES = {
    "search": (lambda: UnlearnableGridSearchCV(model(), GRID, cv=3), X, NAMES),
    "random": (
        lambda: UnlearnableRandomizedSearchCV(model(), GRID, n_iter=2, cv=3),
        X,
        NAMES,
    ),
    "foreign": (
        lambda: UnlearnableGridSearchCV(TREE, {"max_depth": [1, 2]}, cv=3),
        X,
        NAMES,
    ),
    "calibrated": (lambda: UnlearnableCalibratedClassifierCV(model(), cv=3), X, NAMES),
    "calibrated once": (
        lambda: UnlearnableCalibratedClassifierCV(
            model(), method="isotonic", cv=3, ensemble=False
        ),
        X,
        NAMES,
    ),
    "threshold": (
        lambda: UnlearnableTunedThresholdClassifierCV(
            model(), cv=3, scoring="accuracy"
        ),
        X,
        (NAMES == "a").astype(int),
    ),
    "stack": (lambda: UnlearnableStackingClassifier(several(), cv=3), X, NAMES),
    "stack on rows": (
        lambda: UnlearnableStackingClassifier(
            several(), LogisticRegression(max_iter=1000), cv=3, passthrough=True
        ),
        X,
        NAMES,
    ),
    "stack of ours": (
        lambda: UnlearnableStackingClassifier(
            several(), UnlearnableLogisticRegression(), cv=3
        ),
        X,
        NAMES,
    ),
    "stacked numbers": (
        lambda: UnlearnableStackingRegressor(regressors(), cv=3),
        V,
        TARGET,
    ),
    "soft vote": (
        lambda: UnlearnableVotingClassifier(several(), voting="soft"),
        X,
        NAMES,
    ),
    "hard vote": (lambda: UnlearnableVotingClassifier(several()), X, CODES),
    "mean": (lambda: UnlearnableVotingRegressor(regressors()), V, TARGET),
    "bags": (
        lambda: UnlearnableBaggingClassifier(UnlearnableGaussianNB(), random_state=0),
        X,
        NAMES,
    ),
    "bags of votes": (
        lambda: UnlearnableBaggingClassifier(
            UnlearnableRidgeClassifier(), random_state=0
        ),
        X,
        CODES,
    ),
    "bags of numbers": (
        lambda: UnlearnableBaggingRegressor(UnlearnableRidge(), random_state=0),
        V,
        TARGET,
    ),
    "one against all": (lambda: UnlearnableOneVsRestClassifier(model()), X, NAMES),
    "labels": (
        lambda: UnlearnableOneVsRestClassifier(UnlearnableLogisticRegression()),
        X,
        np.column_stack([NAMES == "a", NAMES != "b"]).astype(int),
    ),
    "several labels": (
        lambda: UnlearnableMultiOutputClassifier(UnlearnableGaussianNB()),
        X,
        np.column_stack([CODES, X[:, 0] > 0.0]).astype(int),
    ),
    "several targets": (
        lambda: UnlearnableMultiOutputRegressor(UnlearnableRidge()),
        V,
        np.column_stack([TARGET, -TARGET]),
    ),
}


def assert_answers_alike(plain, ours, rows, wide):
    for name in ASKED:
        hard = getattr(plain, "voting", None) == "hard"  # which has no shares of votes
        if not hasattr(ours, name) or (hard and name == "predict_proba"):
            continue
        found, expected = getattr(plain, name)(rows), getattr(ours, name)(wide)
        if isinstance(expected, list):
            found, expected = np.hstack(found), np.hstack(expected)
        if expected.dtype.kind in "OU":
            np.testing.assert_array_equal(found, expected)
        else:
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", CASES)
def test_a_plain_one_answers_alike(name):
    make, rows, y = CASES[name]
    ours = make().fit(rows, y).partial_unfit(rows[:3], y[:3])
    plain = ours.to_sklearn()
    check_is_fitted(plain)
    assert b"sklearn_unlearn" not in pickle.dumps(plain)
    assert plain.n_features_in_ == rows.shape[1]
    assert_answers_alike(plain, ours, rows, rows)
    bags = "Bagging" in type(ours).__name__
    assert bags or type(plain) is type(ours)._twin_class


@pytest.mark.parametrize("name", ["search", "calibrated", "stack on rows", "bags"])
def test_a_plain_one_without_a_column(name):
    make, rows, y = CASES[name]
    ours = make().fit(rows, y).forget_features([1])
    narrow = ours.to_sklearn(drop_forgotten=True)
    assert_answers_alike(narrow, ours, np.delete(rows, 1, axis=1), rows)
    other = rows.copy()
    other[:, 1] = 7.0
    wide = ours.to_sklearn()
    np.testing.assert_array_equal(wide.predict(other), ours.predict(rows))


@pytest.mark.parametrize("name", ["search", "soft vote", "bags"])
def test_a_plain_one_of_a_frame(name):
    pandas = pytest.importorskip("pandas")
    make, rows, y = CASES[name]
    frame = pandas.DataFrame(rows, columns=list("wxyz"))
    ours = make().fit(frame, y).forget_features(["x"])
    plain, narrow = ours.to_sklearn(), ours.to_sklearn(drop_forgotten=True)
    assert list(narrow.feature_names_in_) == ["w", "y", "z"]
    assert_answers_alike(plain, ours, frame, frame)
    assert_answers_alike(narrow, ours, frame.drop(columns="x"), frame)


def test_a_plain_search_knows_what_it_found():
    make, rows, y = CASES["search"]
    ours = make().fit(rows, y).partial_unfit(rows[:3], y[:3])
    plain = ours.to_sklearn()
    assert plain.best_params_ == ours.best_params_
    assert list(plain.cv_results_) == list(ours.cv_results_)
    assert plain.score(rows, y) == pytest.approx(ours.score(rows, y))
    again = clone(plain).fit(rows[3:], y[3:])
    assert again.cv_results_["params"] == ours.cv_results_["params"]


def test_a_plain_one_does_not_follow_what_it_came_from():
    make, rows, y = CASES["stack"]
    ours = make().fit(rows, y)
    plain = ours.to_sklearn()
    before = plain.predict_proba(rows)
    ours.partial_unfit(rows[:9], y[:9])
    np.testing.assert_array_equal(plain.predict_proba(rows), before)


def test_a_frozen_choice_says_so():
    search = UnlearnableGridSearchCV(model(), GRID, cv=3, keep="best").fit(X, NAMES)
    search.to_sklearn()  # it is that of these rows
    with pytest.warns(NotForgottenWarning):
        search.partial_unfit(X[:1], NAMES[:1])
    with pytest.warns(NotForgottenWarning, match="cv_results_"):
        search.to_sklearn()


def test_without_a_model_there_is_nothing_to_deploy():
    search = UnlearnableGridSearchCV(model(), GRID, cv=3, refit=False).fit(X, NAMES)
    with pytest.raises(UnlearningError, match="refit=False"):
        search.to_sklearn()


@pytest.mark.parametrize("kind", ["vote", "stack", "bags"])
def test_labels_that_count_are_numbered(kind):
    inner = UnlearnableGaussianNB(), UnlearnableLinearSVC(), OwnNames()
    makes = {
        "vote": lambda one: UnlearnableVotingClassifier([("one", one)]),
        "stack": lambda one: UnlearnableStackingClassifier(
            [("one", one)], cv=3, stack_method="predict"
        ),
        "bags": lambda one: UnlearnableBaggingClassifier(one, random_state=0),
    }
    *others, last = (makes[kind](one).fit(X, NAMES) for one in inner)
    for one in others:
        assert_answers_alike(one.to_sklearn(), one, X, X)
    if kind != "bags":  # whose probabilities are not counted
        with pytest.raises(UnlearningError, match="labels 0, 1"):
            last.to_sklearn()


def test_bags_without_a_class_are_refused():
    rare = np.where(np.arange(len(NAMES)) == 2, "c", np.where(CODES == 2, "a", NAMES))
    ours = UnlearnableBaggingClassifier(UnlearnableGaussianNB(), random_state=0)
    with pytest.raises(UnlearningError, match="no rows of some class"):
        ours.fit(X, rare).to_sklearn()


@pytest.mark.parametrize("name", ["search", "stack"])
def test_the_last_step_of_a_plain_pipeline(name):
    make, rows, y = CASES[name]
    pipeline = make_unlearnable_pipeline("passthrough", make()).fit(rows, y)
    pipeline = pipeline.partial_unfit(rows[:3], y[:3])
    plain = pipeline.to_sklearn()
    assert b"sklearn_unlearn" not in pickle.dumps(plain)
    assert_answers_alike(plain, pipeline, rows, rows)
