"""The objective of a multi-layer perceptron over rows, and its curvature."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from sklearn_unlearn.core.arrays import Array, Indices, Mask
from sklearn_unlearn.core.network.descent import Kind, Slope
from sklearn_unlearn.core.network.divergence import Divergence
from sklearn_unlearn.core.network.perceptron import Linearisation, Perceptron
from sklearn_unlearn.core.rows import BLOCK_ENTRIES, Rows, pass_cost
from sklearn_unlearn.core.threads import in_order

#: Values of units that a curvature keeps between its products: 128 MiB.
_KEPT_ENTRIES = 2**24


@dataclass(frozen=True, eq=False)
class NetworkObjective:
    """Summed loss of rows plus ``decay / 2`` times the squared weights.

    Intercepts do not decay. Weights of forgotten columns stay where they are.

    Attributes
    ----------
    network : Perceptron
    rows : Rows
    decay : float
    forgotten : ndarray of bool of shape (n_columns,)
    """

    network: Perceptron
    rows: Rows
    decay: float
    forgotten: Mask

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self.rows.n_rows

    def value(self, theta: Array) -> float:
        """The objective."""
        value = sum(
            float(block.weight @ self.network.row_losses(theta, block))
            for block in self.blocks(self.rows)
        )
        return value + 0.5 * float(self._decayed(theta) @ theta)

    def slope(self, theta: Array) -> Slope:
        """The objective and its gradient: the curvature knows its own diagonal."""
        return Slope(*self.value_and_gradient(theta))

    def value_and_gradient(self, theta: Array) -> tuple[float, Array]:
        """The objective and its gradient."""
        value, gradient = self.data_value_and_gradient(theta)
        decayed = self._decayed(theta)
        value += 0.5 * float(decayed @ theta)
        return value, gradient + decayed

    def data_value_and_gradient(self, theta: Array) -> tuple[float, Array]:
        """The same without the decay."""

        def term(block: Rows) -> tuple[float, Array]:
            return self.network.value_and_gradient(theta, block)

        value, gradient = 0.0, np.zeros_like(theta)
        for part, slope in in_order(term, self.blocks(self.rows)):
            value += part
            gradient += slope
        return value, self._alive(gradient)

    def mean_loss(self, theta: Array) -> float:
        """Weighted mean of the losses of the rows."""
        value = weight = 0.0
        for block in self.blocks(self.rows):
            value += float(block.weight @ self.network.row_losses(theta, block))
            weight += float(block.weight.sum())
        return value / weight if weight else 0.0

    def curvature(
        self,
        theta: Array,
        rows: Indices | None,
        kind: Kind,
        squares: None = None,
    ) -> NetworkCurvature:
        """The curvature at theta, estimated from some rows; None means all."""
        if rows is None:
            return NetworkCurvature(self, theta, self.rows, kind)
        sample = self.rows.take(rows)
        share = float(sample.weight.sum() / self.rows.weight.sum())
        sample = sample.reweighted(sample.weight / share)
        return NetworkCurvature(self, theta, sample, kind)

    def relative(
        self,
        start: Array,
        before: Rows | None = None,
        kind: type[Divergence] = Divergence,
    ) -> NetworkObjective:
        """The same rows with a loss relative to what was predicted of them.

        Parameters
        ----------
        start : ndarray
            Parameters that predicted.
        before : Rows, optional
            The rows as they were then, if they were others.
        kind : {Divergence, Departure}
        """
        network, rows = self.network, self.rows
        divergence = kind(network.loss, network.sizes[-1])
        targets = [
            divergence.targets(network.values(start, block.X)[-1], block.y)
            for block in self.blocks(rows if before is None else before)
        ]
        rows = replace(rows, y=np.concatenate(targets))
        return replace(self, network=replace(network, loss=divergence), rows=rows)

    def blocks(self, rows: Rows) -> Iterator[Rows]:
        """Rows in blocks whose units, of all layers, are as many as a pass reads."""
        units = rows.n_rows * sum(self.network.sizes)
        stored = pass_cost(rows)
        return rows.blocks(max(1, int(BLOCK_ENTRIES * (stored / max(units, 1)))))

    def _alive(self, vector: Array) -> Array:
        """A vector that leaves weights of forgotten columns alone; written to."""
        if self.forgotten.any():
            self.network.split(vector)[0][0][self.forgotten] = 0.0
        return vector

    def _decayed(self, vector: Array) -> Array:
        """The decay's matrix times a vector."""
        decayed = np.zeros_like(vector)
        n_weights = self.network.n_weights
        decayed[:n_weights] = self.decay * vector[:n_weights]
        return self._alive(decayed)


@dataclass(frozen=True, eq=False)
class NetworkCurvature:
    """Gauss and Newton's matrix, or the Hessian, of an objective at theta.

    Attributes
    ----------
    objective : NetworkObjective
        Whose decay and forgotten columns count.
    theta : ndarray
    rows : Rows
        From which it is estimated.
    kind : {"gauss_newton", "hessian"}
    """

    objective: NetworkObjective
    theta: Array
    rows: Rows
    kind: Kind

    def dot(self, vector: Array) -> Array:
        """The matrix times a vector."""

        def term(part: Linearisation) -> Array:
            if self.kind == "hessian":
                return part.hessian_dot(vector)
            return part.gauss_newton_dot(vector)

        product = self.objective._decayed(vector)
        for each in in_order(term, self._parts()):
            product += each
        return self.objective._alive(product)

    @cached_property
    def diagonal(self) -> Array:
        """An estimate of the diagonal of Gauss and Newton's matrix."""
        generator = np.random.default_rng(0)
        diagonal = self.objective._decayed(np.ones_like(self.theta))
        for part in self._parts():
            diagonal += part.diagonal(generator)
        return self.objective._alive(diagonal)

    @cached_property
    def _kept(self) -> list[Linearisation] | None:
        units = self.rows.n_rows * sum(self.objective.network.sizes)
        return list(self._made()) if units <= _KEPT_ENTRIES else None

    def _parts(self) -> Iterator[Linearisation]:
        return self._made() if self._kept is None else iter(self._kept)

    def _made(self) -> Iterator[Linearisation]:
        network = self.objective.network
        for block in self.objective.blocks(self.rows):
            yield Linearisation(network, self.theta, block)
