"""Targets that losses ignore or weigh, and predictions that are no labels."""

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_unlearn.exceptions import UnlearningError
from tests.neural_network.modules.nets import (
    Dense,
    Recurrent,
    blobs,
    classifier,
    sequences,
)

quietly = pytest.mark.filterwarnings(
    "ignore::sklearn_unlearn.exceptions.NotForgottenWarning"
)
WEIGHTS = torch.tensor([1.0, 5.0, 25.0])


def padded():
    X, y = sequences()
    y[:, -2:] = -100
    return X, y


def learned(y, **params):
    """A net that knows its sequences."""
    net = classifier(Recurrent, max_epochs=60, lr=0.05, max_steps=2, **params)
    return net.fit(sequences()[0], y)


# Places that count --------------------------------------------------------------------


@quietly
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_no_figure_depends_on_the_batches(reduction):
    tokens, targets = sequences()
    targets[::3, 2] = targets[5] = -100
    cases = (
        (Dense, {"criterion__weight": WEIGHTS}, *blobs()),
        (Recurrent, {}, tokens, targets),
    )
    settings = {"criterion__reduction": reduction, "max_epochs": 2, "lr": 1e-3}
    settings["iterator_train__batch_size"] = 30
    for module, params, X, y in cases:
        net = classifier(module, **settings, **params).fit(X, y)
        residuals = []
        for size in (-1, 1, 7):
            net.set_params(batch_size=size)
            residuals.append(net.gradient_residual(X, y))
        np.testing.assert_allclose(residuals, residuals[0], rtol=1e-4)


@quietly
def test_the_minimum_of_training_is_that_of_the_objective():
    """Of all rows at once, the loss being the mean over what counts."""
    X, y = blobs()
    net = classifier(
        criterion__weight=WEIGHTS,
        optimizer=torch.optim.SGD,
        optimizer__weight_decay=0.05,
        batch_size=-1,
        lr=0.5,
        max_epochs=1000,
    ).fit(X, y)
    assert net.gradient_residual(X, y) < 1e-2 * net.gradient_residual(X[:45], y[:45])


@quietly
def test_ignored_places_are_not_to_be_predicted():
    X, y = padded()
    net = learned(y)
    assert np.mean(net.predict(X)[:, :-2] == y[:, :-2]) > 0.99
    net.partial_unfit(X[:3], y[:3])
    report = net.unlearning_report()
    assert report.predicted_before == 1.0
    assert report.forgotten is False  # other rows teach the same


@quietly
def test_batches_in_which_no_label_changes():
    X, y = sequences()
    net = learned(y, batch_size=8)
    new = y[:20].copy()
    new[15:, -1] = (new[15:, -1] + 1) % 7
    net.replace_labels(X[:20], y[:20], new)
    report = net.unlearning_report()
    assert 0.0 <= report.loss_before < report.loss_after
    assert report.predicted_before == 1.0


@quietly
def test_rows_of_which_nothing_counts():
    X, y = padded()
    y[0] = -100
    net = learned(y, batch_size=8)
    net.partial_unfit(X[:1], y[:1])
    report = net.unlearning_report()
    assert report.objective < report.objective_before
    assert report.loss_before is report.predicted_before is report.forgotten is None
    X, y = blobs()
    net = classifier(criterion__weight=torch.tensor([1.0, 0.0, 25.0])).fit(X, y)
    some = np.flatnonzero(y == 1)[:1]
    net.partial_unfit(X[some], y[some])
    assert net.unlearning_report().loss_before is None
    first = net.set_params(method="first_order", unlearning_rate=0.01)
    some = np.flatnonzero(y == 1)[1:2]
    before = [each.clone() for each in net.module_.parameters()]
    first.partial_unfit(X[some], y[some])
    for one, other in zip(before, net.module_.parameters(), strict=True):
        assert torch.equal(one, other)


def test_requests_after_which_nothing_counts():
    X, y = sequences()
    y[5:] = -100
    net = classifier(Recurrent, max_epochs=1, batch_size=-1).fit(X, y)
    old = net._fitted
    with pytest.raises(UnlearningError, match="No target that the loss counts"):
        net.partial_unfit(X[:5], y[:5])
    assert net._fitted is old


