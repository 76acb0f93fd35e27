"""The rounding error of a gradient, carried through a request without reading the data.

``doc/certification.rst``, section "With data".
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from sklearn_unlearn.certification.geometry import coarse
from sklearn_unlearn.core.arrays import Array
from sklearn_unlearn.core.linear.bends import bend, exponential, product
from sklearn_unlearn.core.linear.edits import Edit, LinearMap
from sklearn_unlearn.core.linear.factor import Factor
from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.linear.rounding import Rounding
from sklearn_unlearn.core.linear.summation import n_roundings
from sklearn_unlearn.core.rows import RowBlocks

_UNIT = float(np.finfo(np.float64).eps) / 2.0


@dataclass(frozen=True)
class Floor:
    """Bound on the rounding error of a gradient, and what it is made of.

    Attributes
    ----------
    size : float
        The bound on its 2-norm.
    sums, raw : float
        2-norms of the terms of `Rounding`.
    roundings : float
        That meet in a sum over the rows.
    read : float
        The size when the rows were last read.
    """

    size: float = 0.0
    sums: float = 0.0
    raw: float = 0.0
    roundings: float = 0.0
    read: float = 0.0

    @staticmethod
    def of(objective: Objective, rows: RowBlocks, theta: Array) -> Floor:
        """That of the gradient of these rows."""
        return Floor.from_rounding(objective.rounding(rows, theta))

    @staticmethod
    def from_rounding(found: Rounding) -> Floor:
        """That of a bound on the rounding error of the gradient of all rows."""
        return Floor(
            found.length,
            float(np.linalg.norm(found.sums)),
            float(np.linalg.norm(found.raw)),
            float(found.roundings),
            found.length,
        )

    def coarsened(self) -> Floor:
        """The same of which no number tells a row: all are rounded up."""
        return replace(
            self,
            size=coarse(self.size),
            sums=coarse(self.sums),
            raw=coarse(self.raw),
            read=coarse(self.read),
        )

    def times(self, factor: float) -> Floor:
        """The same with all bounds larger by a factor."""
        return replace(
            self,
            size=self.size * factor,
            sums=self.sums * factor,
            raw=self.raw * factor,
            read=self.read * factor,
        )


#: Of no rows.
NOTHING = Floor()
#: One of which nothing is known.
UNKNOWN_FLOOR = Floor(np.inf, np.inf, np.inf, np.inf, np.inf)


@dataclass(frozen=True)
class FloorGrowth:
    """What one request does to a `Floor`.

    Attributes
    ----------
    came : Floor
        Of the rows that come, where the request starts.
    length : float
        2-norm of the map of the features with absolute entries.
    trace, trace_after : float
        Of the data Hessian with the rows changed, in old and in new coordinates.
    shift : float or None
        2-norm of the change of the coefficients that stay. None for a map that mixes
        features, after which nothing is known of them one by one.
    theta : float
        2-norm of the coefficients after it.
    width : float
        Roundings in a raw prediction after it.
    regular, more_regular : float
        2-norms of the errors of penalty and linear term after it, and of what came to
        them.
    exponents : float
        How many changes of a raw prediction are in an exponent of the curvature: two
        off the diagonal of the softmax.
    """

    came: Floor
    length: float
    trace: float
    trace_after: float
    shift: float | None
    theta: float
    width: float
    regular: float
    more_regular: float
    exponents: float

    @staticmethod
    def of(
        old: Objective,
        new: Objective,
        edit: Edit,
        theta: Array,
        phi: Array,
        length: float,
        changed: Factor,
        after: Factor,
    ) -> FloorGrowth:
        """That of an edit that leads from ``theta`` to ``phi``.

        ``length`` is as above, and the factors are those with the rows changed, in old
        and in new coordinates.
        """
        mapped = isinstance(edit.feature_map, LinearMap)
        regular = new.rounded_terms(phi)
        before = 0.0 if mapped else old.rounded_terms(theta)
        came = edit.rows_in
        stays = np.where(new.held, 0.0, phi - theta) if not mapped else None
        return FloorGrowth(
            came=NOTHING if came is None else Floor.of(old, came, theta),
            length=length,
            trace=data_trace(changed),
            trace_after=data_trace(after),
            shift=None if stays is None else float(np.linalg.norm(stays)),
            theta=float(np.linalg.norm(phi)),
            width=new.shape[0] + 2.0,
            regular=float(np.linalg.norm(regular)),
            more_regular=float(np.linalg.norm(np.maximum(regular - before, 0.0))),
            exponents=2.0 if old.loss.coupled else 1.0,
        )


def data_trace(factor: Factor) -> float:
    """Trace of the data Hessian."""
    return float(factor.diagonal.sum()) + max(factor.pending.trace, 0.0)


def carried_floor(
    floor: Floor,
    growth: FloorGrowth,
    *,
    change: float,
    jump: float,
    data: float,
    error: float,
    roundings: float,
) -> Floor:
    """Bound on the rounding error of a gradient after a request.

    Parameters
    ----------
    floor : Floor
        Before it.
    growth : FloorGrowth
    change, jump : float
        Bounds on how far raw predictions are from those at which the weights of H were
        taken, before it, and on their change; both times M of the loss.
    data : float
        Norm of the change in the data Hessian.
    error : float
        Relative error of quadratic forms.
    roundings : float
        Of a sum over the rows after it.
    """
    came, exact = growth.came, 1.0 / (1.0 - error)
    trace, trace_after = growth.trace * exact, growth.trace_after * exact
    # residuals change by their mean curvature times the change of a raw prediction
    steep, mean = exponential(change + jump), 1.0 + bend(change, jump)
    added = came.sums + product(mean * math.sqrt(trace), data)
    sums = growth.length * (floor.sums + added)
    width, bent = growth.width, exponential(growth.exponents * jump)
    if growth.shift is None:
        raw = product(steep, width * trace_after * growth.theta)
        size = math.inf
    else:
        more = came.raw + product(steep, width * trace_after * growth.shift)
        raw = product(bent, floor.raw + more)
        more += roundings * added + growth.more_regular
        met = max(1.0, roundings / floor.roundings) if floor.roundings else math.inf
        size = product(bent, met * floor.size + _UNIT * more)
    whole = _UNIT * (roundings * sums + raw + growth.regular)
    return Floor(min(size, whole), sums, raw, roundings, floor.read)


def more_roundings(roundings: float, n_rows: int, n_came: int) -> float:
    """How many meet where rows come, whether they are sparse or not."""
    few, many = max(n_rows, 0), max(n_rows, 0) + n_came
    grown = max(
        n_roundings(many, kind) - n_roundings(few, kind) for kind in (False, True)
    )
    return roundings + float(grown) + (n_came > 0)
