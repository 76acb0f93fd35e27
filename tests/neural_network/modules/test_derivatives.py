"""Gradients and products against finite differences and dense matrices."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_unlearn.core.rows import Rows
from sklearn_unlearn.neural_network._torch._arrays import ModuleTargets, Shape
from sklearn_unlearn.neural_network._torch._function import ModuleFunction
from sklearn_unlearn.neural_network._torch._objective import ModuleObjective
from sklearn_unlearn.neural_network._torch._selection import selected
from tests.neural_network.modules.nets import (
    N_TOKENS,
    Attentive,
    Dense,
    Recurrent,
    blobs,
    classifier,
    regressor,
    sequences,
    waves,
)


def objective(net, X, y, params="all"):
    """That of an untrained net in double precision."""
    net.initialize()
    net.module_.double()
    labels = np.unique(y) if y.dtype.kind == "i" else None
    encoding = ModuleTargets(Shape.of(y), labels)
    function = ModuleFunction.of(net, params, Shape.of(X), encoding)
    rows = Rows(Shape.of(X).flat(X, "X"), encoding.read(y), np.ones(X.shape[0]))
    return ModuleObjective.of(function, rows)


def dense_problem(n_rows=30, **params):
    X, y = blobs(n_rows)
    return objective(classifier(**params), X.astype(np.float64), y)


def wave_problem(**params):
    X, y = waves(20)
    return objective(regressor(**params), X.astype(np.float64), y.astype(np.float64))


def sequence_problem(module, **params):
    return objective(classifier(module, **params), *sequences(8))


class Packed(Recurrent):
    """Of lengths that differ: torch packs these where no forward derivative goes."""

    def forward(self, X):
        lengths = (X > 2).sum(dim=1).clamp(min=1)
        rnn = nn.utils.rnn
        packed = rnn.pack_padded_sequence(
            self.embed(X), lengths, batch_first=True, enforce_sorted=False
        )
        hidden, _ = rnn.pad_packed_sequence(
            self.layer(packed)[0], batch_first=True, total_length=X.shape[1]
        )
        return self.head(hidden).transpose(1, 2)


class Normed(Dense):
    """With a layer whose operation has no forward derivative."""

    def __init__(self):
        super().__init__()
        self.head = nn.utils.parametrizations.weight_norm(self.head)


class Counting(Dense):
    """Writes into buffers, also in evaluation mode, and reads them."""

    def __init__(self):
        super().__init__()
        self.register_buffer("count", torch.zeros(()))
        self.register_buffer("mean", torch.zeros(8))

    def forward(self, X):
        self.count += 1
        hidden = self.body(X)
        self.mean.mul_(0.9).add_(0.1 * hidden.detach().mean(dim=0))
        return self.head(hidden)


PROBLEMS = {
    "logits": dense_problem,
    "probabilities": lambda: dense_problem(
        criterion=nn.NLLLoss, module__end=nn.Softmax(dim=-1)
    ),
    "class weights": lambda: dense_problem(
        criterion__weight=torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64),
        batch_size=-1,
    ),
    "summed": lambda: dense_problem(criterion__reduction="sum"),
    "batch norm": lambda: dense_problem(module__norm=True),
    "dropout": lambda: dense_problem(module__dropout=0.5),
    "squared error": wave_problem,
    "LSTM": lambda: sequence_problem(Recurrent),
    "GRU": lambda: sequence_problem(Recurrent, module__layer=nn.GRU),
    "attention": lambda: sequence_problem(Attentive),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_derivatives(name):
    problem = PROBLEMS[name]()
    theta = problem.function.theta()
    direction = torch.randn(theta.shape, dtype=theta.dtype)
    step = 1e-5 * direction
    _, gradient = problem.value_and_gradient(theta)
    above, gradient_above = problem.value_and_gradient(theta + step)
    below, gradient_below = problem.value_and_gradient(theta - step)
    slope = (above - below) / 2e-5
    np.testing.assert_allclose(float(gradient @ direction), slope, rtol=1e-6)
    bend = (gradient_above - gradient_below) / 2e-5
    product = problem.curvature(theta, None, "hessian").dot(direction)
    torch.testing.assert_close(product, bend, rtol=1e-5, atol=1e-6)


#: Of whose operations torch has no forward derivatives.
BACKWARD = {
    "packed sequences": lambda: sequence_problem(Packed),
    "weight norm": lambda: dense_problem(module=Normed),
    "buffers": lambda: dense_problem(module=Counting),
}


@pytest.mark.parametrize(
    "name", ["logits", "probabilities", "squared error", "LSTM", *BACKWARD]
)
def test_gauss_newton_is_the_dense_matrix(name):
    problem = {**PROBLEMS, **BACKWARD}[name]()
    function, theta = problem.function, problem.function.theta()
    (X, y, weight), *_ = function.batches(problem.rows.take(np.arange(5)))

    def raw(parameters):
        return function.raw(function.outputs(parameters, X)).reshape(-1)

    with function.differentiable():
        jacobian = torch.autograd.functional.jacobian(raw, theta)
        predicted = function.raw(function.outputs(theta, X))
        bend = torch.autograd.functional.hessian(
            lambda flat: function.raw_loss(flat.view_as(predicted), X, y, weight),
            predicted.reshape(-1),
        )
    share = 5 / problem.n_rows
    dense = jacobian.T @ bend @ jacobian / share + torch.diag(problem.decay)
    matrix = problem.curvature(theta, np.arange(5), "gauss_newton")
    for _ in range(3):
        vector = torch.randn_like(theta)
        torch.testing.assert_close(matrix.dot(vector), dense @ vector)
    assert float(torch.linalg.eigvalsh(dense)[0]) > -1e-10


@pytest.mark.parametrize("name", ["logits", "squared error", "LSTM"])
def test_squares_are_those_of_the_gradients_of_batches(name):
    problem = PROBLEMS[name]()
    theta = problem.function.theta()
    problem.function.net.batch_size = 1
    value, gradient, squares = problem.slope(theta)
    rows = [problem.rows.take(np.array([i])) for i in range(problem.n_rows)]
    each = [
        replace(problem, rows=row).data_value_and_gradient(theta)[1] for row in rows
    ]
    torch.testing.assert_close(squares, torch.stack(each).square().sum(dim=0))
    matrix = problem.curvature(theta, None, "gauss_newton", squares)
    torch.testing.assert_close(matrix.diagonal, squares + problem.decay)
    assert problem.value(theta) == pytest.approx(value)
    torch.testing.assert_close(gradient, problem.value_and_gradient(theta)[1])
    problem.function.net.batch_size = -1
    assert problem.slope(theta).squares is None  # of one batch: the gradient again


def test_squares_estimate_the_diagonal():
    """Where labels are drawn as the model says, a row's have its curvature as mean."""
    problem = dense_problem(600, batch_size=1, optimizer__weight_decay=0.0)
    theta = problem.function.theta()
    generator = torch.Generator().manual_seed(0)
    problem.function.net.batch_size = -1
    ((X, *_),) = problem.function.batches(problem.rows)
    chances = problem.function.outputs(theta, X).softmax(dim=1)
    y = torch.multinomial(chances, 1, generator=generator).double().numpy()
    problem = replace(problem, rows=replace(problem.rows, y=y))
    problem.function.net.batch_size = 1
    squares = problem.slope(theta).squares
    problem.function.net.batch_size = -1
    matrix = problem.curvature(theta, None, "gauss_newton")
    axes = torch.eye(theta.numel(), dtype=theta.dtype)
    diagonal = torch.stack([matrix.dot(axis) @ axis for axis in axes])
    seen = diagonal > 1e-2 * diagonal.max()
    ratios = squares[seen] / diagonal[seen]
    assert float((ratios - 1.0).abs().max()) < 0.5


