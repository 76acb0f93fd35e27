"""Samplers and models of other libraries: to the last bit what their refit gives."""

import sys
import warnings

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_unlearn import (
    RetrainedClassifier,
    RetrainedRegressor,
    UnlearnablePipeline,
    unlearnable,
)
from sklearn_unlearn.exceptions import DataMismatchWarning, UnlearningError

OUT = [1, 2, 7]


@pytest.fixture(scope="module")
def rows():
    X, y = load_breast_cancer(return_X_y=True)
    return np.ascontiguousarray(X[:150, :5]), y[:150]


# Small ones with the interfaces of the large ones -------------------------------------


class Jitter(BaseEstimator):
    """A sampler as imbalanced-learn has them: the rarer class, with noise, again."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def fit(self, X, y):
        self.fit_resample(X, y)
        return self

    def fit_resample(self, X, y):
        rng = np.random.default_rng(self.random_state)
        self.rare_ = int(np.sum(y) * 2 < len(y))
        rare = X[y == self.rare_]
        more = rare + 0.01 * rng.standard_normal(rare.shape)
        return np.vstack([X, more]), np.append(y, np.full(len(more), self.rare_))


class SamplingPipeline(Pipeline):
    """A pipeline as that of imbalanced-learn: samplers act at ``fit`` alone."""

    def _transforming(self):
        return [step for _, step in self.steps[:-1] if hasattr(step, "transform")]

    def fit(self, X, y=None, **params):
        for _, step in self.steps[:-1]:
            if hasattr(step, "fit_resample"):
                X, y = step.fit_resample(X, y)
            else:
                X = step.fit(X, y).transform(X)
        self.steps[-1][1].fit(X, y, **params)
        return self

    def _last(self, name, X):
        for step in self._transforming():
            X = step.transform(X)
        return getattr(self.steps[-1][1], name)(X)

    def predict(self, X):
        return self._last("predict", X)

    def predict_proba(self, X):
        return self._last("predict_proba", X)


class Stumps(BaseEstimator):
    """A booster in the manner of XGBoost's, which depends on the order of rows."""

    def __init__(self, n_rounds=3, random_state=0):
        self.n_rounds = n_rounds
        self.random_state = random_state

    def fit(self, X, y, sample_weight=None):
        rng = np.random.default_rng(self.random_state)
        self.stumps_, rest = [], np.asarray(y, dtype=float)
        for _ in range(self.n_rounds):
            some = rng.integers(len(X), size=len(X))
            column = rng.integers(X.shape[1])
            cut = np.median(X[some, column])
            below = X[:, column] <= cut
            left, right = rest[below].mean(), rest[~below].mean()
            self.stumps_.append((column, cut, left, right))
            rest = rest - np.where(below, left, right)
        self.n_features_in_ = X.shape[1]
        return self

    def decision_function(self, X):
        X = np.asarray(X)
        return sum(np.where(X[:, j] <= c, a, b) for j, c, a, b in self.stumps_)


class BoostedClassifier(Stumps):
    """Says what it is by a tag alone, and holds labels of its own."""

    _estimator_type = "classifier"

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = "classifier"
        return tags

    def fit(self, X, y, sample_weight=None):
        self.classes_, y = np.unique(y, return_inverse=True)
        return super().fit(X, y)

    def predict_proba(self, X):
        share = np.clip(self.decision_function(X), 0.0, 1.0)
        return np.column_stack([1.0 - share, share])

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


class BoostedRegressor(Stumps):
    """The same for numbers."""

    _estimator_type = "regressor"

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = "regressor"
        return tags

    predict = Stumps.decision_function


class Plain:
    """A classifier without a base of scikit-learn's, as some libraries have them."""

    _estimator_type = "classifier"

    def __init__(self, shift=0.0):
        self.shift = shift

    def get_params(self, deep=True):
        return {"shift": self.shift}

    def set_params(self, **params):
        vars(self).update(params)
        return self

    def __sklearn_tags__(self):
        return BoostedClassifier().__sklearn_tags__()

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.means_ = np.array([X[y == each].mean(axis=0) for each in self.classes_])
        return self

    def predict_proba(self, X):
        near = np.exp(-np.abs(X[:, None] - self.means_ - self.shift).mean(axis=2))
        return near / near.sum(axis=1, keepdims=True)

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def logistic():
    return LogisticRegression(solver="newton-cholesky")


SMALL = {
    "sampler": lambda: SamplingPipeline(
        [("scaler", StandardScaler()), ("more", Jitter(0)), ("last", logistic())]
    ),
    "sampler first": lambda: SamplingPipeline(
        [("more", Jitter(3)), ("last", BoostedClassifier())]
    ),
    "classifier": lambda: make_pipeline(StandardScaler(), BoostedClassifier()),
    "regressor": lambda: make_pipeline(StandardScaler(), BoostedRegressor()),
    "by itself": BoostedRegressor,
    "no base": lambda: Plain(0.5),
    "no base, behind": lambda: make_pipeline(StandardScaler(), Plain()),
}


def answers(model, X):
    name = "predict_proba" if hasattr(model, "predict_proba") else "predict"
    return getattr(model, name)(X)


