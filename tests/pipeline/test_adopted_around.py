"""Estimators around models, taken over with the models in them."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import VotingClassifier, VotingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sklearn_unlearn
from sklearn_unlearn import UnlearnablePipeline, UnlearnableRidge
from sklearn_unlearn.exceptions import UnlearningError
from tests.pipeline.data import raw
from tests.pipeline.scripts import answers as answers_of


def logistic(**params):
    return LogisticRegression(solver="newton-cholesky", tol=1e-9, **params)


def scaled(last):
    return make_pipeline(StandardScaler(), last)


def logarithm(last):
    return TransformedTargetRegressor(last, func=np.log, inverse_func=np.exp)


def answers(model, X):
    """Numbers; of a vote by labels those of each voter."""
    hard = getattr(model, "voting", None) == "hard"
    return model.transform(X) if hard else answers_of(model, X)


AROUND = {
    "targets": logarithm(Ridge()),
    "targets of a pipeline": logarithm(scaled(Ridge())),
    "threshold": FixedThresholdClassifier(logistic(), threshold=0.3, pos_label="yes"),
    "votes": VotingClassifier(
        [("one", scaled(logistic(C=0.1))), ("none", "drop"), ("two", logistic())],
        voting="soft",
    ),
    "hard votes": VotingClassifier(
        [("a", RidgeClassifier()), ("b", scaled(logistic()))]
    ),
    "means": VotingRegressor([("a", Ridge()), ("b", scaled(Ridge(alpha=9.0)))]),
}


def data(name, column=False):
    X, y = raw("ridge" if name in ("means",) or "targets" in name else "logistic")
    if "targets" in name:
        y = np.exp(y / np.abs(y).max())
        return X, y.reshape(-1, 1) if column else y
    return X, y


@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.LargeStepWarning")
@pytest.mark.parametrize("name", AROUND)
@pytest.mark.parametrize("retain_data", [False, True])
def test_by_itself(name, retain_data):
    X, y = data(name)
    theirs = clone(AROUND[name]).fit(X, y)
    ours = UnlearnablePipeline.from_sklearn(theirs, X, y, retain_data=retain_data)
    assert type(ours) is type(theirs)
    np.testing.assert_allclose(answers(ours, X), answers(theirs, X), rtol=1e-6)
    assert sklearn_unlearn.partial_unfit(ours, X[:3], y[:3]) is ours
    if retain_data:
        refit = clone(theirs).fit(X[3:], y[3:])
        np.testing.assert_allclose(answers(ours, X), answers(refit, X), rtol=1e-6)
    again = clone(ours).fit(X, y)
    np.testing.assert_allclose(answers(again, X), answers(theirs, X), rtol=1e-6)
    assert "Unlearnable" in repr(again.get_params())


@pytest.mark.parametrize("name", ["targets", "targets of a pipeline", "threshold"])
@pytest.mark.parametrize("column", [False, True])
def test_as_a_last_step(name, column):
    X, y = data(name, column)
    theirs = scaled(clone(AROUND[name])).fit(X, y)
    ours = UnlearnablePipeline.from_sklearn(theirs, X, y, retain_data=True)
    np.testing.assert_allclose(answers(ours, X), answers(theirs, X), rtol=1e-6)
    ours.partial_unfit(X[:3], y[:3])
    refit = clone(theirs).fit(X[3:], y[3:])
    np.testing.assert_allclose(answers(ours, X), answers(refit, X), rtol=1e-6)
    plain = ours.to_sklearn()
    assert repr(plain.get_params()) == repr(refit.get_params())


def test_one_voter_in_a_last_step():
    X, y = data("votes")
    theirs = scaled(VotingClassifier([("only", logistic())])).fit(X, y)
    ours = UnlearnablePipeline.from_sklearn(theirs, X, y, retain_data=True)
    ours.partial_unfit(X[:3], y[:3])
    refit = clone(theirs).fit(X[3:], y[3:])
    voter = ours[-1].estimators_[0]
    assert ours[-1].named_estimators_["only"] is voter
    expected = refit[-1].estimators_[0].coef_
    np.testing.assert_allclose(voter.coef_, expected, rtol=1e-5, atol=1e-8)


def test_what_is_not_taken_over():
    X, y = data("votes")
    several = scaled(clone(AROUND["hard votes"])).fit(X, y)
    with pytest.raises(UnlearningError, match=r"several models.*put pipelines"):
        UnlearnablePipeline.from_sklearn(several, X, y, on_stateful="raise")
    for unfitted in AROUND.values():
        with pytest.raises(NotFittedError):
            UnlearnablePipeline.from_sklearn(clone(unfitted), X, y)
    X, y = data("targets")
    learned = TransformedTargetRegressor(Ridge(), transformer=StandardScaler())
    with pytest.raises(UnlearningError, match="learned from the targets"):
        UnlearnablePipeline.from_sklearn(learned.fit(X, y), X, y, on_stateful="raise")


def test_a_search_is_taken_over_by_what_it_chose():
    X, y = data("targets")
    search = GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=2).fit(X, y)
    inside = make_pipeline("passthrough", clone(search)).fit(X, y)
    for cls, fitted, told in (
        (UnlearnableRidge, search, {}),
        (UnlearnablePipeline, search, {"on_stateful": "raise"}),
        (UnlearnablePipeline, inside, {"on_stateful": "raise"}),
    ):
        with pytest.raises(TypeError, match="best_estimator_"):
            cls.from_sklearn(fitted, X, y, **told)
    ours = UnlearnablePipeline.from_sklearn(search, X, y)
    assert type(ours) is UnlearnableRidge
    ours = UnlearnablePipeline.from_sklearn(inside, X, y)
    assert "GridSearchCV has no counterpart" in repr(ours.explain())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        UnlearnableRidge.from_sklearn(search.best_estimator_, X, y)
