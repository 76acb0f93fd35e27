"""Gains of cuts, and sums of rows, as NumPy's version counts them."""

from __future__ import annotations

from math import frexp

import numpy as np

from sklearn_unlearn.core.trees.compiled.arrays import (
    ENTROPY,
    SQUARED_ERROR,
    Data,
    Floats,
    Places,
)
from sklearn_unlearn.core.trees.compiled.compiling import loop

_ROOT, _LOG_TWO = float(np.sqrt(0.5)), float(np.log(2.0))


@loop
def _times_logarithm(x: float) -> float:
    """X log x of a non-negative number, 0 at 0."""
    if not x > 0.0:
        return 0.0
    fraction, exponent = frexp(x)
    if fraction < _ROOT:
        fraction = 2.0 * fraction
        exponent = exponent - 1
    t = (fraction - 1.0) / (fraction + 1.0)
    square = t * t
    series = 1.0 / 21.0
    for odd in range(19, 0, -2):
        series = series * square + 1.0 / odd
    return x * (2.0 * t * series + exponent * _LOG_TWO)


@loop
def _purity(sums: Floats, weight: float, criterion: int) -> float:
    """Weight times what the impurity lacks to its largest value."""
    if criterion == ENTROPY:
        total = -_times_logarithm(weight)
        for statistic in range(sums.size):
            total += _times_logarithm(sums[statistic])
        return total
    first = 1 if criterion == SQUARED_ERROR else 0
    squares: float = sums[first] * sums[first]
    for statistic in range(first + 1, sums.size):
        squares += sums[statistic] * sums[statistic]
    return squares / weight


@loop
def gain_of(
    left: Floats,
    n_left: float,
    total: Floats,
    n_total: float,
    right: Floats,
    n_classes: int,
    unit_weights: bool,
    criterion: int,
    min_weight: float,
) -> float:
    """The gain of a cut, minus infinity where a child would be too light."""
    for statistic in range(total.size):
        right[statistic] = total[statistic] - left[statistic]
    weight_left, weight_right = n_left, n_total - n_left
    if not unit_weights:
        weight_left, weight_right = left[0], right[0]
        for of_class in range(1, n_classes):
            weight_left += left[of_class]
            weight_right += right[of_class]
    if min_weight > 0.0 and min(weight_left, weight_right) < min_weight:
        return -np.inf
    gain = _purity(left, weight_left, criterion)
    return gain + _purity(right, weight_right, criterion)


@loop
def sum_rows(data: Data, places: Places, sums: Floats) -> None:
    """Set the statistics of rows."""
    labels, weight, moments = data.labels, data.weight, data.moments
    for statistic in range(sums.size):
        sums[statistic] = 0.0
    for number in range(places.size):
        place = places[number]
        if data.n_classes > 0:
            sums[labels[place]] += weight[place]
            continue
        sums[0] += weight[place]
        for target in range(moments.shape[0]):
            sums[1 + target] += moments[target, place]
