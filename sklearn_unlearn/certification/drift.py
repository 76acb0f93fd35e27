"""What is known of the gradient: measured with data, carried through requests without.

Theorem 3 of ``doc/certification.rst`` and its section "With data".
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from sklearn_unlearn.certification.distance import (
    LARGEST_ERROR,
    Drift,
    bend,
    exponential,
    product,
    self_concordance,
)
from sklearn_unlearn.certification.geometry import (
    Geometry,
    coarse,
    coarsened,
    column_reach,
    dual_norm,
    heaviest_columns,
    largest_length,
    largest_norm,
    largest_pending_norm,
    measured_geometry,
    over_root,
    reexamined,
)
from sklearn_unlearn.core.arrays import Array, densify, powers_of_two
from sklearn_unlearn.core.edits import Edit, LinearMap
from sklearn_unlearn.core.factor import Factor
from sklearn_unlearn.core.objective import Objective
from sklearn_unlearn.core.rows import RowBlocks, Rows
from sklearn_unlearn.core.state import State
from sklearn_unlearn.core.steps import StepResult
from sklearn_unlearn.core.summation import n_roundings
from sklearn_unlearn.core.units import Units

_UNIT = float(np.finfo(np.float64).eps) / 2.0
#: Loss of certified eigenvalues by requests after which they are certified anew.
_OLD = 2.0
#: Relative error of a sum over a block of rows.
_SUMMING = (n_roundings(2**62, True) + 8) * _UNIT
#: Columns of rows out whose largest leverage is computed; of more, the sum of all.
_MANY = 512


@dataclass(frozen=True, eq=False)
class Growth:
    """What one request does to a `Drift`, in the numbers of theorem 3.

    Attributes
    ----------
    factor : Factor
        After the request.
    blur : float
        By how much the map of the features moves raw predictions at the anchor.
    skew : float
        Relative error in H by rows that leave with another weight than they had.
    spread : float
        gamma: how much inverse norms grow as rows leave.
    density : float
        How much ``ever`` grows at most, relative.
    stretch, length : float
        m and the 2-norm of T with absolute entries: how much norms grow by the map of
        the features.
    radius, change : float
        H^-1 norm and raw change since the anchor of rows that come.
    moved, moved_data : float
        Norm of the step in H and in the data Hessian.
    jump : float
        Bound on the change of a raw prediction by the step, from column maxima.
    reach, ever : ndarray of shape (p_new,) and (order_new,)
        Of the `Geometry` after the request.
    row_length : float
        ``length`` of the same.
    solver, solver_length : float
        H^-1 norm and 2-norm of what the step left of its linear system.
    top : float
        Bound on the largest eigenvalue of the new H.
    floor : float
        Rounding error of the gradient of rows that come.
    came, left : Units
        Of the rows that come and leave.
    """

    factor: Factor
    blur: float
    skew: float
    spread: float
    density: float
    stretch: float
    length: float
    radius: float
    change: float
    moved: float
    moved_data: float
    jump: float
    reach: Array
    ever: Array
    row_length: float
    solver: float
    solver_length: float
    top: float
    floor: float
    came: Units
    left: Units


def measured(
    state: State,
    rows: RowBlocks,
    *,
    geometry: Geometry | None = None,
    exact: bool = False,
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
    exact : bool, default=False
        Whether R is computed row by row, for the price of a pass for a Hessian.

    Returns
    -------
    Drift
    """
    objective, theta = state.objective, state.theta
    if geometry is None or geometry.factor is not state.factor:
        geometry = measured_geometry(objective, state.factor, rows)
    if exact:
        radius = largest_norm(objective, state.factor, rows)
        geometry = replace(geometry, radius=min(radius, geometry.radius))
    gradient = objective.gradient(rows, theta)
    # the curvature in the bound is that of rounded raw predictions
    slack = _raw_rounding(objective, geometry.length, theta)
    length = objective.rounding_bound(rows, theta)
    length *= exponential(self_concordance(objective) * slack)
    floor = length
    length += float(np.linalg.norm(gradient - state.gradient))
    change = 0.0
    if not objective.loss.constant_curvature:
        change = objective.largest_raw_change(rows, theta - state.anchor)
        change += (
            geometry.blur
            + slack
            + _raw_rounding(objective, geometry.length, state.anchor)
        )
    unknown = over_root(length, geometry.smallest)
    units = Units.of(objective.loss, rows)
    return Drift(geometry, change, unknown, length, floor, units)


def _raw_rounding(objective: Objective, length: float, theta: Array) -> float:
    """Rounding error of a raw prediction: (p + 2) u |x_i| . |theta|, or more."""
    size = float(np.linalg.norm(theta, axis=0).max())
    return (objective.shape[0] + 2) * _UNIT * length * size


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
    return replace(drift, geometry=geometry, change=coarse(drift.change))


# A request --------------------------------------------------------------------------


