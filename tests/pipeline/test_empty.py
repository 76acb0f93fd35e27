"""Pipelines, unions and column transformers in which little or nothing stands."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_unlearn import (
    UnlearnableColumnTransformer,
    UnlearnableFeatureUnion,
    UnlearnablePipeline,
    UnlearnableStandardScaler,
    unlearnable,
)
from sklearn_unlearn.exceptions import UnlearningError

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 3)), np.arange(40) % 2
NOTHING_OUT = {
    "no part": [],
    "some are dropped": [("a", "drop", [0, 1])],
    "all are dropped": [("a", "drop", [0, 1, 2])],
    "no column": [("a", UnlearnableStandardScaler(), [])],
}


@pytest.mark.parametrize("name", NOTHING_OUT)
def test_a_column_transformer_that_gives_nothing(name):
    given = NOTHING_OUT[name]
    model = UnlearnableColumnTransformer(given)
    assert model.fit_transform(X).shape == (40, 0)
    model = model.partial_unfit(X[:2]).replace_features(X[3:4], X_new=X[3:4] + 1)
    model = model.forget_features([1])
    assert model.transform(X).shape == (40, 0)
    assert model.get_feature_names_out().shape == (0,)
    assert model.to_sklearn().transform(X).shape == (40, 0)
    less = model.to_sklearn(drop_forgotten=True)
    assert less.transform(np.delete(X, 1, axis=1)).shape == (40, 0)


def test_one_that_gives_nothing_beside_another():
    both = FeatureUnion([("none", ColumnTransformer([])), ("scaled", StandardScaler())])
    theirs = make_pipeline(both, LogisticRegression(tol=1e-9, max_iter=500))
    model = unlearnable(clone(theirs).fit(X, Y), X, Y).partial_unfit(X[:3], Y[:3])
    refit = theirs.fit(X[3:], Y[3:])
    np.testing.assert_allclose(
        model.predict_proba(X), refit.predict_proba(X), atol=1e-5
    )


@pytest.mark.parametrize("last", ["passthrough", None])
def test_a_last_step_that_hands_rows_on(last):
    theirs = Pipeline([("scale", StandardScaler()), ("last", last)])
    refit = clone(theirs).fit(X[2:]).transform(X)
    ours = UnlearnablePipeline([("scale", UnlearnableStandardScaler()), ("last", last)])
    for model in (
        ours.fit(X),
        unlearnable(clone(theirs).fit(X), X),
        unlearnable(clone(theirs), X),
        UnlearnablePipeline([("inside", clone(ours)), ("last", last)]).fit(X),
    ):
        model = model.partial_unfit(X[:2])
        assert model.request_record_.exactness_after == "exact"
        np.testing.assert_allclose(model.transform(X), refit, atol=1e-12)
        np.testing.assert_allclose(model.to_sklearn().transform(X), refit, atol=1e-12)
        assert model.forget_features([0]).transform(X).shape == (40, 2)


def test_nothing_but_a_step_that_hands_rows_on():
    model = unlearnable(Pipeline([("last", "passthrough")]), X).partial_unfit(X[:2])
    np.testing.assert_array_equal(model.transform(X), X)


@pytest.mark.parametrize(
    "empty",
    [
        Pipeline([]),
        FeatureUnion([]),
        make_pipeline(StandardScaler(), FeatureUnion([]), LogisticRegression()),
        make_pipeline(ColumnTransformer([("a", Pipeline([]), [0])])),
    ],
)
def test_what_is_empty_is_refused_in_words(empty):
    with pytest.raises(UnlearningError, match=r"A (Pipeline|FeatureUnion) is empty"):
        unlearnable(empty, X, Y)


def test_an_empty_union_is_refused_at_fit():
    with pytest.raises(ValueError, match="transformer_list is empty"):
        UnlearnableFeatureUnion([]).fit(X)
