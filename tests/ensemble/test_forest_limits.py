"""Requests to forests at their limits: as a fit, or refused with nothing changed."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone

from sklearn_unlearn import (
    UnlearnableExtraTreesRegressor,
    UnlearnableRandomForestClassifier,
)
from sklearn_unlearn.exceptions import (
    InsufficientWeightError,
    RowNotFoundError,
    UnlearningError,
)

RNG = np.random.default_rng(0)
X = RNG.integers(0, 5, (40, 3)).astype(float)
Y = (X[:, 0] + X[:, 1] > 4).astype(int)
FOREST = UnlearnableRandomForestClassifier(8, random_state=0)
EXTRA = UnlearnableExtraTreesRegressor(8, random_state=0)
TWICE = np.tile([[7.0, 7.0, 7.0]], (2, 1))
BAD = {
    "a row that is not there": ("partial_unfit", (TWICE[:1], [0]), RowNotFoundError),
    "a row more often than it is there": (
        "partial_unfit",
        (np.concatenate([X, X]), np.concatenate([Y, Y])),
        RowNotFoundError,
    ),
    "all rows": ("partial_unfit", (X, Y), InsufficientWeightError),
    "the label of another row": (
        "partial_unfit",
        (X[:1], 1 - Y[:1]),
        RowNotFoundError,
    ),
    "infinity": ("partial_fit", (np.full((1, 3), np.inf), [0]), ValueError),
    "too wide": ("partial_unfit", (np.ones((1, 4)), [0]), ValueError),
    "all columns": ("forget_features", ([0, 1, 2],), UnlearningError),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_request_changes_nothing(name):
    verb, arguments, error = BAD[name]
    model = clone(FOREST).fit(X, Y)
    state = pickle.dumps(model)
    with pytest.raises(error):
        getattr(model, verb)(*arguments)
    assert pickle.dumps(model) == state


@pytest.mark.parametrize("model", [FOREST, EXTRA], ids=["classes", "targets"])
def test_rows_of_one_value(model):
    same, y = np.ones((12, 2)), np.arange(12) % 2
    model = clone(model).fit(same, y).partial_unfit(same[:3], y[:3])
    refit = clone(model).fit(same[3:], y[3:])
    np.testing.assert_array_equal(model.predict(same), refit.predict(same))
    assert all(tree.feature.size <= 1 for tree in model._fitted.model.trees)


def test_rows_of_weight_zero_are_none():
    weight = np.ones(40)
    weight[:4] = 0.0
    model = clone(FOREST).fit(X, Y, sample_weight=weight)
    before = model._fitted.model
    model.partial_unfit(X[5:7], Y[5:7], sample_weight=np.zeros(2))
    assert model._fitted.model is before
    model.partial_unfit(X[4:6], Y[4:6])
    refit = clone(FOREST).fit(X[6:], Y[6:])
    np.testing.assert_array_equal(model.predict_proba(X), refit.predict_proba(X))


def test_no_threshold_is_made_of_a_row_that_left():
    values = np.random.default_rng(1).normal(size=(80, 2))
    y = (values[:, 0] > 0).astype(int)
    model = clone(FOREST).fit(values, y)
    gone = np.zeros(80, dtype=bool)
    for row in range(0, 20, 2):
        model.partial_unfit(values[row : row + 1], y[row : row + 1])
        gone[row] = True
        left = values[~gone].T.astype(np.float32)
        for tree in model._fitted.model.trees:
            inner = np.flatnonzero(tree.feature >= 0)
            ends = np.stack([tree.below[inner], tree.above[inner]])
            for feature in range(2):
                of_feature = ends[:, tree.feature[inner] == feature]
                assert np.isin(of_feature, left[feature]).all()
