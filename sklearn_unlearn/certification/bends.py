"""Norms of a change of the coefficients, in the geometry that is certified.

``doc/certification.rst``, theorems 3 and 5, has what they bound.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from sklearn_unlearn.certification.geometry import Geometry
from sklearn_unlearn.core.arrays import Array
from sklearn_unlearn.core.linear.bends import Way
from sklearn_unlearn.core.linear.factor import Factor
from sklearn_unlearn.core.linear.objective import Objective

_UNIT = float(np.finfo(np.float64).eps) / 2.0


def way_of(
    objective: Objective, factor: Factor, geometry: Geometry, vector: Array
) -> Way:
    """Norms of a vector of shape (p, n_outputs)."""
    packed = objective.pack(vector)
    form = max(float(np.vdot(packed, factor.curvature_dot(packed))), 0.0)
    reach, moments = geometry.reach, geometry.moments
    # as products of absolute values: sums in any order err by p u of this
    jump = float((reach @ np.abs(vector)).max())
    jump = min(jump, geometry.length * float(np.linalg.norm(vector, axis=0).max()))
    way = Way(
        whole=factor.norm(packed),
        data=math.sqrt(form),
        jump=jump * (1.0 + 4.0 * reach.size * _UNIT),
    )
    if moments is None:
        return way
    fourth = moments.norm(packed, geometry.terms)
    return replace(way, size=moments.length(vector), fourth=fourth)
