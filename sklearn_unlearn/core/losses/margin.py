"""Losses of support vector machines: quadratic beyond a margin and zero within.

Their gradient is continuous, their second derivative is not: it jumps at the margin, so
that a generalised one takes its place (Qi and Sun, A nonsmooth version of Newton's
method, 1993), two for rows beyond the margin and zero for the others. Newton's method
ends in finitely many steps, and a request is exact if no row crosses the margin.
Nothing bounds the jump: there is no self-concordance.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np

from sklearn_unlearn.core.arrays import Array
from sklearn_unlearn.core.losses.smooth import SingleOutputLoss


@runtime_checkable
class MarginLoss(Protocol):
    """A loss of independent raw predictions whose second derivatives jump, once each.

    It is constant on both sides of a margin.
    """

    def distance(self, raw: Array, target: Array) -> Array:
        """Of each raw prediction from its nearest margin, ``(n_rows, n_outputs)``."""

    def jump(self, target: Array) -> Array:
        """By how much the second derivative jumps, ``(n_rows, n_outputs)``."""


class SquaredHinge(SingleOutputLoss):
    """``max(0, 1 - y raw)^2``; targets -1 or 1, as many as raw predictions.

    Parameters
    ----------
    positive : ndarray of shape (n_outputs,)
        Weight of targets of 1. Several raw predictions have a target and a curvature
        each: that of a row is a diagonal matrix.
    negative : float, default=1.0
        Weight of targets of -1.
    """

    def __init__(self, positive: Array, negative: float = 1.0) -> None:
        self.positive, self.negative = positive, float(negative)
        self.weights = np.append(positive, self.negative)
        if positive.size == 1:  # two classes, the negative one first
            self.weights = self.weights[::-1]
        self.coupled = positive.size > 1
        self.max_curvature = 2.0 * max(self.negative, float(positive.max()))

    def reweighted(self, weights: Array) -> SquaredHinge:
        """The same loss with other ``weights``.

        Those are of the two classes or, of more, of targets of 1 of each, and then of
        all targets of -1.
        """
        if self.positive.size == 1:
            weights = weights[::-1]
        return SquaredHinge(weights[:-1], weights[-1])

    def value(self, raw: Array, target: Array) -> Array:
        squares = np.square(_beyond(1.0 - target * raw))
        summed: Array = (self._weight(target) * squares).sum(axis=1)
        return summed

    def gradient(self, raw: Array, target: Array) -> Array:
        beyond = _beyond(1.0 - target * raw)
        gradient: Array = -2.0 * self._weight(target) * target * beyond
        return gradient

    def curvature(self, raw: Array, target: Array) -> Array:
        active: Array = 2.0 * self._weight(target) * (target * raw < 1.0)
        if not self.coupled:
            return active[:, 0]
        return active[:, :, None] * np.eye(raw.shape[1])

    def distance(self, raw: Array, target: Array) -> Array:
        """Of each raw prediction from its margin."""
        return np.abs(1.0 - target * raw)

    def jump(self, target: Array) -> Array:
        """Second derivatives beyond it."""
        return 2.0 * self._weight(target)

    def _weight(self, target: Array) -> Array:
        weight: Array = np.where(target > 0.0, self.positive, self.negative)
        return weight


class SquaredEpsilonInsensitive(SingleOutputLoss):
    """``max(0, |raw - y| - epsilon)^2``; for epsilon = 0 the squared error.

    Parameters
    ----------
    epsilon : float
        Size of errors that do not count.
    """

    max_curvature = 2.0

    def __init__(self, epsilon: float) -> None:
        self.epsilon = epsilon
        self.constant_curvature = epsilon == 0.0
        self.target_degree = 1.0
        self.curvature_uses_target = epsilon > 0.0
        self.self_concordance = None if epsilon > 0.0 else 0.0

    def value(self, raw: Array, target: Array) -> Array:
        return np.square(_beyond(np.abs(raw - target)[:, 0] - self.epsilon))

    def gradient(self, raw: Array, target: Array) -> Array:
        residual = raw - target
        size = _beyond(np.abs(residual) - self.epsilon)
        return 2.0 * np.copysign(size, residual)

    def curvature(self, raw: Array, target: Array) -> Array:
        beyond = np.abs(raw - target)[:, 0] >= self.epsilon
        return np.where(beyond, 2.0, 0.0)

    def distance(self, raw: Array, target: Array) -> Array:
        """Of each raw prediction from the nearer of both margins."""
        return np.abs(np.abs(raw - target) - self.epsilon)

    def jump(self, target: Array) -> Array:
        """Second derivatives beyond them."""
        return np.full(target.shape, 2.0)


def _beyond(excess: Array) -> Array:
    return np.maximum(excess, 0.0)
