"""Derivatives of perceptrons, against differences, dense matrices and autograd."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.neural_network import MLPClassifier, MLPRegressor

from sklearn_unlearn.core.losses import HalfSquaredError, MultinomialLogistic
from sklearn_unlearn.core.network.objective import NetworkObjective
from sklearn_unlearn.core.network.perceptron import ACTIVATIONS, Perceptron
from sklearn_unlearn.core.rows import Rows
from tests.core.networks import LOSSES, problem
from tests.pairwise import pairwise


def differences(function, theta, step):
    """Central differences of a function, a column for each parameter."""
    return np.array(
        [
            (function(theta + step * e) - function(theta - step * e)) / (2.0 * step)
            for e in np.eye(theta.size)
        ]
    ).T


def dense(objective, theta, kind, rows=None):
    curvature = objective.curvature(theta, rows, kind)
    return np.array([curvature.dot(e) for e in np.eye(theta.size)])


@pytest.mark.parametrize(
    ("hidden", "activation", "loss"),
    pairwise([(), (5,), (5, 4)], ACTIVATIONS, LOSSES),
)
def test_gradient(loss, activation, hidden):
    objective, theta = problem(loss, activation, hidden)
    _, gradient = objective.value_and_gradient(theta)
    found = differences(lambda at: objective.value_and_gradient(at)[0], theta, 1e-6)
    np.testing.assert_allclose(gradient, found, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("hidden", "activation", "loss"),
    pairwise([(), (5,), (5, 4)], ACTIVATIONS, LOSSES),
)
def test_hessian(loss, activation, hidden):
    objective, theta = problem(loss, activation, hidden)
    hessian = dense(objective, theta, "hessian")
    np.testing.assert_allclose(hessian, hessian.T, rtol=1e-11, atol=1e-11)
    found = differences(lambda at: objective.value_and_gradient(at)[1], theta, 1e-5)
    np.testing.assert_allclose(hessian, found, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gauss_newton(loss, activation):
    objective, theta = problem(loss, activation)
    network, rows = objective.network, objective.rows
    matrix = dense(objective, theta, "gauss_newton")
    raw = network.values(theta, rows.X)[-1]
    jacobian = differences(
        lambda at: network.values(at, rows.X)[-1].ravel(), theta, 1e-6
    ).reshape(*raw.shape, -1)
    curvature = network.loss.curvature(raw, rows.y)
    if curvature.ndim == 1:
        curvature = curvature[:, None, None] * np.eye(raw.shape[1])
    expected = np.einsum(
        "n,nkp,nkl,nlq->pq", rows.weight, jacobian, curvature, jacobian
    )
    decays = np.arange(theta.size) < network.n_weights
    expected += 0.3 * np.diag(decays.astype(float))
    np.testing.assert_allclose(matrix, expected, rtol=1e-6, atol=1e-6)
    assert np.linalg.eigvalsh(matrix).min() > -1e-9


@pytest.mark.parametrize("loss", ["squared", "binary", "poisson"])
def test_diagonal_is_exact_for_one_raw_prediction(loss):
    objective, theta = problem(loss)
    if loss == "squared":
        network = Perceptron((4, 5, 1), "tanh", HalfSquaredError())
        rows = replace(objective.rows, y=objective.rows.y[:, :1])
        objective = replace(objective, network=network, rows=rows)
        theta = theta[: network.n_parameters]
    matrix = dense(objective, theta, "gauss_newton")
    found = objective.curvature(theta, None, "gauss_newton").diagonal
    np.testing.assert_allclose(found, np.diag(matrix), rtol=1e-10)


@pytest.mark.parametrize("loss", ["softmax", "labels"])
def test_diagonal_is_right_in_the_mean(loss):
    objective, theta = problem(loss)
    linear = objective.network.linearised(theta, objective.rows)
    generator = np.random.default_rng(0)
    found = np.mean([linear.diagonal(generator) for _ in range(4000)], axis=0)
    matrix = dense(replace(objective, decay=0.0), theta, "gauss_newton")
    scale = np.diag(matrix).max()
    np.testing.assert_allclose(found, np.diag(matrix), rtol=0.1, atol=0.01 * scale)


@pytest.mark.parametrize("kind", ["gauss_newton", "hessian"])
def test_sums_do_not_depend_on_blocks_or_formats(kind, monkeypatch):
    objective, theta = problem(n_rows=60)
    value, gradient = objective.value_and_gradient(theta)
    matrix = dense(objective, theta, kind)
    mean = objective.mean_loss(theta)
    names = ("BLOCK_ENTRIES", "_KEPT_ENTRIES")
    for limit in names:
        module = "sklearn_unlearn.core.network.objective."
        monkeypatch.setattr(module + limit, 100 if limit == names[0] else 0)
    assert len(list(objective.blocks(objective.rows))) > 5
    sparse = replace(objective.rows, X=sp.csr_array(objective.rows.X))
    for rows in (objective.rows, sparse):
        other = replace(objective, rows=rows)
        found = other.value_and_gradient(theta)
        assert found[0] == pytest.approx(value, rel=1e-12)
        np.testing.assert_allclose(found[1], gradient, rtol=1e-10, atol=1e-11)
        np.testing.assert_allclose(
            dense(other, theta, kind), matrix, rtol=1e-9, atol=1e-10
        )
        assert other.mean_loss(theta) == pytest.approx(mean, rel=1e-12)
        assert other.value(theta) == pytest.approx(value, rel=1e-12)


def test_a_sample_stands_for_all_rows():
    objective, theta = problem(n_rows=40)
    everything = dense(objective, theta, "gauss_newton")
    halves = [
        dense(objective, theta, "gauss_newton", np.arange(start, 40, 2))
        for start in (0, 1)
    ]
    weight = objective.rows.weight
    shares = [weight[start::2].sum() / weight.sum() for start in (0, 1)]
    mean = sum(share * half for share, half in zip(shares, halves, strict=True))
    np.testing.assert_allclose(mean, everything, rtol=1e-9, atol=1e-10)


def test_weights_of_forgotten_columns_stay():
    objective, theta = problem()
    forgotten = np.array([False, True, False, True])
    objective = replace(objective, forgotten=forgotten)
    weights = objective.network.split(theta)[0][0]
    weights[forgotten] = 0.0
    held = objective.network.joined(
        [np.zeros_like(w) for w in objective.network.split(theta)[0]],
        [np.zeros_like(b) for b in objective.network.split(theta)[1]],
    )
    objective.network.split(held)[0][0][forgotten] = 1.0
    held = held > 0.0
    assert not objective.value_and_gradient(theta)[1][held].any()
    narrow = replace(
        objective,
        network=replace(objective.network, sizes=(2, 5, 4, 3)),
        rows=replace(objective.rows, X=objective.rows.X[:, ~forgotten]),
        forgotten=np.zeros(2, dtype=bool),
    )
    for kind in ("gauss_newton", "hessian"):
        wide = dense(objective, theta, kind)
        assert not wide[~held][:, held].any()
        np.testing.assert_allclose(
            wide[~held][:, ~held], dense(narrow, theta[~held], kind), atol=1e-12
        )
    assert not objective.curvature(theta, None, "hessian").diagonal[held].any()


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_predictions_are_those_of_scikit_learn(activation):
    generator = np.random.default_rng(0)
    X, y = generator.normal(size=(60, 4)), generator.integers(0, 3, 60)
    settings = {"activation": activation, "solver": "lbfgs", "max_iter": 5000}
    settings |= {"hidden_layer_sizes": (5, 4), "random_state": 0, "tol": 1e-3}
    fitted = MLPClassifier(**settings).fit(X, y)
    network = Perceptron((4, 5, 4, 3), activation, MultinomialLogistic())
    theta = network.joined(fitted.coefs_, fitted.intercepts_)
    raw = network.values(theta, X)[-1]
    proba = np.exp(raw - np.logaddexp.reduce(raw, axis=1, keepdims=True))
    np.testing.assert_allclose(proba, fitted.predict_proba(X), rtol=1e-9, atol=1e-12)
    rows = Rows(X, y[:, None].astype(float), np.ones(60))
    objective = NetworkObjective(network, rows, fitted.alpha, np.zeros(4, dtype=bool))
    # the objective that lbfgs minimises, times the number of rows
    value, _ = objective.value_and_gradient(theta)
    assert value / 60 == pytest.approx(fitted.loss_, rel=1e-6)
    target = generator.normal(size=60)
    fitted = MLPRegressor(**settings).fit(X, target)
    network = Perceptron((4, 5, 4, 1), activation, HalfSquaredError())
    theta = network.joined(fitted.coefs_, fitted.intercepts_)
    found = network.values(theta, X)[-1][:, 0]
    np.testing.assert_allclose(found, fitted.predict(X), rtol=1e-10)


@pytest.mark.parametrize("loss", ["squared", "softmax"])
@pytest.mark.parametrize("activation", ["tanh", "relu", "logistic"])
def test_autograd_agrees(loss, activation):
    torch = pytest.importorskip("torch")
    objective, theta = problem(loss, activation)
    network, rows = objective.network, objective.rows
    X, y, weight = (torch.tensor(part) for part in (rows.X, rows.y, rows.weight))
    functions = {"tanh": torch.tanh, "relu": torch.relu, "logistic": torch.sigmoid}

    def value(flat):
        at, weights, intercepts = 0, [], []
        for below, above in zip(network.sizes, network.sizes[1:], strict=False):
            weights.append(flat[at : at + below * above].reshape(below, above))
            at += below * above
        for above in network.sizes[1:]:
            intercepts.append(flat[at : at + above])
            at += above
        z = X
        for layer, (w, b) in enumerate(zip(weights, intercepts, strict=True)):
            z = z @ w + b
            if layer < len(weights) - 1:
                z = functions[activation](z)
        if loss == "softmax":
            each = torch.nn.functional.cross_entropy(
                z, y[:, 0].long(), reduction="none"
            )
        else:
            each = 0.5 * ((z - y) ** 2).sum(dim=1)
        return weight @ each + 0.15 * (flat[: network.n_weights] ** 2).sum()

    flat = torch.tensor(theta, requires_grad=True)
    (gradient,) = torch.autograd.grad(value(flat), flat)
    hessian = torch.autograd.functional.hessian(value, flat)
    found = objective.value_and_gradient(theta)
    assert found[0] == pytest.approx(float(value(flat).detach()), rel=1e-12)
    np.testing.assert_allclose(found[1], gradient.numpy(), rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(
        dense(objective, theta, "hessian"), hessian.numpy(), rtol=1e-8, atol=1e-9
    )
