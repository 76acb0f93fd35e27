"""What first steps make of rows held out is followed, and is what they would make."""

import pickle

import numpy as np
import pytest

from sklearn_unlearn import (
    UnlearnableGridSearchCV,
    UnlearnableLogisticRegression,
    UnlearnableMinMaxScaler,
    UnlearnableOneHotEncoder,
    UnlearnableStandardScaler,
    make_unlearnable_column_transformer,
    make_unlearnable_pipeline,
)
from tests.model_selection.searches import (
    assert_same_search,
    classes,
    folds_of,
    fresh,
    without,
)


def mixed(n_rows=120):
    """Rows of which the last column is a category; one of them is rare."""
    X, y = classes(n_rows)
    kind = (np.arange(n_rows) * 7 % 5).astype(float)
    kind[[3, 60]] = 9.0
    return np.column_stack([X, kind]), y


def coded(**keywords):
    front = make_unlearnable_column_transformer(
        (UnlearnableStandardScaler(), [0, 1, 2]),
        ("passthrough", [3]),
        (UnlearnableOneHotEncoder(handle_unknown="ignore"), [4]),
    )
    return piped(front, **keywords)


def piped(front, **keywords):
    model = UnlearnableLogisticRegression(retain_data=True, tol=1e-11)
    pipeline = make_unlearnable_pipeline(front, model)
    grid = {"unlearnablelogisticregression__C": [0.01, 1.0]}
    return UnlearnableGridSearchCV(pipeline, grid, cv=3, **keywords)


def dense(values):
    return values.toarray() if hasattr(values, "toarray") else values


def assert_followed(search, n_known=3):
    """All outputs that are kept are those of the steps as they are."""
    fitted = search._fitted
    living, held = fitted.model.living(), fitted.outcome.held
    assert len(held.made) == n_known
    for (split, _), outputs in held.made.items():
        steps = fitted.members.fitted[0, split].estimator.steps[:-1]
        assert [step for _, step in steps] == list(outputs.steps)
        expected = living.held_out(split).X
        for _, step in steps:
            expected = step.transform(expected)
        np.testing.assert_allclose(dense(outputs.values), dense(expected), atol=1e-12)


@pytest.mark.parametrize("asked", [np.array([3]), np.array([3, 60, 7])])
def test_rows_that_leave(asked):
    X, y = mixed()
    search = coded()
    folds = folds_of(search, X, y)
    search.fit(X, y)
    assert_followed(search)
    search.partial_unfit(X[asked], y[asked])
    assert_followed(search)
    search.partial_unfit(X[[20]], y[[20]])
    assert_followed(search)
    gone = np.append(asked, 20)
    left = np.delete(np.arange(len(y)), gone)
    twin = fresh(search, X[left], y[left], without(folds, gone, len(y)))
    assert_same_search(search, twin, X)


@pytest.mark.parametrize("verb", ["replace_features", "partial_fit", "replace_labels"])
def test_rows_that_change_or_come(verb):
    X, y = mixed()
    search = coded().fit(X, y)
    some = np.array([5, 50])
    new = X[some] + [[0.5, -2.0, 1.0, 0.1, 1.0]]
    if verb == "partial_fit":
        search.partial_fit(new, y[some])
    elif verb == "replace_labels":
        search.replace_labels(X[some], y[some], y[some + 1])
    else:
        search.replace_features(X[some], y[some], new)
    assert_followed(search)


def test_columns_that_are_forgotten():
    X, y = mixed()
    search = coded().fit(X, y).forget_features([1])
    assert_followed(search)


def test_rows_are_transformed_again_where_a_map_says_nothing_of_them(monkeypatch):
    X, y = mixed()
    search = piped(UnlearnableMinMaxScaler(clip=True)).fit(X, y)
    assert_followed(search, n_known=0)
    assert_followed(coded(max_bytes=None).fit(X, y))
    search = coded().fit(X, y)
    monkeypatch.setattr("sklearn_unlearn.model_selection._held_out._MAGNIFIED", 0.5)
    search.partial_unfit(X[[0]], y[[0]])
    assert_followed(search)
    assert {each.growth for each in search._fitted.outcome.held.made.values()} == {1.0}


def test_steps_transform_no_held_out_rows_again(monkeypatch):
    X, y = mixed()
    search, n_rows = coded().fit(X, y), []
    transform = UnlearnableStandardScaler.transform

    def counted(self, X):
        n_rows.append(len(X))
        return transform(self, X)

    monkeypatch.setattr(UnlearnableStandardScaler, "transform", counted)
    search.partial_unfit(X[[20]], y[[20]])
    assert max(n_rows, default=0) <= 1


def test_pickles_are_without_outputs():
    X, y = mixed()
    search = coded().fit(X, y)
    read = pickle.loads(pickle.dumps(search))
    assert not read._fitted.outcome.held.made
    for each in (read, search):
        each.partial_unfit(X[:2], y[:2])
    assert_followed(read)
    np.testing.assert_allclose(
        read.cv_results_["mean_test_score"], search.cv_results_["mean_test_score"]
    )
