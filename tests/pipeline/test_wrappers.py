"""Verbs that reach through searches and other estimators around models."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import StackingRegressor, VotingClassifier, VotingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sklearn_unlearn
from sklearn_unlearn import (
    GaussianCertification,
    UnlearnableColumnTransformer,
    UnlearnableGaussianNB,
    UnlearnableLogisticRegression,
    UnlearnablePipeline,
    UnlearnableRidge,
    UnlearnableStandardScaler,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.baselines import Occluded
from sklearn_unlearn.exceptions import (
    EmptyClassError,
    NotForgottenWarning,
    UnlearningError,
)
from tests.decisions import assert_same_labels
from tests.pipeline.data import raw
from tests.pipeline.scripts import answers

C = {"C": [0.01, 1.0]}


def scaled(last=None):
    last = UnlearnableLogisticRegression(retain_data=True) if last is None else last
    return make_unlearnable_pipeline(UnlearnableStandardScaler(), last)


def search(cls, **params):
    return cls(scaled(), {"unlearnablelogisticregression__C": C["C"]}, **params)


def targets(name):
    X, y = raw("ridge" if name == "target" else "logistic", 200)
    return X[:, :3], np.exp(y / y.max()) if name == "target" else y


def logarithm(last):
    return TransformedTargetRegressor(last, func=np.log, inverse_func=np.exp)


def around(name):
    """An estimator around one model, the model unfitted."""
    logistic = UnlearnableLogisticRegression(retain_data=True)
    return {
        "search": lambda: GridSearchCV(logistic, C, cv=3),
        "threshold": lambda: FixedThresholdClassifier(
            logistic, threshold=0.3, pos_label="yes"
        ),
        "target": lambda: logarithm(UnlearnableRidge(retain_data=True)),
        "nested": lambda: FixedThresholdClassifier(
            GridSearchCV(scaled(), {"unlearnablelogisticregression__C": C["C"]})
        ),
    }[name]()


@pytest.mark.filterwarnings("ignore:The total space of parameters")
@pytest.mark.parametrize("cls", [GridSearchCV, RandomizedSearchCV, HalvingGridSearchCV])
def test_functions_reach_through_searches(cls):
    X, y = raw("logistic", 300)
    X = X[:, [0, 1, 2]]
    model = search(cls, n_jobs=2).fit(X, y)
    assert sklearn_unlearn.partial_unfit(model, X[:3], y[:3]) is model
    sklearn_unlearn.replace_features(model, X[3:4], y[3:4], X[4:5])
    sklearn_unlearn.replace_labels(model, X[5:6], y[5:6], ["no"])
    sklearn_unlearn.forget_features(model, 1)
    X, y = X[3:].copy(), y[3:].copy()
    X[0], y[2] = X[1], "no"
    sklearn_unlearn.refine(model, X, y)
    refit = make_unlearnable_pipeline(*[step for _, step in model.estimator.steps])
    refit.set_params(**model.best_params_).fit(X[:, [0, 2]], y)
    np.testing.assert_allclose(
        answers(model, X), answers(refit, X[:, [0, 2]]), atol=1e-8
    )


def fixed(model):
    """What a search chose, in its place."""
    if hasattr(model, "best_estimator_"):
        return fixed(model.best_estimator_)
    if isinstance(model, FixedThresholdClassifier):
        return clone(model).set_params(estimator=fixed(model.estimator_))
    return clone(model)


@pytest.mark.parametrize("name", ["search", "threshold", "target", "nested"])
def test_functions_and_pipelines_reach_the_same(name):
    X, y = targets(name)
    alone = around(name).fit(X, y)
    within = make_unlearnable_pipeline(UnlearnableStandardScaler(), around(name))
    within.fit(X, y)
    y_new = y[7:8]
    for model in (alone, within):
        sklearn_unlearn.partial_unfit(model, X[:3], y[:3])
        sklearn_unlearn.replace_features(model, X[3:4], y=y[3:4], X_new=X[4:5])
        sklearn_unlearn.replace_labels(model, X[5:6], y[5:6], y_new=y_new)
        sklearn_unlearn.forget_features(model, 1)
    last = fixed(within[-1])
    assert within.gradient_residual(X[6:], y[6:]) > 0.0
    X, y = X[3:].copy(), y[3:].copy()
    X[0], y[2] = X[1], y_new[0]
    for model in (alone, within):
        sklearn_unlearn.refine(model, X, y)
    assert within.gradient_residual(X, y) < 1e-3
    kept = X[:, [0, 2]]
    expected = fixed(alone).fit(kept, y)
    np.testing.assert_allclose(answers(alone, X), answers(expected, kept), rtol=1e-6)
    expected = make_unlearnable_pipeline(UnlearnableStandardScaler(), last)
    expected.fit(kept, y)
    np.testing.assert_allclose(answers(within, X), answers(expected, kept), rtol=1e-6)
    if name != "target":
        assert_same_labels(within.predict(X), expected, kept)
    plain = within.to_sklearn(drop_forgotten=True)
    np.testing.assert_allclose(answers(plain, kept), answers(within, X), rtol=1e-12)
    assert b"sklearn_unlearn" not in pickle.dumps(plain)


def test_a_search_in_a_pipeline_knows_weights_and_rows_by_name():
    X, y = raw("logistic", 200)
    weight = np.linspace(0.5, 2.0, 200)
    model = scaled(GridSearchCV(UnlearnableLogisticRegression(retain_data=True), C))
    model.fit(X, y, weight, row_ids=np.arange(200))
    steps = model.steps
    with pytest.raises(UnlearningError):
        model.partial_unfit(X[:1] + 1.0, y[:1], weight[:1])
    assert model.steps is steps
    model.partial_unfit(row_ids=[0, 1])
    expected = scaled(fixed(model[-1])).fit(X[2:], y[2:], weight[2:])
    np.testing.assert_allclose(answers(model, X), answers(expected, X), atol=1e-8)


def test_what_a_search_in_a_pipeline_found_is_published():
    X, y = raw("logistic", 2000)
    certification = GaussianCertification(epsilon=1.0, delta=1e-5, sigma=1.0)
    last = UnlearnableLogisticRegression(certification=certification)
    model = scaled(GridSearchCV(last, C, cv=2)).fit(X, y)
    published, certificate = model.partial_unfit(X[:1], y[:1]).release()
    certificate.verify(published)
    sums = scaled(GridSearchCV(UnlearnableGaussianNB(), {"var_smoothing": [0.1]}))
    assert not hasattr(sums.fit(X, y), "release")
    sums.partial_unfit(X[:1], y[:1])
    best = clone(sums[-1].best_estimator_)
    refit = scaled(best).fit(X[1:], y[1:])
    np.testing.assert_allclose(answers(sums, X), answers(refit, X), rtol=1e-9)


def test_a_threshold_around_a_model_that_was_fitted_before():
    X, y = raw("logistic")
    logistic = UnlearnableLogisticRegression(retain_data=True).fit(X, y)
    model = FixedThresholdClassifier(logistic, threshold=0.3)
    sklearn_unlearn.partial_unfit(model, X[:5], y[:5])
    refit = clone(logistic).fit(X[5:], y[5:])
    np.testing.assert_allclose(answers(model, X), answers(refit, X), atol=1e-8)
    # one that is fitted itself keeps no rows in what it was given
    model = FixedThresholdClassifier(refit).fit(X, y)
    sklearn_unlearn.partial_unfit(model, X[:5], y[:5])
    assert not hasattr(model.estimator, "classes_")


@pytest.mark.parametrize("kind", ["classifier", "regressor"])
def test_votes_of_models_of_all_rows(kind):
    name = "target" if kind == "regressor" else "logistic"
    X, y = targets(name)
    if kind == "regressor":
        parts = [("one", UnlearnableRidge()), ("two", scaled(UnlearnableRidge()))]
        model = VotingRegressor([*parts, ("none", "drop")])
    else:
        parts = [("one", UnlearnableGaussianNB()), ("two", scaled())]
        model = VotingClassifier(parts, voting="soft")
    model.fit(X, y)
    sklearn_unlearn.partial_unfit(model, X[:3], y[:3])
    sklearn_unlearn.replace_labels(model, X[3:4], y[3:4], y[4:5])
    X, y = X[3:], y[3:].copy()
    y[0] = y[1]
    refit = clone(model).fit(X, y)
    np.testing.assert_allclose(answers(model, X), answers(refit, X), rtol=1e-4)
    before = answers(model, X)
    with pytest.raises(ValueError, match="features"):  # the second refuses
        sklearn_unlearn.replace_features(model, X[:1], y[:1], X[:1, :2])
    if kind == "classifier":
        with pytest.raises(UnlearningError, match="UnlearnableGaussianNB has no ref"):
            sklearn_unlearn.refine(model, X, y)
    np.testing.assert_array_equal(answers(model, X), before)


def test_votes_are_given_back_by_all_models_or_none():
    X, y = targets("logistic")
    y = np.array([*y[:-1], "rare"])
    parts = [
        ("one", UnlearnableGaussianNB()),
        ("two", UnlearnableLogisticRegression(retain_data=True)),
    ]
    model = VotingClassifier(parts, voting="soft").fit(X, y)
    before = answers(model, X)
    with pytest.raises((EmptyClassError, UnlearningError), match="class"):
        sklearn_unlearn.partial_unfit(model, X[-1:], y[-1:])
    np.testing.assert_array_equal(answers(model, X), before)


@pytest.mark.parametrize(
    ("labels", "other"), [(["a", "b"], "apple"), ([0, 1], 1.7), ([0, 1], "1")]
)
def test_votes_know_their_labels_apart_from_longer_ones(labels, other):
    X, y = targets("logistic")
    y = np.array(labels)[(y == y[0]).astype(int)]
    last = UnlearnableLogisticRegression(C=0.01)
    parts = [("one", UnlearnableGaussianNB()), ("two", last)]
    model = VotingClassifier(parts, voting="soft").fit(X, y)
    before = answers(model, X)
    with pytest.raises(UnlearningError, match="label"):
        sklearn_unlearn.replace_labels(model, X[:1], y[:1], [other])
    with pytest.raises(UnlearningError, match="label"):
        sklearn_unlearn.partial_unfit(model, X[:1], [other])
    np.testing.assert_array_equal(answers(model, X), before)
    sklearn_unlearn.replace_labels(model, X[:1], y[:1], [labels[0]])


def test_functions_refuse_what_they_cannot_reach():
    X, y = raw("logistic")
    X = X / np.abs(X).max(axis=0)
    last = UnlearnableLogisticRegression()
    fitted = clone(last).fit(X, y)
    reasons = [
        (CalibratedClassifierCV(last), "learned more from the rows"),
        (CalibratedClassifierCV(FrozenEstimator(fitted)), "learned more"),
        (StackingRegressor([("one", UnlearnableRidge())]), "learned more"),
        (TunedThresholdClassifierCV(last), "found its threshold"),
        (make_pipeline(StandardScaler(), last), "from_sklearn"),
        (FrozenEstimator(fitted), "stays as it is"),
        (FixedThresholdClassifier(FrozenEstimator(fitted)), "stays as it is"),
        (
            TransformedTargetRegressor(
                UnlearnableRidge(), transformer=UnlearnableStandardScaler()
            ),
            r"\(UnlearnableStandardScaler\) learned from the targets",
        ),
        (search(GridSearchCV, refit=False), "refit=False"),
        (LogisticRegression(), "A LogisticRegression has no partial_unfit"),
        (Occluded(LogisticRegression()), "An Occluded has no partial_unfit"),
    ]
    for model, reason in reasons:
        numbers = isinstance(model, StackingRegressor | TransformedTargetRegressor)
        z = X[:, 0] if numbers else y
        model.fit(np.abs(X), z)
        with pytest.raises(UnlearningError, match=reason):
            sklearn_unlearn.partial_unfit(model, X[:1], z[:1])
        within = scaled(model).fit(X, z)
        with pytest.raises(UnlearningError, match=f"Step '.*{reason}"):
            within.partial_unfit(X[:1], z[:1])
    with pytest.raises(NotFittedError):
        sklearn_unlearn.partial_unfit(search(GridSearchCV), X[:1], y[:1])


def test_votes_as_a_last_step_are_refused():
    X, y = targets("logistic")
    parts = [("one", UnlearnableGaussianNB()), ("two", scaled())]
    model = scaled(VotingClassifier(parts)).fit(X, y)
    with pytest.raises(UnlearningError, match="several models"):
        model.partial_unfit(X[:1], y[:1])


@pytest.mark.parametrize("step", ["scaler", "columns", "pipeline"])
def test_frozen_steps_are_left_as_they_are(step):
    X, y = raw("ridge")
    made = {
        "scaler": UnlearnableStandardScaler(),
        "columns": UnlearnableColumnTransformer(
            [("all", UnlearnableStandardScaler(), [0, 1, 2, 3, 4])]
        ),
        "pipeline": make_unlearnable_pipeline(UnlearnableStandardScaler()),
    }[step].fit(X)
    before = made.transform(X)
    model = make_unlearnable_pipeline(
        FrozenEstimator(made), UnlearnableRidge(retain_data=True)
    ).fit(X, y)
    with pytest.raises(UnlearningError, match="a FrozenEstimator, learned from rows"):
        model.partial_unfit(X[:2], y[:2])
    with pytest.warns(NotForgottenWarning):
        model.set_params(on_stateful="freeze").partial_unfit(X[:2], y[:2])
    np.testing.assert_array_equal(made.transform(X), before)
    assert model[0].estimator is made
    refit = UnlearnableRidge().fit(before[2:], y[2:])
    np.testing.assert_allclose(model.predict(X), refit.predict(before), rtol=1e-8)
    assert isinstance(model, UnlearnablePipeline)
