"""Estimators around which models are sharded, data, and estimators that are watched."""

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, SGDClassifier, SGDRegressor
from sklearn.naive_bayes import BernoulliNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from sklearn_unlearn import ShardedClassifier, ShardedRegressor

N_ROWS = 240

CLASSIFIERS = {
    "tree": ShardedClassifier(DecisionTreeClassifier(), random_state=0),
    "forest": ShardedClassifier(RandomForestClassifier(4), random_state=0),
    "boosting": ShardedClassifier(
        HistGradientBoostingClassifier(max_iter=4, min_samples_leaf=5, random_state=0),
        n_shards=3,
        random_state=0,
    ),
    "pipeline": ShardedClassifier(
        make_pipeline(StandardScaler(), LogisticRegression()),
        n_shards=4,
        random_state=0,
    ),
    "neighbors": ShardedClassifier(
        KNeighborsClassifier(3), voting="hard", random_state=0
    ),
    "slices": ShardedClassifier(
        SGDClassifier(loss="log_loss"), n_shards=3, n_slices=4, random_state=0
    ),
    "hinge": ShardedClassifier(
        SGDClassifier(), n_shards=3, n_slices=4, voting="hard", random_state=0
    ),
    "bayes": ShardedClassifier(BernoulliNB(), n_shards=2, n_slices=5, random_state=0),
    "network": ShardedClassifier(
        MLPClassifier(4), n_shards=2, n_slices=3, random_state=0
    ),
    "one": ShardedClassifier(DecisionTreeClassifier(), n_shards=1, random_state=0),
    "many": ShardedClassifier(DecisionTreeClassifier(), n_shards=500, random_state=0),
}
REGRESSORS = {
    "tree": ShardedRegressor(DecisionTreeRegressor(), random_state=0),
    "forest": ShardedRegressor(RandomForestRegressor(4), random_state=0),
    "boosting": ShardedRegressor(
        HistGradientBoostingRegressor(max_iter=4, min_samples_leaf=5, random_state=0),
        n_shards=3,
        random_state=0,
    ),
    "neighbors": ShardedRegressor(KNeighborsRegressor(3), random_state=0),
    "slices": ShardedRegressor(
        SGDRegressor(eta0=0.001), n_shards=3, n_slices=4, random_state=0
    ),
}
ALL = {
    **{f"{name} of classes": each for name, each in CLASSIFIERS.items()},
    **{f"{name} of numbers": each for name, each in REGRESSORS.items()},
}


def data(estimator, n_rows=N_ROWS):
    """Rows and targets, of which the labels are strings."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, 4))
    signal = X @ [1.0, -0.5, 0.3, 0.0] + 0.5 * rng.normal(size=n_rows)
    if isinstance(estimator, RegressorMixin):
        return X, signal
    labels = np.array(["amber", "blue", "coral"])
    return X, labels[np.digitize(signal, [-0.5, 0.5])]


def outputs(model, X):
    """Whatever a model answers, as bytes."""
    method = model.predict
    if getattr(model, "voting", None) == "soft":
        method = model.predict_proba
    return np.asarray(method(X)).tobytes()


class Watched(BaseEstimator):
    """Remembers the rows of each call, in a list that clones share."""

    calls = []  # noqa: RUF012

    def fit(self, X, y):
        return self._seen("fit", X, y)

    def _seen(self, method, X, y):
        X = X.toarray() if sp.issparse(X) else np.array(X)
        self.calls.append((method, X, np.array(y)))
        self.n_features_in_ = X.shape[1]
        self.trained_ = [*getattr(self, "trained_", []), *X[:, 0].tolist()]
        return self


class WatchedRegressor(RegressorMixin, Watched):
    """Predicts how many rows it has seen; it takes slices."""

    def partial_fit(self, X, y):
        return self._seen("partial_fit", X, y)

    def predict(self, X):
        return np.full(X.shape[0], float(len(self.trained_)))


class WatchedClassifier(ClassifierMixin, Watched):
    """Predicts its first class; it takes slices."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return super().fit(X, y)

    def partial_fit(self, X, y, classes=None):
        self.classes_ = np.unique(classes)
        return self._seen("partial_fit", X, y)

    def predict(self, X):
        return np.full(X.shape[0], self.classes_[0])


OUT = np.array([3, 40, 77])


def all_but(n_rows):
    """Positions of the rows that are not `OUT`."""
    return np.setdiff1d(np.arange(n_rows), OUT)
