"""Growth of a drift by one request, in the numbers of theorems 3 and 5.

``doc/certification.rst`` has them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from sklearn_unlearn.certification.bends import way_of
from sklearn_unlearn.certification.distance import Drift, self_concordance
from sklearn_unlearn.certification.floors import FloorGrowth, data_trace
from sklearn_unlearn.certification.geometry import (
    Geometry,
    coarse,
    column_reach,
    dual_norm,
    heaviest_columns,
    largest_length,
    largest_pending_norm,
    over_root,
    raw_rounding,
)
from sklearn_unlearn.certification.moments import Moments
from sklearn_unlearn.core.arrays import Array, densify, powers_of_two
from sklearn_unlearn.core.linear.bends import NO_WAY, UNKNOWN_WAY, Way, product
from sklearn_unlearn.core.linear.edits import DropColumns, Edit, LinearMap
from sklearn_unlearn.core.linear.factor import Factor
from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.linear.state import State
from sklearn_unlearn.core.linear.steps import StepResult
from sklearn_unlearn.core.linear.units import Units
from sklearn_unlearn.core.rows import Rows

_UNIT = float(np.finfo(np.float64).eps) / 2.0
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
    moved : Way
        The step.
    path : Way or None
        All the way from the anchor to where the step ends, in the old coordinates.
        None if something else than rows has changed on it before.
    lost : Way
        What a map of the features takes from the anchor.
    edited : float
        H^-1 norm of what the weights of rows that come and leave have bent so far.
    came_size : float
        `FourthMoments.length` of what rows that come find between anchor and state.
    slack : float
        Rounding error of the raw predictions of rows that come.
    reach, ever : ndarray of shape (p_new,) and (order_new,)
        Of the `Geometry` after the request.
    row_length, moments : float, Moments or None
        ``length`` and ``moments`` of the same.
    solver, solver_length : float
        H^-1 norm and 2-norm of what the step left of its linear system.
    top, data_top : float
        Bounds on the largest eigenvalue of the new H and of its data part.
    floor : FloorGrowth
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
    moved: Way
    path: Way | None
    lost: Way
    edited: float
    came_size: float
    slack: float
    reach: Array
    ever: Array
    row_length: float
    moments: Moments | None
    solver: float
    solver_length: float
    top: float
    data_top: float
    floor: FloorGrowth
    came: Units
    left: Units

    def larger_radius(self, before: Geometry) -> float:
        """R of the rows that stay or come, before the map of the features."""
        return max(self.spread * before.radius, self.radius)


def growth(
    drift: Drift, state: State, edit: Edit, step: StepResult, *, alone: bool = True
) -> Growth:
    """What an edit of ``state`` that gave ``step`` does to its drift.

    What its rows add is rounded up, so that no value of them is kept. Where the request
    is not ``alone``, but the gradient measured after it, nothing is asked about the
    step: its norms are infinite.
    """
    old, factor, geometry = state.objective, step.factor, drift.geometry
    rows_in, rows_out = edit.curvature_rows(old, state.anchor)
    spread, radius, change, skew = 1.0, 0.0, 0.0, 0.0
    edited, misplaced, came_size, slack = 0.0, 0.0, 0.0, 0.0
    ever, (reach, row_length) = geometry.ever, extent_after(geometry, old, edit)
    lag, moments = state.theta - state.anchor, geometry.moments
    if moments is not None:
        if rows_out is not None and geometry.blur > 0.0:
            moments = None  # they have other weights in them by now
        else:
            moments = moments.edited(old, state.anchor, rows_in, rows_out)
    if rows_out is not None:
        columns = old.curvature_columns(rows_out, state.anchor)
        leverage = _largest_leverage(factor, columns) * (1.0 + 4.0 * geometry.error)
        leverage = coarse(leverage)
        spread = math.sqrt(1.0 + leverage)
        skew = leverage * _misweighing(old, geometry.blur)
        if alone and geometry.blur > 0.0:
            misplaced = _misplaced(old, rows_out, columns, state, geometry.blur)
            misplaced = product(math.sqrt(leverage), misplaced)
        if skew > 0.0 and old.loss.max_curvature < np.inf:
            columns = heaviest_columns(old, rows_out)
            skew = min(skew, coarse(_largest_leverage(factor, columns)))
    if rows_in is not None:
        columns = old.curvature_columns(rows_in, state.anchor)
        ever = ever + powers_of_two(np.einsum("ij,ij->i", columns, columns))
    others = None if edit.same_features else edit.rows_in
    if others is not None and not old.loss.constant_curvature:
        smallest = geometry.smallest / spread**2
        radius = coarse(largest_pending_norm(old, factor, others, smallest))
        change = coarse(old.largest_raw_change(others, lag))
        for theta in (state.theta, state.anchor):
            slack += raw_rounding(old, row_length, theta)
        change += slack
        came_size = moments.fourth.length(lag) if moments is not None else 0.0
    here = replace(geometry, reach=reach, length=row_length, moments=moments)
    moved = way_of(old, factor, here, step.moved) if alone else UNKNOWN_WAY
    path = None
    if alone and drift.rest < np.inf and edit.loss is None:
        path = way_of(old, factor, here, lag + step.moved)
        smallest = geometry.smallest / spread**2
        edited = coarse(_bent_edit(state, edit, factor, smallest) + misplaced)
    taken = state.anchor - edit.feature_map.pull(step.state.anchor)
    blur, lost = 0.0, NO_WAY
    if taken.any():
        blur = float((reach @ np.abs(taken)).max()) * (1.0 + 4.0 * reach.size * _UNIT)
        blur = coarse(blur)
        lost = way_of(old, factor, here, taken) if alone else UNKNOWN_WAY
    new = step.state.objective
    if moments is not None:
        other = isinstance(edit.feature_map, LinearMap) or edit.loss is not None
        if other:
            moments = None
        elif isinstance(edit.feature_map, DropColumns):
            moments = moments.without(new)
    stretch, length = _map_norms(state, edit, step)
    if isinstance(edit.feature_map, LinearMap):
        map_ = np.abs(densify(edit.feature_map.matrix))
        reach = map_ @ reach
        row_length = min(row_length * length, float(np.linalg.norm(reach)))
        blocks = np.sqrt(ever).reshape(-1, old.shape[0])  # a block a coupled output
        ever = np.square(blocks @ map_.T).ravel() + new.packed_penalty
    else:
        ever = ever + np.maximum(new.packed_penalty - old.packed_penalty, 0.0)
    grew = ever.size == geometry.ever.size
    density = _largest_ratio(ever - geometry.ever, geometry.ever) if grew else 0.0
    solver_length, solver = np.inf, np.inf
    if alone:
        solver_length, solver = _solver_residual(
            state,
            edit,
            step,
            geometry.smallest / (spread * stretch) ** 2,
            length,
            drift.floor.size,
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
        moved=moved,
        path=path,
        lost=lost,
        edited=edited,
        came_size=came_size,
        slack=slack,
        reach=reach,
        ever=ever,
        row_length=row_length,
        moments=moments,
        solver=solver,
        solver_length=solver_length,
        top=data_trace(after) + float(after.penalty[after.kept].sum()),
        data_top=data_trace(after),
        floor=FloorGrowth.of(
            old,
            new,
            edit,
            state.theta,
            step.state.theta,
            length,
            row_length,
            factor,
            after,
        ),
        came=Units.of(old.loss, edit.rows_in),
        left=Units.of(old.loss, edit.rows_out),
    )


def extent_after(
    geometry: Geometry, objective: Objective, edit: Edit
) -> tuple[Array, float]:
    """``reach`` and ``length`` when the rows of an edit have come, rounded up."""
    reach, length = geometry.reach, geometry.length
    if edit.rows_in is None or edit.same_features:
        return reach, length
    reach = np.maximum(reach, powers_of_two(column_reach(objective, edit.rows_in)))
    return reach, max(length, coarse(largest_length(objective, edit.rows_in)))


def _bent_edit(state: State, edit: Edit, factor: Factor, smallest: float) -> float:
    """H^-1 norm of the bend of rows that come minus that of rows that leave.

    It is that between anchor and state, which the path from the anchor had in it, or
    has not.
    """
    objective, theta, anchor = state.objective, state.theta, state.anchor
    lag = theta - anchor
    if edit.rows_in is None and edit.rows_out is None:
        return 0.0
    bent = edit.data_gradient(objective, theta) - edit.data_gradient(objective, anchor)
    packed, rounding = objective.pack(lag), 0.0
    of_gradient = (edit.rows_in, edit.rows_out)
    for rows in of_gradient:
        if rows is not None:
            rounding += objective.rounding_bound(rows, theta)
            rounding += objective.rounding_bound(rows, anchor)
    signs = (1.0, -1.0)
    of_curvature = edit.curvature_rows(objective, anchor)
    for rows, sign in zip(of_curvature, signs, strict=True):
        if rows is None:
            continue
        columns = objective.curvature_columns(rows, anchor)
        bent -= sign * objective.unpack(columns @ (columns.T @ packed))
        size = float(np.vdot(columns, columns)) * float(np.linalg.norm(lag))
        rounding += 4.0 * (objective.shape[0] + sum(columns.shape)) * _UNIT * size
    bent[objective.held] = 0.0
    norm, _ = dual_norm(factor, objective.pack(bent), smallest)
    return norm + over_root(rounding, smallest)


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


def _misplaced(
    objective: Objective, rows: Rows, columns: Array, state: State, blur: float
) -> float:
    """By how much the bend of rows that leave is not theirs, as the length of a q.

    It is computed between the state and an anchor that has moved by ``blur`` in a raw
    prediction. Where the bend begins it changes by at most M times the curvature times
    how long it is.
    """
    curvature = objective.loss.curvature(
        objective.raw_prediction(rows.X, state.anchor), rows.y
    )
    if objective.loss.coupled:
        curvature = np.einsum("ikk->i", curvature)
    lag = columns.T @ objective.pack(state.theta - state.anchor)
    long = float(np.linalg.norm(lag))
    long += blur * math.sqrt(max(float(rows.weight @ curvature), 0.0))
    steep = 1.0 + _misweighing(objective, blur)
    return product(self_concordance(objective) * steep * blur, long)


def _misweighing(objective: Objective, blur: float) -> float:
    """Bound on the relative error of a weight, from that of its raw prediction."""
    exponent = product(self_concordance(objective), blur)
    return math.expm1(min(exponent, 700.0))


def _largest_leverage(factor: Factor, columns: Array) -> float:
    """Bound on the largest eigenvalue of ``V' H^-1 V``."""
    if columns.shape[1] > _MANY:
        return max(float(np.vdot(factor.solve(columns), columns)), 0.0)
    inner = factor.products(columns)
    return max(float(np.linalg.eigvalsh(0.5 * (inner + inner.T))[-1]), 0.0)


def _largest_ratio(top: Array, bottom: Array) -> float:
    """``max top / bottom``, nothing over nothing being nothing."""
    some = top > 0.0
    if np.any(bottom[some] == 0.0):
        return np.inf
    return float((top[some] / bottom[some]).max(initial=0.0))
