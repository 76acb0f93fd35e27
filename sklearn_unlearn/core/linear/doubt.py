"""Whether a step without data is worth its while, by what is known of unseen rows.

``doc/conventions.rst``, *What a step may leave*.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sklearn_unlearn.core.arrays import Array, Mask
from sklearn_unlearn.core.linear.factor import Factor
from sklearn_unlearn.core.linear.forms import MOST_UNKNOWNS
from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.linear.reach import Reach
from sklearn_unlearn.core.losses.margin import MarginLoss
from sklearn_unlearn.core.losses.robust import ConcomitantHuber

#: Share of what a step takes away that it may leave, from where on it is in doubt.
DOUBTFUL = 0.5
#: Change of all raw predictions that leaves no doubt, in units in which it is seen.
_UNSEEN = 1e-3
#: Error of any raw prediction that leaves no doubt, in the same units.
_SMALL = 0.01
#: Times by which rows of an edit may change more than what is known of others.
_PEAK = 3.0
#: Change of any raw prediction from where on a step is in doubt of which nothing bounds
#: what it leaves (``python -m benchmarks silent``).
_BLIND = 0.02


def gain_of(
    mapped: Factor, asked: Array, packed: Array, rate: float | None, held: Mask
) -> float:
    """By how much a step lowers the gradient of the quadratic model.

    In the norm of the inverse Hessian; ``asked`` is that gradient before, with its
    sign changed.
    """
    if rate is None:
        return _root(asked, packed)
    left = asked - mapped.curvature_dot(packed) - mapped.penalty[:, None] * packed
    left[held] = 0.0
    return _root(asked, mapped.solve(asked)) - _root(left, mapped.solve(left))


def _root(gradient: Array, solved: Array) -> float:
    return float(np.sqrt(max(float(np.vdot(gradient, solved)), 0.0)))


@dataclass(frozen=True, eq=False)
class Before:
    """The gradient before a step, of the quadratic model, in the new coordinates.

    Attributes
    ----------
    gain : float
        By how much the step lowers it, as `gain_of` tells.
    norm : float
        Its 2-norm.
    factor : Factor
    square : float or None
        Square of the step's length in the data Hessian, if that is known.
    change : float
        Largest change of a raw prediction of the rows that come or leave.
    """

    gain: float
    norm: float
    factor: Factor
    square: float | None = None
    change: float = 0.0


@dataclass(frozen=True, eq=False)
class Seen:
    """Size of a change of raw predictions that anybody sees.

    Attributes
    ----------
    most : float
        It is no larger.
    measured : callable
        Gives it, after a product with the Hessian.
    """

    most: float
    measured: Callable[[], float]

    @cached_property
    def size(self) -> float:
        """It."""
        return min(self.most, self.measured())


def doubt_of(
    reach: Reach,
    objective: Objective,
    factor: Factor,
    before: Before,
    seen: Seen,
    changes: tuple[Array, Array, Array],
    solved: bool,
) -> float:
    """How much of the gradient a step may leave, over what it takes away.

    Or half of how much of its 2-norm over what that was before, if that is more.

    Parameters
    ----------
    reach : Reach
    objective : Objective
        The old one with the new loss.
    factor : Factor
    before : Before
    seen : Seen
        What raw predictions are measured in.
    changes : tuple of ndarray of shape (p, n_outputs)
        From the anchor to the coefficients; that of coefficients that are dropped; the
        whole change, these included.
    solved : bool
        Whether the step solves the quadratic model.
    """
    crude = reach.crude
    if crude is not reach:
        # most everyday requests need no more
        doubt = _doubt_of(crude, objective, factor, before, seen, changes, solved)
        if doubt <= DOUBTFUL:
            return doubt
    return _doubt_of(reach, objective, factor, before, seen, changes, solved)


def _doubt_of(
    reach: Reach,
    objective: Objective,
    factor: Factor,
    before: Before,
    seen: Seen,
    changes: tuple[Array, Array, Array],
    solved: bool,
) -> float:
    change = reach.largest_change(changes[-1])
    if change == 0.0:
        return 0.0
    # of margins a bound takes longer than what is seen of a change
    margins = objective.loss.self_concordance is None
    if margins and change <= _UNSEEN * seen.most and change <= _UNSEEN * seen.size:
        return 0.0
    sizes = before, seen
    doubt = _bounded(reach, objective, factor, sizes, changes, solved, change)
    if doubt <= DOUBTFUL or not change <= max(_UNSEEN, _BLIND) * seen.most:
        return doubt
    if change <= _UNSEEN * seen.size:
        return 0.0
    if _is_bounded(objective, factor):
        return doubt
    unit = seen.size
    blind = DOUBTFUL * change / (_BLIND * unit) if unit > 0.0 else np.inf
    return float(min(doubt, blind))


def _is_bounded(objective: Objective, factor: Factor) -> bool:
    """Whether something bounds what a step leaves.

    Not where the loss says too little of itself, or where margins are of too many
    columns.
    """
    loss = objective.loss
    if loss.self_concordance is not None:
        return True
    if isinstance(loss, ConcomitantHuber):
        return objective.shape[0] < MOST_UNKNOWNS
    return isinstance(loss, MarginLoss) and factor.order <= MOST_UNKNOWNS


def _bounded(
    reach: Reach,
    objective: Objective,
    factor: Factor,
    sizes: tuple[Before, Seen],
    changes: tuple[Array, Array, Array],
    solved: bool,
    change: float,
) -> float:
    before = sizes[0]
    behind, dropped, moved = changes
    gain = reach.gain(objective, factor, changes, before.gain, solved)
    few = before.norm / np.sqrt(before.factor.trace)
    enough = min(DOUBTFUL * gain, few)
    known = change, before.square
    left = reach.bend(objective, factor, behind, moved, enough, known)
    if left == 0.0:
        return 0.0
    doubt = left / gain if gain > 0.0 else np.inf
    if doubt <= DOUBTFUL:
        doubt = max(doubt, DOUBTFUL * _share(before, left))
    if doubt <= DOUBTFUL:
        # the error of a step is what it leaves, over the curvature where it ends
        spare = 1.0 - doubt / DOUBTFUL
        stiff = 1.0 - reach.flattened(objective, factor, behind, moved, spare)
        if not left <= DOUBTFUL * stiff * gain:
            left = reach.bend(objective, factor, behind, moved, 0.0, known)
        error = left / (stiff * gain) if stiff > 0.0 else np.inf
        doubt = max(doubt, error)
        if solved and reach.margins is not None and doubt <= DOUBTFUL:
            step, length = moved - dropped, left / stiff
            share = _astray(reach, factor, sizes, step, length)
            doubt = max(doubt, DOUBTFUL * share)
    return doubt


def _astray(
    reach: Reach,
    factor: Factor,
    sizes: tuple[Before, Seen],
    step: Array,
    length: float,
) -> float:
    """Largest error of a raw prediction over the largest change of one.

    The first is that of coefficients, whose length in the norm of the Hessian is given,
    for the row that is least held by others. Rows of the edit stand in for those that
    change by more than is known of any, up to three times that.
    """
    assert reach.margins is not None
    before, seen = sizes
    least = reach.margins.least_change(step)
    change = max(least, min(before.change, _PEAK * least))
    error = length * reach.longest(factor, change / length)
    if error > change and error <= _SMALL * seen.size:
        return 0.0
    return error / change if change > 0.0 else np.inf


def _share(before: Before, left: float) -> float:
    """A length in the norm of the inverse Hessian over the gradient, in 2-norms.

    No more than it may be where that is below one.
    """
    if not before.norm > 0.0:
        return np.inf
    share = left / before.norm
    low, high = before.factor.bounds_of_largest_eigenvalue
    for largest in (before.factor.trace, high):
        if share * np.sqrt(largest) <= 1.0:
            return float(share * np.sqrt(largest))
    # of a large matrix it takes some hundred solves to know it
    largest = low if share * np.sqrt(low) > 1.0 else before.factor.largest_eigenvalue
    return float(share * np.sqrt(largest))
