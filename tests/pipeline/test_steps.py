"""Steps of other kinds: stateless, frozen, computed anew, unions."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import Ridge
from sklearn.pipeline import FeatureUnion, make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    Normalizer,
    PolynomialFeatures,
    QuantileTransformer,
    StandardScaler,
)

from sklearn_unlearn import (
    UnlearnableLogisticRegression,
    UnlearnableMinMaxScaler,
    UnlearnablePCA,
    UnlearnableRidge,
    UnlearnableStandardScaler,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import NotForgottenWarning, UnlearningError
from tests.cases import coefficients
from tests.pipeline.data import raw
from tests.pipeline.scripts import Story, answers, rows_of
from tests.pipeline.test_scaled import all_verbs

UNION = FeatureUnion(
    [("powers", PolynomialFeatures(2)), ("same", "passthrough"), ("none", "drop")]
)
LATER = {
    "polynomial": PolynomialFeatures(2, include_bias=False),
    "normalizer": Normalizer(),
    "function": FunctionTransformer(np.tanh),
    "union": UNION,
    "scaler": UnlearnableStandardScaler(),
    "pca": UnlearnablePCA(),
    "truncated": UnlearnablePCA(n_components=2),
}


def pipeline(*steps, **params):
    return make_unlearnable_pipeline(
        *steps, UnlearnableLogisticRegression(C=0.3, **params)
    )


@pytest.mark.parametrize("name", LATER)
def test_with_data_any_step_may_follow_one_that_changes(name):
    front = UnlearnableMinMaxScaler(), LATER[name]
    story = Story(pipeline(*front, retain_data=True), *raw("logistic"))
    all_verbs(story)
    refit = story.refit()
    np.testing.assert_allclose(
        answers(story.pipeline, story.X), answers(refit, story.X), atol=1e-7
    )
    story.pipeline.forget_features([1])
    refit = story.refit(keep=lambda X: np.delete(X, 1, 1))
    np.testing.assert_allclose(
        answers(story.pipeline, story.X),
        answers(refit, np.delete(story.X, 1, 1)),
        atol=1e-7,
    )
    story.pipeline.partial_unfit(np.delete(story.X[:1], 1, 1), story.y[:1])
    refit.fit(np.delete(story.X[1:], 1, 1), story.y[1:])
    np.testing.assert_allclose(
        answers(story.pipeline, story.X),
        answers(refit, np.delete(story.X, 1, 1)),
        atol=1e-7,
    )


@pytest.mark.parametrize("name", ["polynomial", "normalizer", "union", "scaler", "pca"])
def test_without_data_it_is_refused_by_name(name):
    X, y = raw("logistic")
    model = pipeline(UnlearnableStandardScaler(), LATER[name]).fit(X, y)
    steps = model.steps
    with pytest.raises(UnlearningError, match=r"[Ss]tep '.*retain_data=True"):
        model.partial_unfit(X[:2], y[:2])
    assert model.steps is steps


@pytest.mark.parametrize("name", ["polynomial", "normalizer", "function", "union"])
@pytest.mark.parametrize("place", [0, 1])
def test_before_a_step_that_changes_stateless_ones_pass_through(name, place):
    X, y = raw("ridge")
    front = [LATER[name], UnlearnableStandardScaler()]
    front.insert(place, "passthrough")
    model = make_unlearnable_pipeline(*front, UnlearnableRidge())
    model.fit(X, y).partial_unfit(X[:3], y[:3])
    refit = clone(model).fit(X[3:], y[3:])
    np.testing.assert_allclose(
        answers(model, X[3:]), answers(refit, X[3:]), rtol=1e-5, atol=1e-6
    )
    with pytest.raises(UnlearningError, match="cannot do without columns"):
        model.forget_features(0)


def test_all_components_are_a_map():
    X, y = raw("ridge")
    model = make_unlearnable_pipeline(UnlearnablePCA(), UnlearnableRidge())
    model.fit(X, y).partial_unfit(X[3:5], y[3:5])
    refit = clone(model).fit(np.delete(X, [3, 4], 0), np.delete(y, [3, 4]))
    np.testing.assert_allclose(answers(model, X), answers(refit, X), rtol=1e-6)


def test_frozen_steps_stay_and_the_rest_unlearns():
    X, y = raw("ridge")
    quantiles = QuantileTransformer(n_quantiles=20)
    steps = quantiles, UnlearnableStandardScaler(), UnlearnableRidge()
    model = make_unlearnable_pipeline(*steps, on_stateful="freeze").fit(X, y)
    before = model[0].quantiles_.copy()
    with pytest.warns(NotForgottenWarning):
        model.partial_unfit(X[:5], y[:5])
    np.testing.assert_array_equal(model[0].quantiles_, before)
    Z = quantiles.transform(X)[5:]
    refit = make_unlearnable_pipeline(*steps[1:]).fit(Z, y[5:])
    np.testing.assert_allclose(coefficients(model[-1]), coefficients(refit[-1]))
    chosen = SelectKBest(k=3)
    model = pipeline(UnlearnableStandardScaler(), chosen, retain_data=True)
    model.set_params(on_stateful="freeze").fit(*raw("logistic"))
    X, y = raw("logistic")
    kept = model[1].get_support()
    with pytest.warns(NotForgottenWarning):
        model.partial_unfit(X[:5], y[:5])
    refit = pipeline(UnlearnableStandardScaler()).fit(X[5:][:, kept], y[5:])
    np.testing.assert_allclose(
        coefficients(model[-1]), coefficients(refit[-1]), rtol=1e-6
    )


def test_a_union_with_a_step_that_learned_is_refused():
    X, y = raw("logistic")
    union = make_union(PolynomialFeatures(2), QuantileTransformer(n_quantiles=20))
    model = pipeline(union).fit(X, y)
    with pytest.raises(UnlearningError, match="a FeatureUnion, learned from rows"):
        model.partial_unfit(rows_of(X, [0]), y[:1])


def test_a_last_step_that_clusters_works_and_cannot_unlearn():
    X, _ = raw("logistic")
    model = make_unlearnable_pipeline(
        UnlearnableStandardScaler(), KMeans(n_clusters=2, n_init=2, random_state=0)
    )
    labels = model.fit_predict(X)
    np.testing.assert_array_equal(labels, model.predict(X))
    with pytest.raises(UnlearningError, match="a KMeans, learned from rows"):
        model.partial_unfit(X[:2])
    weight = np.where(np.arange(len(X)) < 5, 1e-3, 1.0)
    labels = model.fit_predict(X, sample_weight=weight)
    np.testing.assert_array_equal(labels, clone(model).fit(X, None, weight).predict(X))
    model.set_params(on_stateful="leave")
    with pytest.raises(ValueError, match="on_stateful must be"):
        model.fit_predict(X)


@pytest.mark.parametrize("framed", [False, True])
@pytest.mark.parametrize("retain_data", [False, True])
def test_a_first_step_that_hands_columns_on_forgets_some(framed, retain_data):
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4)) * [1.0, 5.0, 20.0, 100.0]
    y = X @ [1.0, 0.2, 0.05, 0.01] + rng.normal(size=60)
    rows = pd.DataFrame(X, columns=list("abcd")) if framed else X
    model = make_unlearnable_pipeline(
        FunctionTransformer(),
        UnlearnableStandardScaler(),
        UnlearnableRidge(retain_data=retain_data),
    ).fit(rows, y)
    model.forget_features([0]).forget_features([0, 2]).partial_unfit(rows[:2], y[:2])
    refit = make_pipeline(StandardScaler(), Ridge()).fit(X[2:, [1, 3]], y[2:])
    expected = refit.predict(X[:, [1, 3]])
    absent = rows.drop(columns=["a", "c"]) if framed else X[:, [1, 3]]
    plain, narrow = model.to_sklearn(), model.to_sklearn(drop_forgotten=True)
    pairs = [(model, rows), (model, absent), (plain, rows), (narrow, absent)]
    for one, given in pairs:
        np.testing.assert_allclose(one.predict(given), expected, atol=1e-8)
    assert len(model[:-1].get_feature_names_out()) == 2
