"""Huber's loss with a scale that is estimated together with the coefficients.

The scale is a second raw prediction that no column influences. A function of the
standardised residual, multiplied by the scale, is convex in both (the perspective of a
convex function: Boyd and Vandenberghe, Convex Optimization, 2004, section 3.2.6), and
homogeneous: the Hessian of a row has rank one, and two with a least scale.
"""

from __future__ import annotations

import numpy as np

from sklearn_unlearn.core.arrays import Array

#: In the place of infinity where the scale is not positive: times zero it is zero.
_OUTSIDE = 1e130


class ConcomitantHuber:
    """``s + s H((z - y) / s)`` for raw predictions z and s > 0; targets y.

    ``H(t)`` is ``t^2`` for ``|t| <= epsilon`` and ``2 epsilon |t| - epsilon^2`` beyond:
    Huber's proposal for a location and a scale at once (Owen, A robust hybrid of lasso
    and ridge regression, 2007). The second derivative jumps where rows become
    outliers, which have none, so that there is no self-concordance.

    Parameters
    ----------
    epsilon : float
        Residuals beyond this many scales count linearly.
    least : float, default=0.0
        Scale of targets that are fitted exactly, which otherwise is zero and no
        minimum: every row has ``least^2 / s`` more, as if its residual could not be
        smaller. Beside a scale that is larger it is its square that counts.
    """

    coupled = True
    constant_curvature = False
    curvature_uses_target = True
    shift_invariant = False
    max_curvature = np.inf
    self_concordance: float | None = None
    has_scale = True

    def __init__(self, epsilon: float, least: float = 0.0) -> None:
        self.epsilon = epsilon
        self.least = least

    def __repr__(self) -> str:
        least = f", {self.least!r}" if self.least else ""
        return f"ConcomitantHuber({self.epsilon!r}{least})"

    def value(self, raw: Array, target: Array) -> Array:
        residual, scale = raw[:, 0] - target[:, 0], raw[:, 1]
        clipped = self._clipped(raw, target)
        # homogeneous of degree one: the gradient times the arguments (Euler)
        value = 2.0 * clipped * residual + (1.0 - clipped**2) * scale
        value += self._share(scale) * self.least
        return np.where(scale > 0.0, value, _OUTSIDE)

    def gradient(self, raw: Array, target: Array) -> Array:
        clipped = self._clipped(raw, target)
        share = self._share(raw[:, 1])
        return np.column_stack([2.0 * clipped, 1.0 - clipped**2 - share**2])

    def curvature(self, raw: Array, target: Array) -> Array:
        root = self.curvature_root(raw, target)
        product: Array = root @ root.transpose(0, 2, 1)
        return product

    def curvature_root(self, raw: Array, target: Array) -> Array:
        clipped, scale = self._clipped(raw, target), raw[:, 1]
        near = np.abs(raw[:, 0] - target[:, 0]) <= self.epsilon * scale
        size = np.where(near, np.sqrt(2.0 / scale), 0.0)
        root = np.column_stack([size, -size * clipped])[:, :, None]
        if not self.least:
            return root
        least = np.zeros_like(root)
        least[:, 1, 0] = self._share(scale) * np.sqrt(2.0 / scale)
        return np.concatenate([root, least], axis=2)

    def _share(self, scale: Array) -> Array:
        """Of the scale, that which it has without residuals."""
        share: Array = self.least / np.where(scale > 0.0, scale, 1.0)
        return share

    def _clipped(self, raw: Array, target: Array) -> Array:
        """Residuals in scales, those of outliers at their limit, shape (n_rows,)."""
        scale = np.where(raw[:, 1] > 0.0, raw[:, 1], 1.0)
        limit = self.epsilon * scale
        clipped: Array = np.clip(raw[:, 0] - target[:, 0], -limit, limit) / scale
        return clipped
