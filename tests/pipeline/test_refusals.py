"""Requests that fail, and leave all steps as they were."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import MinMaxScaler

from sklearn_unlearn import (
    UnlearnableGaussianNB,
    UnlearnableLogisticRegression,
    UnlearnablePipeline,
    UnlearnableStandardScaler,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import (
    DataMismatchError,
    EmptyClassError,
    NotForgottenWarning,
    StepTooLargeError,
    UnlearningError,
)
from tests.cases import LARGE_STEPS
from tests.pipeline.data import raw, scaled
from tests.pipeline.scripts import answers


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
    with pytest.raises(StepTooLargeError):
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
    with pytest.warns(NotForgottenWarning):
        model.set_params(on_stateful="freeze").partial_unfit(X[:1], y[:1])
    assert model[0].n_samples_seen_ == y.size
    with pytest.raises(UnlearningError, match="cannot do without columns"):
        model.forget_features(0)
    model = make_unlearnable_pipeline(UnlearnableStandardScaler(), LogisticRegression())
    with pytest.raises(UnlearningError, match="'logisticregression' cannot unlearn"):
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


def test_sums_behind_steps_that_stay_as_they_are():
    X, y = raw("logistic")
    alone = make_unlearnable_pipeline("passthrough", UnlearnableGaussianNB())
    alone.fit(X, y).partial_unfit(X[:2], y[:2]).replace_labels(X[2:3], y[2:3], ["no"])
    alone.replace_features(X[3:4], y[3:4], X[4:5]).partial_fit(X[:2], y[:2])
    y_new = np.where(np.arange(y.size) == 2, "no", y)
    X_new = X.copy()
    X_new[3] = X[4]
    refit = clone(alone).fit(X_new, y_new)
    np.testing.assert_allclose(answers(alone, X), answers(refit, X), rtol=1e-9)


@pytest.mark.filterwarnings(LARGE_STEPS)
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
