"""Fitted estimators that consist of models are taken over with these."""

import pickle
import re
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_diabetes, load_wine
from sklearn.ensemble import (
    RandomForestClassifier,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.model_selection import GridSearchCV, TunedThresholdClassifierCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import (
    MultiOutputClassifier,
    MultiOutputRegressor,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from sklearn_unlearn import unlearnable
from sklearn_unlearn.exceptions import DataMismatchWarning
from sklearn_unlearn.retraining import RetrainedModel

X, NUMBERS = load_wine(return_X_y=True)
X = StandardScaler().fit_transform(X)[:, :5]
WORDS = np.array(["barolo", "barbera", "grignolino"])[NUMBERS]
SEVERAL = np.column_stack([NUMBERS > 0, NUMBERS > 1]).astype(int)
ROWS, Y = load_diabetes(return_X_y=True)
ROWS = ROWS[:120, :4]
TWO = np.column_stack([Y[:120], ROWS[:, 0]])
OUT = [0, 60, 100]

LOGISTIC = LogisticRegression(solver="newton-cholesky", tol=1e-10)
SCALED = make_pipeline(StandardScaler(), LOGISTIC)
TREE = DecisionTreeClassifier(max_depth=3, random_state=0)
PAIR = [("one", SCALED), ("other", GaussianNB())]
CASES = {
    "labels": (OneVsRestClassifier(SCALED), X, WORDS),
    "two labels": (OneVsRestClassifier(LOGISTIC), X, WORDS == "barolo"),
    "marks": (OneVsRestClassifier(LOGISTIC), X, SEVERAL),
    "mixed": (OneVsRestClassifier(KNeighborsClassifier(3)), X, WORDS),
    "numbers": (MultiOutputRegressor(Ridge()), ROWS, TWO),
    "columns": (MultiOutputClassifier(SCALED), X, SEVERAL),
    "vote": (VotingClassifier(PAIR, voting="soft"), X, NUMBERS),
    "vote of words": (VotingClassifier(PAIR, voting="hard"), X, WORDS),
    "one dropped": (VotingClassifier([*PAIR, ("none", "drop")]), X, NUMBERS),
    "mean": (VotingRegressor([("ridge", Ridge()), ("far", Ridge(9.0))]), ROWS, Y[:120]),
    "stack": (StackingClassifier(PAIR, final_estimator=LOGISTIC, cv=3), X, NUMBERS),
    "stack of words": (StackingClassifier(PAIR, final_estimator=LOGISTIC), X, WORDS),
    "rows too": (
        StackingRegressor([("ridge", Ridge())], Ridge(2.0), passthrough=True),
        ROWS,
        Y[:120],
    ),
    "calibrated": (CalibratedClassifierCV(SCALED, cv=3), X, WORDS),
    "threshold": (TunedThresholdClassifierCV(SCALED, cv=3), X, NUMBERS == 0),
    "one map": (CalibratedClassifierCV(LOGISTIC, cv=3, ensemble=False), X, WORDS),
}


def answers(model, rows):
    for name in ("predict_proba", "decision_function", "predict"):
        if hasattr(model, name):
            found = getattr(model, name)(rows)
            return np.hstack(found) if isinstance(found, list) else found
    raise AssertionError(model)


def assert_same(model, other, rows, atol):
    found, expected = model.predict(rows), other.predict(rows)
    if expected.dtype.kind != "f":
        np.testing.assert_array_equal(found, expected)
    found, expected = answers(model, rows), answers(other, rows)
    if expected.dtype.kind == "f":
        np.testing.assert_allclose(found, expected, atol=atol * np.abs(expected).max())


def without_warnings(theirs, rows, y, **given):
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataMismatchWarning)
        return unlearnable(theirs, rows, y, **given)


@pytest.mark.parametrize("case", CASES)
def test_taken_over_with_their_models(case):
    plain, rows, y = CASES[case]
    theirs = clone(plain).fit(rows, y)
    model = without_warnings(theirs, rows, y, row_ids=np.arange(len(y)))
    assert not isinstance(model, RetrainedModel)
    said, *inside = [each.how for each in model.explain()]
    assert inside
    assert "again" not in said
    assert_same(model, theirs, rows, 1e-9)
    model.partial_unfit(row_ids=OUT)
    left = np.delete(np.arange(len(y)), OUT)
    refit = clone(plain)
    if "cv" in refit.get_params():
        assert "each row in the fold that it has" in said
        refit.set_params(cv=model.folds_of(np.arange(left.size)))
    assert_same(model, refit.fit(rows[left], y[left]), rows, 1e-7)
    model.forget_features([1])
    fewer = np.delete(rows, 1, axis=1)
    assert_same_of(model, refit.fit(fewer[left], y[left]), rows, fewer, 1e-7)


def assert_same_of(model, other, rows, fewer, atol):
    """The same of rows of which the other has fewer columns."""
    for drop, given in ((False, rows), (True, fewer)):
        exported = model.to_sklearn(drop_forgotten=drop)
        assert b"sklearn_unlearn" not in pickle.dumps(exported)
        found, expected = exported.predict(given), model.predict(rows)
        if expected.dtype.kind != "f":
            np.testing.assert_array_equal(found, expected)
        np.testing.assert_allclose(*numbers(exported, model, given, rows), rtol=1e-9)
    assert_same(exported, other, fewer, atol)
    again = clone(exported).fit(fewer, other.predict(fewer))
    assert again.n_features_in_ == fewer.shape[1]


def numbers(one, other, rows, others):
    """What both answer, or whether it is the same where that is labels."""
    found, expected = answers(one, rows), answers(other, others)
    if expected.dtype.kind == "f":
        return found, expected
    return found == expected, np.ones(expected.shape, dtype=bool)


def test_a_model_without_counterpart_stays_until_the_first_request():
    # a draw without a seed, of which another fit would be another one
    drawn = SGDClassifier(loss="log_loss")
    theirs = VotingClassifier([("drawn", drawn), ("log", LOGISTIC)], voting="soft")
    theirs.fit(X, WORDS)
    with pytest.warns(DataMismatchWarning, match="exact up to its randomness"):
        model = unlearnable(theirs, X, WORDS)
    np.testing.assert_allclose(
        model.predict_proba(X), theirs.predict_proba(X), atol=1e-9
    )
    said = list(model.explain())
    assert said[0].how == "by requests to its models; SGDClassifier: fitted again"
    assert [each[:3] for each in said[1:]] == [
        (
            "drawn",
            "SGDClassifier",
            "fitted again, exact up to its randomness (random_state=None)",
        ),
        ("log", "UnlearnableLogisticRegression", "exact, refined"),
    ]


def test_members_are_explained_by_their_names():
    def rows(estimator):
        return [each[:2] for each in unlearnable(estimator).explain()[1:]]

    tuned = VotingClassifier([*PAIR, ("none", "drop")])
    assert rows(GridSearchCV(tuned, {"voting": ["hard", "soft"]})) == [
        ("estimator", "VotingClassifier")
    ]
    assert rows(tuned) == [
        ("one__standardscaler", "UnlearnableStandardScaler"),
        ("one__logisticregression", "UnlearnableLogisticRegression"),
        ("other", "UnlearnableGaussianNB"),
    ]
    assert rows(CalibratedClassifierCV(GaussianNB())) == [
        ("estimator", "UnlearnableGaussianNB")
    ]


@pytest.mark.parametrize("case", ["labels", "numbers", "vote", "stack", "calibrated"])
def test_other_data_are_said_to_be_others(case):
    plain, rows, y = CASES[case]
    theirs = clone(plain).fit(rows, y)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        unlearnable(theirs, rows + 0.3 * rows[::-1], y)
    assert {each.category for each in said} == {DataMismatchWarning}
    assert "answers otherwise by up to" in str(said[-1].message)


FOREST = RandomForestClassifier(5, random_state=0)
AROUND = {
    "vote": VotingClassifier([("a", FOREST)], voting="soft"),
    "stack": StackingClassifier([("a", FOREST)], LOGISTIC, cv=2),
    "calibrated": CalibratedClassifierCV(FOREST, cv=2),
    "threshold": TunedThresholdClassifierCV(FOREST, cv=2),
    "labels": OneVsRestClassifier(make_pipeline(StandardScaler(), FOREST)),
}


@pytest.mark.parametrize("case", AROUND)
def test_a_fitted_forest_in_it_stays_of_its_kind(case):
    # its counterpart grows other trees, and takes no fitted forest over
    plain, y = AROUND[case], (NUMBERS == 0).astype(int)
    theirs = clone(plain).fit(X, y)
    model = without_warnings(theirs, X, y)
    np.testing.assert_allclose(answers(model, X), answers(theirs, X), atol=1e-9)
    assert "fitted again" in model.explain()[0].how
    model.partial_unfit(X[OUT], y[OUT])
    left = np.delete(np.arange(len(y)), OUT)
    refit = clone(plain)
    if "cv" in refit.get_params():
        refit.set_params(cv=model.folds_of(np.arange(left.size)))
    refit.fit(X[left], y[left])
    np.testing.assert_allclose(answers(model, X), answers(refit, X), atol=1e-9)


@pytest.mark.parametrize("case", ["vote", "stack", "threshold", "labels"])
def test_other_data_of_models_that_are_trained_again_are_said_to_be(case):
    y = (NUMBERS == 0).astype(int)
    theirs = clone(AROUND[case]).fit(X, y)
    with pytest.warns(DataMismatchWarning, match="answers otherwise") as said:
        unlearnable(theirs, X, np.roll(y, 70))
    assert "RandomForestClassifier" in str(said[0].message)
    whole = {"stack": "StackingClassifier", "threshold": "its threshold"}.get(case)
    assert whole is None or whole in str(said[-1].message)
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataMismatchWarning)
        unlearnable(theirs, X, np.roll(y, 70), check=False)


