"""How much a cut lowers the impurity of a node, up to what is the same for all cuts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sklearn_unlearn.core.trees.rules import Criterion, Rows, Rules

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Shape = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Histograms:
    """What is summed of the rows of nodes, by bins of the features that they try.

    Attributes
    ----------
    sums : ndarray of float64 of shape (n_statistics, n_nodes, n_tried, n_bins)
    counts : ndarray of float64 of shape (n_nodes, n_tried, n_bins)
        Rows; `sums` hold these where all weights are 1.
    """

    sums: Floats
    counts: Floats

    @classmethod
    def of(cls, rows: Rows, places: Ints, bins: Ints, shape: Shape) -> Histograms:
        """Those of rows.

        Parameters
        ----------
        rows : Rows
        places : ndarray of shape (n_rows,)
        bins : ndarray of shape (n_tried, n_rows)
            The bin of each row in each feature, counted over all nodes and features.
        shape : tuple of int
            Nodes, features, bins.
        """
        n_bins = shape[0] * shape[1] * shape[2]
        sums = sums_of(rows, places, bins, n_bins)
        sums = sums.reshape(rows.n_statistics, *shape)
        if rows.unit_weights and not rows.n_classes:
            counts = sums[0]
        elif rows.unit_weights:
            counts = _added(sums)
        else:
            counts = np.bincount(bins.ravel(), minlength=n_bins).astype(np.float64)
        return cls(sums, counts.reshape(shape))

    @classmethod
    def joined(cls, parts: Sequence[Histograms]) -> Histograms:
        """Those of several groups of nodes."""
        sums = np.concatenate([part.sums for part in parts], axis=1)
        return cls(sums, np.concatenate([part.counts for part in parts]))

    def some(self, chosen: Ints) -> Histograms:
        """Those of some of the nodes."""
        return Histograms(self.sums[:, chosen], self.counts[chosen])

    def padded(self, n_bins: int) -> Histograms:
        """The same with more bins behind, which are empty."""
        more = 0, n_bins
        return Histograms(
            np.pad(self.sums, [(0, 0)] * 3 + [more]),
            np.pad(self.counts, [(0, 0)] * 2 + [more]),
        )

    def gains(self, rows: Rows, rules: Rules, lacking: Ints | None = None) -> Floats:
        """The gain of each cut, minus infinity where it is not allowed.

        Parameters
        ----------
        rows : Rows
        rules : Rules
        lacking : ndarray of int of shape (n_nodes, n_tried), optional
            The bin of missing values in each feature, if there are any: such rows may
            go to the left as well.

        Returns
        -------
        ndarray of shape (n_nodes, n_tried, n_cuts)
            Entry i is of the cut behind bin i, up to the last but one; then the same
            again with missing values on the left, if there are any.
        """
        sums, counts = np.cumsum(self.sums, axis=3), np.cumsum(self.counts, axis=2)
        left, total = sums[..., :-1], sums[..., -1:]
        n_left, n_total = counts[:, :, :-1], counts[:, :, -1:]
        gain = _gains(left, total, n_left, n_total, rows, rules)
        if lacking is None:
            return gain
        others = np.full(gain.shape, -np.inf)
        n_missing = np.take_along_axis(self.counts, lacking[:, :, None], 2)[:, :, 0]
        node, tried = np.nonzero(n_missing)
        bins = lacking[node, tried]
        others[node, tried] = _gains(
            left[:, node, tried] + self.sums[:, node, tried, bins][:, :, None],
            total[:, node, tried],
            n_left[node, tried] + n_missing[node, tried, None],
            n_total[node, tried],
            rows,
            rules,
        )
        return np.concatenate([gain, others], axis=2)


def _gains(
    left: Floats,
    total: Floats,
    n_left: Floats,
    n_total: Floats,
    rows: Rows,
    rules: Rules,
) -> Floats:
    """The gains of cuts with statistics and numbers of rows on the left, and of all."""
    right, n_right = total - left, n_total - n_left
    weight_left, weight_right = n_left, n_right
    if not rows.unit_weights:
        weight_left = _added(left) if rows.n_classes else left[0]
        weight_right = _added(right) if rows.n_classes else right[0]
    allowed = np.minimum(n_left, n_right) >= rules.min_rows_leaf
    if rules.min_weight_leaf > 0.0:
        lightest = np.minimum(weight_left, weight_right)
        allowed &= lightest >= rules.min_weight_leaf
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = _purity(left, weight_left, rules.criterion)
        gain += _purity(right, weight_right, rules.criterion)
    gain[~allowed] = -np.inf
    return gain


def sums_of(rows: Rows, places: Ints, bins: Ints, n_bins: int) -> Floats:
    """Statistics of the rows of each bin, of shape (n_statistics, n_bins).

    Bins are of shape (..., n_rows). Sums of whole numbers are the same in any order.
    """
    flat = bins.ravel()
    if rows.n_classes:
        labels = rows.labels[places]
        weight = None
        if not rows.unit_weights:
            weight = np.broadcast_to(rows.weight[places], bins.shape).ravel()
        keys = (bins + labels * n_bins).ravel()
        counts = np.bincount(keys, weight, n_bins * rows.n_classes)
        return counts.astype(np.float64, copy=False).reshape(rows.n_classes, n_bins)
    sums = np.empty((rows.n_statistics, n_bins))
    if rows.unit_weights:
        sums[0] = np.bincount(flat, minlength=n_bins)
    else:
        weight = np.broadcast_to(rows.weight[places], bins.shape)
        sums[0] = np.bincount(flat, weight.ravel(), n_bins)
    for target, moment in enumerate(rows.moments):
        taken = np.broadcast_to(moment[places], bins.shape)
        sums[1 + target] = np.bincount(flat, taken.ravel(), n_bins)
    return sums


def _added(sums: Floats) -> Floats:
    """Sums of all classes."""
    total: Floats = sums[0].copy()
    for others in sums[1:]:
        total += others
    return total


def purities(sums: Floats, criterion: Criterion) -> Floats:
    """Weight times what the impurity of nodes lacks to its largest value.

    Parameters
    ----------
    sums : ndarray of shape (n_statistics, n_nodes)
    criterion : Criterion
    """
    weight = sums[0] if criterion is Criterion.SQUARED_ERROR else _added(sums)
    return _purity(sums, weight, criterion)


def _purity(sums: Floats, weight: Floats, criterion: Criterion) -> Floats:
    """Weight times what the impurity lacks to its largest value.

    Each operation is one of IEEE 754, in a fixed order: compiled code that does the
    same gets the same bits.
    """
    if criterion is Criterion.ENTROPY:
        total = -_times_logarithm(weight)
        for of_class in sums:
            total += _times_logarithm(of_class)
        return total
    first = int(criterion is Criterion.SQUARED_ERROR)
    squares: Floats = sums[first] * sums[first]
    for others in sums[first + 1 :]:
        squares += others * others
    squares /= weight
    return squares


def _times_logarithm(x: Floats) -> Floats:
    """X log x of non-negative numbers, 0 at 0."""
    fraction, exponent = np.frexp(x)
    small = fraction < np.sqrt(0.5)
    fraction = np.where(small, 2.0 * fraction, fraction)
    exponent = exponent - small
    t = (fraction - 1.0) / (fraction + 1.0)  # |t| < 0.172
    square = t * t
    series = np.full_like(t, 1.0 / 21.0)
    for odd in range(19, 0, -2):
        series = series * square + 1.0 / odd
    logarithm = 2.0 * t * series + exponent * np.log(2.0)
    return np.where(x > 0.0, x * logarithm, 0.0)
