"""Sums of rows that are an affine function of the rows that were summed.

Weights, means and second moments of ``A x + b`` follow from those of ``x``. They are
computed without rounding and then rounded to 106 bits, so that sums do not grow with
each map: moments about a number near the mean, which has no digits to lose.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from sklearn_unlearn.core.affine import AffineMap
from sklearn_unlearn.core.arrays import Array
from sklearn_unlearn.core.statistics.class_sums import Statistics
from sklearn_unlearn.core.statistics.exact_summation import Exact

#: What a transformer and a map may differ by, as a share of what they add up.
_ROUNDING = 2.0**-49
#: Share of the moment about a number near the mean that is none of the deviations:
#: what varies less than the last bit of its mean does not vary.
_NOTHING = 2.0**-90


def mapped(sums: Statistics, change: AffineMap, n_rest: int = 0) -> Statistics | None:
    """Sums of the new outputs of the rows, without rounding.

    Parameters
    ----------
    sums : Statistics
        Of the old outputs.
    change : AffineMap
        A complete one.
    n_rest : int, default=0
        How many further columns, the last ones, stay as they are.

    Returns
    -------
    Statistics or None
        None if sums of squares do not tell those of the new columns, because one is
        made of several.
    """
    rest = sp.csr_array(sp.identity(n_rest, format="csr"))
    linear = sp.csr_array(change.linear)
    if n_rest:
        linear = sp.csr_array(sp.block_diag((linear, rest), format="csr"))
    linear.sum_duplicates()
    shift = Exact.of(np.concatenate([change.shift, np.zeros(n_rest)]))
    n_groups, n_new = sums.weight.shape[0], shift.shape[0]
    shift = shift.reshaped(1, n_new)
    weight = sums.weight.reshaped(n_groups, 1)
    turned = _product(linear, sums.first.reshaped(*sums.first.shape, 1))
    turned = turned.reshaped(n_groups, n_new)
    first = turned.plus(weight.times(shift))
    if sums.second is None:
        return Statistics(sums.weight, first, None)
    if sums.second.shape == sums.first.shape:
        if np.any(np.diff(linear.indptr) > 1):
            return None
        squared = _squares(linear, sums.second)
        crossed = turned.plus(turned).plus(weight.times(shift)).times(shift)
        return Statistics(sums.weight, first, squared.plus(crossed))
    half = _product(linear, sums.second)
    second = _product(linear, _turned(half))
    column, row = turned.reshaped(n_groups, n_new, 1), shift.reshaped(1, 1, n_new)
    crossed = column.times(row)
    both = shift.reshaped(1, n_new, 1).times(row)
    second = second.plus(crossed).plus(_turned(crossed))
    second = second.plus(weight.reshaped(n_groups, 1, 1).times(both))
    return Statistics(sums.weight, first, second)


def noise_of(
    sums: Statistics, change: AffineMap, n_rest: int, before: Array | None
) -> Array:
    """How far mapped rows may be from those that a transformer computes anew.

    Parameters
    ----------
    sums, change, n_rest
        As for `mapped`.
    before : ndarray of shape (n_columns,) or None
        The same of the old outputs.

    Returns
    -------
    ndarray of shape (n_new + n_rest,)
    """
    weight, n_old = sums.weight.rounded().sum(), change.n_old
    if sums.second is None:
        size = np.abs(sums.first.rounded()).sum(axis=0) / weight
    else:
        size = np.sqrt(np.maximum(sums.squares().rounded().sum(axis=0), 0.0) / weight)
    noise = np.zeros(n_old + n_rest) if before is None else before
    linear = abs(sp.csr_array(change.linear))
    rounding = _ROUNDING * (linear @ size[:n_old] + np.abs(change.shift))
    found: Array = np.append(linear @ noise[:n_old] + rounding, noise[n_old:])
    return found


def shortened(sums: Statistics, noise: Array) -> Statistics:
    """The same with 106 bits of each sum: of moments about a number near the mean.

    A column that does not vary in a class, save by rounding, does not vary afterwards.

    Parameters
    ----------
    sums : Statistics
    noise : ndarray of shape (n_columns,)
        What `noise_of` the rows gives.
    """
    if sums.second is None:
        return Statistics(sums.weight, _two_floats(sums.first), None)
    n_groups = sums.weight.shape[0]
    size = sums.weight.rounded()[:, None]
    total = sums.first.rounded()
    mean = np.divide(total, size, out=np.zeros_like(total), where=size > 0.0)
    centre = Exact.of(mean)
    weight = sums.weight.reshaped(n_groups, 1)
    about = Statistics(
        sums.weight,
        sums.first.plus(weight.times(centre), -1),
        _moved(sums.second, sums.first, centre, weight),
    )
    squares = size * about.squares().rounded()
    spread = about.weighted_scatter(diagonal=True).rounded()
    varies = spread > np.maximum(_NOTHING * squares, np.square(noise * size))
    first, second = _two_floats(about.first.where(varies)), about.second
    assert second is not None
    both = varies
    if second.shape != sums.first.shape:
        both = varies[:, :, None] & varies[:, None, :]
    second = _two_floats(second.where(both))
    opposite = Exact(-centre.digits, centre.low).canonical()
    return Statistics(
        sums.weight,
        first.plus(weight.times(centre)),
        _moved(second, first, opposite, weight),
    )


def _moved(second: Exact, first: Exact, centre: Exact, weight: Exact) -> Exact:
    """Second moments about a number for each column, of those about zero."""
    n_groups, n_columns = first.shape
    if second.shape == first.shape:
        crossed = first.plus(first).plus(weight.times(centre), -1).times(centre)
        return second.plus(crossed, -1)
    row = centre.reshaped(n_groups, 1, n_columns)
    crossed = first.reshaped(n_groups, n_columns, 1).times(row)
    both = centre.reshaped(n_groups, n_columns, 1).times(row)
    second = second.plus(crossed, -1).plus(_turned(crossed), -1)
    return second.plus(weight.reshaped(n_groups, 1, 1).times(both))


def _turned(matrices: Exact) -> Exact:
    """Each of several matrices transposed."""
    return Exact(matrices.digits.transpose(0, 1, 3, 2), matrices.low)


def _product(linear: sp.csr_array, matrices: Exact) -> Exact:
    """A sparse matrix times each of several matrices, in the order of the axes."""
    n_groups, _, width = matrices.shape
    shape = (n_groups, linear.shape[0], width)
    factors = Exact.of(linear.data)
    n_digits = len(factors.digits) + len(matrices.digits)
    digits = np.zeros((n_digits, *shape), dtype=np.int64)
    for i, data in enumerate(factors.digits):
        parts = (data, linear.indices, linear.indptr)
        part = sp.csr_array(parts, shape=linear.shape)
        for j, each in enumerate(matrices.digits):
            for group in range(n_groups):
                digits[i + j, group] += part @ each[group]
    return Exact(digits, factors.low + matrices.low).canonical()


def _squares(linear: sp.csr_array, squares: Exact) -> Exact:
    """Sums of squares of columns each of which is a multiple of one, or zero."""
    there = np.flatnonzero(np.diff(linear.indptr))
    factor = np.zeros(linear.shape[0])
    source = np.zeros(linear.shape[0], dtype=np.intp)
    factor[there], source[there] = linear.data, linear.indices
    exact = Exact.of(factor).reshaped(1, factor.size)
    return exact.times(exact).times(squares.take(source, 1))


def _two_floats(numbers: Exact) -> Exact:
    """Numbers rounded to the sum of two floats."""
    high = numbers.rounded()
    found = Exact.of(high)
    low: Array = numbers.plus(found, -1).rounded()
    return found.plus(Exact.of(low))
