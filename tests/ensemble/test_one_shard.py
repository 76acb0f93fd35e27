"""One shard is retraining: to the last bit a plain fit on the edited data."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression, SGDClassifier, SGDRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from sklearn_unlearn import ShardedClassifier, ShardedRegressor
from tests.ensemble.cases import data
from tests.ensemble.test_sharded import VERBS, _edited
from tests.pairwise import pairwise

#: Each depends on the order of the rows, or on a seed.
ESTIMATORS = {
    "descent": SGDClassifier(loss="log_loss", max_iter=5, tol=None, random_state=3),
    "forest": RandomForestClassifier(4, max_depth=4),
    "boosting": HistGradientBoostingClassifier(max_iter=4, early_stopping=True),
    "search": GridSearchCV(
        DecisionTreeClassifier(max_features=2), {"max_depth": [1, 3]}, cv=2
    ),
    "regression": LinearRegression(),
    "steps": make_pipeline(
        PCA(3, svd_solver="randomized"), RandomForestRegressor(3, max_depth=3)
    ),
    "network": MLPRegressor(hidden_layer_sizes=4, tol=1.0),
    "slope": SGDRegressor(max_iter=5, tol=None),
}


def pair(name, seed=None):
    """A model of one shard, and what it is to equal."""
    estimator = ESTIMATORS[name]
    cls = ShardedRegressor
    if hasattr(estimator, "predict_proba"):
        cls = ShardedClassifier
    plain = clone(estimator)
    states = [each for each in plain.get_params() if each.endswith("random_state")]
    if "random_state" in states and plain.random_state is not None:
        seed = None
    elif seed is not None:
        plain.set_params(**dict.fromkeys(states, seed))
    return cls(estimator, n_shards=1, random_state=seed), plain


def answers(model, X):
    method = "predict_proba" if hasattr(model, "predict_proba") else "predict"
    return np.asarray(getattr(model, method)(X)).tobytes()


@pytest.mark.parametrize(
    ("name", "verb", "with_ids"), pairwise(ESTIMATORS, VERBS, [False, True])
)
def test_a_plain_fit(name, verb, with_ids):
    model, plain = pair(name, seed=5)
    X, y = data(model)
    ids = np.random.default_rng(1).permutation(len(y))
    model.fit(X, y, row_ids=ids if with_ids else None)
    assert answers(model, X) == answers(plain.fit(X, y), X)
    X_after, y_after, _ = _edited(verb, model, X, y, ids)
    X_after = np.ascontiguousarray(X_after)  # sums may depend on the layout
    assert answers(model, X_after) == answers(plain.fit(X_after, y_after), X_after)


def test_rows_keep_their_places_through_many_requests():
    model, plain = pair("descent")
    X, y = data(model)
    weight = np.where(np.arange(len(y)) % 9 == 0, 0.0, 2.0)
    model.fit(X[:200], y[:200], sample_weight=weight[:200])
    model.partial_fit(X[200:], y[200:], sample_weight=weight[200:])
    new, labels = X.copy(), y.copy()
    for row in (1, 235, 1):
        before = new[[row]].copy()
        new[row] += 1.0
        model.replace_features(before, labels[[row]], new[[row]])
    model.replace_labels(new[[1, 7]], labels[[1, 7]], labels[[7, 1]])
    labels[[1, 7]] = labels[[7, 1]]
    model.partial_unfit(new[[2, 239]], labels[[2, 239]])
    model = pickle.loads(pickle.dumps(model))
    model.partial_fit(new[[2]], labels[[2]], sample_weight=[3.0])
    rows = np.setdiff1d(np.flatnonzero(weight), [2, 239])
    rows, weight = np.append(rows, 2), np.append(weight[rows], 3.0)
    plain.fit(new[rows], labels[rows], sample_weight=weight)
    assert answers(model, X) == answers(plain, X)


def test_slices_depend_on_values_alone():
    X, y = data(ShardedClassifier())
    model = ShardedClassifier(
        ESTIMATORS["descent"], n_shards=1, n_slices=3, random_state=0
    )
    model.fit(X, y)
    assert answers(model, X) == answers(clone(model).fit(X[::-1], y[::-1]), X)
