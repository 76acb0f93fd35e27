"""A gradient norm that knows its rounding error."""

from __future__ import annotations

import math

import numpy as np


class GradientResidual(float):
    """A gradient norm that knows its rounding error.

    Attributes
    ----------
    rounding_error : float
        Bound on the error of the norm from floating-point summation; NaN if unknown.
    remembered : tuple of str
        Steps of a pipeline that were left as they are (``on_stateful="freeze"``) and
        know rows or targets that are forgotten: of this the norm says nothing.
    """

    rounding_error: float
    remembered: tuple[str, ...]

    def __new__(cls, norm, rounding_error, remembered=()):
        """A float of value ``norm``."""
        self = super().__new__(cls, norm)
        self.rounding_error = float(rounding_error)
        self.remembered = tuple(sorted(remembered))
        return self

    @classmethod
    def of(cls, norm, remembered):
        """A norm, of which a network gives no rounding error, beside such steps."""
        if not remembered:
            return norm
        return cls(norm, getattr(norm, "rounding_error", math.nan), remembered)

    def __repr__(self):
        beside = f"rounding error at most {self.rounding_error:.1g}"
        if self.remembered:
            named = ", ".join(map(repr, self.remembered))
            beside += f"; without what {named} knows of forgotten rows"
        return f"{float(self):.3g} ({beside})"

    def __str__(self):
        return float.__repr__(self)

    def __reduce__(self):
        return type(self), (float(self), self.rounding_error, self.remembered)


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
    norm = np.linalg.norm(objective.gradient(rows, theta))
    return GradientResidual(norm, objective.rounding_bound(rows, theta))
