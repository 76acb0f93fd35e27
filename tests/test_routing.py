"""Names of rows through scikit-learn's metadata routing, as other keywords go."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sklearn_unlearn as su
from tests.cases import make

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 3))
Y = (X[:, 0] + rng.normal(size=60) > 0).astype(int)
#: Twenty subjects of three rows each.
IDS = np.arange(60) % 20


@pytest.fixture(autouse=True)
def routing():
    with config_context(enable_metadata_routing=True):
        yield


def logistic(**params):
    model = make("logistic", retain_data=True, **params)
    return model.set_fit_request(row_ids=True)


def unlearning_pipeline():
    return su.make_unlearnable_pipeline(su.UnlearnableStandardScaler(), logistic())


def votes():
    return VotingClassifier([("one", logistic()), ("other", logistic(C=0.1))])


def assert_without(model, subject):
    """What the model predicts is what a fit predicts without a subject."""
    left = subject != IDS
    plain = LogisticRegression(C=model.C, tol=1e-10).fit(X[left], Y[left])
    np.testing.assert_allclose(model.coef_, plain.coef_, rtol=1e-4)


def test_names_reach_each_fold_of_a_cross_validation():
    folds = [(np.flatnonzero(IDS % 2), np.flatnonzero(IDS % 2 == 0))]
    found = cross_validate(
        logistic(), X, Y, cv=folds, params={"row_ids": IDS}, return_estimator=True
    )
    (model,) = found["estimator"]
    assert model.has([3, 4]).tolist() == [True, False]


@pytest.mark.parametrize("inner", [logistic, unlearning_pipeline])
def test_a_search_hands_names_to_the_estimator_that_it_refits(inner):
    name = "C" if inner is logistic else "unlearnablelogisticregression__C"
    search = GridSearchCV(inner(), {name: [0.1, 1.0]}, cv=3).fit(X, Y, row_ids=IDS)
    assert search.best_estimator_.has([3, 20]).tolist() == [True, False]
    search = su.partial_unfit(search, row_ids=3)
    assert search.best_estimator_.has([3, 4]).tolist() == [False, True]
    if inner is logistic:
        assert_without(search.best_estimator_, 3)


def test_votes_hand_names_to_their_members():
    vote = su.partial_unfit(votes().fit(X, Y, row_ids=IDS), row_ids=3)
    for model in vote.estimators_:
        assert model.has([3, 4]).tolist() == [False, True]
        assert_without(model, 3)


def test_pipelines_hand_names_to_their_last_step():
    plain = make_pipeline(StandardScaler(), logistic()).fit(X, Y, row_ids=IDS)
    ours = unlearning_pipeline().fit(X, Y, row_ids=IDS)
    assert plain[-1].has([3, 20]).tolist() == [True, False]
    np.testing.assert_array_equal(plain[-1].remaining_ids(), ours.remaining_ids())
    ours.partial_unfit(row_ids=3)
    assert ours.has([3, 4]).tolist() == [False, True]
    left = IDS != 3
    plain = LogisticRegression(C=ours[-1].C, tol=1e-10)
    refit = make_pipeline(StandardScaler(), plain)
    refit.fit(X[left], Y[left])
    np.testing.assert_allclose(ours.predict_proba(X), refit.predict_proba(X), rtol=1e-4)


def test_without_routing_names_go_where_scikit_learn_hands_keywords_on():
    with config_context(enable_metadata_routing=False):
        plain = make("logistic", retain_data=True)
        search = GridSearchCV(plain, {"C": [0.1, 1.0]}, cv=3).fit(X, Y, row_ids=IDS)
        model = make_pipeline(StandardScaler(), plain)
        model.fit(X, Y, unlearnablelogisticregression__row_ids=IDS)
        ours = su.make_unlearnable_pipeline(su.UnlearnableStandardScaler(), plain)
        ours.fit(X, Y, row_ids=IDS)
        for each in (search.best_estimator_, model[-1], ours):
            assert each.has([3, 20]).tolist() == [True, False]


@pytest.mark.parametrize("asked", [False, True])
def test_verbs_take_names_with_routing_as_without(asked):
    def asks(model):
        return model.set_fit_request(row_ids=True) if asked else model

    inner = make("logistic", retain_data=True)
    for model in (
        inner,
        su.make_unlearnable_pipeline(su.UnlearnableStandardScaler(), asks(inner)),
        su.UnlearnableGridSearchCV(inner, {"C": [0.1, 1.0]}, cv=3),
        su.UnlearnableVotingClassifier([("one", inner)], voting="soft"),
        su.UnlearnableRandomForestClassifier(2, random_state=0),
    ):
        found = []
        for routed in (True, False):
            with config_context(enable_metadata_routing=routed):
                one = asks(clone(model)) if routed else clone(model)
                one.fit(X, Y, row_ids=IDS).partial_unfit(row_ids=3)
                one.partial_fit(X[:1], Y[:1], row_ids=[50])
                one.replace_features(row_ids=50, X_new=X[:1] + 0.5)
                one.replace_labels(row_ids=50, y_new=1 - Y[:1])
                found.append(one.predict_proba(X))
        np.testing.assert_allclose(found[0], found[1], rtol=1e-12)


def test_rows_come_to_what_is_in_a_search_and_in_votes():
    search = GridSearchCV(logistic(), {"C": [0.1, 1.0]}, cv=3)
    names = np.array(["no", "yes"])[Y]
    for model, inside in (
        (search, lambda one: [one.best_estimator_]),
        (votes(), lambda one: one.estimators_),
    ):
        model.fit(X, names, row_ids=IDS)
        assert su.partial_fit(model, X[:1], names[:1], row_ids=[900]) is model
        for one in inside(model):
            assert one.has([3, 900]).all()
            plain = LogisticRegression(C=one.C, tol=1e-10)
            plain.fit(np.vstack([X, X[:1]]), np.append(Y, Y[0]))
            np.testing.assert_allclose(one.coef_, plain.coef_, rtol=1e-4)