def check_it_is_its_refit(make, X, y):
    """Requests of a model, taken over and converted, end at refits, bit for bit."""
    X_left, y_left = np.delete(X, OUT, 0), np.delete(y, OUT)
    corrected = X_left.copy()
    corrected[:2] *= 1.5
    for given in (make(), make().fit(X, y)):
        with warnings.catch_warnings():
            warnings.simplefilter("error", DataMismatchWarning)
            model = unlearnable(given, X, y, row_ids=np.arange(len(y)))
        assert type(model) in (RetrainedClassifier, RetrainedRegressor)
        np.testing.assert_array_equal(answers(model, X), answers(make().fit(X, y), X))
        model.partial_unfit(row_ids=OUT)
        refit = make().fit(X_left, y_left)
        np.testing.assert_array_equal(answers(model, X), answers(refit, X))
        model.replace_features(X_left[:2], y_left[:2], corrected[:2])
        refit = make().fit(corrected, y_left)
        np.testing.assert_array_equal(answers(model, X), answers(refit, X))
        np.testing.assert_array_equal(answers(model.to_sklearn(), X), answers(refit, X))


@pytest.mark.parametrize("name", SMALL)
def test_what_has_the_interface_is_trained_again(rows, name):
    check_it_is_its_refit(SMALL[name], *rows)


def test_what_a_sampler_is_the_reason_of(rows):
    X, y = rows
    said = unlearnable(SMALL["sampler"](), X, y).explain()
    assert [each.step for each in said] == ["scaler", "more", "last"]
    assert "step 'more', a Jitter, makes other rows" in said[-1].how
    model = UnlearnablePipeline.from_sklearn(SMALL["sampler"]().fit(X, y), X, y)
    assert type(model) is RetrainedClassifier
    with pytest.raises(UnlearningError, match=r"'more', a Jitter.*Sharded"):
        UnlearnablePipeline.from_sklearn(
            SMALL["sampler"]().fit(X, y), X, y, on_stateful="raise"
        )


def test_a_sampler_without_a_seed_is_said(rows):
    X, y = rows
    drawn = SMALL["sampler"]().set_params(more__random_state=None)
    with pytest.warns(DataMismatchWarning, match="exact up to its randomness"):
        model = unlearnable(drawn, X, y)
    said = model.explain()[1].how
    assert said == "trained again, exact up to its randomness (random_state=None)"


def test_other_rows_than_a_sampler_saw(rows):
    X, y = rows
    theirs = SMALL["sampler"]().fit(X[9:], y[9:])
    with pytest.warns(DataMismatchWarning, match=r"'scaler', .* by up to .*, of val"):
        unlearnable(theirs, X, y)


# The libraries themselves -------------------------------------------------------------


def imbalanced(name):
    def make():
        over = pytest.importorskip("imblearn.over_sampling")
        under = pytest.importorskip("imblearn.under_sampling")
        samplers = {
            "smote": over.SMOTE(random_state=0),
            "again": over.RandomOverSampler(random_state=0),
            "fewer": under.RandomUnderSampler(random_state=0),
        }
        pipeline = pytest.importorskip("imblearn.pipeline")
        return pipeline.make_pipeline(StandardScaler(), samplers[name], logistic())

    return make


def boosted(library, name, **params):
    def make():
        cls = getattr(pytest.importorskip(library), name)
        return make_pipeline(StandardScaler(), cls(n_estimators=5, **params))

    return make


QUIET = {"verbose": 0, "allow_writing_files": False}
LARGE = {
    "smote": imbalanced("smote"),
    "again": imbalanced("again"),
    "fewer": imbalanced("fewer"),
    "xgboost, classes": boosted("xgboost", "XGBClassifier", random_state=0),
    "xgboost, numbers": boosted(
        "xgboost", "XGBRegressor", subsample=0.7, random_state=0
    ),
    "lightgbm, classes": boosted(
        "lightgbm", "LGBMClassifier", verbose=-1, random_state=0
    ),
    "lightgbm, numbers": boosted(
        "lightgbm", "LGBMRegressor", verbose=-1, random_state=0
    ),
    "catboost, classes": boosted(
        "catboost", "CatBoostClassifier", random_state=0, **QUIET
    ),
    "catboost, numbers": boosted(
        "catboost", "CatBoostRegressor", random_state=0, **QUIET
    ),
}


@pytest.mark.parametrize("name", LARGE)
def test_libraries(rows, name):
    check_it_is_its_refit(LARGE[name], *rows)


def test_a_list_with_a_sampler_is_a_pipeline_of_its_library(rows):
    X, y = rows
    over = pytest.importorskip("imblearn.over_sampling")
    listed = [StandardScaler(), over.SMOTE(random_state=0), logistic()]
    model = unlearnable([clone(each) for each in listed], X, y)
    model.partial_unfit(X[:3], y[:3])
    pipeline = pytest.importorskip("imblearn.pipeline")
    refit = pipeline.make_pipeline(*listed).fit(X[3:], y[3:])
    np.testing.assert_array_equal(answers(model, X), answers(refit, X))


def test_a_list_with_a_sampler_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "imblearn.pipeline", None)
    with pytest.raises(ImportError, match=r"'jitter', a Jitter.*unlearn\[imblearn\]"):
        unlearnable([Jitter(0), logistic()])
