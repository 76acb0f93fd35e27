"""The one door: parameters that a counterpart refuses, and seeds that are none."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import (
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, StandardScaler

from sklearn_unlearn import (
    ShardedClassifier,
    UnlearnableBaggingClassifier,
    UnlearnableColumnTransformer,
    UnlearnableLogisticRegression,
    UnlearnableRandomForestClassifier,
    UnlearnableRidge,
    UnlearnableSelectKBest,
    UnlearnableSMOTE,
    UnlearnableStandardScaler,
    make_unlearnable_pipeline,
    unlearnable,
)
from sklearn_unlearn.exceptions import NotPositiveDefiniteError, UnlearningError

RNG = np.random.default_rng(3)
X = RNG.normal(size=(60, 4)) + 3.0
SCORE = X @ [1.0, -2.0, 3.0, 0.5]
Y = (np.median(SCORE) < SCORE).astype(int)
SEEDED = {"n_estimators": 4, "random_state": 0, "warm_start": True}
#: What is fitted again because its counterpart refuses a parameter of it.
REFUSED = [
    LinearRegression(positive=True),
    make_pipeline(StandardScaler(), LinearRegression(positive=True)),
    Ridge(positive=True),
    RandomForestClassifier(**SEEDED),
    RandomForestRegressor(**SEEDED),
    ExtraTreesRegressor(**SEEDED),
    RandomForestClassifier(4, random_state=0, monotonic_cst=[1, 0, 0, 0]),
    KBinsDiscretizer(3, strategy="kmeans", random_state=0),
]


@pytest.mark.parametrize("theirs", REFUSED, ids=str)
@pytest.mark.parametrize("fitted", [False, True])
def test_what_a_counterpart_refuses_is_trained_again(theirs, fitted):
    y = Y if is_classifier(theirs) else SCORE
    given = clone(theirs).fit(X, y) if fitted else clone(theirs)
    named = {"y": y[:2]} if hasattr(theirs, "predict") else {}
    model = unlearnable(given, X, *([y] if named else []))
    assert any("again" in each.how for each in model.explain())
    model = model.partial_unfit(X[:2], **named)
    refit = clone(theirs).fit(X[2:], y[2:])
    name = "predict" if hasattr(theirs, "predict") else "transform"
    found, expected = getattr(model, name)(X), getattr(refit, name)(X)
    assert abs(found - expected).max() == 0.0


def test_targets_that_are_changed_behind_a_step_that_learned_from_them():
    y = np.exp(SCORE / 20.0)
    target = TransformedTargetRegressor(Ridge(), func=np.log, inverse_func=np.exp)
    theirs = make_pipeline(SelectKBest(f_regression, k=2), StandardScaler(), target)
    for given in (clone(theirs), clone(theirs).fit(X, y)):
        model = unlearnable(given, X, y)
        model.partial_unfit(X[:3], y[:3]).replace_labels(X[3:4], y[3:4], [9.0])
        refit = clone(theirs).fit(X[3:], np.append(9.0, y[4:]))
        np.testing.assert_allclose(model.predict(X), refit.predict(X), rtol=1e-9)


@pytest.mark.parametrize(
    "estimator",
    [
        UnlearnableSMOTE(),
        UnlearnableRandomForestClassifier(3),
        UnlearnableBaggingClassifier(),
        ShardedClassifier(LogisticRegression()),
    ],
    ids=lambda each: type(each).__name__,
)
@pytest.mark.parametrize("seed", [-1, "a", 1.5])
def test_a_seed_that_is_none_is_named(estimator, seed):
    estimator = clone(estimator).set_params(random_state=seed)
    fit = getattr(estimator, "fit_resample", getattr(estimator, "fit", None))
    with pytest.raises(ValueError, match="random_state"):
        fit(X, np.arange(60) % 10 == 0)


def test_numbers_that_are_too_large_are_refused_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for y in (Y, np.arange(60) % 3):
            with pytest.raises(NotPositiveDefiniteError, match="too large"):
                UnlearnableLogisticRegression().fit(X * 1e200, y)


def test_all_parameters_of_the_column_transformer_of_this_release():
    theirs = ColumnTransformer([("a", StandardScaler(), [0])], remainder="passthrough")
    known = theirs.get_params(deep=False)
    model = UnlearnableColumnTransformer([("a", UnlearnableStandardScaler(), [0])])
    assert known.keys() <= model.get_params(deep=False).keys()
    for value in (True, False) if known.get("force_int_remainder_cols") is True else ():
        theirs.set_params(force_int_remainder_cols=value)
        model = unlearnable(clone(theirs).fit(X), X).forget_features([1])
        assert model.get_params()["force_int_remainder_cols"] is value
        np.testing.assert_allclose(
            clone(model).fit_transform(X), theirs.fit_transform(X), atol=1e-12
        )
        assert model.to_sklearn().transform(X).shape == (60, 3)


@pytest.mark.parametrize("scaled", [False, True])
def test_functions_of_targets_around_a_model_that_is_not_fitted(scaled):
    y = np.exp(SCORE / 20.0)
    target = TransformedTargetRegressor(Ridge(), func=np.log, inverse_func=np.exp)
    theirs = make_pipeline(StandardScaler(), target) if scaled else target
    weight = RNG.uniform(0.5, 2.0, 60)
    model = unlearnable(clone(theirs), X, y, row_ids=np.arange(60))
    weighted = unlearnable(clone(theirs), X, y, sample_weight=weight)
    assert [each.how for each in model.explain()][-1] == "exact, refined"
    model.partial_unfit(row_ids=[0, 1]).replace_labels(X[2:3], y[2:3], [9.0])
    y = np.append(9.0, y[3:])
    refit = clone(theirs).fit(X[2:], y)
    np.testing.assert_allclose(model.predict(X), refit.predict(X), rtol=1e-9)
    weighted.partial_unfit(X[:2], np.exp(SCORE[:2] / 20.0))
    rows = StandardScaler().fit(X[2:], sample_weight=weight[2:]) if scaled else None
    inputs = rows.transform(X) if scaled else X
    refit = clone(target).fit(
        inputs[2:], np.exp(SCORE[2:] / 20.0), sample_weight=weight[2:]
    )
    np.testing.assert_allclose(weighted.predict(X), refit.predict(inputs), rtol=1e-9)


@pytest.mark.parametrize(
    "target",
    [
        TransformedTargetRegressor(Ridge(), transformer=StandardScaler()),
        TransformedTargetRegressor(func=np.log, inverse_func=np.exp),
        TransformedTargetRegressor(
            RandomForestRegressor(3, random_state=0, warm_start=True),
            func=np.log,
            inverse_func=np.exp,
        ),
    ],
    ids=["learns", "no regressor", "forest"],
)
def test_what_changes_targets_otherwise_is_trained_again(target):
    y = np.exp(SCORE / 20.0)
    for theirs in (target, make_pipeline(StandardScaler(), target)):
        model = unlearnable(clone(theirs), X, y).partial_unfit(X[:2], y[:2])
        assert all("again" in each.how for each in model.explain())
        refit = clone(theirs).fit(X[2:], y[2:])
        np.testing.assert_array_equal(model.predict(X), refit.predict(X))


def test_a_selection_by_targets_before_others_that_are_made_of_them():
    y = np.exp(SCORE / 20.0)
    functions = {"func": np.log, "inverse_func": np.exp}
    ridge = UnlearnableRidge(retain_data=True)
    model = make_unlearnable_pipeline(
        UnlearnableSelectKBest(f_regression, k=2),
        TransformedTargetRegressor(ridge, **functions),
    ).fit(X, y, row_ids=np.arange(60))
    theirs = make_pipeline(
        SelectKBest(f_regression, k=2), TransformedTargetRegressor(Ridge(), **functions)
    )
    rows, targets = X[2:].copy(), y[2:].copy()
    model.partial_unfit(X[[1, 0]], y[[1, 0]])
    model.replace_features(rows[4:5], targets[4:5], rows[5:6])
    model.replace_labels(rows[7:8], targets[7:8], [50.0])
    rows[4], targets[7] = rows[5], 50.0
    model.partial_fit(X[:1], y[:1], row_ids=[99])
    rows, targets = np.vstack([rows, X[:1]]), np.append(targets, y[0])
    refit = theirs.fit(rows, targets)
    np.testing.assert_allclose(model.predict(X), refit.predict(X), rtol=1e-9)
    with pytest.raises(UnlearningError, match="name the rows by X and y"):
        model.partial_unfit(row_ids=[5])
    np.testing.assert_allclose(model.predict(X), refit.predict(X), rtol=1e-9)
