"""Why a matrix has no Cholesky factor, in words for the reader."""

from __future__ import annotations

from enum import Enum

import numpy as np
from scipy.linalg import eigvalsh

from sklearn_unlearn.core.arrays import Array


class Status(Enum):
    """What a factorisation found; the values are sentences for the reader."""

    DEPENDENT = (
        "The Hessian is singular to working precision. Either some columns are "
        "linearly dependent on others and no penalty decides between them: use a "
        "finite C (a positive alpha) or drop them. Or a column has an offset or a "
        "scale beside which the others vanish: centre and scale the columns."
    )
    NOT_FINITE = (
        "The Hessian is not finite: values of X, weights or the penalty are too large. "
        "Scale them."
    )
    INDEFINITE = (
        "The Hessian is not positive definite. Possible causes: too few rows remain to "
        "determine the unpenalised coefficients; a row that leaves outweighs all "
        "others, which are lost in its rounding; or rows were taken out that the model "
        "was never trained on (or twice)."
    )


def diagnosis(array: Array, scale: Array) -> Status:
    """Singular or indefinite: decided by the smallest eigenvalue, scale removed."""
    if not np.all(np.isfinite(scale)):
        return Status.NOT_FINITE
    if np.any(scale < 0.0):
        return Status.INDEFINITE
    root = 1.0 / np.sqrt(np.where(scale > 0.0, scale, 1.0))
    upper = np.triu(array, 1) + np.diag(scale)
    smallest = eigvalsh(root[:, None] * upper * root, lower=False)[0]
    return Status.INDEFINITE if smallest < -1e-10 else Status.DEPENDENT
