"""The step of unlearning: the one formula, of first or second order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from sklearn_unlearn.core.arrays import Array
from sklearn_unlearn.core.linear.class_terms import Parts
from sklearn_unlearn.core.linear.doubt import Before, doubt_of, gain_of
from sklearn_unlearn.core.linear.edits import Edit, Identity
from sklearn_unlearn.core.linear.exact_products import Products, outweigh
from sklearn_unlearn.core.linear.factor import Factor
from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.linear.reach import Reach
from sklearn_unlearn.core.linear.state import State
from sklearn_unlearn.core.linear.step_sizes import (
    data_square,
    own_change,
    seen_size,
    sizes_of,
)
from sklearn_unlearn.core.losses.weighted import weights_of
from sklearn_unlearn.core.rows import RowBlocks, Rows
from sklearn_unlearn.exceptions import NotPositiveDefiniteError

_EPS = float(np.finfo(np.float64).eps)
#: Relative error of the Hessian, left by rows that have left, beside which that of a
#: step without data is seen.
LARGE_LOSS = 1e-8
#: The same up to which a step needs no exact sums.
_SMALL_LOSS = 1e-13
#: Times which coefficients grow where a target outweighs others.
_GREW = 64.0
#: Rows, or an eighth of the order, after which exact sums are brought up to date.
_MOST_WAITING = 64


@dataclass(frozen=True)
class StepResult:
    """A step's outcome.

    Attributes
    ----------
    state : State
    changed : callable
        Gives the factor with the rows changed, still in the old coordinates.
    moved : ndarray of shape (p, n_outputs)
        ``T' phi - theta``: the change of the coefficients in the old coordinates.
    largest_change : float
        Largest change of a raw prediction among the rows of the edit, those that leave
        included. Where the edit
        changes all rows (a map of the features, weights of the parts), the root mean
        square over those that remain counts as well, a lower bound of their largest.
    remaining_change : float
        The same of the rows that come or remain, which decides on a refusal. Rows that
        leave are a sample of those that remain: up to `LARGE_CHANGE` they count in
        full, beyond it up to three root mean squares, or ten times their own drift
        from the anchor.
    lost : float
        `Factor.lost` of the matrix that the step was solved with; zero in first order.
    doubt : float
        Bound on how much of the gradient the step may leave, over what it takes away,
        both in the norm of the inverse Hessian; from one on the step may be worse than
        none. Zero where nobody asked: `State.reach` is None.

    Notes
    -----
    Beyond about ln 2 the quadratic model is not to be trusted. Both changes are zero
    for a quadratic loss, which needs no trust; measured in scales where the loss has
    one, the smaller of the two, and infinite where the new one is not positive.
    """

    state: State
    changed: Callable[[], Factor]
    moved: Array
    largest_change: float
    remaining_change: float
    lost: float
    doubt: float = 0.0

    @cached_property
    def factor(self) -> Factor:
        """What ``changed`` gives."""
        return self.changed()


def unlearn(
    state: State, edit: Edit, rate: float | None = None, *, alone: bool = False
) -> StepResult:
    """Apply an edit without data: one solve, or one gradient step.

    With G the gradient of rows in minus rows out at theta, H' the data Hessian with
    their contributions at the anchor, T the map, g the known gradient::

        (T H' T' + Lambda') phi = T ((H' + Lambda) theta + b - g - G) - b'

    is solved for the change of phi against a preimage of theta under T', so that
    nothing cancels where T is the identity; there it is the second-order update of
    Warnecke et al. (2023), with the Hessian of the edited data. Their first-order
    update has ``rate`` in the place of the inverse.

    Where the edit changes the weights of the parts of the loss, H' and the gradient of
    the data are sums of the state's parts with the new weights. A state without parts
    takes the step with the old weights, from where a refinement can go on.

    Where the state has `Products`, and digits would be lost, a step of second order
    ends at their minimum. ``alone`` it begins to keep them where rows come that would
    take digits with them once they leave.

    Parameters
    ----------
    state : State
    edit : Edit
    rate : float, optional
        The unlearning rate tau of a first-order step; None for second order.
    alone : bool, default=False
        Whether no data are retained.

    Returns
    -------
    StepResult

    Raises
    ------
    NotPositiveDefiniteError
        If the edited Hessian is not positive definite.
    """
    old, theta, features = state.objective, state.theta, edit.feature_map
    new = edit.objective(old)
    parts, products, sound = state.parts, None, None
    quadratic = old.loss.constant_curvature and not old.loss.coupled
    beginning = alone and rate is None and quadratic and parts is None
    beginning &= state.products is None
    if beginning and outweigh(old, state.factor, edit.rows_in):
        return unlearn(_expecting(state), edit)
    if state.products is not None and rate is None:
        products = state.products.edited(old, edit)
        sound = _sound_factor(state, edit, products)
        if sound is None:
            return _at_minimum(state, edit, products.summed())
    if parts is None:
        factor = _edited_factor(state, edit) if sound is None else sound
        pull = edit.data_gradient(old, theta) + state.gradient
        pull -= old.penalty * theta + old.linear
    else:
        parts = parts.edited(old, edit, theta, state.anchor)
        weights, factor = weights_of(new.loss), state.factor
        if parts is not state.parts or edit.loss is not None:
            factor = parts.factor(old, weights)
        pull = parts.gradient(weights)
    start = np.where(new.held, 0.0, features.preimage(theta))
    lag = theta - features.pull(start)
    lag[old.held] = 0.0
    right = -pull
    if lag.any():
        right += old.unpack(factor.curvature_dot(old.pack(lag)))
    right[old.held] = 0.0
    right = features.push(right) - new.penalty * start - new.linear
    right[new.held] = 0.0
    mapped = features.curvature(factor, new)
    same = np.array_equal(mapped.penalty, new.packed_penalty)
    if not same or (edit.linear is not None and np.any(mapped.gauge != new.gauge)):
        mapped = mapped.repenalised(new.packed_penalty, new.gauge)
    asked = new.pack(right)
    packed = mapped.solve(asked) if rate is None else rate * asked
    phi = start + new.unpack(packed)
    sizes = np.abs(phi).max(axis=0), np.abs(theta).max(axis=0)
    if beginning and np.any(sizes[0] > _GREW * sizes[1]):
        return unlearn(_expecting(state), edit)
    if products is not None:
        products = products.reaching(phi, theta)
        if np.any(_EPS * products.reach > _SMALL_LOSS * sizes[0]):
            return _at_minimum(state, edit, products.summed())
    weight = state.weight + edit.weight_change()
    moved = features.pull(phi) - theta
    moved[old.held] = 0.0
    anchor_loss, curvature = state.anchor_loss, state.curvature
    if parts is not None:
        parts, anchor_loss = parts.moved(moved, features, old, new), new.loss
        curvature = new.loss.max_curvature
    reach, doubt = state.reach, 0.0
    if reach is not None:
        reach = reach.edited(old, edit, state.anchor)
        if not old.loss.constant_curvature:
            gain = gain_of(mapped, asked, packed, rate, new.packed_held)
            behind = theta - state.anchor
            changes = behind, -lag, moved
            weighted = replace(old, loss=new.loss)
            solved = rate is None
            plain = solved and isinstance(features, Identity) and not lag.any()
            square = data_square(mapped, asked, packed) if plain else None
            norm = float(np.linalg.norm(asked))
            own = 0.0 if reach.margins is None else own_change(old, edit, moved + lag)
            before = Before(gain, norm, mapped, square, own)
            seen = seen_size(state, moved)
            doubt = doubt_of(reach, weighted, factor, before, seen, changes, solved)
        reach = reach.mapped(edit, state.anchor, new, mapped)
    edited = State(
        objective=new,
        theta=phi,
        anchor=features.anchor(state.anchor),
        anchor_loss=anchor_loss,
        hessian=mapped,
        gradient=np.zeros_like(phi),
        weight=weight,
        curvature=curvature,
        parts=parts,
        products=products,
        departed=state.departed or _takes_away(edit),
        reach=reach,
    )
    largest, remaining = sizes_of(state, factor, edit, moved, edited)
    lost = mapped.lost if rate is None else 0.0
    return StepResult(edited, lambda: factor, moved, largest, remaining, lost, doubt)


def carried(state: State, edit: Edit) -> State:
    """The state of the edited objective where nothing has been solved yet.

    Its coefficients are those that predict as before, its Hessian what is kept of the
    old one: a start for whoever reads all rows.
    """
    old, features = state.objective, edit.feature_map
    new = edit.objective(old)
    kept = features.curvature(state.hessian, new)
    kept = kept.repenalised(new.packed_penalty, new.gauge)
    theta = np.where(new.held, 0.0, features.preimage(state.theta))
    return replace(
        state,
        objective=new,
        theta=theta,
        anchor=new.anchor(theta),
        anchor_loss=new.loss,
        hessian=kept,
        gradient=np.zeros_like(theta),
        weight=state.weight + edit.weight_change(),
        parts=None,
        products=None,
    )


def _takes_away(edit: Edit) -> bool:
    return edit.rows_out is not None or not isinstance(edit.feature_map, Identity)


def _at_minimum(state: State, edit: Edit, products: Products) -> StepResult:
    """The step that ends where exact sums, of the edited rows, have their minimum."""
    old, features = state.objective, edit.feature_map
    new, mapped = edit.objective(old), products.mapped(features)
    factor = mapped.factor(new)
    phi = mapped.solution(new, factor)
    moved = features.pull(phi) - state.theta
    moved[old.held] = 0.0
    edited = replace(
        state,
        objective=new,
        theta=phi,
        anchor=features.anchor(state.anchor),
        hessian=factor,
        gradient=np.zeros_like(phi),
        weight=state.weight + edit.weight_change(),
        products=mapped,
        reach=_reach_after(state, edit, new, factor),
    )
    changed = partial(products.factor, old)
    return StepResult(edited, changed, moved, 0.0, 0.0, factor.lost)


def _reach_after(
    state: State, edit: Edit, new: Objective, factor: Factor
) -> Reach | None:
    if state.reach is None:
        return None
    edited = state.reach.edited(state.objective, edit, state.anchor)
    return edited.mapped(edit, state.anchor, new, factor)


def with_reach(state: State, rows: RowBlocks) -> State:
    """The state with the reach of these rows, if it can answer without them."""
    if state.preconditioner is not None:
        return state
    reach = Reach.of(state.objective, state.factor, rows, state.anchor)
    return replace(state, reach=reach)


def with_products(state: State, rows: RowBlocks) -> State:
    """The state at the minimum of exact sums over all rows, if these are worth it.

    They are not of rows that are read in blocks, which are too many to be summed so.
    """
    objective = state.objective
    if not objective.loss.constant_curvature or objective.loss.coupled:
        return state
    if not isinstance(rows, Rows):
        return replace(state, products=None)
    products = Products.of(objective, rows)
    if products is None:
        return replace(state, products=None)
    factor = products.factor(objective)
    theta = products.solution(objective, factor)
    gradient = np.zeros_like(theta)
    return replace(
        state, theta=theta, hessian=factor, gradient=gradient, products=products
    )


def _expecting(state: State) -> State:
    """The state with exact sums, from what it knows."""
    objective, theta = state.objective, state.theta
    products = Products.at(objective, theta, state.gradient, state.factor)
    return replace(state, products=products)


def with_parts(state: State, rows: RowBlocks) -> State:
    """The state with the sums of its parts over all rows.

    Raises
    ------
    NoFactorError
        If these matrices are what the state does without.
    """
    state.check_factor()
    parts = Parts.of(state.objective, rows, state.theta, state.anchor)
    return replace(state, parts=parts)


def _sound_factor(state: State, edit: Edit, products: Products) -> Factor | None:
    """The factor after the edit's rows; None where exact sums are better.

    They are where digits would be lost, where a map may bring to light what others have
    left of digits, and now and then for what rounding has added up to.
    """
    if not isinstance(edit.feature_map, Identity):
        return None
    if products.n_waiting > max(_MOST_WAITING, state.factor.max_pending):
        return None
    try:
        factor = _edited_factor(state, edit)
    except NotPositiveDefiniteError:
        return None
    return factor if factor.lost <= _SMALL_LOSS else None


def _edited_factor(state: State, edit: Edit) -> Factor:
    """The factor with the curvature of the edit's rows, all at the anchor."""
    objective, factor, anchor = state.anchored, state.factor, state.anchor
    rows_in, rows_out = edit.curvature_rows(objective, anchor)
    if rows_in is None and rows_out is None:
        return factor
    n_rows = sum(rows.n_rows for rows in (rows_in, rows_out) if rows is not None)
    rank = objective.n_curvature_columns(n_rows)
    if factor.pending_rank + rank <= factor.max_pending:
        return factor.extended(
            None if rows_in is None else objective.curvature_columns(rows_in, anchor),
            None if rows_out is None else objective.curvature_columns(rows_out, anchor),
        )

    def changed(hessian: Array, rows: Rows, sign: float) -> None:
        objective.data_hessian(rows, anchor, out=hessian, sign=sign)

    changes = (
        partial(changed, rows=rows, sign=sign)
        for rows, sign in ((rows_in, 1.0), (rows_out, -1.0))
        if rows is not None
    )
    return factor.rebuilt(*changes)
