"""Targets that losses ignore or weigh, and predictions that are no labels."""

import numpy as np
import pytest
import torch

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


@quietly
def test_a_row_of_which_nothing_counts_alone_in_its_batch():
    X, y = padded()
    y[0] = -100
    net = classifier(Recurrent, batch_size=8, iterator_valid__batch_size=1, max_steps=1)
    net.fit(X, y).partial_unfit(X[1:2], y[1:2])
    assert np.isfinite(net.unlearning_report().loss_after)
