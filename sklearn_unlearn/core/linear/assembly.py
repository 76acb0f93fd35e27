"""From the upper triangle of a data Hessian to the lower one of what is factored."""

from __future__ import annotations

import numpy as np

from sklearn_unlearn.core.arrays import Array, Indices

#: Rows of a triangle mirrored at a time.
_STRIP = 256


def assemble(array: Array, penalty: Array, gauge: Indices) -> None:
    """Turn the upper triangle of a Hessian into the lower one of what is factored."""
    diagonal = np.diagonal(array).copy()
    _mirror_upper(array)
    np.fill_diagonal(array, diagonal + penalty)
    _add_gauge(array, gauge, diagonal)


def _add_gauge(array: Array, gauge: Indices, diagonal: Array) -> None:
    """Fill in undetermined shifts, scaled like their coordinates, lower triangle."""
    shifting = np.flatnonzero(gauge >= 0)
    if not shifting.size:
        return
    shifting = shifting[np.argsort(gauge[shifting], kind="stable")]
    _, counts = np.unique(gauge[shifting], return_counts=True)
    together = shifting.reshape(counts.size, counts[0])  # a coefficient a row, sorted
    scale = diagonal[together].mean(axis=1)
    with np.errstate(invalid="ignore"):  # what is not finite is refused by the factor
        for k in range(counts[0]):
            for m in range(k + 1):
                array[together[:, k], together[:, m]] += scale


def _mirror_upper(array: Array) -> None:
    """Copy the strict upper triangle below the diagonal, strip by strip."""
    for start in range(0, array.shape[0], _STRIP):
        stop = min(start + _STRIP, array.shape[0])
        square = array[start:stop, start:stop]
        square[:] = np.triu(square) + np.triu(square, 1).T
        array[stop:, start:stop] = array[start:stop, stop:].T
