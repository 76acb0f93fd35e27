"""The best cut of one node."""

from __future__ import annotations

import numpy as np

from sklearn_unlearn.core.trees.compiled.arrays import (
    Data,
    Floats,
    Ints,
    Kept,
    Limits,
    Places,
    Singles,
)
from sklearn_unlearn.core.trees.compiled.compiling import loop
from sklearn_unlearn.core.trees.compiled.gains import gain_of
from sklearn_unlearn.core.trees.compiled.scratch import Cut, Scratch, first_features
from sklearn_unlearn.core.trees.compiled.sorting import (
    bin_of,
    distinct,
    rank,
    sort_pairs,
)
from sklearn_unlearn.core.trees.rules import MISSING


@loop
def _sorted_cut(
    values: Singles,
    places: Places,
    n_rows: int,
    labels: Ints,
    weight: Floats,
    moments: Floats,
    n_classes: int,
    unit_weights: bool,
    limits: Limits,
    left: Floats,
    right: Floats,
    total: Floats,
    n_missing: int,
    top: float,
) -> tuple[float, int]:
    """The gain of the best cut between sorted values, and how many rows are before it.

    No row if no gain is above ``top``. Of the last rows ``n_missing`` are on the left
    of all cuts.
    """
    for statistic in range(left.size):
        left[statistic] = 0.0
    for number in range(n_rows - n_missing, n_rows):
        place = places[number]
        if n_classes > 0:
            left[labels[place]] += weight[place]
            continue
        left[0] += weight[place]
        for target in range(moments.shape[0]):
            left[1 + target] += moments[target, place]
    n_left = 0
    for number in range(1, n_rows - n_missing):
        place = places[number - 1]
        if n_classes > 0:
            left[labels[place]] += weight[place]
        else:
            left[0] += weight[place]
            for target in range(moments.shape[0]):
                left[1 + target] += moments[target, place]
        n_here = number + n_missing
        if (
            values[number - 1] == values[number]
            or min(n_here, n_rows - n_here) < limits.min_rows_leaf
        ):
            continue
        gain = gain_of(
            left,
            float(n_here),
            total,
            float(n_rows),
            right,
            n_classes,
            unit_weights,
            limits.criterion,
            limits.min_weight_leaf,
        )
        if gain > top:
            top, n_left = gain, number
    return top, n_left


@loop
def _fill_bins(
    column: Singles,
    places: Places,
    ranks: Ints,
    n_values: int,
    labels: Ints,
    weight: Floats,
    moments: Floats,
    n_classes: int,
    unit_weights: bool,
    sums: Floats,
    counts: Floats,
) -> None:
    """Set the statistics and the number of the rows of each bin."""
    n_bins, n_statistics = 2 * n_values + 1, sums.shape[1]
    for number in range(n_bins):
        counts[number] = 0.0
        for statistic in range(n_statistics):
            sums[number, statistic] = 0.0
    if n_classes > 0 and unit_weights:
        for number in range(places.size):
            place = places[number]
            sums[bin_of(ranks, n_values, column[place]), labels[place]] += 1.0
        for number in range(n_bins):
            for statistic in range(n_statistics):
                counts[number] += sums[number, statistic]
        return
    for number in range(places.size):
        place = places[number]
        into = bin_of(ranks, n_values, column[place])
        counts[into] += 1.0
        if n_classes > 0:
            sums[into, labels[place]] += weight[place]
            continue
        sums[into, 0] += weight[place]
        for target in range(moments.shape[0]):
            sums[into, 1 + target] += moments[target, place]


@loop
def bins_cut(
    sums: Floats,
    counts: Floats,
    n_rows: int,
    n_classes: int,
    unit_weights: bool,
    limits: Limits,
    left: Floats,
    right: Floats,
    total: Floats,
    lacking: int,
    top: float,
) -> tuple[float, int, int]:
    """The gain of the best cut behind a bin, its number, and rows on the left.

    Number -1 if no gain is above ``top``. Bins are of shape (n_bins, n_statistics);
    behind an empty one is no other cut. If ``lacking`` is not -1, the rows of the bin
    of this number are on the left of all cuts, and it is the last one.
    """
    for statistic in range(left.size):
        left[statistic] = 0.0
    n_left, n_total, fewest = 0.0, float(n_rows), float(limits.min_rows_leaf)
    last, most, n_bins = -1, 0.0, counts.size
    if lacking >= 0:
        n_left, n_bins = counts[lacking], lacking
        for statistic in range(left.size):
            left[statistic] = sums[lacking, statistic]
    for number in range(n_bins):
        if counts[number] == 0.0:
            continue
        n_left += counts[number]
        for statistic in range(left.size):
            left[statistic] += sums[number, statistic]
        n_right = n_total - n_left
        if n_left < fewest or n_right < fewest:
            continue
        gain = gain_of(
            left,
            n_left,
            total,
            n_total,
            right,
            n_classes,
            unit_weights,
            limits.criterion,
            limits.min_weight_leaf,
        )
        if gain > top:
            top, last, most = gain, number, n_left
    return top, last, int(most)


