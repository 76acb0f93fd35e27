"""Bounds on the rounding error of a gradient: sums of absolute values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sklearn_unlearn.core.arrays import Array

_UNIT = float(np.finfo(np.float64).eps) / 2.0


@dataclass(frozen=True, eq=False)
class Rounding:
    """First-order forward errors of a gradient, in units of u.

    That of products and sums is m |X|' |s r| where m roundings meet (`n_roundings`;
    Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 4.2) plus one
    a block; that of the raw predictions, (p + 2) |x_i| |theta|, is seen through the
    curvature. The order of the rows does not matter, nor how they are divided into
    blocks but for their number.

    Attributes
    ----------
    sums : ndarray of shape (p, n_outputs)
        ``|X|' |s r|``.
    raw : ndarray of shape (p, n_outputs)
        Of the raw predictions.
    regular : ndarray of shape (p, n_outputs)
        Of penalty and linear term.
    roundings : int
        m, blocks included.
    change : float
        Largest change of a raw prediction, if it was asked for.
    largest : float
        Largest ``|x_i| |theta|``.
    """

    sums: Array
    raw: Array
    regular: Array
    roundings: int
    change: float = 0.0
    largest: float = 0.0

    @property
    def length(self) -> float:
        """Bound on the 2-norm of the error."""
        error = self.roundings * self.sums + self.raw + self.regular
        return _UNIT * float(np.linalg.norm(error))
