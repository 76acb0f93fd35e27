"""Pipelines of a scaler and a linear model, against refits on the edited raw data."""

import pickle
import threading

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn import set_config
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from sklearn_unlearn import (
    UnlearnableGaussianNB,
    UnlearnableLogisticRegression,
    UnlearnablePipeline,
    UnlearnableRidge,
    UnlearnableStandardScaler,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import (
    DataMismatchError,
    EmptyClassError,
    LargeStepWarning,
    RowNotFoundError,
    StepTooLargeError,
    UnlearningError,
)
from tests.cases import ESTIMATORS, QUADRATIC, coefficients, data, make
from tests.pipeline.scripts import Story, answers, rows_of


def raw(name, n_rows=150, seed=0):
    """Data on other scales, with a few outliers."""
    X, y = data(name, n_rows, seed=seed)
    X = X * [1.0, 1e3, 1e-2, 5.0, 1.0] + [0.0, 1e4, 1.0, -3.0, 0.0]
    X[:3] += [3.0, 2e3, 0.05, 10.0, 3.0]
    return X, y


def scaled(name, **params):
    return make_unlearnable_pipeline(UnlearnableStandardScaler(), make(name, **params))


def all_verbs(story):
    story.partial_unfit([0, 1, 2, 40])
    story.replace_features([3, 9], rows_of(story.X, [3, 9]) * 1.2)
    story.replace_labels([5, 20, 21])
    story.partial_fit()
    story.partial_unfit([7])


@pytest.mark.parametrize("name", ESTIMATORS)
def test_with_data_requests_are_refits_of_the_whole_pipeline(name):
    story = Story(scaled(name, retain_data=True), *raw(name))
    all_verbs(story)
    refit = story.refit()
    np.testing.assert_allclose(
        coefficients(story.pipeline[-1]), coefficients(refit[-1]), rtol=1e-6, atol=1e-8
    )
    for attribute in ("mean_", "var_", "scale_"):
        np.testing.assert_allclose(
            getattr(story.pipeline[0], attribute),
            getattr(refit[0], attribute),
            rtol=1e-12,
        )
    story.pipeline.forget_features([1, 3])
    refit = story.refit(keep=lambda X: X[:, [0, 2, 4]])
    np.testing.assert_allclose(
        coefficients(story.pipeline[-1]), coefficients(refit[-1]), rtol=1e-6, atol=1e-8
    )
    absent = story.X.copy()
    absent[:, [1, 3]] = np.nan
    np.testing.assert_allclose(
        answers(story.pipeline, absent),
        answers(refit, story.X[:, [0, 2, 4]]),
        rtol=1e-6,
        atol=1e-8,
    )


@pytest.mark.parametrize("name", QUADRATIC)
def test_without_data_quadratic_losses_are_exact(name):
    story = Story(scaled(name), *raw(name))
    all_verbs(story)
    np.testing.assert_allclose(
        coefficients(story.pipeline[-1]),
        coefficients(story.refit()[-1]),
        rtol=1e-7,
        atol=1e-7,
    )
    story.pipeline.forget_features([1])
    np.testing.assert_allclose(
        coefficients(story.pipeline[-1]),
        coefficients(story.refit(keep=lambda X: np.delete(X, 1, 1))[-1]),
        rtol=1e-7,
        atol=1e-7,
    )


@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.LargeStepWarning")
@pytest.mark.parametrize("name", ["logistic", "poisson"])
@pytest.mark.parametrize("seed", range(3))
def test_without_data_outliers_leave_more_than_behind_a_frozen_scaler(name, seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(500, 5))
    X[:25] *= 4.0
    raw_ = X @ [0.3, -0.2, 0.1, 0.2, -0.3]
    y = rng.poisson(3.0 * np.exp(0.3 * raw_)).astype(float)
    if name == "logistic":
        y = raw_ + rng.logistic(size=500) > 0.0
    last = ESTIMATORS[name][0](**{"C": 0.1} if name == "logistic" else {"alpha": 0.5})
    story = Story(
        make_unlearnable_pipeline(UnlearnableStandardScaler(), last), X, y, n_later=0
    )
    frozen = pickle.loads(pickle.dumps(story.pipeline))
    frozen[-1].partial_unfit(frozen[0].transform(X[:25]), y[:25])
    story.partial_unfit(np.arange(25))
    truth = answers(story.refit(), story.X)
    error = np.abs(answers(story.pipeline, story.X) - truth).max()
    assert 10.0 * error < np.abs(answers(frozen, story.X) - truth).max()
    residual = story.pipeline.gradient_residual(story.X, story.y)
    story.pipeline.refine(story.X, story.y)
    assert story.pipeline.gradient_residual(story.X, story.y) < 1e-7 < residual
    np.testing.assert_allclose(
        answers(story.pipeline, story.X), truth, rtol=1e-7, atol=1e-8
    )


def test_the_twin_in_scikit_learn_agrees():
    story = Story(scaled("logistic", retain_data=True), *raw("logistic"))
    all_verbs(story)
    twin = make_pipeline(StandardScaler(), LogisticRegression(C=0.3, tol=1e-10))
    twin.fit(story.X, story.y)
    exported = story.pipeline.to_sklearn()
    for pipeline in (story.pipeline, exported):
        np.testing.assert_allclose(
            pipeline.predict_proba(story.X), twin.predict_proba(story.X), atol=1e-6
        )
    assert type(exported[0]) is StandardScaler
    story.pipeline.forget_features(0)
    np.testing.assert_allclose(
        story.pipeline.to_sklearn().predict_proba(story.X),
        story.pipeline.predict_proba(story.X),
    )


@pytest.mark.parametrize("retain_data", [False, True])
def test_weights_reach_the_steps_that_take_them(retain_data):
    X, y = raw("ridge")
    weight = np.random.default_rng(3).uniform(0.2, 2.0, y.size)
    story = Story(scaled("ridge", retain_data=retain_data), X, y, weight=weight)
    all_verbs(story)
    np.testing.assert_allclose(
        coefficients(story.pipeline[-1]), coefficients(story.refit()[-1]), rtol=1e-7
    )
    twin = StandardScaler().fit(story.X, sample_weight=story.weight)
    np.testing.assert_allclose(story.pipeline[0].var_, twin.var_, rtol=1e-10)


def test_rows_of_weight_zero_are_none():
    X, y = raw("ridge")
    weight = np.ones(y.size)
    weight[[4, 7]] = 0.0
    keep = weight > 0.0
    model = scaled("ridge", retain_data=True).fit(X, y, weight)
    refit = scaled("ridge").fit(X[keep], y[keep])
    np.testing.assert_allclose(coefficients(model[-1]), coefficients(refit[-1]))
    before = model.steps
    model.partial_unfit(X[:2], y[:2], 0.0)
    assert model.steps is before
    model.partial_unfit(X[:2], y[:2], [0.0, 1.0])
    keep[1] = False
    refit = scaled("ridge").fit(X[keep], y[keep])
    np.testing.assert_allclose(coefficients(model[-1]), coefficients(refit[-1]))


def test_a_step_that_was_not_weighted_knows_rows_as_a_whole():
    X, y = raw("ridge")
    weight = np.full(y.size, 2.0)
    model = make_unlearnable_pipeline(
        UnlearnableStandardScaler(), UnlearnableRidge(retain_data=True)
    ).fit(X, y, unlearnableridge__sample_weight=weight)
    with pytest.raises(UnlearningError, match="'unlearnablestandardscaler' was fitted"):
        model.partial_unfit(X[:2], y[:2], 1.0)
    model.partial_unfit(X[:2], y[:2], 2.0).partial_unfit(X[2:4], y[2:4])
    refit = clone(model).fit(X[4:], y[4:], unlearnableridge__sample_weight=weight[4:])
    np.testing.assert_allclose(coefficients(model[-1]), coefficients(refit[-1]))
    np.testing.assert_allclose(model[0].mean_, X[4:].mean(axis=0))


# Which rows leave ---------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["numpy", "pandas", "polars"])
def test_retained_rows_are_known_by_their_raw_values(kind):
    X, y = raw("logistic")
    frames = {
        "numpy": lambda X: X,
        "pandas": lambda X: pd.DataFrame(X, columns=list("abcde")),
        "polars": lambda X: pl.DataFrame(X, schema=list("abcde")),
    }
    frame = frames[kind](X)
    model = scaled("logistic", retain_data=True).fit(frame, y)
    with pytest.raises(RowNotFoundError):
        model.partial_unfit(frames[kind](X[:2] + 1e-9), y[:2])
    model.partial_unfit(rows_of(frame, [0, 1]), y[:2])
    with pytest.raises(RowNotFoundError):
        model.partial_unfit(rows_of(frame, [1]), y[1:2])
    if kind == "pandas":
        model.partial_unfit(frame.iloc[2:3], y[2:3])
        with pytest.raises(ValueError, match="lacks the column"):
            model.partial_unfit(frame.iloc[3:4][list("edcb")], y[3:4])
        with pytest.raises(ValueError, match="must be a frame"):
            model.partial_unfit(X[3:4], y[3:4])
        model.forget_features("c")
        model.partial_unfit(frame.iloc[3:4].drop(columns="c"), y[3:4])
        refit = clone(model).fit(frame.iloc[4:].drop(columns="c"), y[4:])
    else:
        model.forget_features(2)
        model.partial_unfit(rows_of(frame, [2, 3]), y[2:4])
        refit = clone(model).fit(np.delete(X[4:], 2, 1), y[4:])
    np.testing.assert_allclose(
        coefficients(model[-1]), coefficients(refit[-1]), rtol=1e-6
    )


def test_equal_rows_are_told_apart_by_number():
    X, y = raw("logistic")
    X[1], y[1] = X[0], y[0]
    model = scaled("logistic", retain_data=True).fit(X, y)
    model.partial_unfit(X[:1], y[:1])
    refit = clone(model).fit(X[1:], y[1:])
    np.testing.assert_allclose(answers(model, X), answers(refit, X), atol=1e-9)
    with pytest.raises(RowNotFoundError):
        model.partial_unfit(X[:2], y[:2])


def test_rows_are_named_by_identifier():
    X, y = raw("logistic")
    ids = np.array([f"person {i}" for i in range(y.size)])
    model = scaled("logistic", retain_data=True).fit(X[:-2], y[:-2], row_ids=ids[:-2])
    model.partial_unfit(row_ids=ids[:5])
    model.partial_fit(X[-2:], y[-2:], row_ids=ids[-2:])
    model.replace_features(X[5:6], y[5:6], X[6:7])
    model.partial_unfit(row_ids=[ids[5], ids[-1]])
    refit = clone(model).fit(X[6:-1], y[6:-1])
    np.testing.assert_allclose(answers(model, X), answers(refit, X), atol=1e-9)
    with pytest.raises(RowNotFoundError):
        model.partial_unfit(row_ids=ids[:1])
    with pytest.raises(ValueError, match="retain_data=True"):
        scaled("logistic").fit(X, y).partial_unfit(row_ids=[1])


# What is left of them -----------------------------------------------------------------


@pytest.mark.parametrize("kind", ["numpy", "pandas", "polars"])
def test_a_pickle_holds_no_row_that_left(kind):
    X, y = raw("logistic")
    X[:2] = [
        [1234.5678 + i, 4321.8765, 0.12345678, 8.7654321, 3.1415926] for i in (0, 1)
    ]
    frame = X
    if kind != "numpy":
        library = {"pandas": pd, "polars": pl}[kind]
        frame = library.DataFrame(dict(zip("abcde", X.T, strict=True)))
    model = scaled("logistic", retain_data=True).fit(frame, y)
    marks = [value.tobytes() for value in X[:2].ravel()]
    assert all(mark in pickle.dumps(model) for mark in marks)
    model.partial_unfit(rows_of(frame, [0, 1]), y[:2])
    dumped = pickle.dumps(model)
    assert not any(mark in dumped for mark in marks)
    derived = np.asarray(model[0].transform(frame))[:2].ravel()
    assert not any(value.tobytes() in dumped for value in derived[derived != 0.0])
    again = pickle.loads(dumped).partial_unfit(rows_of(frame, [2]), y[2:3])
    model.partial_unfit(rows_of(frame, [2]), y[2:3])
    np.testing.assert_allclose(answers(again, frame), answers(model, frame), rtol=1e-9)
    model.forget_features(3)
    assert X[5, 3].tobytes() not in pickle.dumps(model)


def test_maps_that_magnify_rounding_are_not_trusted():
    X, y = raw("logistic")
    X[0, 0] = 1e9  # next to it all others are the same
    model = scaled("logistic", retain_data=True).fit(X, y)
    model.partial_unfit(X[:1], y[:1])
    refit = clone(model).fit(X[1:], y[1:])
    np.testing.assert_allclose(answers(model, X), answers(refit, X), atol=1e-9)
    assert model[-1]._fitted.model.retained.magnified == 1.0


# Refusals -----------------------------------------------------------------------------


def test_what_fails_in_the_last_step_leaves_the_others_as_they_were(monkeypatch):
    X, y = raw("logistic")
    model = scaled("logistic").fit(X, y)
    steps, mean = model.steps, model[0].mean_.copy()

    def failing(self, fitted, request):
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(UnlearnableLogisticRegression, "_carried", failing)
        with pytest.raises(MemoryError):
            model.partial_unfit(X[:2], y[:2])
    assert model.steps is steps
    np.testing.assert_array_equal(model[0].mean_, mean)
    for bad in (y[:1], np.array(["yes", "maybe"])):
        with pytest.raises(ValueError, match="y "):
            model.partial_unfit(X[:2], bad)
    with pytest.warns(LargeStepWarning), pytest.raises(StepTooLargeError):
        model.partial_fit(np.full((60, 5), 1e6), np.repeat(["yes", "no"], 30))
    assert model.steps is steps


def test_bad_requests():
    X, y = raw("logistic")
    model = scaled("logistic")
    with pytest.raises(NotFittedError):
        model.partial_unfit(X[:1], y[:1])
    with pytest.raises(ValueError, match="on_stateful"):
        UnlearnablePipeline(model.steps, on_stateful="ask").fit(X, y)
    model.fit(X, y)
    with pytest.raises(ValueError, match="Pass X and y"):
        model.partial_unfit(X[:1])
    with pytest.raises(ValueError, match="X_new must be given"):
        model.replace_features(X[:1], y[:1])
    with pytest.raises(ValueError, match="X_new has 2 rows, expected 1"):
        model.replace_features(X[:1], y[:1], X[:2])
    with pytest.raises(ValueError, match="y_new must be given"):
        model.replace_labels(X[:1], y[:1], None)
    with pytest.raises(ValueError, match="without feature names"):
        model.forget_features("a")
    with pytest.raises(UnlearningError, match="nothing would be left"):
        model.forget_features(np.arange(5))
    with pytest.raises(DataMismatchError):
        model.refine(X[1:], y[1:])
    with pytest.raises(ValueError, match="weight other than zero"):
        model.fit(X, y, 0.0)


def test_foreign_steps_that_learned_are_named_or_frozen():
    X, y = raw("logistic")
    steps = (MinMaxScaler(), UnlearnableLogisticRegression(C=0.3))
    model = make_unlearnable_pipeline(*steps).fit(X, y)
    with pytest.raises(UnlearningError, match="'minmaxscaler', a MinMaxScaler"):
        model.partial_unfit(X[:1], y[:1])
    model.set_params(on_stateful="freeze").partial_unfit(X[:1], y[:1])
    assert model[0].n_samples_seen_ == y.size
    with pytest.raises(UnlearningError, match="cannot do without columns"):
        model.forget_features(0)
    model = make_unlearnable_pipeline(UnlearnableStandardScaler(), LogisticRegression())
    with pytest.raises(UnlearningError, match="a LogisticRegression, cannot unlearn"):
        model.fit(X, y).partial_unfit(X[:1], y[:1])


def test_without_an_intercept_a_shift_needs_data():
    X, y = raw("logistic")
    model = scaled("logistic", fit_intercept=False).fit(X, y)
    with pytest.raises(UnlearningError, match="fit_intercept=True"):
        model.partial_unfit(X[:2], y[:2])
    model = scaled("logistic", fit_intercept=False, retain_data=True).fit(X, y)
    model.partial_unfit(X[:2], y[:2])
    refit = clone(model).fit(X[2:], y[2:])
    np.testing.assert_allclose(answers(model, X), answers(refit, X), atol=1e-8)


def test_sums_behind_a_scaler_that_changes():
    X, y = raw("logistic")
    model = make_unlearnable_pipeline(
        UnlearnableStandardScaler(), UnlearnableGaussianNB()
    ).fit(X, y)
    with pytest.raises(UnlearningError, match="keeps sums"):
        model.partial_unfit(X[:2], y[:2])
    alone = make_unlearnable_pipeline("passthrough", UnlearnableGaussianNB())
    alone.fit(X, y).partial_unfit(X[:2], y[:2]).replace_labels(X[2:3], y[2:3], ["no"])
    alone.replace_features(X[3:4], y[3:4], X[4:5]).partial_fit(X[:2], y[:2])
    y_new = np.where(np.arange(y.size) == 2, "no", y)
    X_new = X.copy()
    X_new[3] = X[4]
    refit = clone(alone).fit(X_new, y_new)
    np.testing.assert_allclose(answers(alone, X), answers(refit, X), rtol=1e-9)


def test_a_class_that_loses_its_last_row():
    X, y = raw("multinomial")
    rare = np.flatnonzero(y == "c")
    model = scaled("multinomial", retain_data=True).fit(X, y)
    model.partial_unfit(X[rare], y[rare])
    assert model.classes_.tolist() == ["a", "b"]
    refit = clone(model).fit(X[y != "c"], y[y != "c"])
    np.testing.assert_allclose(answers(model, X), answers(refit, X), atol=1e-8)
    left = np.flatnonzero(y == "a")[:1]
    model.partial_unfit(X[left], y[left])  # raw rows are still known
    model = scaled("multinomial").fit(X, y)
    with pytest.raises(EmptyClassError):
        model.partial_unfit(X[rare], y[rare])
    # the only row of a class, with other values, leaves it a row
    one = np.concatenate([np.flatnonzero(y != "c"), rare[:1]])
    for retain_data in (False, True):
        model = scaled("multinomial", retain_data=retain_data).fit(X[one], y[one])
        model.replace_features(X[rare[:1]], ["c"], X[rare[:1]] * 1.01)
        assert model.classes_.size == 3


# As scikit-learn's own pipeline -------------------------------------------------------


def test_searches_and_frames_work_as_with_any_pipeline():
    X, y = raw("logistic")
    grid = {"unlearnablelogisticregression__C": [0.01, 1.0]}
    search = GridSearchCV(scaled("logistic"), grid, n_jobs=2).fit(X, y)
    search.best_estimator_.partial_unfit(X[5:6], y[5:6])
    assert cross_validate(scaled("logistic"), X, y)["test_score"].mean() > 0.6
    model = scaled("logistic", retain_data=True).set_output(transform="pandas")
    frame = pd.DataFrame(X, columns=list("abcde"))
    model.fit(frame, y).partial_unfit(frame[:2], y[:2]).forget_features(["b"])
    assert model[-1].feature_names_in_.tolist() == list("acde")
    assert model[:-1].transform(frame).columns.tolist() == list("acde")
    assert model[:1].on_stateful == "raise"
    assert "UnlearnableStandardScaler" in model._repr_html_()
    assert model.score(frame, y) > 0.6
    np.testing.assert_allclose(
        model.predict_log_proba(frame), np.log(model.predict_proba(frame))
    )


def test_metadata_routing_does_not_matter():
    X, y = raw("ridge")
    set_config(enable_metadata_routing=True)
    try:
        model = scaled("ridge").fit(X, y, np.ones(y.size))
        model.partial_unfit(X[:1], y[:1], 1.0)
    finally:
        set_config(enable_metadata_routing=False)
    refit = scaled("ridge").fit(X[1:], y[1:])
    np.testing.assert_allclose(coefficients(model[-1]), coefficients(refit[-1]))


def test_a_thread_that_predicts_sees_one_version():
    X, y = raw("logistic")
    X[:, 0] *= 1e3
    model = scaled("logistic", retain_data=True).fit(X, y)
    allowed, seen, done = [answers(model, X)], [], threading.Event()

    def watch():
        while not done.is_set():
            seen.append(answers(model, X))

    watcher = threading.Thread(target=watch)
    watcher.start()
    for row in range(10):
        model.partial_unfit(X[[row]], y[[row]])
        allowed.append(answers(model, X))
    done.set()
    watcher.join()
    assert all(any(np.array_equal(one, each) for each in allowed) for one in seen)


def test_transformers_alone():
    X, y = raw("ridge")
    model = make_unlearnable_pipeline("passthrough", UnlearnableStandardScaler())
    outputs = model.fit_transform(X)
    np.testing.assert_array_equal(outputs, model.transform(X))
    model.partial_unfit(X[:3]).replace_features(X[3:4], X_new=X[:1]).partial_fit(X[1:2])
    rows = [*range(4, y.size), 0, 1]
    np.testing.assert_allclose(
        model.transform(X), StandardScaler().fit(X[rows]).transform(X)
    )
    nested = make_unlearnable_pipeline(model, UnlearnableRidge(retain_data=True))
    nested.fit(X, y, np.ones(y.size)).partial_unfit(X[:3], y[:3])
    refit = clone(nested).fit(X[3:], y[3:])
    np.testing.assert_allclose(answers(nested, X), answers(refit, X), rtol=1e-8)
    assert not hasattr(model, "refine")
    assert not hasattr(nested, "fit_transform")


def test_the_first_rows_of_partial_fit():
    X, y = raw("logistic")
    model = scaled("logistic")
    with pytest.raises(EmptyClassError, match="every class"):
        model.partial_fit(X, y, classes=["yes", "no", "maybe"])
    model.partial_fit(X, y, classes=["yes", "no"])
    with pytest.raises(ValueError, match="not the same as at fit"):
        model.partial_fit(X[:1], y[:1], classes=["yes"])
