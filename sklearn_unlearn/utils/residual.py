"""A gradient norm that knows its rounding error."""

from __future__ import annotations


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
