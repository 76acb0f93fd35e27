"""Losses that are weighted sums of parts, one a class: weights that requests change.

The weight of a class belongs to the loss and that of a row to the row, so that rows
stay what they are when the weights of all classes change with the data.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np

from sklearn_unlearn.core.arrays import Array, Indices
from sklearn_unlearn.core.losses.smooth import Loss


@runtime_checkable
class WeightedLoss(Loss, Protocol):
    """A loss that is linear in weights.

    Attributes
    ----------
    weights : ndarray of shape (n_parts,)
        Weight of each class, in their order; then of what belongs to none, if there is
        such a part.
    """

    weights: Array

    def reweighted(self, weights: Array) -> WeightedLoss:
        """The same loss with other weights; unit vectors give its parts."""


class ClassWeighted:
    """A loss times the weight of the class of the row.

    Parameters
    ----------
    loss : Loss
    weights : ndarray of shape (n_classes,)
        At least zero.
    groups : callable
        Position of the class of each encoded target: ``(n_rows, n_targets)`` to
        ``(n_rows,)``.
    """

    def __init__(
        self, loss: Loss, weights: Array, groups: Callable[[Array], Indices]
    ) -> None:
        self.loss, self.weights, self.groups = loss, weights, groups
        self.coupled = loss.coupled
        self.constant_curvature = loss.constant_curvature
        self.curvature_uses_target = loss.curvature_uses_target or bool(
            np.any(weights != weights[0])
        )
        self.shift_invariant = loss.shift_invariant
        self.has_scale = loss.has_scale
        self.target_degree = getattr(loss, "target_degree", 0.0)
        self.max_curvature = loss.max_curvature * float(weights.max())
        # |l'''| <= M l'' holds for multiples too
        self.self_concordance = loss.self_concordance

    def reweighted(self, weights: Array) -> ClassWeighted:
        """The same loss with other weights of the classes."""
        return ClassWeighted(self.loss, weights, self.groups)

    def value(self, raw: Array, target: Array) -> Array:
        """Loss of each row."""
        return self._weight(target) * self.loss.value(raw, target)

    def gradient(self, raw: Array, target: Array) -> Array:
        """First derivative in the raw prediction."""
        return self._weight(target)[:, None] * self.loss.gradient(raw, target)

    def curvature(self, raw: Array, target: Array) -> Array:
        """Second derivative, a number or a matrix a row."""
        return _times(self.loss.curvature(raw, target), self._weight(target))

    def curvature_root(self, raw: Array, target: Array) -> Array:
        """Factor B with ``B B'`` = second derivative."""
        root = np.sqrt(self._weight(target))
        return _times(self.loss.curvature_root(raw, target), root)

    def _weight(self, target: Array) -> Array:
        weight: Array = self.weights[self.groups(target)]
        return weight


def weights_of(loss: Loss) -> Array:
    """Weights of the parts of a weighted loss."""
    assert isinstance(loss, WeightedLoss)
    return loss.weights


def with_class_weights(loss: Loss, weights: Array) -> WeightedLoss:
    """A weighted loss with other weights of the classes."""
    assert isinstance(loss, WeightedLoss)
    return loss.reweighted(np.append(weights, loss.weights[weights.size :]))


def parts_of(loss: Loss) -> list[Loss]:
    """The parts of a weighted loss, each with weight one."""
    assert isinstance(loss, WeightedLoss)
    return [loss.reweighted(unit) for unit in np.eye(loss.weights.size)]


def _times(derivatives: Array, weight: Array) -> Array:
    """Each row's number or matrix times its weight."""
    return derivatives * weight.reshape(-1, *[1] * (derivatives.ndim - 1))


def largest_growth(before: Loss, after: Loss) -> float:
    """Largest factor by which a loss's weights of its parts have grown."""
    if before is after or not isinstance(before, WeightedLoss):
        return 1.0
    assert isinstance(after, WeightedLoss)
    some = after.weights > 0.0
    if np.any(before.weights[some] == 0.0):
        return math.inf
    return float((after.weights[some] / before.weights[some]).max(initial=0.0))
