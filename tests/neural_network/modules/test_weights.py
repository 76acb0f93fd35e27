"""A weight of two is two rows, one of zero none, for any criterion of single rows."""

import numpy as np
import pytest
import skorch
import torch
from torch import nn

from sklearn_unlearn import UnlearnableNeuralNetClassifier
from sklearn_unlearn.core.rows import Rows
from sklearn_unlearn.exceptions import InsufficientWeightError
from sklearn_unlearn.neural_network._torch._arrays import ModuleTargets, Shape
from sklearn_unlearn.neural_network._torch._function import ModuleFunction
from sklearn_unlearn.neural_network._torch._objective import ModuleObjective, null_loss
from tests.neural_network.modules.nets import (
    SETTINGS,
    Dense,
    Recurrent,
    blobs,
    classifier,
    regressor,
    sequences,
    state,
    waves,
)

quietly = pytest.mark.filterwarnings(
    "ignore::sklearn_unlearn.exceptions.NotForgottenWarning",
    "ignore::sklearn_unlearn.exceptions.UnfinishedTrainingWarning",
)
SCALES = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)


def soft_targets():
    X, y = blobs(24)
    return X, np.eye(3)[y] * 0.7 + 0.1


def ignoring():
    tokens, targets = sequences(24)
    targets[::3, 2] = -100
    return tokens, targets


class RowLoss(nn.Module):
    """A criterion of one's own that has losses of rows."""

    def __init__(self, reduction="mean"):
        super().__init__()
        self.reduction = reduction

    def forward(self, predicted, y):
        losses = (predicted[:, 0] - y) ** 4
        if self.reduction == "none":
            return losses
        return losses.mean() if self.reduction == "mean" else losses.sum()


def of_rows(**params):
    return classifier(**params), *blobs(24)


CASES = {
    "logits": of_rows,
    "one row a batch": lambda: of_rows(batch_size=1),
    "probabilities": lambda: of_rows(
        criterion=nn.NLLLoss, module__end=nn.Softmax(dim=-1)
    ),
    "class weights": lambda: of_rows(criterion__weight=SCALES, batch_size=-1),
    "label smoothing": lambda: of_rows(criterion__label_smoothing=0.1),
    "summed": lambda: of_rows(criterion__reduction="sum", batch_size=-1),
    "soft targets": lambda: (classifier(), *soft_targets()),
    "divergence": lambda: (
        classifier(
            criterion=nn.KLDivLoss,
            criterion__reduction="batchmean",
            module__end=nn.LogSoftmax(dim=-1),
        ),
        *soft_targets(),
    ),
    "squared error": lambda: (regressor(), *waves(24)),
    "sequences": lambda: (classifier(Recurrent), *sequences(24)),
    "places that are ignored": lambda: (
        classifier(Recurrent, batch_size=-1),
        *ignoring(),
    ),
    "a criterion of one's own": lambda: (
        regressor(criterion=RowLoss),
        waves(24)[0],
        waves(24)[1][:, 0],
    ),
}


def problem(net, X, y, weight):
    """The objective of an untrained net in double precision."""
    net.initialize()
    net.module_.double()
    X = X.astype(np.float64) if X.dtype.kind == "f" else X
    y = y.astype(np.float64) if y.dtype.kind == "f" else y
    labels = np.unique(y) if y.dtype.kind == "i" else None
    encoding = ModuleTargets(Shape.of(y), labels)
    function = ModuleFunction.of(net, "all", Shape.of(X), encoding)
    rows = Rows(Shape.of(X).flat(X, "X"), encoding.read(y), np.asarray(weight, float))
    return ModuleObjective.of(function, rows), null_loss(function, rows)


def figures(objective):
    theta = objective.function.theta()
    direction = torch.linspace(-1.0, 1.0, theta.numel(), dtype=theta.dtype)
    value, gradient = objective.value_and_gradient(theta)
    return (
        torch.tensor([value, objective.mean_loss(theta)]),
        gradient,
        objective.curvature(theta, None, "gauss_newton").dot(direction),
        objective.curvature(theta, None, "hessian").dot(direction),
    )


