"""What is refused, by which error, with every bit of the net as it was."""

import copy

import numpy as np
import pytest
import torch
from skorch.callbacks import EpochScoring
from torch import nn

from sklearn_unlearn.exceptions import (
    BudgetTooSmallError,
    DataMismatchError,
    EmptyClassError,
    NotFiniteError,
    RowNotFoundError,
    UnlearningError,
)
from sklearn_unlearn.neural_network._torch._base import ModuleUnlearner
from sklearn_unlearn.neural_network._torch._objective import ModuleCurvature
from tests.neural_network.modules.nets import (
    Dense,
    blobs,
    classifier,
    regressor,
    state,
    waves,
)

unfinished = pytest.mark.filterwarnings(
    "ignore::sklearn_unlearn.exceptions.UnfinishedTrainingWarning"
)


@pytest.fixture(scope="module")
def trained():
    X, y = blobs()
    scoring = EpochScoring("accuracy", on_train=True, lower_is_better=False)
    net = classifier(
        module__norm=True, max_epochs=3, max_steps=1, callbacks=[("score", scoring)]
    )
    return net.fit(X, y), X, y


@pytest.fixture
def fitted(trained):
    net, X, y = trained
    return copy.deepcopy(net), X, y


def refused(net, error, match, verb, *arguments, **named):
    before, kept = state(net), dict(vars(net))
    history = copy.deepcopy(net.history_)
    callbacks = [dict(vars(each)) for _, each in net.callbacks_]
    with pytest.raises(error, match=match):
        getattr(net, verb)(*arguments, **named)
    assert state(net) == before
    assert net.history_ == history
    assert [vars(each) for _, each in net.callbacks_] == callbacks
    for name in ("module_", "optimizer_", "history_", "_fitted"):
        assert vars(net)[name] is kept[name]


class NoParameters(nn.Module):
    def forward(self, X):
        return X


class Spoiled(nn.CrossEntropyLoss):
    """Right while a module learns, and then not a number."""

    broken = False

    def forward(self, predicted, y):
        loss = super().forward(predicted, y)
        return loss * torch.nan if self.broken else loss


class Negative(torch.autograd.Function):
    """An operation that has one derivative."""

    @staticmethod
    def forward(context, X):
        return -X

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(context, slope):
        return -slope


class Awkward(Dense):
    def forward(self, X):
        return Negative.apply(super().forward(X))


def test_modules_without_parameters():
    X, y = blobs()
    with pytest.raises(ValueError, match="no parameters that training changes"):
        classifier(NoParameters).fit(X, y)
    frozen = Dense().requires_grad_(False)
    with pytest.raises(ValueError, match="no parameters that training changes"):
        classifier(frozen).fit(X, y)


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"method": "newton"}, "method must be one of"),
        ({"linear_solver": "lu"}, "linear_solver must be one of"),
        ({"params": "tail.*"}, "matches none of the module's parameters: body.0"),
        ({"params": 3}, "params must be 'all'"),
        ({"params": []}, "params must be 'all'"),
        ({"unlearning_rate": -1.0}, "unlearning_rate"),
        ({"max_steps": 0}, "max_steps"),
        ({"max_seconds": np.nan}, "max_seconds"),
        ({"retain_data": False}, "needs all rows in each request"),
        ({"warm_start": True}, "warm_start=True would keep"),
    ],
)
def test_parameters(params, match):
    X, y = blobs()
    with pytest.raises(ValueError, match=match):
        classifier(**params).fit(X, y)


def test_training_data():
    X, y = blobs()
    with pytest.raises(ValueError, match="X contains NaN"):
        classifier().fit(X * np.nan, y)
    with pytest.raises(ValueError, match="X has 90 rows, but y has 89"):
        classifier().fit(X, y[:-1])
    with pytest.raises(ValueError, match="Encode labels"):
        classifier().fit(X, np.array(["a", "b", "c"])[y])
    with pytest.raises(ValueError, match="label 2"):
        classifier(classes=[0, 1]).fit(X, y)
    with pytest.raises(ValueError, match="row_ids needs retain_data"):
        classifier(retain_data=False, method="first_order").fit(
            X, y, row_ids=np.arange(90)
        )


