"""Drift, the gradient that is left: measured with data, carried on without.

Theorems 3 and 5 of ``doc/certification.rst`` and its section "With data".
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from sklearn_unlearn.certification.bends import coarsened_way, way_of
from sklearn_unlearn.certification.distance import (
    LARGEST_ERROR,
    Drift,
    self_concordance,
)
from sklearn_unlearn.certification.floors import (
    UNKNOWN_FLOOR,
    Floor,
    FloorGrowth,
    carried_floor,
    more_roundings,
)
from sklearn_unlearn.certification.geometry import (
    Geometry,
    coarse,
    coarsened,
    largest_norm,
    measured_geometry,
    over_root,
    raw_rounding,
    reexamined,
)
from sklearn_unlearn.certification.growth import Growth, growth
from sklearn_unlearn.certification.moments import Moments
from sklearn_unlearn.core.arrays import Array
from sklearn_unlearn.core.linear.bends import bend_of, exponential, product
from sklearn_unlearn.core.linear.edits import Edit, LinearMap
from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.linear.state import State
from sklearn_unlearn.core.linear.steps import StepResult
from sklearn_unlearn.core.linear.units import Units
from sklearn_unlearn.core.rows import RowBlocks, pass_cost

#: Of no product with the rows: see `largest_changes`.
NOT_SEEN = np.inf, np.inf
#: Loss of certified eigenvalues by requests after which they are certified anew.
_OLD = 2.0


def measured(
    state: State,
    rows: RowBlocks,
    *,
    geometry: Geometry | None = None,
    extent: tuple[Array, float] | None = None,
    exact: bool = False,
    alone: bool = False,
    computed: bool = False,
    seen: float = np.inf,
) -> Drift:
    """The drift of a state, from a pass over its rows.

    Parameters
    ----------
    state : State
        Its ``gradient`` is the part that is known.
    rows : RowBlocks
        All rows of the objective.
    geometry : Geometry, optional
        What is known of the Hessian; without it, and for any factor that it is not of,
        the factor was computed from these rows.
    extent : tuple of ndarray and float, optional
        Bounds on ``reach`` and ``length`` of these rows, if they are known.
    exact : bool, default=False
        Whether R is computed row by row, for the price of a pass for a Hessian.
    alone : bool, default=False
        Whether requests will come without data, for which `Moments` are kept for
        the same price.
    computed : bool, default=False
        Whether ``state.gradient`` was computed from these rows at its coefficients, as
        refinement does: it has then the rounding errors of a sum of them, no others.
    seen : float, default=inf
        A bound on the change of raw predictions, if one is known.

    Returns
    -------
    Drift
    """
    objective, theta = state.objective, state.theta
    if geometry is None or geometry.factor is not state.factor:
        geometry = measured_geometry(objective, state.factor, rows, extent)
    if exact:
        geometry = _exactly_long(objective, geometry, rows)
    # the curvature in the bound is that of rounded raw predictions
    slack = raw_rounding(objective, geometry.length, theta)
    # the raw change since the anchor comes from the same pass
    lag = None if objective.loss.constant_curvature else theta - state.anchor
    read = objective.rounding(rows, theta, lag)
    floor = Floor.from_rounding(read)
    floor = floor.times(exponential(self_concordance(objective) * slack))
    length = floor.size
    if not computed:
        gradient = objective.gradient(rows, theta)
        length += float(np.linalg.norm(gradient - state.gradient))
    unknown = over_root(length, geometry.smallest)
    units = Units.of(objective.loss, rows)
    found = Drift(geometry, 0.0, unknown, length, floor, units)
    if lag is None:
        return found
    slack += raw_rounding(objective, geometry.length, state.anchor)
    change = min(geometry.blur + slack + read.change, seen)
    if not alone or geometry.blur > 0.0:
        return replace(found, change=change)
    moments = Moments.of(objective, state.factor, rows, state.anchor)
    found = replace(found, geometry=replace(geometry, moments=moments), change=change)
    if not geometry.error <= LARGEST_ERROR:
        return found
    # from the anchor the gradient is a straight line, and what the weights bent
    way = way_of(objective, state.factor, found.geometry, lag)
    way = way.exactly(geometry.error, geometry.radius)
    bent = bend_of(self_concordance(objective), slack, 0.0, slack, way)
    return replace(found, rest=unknown + bent, slack=slack, size=way.size)


def with_exact_radius(state: State, rows: RowBlocks, drift: Drift) -> Drift:
    """The same with R computed row by row."""
    geometry = _exactly_long(state.objective, drift.geometry, rows)
    return replace(drift, geometry=geometry)


def _exactly_long(
    objective: Objective, geometry: Geometry, rows: RowBlocks
) -> Geometry:
    radius = largest_norm(objective, geometry.factor, rows)
    return replace(geometry, radius=min(radius, geometry.radius))


def kept(drift: Drift, before: Geometry | None = None) -> Drift:
    """What of a measured drift may be kept when rows of it have left.

    Parameters
    ----------
    drift : Drift
    before : Geometry, optional
        That with which it was measured.
    """
    geometry = drift.geometry
    if before is None or before.factor is not geometry.factor:
        geometry = coarsened(geometry)
    elif geometry.radius != before.radius:
        geometry = replace(geometry, radius=coarse(geometry.radius))
    return replace(
        drift,
        geometry=geometry,
        change=coarse(drift.change),
        floor=drift.floor.coarsened(),
    )


# A request --------------------------------------------------------------------------


def stepped(drift: Drift, state: State, edit: Edit, step: StepResult) -> Drift:
    """The drift after an edit of ``state`` without data gave ``step``."""
    constant = self_concordance(state.objective)
    after = grown(drift, growth(drift, state, edit, step), constant)
    return replace(after, geometry=_certified_anew(after.geometry, edit))


def followed(
    drift: Drift, state: State, edit: Edit, step: StepResult
) -> tuple[Geometry, Growth]:
    """The geometry after an edit whose gradient is computed then, and its growth."""
    effect = growth(drift, state, edit, step, alone=False)
    return _certified_anew(_grown_geometry(drift.geometry, effect), edit), effect


def unread(
    drift: Drift,
    geometry: Geometry,
    growth: Growth,
    state: State,
    edit: Edit,
    step: StepResult,
    final: State,
    units: Units,
    seen: tuple[float, float] = NOT_SEEN,
) -> Drift:
    """The drift where refinement ended, without a pass over the values of the rows.

    Parameters
    ----------
    drift, state : Drift, State
        Before the request.
    geometry, growth : Geometry, Growth
        What `followed` gave.
    edit : Edit
    step : StepResult
    final : State
        After the request: its gradient was computed from the rows.
    units : Units
        Of the rows after the request.
    seen : tuple of float, default=NOT_SEEN
        What `largest_changes` gave.
    """
    old, new, error = state.objective, final.objective, geometry.error
    moved = _moved(state, edit, final)
    here = replace(geometry, reach=growth.reach, length=growth.row_length)
    way = way_of(old, step.factor, here, moved)
    way = way.exactly(error, growth.larger_radius(drift.geometry))
    constant = self_concordance(old)
    change = max(drift.change, growth.change)
    jump = min(way.jump, seen[0])
    rounded = raw_rounding(new, growth.row_length, final.theta)
    floor = carried_floor(
        drift.floor,
        FloorGrowth.of(
            old,
            new,
            edit,
            state.theta,
            final.theta,
            1.0,
            growth.row_length,
            step.factor,
            final.factor,
        ),
        constant=constant,
        change=change,
        jump=jump,
        data=way.data,
        error=error,
        roundings=more_roundings(
            drift.floor.roundings, drift.units.n_rows, growth.came.n_rows
        ),
    )
    change = min(change + jump + rounded, seen[1])
    unknown = over_root(floor.size, geometry.smallest)
    return Drift(geometry, change, unknown, floor.size, floor, units)


def readable(geometry: Geometry, edit: Edit, rows: RowBlocks) -> bool:
    """Whether `unread` knows something, and costs less than reading the rows."""
    mapped = isinstance(edit.feature_map, LinearMap)
    if mapped or edit.loss is not None or not geometry.error <= LARGEST_ERROR:
        return False
    return geometry.factor.order**2 <= pass_cost(rows)


def _moved(state: State, edit: Edit, final: State) -> Array:
    """The change of the coefficients, in the old coordinates."""
    moved = edit.feature_map.pull(final.theta) - state.theta
    moved[state.objective.held] = 0.0
    return moved


def largest_changes(
    drift: Drift, state: State, edit: Edit, final: State, rows: RowBlocks, length: float
) -> tuple[float, float]:
    """Bounds on changes of raw predictions, from one product with the rows, or two.

    Where columns leave, a row tells with them by how much: others often take their
    place.

    Parameters
    ----------
    drift, state : Drift, State
        Before the request.
    edit : Edit
    final : State
        After the request.
    rows : RowBlocks
        Before the request if columns leave, otherwise after it.
    length : float
        No row is longer.

    Returns
    -------
    jump, change : float
        That of the request, and that since the weights of H were taken.
    """
    old, moved = state.objective, _moved(state, edit, final)
    thetas = state.theta, state.theta + moved, state.anchor
    rounded = 2.0 * sum(raw_rounding(old, length, theta) for theta in thetas)
    parts = [rows] if edit.rows_in is None else [rows, edit.rows_in]
    jump = rounded + max(old.largest_raw_change(part, moved) for part in parts)
    if drift.change <= jump:
        return jump, np.inf
    lag = state.theta - state.anchor + moved
    change = max(old.largest_raw_change(part, lag) for part in parts)
    return jump, drift.geometry.blur + rounded + change


def as_read(drift: Drift, seen: tuple[float, float] = NOT_SEEN) -> Drift:
    """The same if reading the rows showed no more rounding errors than it last did.

    Nor any change of raw predictions, if that has not been ``seen``.
    """
    floor = replace(drift.floor, size=min(drift.floor.read, drift.floor.size))
    unknown = over_root(floor.size, drift.geometry.smallest)
    return replace(
        drift,
        change=drift.change if seen[0] < np.inf else 0.0,
        unknown=unknown,
        unknown_length=floor.size,
        floor=floor,
    )


def _certified_anew(geometry: Geometry, edit: Edit) -> Geometry:
    mapped = isinstance(edit.feature_map, LinearMap)
    return reexamined(geometry) if mapped or geometry.age > _OLD else geometry


def grown(drift: Drift, growth: Growth, constant: float) -> Drift:
    """Theorem 3: the drift after a request, for a loss with M = ``constant``."""
    geometry = _grown_geometry(drift.geometry, growth)
    radius = growth.larger_radius(drift.geometry)
    slack = max(drift.slack, growth.slack)
    error = geometry.error
    if not error <= LARGEST_ERROR:
        return Drift(geometry, np.inf, np.inf, np.inf, UNKNOWN_FLOOR)
    moved = growth.moved.exactly(error, radius)
    change = max(drift.change, growth.change)
    size = max(drift.size, growth.came_size)
    jump = moved.jump if constant else 0.0
    bent = bend_of(constant, change, size, slack, moved)
    wrong = 2.0 * error / (1.0 - error) * moved.whole  # of H itself
    units = drift.units.changed(growth.came, growth.left)
    floor = carried_floor(
        drift.floor,
        growth.floor,
        constant=constant,
        change=change,
        jump=jump,
        data=moved.data,
        error=error,
        roundings=more_roundings(
            drift.floor.roundings, drift.units.n_rows, growth.came.n_rows
        ),
    )
    top, data_top = math.sqrt(growth.top), math.sqrt(growth.data_top)
    exact = 1.0 / math.sqrt(1.0 - error)
    after = Drift(
        geometry,
        change=change + jump,
        unknown=product(growth.stretch * growth.spread, drift.unknown)
        + bent
        + growth.solver
        + wrong,
        unknown_length=growth.length * drift.unknown_length
        + growth.solver_length
        + exact * (data_top * bent + top * wrong),
        floor=floor,
        units=units,
        bent=bent,
        slack=slack,
        size=size + moved.size,
    )
    if growth.path is None:
        return after
    path = growth.path.exactly(error, radius).plus(drift.lost)
    rest = growth.spread * drift.rest + growth.edited
    rest = product(growth.stretch, rest) + growth.solver + wrong
    bent = bend_of(constant, slack, 0.0, slack, path)
    if rest + bent < after.unknown:
        after = replace(after, unknown=rest + bent, bent=bent)
    change = min(after.change, slack + path.jump)
    size = min(after.size, path.size)
    lost = coarsened_way(drift.lost.plus(growth.lost.exactly(error, radius)))
    return replace(after, change=change, size=size, rest=rest, lost=lost)


def _grown_geometry(before: Geometry, growth: Growth) -> Geometry:
    shrunk = growth.spread**2 * growth.stretch**2
    return Geometry(
        factor=growth.factor,
        radius=product(growth.stretch, growth.larger_radius(before)),
        smallest=before.smallest / shrunk,
        scaled=before.scaled / shrunk / (1.0 + growth.density),
        terms=before.terms + 8.0 * growth.ever.size,
        ever=growth.ever,
        reach=growth.reach,
        length=growth.row_length,
        blur=before.blur + growth.blur,
        skew=before.skew * shrunk + growth.skew * growth.stretch**2,
        age=before.age * shrunk * (1.0 + growth.density),
        moments=growth.moments,
    )