@pytest.mark.parametrize("name", CASES)
def test_whole_weights_are_repeated_rows(name):
    net, X, y = CASES[name]()
    times = np.arange(24) % 4
    places = np.repeat(np.arange(24), times)
    heavy, null = problem(net, X, y, times)
    net, X, y = CASES[name]()
    copies, same = problem(net, X[places], y[places], np.ones(places.size))
    assert null == pytest.approx(same, rel=1e-9)
    if name == "summed":  # the decay is that of a batch, whatever is in it
        assert torch.equal(heavy.decay, copies.decay)
    for one, other in zip(figures(heavy), figures(copies), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", CASES)
def test_weights_of_one_are_none(name):
    """Also of criteria that average over classes or places in ways of their own."""
    net, X, y = CASES[name]()
    objective, _ = problem(net, X, y, np.ones(24))
    doubled, _ = problem(CASES[name]()[0], X, y, 2.0 * np.ones(24))
    theta = objective.function.theta()
    value, gradient = objective.data_value_and_gradient(theta)
    twice, double = doubled.data_value_and_gradient(theta)
    assert twice == pytest.approx(2.0 * value, rel=1e-9)
    torch.testing.assert_close(double, 2.0 * gradient, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ["logits", "squared error", "summed", "probabilities"])
def test_training_with_whole_weights_is_that_of_repeated_rows(name):
    """In batches of all rows; in smaller ones these are others."""
    times = np.arange(24) % 3
    places = np.repeat(np.arange(24), times)
    trained = []
    for weight, chosen in ((times, np.arange(24)), (None, places)):
        net, X, y = CASES[name]()
        net.set_params(batch_size=-1, optimizer=torch.optim.SGD, lr=0.01)
        net.fit(X[chosen], y[chosen], weight)
        trained.append(net)
    for one, other in zip(*(net.module_.parameters() for net in trained), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)
    one, other = (net.history[:, "train_loss"] for net in trained)
    np.testing.assert_allclose(one, other, rtol=1e-4)


def test_training_with_weights_of_one_is_training_without():
    X, y = blobs()
    plain = classifier().fit(X, y)
    ones = classifier().fit(X, y, np.ones(90))
    for one, other in zip(
        *(n.module_.parameters() for n in (plain, ones)), strict=True
    ):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)


def test_rows_of_weight_zero_are_in_no_batch():
    X, y = blobs()
    some = np.arange(90) % 5 > 0
    every = classifier(batch_size=8, module__norm=True).fit(X, y, some * 1.0)
    less = classifier(batch_size=8, module__norm=True)
    less.fit(X[some], y[some], np.ones(some.sum()))
    np.testing.assert_array_equal(every.predict_proba(X), less.predict_proba(X))


@quietly
def test_requests_about_weighted_rows():
    X, y = blobs()
    weight = np.random.default_rng(0).uniform(0.5, 2.0, 90)
    weight[80:] = 0.0
    net = classifier(module__norm=True).fit(X, y, weight)
    net.partial_unfit(X[:4], y[:4], weight[:4] / 2.0)
    left = weight.copy()
    left[:4] /= 2.0
    report = net.unlearning_report()
    assert report.objective < report.objective_before
    # all that is said of what is left must fit
    net.refine(X, y, left)
    net.partial_unfit(X[:4], y[:4])
    net.replace_features(X[4:6], y[4:6], X[4:6] + 0.5, weight[4:6])
    net.replace_labels(X[6:7], y[6:7], (y[6:7] + 1) % 3)
    labels, rows = y.copy(), X.copy()
    rows[4:6] += 0.5
    labels[6] = (labels[6] + 1) % 3
    net.refine(rows[4:], labels[4:], weight[4:])
    assert net._fitted.model.retained.n_rows == 76
    before, kept = state(net), net._fitted
    with pytest.raises(InsufficientWeightError, match="takes weight 9"):
        net.partial_unfit(X[20:21], y[20:21], 9.0)
    with pytest.raises(ValueError, match="Negative"):
        net.partial_unfit(X[20:21], y[20:21], -1.0)
    net.partial_unfit(X[20:21], y[20:21], 0.0)
    assert net._fitted is kept
    assert state(net) == before


