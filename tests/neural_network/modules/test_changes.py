"""Requests that read what changes and a few of the rows that stay."""

from copy import deepcopy

import numpy as np
import pytest
import torch

from sklearn_unlearn.exceptions import UnfinishedTrainingWarning, UnlearningError
from sklearn_unlearn.neural_network._torch._change import Divergence, diagonal_estimate
from tests.neural_network.modules.nets import (
    Recurrent,
    blobs,
    classifier,
    regressor,
    sequences,
    waves,
)
from tests.neural_network.modules.test_derivatives import (
    PROBLEMS,
    dense_problem,
    sequence_problem,
    wave_problem,
)

quietly = pytest.mark.filterwarnings(
    "ignore::sklearn_unlearn.exceptions.NotForgottenWarning"
)


@pytest.mark.parametrize(
    ("problem", "at_least", "at_most"),
    [
        (wave_problem, 0.7, 1.5),
        (dense_problem, 0.7, 4.0),  # of a softmax without what couples the classes
        (lambda: sequence_problem(Recurrent), 0.7, 4.0),
    ],
    ids=["squared", "softmax", "sequences"],
)
def test_diagonal(problem, at_least, at_most):
    objective = problem()
    theta = objective.function.theta()
    matrix = objective.curvature(theta, None, "gauss_newton")
    units = torch.eye(theta.numel(), dtype=theta.dtype)
    exact = torch.stack([matrix.dot(unit)[i] for i, unit in enumerate(units)])
    mean = sum(diagonal_estimate(objective, theta, seed) for seed in range(60)) / 60
    assert (mean >= 0.0).all()
    large = exact > 0.05 * exact.max()
    ratio = (mean / exact)[large]
    assert at_least < float(ratio.median()) < at_most
    assert float(mean[~large].max()) < float(mean[large].max())


@pytest.mark.parametrize("max_rows", [10, 1000])
def test_labels_are_replaced(max_rows):
    X, y = sequences()
    wrong = y.copy()
    wrong[X[:, 0] == 0, -1] = 0
    net = classifier(Recurrent, max_epochs=40, lr=0.05).fit(X, wrong)
    bad = (wrong != y).any(axis=1)
    net.set_params(max_rows=max_rows)
    net.replace_labels(X[bad], wrong[bad], y[bad])
    report = net.unlearning_report()
    assert report.forgotten
    assert report.objective is report.objective_before is None
    assert np.mean(net.predict(X[bad])[:, -1] == y[bad, -1]) > 0.9
    assert np.mean(net.predict(X[~bad]) == y[~bad]) > 0.9


@quietly
def test_rows_that_stay_are_not_trained_on():
    """Training stopped after one epoch; a request does not go on with it."""
    X, y = blobs()
    net = classifier(max_epochs=1, max_rows=1000).fit(X, y)
    before = net.gradient_residual(X, y)
    new = (y[:1] + 1) % 3
    edited = np.concatenate([new, y[1:]])
    net.replace_labels(X[:1], y[:1], new)
    assert net.gradient_residual(X, edited) > 0.5 * before
    value = net.unlearning_report()
    net.refine(X, edited)  # reads all rows and lowers their objective
    report = net.unlearning_report()
    assert value.objective is None
    assert report.objective < 0.8 * report.objective_before


@quietly
def test_rows_leave_and_values_change():
    X, y = waves()
    net = regressor(max_rows=20, max_steps=2).fit(X, y.astype(np.float32))
    net.partial_unfit(X[:3], y[:3])
    net.replace_features(X[3:5], y[3:5], X[3:5] + 0.1, y_new=y[3:5] + 0.2)
    rest, targets = X[3:].copy(), y[3:].astype(np.float32)
    rest[:2] += 0.1
    targets[:2] = y[3:5] + 0.2
    net.refine(rest, targets)


@quietly
def test_all_rows_may_change():
    X, y = blobs(20)
    net = classifier(max_rows=5, max_steps=2).fit(X, y)
    net.replace_labels(X, y, (y + 1) % 3)
    assert net.unlearning_report().objective is not None


def test_running_statistics_are_of_all_rows():
    X, y = blobs()
    net = classifier(module__norm=True, max_rows=10).fit(X, y)
    before = [each.detach().clone() for each in net.module_.parameters()]
    with pytest.raises(UnlearningError, match="max_rows must be None"):
        net.partial_unfit(X[:3], y[:3])
    assert all(map(torch.equal, net.module_.parameters(), before))