def test_training_that_fails_keeps_the_old_model(fitted, monkeypatch):
    net, X, y = fitted
    refused(net, ValueError, "but y has", "fit", X, y[:-1])
    net.set_params(lr=3e37)
    old, before, history = net._fitted, state(net), copy.deepcopy(net.history_)
    with pytest.raises(NotFiniteError, match="Training ended with"):
        net.fit(X, y)
    assert net._fitted is old
    assert net.history_ == history
    assert state(net) == before
    net = classifier(Dense(), max_epochs=1).fit(X, y)
    before = state(net)
    with pytest.raises(NotFiniteError, match="Training ended with"):
        net.set_params(lr=3e37).fit(X, y)
    assert state(net) == before


def test_requests(fitted):
    net, X, y = fitted
    unknown = np.array([7])
    refused(net, ValueError, "label 7", "partial_unfit", X[:1], unknown)
    refused(net, ValueError, "y_new.*label 7", "replace_labels", X[:1], y[:1], unknown)
    refused(
        net, ValueError, "y_new: y has dtype", "replace_labels", X[:1], y[:1], [0.5]
    )
    refused(net, ValueError, r"rows of shape \(3,\)", "partial_unfit", X[:1, 1:], y[:1])
    refused(
        net, ValueError, "X_new has 2 rows", "replace_features", X[:1], y[:1], X[:2]
    )
    values = "replace_features", X[:1], y[:1], X[:1]
    refused(net, ValueError, "y_new.*label 7", *values, y_new=unknown)
    refused(net, ValueError, "y_new has 2 rows", *values, y_new=y[:2])
    refused(net, ValueError, "NaN", "partial_unfit", np.nan * X[:1], y[:1])
    refused(net, RowNotFoundError, "Row 0", "partial_unfit", X[:1] + 1.0, y[:1])
    refused(net, RowNotFoundError, "Row 1", "partial_unfit", X[[0, 0]], y[[0, 0]])
    refused(net, ValueError, "Pass X and y", "partial_unfit")
    some = y == 0
    refused(net, EmptyClassError, "class", "partial_unfit", X[some], y[some])
    refused(net, DataMismatchError, "89 rows", "refine", X[1:], y[1:])
    refused(net, DataMismatchError, "Column", "refine", X[::-1], y)
    refused(net, AttributeError, "no partial_fit", "partial_fit", X, y)
    refused(net, ValueError, "Negative", "partial_unfit", X[:1], y[:1], -1.0)
    refused(net, ValueError, "one weight a row", "refine", X, y, np.ones(3))
    refused(net, ValueError, "requires y", "fit", X, None)
    net.set_params(params="tail")
    refused(net, ValueError, "matches none", "partial_unfit", X[:1], y[:1])


def test_tensors_on_another_device(fitted):
    net, X, y = fitted
    elsewhere = torch.tensor(X[:1]).to("meta")
    refused(net, ValueError, "X is on 'meta'", "partial_unfit", elsewhere, y[:1])
    refused(
        net, ValueError, "X_new: X is on", "replace_features", X[:1], y[:1], elsewhere
    )
    refused(net, ValueError, "X is on", "refine", torch.tensor(X).to("meta"), y)
    labels = torch.tensor(y).to("meta")
    on_cpu = "y is on 'meta', but the net computes on 'cpu'"
    refused(net, ValueError, on_cpu, "partial_unfit", X[:1], labels[:1])
    refused(net, ValueError, "y_new is on", "replace_labels", X[:1], y[:1], labels[:1])
    refused(net, ValueError, on_cpu, "fit", X, labels)
    refused(net, ValueError, "X is on", "fit", torch.tensor(X).to("meta"), y)


