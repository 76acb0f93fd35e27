"""The multi-layer perceptron: raw predictions, and derivatives of a loss of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import expit

from sklearn_unlearn.core.arrays import (
    Array,
    Data,
    as_float64,
    squared,
    times,
    transposed_times,
)
from sklearn_unlearn.core.losses.smooth import Loss
from sklearn_unlearn.core.rows import Rows

_Function = Callable[[Array], Array]


@dataclass(frozen=True)
class Activation:
    """A function of each unit, and its derivatives as functions of its value."""

    value: _Function
    slope: _Function
    bend: _Function


def _zeros(value: Array) -> Array:
    return np.zeros_like(value)


#: By the name that scikit-learn gives them.
ACTIVATIONS = {
    "identity": Activation(lambda z: z, np.ones_like, _zeros),
    "logistic": Activation(
        expit, lambda a: a * (1.0 - a), lambda a: a * (1.0 - a) * (1.0 - 2.0 * a)
    ),
    "tanh": Activation(
        np.tanh, lambda a: 1.0 - a * a, lambda a: -2.0 * a * (1.0 - a * a)
    ),
    # at its kink the derivative is that of the left, as scikit-learn has it
    "relu": Activation(
        lambda z: np.maximum(z, 0.0), lambda a: (a > 0.0).astype(np.float64), _zeros
    ),
}


@dataclass(frozen=True, eq=False)
class Perceptron:
    """Layers of units; the last is linear and gives the raw predictions of a loss.

    Its parameters are one flat vector: the weights of all layers, then the intercepts
    of all layers.

    Attributes
    ----------
    sizes : tuple of int
        Columns of the data, units of each hidden layer, raw predictions.
    activation : str
        Of the hidden layers, a key of `ACTIVATIONS`.
    loss : Loss
    """

    sizes: tuple[int, ...]
    activation: str
    loss: Loss

    @property
    def n_weights(self) -> int:
        """How many parameters are weights; they come first."""
        return sum(
            below * above
            for below, above in zip(self.sizes, self.sizes[1:], strict=False)
        )

    @property
    def n_parameters(self) -> int:
        """Length of the flat vector."""
        return self.n_weights + sum(self.sizes[1:])

    def split(self, theta: Array) -> tuple[list[Array], list[Array]]:
        """Weights and intercepts of each layer, views of the flat vector."""
        weights, intercepts, at = [], [], 0
        for below, above in zip(self.sizes, self.sizes[1:], strict=False):
            weights.append(theta[at : at + below * above].reshape(below, above))
            at += below * above
        for above in self.sizes[1:]:
            intercepts.append(theta[at : at + above])
            at += above
        return weights, intercepts

    def joined(self, weights: list[Array], intercepts: list[Array]) -> Array:
        """The flat vector of these, in float64."""
        return np.concatenate(
            [np.ravel(part) for part in (*weights, *intercepts)], dtype=np.float64
        )

    def values(self, theta: Array, X: Data) -> list[Data]:
        """Values of all layers: the rows themselves, hidden units, raw predictions."""
        weights, intercepts = self.split(theta)
        function = ACTIVATIONS[self.activation].value
        layers = [as_float64(X)]
        for layer, (weight, intercept) in enumerate(
            zip(weights, intercepts, strict=True)
        ):
            z = times(layers[-1], weight) + intercept
            layers.append(z if layer == len(weights) - 1 else function(z))
        return layers

    def row_losses(self, theta: Array, rows: Rows) -> Array:
        """Loss of each row, without its weight."""
        raw = self.values(theta, rows.X)[-1]
        return self.loss.value(raw, rows.y)

    def value_and_gradient(self, theta: Array, rows: Rows) -> tuple[float, Array]:
        """Weighted sum of the losses, and its gradient."""
        layers = self.values(theta, rows.X)
        value = float(rows.weight @ self.loss.value(layers[-1], rows.y))
        delta = rows.weight[:, None] * self.loss.gradient(layers[-1], rows.y)
        slope = ACTIVATIONS[self.activation].slope
        weights, _ = self.split(theta)
        parts = []
        for layer in reversed(range(len(weights))):
            parts.append((transposed_times(layers[layer], delta), delta.sum(axis=0)))
            if layer:
                delta = (delta @ weights[layer].T) * slope(layers[layer])
        return value, self._packed(parts)

    def linearised(self, theta: Array, rows: Rows) -> Linearisation:
        """What products with second derivatives at theta need of these rows."""
        return Linearisation(self, theta, rows)

    def _packed(self, parts: list[tuple[Array, Array]]) -> Array:
        """The flat vector of layers, the last first."""
        weights = [weight for weight, _ in reversed(parts)]
        return self.joined(weights, [intercept for _, intercept in reversed(parts)])


class Linearisation:
    """Products with the second derivatives of the summed loss of some rows.

    Parameters
    ----------
    network : Perceptron
    theta : ndarray
    rows : Rows
    """

    def __init__(self, network: Perceptron, theta: Array, rows: Rows) -> None:
        self.network, self.rows = network, rows
        self.weights, _ = network.split(theta)
        self.layers = network.values(theta, rows.X)
        activation = ACTIVATIONS[network.activation]
        self.slopes = [activation.slope(layer) for layer in self.layers[1:-1]]
        raw = self.layers[-1]
        curvature = network.loss.curvature(raw, rows.y)
        shape = (-1,) + (1,) * (curvature.ndim - 1)
        self.curvature = rows.weight.reshape(shape) * curvature

    @cached_property
    def _deltas(self) -> list[Array]:
        """Derivatives in the input of each layer, the last weighted."""
        raw, rows = self.layers[-1], self.rows
        deltas = [rows.weight[:, None] * self.network.loss.gradient(raw, rows.y)]
        for layer in reversed(range(1, len(self.weights))):
            back = deltas[-1] @ self.weights[layer].T
            deltas.append(back * self.slopes[layer - 1])
        return deltas[::-1]

    @cached_property
    def _bends(self) -> list[Array]:
        """Derivatives in the value of each hidden unit times its second derivative."""
        bend = ACTIVATIONS[self.network.activation].bend
        return [
            (self._deltas[layer] @ self.weights[layer].T) * bend(self.layers[layer])
            for layer in range(1, len(self.weights))
        ]

    def gauss_newton_dot(self, vector: Array) -> Array:
        """``J' L J v``: J the Jacobian of raw predictions, L the loss's curvature.

        (Schraudolph, Fast Curvature Matrix-Vector Products, 2002.)
        """
        inputs, _ = self._forward(vector)
        delta = self._bent(inputs[-1])
        parts = []
        for layer in reversed(range(len(self.weights))):
            below = self.layers[layer]
            parts.append((transposed_times(below, delta), delta.sum(axis=0)))
            if layer:
                delta = (delta @ self.weights[layer].T) * self.slopes[layer - 1]
        return self.network._packed(parts)

    def hessian_dot(self, vector: Array) -> Array:
        """The Hessian times v, by the R-operator (Pearlmutter, 1994)."""
        directions, _ = self.network.split(vector)
        inputs, values = self._forward(vector)
        delta, parts = self._bent(inputs[-1]), []
        for layer in reversed(range(len(self.weights))):
            product = transposed_times(self.layers[layer], delta)
            if layer:  # the rows themselves do not change with the parameters
                product = product + values[layer].T @ self._deltas[layer]
            parts.append((product, delta.sum(axis=0)))
            if layer:
                back = delta @ self.weights[layer].T
                back += self._deltas[layer] @ directions[layer].T
                delta = back * self.slopes[layer - 1]
                delta += self._bends[layer - 1] * inputs[layer - 1]
        return self.network._packed(parts)

    def diagonal(self, generator: np.random.Generator) -> Array:
        """An unbiased estimate of the diagonal of the Gauss-Newton matrix.

        With random signs s, the squares of ``J' B s`` have the diagonal of
        ``J' B B' J`` as their mean (Bekas, Kokiopoulou and Saad, 2007).
        """
        root = self.network.loss.curvature_root(self.layers[-1], self.rows.y)
        n_rows, n_outputs = self.layers[-1].shape
        if root.ndim == 1:
            signs = generator.choice([-1.0, 1.0], (n_rows, n_outputs))
            delta = root[:, None] * signs
        else:
            signs = generator.choice([-1.0, 1.0], (n_rows, root.shape[2]))
            delta = np.einsum("ikl,il->ik", root, signs)
        delta *= np.sqrt(self.rows.weight)[:, None]
        parts = []
        for layer in reversed(range(len(self.weights))):
            squares, below = delta * delta, squared(self.layers[layer])
            parts.append((transposed_times(below, squares), squares.sum(axis=0)))
            if layer:
                delta = (delta @ self.weights[layer].T) * self.slopes[layer - 1]
        return self.network._packed(parts)

    def _forward(self, vector: Array) -> tuple[list[Array], list[Array]]:
        """Changes of the inputs and of the values of layers along a direction.

        The first of the values is that of the rows, which do not change.
        """
        directions, shifts = self.network.split(vector)
        inputs: list[Array] = []
        values: list[Array] = [np.zeros((0, 0))]
        for layer, (direction, shift) in enumerate(
            zip(directions, shifts, strict=True)
        ):
            change = times(self.layers[layer], direction) + shift
            if layer:
                change += values[-1] @ self.weights[layer]
            inputs.append(change)
            if layer < len(self.slopes):
                values.append(self.slopes[layer] * change)
        return inputs, values

    def _bent(self, change: Array) -> Array:
        """The weighted curvature of the loss times a change of raw predictions."""
        if self.curvature.ndim == 1:
            return self.curvature[:, None] * change
        bent: Array = np.matmul(self.curvature, change[:, :, None])[:, :, 0]
        return bent
