"""Pipelines in front of a model whose class weights follow the data."""

import numpy as np
import pytest
from sklearn.base import clone

from sklearn_unlearn import (
    UnlearnableLinearSVC,
    UnlearnableLogisticRegression,
    UnlearnableOneHotEncoder,
    UnlearnableRidgeClassifier,
    UnlearnableStandardScaler,
    make_unlearnable_column_transformer,
    make_unlearnable_pipeline,
)
from tests.pipeline.scripts import Story, answers, rows_of

LAST = {
    "logistic": UnlearnableLogisticRegression(C=0.1, class_weight="balanced"),
    "ridge": UnlearnableRidgeClassifier(class_weight="balanced"),
    "svc": UnlearnableLinearSVC(C=0.1, class_weight="balanced"),
}


def raw(n_rows=300, n_classes=2):
    """A column of categories after three of numbers; a category has one row."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, 4)) * [1.0, 1e3, 1e-2, 5.0] + [0.0, 1e4, 1.0, -3.0]
    X[:8] *= 1.2
    z = X[:, 0] + rng.logistic(size=n_rows)
    X[:, 3] = rng.integers(0, 4, n_rows)
    X[8, 3] = 9.0
    return X, np.digitize(z, [1.0, 2.0][: n_classes - 1])


def pipeline(name, **params):
    columns = make_unlearnable_column_transformer(
        (UnlearnableStandardScaler(), [0, 1, 2]),
        (UnlearnableOneHotEncoder(handle_unknown="ignore"), [3]),
    )
    return make_unlearnable_pipeline(columns, clone(LAST[name]).set_params(**params))


def assert_refit(story, atol):
    refit = story.refit()
    found, expected = answers(story.pipeline, story.X), answers(refit, story.X)
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=atol)
    one = story.pipeline[-1].current_class_weight()
    other = refit[-1].current_class_weight()
    assert one.keys() == other.keys()
    for label, weight in one.items():
        assert weight == pytest.approx(other[label], rel=1e-12)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("name", LAST)
def test_with_data_requests_are_refits(name, n_classes):
    story = Story(pipeline(name, retain_data=True), *raw(n_classes=n_classes))
    story.partial_unfit([0, 1, 8, 20])  # a category leaves
    assert_refit(story, 1e-7)
    new = rows_of(story.X, [3, 9]).copy()
    new[:, 3] = 7.0, 9.0  # categories come
    story.replace_features([3, 9], new)
    assert_refit(story, 1e-7)
    story.replace_labels([5, 20, 21])
    story.partial_fit()
    assert_refit(story, 1e-7)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_without_data_a_squared_loss_is_exact(n_classes):
    story = Story(pipeline("ridge", retain_data=False), *raw(n_classes=n_classes))
    story.partial_unfit([0, 1, 8, 20])
    assert_refit(story, 1e-9)
    story.replace_labels([5, 20, 21])
    new = rows_of(story.X, [3, 9]).copy()
    new[:, 3] = 7.0, 9.0
    story.replace_features([3, 9], new)
    story.partial_fit()
    assert_refit(story, 1e-9)
    story.pipeline.refine(story.X, story.y)
    assert_refit(story, 1e-9)


def test_without_data_weights_that_follow_are_better():
    X, y = raw()
    story = Story(pipeline("logistic", retain_data=False), X, y)
    frozen = pipeline(
        "logistic",
        retain_data=False,
        class_weight=story.pipeline[-1].current_class_weight(),
    ).fit(story.X, story.y)
    rows = np.flatnonzero(story.y == 1)[:10]
    frozen.partial_unfit(story.X[rows], story.y[rows])
    story.partial_unfit(rows)
    truth = answers(story.refit(), story.X)
    error = np.abs(answers(story.pipeline, story.X) - truth).max()
    assert 10.0 * error < np.abs(answers(frozen, story.X) - truth).max()
    story.pipeline.refine(story.X, story.y)
    assert_refit(story, 1e-8)


def test_a_class_that_leaves():
    X, y = raw(n_classes=3)
    story = Story(pipeline("logistic", retain_data=True), X, y)
    story.partial_unfit(np.flatnonzero(story.y == 2))
    assert story.pipeline.classes_.tolist() == [0, 1]
    assert_refit(story, 1e-7)