@quietly
def test_passes_are_of_all_rows():
    X, y = blobs()
    net = classifier(max_rows=10, max_passes=2.0, max_steps=None).fit(X, y)
    net.partial_unfit(X[:3], y[:3])
    report = net.unlearning_report()
    assert report.n_steps >= 1
    assert report.passes <= 2.0


@quietly
def test_rows_whose_values_alone_changed_count_whole():
    X, y = blobs()
    y_new = y.copy()
    y_new[0] = (y[0] + 1) % 3
    net = classifier(max_steps=1).fit(X, y)
    before = deepcopy(net)
    net.replace_features(X[:5], y[:5], -X[:5], y_new=y_new[:5])
    report = net.unlearning_report()
    assert report.predicted_before == before.score(X[:5], y[:5])


@pytest.mark.parametrize("max_rows", [0, 2.5, "all"])
def test_bad_number_of_rows(max_rows):
    X, y = blobs(20)
    with pytest.raises((TypeError, ValueError), match="max_rows"):
        classifier(max_rows=max_rows).fit(X, y)


@pytest.mark.parametrize(
    "problem",
    [wave_problem, dense_problem, PROBLEMS["probabilities"], PROBLEMS["summed"]],
    ids=["squared", "logits", "probabilities", "summed"],
)
def test_divergence_is_least_where_it_starts(problem):
    loss = problem()
    function, rows = loss.function, loss.rows
    start = function.theta()
    divergence = Divergence(function, rows, 0.0 * loss.decay, start)
    value, gradient = divergence.value_and_gradient(start)
    assert divergence.value(start + 1.0) > divergence.value(start)
    assert value == pytest.approx(0.0, abs=1e-9)
    np.testing.assert_allclose(gradient, 0.0, atol=1e-9)
    generator = torch.Generator().manual_seed(0)
    step = torch.randn(start.shape, generator=generator, dtype=start.dtype)
    matrix = loss.curvature(start, None, "gauss_newton")
    bend = float(step @ matrix.dot(step)) - float(step @ (loss.decay * step))
    for length in (1e-4, 1.0):
        value, _ = divergence.value_and_gradient(start + length * step)
        assert value > 0.0
        if length < 1.0:
            assert value == pytest.approx(0.5 * length**2 * bend, rel=0.01)
    _, gradient = divergence.value_and_gradient(start + step)
    high, low = (
        divergence.value_and_gradient(start + factor * step)[0]
        for factor in (1.0 + 1e-5, 1.0 - 1e-5)
    )
    assert (high - low) / 2e-5 == pytest.approx(float(gradient @ step), rel=1e-4)


def test_divergence_of_logits_is_kullbacks_and_leiblers():
    loss = dense_problem()
    function, start = loss.function, loss.function.theta()
    divergence = Divergence(function, loss.rows, 0.0 * loss.decay, start)
    other = start * 1.5
    X = function.features.tensor(loss.rows.X, "cpu")
    p, q = (function.outputs(theta, X).softmax(1) for theta in (start, other))
    expected = float((p * (p / q).log()).sum())
    assert divergence.value_and_gradient(other)[0] == pytest.approx(expected)


@quietly
@pytest.mark.parametrize("verb", ["partial_unfit", "replace_labels"])
def test_requests_about_all_rows_do_not_go_on_with_training(verb):
    X, y = blobs()
    net = classifier(max_epochs=2).fit(X, y)
    before = net.predict_proba(X)
    new = ((y[:3] + 1) % 3,) if verb == "replace_labels" else ()
    getattr(net, verb)(X[:3], y[:3], *new)
    after = net.predict_proba(X)
    # of what a descent on all rows does, to which refine leads
    moved = np.abs(after - before)[3:].mean()
    places = np.arange(3)
    assert np.all(after[places, y[:3]] < before[places, y[:3]])
    if verb == "partial_unfit":
        net.refine(X[3:], y[3:])
        assert moved < 0.2 * np.abs(net.predict_proba(X) - after)[3:].mean()


def test_running_statistics_are_said_to_train_on():
    X, y = blobs()
    net = classifier(module__norm=True, max_epochs=2).fit(X, y)
    with pytest.warns(UnfinishedTrainingWarning, match="cannot be told apart"):
        net.replace_labels(X[:3], y[:3], (y[:3] + 1) % 3)
