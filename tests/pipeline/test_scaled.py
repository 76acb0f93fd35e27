"""Pipelines of a scaler and a linear model, against refits on the edited raw data."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_unlearn import (
    UnlearnableLogisticRegression,
    UnlearnableMinMaxScaler,
    UnlearnableOneHotEncoder,
    UnlearnableRidge,
    UnlearnableStandardScaler,
    make_unlearnable_column_transformer,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import UnlearningError
from tests.cases import ESTIMATORS, QUADRATIC, coefficients
from tests.pipeline.data import raw, scaled
from tests.pipeline.scripts import Story, answers, rows_of


def all_verbs(story):
    story.partial_unfit([0, 1, 2, 40])
    story.replace_features([3, 9], rows_of(story.X, [3, 9]) * 1.2)
    story.replace_labels([5, 20, 21])
    story.partial_fit()
    story.partial_unfit([7])


@pytest.mark.parametrize("name", ESTIMATORS)
def test_with_data_requests_are_refits_of_the_whole_pipeline(name):
    story = Story(scaled(name, retain_data=True), *raw(name))
    all_verbs(story)
    refit = story.refit()
    np.testing.assert_allclose(
        coefficients(story.pipeline[-1]), coefficients(refit[-1]), rtol=1e-6, atol=1e-8
    )
    for attribute in ("mean_", "var_", "scale_"):
        np.testing.assert_allclose(
            getattr(story.pipeline[0], attribute),
            getattr(refit[0], attribute),
            rtol=1e-12,
        )
    story.pipeline.forget_features([1, 3])
    refit = story.refit(keep=lambda X: X[:, [0, 2, 4]])
    np.testing.assert_allclose(
        coefficients(story.pipeline[-1]), coefficients(refit[-1]), rtol=1e-6, atol=1e-8
    )
    absent = story.X.copy()
    absent[:, [1, 3]] = np.nan
    np.testing.assert_allclose(
        answers(story.pipeline, absent),
        answers(refit, story.X[:, [0, 2, 4]]),
        rtol=1e-6,
        atol=1e-8,
    )


@pytest.mark.parametrize("name", QUADRATIC)
def test_without_data_quadratic_losses_are_exact(name):
    story = Story(scaled(name), *raw(name))
    all_verbs(story)
    np.testing.assert_allclose(
        coefficients(story.pipeline[-1]),
        coefficients(story.refit()[-1]),
        rtol=1e-7,
        atol=1e-7,
    )
    story.pipeline.forget_features([1])
    np.testing.assert_allclose(
        coefficients(story.pipeline[-1]),
        coefficients(story.refit(keep=lambda X: np.delete(X, 1, 1))[-1]),
        rtol=1e-7,
        atol=1e-7,
    )


@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.LargeStepWarning")
@pytest.mark.parametrize("name", ["logistic", "poisson"])
@pytest.mark.parametrize("seed", range(3))
def test_without_data_outliers_leave_more_than_behind_a_frozen_scaler(name, seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(500, 5))
    X[:25] *= 4.0
    raw_ = X @ [0.3, -0.2, 0.1, 0.2, -0.3]
    y = rng.poisson(3.0 * np.exp(0.3 * raw_)).astype(float)
    if name == "logistic":
        y = raw_ + rng.logistic(size=500) > 0.0
    last = ESTIMATORS[name][0](**{"C": 0.1} if name == "logistic" else {"alpha": 0.5})
    story = Story(
        make_unlearnable_pipeline(UnlearnableStandardScaler(), last), X, y, n_later=0
    )
    frozen = pickle.loads(pickle.dumps(story.pipeline))
    frozen[-1].partial_unfit(frozen[0].transform(X[:25]), y[:25])
    story.partial_unfit(np.arange(25))
    truth = answers(story.refit(), story.X)
    error = np.abs(answers(story.pipeline, story.X) - truth).max()
    assert 10.0 * error < np.abs(answers(frozen, story.X) - truth).max()
    residual = story.pipeline.gradient_residual(story.X, story.y)
    story.pipeline.refine(story.X, story.y)
    assert story.pipeline.gradient_residual(story.X, story.y) < 1e-7 < residual
    np.testing.assert_allclose(
        answers(story.pipeline, story.X), truth, rtol=1e-7, atol=1e-8
    )


@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.LargeStepWarning")
@pytest.mark.parametrize(
    "scaler", [UnlearnableStandardScaler(), UnlearnableMinMaxScaler()]
)
@pytest.mark.parametrize("seed", range(3))
def test_without_data_an_outlier_leaves_at_once_or_in_two_requests(scaler, seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(300, 3))
    y = X @ [1.0, -1.0, 0.5] + rng.logistic(size=300) > 0.0
    X[0, 0], y[0] = 12.0, False
    start = make_unlearnable_pipeline(clone(scaler), UnlearnableLogisticRegression())
    start.fit(X, y)
    truth = answers(clone(start).fit(X[1:], y[1:]), X[1:])
    still = np.abs(answers(start, X[1:]) - truth).max()
    at_once = pickle.loads(pickle.dumps(start)).partial_unfit(X[:1], y[:1])
    ordinary = X[1:].mean(axis=0, keepdims=True)
    in_two = start.replace_features(X[:1], y[:1], ordinary)
    in_two.partial_unfit(ordinary, y[:1])
    for model in (at_once, in_two):
        assert np.abs(answers(model, X[1:]) - truth).max() < 0.1 * still


@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.LargeStepWarning")
@pytest.mark.parametrize("verb", ["partial_unfit", "replace_features"])
def test_an_outlier_with_categories_of_its_own_leaves(verb):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 2))
    X[:, 1] = rng.integers(3, size=80)
    y = X[:, 0] + rng.normal(size=80) > 0.0
    X[5], y[5] = (12345.678901, 7.0), False
    model = make_unlearnable_pipeline(
        make_unlearnable_column_transformer(
            (UnlearnableMinMaxScaler(), [0]), (UnlearnableOneHotEncoder(), [1])
        ),
        UnlearnableLogisticRegression(),
    )
    model.fit(X, y)
    after, rows = X.copy(), np.arange(80)
    if verb == "replace_features":
        after[5] = (0.0, 1.0)
        arguments = (X[[5]], y[[5]], after[[5]])
    else:
        rows, arguments = np.delete(rows, 5), (X[[5]], y[[5]])
    truth = answers(clone(model).fit(after[rows], y[rows]), X[:5])
    still = np.abs(answers(model, X[:5]) - truth).max()
    getattr(model, verb)(*arguments)
    assert np.abs(answers(model, X[:5]) - truth).max() < 0.1 * still


def test_the_twin_in_scikit_learn_agrees():
    story = Story(scaled("logistic", retain_data=True), *raw("logistic"))
    all_verbs(story)
    twin = make_pipeline(StandardScaler(), LogisticRegression(C=0.3, tol=1e-10))
    twin.fit(story.X, story.y)
    exported = story.pipeline.to_sklearn()
    for pipeline in (story.pipeline, exported):
        np.testing.assert_allclose(
            pipeline.predict_proba(story.X), twin.predict_proba(story.X), atol=1e-6
        )
    assert type(exported[0]) is StandardScaler
    story.pipeline.forget_features(0)
    np.testing.assert_allclose(
        story.pipeline.to_sklearn().predict_proba(story.X),
        story.pipeline.predict_proba(story.X),
    )


@pytest.mark.parametrize("retain_data", [False, True])
def test_weights_reach_the_steps_that_take_them(retain_data):
    X, y = raw("ridge")
    weight = np.random.default_rng(3).uniform(0.2, 2.0, y.size)
    story = Story(scaled("ridge", retain_data=retain_data), X, y, weight=weight)
    all_verbs(story)
    np.testing.assert_allclose(
        coefficients(story.pipeline[-1]), coefficients(story.refit()[-1]), rtol=1e-7
    )
    twin = StandardScaler().fit(story.X, sample_weight=story.weight)
    np.testing.assert_allclose(story.pipeline[0].var_, twin.var_, rtol=1e-10)


def test_rows_of_weight_zero_are_none():
    X, y = raw("ridge")
    weight = np.ones(y.size)
    weight[[4, 7]] = 0.0
    keep = weight > 0.0
    model = scaled("ridge", retain_data=True).fit(X, y, weight)
    refit = scaled("ridge").fit(X[keep], y[keep])
    np.testing.assert_allclose(coefficients(model[-1]), coefficients(refit[-1]))
    before = model.steps
    model.partial_unfit(X[:2], y[:2], 0.0)
    assert model.steps is before
    model.partial_unfit(X[:2], y[:2], [0.0, 1.0])
    keep[1] = False
    refit = scaled("ridge").fit(X[keep], y[keep])
    np.testing.assert_allclose(coefficients(model[-1]), coefficients(refit[-1]))


def test_a_step_that_was_not_weighted_knows_rows_as_a_whole():
    X, y = raw("ridge")
    weight = np.full(y.size, 2.0)
    model = make_unlearnable_pipeline(
        UnlearnableStandardScaler(), UnlearnableRidge(retain_data=True)
    ).fit(X, y, unlearnableridge__sample_weight=weight)
    with pytest.raises(UnlearningError, match="'unlearnablestandardscaler' was fitted"):
        model.partial_unfit(X[:2], y[:2], 1.0)
    model.partial_unfit(X[:2], y[:2], 2.0).partial_unfit(X[2:4], y[2:4])
    refit = clone(model).fit(X[4:], y[4:], unlearnableridge__sample_weight=weight[4:])
    np.testing.assert_allclose(coefficients(model[-1]), coefficients(refit[-1]))
    np.testing.assert_allclose(model[0].mean_, X[4:].mean(axis=0))
