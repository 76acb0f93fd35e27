"""Peaks: bounds on what sums have been before, by which their rounding is judged.

A peak says of a sum to what size it has grown since it was computed from rows: what has
left has left rounding errors of that size. It must not tell what left, and is coarse: a
power of two, times one plus a power of two for each map that raised it by less.
"""

from __future__ import annotations

import numpy as np

from sklearn_unlearn.core.arrays import Array, Data, densify, powers_of_two

#: A map that raises a peak by a smaller share does not double it.
_SMALL = 0.125


def mapped_peaks(matrix: Data, peaks: Array) -> Array:
    """Bounds on the diagonal of ``T H T'``, given those on the diagonal of H.

    A map close to the identity, as that of a scaler that lost a row, raises them by
    little: rounded up to the next power of two, each would double them.

    Parameters
    ----------
    matrix : Data of shape (new, old)
        T.
    peaks : ndarray of shape (old,)

    Returns
    -------
    ndarray of shape (new,)
    """
    if not all(matrix.shape):
        return np.zeros(matrix.shape[0])
    sizes = np.abs(densify(matrix)) * np.sqrt(peaks)
    reach = np.square(sizes.sum(axis=1))
    start = peaks[sizes.argmax(axis=1)]
    there = start > 0.0
    growth = np.divide(reach, start, out=np.zeros_like(reach), where=there)
    mantissa, exponent = np.frexp(growth)
    excess = 2.0 * mantissa - 1.0
    more = np.where(excess <= _SMALL, 1.0 + powers_of_two(excess), 2.0)
    grown: Array = start * np.ldexp(more, exponent - 1)
    return np.where(there & (growth > 0.0), grown, powers_of_two(reach))
