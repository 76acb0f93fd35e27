"""A Newton step by preconditioned conjugate gradients, its raw predictions included."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sklearn_unlearn.core.arrays import Array
from sklearn_unlearn.core.linear.curvature import Curvature
from sklearn_unlearn.core.linear.row_products import RowProducts
from sklearn_unlearn.exceptions import NotPositiveDefiniteError

#: Share of the error that the quadratic model has at the end of the step anyway, to
#: which the gradient of the model is taken down.
_SHARE = 0.5
#: Largest share of the gradient that may be left.
_ROUGH = 0.5
#: Iterations after which a step is taken as it is.
_MOST = 2000


@dataclass(frozen=True, eq=False)
class Step:
    """A step and what is known of it without another pass.

    Attributes
    ----------
    direction : ndarray of shape (p, n_outputs)
    raw : ndarray of shape (n_rows, n_outputs)
        The change of the raw predictions.
    n_iter : int
        Passes that it took.
    reduction : float
        Norm of the gradient of the quadratic model at its end, relative.
    """

    direction: Array
    raw: Array
    n_iter: int
    reduction: float


def newton_step(
    data: RowProducts,
    kept: Curvature,
    raw: Array,
    gradient: Array,
    least: float,
) -> Step:
    """Solve ``H step = -gradient`` as exactly as is of use.

    H is the Hessian at the raw predictions. The gradient where the step ends is that
    of the quadratic model, which the iteration takes to zero, and what the model does
    not know. The second is measured on the raw predictions as they change with the
    step, relative to what the model knows; half of it is where the iteration stops.
    Of a quadratic loss there is none of it, and one step reaches the minimum.

    Parameters
    ----------
    data : RowProducts
    kept : Curvature
        Whose `solve` is the preconditioner. It need not be linear to the last bit:
        directions are made conjugate to the last one by what they are (Polak-Ribiere).
    raw : ndarray of shape (n_rows, n_outputs)
    gradient : ndarray of shape (p, n_outputs)
    least : float
        2-norm of a gradient that is as good as zero.

    Raises
    ------
    NotPositiveDefiniteError
        If the Hessian is not.
    """
    objective = data.objective
    curvatures, slopes = data.curvatures(raw), data.slopes(raw)

    def precondition(vector: Array) -> Array:
        return objective.unpack(kept.solve(objective.pack(vector)))

    def unforeseen(change: Array, bent: Array) -> float:
        """What the quadratic model leaves out, relative to what it says."""
        if objective.loss.constant_curvature:
            return 0.0
        error = data.slopes(raw + change) - slopes - bent
        known = float(np.linalg.norm(bent))
        return float(np.linalg.norm(error)) / known if known else 0.0

    start = float(np.linalg.norm(gradient))
    step, change = np.zeros_like(gradient), np.zeros_like(raw)
    bent = np.zeros_like(raw)
    left = -gradient
    solved = precondition(left)
    direction, size, checked = solved, start, np.inf
    slope = float(np.vdot(left, solved))
    if not slope > 0.0:  # single precision has lost that of the preconditioner
        direction, slope = left, start**2
    n_iter = 0
    while n_iter < _MOST:
        along = data.raw(direction)
        bend = objective.bent(curvatures, along)
        product = data.pull_roughly(bend) + objective.penalty * direction
        product[objective.held] = 0.0
        quadratic = float(np.vdot(direction, product))
        n_iter += 1
        # written so that a NaN is refused
        if not quadratic > 0.0:
            if step.any():
                break
            raise NotPositiveDefiniteError(
                "The Hessian is not positive definite, or not finite: scale the "
                "columns, or use a larger penalty."
            )
        length = slope / quadratic
        step = step + length * direction
        change += length * along
        bent += length * bend
        left = left - length * product
        size = float(np.linalg.norm(left))
        if size <= least:
            break
        if size <= _ROUGH * min(start, checked):
            checked = size
            if size <= min(_SHARE * unforeseen(change, bent), _ROUGH) * start:
                break
        solved = precondition(left)
        # the last direction is no longer used where the residual has turned on it
        turn = -length * float(np.vdot(product, solved)) / slope
        slope = float(np.vdot(left, solved))
        if not slope > 0.0:
            break
        direction = solved + max(turn, 0.0) * direction
        slope = float(np.vdot(left, direction))
    return Step(step, change, n_iter, size / start)
