"""Least squares from sums of products without rounding: the normal equations.

Their condition number is the square of that of the columns. But each step of iterative
refinement divides the error by the inverse of that number times the precision, as long
as the residuals are those of the exact sums: the solution is then accurate to rounding.

N. J. Higham: Accuracy and Stability of Numerical Algorithms, 2nd edition, SIAM 2002,
chapter 12.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import qr
from scipy.linalg.lapack import dpotrf, dpotrs, dpstrf

from sklearn_unlearn.core.arrays import Array, Indices
from sklearn_unlearn.core.statistics.exact_summation import Exact
from sklearn_unlearn.core.threads import suited_to
from sklearn_unlearn.exceptions import NotPositiveDefiniteError

_EPS = float(np.finfo(np.float64).eps)
#: Steps of refinement; two do unless columns are nearly dependent.
_MOST_STEPS = 10


def least_squares(products: Exact, n_columns: int) -> tuple[Array, int]:
    """Coefficients of the smallest sum of squared errors, of several the shortest.

    Where columns are dependent, coefficients of some that are independent are solved
    for, and in the same way what these make of each of the others: the differences
    are all vectors that change no prediction, and the coefficients lose their
    component among these.

    Parameters
    ----------
    products : Exact of shape (n_columns + n_targets, n_columns + n_targets)
        Summed products of the columns and, after them, the targets.
    n_columns : int

    Returns
    -------
    coef : ndarray of shape (n_columns, n_targets)
    rank : int
        Number of independent columns. One is none if the others leave less than
        ``4 n_columns`` units in the last place of its sum of squares.

    Raises
    ------
    NotPositiveDefiniteError
        If a column varies, by squares that are below the smallest float.
    """
    columns, rest = np.split(np.arange(products.shape[0]), [n_columns])
    normal = products.take(columns).take(columns, 1).rounded()
    there = products.digits[:, columns, columns].any(axis=0)
    varies = np.diagonal(normal) > 0.0
    if np.any(there & (np.diagonal(normal) == 0.0)):
        raise NotPositiveDefiniteError(
            "Squares of what varies in a column are below the smallest float, as those "
            "of 1e-162 are: scale the column."
        )
    coef = np.zeros((n_columns, rest.size))
    if not varies.any():
        return coef, 0
    # powers of two that make the diagonal about one, without rounding
    scale = np.ldexp(1.0, -(np.frexp(np.diagonal(normal)[varies])[1] // 2))
    chosen = np.flatnonzero(varies)
    scaled = normal[np.ix_(chosen, chosen)] * scale[:, None] * scale
    with suited_to(n_columns):
        share = 4.0 * n_columns * _EPS
        factor, info = dpotrf(np.asfortranarray(scaled), lower=1, clean=0)
        # written so that a NaN fails; a pivot lost to rounding counts as none
        pivots = np.square(np.diagonal(factor))
        if info != 0 or not np.all(pivots > share * np.diagonal(scaled)):
            some, factor = _independent(scaled, share)
            chosen, scale = chosen[some], scale[some]
        others = np.setdiff1d(np.flatnonzero(varies), chosen)
        known = products.take(chosen)
        wanted = known.take(np.concatenate([rest, others]), 1)
        found = _refined(known.take(chosen, 1), wanted, factor, scale)
        coef[chosen] = found[:, : rest.size]
        if others.size:
            idle = np.zeros((n_columns, others.size))
            idle[chosen], idle[others] = found[:, rest.size :], -np.eye(others.size)
            basis, _ = qr(idle, mode="economic")
            for _ in range(2):
                coef -= basis @ (basis.T @ coef)
    return coef, chosen.size


def _independent(scaled: Array, share: float) -> tuple[Indices, Array]:
    """Columns of which the others are combinations, and the factor of their products.

    Parameters
    ----------
    scaled : ndarray of shape (n_columns, n_columns)
        Products of columns, each with a positive sum of squares.
    share : float
        Of the sum of squares of a column, which counts as none.
    """
    size = 1.0 / np.sqrt(np.diagonal(scaled))
    matrix = np.asfortranarray(scaled * size[:, None] * size)
    while True:
        _, order, rank, _ = dpstrf(matrix, tol=share, lower=1)
        some = np.sort(order[: max(rank, 1)] - 1)
        part = np.asfortranarray(scaled[np.ix_(some, some)])
        factor, info = dpotrf(part, lower=1, clean=0)
        if info == 0:
            return some, factor
        share *= 16.0


def _refined(known: Exact, wanted: Exact, factor: Array, scale: Array) -> Array:
    """The solution of equations of which the scaled matrix has a factor."""
    solution = np.zeros(wanted.shape)
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
