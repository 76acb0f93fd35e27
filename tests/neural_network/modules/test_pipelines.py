"""Nets behind steps that unlearn: all rows preprocessed anew, then steps."""

import copy
import pickle

import numpy as np
import pytest
import skorch
import torch

from sklearn_unlearn import UnlearnableStandardScaler, make_unlearnable_pipeline
from sklearn_unlearn.exceptions import UnlearningError
from tests.neural_network.modules.nets import blobs, classifier, state

quietly = pytest.mark.filterwarnings(
    "ignore::sklearn_unlearn.exceptions.NotForgottenWarning",
    "ignore::sklearn_unlearn.exceptions.UnfinishedTrainingWarning",
)


def problem(**params):
    X, y = blobs()
    X = X * np.float32([1.0, 10.0, 0.1, 3.0])
    net = classifier(**{"max_steps": 4, **params})
    return make_unlearnable_pipeline(UnlearnableStandardScaler(), net), X, y


@quietly
@pytest.mark.parametrize("norm", [False, True])
def test_requests(norm):
    model, X, y = problem(module__norm=norm)
    weight = np.random.default_rng(0).uniform(0.5, 2.0, 90)
    model.fit(X, y, weight, row_ids=np.arange(90))
    old = copy.deepcopy(model.steps[-1][1])
    known = state(old)
    model.partial_unfit(X[:3], y[:3])
    assert state(old) == known
    net = model[-1]
    report = net.unlearning_report()
    assert report.objective < report.objective_before
    assert report.loss_after is not None
    scaler = UnlearnableStandardScaler().fit(X[3:], sample_weight=weight[3:])
    np.testing.assert_array_equal(model[0].mean_, scaler.mean_)
    rows = net._fitted.model.retained.chunks[0].rows
    np.testing.assert_array_equal(rows.X, scaler.transform(X[3:]))
    residual = net.gradient_residual(scaler.transform(X[3:]), y[3:], weight[3:])
    found = model.gradient_residual(X[3:], y[3:], weight[3:])
    assert found == pytest.approx(residual, rel=1e-6)
    model.replace_features(X[3:5], y[3:5], X[5:7]).partial_unfit(row_ids=[8])
    model.replace_labels(X[9:10], y[9:10], (y[9:10] + 1) % 3)
    keep = np.delete(np.arange(90), [0, 1, 2, 8])
    X_after, y_after = X.copy(), y.copy()
    X_after[3:5] = X[5:7]
    y_after[9] = (y[9] + 1) % 3
    model.refine(X_after[keep], y_after[keep], weight[keep])


@quietly
def test_columns():
    model, X, y = problem()
    model.fit(X, y).forget_features([1])
    narrow = np.delete(X, 1, axis=1)
    spoiled = X.copy()
    spoiled[:, 1] = np.nan
    expected = model.predict_proba(narrow)
    np.testing.assert_array_equal(model.predict_proba(spoiled), expected)
    model.partial_unfit(spoiled[:3], y[:3])
    model.refine(narrow[3:], y[3:])


@quietly
def test_exports_and_copies():
    model, X, y = problem()
    model.fit(X, y).partial_unfit(X[:3], y[:3])
    narrow = np.delete(X, 1, axis=1)
    for forgotten in (False, True):
        plain = model.to_sklearn()
        assert type(plain[-1]) is skorch.NeuralNetClassifier
        scaled = model[-1]._fitted.model.retained.chunks[0].rows.X[5]
        assert scaled.tobytes() not in pickle.dumps(plain)
        assert scaled.tobytes() in pickle.dumps(model)
        np.testing.assert_array_equal(plain.predict_proba(X), model.predict_proba(X))
        if not forgotten:
            model.forget_features([1])
    plain = model.to_sklearn(drop_forgotten=True)
    np.testing.assert_array_equal(plain.predict_proba(narrow), model.predict_proba(X))
    again = pickle.loads(pickle.dumps(model))
    for each in (again, model):
        each.partial_unfit(X[5:6], y[5:6])
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


def test_rows_that_come():
    model, X, y = problem()
    model.fit(X, y)
    before, steps = state(model[-1]), model.steps
    with pytest.raises(UnlearningError, match="learns no rows later"):
        model.partial_fit(X[:1], y[:1])
    assert state(model[-1]) == before
    assert model.steps is steps


@quietly
def test_columns_that_no_step_uses():
    """A request that changes nothing leaves the optimiser with its parameters."""
    model, X, y = problem()
    model.fit(X, y).forget_features([1])
    model.forget_features([1])
    net = model[-1]
    held = {id(each) for each in net.optimizer_.param_groups[0]["params"]}
    assert held == {id(each) for each in net.module_.parameters()}
    assert torch.is_tensor(next(net.forward_iter(model[:-1].transform(X))))
