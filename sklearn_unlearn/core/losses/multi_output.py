"""A loss of one raw prediction, summed over several that are independent."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sklearn_unlearn.core.arrays import Array
from sklearn_unlearn.core.losses.smooth import Loss


class Outputwise:
    """The sum over outputs of a loss of one; raw predictions and targets alike.

    Its curvature is a diagonal matrix a row.

    Parameters
    ----------
    loss : Loss
        Of each output; of one raw prediction.
    """

    coupled = True
    shift_invariant = False
    self_concordance: float | None = None
    has_scale = False

    def __init__(self, loss: Loss) -> None:
        self.loss = loss
        self.constant_curvature = loss.constant_curvature
        self.curvature_uses_target = loss.curvature_uses_target
        self.max_curvature = loss.max_curvature

    def value(self, raw: Array, target: Array) -> Array:
        """Loss of each row, shape ``(n_rows,)``."""
        losses: Array = self._each(self.loss.value, raw, target).sum(axis=1)
        return losses

    def gradient(self, raw: Array, target: Array) -> Array:
        """First derivative in the raw predictions, shape ``(n_rows, n_outputs)``."""
        return self._each(self.loss.gradient, raw, target)

    def curvature(self, raw: Array, target: Array) -> Array:
        """Second derivative, shape ``(n_rows, n_outputs, n_outputs)``."""
        return _diagonal(self._each(self.loss.curvature, raw, target))

    def curvature_root(self, raw: Array, target: Array) -> Array:
        """Its square root, of the same shape."""
        return _diagonal(self._each(self.loss.curvature_root, raw, target))

    def _each(
        self, method: Callable[[Array, Array], Array], raw: Array, target: Array
    ) -> Array:
        outputs = [slice(k, k + 1) for k in range(raw.shape[1])]
        return np.column_stack([method(raw[:, k], target[:, k]) for k in outputs])


def _diagonal(entries: Array) -> Array:
    identity: Array = np.eye(entries.shape[1])
    matrices: Array = entries[:, :, None] * identity
    return matrices
