"""A gradient norm that knows its rounding error."""

from __future__ import annotations

import numpy as np

from sklearn_unlearn.core.rows import Finely


class GradientResidual(float):
    """A gradient norm that knows its rounding error.

    Attributes
    ----------
    rounding_error : float
        Bound on the error of the norm from floating-point summation.
    """

    def __new__(cls, norm, rounding_error):
        """A float of value ``norm``."""
        self = super().__new__(cls, norm)
        self.rounding_error = float(rounding_error)
        return self

    def __repr__(self):
        return f"{float(self):.3g} (rounding error at most {self.rounding_error:.1g})"

    def __str__(self):
        return float.__repr__(self)

    def __reduce__(self):
        return type(self), (float(self), self.rounding_error)


def residual_at(objective, rows, theta):
    """Norm of the gradient of an objective on rows: the one implementation.

    Parameters
    ----------
    objective : Objective
    rows : Rows
    theta : ndarray of shape (p, n_outputs)

    Returns
    -------
    GradientResidual
    """
    rows = Finely(rows)
    norm = np.linalg.norm(objective.gradient(rows, theta))
    return GradientResidual(norm, objective.rounding_bound(rows, theta))
