"""One small unlearner of each family, for what is the same in all of them."""

import copy
import warnings
from functools import cache

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import Normalizer

from sklearn_unlearn import (
    ShardedClassifier,
    UnlearnableDecisionTreeClassifier,
    UnlearnableGaussianNB,
    UnlearnableKNeighborsClassifier,
    UnlearnableLogisticRegression,
    UnlearnableMLPClassifier,
    UnlearnableRandomForestClassifier,
    UnlearnableRidge,
    UnlearnableStandardScaler,
    UnlearnableSVC,
    make_unlearnable_column_transformer,
    make_unlearnable_pipeline,
)

_RNG = np.random.default_rng(7)
X = np.round(_RNG.standard_normal((90, 4)), 3)
y = (X[:, 0] + 0.8 * _RNG.standard_normal(90) > 0).astype(int)

_MAKERS = {
    "ridge": lambda: UnlearnableRidge(),
    "ridge_retained": lambda: UnlearnableRidge(retain_data=True),
    "logistic": lambda: UnlearnableLogisticRegression(C=0.1),
    "logistic_retained": lambda: UnlearnableLogisticRegression(retain_data=True),
    "naive_bayes": lambda: UnlearnableGaussianNB(),
    "scaler": lambda: UnlearnableStandardScaler(),
    "columns": lambda: make_unlearnable_column_transformer(
        (UnlearnableStandardScaler(), [0, 1]), ("passthrough", [2, 3])
    ),
    "tree": lambda: UnlearnableDecisionTreeClassifier(max_depth=4, random_state=0),
    "neighbours": lambda: UnlearnableKNeighborsClassifier(3),
    "support_vectors": lambda: UnlearnableSVC(gamma=0.3),
    "forest": lambda: UnlearnableRandomForestClassifier(2, max_depth=3, random_state=0),
    "shards": lambda: ShardedClassifier(n_shards=3, random_state=0),
    "network": lambda: UnlearnableMLPClassifier(
        (3,), alpha=1.0, max_iter=30, retain_data=True, random_state=0
    ),
    "pipeline": lambda: make_unlearnable_pipeline(
        Normalizer(), UnlearnableGaussianNB()
    ),
    "pipeline_retained": lambda: make_unlearnable_pipeline(
        UnlearnableStandardScaler(), UnlearnableLogisticRegression(retain_data=True)
    ),
    "pipeline_transformers": lambda: make_unlearnable_pipeline(
        Normalizer(), UnlearnableStandardScaler()
    ),
}
FAMILIES = list(_MAKERS)
#: Those that find rows by name.
NAMED = (
    "ridge_retained",
    "logistic_retained",
    "tree",
    "neighbours",
    "support_vectors",
    "forest",
    "shards",
    "network",
    "pipeline_retained",
)
#: Whose state is a function of the set of rows, to the last bit.
EXACT = (
    "naive_bayes",
    "scaler",
    "columns",
    "tree",
    "forest",
    "shards",
    "pipeline",
    "pipeline_transformers",
)


@cache
def _fitted(family, named):
    keywords = {"row_ids": np.arange(90) + 1000} if named else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # of few epochs
        return _MAKERS[family]().fit(X, y, **keywords)


def fitted(family, *, named=False):
    """An estimator of a family, fitted to X and y: a copy, for requests."""
    return copy.copy(_fitted(family, named))


def unfitted(family):
    """An estimator of a family."""
    return _MAKERS[family]()


def rows_of(model, rows):
    """X and y of some rows, as the verbs of the model take them."""
    takes = "y" in model._accepts
    return (X[rows], y[rows]) if takes else (X[rows],)


def snapshot(model):
    """What a model answers, for comparisons to the last bit."""
    if hasattr(model, "decision_function") and not hasattr(model, "predict_proba"):
        return model.decision_function(X)
    for method in ("predict_proba", "predict", "transform"):
        if hasattr(model, method):
            return np.asarray(getattr(model, method)(X))
    raise AssertionError(model)