@unfinished
@pytest.mark.parametrize(
    ("budget", "reason"),
    [({"max_passes": 1.0}, "passes"), ({"max_seconds": 1e-9}, "seconds")],
)
def test_budgets_too_small_for_a_step(fitted, budget, reason):
    net, X, y = fitted
    net.set_params(**budget)
    refused(net, BudgetTooSmallError, reason, "partial_unfit", X[:1], y[:1])
    refused(net, BudgetTooSmallError, reason, "refine", X, y)
    refused(net, BudgetTooSmallError, reason, "forget_features", [0])
    refused(net, BudgetTooSmallError, reason, "partial_unfit", X[:1], y[:1], 0.5)


def test_losses_that_are_not_a_number():
    X, y = blobs()
    net = classifier(criterion=Spoiled, max_epochs=2).fit(X, y)
    net.criterion_.broken = True
    refused(net, NotFiniteError, "objective", "partial_unfit", X[:1], y[:1])
    refused(net, NotFiniteError, "objective", "refine", X, y)
    refused(net, NotFiniteError, "objective", "forget_features", [0])
    net = classifier(criterion=Spoiled)
    net.initialize()
    Spoiled.broken = True
    try:
        with pytest.raises(NotFiniteError, match="Training ended with"):
            net.fit(X, y)
    finally:
        Spoiled.broken = False


@unfinished
def test_curvature_that_is_not_finite(fitted, monkeypatch):
    net, X, y = fitted
    monkeypatch.setattr(ModuleCurvature, "dot", lambda self, vector: vector * torch.nan)
    refused(net, NotFiniteError, "curvature", "partial_unfit", X[:1], y[:1])
    refused(net, NotFiniteError, "curvature", "forget_features", [0])
    refused(net, NotFiniteError, "curvature", "partial_unfit", X[:1], y[:1], 0.5)


def test_operations_without_the_derivatives():
    X, y = blobs()
    net = classifier(Awkward, max_epochs=1).fit(X, y)
    refused(net, UnlearningError, "lacks a derivative", "partial_unfit", X[:1], y[:1])
    hinge = classifier(criterion=nn.MultiMarginLoss, max_epochs=1).fit(X, y)
    refused(hinge, UnlearningError, "lacks a derivative", "refine", X, y)


@unfinished
@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.NotForgottenWarning")
@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt])
@pytest.mark.parametrize(
    "where", ["_descended", "_reported", "_measured", "_attributes_of"]
)
def test_failures_on_the_way(fitted, monkeypatch, error, where):
    net, X, y = fitted

    def fail(*arguments, **keywords):
        raise error("here")

    monkeypatch.setattr(ModuleUnlearner, where, fail)
    refused(net, error, "here", "partial_unfit", X[:1], y[:1])
    refused(net, error, "here", "replace_labels", X[:1], y[:1], (y[:1] + 1) % 3)
    if where != "_measured":  # no rows leave
        refused(net, error, "here", "forget_features", [0])


@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.NotForgottenWarning")
def test_values_of_another_type():
    """What counts is whether they are the same in that of fit."""
    X, y = blobs()
    net = classifier(max_epochs=1, max_steps=1).fit(X, y.astype(np.uint8))
    net.partial_unfit(X[:1].tolist(), y[:1].tolist())
    huge = np.full((1, 4), 1e300)
    match = "X_new: X has dtype float64, .* float32, which does not hold"
    refused(net, ValueError, match, "replace_features", X[1:2], y[1:2], huge)
    wide = np.array([y[1] + 256])
    match = "y has dtype int64, .* uint8, which does not hold"
    refused(net, ValueError, match, "partial_unfit", X[1:2], wide)
    with pytest.raises(ValueError, match="bfloat16, which no array has"):
        classifier().fit(torch.tensor(X).bfloat16(), y)


def test_targets_of_another_shape():
    X, y = waves()
    net = regressor(max_epochs=1).fit(X, y)
    refused(net, ValueError, r"shape \(1,\)", "partial_unfit", X[:2], y[:2, :1])
    refused(net, UnlearningError, "no rows", "partial_unfit", X, y)