@quietly
def test_a_row_of_which_nothing_counts_alone_in_its_batch():
    X, y = padded()
    y[0] = -100
    net = classifier(Recurrent, batch_size=8, iterator_valid__batch_size=1, max_steps=1)
    net.fit(X, y).partial_unfit(X[1:2], y[1:2])
    assert np.isfinite(net.unlearning_report().loss_after)


# Predictions --------------------------------------------------------------------------


class Sigmoid(nn.BCEWithLogitsLoss):
    """Of whole numbers, in the shape of the scores."""

    def forward(self, predicted, y):
        return super().forward(predicted, y.to(predicted).view_as(predicted))


class Flattening(nn.CrossEntropyLoss):
    """Of classes in the last axis."""

    def forward(self, predicted, y):
        return super().forward(predicted.flatten(0, -2), y.reshape(-1))


class Scalar(Dense):
    def forward(self, X):
        return super().forward(X)[:, 0]


class Column(Dense):
    def forward(self, X):
        return super().forward(X)[:, :1]


class Last(Recurrent):
    def forward(self, X):
        return super().forward(X).transpose(1, 2)


class Flat(Last):
    def forward(self, X):
        return super().forward(X).flatten(0, 1)


class Stateful(Recurrent):
    """With the states beside the scores, whose rows are in the second axis."""

    def forward(self, X):
        hidden, states = self.layer(self.embed(X))
        return self.head(hidden).transpose(1, 2), states


class First(nn.CrossEntropyLoss):
    def forward(self, predicted, y):
        return super().forward(predicted[0], y)


@quietly
@pytest.mark.parametrize("module", [Scalar, Column])
def test_scores_of_two_classes_are_no_labels(module):
    X, y = blobs()
    y = (y > 0).astype(np.int64)
    net = classifier(module, criterion=Sigmoid, max_steps=2).fit(X, y)
    net.replace_labels(X[:4], y[:4], 1 - y[:4])
    report = net.unlearning_report()
    assert report.predicted_before is report.predicted_after is None
    assert report.loss_after > report.loss_before


@quietly
def test_several_labels_a_row():
    X, y = blobs()
    y = np.stack([y > 0, y > 1, y == 1], axis=1).astype(np.int64)
    net = classifier(criterion=Sigmoid, max_steps=2).fit(X, y)
    net.partial_unfit(X[:4], y[:4])
    assert net.unlearning_report().predicted_before is None
    assert np.isfinite(net.unlearning_report().loss_after)


@quietly
@pytest.mark.parametrize("module", [Last, Flat])
def test_classes_in_the_last_axis(module):
    X, y = sequences()
    net = classifier(module, criterion=Flattening, max_epochs=60, lr=0.05, max_steps=2)
    net.fit(X, y)
    assert 1.0 < net._fitted.null_loss < 2.5
    net.partial_unfit(X[:2], y[:2])
    assert net.unlearning_report().predicted_before == 1.0


@quietly
def test_an_axis_that_may_be_of_classes_or_of_places():
    X, y = sequences()
    X, y = (np.hstack([each, (each[:, -1:] + 1) % 7]) for each in (X, y))
    net = classifier(Last, criterion=Flattening, max_steps=2).fit(X, y)
    net.partial_unfit(X[:2], y[:2])
    assert net.unlearning_report().predicted_before is None


@quietly
def test_modules_that_give_states_too():
    X, y = sequences()
    net = classifier(
        Stateful, criterion=First, max_epochs=60, lr=0.05, max_steps=2
    ).fit(X, y)
    plain = classifier(Recurrent, max_epochs=60, lr=0.05, max_steps=2).fit(X, y)
    assert net._fitted.null_loss == pytest.approx(plain._fitted.null_loss, rel=1e-5)
    net.partial_unfit(X[:2], y[:2])
    assert net.unlearning_report().predicted_before == 1.0
