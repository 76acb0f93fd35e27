"""The one-shot updates of Warnecke et al. (2023) for models that are not convex.

Nothing guards them: whether they lower the objective is for the caller to see.
"""

from __future__ import annotations

import numpy as np

from sklearn_unlearn.core.network.descent import SmoothObjective, Steps
from sklearn_unlearn.core.network.krylov import Vector, definite, spectrum
from sklearn_unlearn.core.network.levenberg_marquardt import sample, solved

#: Of a second-order update, relative to the largest eigenvalue.
_DAMPING = 1e-2


def first_order_update(theta: Vector, change: Vector, rate: float) -> Vector:
    """``theta - rate * G``, the first-order update of Warnecke et al. (2023).

    Parameters
    ----------
    theta : Vector
    change : Vector
        G: the gradient at theta of the rows that come, minus that of those that leave.
    rate : float
        tau.

    Returns
    -------
    Vector
    """
    return theta - change * rate


def second_order_update(
    objective: SmoothObjective, theta: Vector, change: Vector, steps: Steps
) -> Vector:
    """``theta - (H' + damping I)^-1 G``, their second-order update.

    H' is the curvature of the corrected data; the damping is a hundredth of its largest
    eigenvalue, or more if H' is indefinite.

    Parameters
    ----------
    objective : SmoothObjective
        Of the corrected data.
    theta : Vector
    change : Vector
        G, as in `first_order_update`.
    steps : Steps

    Returns
    -------
    Vector

    Raises
    ------
    NotFiniteError
    """
    generator = np.random.default_rng(steps.seed)
    rows = sample(objective.n_rows, steps.sample, generator)
    matrix = objective.curvature(theta, rows, steps.kind)
    smallest, largest = spectrum(matrix, change)
    damping = max(definite(smallest, largest), _DAMPING * largest)
    return theta - solved(matrix, change, steps, damping=damping).vector
