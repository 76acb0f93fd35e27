"""Losses relative to a start: of rows that stay, and of those that leave.

Both have the slope that a loss has at the start in the predictions, not in the
parameters. Where training stopped early these differ by a curvature that is indefinite,
along which a descent would run away.
"""

from __future__ import annotations

import numpy as np

from sklearn_unlearn.core.arrays import Array
from sklearn_unlearn.core.losses.smooth import Loss


class Divergence:
    """``loss(f) - loss(f0)`` less the loss's slope at f0 times ``f - f0``.

    Zero and without slope at f0, nowhere negative, and its curvature is the loss's: of
    a cross entropy the divergence of Kullback and Leibler, of a squared error half the
    squared change (Bregman, 1967).

    Parameters
    ----------
    loss : Loss
    n_outputs : int
        Of its raw predictions. Targets have two parts behind those of the loss: the
        slopes, and the loss less slopes times predictions, both at f0.
    """

    def __init__(self, loss: Loss, n_outputs: int) -> None:
        self.loss, self.n_outputs = loss, n_outputs
        self.coupled = loss.coupled
        self.constant_curvature = loss.constant_curvature
        self.curvature_uses_target = loss.curvature_uses_target
        self.shift_invariant = loss.shift_invariant
        self.has_scale = loss.has_scale
        self.max_curvature = loss.max_curvature
        self.self_concordance = loss.self_concordance

    def targets(self, start: Array, target: Array) -> Array:
        """Targets of the divergence from the raw predictions ``start``."""
        slope = self.loss.gradient(start, target)
        level = self.loss.value(start, target) - _dot(slope, start)
        return np.column_stack([target, slope, level])

    def value(self, raw: Array, target: Array) -> Array:
        """Divergence of each row."""
        own, slope, level = self._parts(target)
        return self.loss.value(raw, own) - _dot(slope, raw) - level

    def gradient(self, raw: Array, target: Array) -> Array:
        """First derivative in the raw prediction."""
        own, slope, _ = self._parts(target)
        return self.loss.gradient(raw, own) - slope

    def curvature(self, raw: Array, target: Array) -> Array:
        """Second derivative."""
        return self.loss.curvature(raw, self._parts(target)[0])

    def curvature_root(self, raw: Array, target: Array) -> Array:
        """Factor B with ``B B'`` = second derivative."""
        return self.loss.curvature_root(raw, self._parts(target)[0])

    def _parts(self, target: Array) -> tuple[Array, Array, Array]:
        n_targets = target.shape[1] - self.n_outputs - 1
        return target[:, :n_targets], target[:, n_targets:-1], target[:, -1]


class Departure(Divergence):
    """Minus the loss's slope at f0 times f: what takes a row out.

    Without curvature: that of the row leaves with it.
    """

    def value(self, raw: Array, target: Array) -> Array:
        """Of each row."""
        return -_dot(self._parts(target)[1], raw)

    def gradient(self, raw: Array, target: Array) -> Array:
        """First derivative in the raw prediction."""
        return -self._parts(target)[1]

    def curvature(self, raw: Array, target: Array) -> Array:
        """None."""
        return np.zeros_like(super().curvature(raw, target))

    def curvature_root(self, raw: Array, target: Array) -> Array:
        """None."""
        return np.zeros_like(super().curvature_root(raw, target))


def _dot(slope: Array, raw: Array) -> Array:
    product: Array = np.einsum("ij,ij->i", slope, raw)
    return product
