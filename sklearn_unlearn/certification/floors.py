"""The rounding error of a gradient, carried through a request without reading the data.

``doc/certification.rst``, section "With data".
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace

import numpy as np

from sklearn_unlearn.certification.geometry import coarse, raw_rounding
from sklearn_unlearn.core.arrays import Array
from sklearn_unlearn.core.linear.bends import (
    bend,
    exponential,
    mean_growth,
    product,
)
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
    largest : float
        The same of `Rounding`.
    """

    size: float = 0.0
    sums: float = 0.0
    raw: float = 0.0
    roundings: float = 0.0
    read: float = 0.0
    largest: float = 0.0

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
            found.largest,
        )

    def coarsened(self) -> Floor:
        """The same of which no number tells a row: all are rounded up."""
        return replace(
            self,
            size=coarse(self.size),
            sums=coarse(self.sums),
            raw=coarse(self.raw),
            read=coarse(self.read),
            largest=coarse(self.largest),
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
UNKNOWN_FLOOR = Floor(*(np.inf for _ in fields(Floor)))


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
    longer : float
        2-norm of the data Hessian of absolute values times the absolute change or,
        after such a map, times the absolute coefficients.
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
    row_length : float
        2-norm of the longest row after it.
    rounded : float
        Rounding error of a raw prediction after it.
    """

    came: Floor
    length: float
    trace: float
    trace_after: float
    shift: float | None
    longer: float
    theta: float
    width: float
    regular: float
    more_regular: float
    exponents: float
    row_length: float
    rounded: float

    @staticmethod
    def of(
        old: Objective,
        new: Objective,
        edit: Edit,
        theta: Array,
        phi: Array,
        length: float,
        row_length: float,
        changed: Factor,
        after: Factor,
    ) -> FloorGrowth:
        """That of an edit that leads from ``theta`` to ``phi``.

        ``length`` and ``row_length`` are as above, and the factors are those with the
        rows changed, in old and in new coordinates.
        """
        mapped = isinstance(edit.feature_map, LinearMap)
        regular = new.rounded_terms(phi)
        before = 0.0 if mapped else old.rounded_terms(theta)
        came = edit.rows_in
        stays = phi if mapped else np.where(new.held, 0.0, phi - theta)
        # no entry of the Hessian of absolute values is above the root of the product
        # of its diagonal entries, which are those of the Hessian
        diagonal = data_diagonal(after)
        parts = np.sqrt(diagonal) @ np.abs(new.pack(stays))
        longer = math.sqrt(float(diagonal.sum())) * float(np.linalg.norm(parts))
        return FloorGrowth(
            came=NOTHING if came is None else Floor.of(old, came, theta).coarsened(),
            length=length,
            trace=data_trace(changed),
            trace_after=data_trace(after),
            shift=None if mapped else float(np.linalg.norm(stays)),
            longer=longer * (1.0 + 8.0 * diagonal.size * _UNIT),
            theta=float(np.linalg.norm(phi)),
            width=new.shape[0] + 2.0,
            regular=float(np.linalg.norm(regular)),
            more_regular=float(np.linalg.norm(np.maximum(regular - before, 0.0))),
            exponents=2.0 if old.loss.coupled else 1.0,
            row_length=row_length,
            rounded=raw_rounding(new, row_length, phi),
        )


def data_trace(factor: Factor) -> float:
    """Trace of the data Hessian."""
    return float(factor.diagonal.sum()) + max(factor.pending.trace, 0.0)


def data_diagonal(factor: Factor) -> Array:
    """Diagonal of the data Hessian, zero at coordinates that are not in the factor."""
    diagonal = np.zeros(factor.order)
    now = factor.diagonal + factor.pending.came - factor.pending.left
    diagonal[factor.kept] = np.maximum(now, 0.0)
    return diagonal


def carried_floor(
    floor: Floor,
    growth: FloorGrowth,
    *,
    constant: float,
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
    constant : float
        M of the loss.
    change, jump : float
        Bounds on how far raw predictions are from those at which the weights of H were
        taken, before it, and on their change.
    data : float
        Norm of the change in the data Hessian.
    error : float
        Relative error of quadratic forms.
    roundings : float
        Of a sum over the rows after it.
    """
    came, exact = growth.came, 1.0 / (1.0 - error)
    trace, trace_after = growth.trace * exact, growth.trace_after * exact
    longer = growth.longer * exact
    before, path = constant * change, constant * jump
    rounded = constant * growth.rounded
    # residuals change by their mean curvature times the change of a raw prediction
    mean = 1.0 + bend(before, path + rounded)
    added = came.sums + product(mean * math.sqrt(trace), data)
    sums = growth.length * (floor.sums + added)
    # that of a row is at most e^steep times what it was where H was taken
    steep = exponential(before + path + rounded)
    if growth.shift is None:
        largest = growth.row_length * growth.theta
        raw, size = product(steep, growth.width * longer), math.inf
    else:
        largest = max(floor.largest, came.largest) + growth.row_length * growth.shift
        fixed = roundings * added + growth.more_regular
        met = max(1.0, roundings / floor.roundings) if floor.roundings else math.inf
        # either the curvature of each row grows as that of the row whose raw prediction
        # changes most, or what it grows by is summed over the rows: by Cauchy and
        # Schwarz it is no more than the change in the data Hessian
        ways = [
            (exponential(growth.exponents * (path + rounded)), product(steep, longer))
        ]
        if growth.exponents == 1.0:
            grown = product(mean_growth(path) * constant * math.sqrt(trace_after), data)
            bent = product(exponential(before), longer + product(largest, grown))
            ways.append((exponential(rounded), bent))
        raw = size = math.inf
        for bent, more in ways:
            more = came.raw + growth.width * more
            raw = min(raw, product(bent, floor.raw + more))
            size = min(size, product(bent, met * floor.size + _UNIT * (more + fixed)))
    whole = _UNIT * (roundings * sums + raw + growth.regular)
    return Floor(min(size, whole), sums, raw, roundings, floor.read, largest)


def more_roundings(roundings: float, n_rows: int, n_came: int) -> float:
    """How many meet where rows come, whether they are sparse or not."""
    few, many = max(n_rows, 0), max(n_rows, 0) + n_came
    grown = max(
        n_roundings(many, kind) - n_roundings(few, kind) for kind in (False, True)
    )
    return roundings + float(grown) + (n_came > 0)
