"""Whether a step without data is worth its while, by what is known of unseen rows.

``doc/conventions.rst``, *What a step may leave*.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sklearn_unlearn.core.arrays import Array, Mask
from sklearn_unlearn.core.linear.factor import Factor
from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.linear.reach import Reach

#: Share of what a step takes away that it may leave, from where on it is in doubt.
DOUBTFUL = 0.5
#: Change of all raw predictions that leaves no doubt, in units in which it is seen.
_UNSEEN = 1e-3
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
    """

    gain: float
    norm: float
    factor: Factor


def doubt_of(
    reach: Reach,
    objective: Objective,
    factor: Factor,
    before: Before,
    unit: float,
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
    unit : float
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
        doubt = _doubt_of(crude, objective, factor, before, unit, changes, solved)
        if doubt <= DOUBTFUL:
            return doubt
    return _doubt_of(reach, objective, factor, before, unit, changes, solved)


def _doubt_of(
    reach: Reach,
    objective: Objective,
    factor: Factor,
    before: Before,
    unit: float,
    changes: tuple[Array, Array, Array],
    solved: bool,
) -> float:
    behind, _, moved = changes
    change = reach.largest_change(moved)
    if change <= _UNSEEN * unit:
        return 0.0
    gain = reach.gain(objective, factor, changes, before.gain, solved)
    few = before.norm / np.sqrt(before.factor.trace)
    enough = min(DOUBTFUL * gain, few)
    left = reach.bend(objective, factor, behind, moved, enough, change)
    if left == 0.0:
        return 0.0
    doubt = left / gain if gain > 0.0 else np.inf
    if doubt <= DOUBTFUL:
        doubt = max(doubt, DOUBTFUL * _share(before, left))
    if doubt <= DOUBTFUL:
        # the error of a step is what it leaves, over the curvature where it ends
        stiff = 1.0 - reach.flattened(factor, behind, moved)
        if not left <= DOUBTFUL * stiff * gain:
            left = reach.bend(objective, factor, behind, moved, 0.0, change)
        error = left / (stiff * gain) if stiff > 0.0 else np.inf
        doubt = max(doubt, error)
    if objective.loss.self_concordance is not None:
        return doubt
    # where rows are too many, or the loss says too little of itself
    blind = DOUBTFUL * change / (_BLIND * unit) if unit > 0.0 else np.inf
    return float(min(doubt, blind))


def _share(before: Before, left: float) -> float:
    """A length in the norm of the inverse Hessian over the gradient, in 2-norms.

    No more than it may be where that is below one.
    """
    if not before.norm > 0.0:
        return np.inf
    share = left * np.sqrt(before.factor.trace) / before.norm
    if share <= 1.0:
        return float(share)
    return float(left * np.sqrt(before.factor.largest_eigenvalue) / before.norm)
