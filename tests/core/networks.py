"""Small networks at random parameters, with a loss of each kind."""

import numpy as np

from sklearn_unlearn.core.losses import (
    HalfBinomialLogistic,
    HalfPoisson,
    HalfSquaredError,
    MultinomialLogistic,
)
from sklearn_unlearn.core.losses.multi_output import Outputwise
from sklearn_unlearn.core.network.objective import NetworkObjective
from sklearn_unlearn.core.network.perceptron import Perceptron
from sklearn_unlearn.core.rows import Rows

#: A loss, and its raw predictions.
LOSSES = {
    "squared": (HalfSquaredError(), 2),
    "binary": (HalfBinomialLogistic(), 1),
    "softmax": (MultinomialLogistic(), 3),
    "poisson": (HalfPoisson(), 1),
    "several poisson": (Outputwise(HalfPoisson()), 2),
    "labels": (Outputwise(HalfBinomialLogistic()), 3),
}


def problem(loss="softmax", activation="tanh", hidden=(5, 4), decay=0.3, n_rows=23):
    generator = np.random.default_rng(0)
    function, n_outputs = LOSSES[loss]
    network = Perceptron((4, *hidden, n_outputs), activation, function)
    X = generator.normal(size=(n_rows, 4))
    if loss == "softmax":
        y = generator.integers(0, 3, (n_rows, 1)).astype(float)
    elif loss in ("binary", "labels"):
        y = generator.integers(0, 2, (n_rows, n_outputs)).astype(float)
    elif "poisson" in loss:
        y = generator.poisson(1.5, (n_rows, n_outputs)).astype(float)
    else:
        y = generator.normal(size=(n_rows, n_outputs))
    rows = Rows(X, y, generator.integers(0, 3, n_rows).astype(float))
    theta = 0.6 * generator.normal(size=network.n_parameters)
    return NetworkObjective(network, rows, decay, np.zeros(4, dtype=bool)), theta