def stepped(drift: Drift, state: State, edit: Edit, step: StepResult) -> Drift:
    """The drift after an edit of ``state`` without data gave ``step``."""
    constant = self_concordance(state.objective)
    after = grown(drift, growth(drift, state, edit, step), constant)
    mapped = isinstance(edit.feature_map, LinearMap)
    if mapped or after.geometry.age > _OLD:
        after = replace(after, geometry=reexamined(after.geometry))
    return after


def grown(drift: Drift, growth: Growth, constant: float) -> Drift:
    """Theorem 3: the drift after a request, for a loss with M = ``constant``."""
    before = drift.geometry
    radius = max(growth.spread * before.radius, growth.radius)
    shrunk = growth.spread**2 * growth.stretch**2
    geometry = Geometry(
        factor=growth.factor,
        radius=product(growth.stretch, radius),
        smallest=before.smallest / shrunk,
        scaled=before.scaled / shrunk / (1.0 + growth.density),
        terms=before.terms + 8.0 * growth.ever.size,
        ever=growth.ever,
        reach=growth.reach,
        length=growth.row_length,
        blur=before.blur + growth.blur,
        skew=before.skew * shrunk + growth.skew * growth.stretch**2,
        age=before.age * shrunk * (1.0 + growth.density),
    )
    error = geometry.error
    if not error <= LARGEST_ERROR:
        return Drift(geometry, np.inf, np.inf, np.inf, np.inf)
    exact = 1.0 / (1.0 - error)
    moved = growth.moved * exact
    moved_data = math.hypot(growth.moved_data, math.sqrt(error) * moved)
    change = max(drift.change, growth.change)
    jump = min(product(radius * exact, moved), growth.jump) if constant else 0.0
    worst = bend(constant * change, constant * jump)
    remainder = product(worst, moved_data)
    slack = 2.0 * error * exact * moved  # of H itself
    top = math.sqrt(growth.top)
    # what is summed changes by at most |X|' W |X moved|, of which this is the 2-norm
    floor = product(exponential(constant * jump), growth.length * drift.floor)
    floor += _SUMMING * product(1.0 + worst, top * moved_data)
    carried = product(growth.stretch * growth.spread, drift.unknown)
    return Drift(
        geometry,
        change=change + jump,
        unknown=carried + remainder + growth.solver + slack,
        unknown_length=growth.length * drift.unknown_length
        + growth.solver_length
        + top * (remainder + slack),
        floor=floor + growth.floor,
        units=drift.units.changed(growth.came, growth.left),
    )


def growth(drift: Drift, state: State, edit: Edit, step: StepResult) -> Growth:
    """What an edit of ``state`` that gave ``step`` does to its drift.

    What its rows add is rounded up, so that no value of them is kept.
    """
    old, factor, geometry = state.objective, step.factor, drift.geometry
    rows_in, rows_out = edit.curvature_rows(old, state.anchor)
    spread, radius, change, skew = 1.0, 0.0, 0.0, 0.0
    ever, reach, row_length = geometry.ever, geometry.reach, geometry.length
    if rows_out is not None:
        columns = old.curvature_columns(rows_out, state.anchor)
        leverage = _largest_leverage(factor, columns) * (1.0 + 4.0 * geometry.error)
        leverage = coarse(leverage)
        spread = math.sqrt(1.0 + leverage)
        skew = leverage * _misweighing(old, geometry.blur)
        if skew > 0.0 and old.loss.max_curvature < np.inf:
            columns = heaviest_columns(old, rows_out)
            skew = min(skew, coarse(_largest_leverage(factor, columns)))
    if rows_in is not None:
        columns = old.curvature_columns(rows_in, state.anchor)
        ever = ever + powers_of_two(np.einsum("ij,ij->i", columns, columns))
    if edit.rows_in is not None and not edit.same_features:
        reach = np.maximum(reach, powers_of_two(column_reach(old, edit.rows_in)))
        row_length = max(row_length, coarse(largest_length(old, edit.rows_in)))
        if not old.loss.constant_curvature:
            smallest = geometry.smallest / spread**2
            radius = largest_pending_norm(old, factor, edit.rows_in, smallest)
            radius = coarse(radius)
            lag = state.theta - state.anchor
            change = coarse(old.largest_raw_change(edit.rows_in, lag))
            for theta in (state.theta, state.anchor):
                change += _raw_rounding(old, row_length, theta)
    # as products of absolute values: sums in any order err by p u of this
    jump = float((reach @ np.abs(step.moved)).max()) * (1.0 + 4.0 * reach.size * _UNIT)
    lag = state.anchor - edit.feature_map.pull(step.state.anchor)
    blur = float((reach @ np.abs(lag)).max()) * (1.0 + 4.0 * reach.size * _UNIT)
    new = step.state.objective
    if isinstance(edit.feature_map, LinearMap):
        map_ = np.abs(densify(edit.feature_map.matrix))
        reach = map_ @ reach
        row_length *= float(np.linalg.norm(map_))
        blocks = np.sqrt(ever).reshape(-1, old.shape[0])  # a block a coupled output
        ever = np.square(blocks @ map_.T).ravel() + new.packed_penalty
    else:
        ever = ever + np.maximum(new.packed_penalty - old.packed_penalty, 0.0)
    grew = ever.size == geometry.ever.size
    density = _largest_ratio(ever - geometry.ever, geometry.ever) if grew else 0.0
    stretch, length = _map_norms(state, edit, step)
    moved = old.pack(step.moved)
    forms = max(float(np.vdot(moved, factor.curvature_dot(moved))), 0.0)
    solver_length, solver = _solver_residual(
        state,
        edit,
        step,
        geometry.smallest / (spread * stretch) ** 2,
        length,
        drift.floor,
    )
    after = step.state.factor
    return Growth(
        factor=after,
        blur=blur,
        skew=skew,
        spread=spread,
        density=density,
        stretch=stretch,
        length=length,
        radius=radius,
        change=change,
        moved=factor.norm(moved),
        moved_data=math.sqrt(forms),
        jump=jump,
        reach=reach,
        ever=ever,
        row_length=row_length,
        solver=solver,
        solver_length=solver_length,
        top=float(after.diagonal.sum() + after.penalty[after.kept].sum())
        + max(after.pending.trace, 0.0),
        floor=_floor(old, edit.rows_in, state.theta),
        came=Units.of(old.loss, edit.rows_in),
        left=Units.of(old.loss, edit.rows_out),
    )


