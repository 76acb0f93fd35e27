"""Estimators that keep to scikit-learn's conventions by halves."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin, clone
from sklearn.ensemble import StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sklearn_unlearn import ShardedClassifier, unlearnable
from sklearn_unlearn.exceptions import DataMismatchWarning, UnlearningError

RNG = np.random.default_rng(2)
X = RNG.normal(size=(60, 3))
Y = (X[:, 0] > 0.0).astype(int)


class OtherName(TransformerMixin, BaseEstimator):
    """Keeps its parameter under another name."""

    def __init__(self, factor=1):
        self.kept = factor

    def fit(self, X, y=None):
        self.mean_ = X.mean(axis=0)
        return self

    def transform(self, X):
        return X


class Changed(TransformerMixin, BaseEstimator):
    """Changes its parameter."""

    def __init__(self, factor=None):
        self.factor = list(factor)

    def fit(self, X, y=None):
        self.mean_ = X.mean(axis=0)
        return self

    def transform(self, X):
        return X


class Silent(ClassifierMixin, BaseEstimator):
    """Its fit returns nothing."""

    def fit(self, X, y):
        self.classes_, self.share_ = np.unique(y), np.mean(y)

    def predict(self, X):
        return np.full(len(X), self.share_)


class SilentTransformer(TransformerMixin, BaseEstimator):
    """Neither does that of a transformer."""

    def fit(self, X, y=None):
        self.mean_ = np.asarray(X).mean(axis=0)

    def fit_transform(self, X, y=None):
        self.fit(X, y)
        return self.transform(X)

    def transform(self, X):
        return X - self.mean_


class Draws(SilentTransformer):
    """Draws at random, and no parameter says so."""

    def fit(self, X, y=None):
        self.mean_ = np.random.default_rng().normal(size=X.shape[1])
        return self


class Fails(TransformerMixin, BaseEstimator):
    """Needs more rows than are left."""

    def fit(self, X, y=None):
        if len(X) < 60:
            raise LookupError("too few rows")
        self.mean_ = X.mean(axis=0)
        return self

    def transform(self, X):
        return X - self.mean_


def test_a_parameter_under_another_name():
    for given in (OtherName(), [StandardScaler(), OtherName(), LogisticRegression()]):
        with pytest.raises(UnlearningError, match=r"cannot be cloned.*'factor'"):
            unlearnable(given, X, Y)
    with pytest.raises(UnlearningError, match="cannot be cloned"):
        unlearnable(make_pipeline(OtherName(), LogisticRegression()), X, Y)
    named = r"Step 'changed', a Changed, .* cannot be cloned"
    pipeline = make_pipeline(Changed([1]), LogisticRegression())
    for given in (pipeline, pipeline.fit(X, Y)):
        with pytest.raises(UnlearningError, match=named):
            unlearnable(given, X, Y)


def test_what_stands_behind_a_step_that_is_not_fitted():
    fitted = LogisticRegression().fit(X, Y)
    for given in (
        [StandardScaler(), fitted],
        make_pipeline(make_pipeline(StandardScaler()), fitted),
    ):
        with pytest.raises(UnlearningError, match="is not fitted, and what stands"):
            unlearnable(given, X, Y)
    # a fitted one before a model that is not is one that a fit would fit again
    model = unlearnable([StandardScaler().fit(X + 1.0), LogisticRegression()], X, Y)
    np.testing.assert_allclose(model[0].mean_, X.mean(axis=0))


@pytest.mark.parametrize("given", [[()], [("scale",)], [("a", "b", "c")]])
def test_tuples_that_are_no_pairs(given):
    with pytest.raises(TypeError, match="pairs of a name and one"):
        unlearnable(given, X, Y)


def test_a_fit_that_returns_nothing():
    model = unlearnable(Silent(), X, Y).partial_unfit(X[:7], Y[:7])
    assert [each.estimator for each in model.explain()] == ["Silent"]
    assert model.predict(X[:1])[0] == Y[7:].mean()
    sharded = ShardedClassifier(Silent(), n_shards=1, voting="hard", random_state=0)
    assert sharded.fit(X, Y).predict(X[:1])[0] in (0, 1)
    theirs = make_pipeline(SilentTransformer(), LogisticRegression(tol=1e-9))
    refit = clone(theirs).fit(X[7:], Y[7:])
    for given in (clone(theirs), clone(theirs).fit(X, Y)):
        model = unlearnable(given, X, Y).partial_unfit(X[:7], Y[:7])
        np.testing.assert_allclose(
            model.predict_proba(X), refit.predict_proba(X), atol=1e-6
        )


def test_what_draws_at_random_without_a_seed_is_said_to():
    theirs = make_pipeline(Draws(), LogisticRegression()).fit(X, Y)
    with pytest.warns(DataMismatchWarning, match="it has no seed, and requests"):
        unlearnable(theirs, X, Y)


@pytest.mark.parametrize("fitted", [False, True])
def test_a_step_whose_fit_fails_leaves_all_as_it_was(fitted):
    theirs = make_pipeline(StandardScaler(), Fails(), LogisticRegression())
    model = unlearnable(theirs.fit(X, Y) if fitted else theirs, X, Y)
    before = model.predict_proba(X)
    with pytest.raises(LookupError, match="too few rows") as raised:
        model.partial_unfit(X[:2], Y[:2])
    assert any("'fails'" in note for note in raised.value.__notes__)
    np.testing.assert_array_equal(model.predict_proba(X), before)
    assert not hasattr(model, "request_record_")


def test_what_is_missing_or_no_estimator_is_said_by_name():
    model = LogisticRegression()
    for given in (model, clone(model).fit(X, Y), make_pipeline(model).fit(X, Y)):
        with pytest.raises(ValueError, match="unlearnable requires y"):
            unlearnable(given, X)
    for given in ("model.joblib", Path("model.joblib")):
        with pytest.raises(TypeError, match="Load it first"):
            unlearnable(given, X, Y)
    stack = StackingClassifier([("a", clone(model).fit(X, Y))], model, cv="prefit")
    for given in (clone(stack), stack.fit(X, Y)):
        with pytest.raises(UnlearningError, match="fitted elsewhere: give cv a number"):
            unlearnable(given, X, Y)


@pytest.mark.parametrize("kind", ["model", "pipeline", "again"])
def test_the_choice_of_a_search_that_was_run_is_said_to_stay(kind):
    inside, grid = LogisticRegression(), {"C": [0.1, 1.0]}
    if kind != "model":
        last = SVC() if kind == "again" else inside
        inside = make_pipeline(StandardScaler(), last)
        grid = {f"{inside.steps[-1][0]}__C": [0.1, 1.0]}
    search = GridSearchCV(inside, grid, cv=2).fit(X, Y)
    model = unlearnable(search, X, Y)
    for each in (model, pickle.loads(pickle.dumps(model))):
        said = each.partial_unfit(X[:2], Y[:2]).explain()[-1].how
        assert said.endswith(
            "; the choice of GridSearchCV stays: "
            "UnlearnableGridSearchCV.from_sklearn makes it again"
        )
    assert "stays" not in unlearnable(clone(search), X, Y).explain()[-1].how
    assert "choice" not in unlearnable(search.best_estimator_, X, Y).explain()[-1].how
