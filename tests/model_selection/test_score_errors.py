"""No score is further from that of a fresh search than `score_errors` says."""

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier

from sklearn_unlearn import (
    UnlearnableGaussianNB,
    UnlearnableGridSearchCV,
    UnlearnableLinearSVC,
    UnlearnableLogisticRegression,
    UnlearnableRidgeClassifier,
    UnlearnableStandardScaler,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.linear.prediction_errors import prediction_errors
from sklearn_unlearn.core.losses.smooth import HalfBinomialLogistic
from sklearn_unlearn.core.rows import Rows
from sklearn_unlearn.exceptions import NotForgottenWarning, UnlearningError
from tests.model_selection.searches import classes, folds_of, fresh, numbers, without


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("piped", [True, False])
def test_scores_are_as_near_as_is_said(n_classes, piped):
    X, y = classes(600, n_classes)
    model = UnlearnableLogisticRegression(tol=1e-12)
    grid = {"C": [0.01, 0.1, 1.0]}
    if piped:
        model = make_unlearnable_pipeline(UnlearnableStandardScaler(), model)
        grid = {f"unlearnablelogisticregression__{k}": v for k, v in grid.items()}
    search = UnlearnableGridSearchCV(model, grid, cv=3)
    folds = folds_of(search, X, y)
    search.fit(X, y)
    gone = np.arange(8)
    for row in gone:
        search.partial_unfit(X[[row]], y[[row]])
    found = search.score_errors()
    assert found.errors.shape == (3, 3)
    assert found.errors.max() < 0.1  # it says something
    left = np.delete(np.arange(len(y)), gone)
    twin = fresh(search, X[left], y[left], without(folds, gone, len(y)))
    for split in range(3):
        name = f"split{split}_test_score"
        difference = np.abs(search.cv_results_[name] - twin.cv_results_[name])
        assert np.all(difference <= found.errors[:, split] + 1e-12)
    if found.sure:
        assert search.best_index_ == twin.best_index_


@pytest.mark.parametrize("n_classes", [2, 3])
def test_raw_predictions_are_as_near_as_is_said(n_classes):
    X, y = classes(600, n_classes)
    model = UnlearnableLogisticRegression(tol=1e-12).fit(X, y)
    for row in range(20):
        model.partial_unfit(X[[row]], y[[row]])
    refit = UnlearnableLogisticRegression(tol=1e-12).fit(X[20:], y[20:])
    raw, errors = model._prediction_errors((X[20:], y[20:], None), X)
    expected = refit._raw_prediction(X)[1]
    distance = np.abs(raw - expected).max(axis=1)
    assert np.all(distance <= errors)
    assert errors.max() < 100.0 * distance.max()  # and it says something
    raw, errors = refit._prediction_errors((X[20:], y[20:], None), X)
    assert errors.max() < 1e-9


def test_far_from_the_minimum_nothing_is_known():
    X, y = numbers()
    rows = Rows(X, (y > 0.0).astype(float)[:, None], np.ones(len(y)))
    shape = (X.shape[1], 1)
    objective = Objective(
        HalfBinomialLogistic(),
        False,
        np.full(shape, 1e-3),
        np.zeros(shape),
        np.zeros(shape, dtype=bool),
    )
    errors = prediction_errors(objective, np.full(shape, 5.0), rows, X)
    assert np.all(np.isinf(errors))


@pytest.mark.parametrize(
    ("model", "grid"),
    [
        (UnlearnableGaussianNB(), {"var_smoothing": [1e-9, 0.1]}),
        (DecisionTreeClassifier(random_state=0), {"max_depth": [1, 3]}),
        (UnlearnableRidgeClassifier(retain_data=True), {"alpha": [0.1, 10.0]}),
    ],
)
def test_scores_of_exact_models_have_no_error(model, grid):
    X, y = classes()
    search = UnlearnableGridSearchCV(model, grid, cv=3).fit(X, y)
    search.partial_unfit(X[:1], y[:1])
    assert search.score_errors().errors.max() == 0.0


def test_of_other_scores_nothing_is_known():
    X, y = classes(n_classes=2)
    for model, scoring, error in (
        (UnlearnableLogisticRegression(), "neg_log_loss", np.inf),
        (UnlearnableLinearSVC(), None, 1.0),  # no accuracy has a larger one
    ):
        grid = {"C": [0.1, 1.0]}
        search = UnlearnableGridSearchCV(model, grid, scoring=scoring, cv=3)
        found = search.fit(X, y).score_errors()
        assert np.all(found.errors == error)
        assert not found.sure


def test_frozen_scores_are_refused():
    X, y = classes()
    search = UnlearnableGridSearchCV(
        UnlearnableGaussianNB(), {"var_smoothing": [1e-9, 0.1]}, cv=3, keep="best"
    ).fit(X, y)
    with pytest.warns(NotForgottenWarning):
        search.partial_unfit(X[:1], y[:1])
    with pytest.raises(UnlearningError, match="frozen"):
        search.score_errors()