def test_probabilities_have_the_curvature_of_logits():
    plain, ended = PROBLEMS["logits"](), PROBLEMS["probabilities"]()
    theta = plain.function.theta()
    vector = torch.randn_like(theta)
    products = [
        each.curvature(theta, None, "gauss_newton").dot(vector)
        for each in (plain, ended)
    ]
    torch.testing.assert_close(*products)


@pytest.mark.parametrize("name", ["logits", "summed", "batch norm", "LSTM"])
def test_no_figure_depends_on_the_batches(name):
    problem = PROBLEMS[name]()
    theta = problem.function.theta()
    vector = torch.randn_like(theta)
    decay = problem.decay.clone()
    figures = []
    for size in (-1, 1, 7):
        problem.function.net.batch_size = size
        value, gradient = problem.value_and_gradient(theta)
        product = problem.curvature(theta, None, "gauss_newton").dot(vector)
        mean = problem.mean_loss(theta)
        figures.append(
            torch.cat([torch.tensor([value, mean]), gradient, product]).double()
        )
    for other in figures[1:]:
        torch.testing.assert_close(figures[0], other, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(problem.decay, decay)


def test_a_subset_of_the_parameters():
    X, y = blobs(30)
    X = X.astype(np.float64)
    everything = objective(classifier(), X, y)
    for params, names in {
        "last_layer": ["head.weight", "head.bias"],
        "head.*": ["head.weight", "head.bias"],
        ("*.bias",): ["body.0.bias", "head.bias"],
    }.items():
        part = objective(classifier(), X, y, params)
        assert part.function.names == names
        theta, full = part.function.theta(), everything.function.theta()
        _, gradient = part.value_and_gradient(theta)
        _, whole = everything.value_and_gradient(full)
        places = torch.cat(
            [
                torch.full((each.numel(),), name in names)
                for name, each in everything.function.module.named_parameters()
            ]
        )
        torch.testing.assert_close(gradient, whole[places])


def test_weight_decay_is_that_of_the_optimiser():
    problem = dense_problem(optimizer__weight_decay=0.25)
    assert float(problem.decay[0]) == 0.25 * 30
    assert float(dense_problem(optimizer=torch.optim.SGD).decay[0]) == 1e-3 * 30
    summed = dense_problem(criterion__reduction="sum", batch_size=10)
    assert float(summed.decay[0]) == pytest.approx(1e-3 * 3)
    for sizes, n_batches in (  # that of training counts, and one batch is one
        ({"batch_size": -1, "iterator_valid__batch_size": 10}, 1),
        ({"batch_size": 10, "iterator_valid__batch_size": -1}, 3),
        ({"batch_size": 5, "iterator_train__batch_size": 15}, 2),
        ({"batch_size": 300}, 1),
    ):
        summed = dense_problem(criterion__reduction="sum", **sizes)
        assert float(summed.decay[0]) == pytest.approx(1e-3 * n_batches)
    grouped = dense_problem(
        optimizer__param_groups=[("*bias", {"weight_decay": 0.0})],
    )
    named = dict(grouped.function.module.named_parameters())
    ends = np.cumsum([each.numel() for each in named.values()])
    at = dict(zip(named, ends, strict=True))
    assert float(grouped.decay[at["body.0.bias"] - 1]) == 0.0
    assert float(grouped.decay[at["head.weight"] - 1]) == 1e-3 * 30


class Tied(Recurrent):
    """Scores tokens by the vectors that embed them."""

    def __init__(self):
        super().__init__()
        self.layer = nn.LSTM(4, 4, batch_first=True)
        self.head = nn.Linear(4, N_TOKENS, bias=False)
        self.head.weight = self.embed.weight


def test_names_of_layers_that_share_or_derive_parameters():
    head = ["head.bias", "head.parametrizations.weight.original0"]
    head.append("head.parametrizations.weight.original1")
    for params in ("last_layer", "head.*"):
        assert selected(Normed(), params) == head
        assert selected(Tied(), params) == ["embed.weight"]


def test_buffers_stay_as_they_are():
    problem = BACKWARD["buffers"]()
    theta = problem.function.theta()
    problem.value_and_gradient(theta)
    problem.curvature(theta, None, "gauss_newton").dot(theta)
    assert float(problem.function.module.count) == 0.0
    assert not problem.function.module.mean.any()


def test_derivatives_where_torch_takes_none():
    problem = dense_problem()
    theta = problem.function.theta()
    value, gradient = problem.value_and_gradient(theta)
    product = problem.curvature(theta, None, "gauss_newton").dot(theta)
    with torch.no_grad():
        assert problem.value_and_gradient(theta)[0] == value
        torch.testing.assert_close(problem.value_and_gradient(theta)[1], gradient)
        matrix = problem.curvature(theta, None, "gauss_newton")
        torch.testing.assert_close(matrix.dot(theta), product)


def test_no_square_matrix_is_made():
    wide = objective(classifier(Dense, module__n_in=60_000), *large_rows())
    theta = wide.function.theta()
    assert theta.numel() > 480_000  # its square would take 1.8 TB
    product = wide.curvature(theta, None, "gauss_newton").dot(theta)
    assert bool(torch.isfinite(product).all())


def large_rows():
    generator = np.random.default_rng(0)
    return generator.normal(size=(4, 60_000)), np.array([0, 1, 2, 0])