@quietly
def test_weighted_requests_come_near_a_refit():
    """The last layer alone has one minimum, which a request must approach."""
    X, y = blobs()
    weight = np.random.default_rng(0).uniform(0.5, 2.0, 90)
    net = classifier(
        params="last_layer", optimizer__weight_decay=0.05, max_steps=60
    ).fit(X, y, weight)
    net.refine(X, y, weight)
    left = weight.copy()
    left[:10] /= 2.0
    before = net.gradient_residual(X, y, left)
    net.partial_unfit(X[:10], y[:10], weight[:10] / 2.0)
    assert net.gradient_residual(X, y, left) < 0.05 * before


@quietly
def test_adoption_and_pairs_of_splits():
    X, y = blobs()
    weight = np.random.default_rng(0).uniform(0.5, 2.0, 90)
    torch.manual_seed(0)
    plain = skorch.NeuralNetClassifier(
        Dense, criterion=nn.CrossEntropyLoss, train_split=None, **SETTINGS
    ).fit(X, y)
    net = UnlearnableNeuralNetClassifier.from_skorch(plain, X, y, weight)
    assert net._fitted.model.tally.group_weight.sum() == pytest.approx(weight.sum())
    held = classifier(train_split=skorch.dataset.ValidSplit(5, stratified=True))
    held.set_params(callbacks=[skorch.callbacks.EpochScoring("accuracy")])
    held.fit(X, y, weight)
    assert len(held.history[:, "valid_loss"]) == 15


# What cannot be weighed ---------------------------------------------------------------


class Unreduced(nn.Module):
    def forward(self, predicted, y):
        return nn.functional.cross_entropy(predicted, y)


class Stubborn(nn.CrossEntropyLoss):
    def forward(self, predicted, y):
        return super().forward(predicted, y).mean()


class Scaled(nn.CrossEntropyLoss):
    def forward(self, predicted, y):
        loss = super().forward(predicted, y)
        return loss if self.reduction == "none" else 2.0 * loss


class OwnLoss(UnlearnableNeuralNetClassifier):
    def get_loss(self, y_pred, y_true, X=None, training=False):
        return 2.0 * super().get_loss(y_pred, y_true, X=X, training=training)


@pytest.mark.parametrize(
    ("criterion", "match"),
    [
        (Unreduced, "Unreduced has none"),
        (Stubborn, r"gives shape \(\)"),
        (Scaled, "as their mean or sum"),
    ],
)
def test_criteria_that_cannot_weigh(criterion, match):
    X, y = blobs()
    with pytest.raises(ValueError, match=match):
        classifier(criterion=criterion).fit(X, y, np.arange(90.0))
    net = classifier(criterion=criterion, max_steps=1, max_epochs=1).fit(X, y)
    before, kept = state(net), net._fitted
    with pytest.raises(ValueError, match=match):
        net.partial_unfit(X[:1], y[:1], 0.5)
    assert state(net) == before
    assert net._fitted is kept


def test_losses_of_ones_own():
    X, y = blobs()
    torch.manual_seed(0)
    net = OwnLoss(Dense, criterion=nn.CrossEntropyLoss, **SETTINGS)
    with pytest.raises(ValueError, match="OwnLoss computes losses by a get_loss"):
        net.fit(X, y, np.arange(90.0))
    net.fit(X, y)


def test_weights_that_are_none():
    X, y = blobs()
    for weight, match in (
        (np.zeros(90), "other than zero"),
        (-np.ones(90), "Negative"),
        (np.full(90, np.nan), "NaN"),
        (np.ones(89), r"expected \(90,\)"),
    ):
        with pytest.raises(ValueError, match=match):
            classifier().fit(X, y, weight)