@pytest.mark.parametrize("case", ["stack", "threshold"])
def test_what_was_learned_of_other_folds_is_said_to_be(case):
    # the model of all rows is the same in any order of these, and the rest is not
    kinds = {
        "stack": (StackingClassifier, {"final_estimator": LOGISTIC}),
        "threshold": (TunedThresholdClassifierCV, {}),
    }
    cls, given = kinds[case]
    model = [("a", GaussianNB())] if case == "stack" else GaussianNB()
    y = (NUMBERS == 1).astype(int)
    theirs = cls(model, cv=2, **given).fit(X, y)
    order = np.random.default_rng(0).permutation(len(y))
    with pytest.warns(DataMismatchWarning, match="in the folds that it drew"):
        unlearnable(theirs, X[order], y[order])


def test_weights_reach_the_models():
    weight = 1.0 + np.arange(len(TWO)) % 3
    plain = MultiOutputRegressor(Ridge())
    theirs = clone(plain).fit(ROWS, TWO, weight)
    model = without_warnings(theirs, ROWS, TWO, sample_weight=weight)
    assert not isinstance(model, RetrainedModel)
    assert_same(model, theirs, ROWS, 1e-9)
    model.partial_unfit(ROWS[OUT], TWO[OUT])
    left = np.delete(np.arange(len(TWO)), OUT)
    refit = clone(plain).fit(ROWS[left], TWO[left], weight[left])
    assert_same(model, refit, ROWS, 1e-9)


@pytest.mark.parametrize("fitted", [False, True])
def test_what_has_to_be_trained_again_as_a_whole(fitted):
    # numbers of labels are what models of a vote learn, and its own default is no part
    weighted = LogisticRegression(class_weight={0: 1.0, 1: 2.0, 2: 5.0})
    for plain in (VotingClassifier([("log", weighted)]), CalibratedClassifierCV(cv=2)):
        given = clone(plain).fit(X, WORDS) if fitted else clone(plain)
        model = unlearnable(given, X, WORDS).partial_unfit(X[OUT], WORDS[OUT])
        assert isinstance(model, RetrainedModel)
        (said,) = model.explain()
        assert re.search("class_weight names the num|is its own, and not", said.how)
        left = np.delete(np.arange(len(WORDS)), OUT)
        assert_same(model, clone(plain).fit(X[left], WORDS[left]), X, 1e-12)
