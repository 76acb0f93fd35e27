"""Shards of estimators that scikit-learn has fitted."""

import numpy as np
import pytest
from sklearn.datasets import load_iris, make_regression
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_unlearn import ShardedClassifier, ShardedRegressor

X, Y = load_iris(return_X_y=True)


def test_shards_of_a_fitted_pipeline_are_those_of_its_clone():
    deployed = make_pipeline(
        StandardScaler(), LogisticRegression(C=0.3, max_iter=300)
    ).fit(X, Y)
    before = deployed.predict_proba(X)
    sharded = ShardedClassifier.from_sklearn(
        deployed, X, Y, n_shards=3, random_state=0, row_ids=np.arange(150) // 2
    )
    np.testing.assert_array_equal(deployed.predict_proba(X), before)
    other = ShardedClassifier(deployed, n_shards=3, random_state=0)
    other.fit(X[2:], Y[2:], row_ids=np.arange(2, 150) // 2)
    sharded.partial_unfit(row_ids=[0])
    np.testing.assert_array_equal(sharded.predict_proba(X), other.predict_proba(X))
    assert sharded.estimator.get_params()["logisticregression__C"] == 0.3


def test_a_search_gives_what_it_chose():
    rows, y = make_regression(60, 3, random_state=0)
    search = GridSearchCV(Ridge(), {"alpha": [0.5, 2.0]}, cv=3).fit(rows, y)
    sharded = ShardedRegressor.from_sklearn(search, rows, y, n_shards=2)
    assert sharded.estimator.alpha == search.best_params_["alpha"]


@pytest.mark.parametrize(
    ("fitted", "rows", "error"),
    [
        (LogisticRegression(), X, NotFittedError),
        (Ridge().fit(X, Y), X[:, :3], ValueError),
    ],
)
def test_what_cannot_be_taken_over_is_refused(fitted, rows, error):
    with pytest.raises(error):
        ShardedClassifier.from_sklearn(fitted, rows, Y)


def test_labels_that_a_classifier_was_not_fitted_with_are_refused():
    rows = np.random.default_rng(0).normal(size=(40, 2))
    labels = np.where(rows[:, 0] > 0.0, "a", "b")
    fitted = LogisticRegression().fit(rows, labels)
    with pytest.raises(ValueError, match="y holds the labels"):
        ShardedClassifier.from_sklearn(fitted, rows, (labels == "a").astype(int))


@pytest.mark.parametrize("sharded", [ShardedClassifier, ShardedRegressor])
def test_data_that_are_missing_are_asked_for_by_the_name_of_the_class(sharded):
    with pytest.raises(TypeError, match=rf"^{sharded.__name__}.*pass them as X, and y"):
        sharded.from_sklearn(LogisticRegression(max_iter=300).fit(X, Y))