def _floor(objective: Objective, rows: Rows | None, theta: Array) -> float:
    return 0.0 if rows is None else objective.rounding_bound(rows, theta)


def _solver_residual(
    state: State,
    edit: Edit,
    step: StepResult,
    smallest: float,
    length: float,
    floor: float,
) -> tuple[float, float]:
    """What the step left of its linear system: 2-norm and H^-1 norm."""
    old, new, theta, phi = (
        state.objective,
        step.state.objective,
        state.theta,
        step.state.theta,
    )
    bent = old.unpack(step.factor.curvature_dot(old.pack(step.moved)))
    change = edit.data_gradient(old, theta)
    terms = [state.gradient, change, -old.penalty * theta, -old.linear, bent]
    known = np.sum(terms, axis=0)
    known[old.held] = 0.0
    left = edit.feature_map.push(known) + new.penalty * phi + new.linear
    left[new.held] = 0.0
    rounding = 8.0 * _UNIT * sum(float(np.linalg.norm(term)) for term in terms)
    for rows in (edit.rows_in, edit.rows_out):
        if rows is not None:
            rounding += old.rounding_bound(rows, theta)
    if isinstance(edit.feature_map, LinearMap):
        # T is rounded, and so are the rows that a refit gets: by a few units each,
        # which is less than summing them was allowed to err
        rounding += floor
    rounding *= length
    norm, _ = dual_norm(step.state.factor, new.pack(left), smallest)
    return (
        float(np.linalg.norm(left)) + rounding,
        norm + over_root(rounding, smallest),
    )


def _map_norms(state: State, edit: Edit, step: StepResult) -> tuple[float, float]:
    """The m of theorem 3, and the 2-norm of T with absolute entries."""
    old, new = state.objective, step.state.objective
    if isinstance(edit.feature_map, LinearMap):
        T = densify(edit.feature_map.matrix)
        length, ratios = float(np.linalg.norm(np.abs(T), 2)), []
        for k in range(old.shape[1]):
            mapped = np.abs((T * old.penalty[:, k]) @ T.T)
            root = np.sqrt(new.penalty[:, k])
            needed = mapped.any(axis=1)
            if np.any(root[needed] == 0.0):
                return np.inf, length
            root = root[needed]
            scaled = mapped[np.ix_(needed, needed)] / root[:, None] / root
            ratios.append(float(scaled.sum(axis=1).max(initial=0.0)))
        stretch = math.sqrt(max(1.0, *ratios))
        return stretch, length
    before, after = old.packed_penalty, new.packed_penalty
    alive = ~new.packed_held
    ratio = _largest_ratio(before[alive], after[alive])
    return math.sqrt(max(1.0, ratio)), 1.0


def _misweighing(objective: Objective, blur: float) -> float:
    """Bound on the relative error of a weight, from that of its raw prediction."""
    exponent = product(self_concordance(objective), blur)
    return math.expm1(min(exponent, 700.0))


def _largest_leverage(factor: Factor, columns: Array) -> float:
    """Bound on the largest eigenvalue of ``V' H^-1 V``."""
    solved = factor.solve(columns)
    if columns.shape[1] > _MANY:
        return max(float(np.vdot(solved, columns)), 0.0)
    inner = columns.T @ solved
    return max(float(np.linalg.eigvalsh(0.5 * (inner + inner.T))[-1]), 0.0)


def _largest_ratio(top: Array, bottom: Array) -> float:
    """``max top / bottom``, nothing over nothing being nothing."""
    some = top > 0.0
    if np.any(bottom[some] == 0.0):
        return np.inf
    return float((top[some] / bottom[some]).max(initial=0.0))
