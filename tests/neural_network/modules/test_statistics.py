"""Running statistics are those of the corrected data and of the changed module."""

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_unlearn import UnlearnableNeuralNetClassifier
from sklearn_unlearn.exceptions import UnlearningError
from tests.neural_network.modules.nets import SETTINGS, Dense, blobs, classifier

quietly = pytest.mark.filterwarnings(
    "ignore::sklearn_unlearn.exceptions.NotForgottenWarning",
    "ignore::sklearn_unlearn.exceptions.UnfinishedTrainingWarning",
)


@quietly
def test_running_statistics_hold_no_deleted_row():
    X, y = blobs()
    X[:5] += 1e3
    net = classifier(module__norm=True, max_steps=2).fit(X, y)
    layer = net.module_.body[1]
    assert float(layer.running_var.max()) > 1e2
    before = layer.running_var.clone()
    net.partial_unfit(X[:5], y[:5])
    assert torch.equal(layer.running_var, before)  # the old module is as it was
    layer = net.module_.body[1]
    with torch.no_grad():
        hidden = net.module_.body[0](torch.tensor(X[5:]))
    torch.testing.assert_close(layer.running_mean, hidden.mean(0), rtol=0.1, atol=0.05)
    torch.testing.assert_close(layer.running_var, hidden.var(0), rtol=0.25, atol=0.05)
    assert layer.momentum == 0.1


def objective(net, X, y):
    """What the module as it is loses, and its decay."""
    scores = torch.tensor(np.log(net.predict_proba(X)), dtype=torch.float64)
    squares = sum(
        float((each.detach() ** 2).sum()) for each in net.module_.parameters()
    )
    loss = nn.functional.nll_loss(scores, torch.tensor(y), reduction="sum")
    return float(loss) + 0.5e-3 * len(y) * squares


@quietly
@pytest.mark.parametrize("max_steps", [2, 10, 20])
def test_the_objective_falls_with_statistics_that_move(max_steps):
    X, y = blobs()
    net = classifier(module__norm=True, max_steps=max_steps).fit(X, y)
    zeros = X.copy()
    zeros[:, 1] = 0.0
    net.forget_features(1)
    report = net.unlearning_report()
    assert report.objective < report.objective_before
    assert report.objective == pytest.approx(objective(net, zeros, y), rel=1e-4)
    before = report.objective
    net.refine(X, y)
    report = net.unlearning_report()
    assert report.objective_before == pytest.approx(before, rel=1e-6)
    assert report.objective < before
    assert report.objective == pytest.approx(objective(net, zeros, y), rel=1e-4)


class Pretrained(Dense):
    """Its normalisation stays as it came."""

    def __init__(self):
        super().__init__(norm=True)

    def train(self, mode=True):
        super().train(mode)
        self.body[1].eval()
        return self


@quietly
def test_statistics_that_training_leaves_stay():
    X, y = blobs()
    net = classifier(Pretrained, max_steps=2).fit(X, y).partial_unfit(X[:3], y[:3])
    layer = net.module_.body[1]
    assert torch.equal(layer.running_mean, torch.zeros(8))
    assert torch.equal(layer.running_var, torch.ones(8))


class Centred(nn.Module):
    """A layer that keeps a mean in a way of its own."""

    def __init__(self):
        super().__init__()
        self.register_buffer("running_mean", torch.zeros(8))

    def reset_running_stats(self):
        self.running_mean.zero_()

    def forward(self, X):
        return X - self.running_mean


class Own(Dense):
    def __init__(self):
        super().__init__()
        self.body.insert(1, Centred())


@quietly
def test_other_buffers_stay():
    X, y = blobs()
    net = classifier(Own, max_steps=1).fit(X, y).partial_unfit(X[:3], y[:3])
    assert net.unlearning_report().n_steps == 1


class PerBatch(Dense):
    def __init__(self):
        super().__init__()
        self.body.insert(1, nn.BatchNorm1d(8, track_running_stats=False))


def test_layers_that_normalise_by_the_batch_alone_are_refused():
    X, y = blobs()
    net = classifier(PerBatch)
    with pytest.raises(ValueError, match=r"body\.1.*track_running_stats=False"):
        net.fit(X, y)
    plain = net._plain_class(
        PerBatch, criterion=nn.CrossEntropyLoss, train_split=None, **SETTINGS
    )
    with pytest.raises(ValueError, match="track_running_stats=False"):
        UnlearnableNeuralNetClassifier.from_skorch(plain.fit(X, y), X, y)


def test_one_row_has_no_statistics():
    X, y = blobs()
    y[:] = 0
    net = classifier(module__norm=True, classes=[0, 1, 2], max_epochs=1).fit(X, y)
    kept = net._fitted
    with pytest.raises(UnlearningError, match="One row is left"):
        net.partial_unfit(X[1:], y[1:])
    assert net._fitted is kept
