"""How far raw predictions may be from those of the minimum, measured on all rows.

Along the way to the minimum no Hessian is smaller than that where it starts by more
than a factor of ``exp(-M s)``, if no raw prediction of a training row has changed by
more than s until then and M is the loss's `self_concordance`. The gradient g and the
length r of the way, in the norms of that Hessian and of its inverse, are thereby
related by ``(1 - exp(-M R r)) <= M R |g|``, where R is the largest norm of a row.
"""

from __future__ import annotations

import math

import numpy as np

from sklearn_unlearn.core.arrays import Array, densify
from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.linear.refinement import fresh_factor
from sklearn_unlearn.core.rows import Rows
from sklearn_unlearn.exceptions import NotPositiveDefiniteError

#: Share by which bounds are raised for the rounding of the matrix.
_SLACK = 1e-6


def prediction_errors(
    objective: Objective, theta: Array, rows: Rows, X: Array
) -> Array:
    """Bounds on the error of raw predictions at coefficients near the minimum.

    Parameters
    ----------
    objective : Objective
    theta : ndarray of shape (p, n_outputs)
        The coefficients.
    rows : Rows
        All training rows.
    X : array of shape (n_rows, n_features)
        Whose raw predictions are asked about.

    Returns
    -------
    ndarray of shape (n_rows,)
        No raw prediction of a row, of any output, is further from that of the minimum;
        infinite where nothing is known.
    """
    nothing, constant = np.full(X.shape[0], np.inf), objective.loss.self_concordance
    if constant is None or not np.all(np.isfinite(theta)):
        return nothing
    try:
        factor = fresh_factor(objective, rows, theta)
        inverse = factor.solve(np.eye(factor.order))
    except NotPositiveDefiniteError:
        return nothing
    gradient = objective.pack(objective.gradient(rows, theta))
    square = max(float(np.vdot(gradient, inverse @ gradient)), 0.0)
    largest = max(float(np.trace(inverse)), 0.0)  # no less than its eigenvalues
    length = math.sqrt(square)
    length += objective.rounding_bound(rows, theta) * math.sqrt(largest)
    reach = _norms(objective, inverse, rows.X).max(initial=0.0)
    length *= 1.0 + _SLACK
    if constant > 0.0 and reach > 0.0:
        bent = constant * reach * length
        if not bent < 1.0:
            return nothing
        length = -math.log1p(-bent) / (constant * reach)
    errors: Array = length * _norms(objective, inverse, X)
    return errors


def _norms(objective: Objective, inverse: Array, X: Array) -> Array:
    """Largest norm, over outputs, of what a row adds to a raw prediction."""
    dense = densify(X).astype(np.float64, copy=False)
    if objective.fit_intercept:
        dense = np.column_stack([dense, np.ones(dense.shape[0])])
    p, squares = objective.shape[0], np.zeros(dense.shape[0])
    for start in range(0, inverse.shape[0], p):
        block = inverse[start : start + p, start : start + p]
        squares = np.maximum(squares, np.einsum("ij,ij->i", dense @ block, dense))
    norms: Array = np.sqrt(squares) * (1.0 + _SLACK)
    return norms
