"""Norms of a change of the coefficients, in the geometry that is certified.

``doc/certification.rst``, theorems 3 and 5, has what they bound.
"""

from __future__ import annotations

import math
from dataclasses import astuple, replace

import numpy as np

from sklearn_unlearn.certification.geometry import Geometry, coarse
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
    jump = max(_largest_product(reach, geometry.length, column) for column in vector.T)
    way = Way(
        whole=math.sqrt(
            form + float(np.vdot(packed, factor.penalty[:, None] * packed))
        ),
        data=math.sqrt(form),
        jump=jump * (1.0 + 8.0 * reach.size * _UNIT),
    )
    if moments is None:
        return way
    return replace(
        way,
        size=moments.fourth.length(vector),
        fourth=moments.fourth.norm(packed, geometry.terms),
        square=moments.square(vector, geometry.terms),
    )


def _largest_product(reach: Array, length: float, vector: Array) -> float:
    """Largest ``|x . v|`` for ``|x_j| <= reach_j`` and a 2-norm of x up to ``length``.

    For any m > 0 it is at most ``m length^2 / 2`` and the sum of ``max_x x |v_j| - m
    x^2 / 2`` over columns; and x is at its bound where ``|v_j| / reach_j`` is above m.
    The columns are tried in this order, with the best m for which they may be.
    """
    size = np.abs(vector)
    there = (size > 0.0) & (reach > 0.0)
    size, reach = size[there], reach[there]
    by_column, by_length = float(reach @ size), length * float(np.linalg.norm(size))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        order = np.argsort(-size / reach)
        size, reach = size[order], reach[order]
        free = np.append(np.cumsum(np.square(size)[::-1])[::-1][1:], 0.0)
        room = np.maximum(length**2 - np.cumsum(np.square(reach)), 0.0)
        price = np.minimum(np.sqrt(free / room), size / reach)
        price = np.where(price > 0.0, price, size / reach)
        full = np.cumsum(reach * size) - 0.5 * price * np.cumsum(np.square(reach))
        found = full + 0.5 * (free / price + price * length**2)
    found = found[np.isfinite(found)]
    return min(by_column, by_length, float(found.min(initial=np.inf)))


def coarsened_way(way: Way) -> Way:
    """The same of which no number tells a coefficient: all are rounded up."""
    return Way(*(coarse(norm) for norm in astuple(way)))
