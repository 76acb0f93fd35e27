"""Least squares from sums of products without rounding: the normal equations.

Their condition number is the square of that of the columns. But each step of iterative
refinement divides the error by the inverse of that number times the precision, as long
as the residuals are those of the exact sums: the solution is then accurate to rounding.

N. J. Higham: Accuracy and Stability of Numerical Algorithms, 2nd edition, SIAM 2002,
chapter 12.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotrs

from sklearn_unlearn.core.arrays import Array
from sklearn_unlearn.core.statistics.exact_summation import Exact
from sklearn_unlearn.core.threads import suited_to
from sklearn_unlearn.exceptions import NotPositiveDefiniteError

_EPS = float(np.finfo(np.float64).eps)
#: Steps of refinement; two do unless columns are nearly dependent.
_MOST_STEPS = 10


def least_squares(products: Exact, n_columns: int) -> Array:
    """Coefficients of the smallest sum of squared errors.

    Parameters
    ----------
    products : Exact of shape (n_columns + n_targets, n_columns + n_targets)
        Summed products of the columns and, after them, the targets.
    n_columns : int

    Returns
    -------
    ndarray of shape (n_columns, n_targets)

    Raises
    ------
    NotPositiveDefiniteError
        If columns are dependent: of one the others leave less than ``4 n_columns``
        units in the last place of its sum of squares.
    """
    columns, rest = np.split(np.arange(products.shape[0]), [n_columns])
    known = products.take(columns)
    known, wanted = known.take(columns, 1), known.take(rest, 1)
    normal = known.rounded()
    diagonal = np.diagonal(normal)
    if not np.all(diagonal > 0.0):
        raise NotPositiveDefiniteError(
            "A column has the same value in all rows, or squares of what varies are "
            "below the smallest float, as those of 1e-162 are: scale the column."
        )
    # powers of two that make the diagonal about one, without rounding
    scale = np.ldexp(1.0, -(np.frexp(diagonal)[1] // 2))
    scaled = np.asfortranarray(normal * scale[:, None] * scale)
    least = 4.0 * n_columns * _EPS * np.diagonal(scaled)
    with suited_to(n_columns):
        factor, info = dpotrf(scaled, lower=1, clean=0)
        # written so that a NaN fails; a pivot lost to rounding counts as none
        if info != 0 or not np.all(np.square(np.diagonal(factor)) > least):
            raise NotPositiveDefiniteError(
                "Columns are dependent, or there are too few rows."
            )
        solution = np.zeros((n_columns, rest.size))
        for _ in range(_MOST_STEPS):
            missing = remainder(known, wanted, solution * scale[:, None])
            step, _ = dpotrs(factor, missing * scale[:, None], lower=1)
            solution += step
            size = np.abs(solution).max(axis=0)
            if np.all(np.abs(step).max(axis=0) <= _EPS * size):
                break
    found: Array = solution * scale[:, None]
    return found


def remainder(known: Exact, wanted: Exact, coef: Array) -> Array:
    """What ``known @ coef`` lacks of ``wanted``, rounded only at the end.

    Parameters
    ----------
    known : Exact of shape (n_rows, n_columns)
    wanted : Exact of shape (n_rows, n_targets)
    coef : ndarray of shape (n_columns, n_targets)

    Returns
    -------
    ndarray of shape (n_rows, n_targets)
    """
    return wanted.plus(known.matrix_times(Exact.of(coef)), -1).rounded()