@loop
def _keep(
    kept: Kept,
    table: int,
    tried: int,
    feature: int,
    n_sampled: int,
    n_distinct: int,
    scratch: Scratch,
) -> None:
    """Put what a feature is judged by into a table."""
    values, firsts = scratch.values, scratch.firsts
    sums, counts = scratch.sums, scratch.counts
    kept.features[table, tried] = feature
    for number in range(n_sampled):
        kept.values[table, tried, number] = values[number]
    kept.values[table, tried, n_sampled] = MISSING
    for number in range(2 * n_sampled + 3):
        kept.counts[table, tried, number] = 0.0
        for statistic in range(sums.shape[1]):
            kept.sums[statistic, table, tried, number] = 0.0
    for number in range(2 * n_distinct + 1):
        into = 2 * n_sampled
        if number < 2 * n_distinct:
            into = 2 * firsts[number // 2] + number % 2
        # the last one is empty, or that of what is above all sampled values
        kept.counts[table, tried, into] += counts[number]
        for statistic in range(sums.shape[1]):
            kept.sums[statistic, table, tried, into] += sums[number, statistic]


@loop
def best_cut(
    data: Data,
    limits: Limits,
    places: Places,
    samples: Places,
    path: np.uint64,
    kept: Kept,
    table: int,
    scratch: Scratch,
) -> Cut:
    """The best cut of a node, whose sums are in ``scratch.total``.

    Parameters
    ----------
    places : ndarray
        Of the rows of the node.
    samples : ndarray
        Of the sampled ones; all, if these are as many.
    table : int
        Into which what the cut is judged by goes; none if -1.
    """
    n_features, n_rows, n_sampled = data.features.size, places.size, samples.size
    labels, weight, moments = data.labels, data.weight, data.moments
    n_classes, unit_weights = data.n_classes, data.unit_weights
    values, found = scratch.values, scratch.places
    sums, counts = scratch.sums, scratch.counts
    left, right, total = scratch.left, scratch.right, scratch.total
    some, ranks, firsts = scratch.distinct, scratch.ranks, scratch.firsts
    order, columns = scratch.order, data.columns
    other_values, other_found = scratch.other_values, scratch.other_places
    best = Cut(-np.inf, -1, np.float32(0.0), False, False, False, 0)
    first, last = 0, limits.n_tried
    while first < n_features:
        first_features(data, path, last, scratch)
        for tried in range(first, last):
            feature = order[tried]
            column = columns[feature]
            low = high = column[samples[0]]
            for number in range(n_sampled):
                x = column[samples[number]]
                found[number], values[number] = samples[number], x
                low = x if x < low else low
                high = x if x > high else high
            if n_sampled == n_rows:
                if low == high:
                    continue
                sort_pairs(
                    values,
                    found,
                    n_sampled,
                    other_values,
                    other_found,
                )
                gain, n_left = _sorted_cut(
                    values,
                    found,
                    n_rows,
                    labels,
                    weight,
                    moments,
                    n_classes,
                    unit_weights,
                    limits,
                    left,
                    right,
                    total,
                    0,
                    best.gain,
                )
                missing = high == MISSING
                if n_left > 0:
                    value = values[n_left - 1]
                    best = Cut(gain, feature, value, False, missing, False, n_left)
                if not missing:
                    continue
                n_missing = 1
                while values[n_rows - n_missing - 1] == MISSING:
                    n_missing += 1
                gain, n_left = _sorted_cut(
                    values,
                    found,
                    n_rows,
                    labels,
                    weight,
                    moments,
                    n_classes,
                    unit_weights,
                    limits,
                    left,
                    right,
                    total,
                    n_missing,
                    best.gain,
                )
                if n_left > 0:
                    value = values[n_left - 1]
                    n_left += n_missing
                    best = Cut(gain, feature, value, False, True, True, n_left)
                continue
            if low < high:
                sort_pairs(
                    values,
                    found,
                    n_sampled,
                    other_values,
                    other_found,
                )
            n_distinct = distinct(values, n_sampled, some, ranks, firsts)
            if data.has_missing[feature] and high < MISSING:
                some[n_distinct], ranks[n_distinct] = MISSING, rank(MISSING)
                firsts[n_distinct] = n_sampled
                n_distinct += 1
            _fill_bins(
                column,
                places,
                ranks,
                n_distinct,
                labels,
                weight,
                moments,
                n_classes,
                unit_weights,
                sums,
                counts,
            )
            if table >= 0 and first == 0:
                _keep(kept, table, tried, feature, n_sampled, n_distinct, scratch)
            gain, behind, n_left = bins_cut(
                sums,
                counts[: 2 * n_distinct],
                n_rows,
                n_classes,
                unit_weights,
                limits,
                left,
                right,
                total,
                -1,
                best.gain,
            )
            lacking = 2 * n_distinct - 1
            missing = some[n_distinct - 1] == MISSING and counts[lacking] > 0.0
            if behind >= 0:
                value, strict = some[behind // 2], behind % 2 == 0
                best = Cut(gain, feature, value, strict, missing, False, n_left)
            if not missing:
                continue
            gain, behind, n_left = bins_cut(
                sums,
                counts[: 2 * n_distinct],
                n_rows,
                n_classes,
                unit_weights,
                limits,
                left,
                right,
                total,
                lacking,
                best.gain,
            )
            if behind >= 0:
                value, strict = some[behind // 2], behind % 2 == 0
                best = Cut(gain, feature, value, strict, True, True, n_left)
        if best.feature >= 0:
            break
        # where none of the features tried first splits a node, the best of the others
        first, last = last, n_features
    return best
