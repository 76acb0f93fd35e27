"""Kept histograms of large nodes: how requests change them, and their best cut."""

from __future__ import annotations

import numpy as np

from sklearn_unlearn.core.trees.compiled.arrays import (
    Data,
    Kept,
    Limits,
    Places,
    first_tables,
)
from sklearn_unlearn.core.trees.compiled.compiling import compiled, loop
from sklearn_unlearn.core.trees.compiled.cuts import bins_cut
from sklearn_unlearn.core.trees.compiled.scratch import Cut, Scratch
from sklearn_unlearn.core.trees.rules import MISSING


@loop
def add_to_table(
    data: Data, kept: Kept, table: int, places: Places, sign: float
) -> None:
    """Add rows to the bins of a table."""
    n_tried, width = kept.values.shape[1], kept.values.shape[2]
    for tried in range(n_tried):
        column = data.columns[kept.features[table, tried]]
        values = kept.values[table, tried]
        for place in places:
            x, into = column[place], 2 * width
            for number in range(width):
                if values[number] >= x:
                    into = 2 * number + (values[number] == x)
                    break
            kept.counts[table, tried, into] += sign
            weight = sign * data.weight[place]
            if data.n_classes > 0:
                kept.sums[data.labels[place], table, tried, into] += weight
                continue
            kept.sums[0, table, tried, into] += weight
            for target in range(data.moments.shape[0]):
                moment = sign * data.moments[target, place]
                kept.sums[1 + target, table, tried, into] += moment


@loop
def table_cut(
    data: Data, limits: Limits, kept: Kept, table: int, n_rows: int, scratch: Scratch
) -> Cut:
    """The best cut that a table tells of."""
    n_tried, width = kept.values.shape[1], kept.values.shape[2]
    sums, counts = scratch.sums, scratch.counts
    best = Cut(-np.inf, -1, np.float32(0.0), False, False, False, 0)
    for tried in range(n_tried):
        for number in range(2 * width):
            counts[number] = kept.counts[table, tried, number]
            for statistic in range(sums.shape[1]):
                sums[number, statistic] = kept.sums[statistic, table, tried, number]
        gain, behind, n_left = bins_cut(
            sums,
            counts[: 2 * width],
            n_rows,
            data.n_classes,
            data.unit_weights,
            limits,
            scratch.left,
            scratch.right,
            scratch.total,
            -1,
            best.gain,
        )
        feature, values = kept.features[table, tried], kept.values[table, tried]
        lacking = 2 * width - 1
        while lacking > 1 and values[lacking // 2 - 1] == MISSING:
            lacking -= 2
        missing = counts[lacking] > 0.0
        if behind >= 0:
            value, strict = values[behind // 2], behind % 2 == 0
            best = Cut(gain, feature, value, strict, missing, False, n_left)
        if not missing:
            continue
        gain, behind, n_left = bins_cut(
            sums,
            counts[: 2 * width],
            n_rows,
            data.n_classes,
            data.unit_weights,
            limits,
            scratch.left,
            scratch.right,
            scratch.total,
            lacking,
            best.gain,
        )
        if behind >= 0:
            value, strict = values[behind // 2], behind % 2 == 0
            best = Cut(gain, feature, value, strict, True, True, n_left)
    return best


@compiled
def room(kept: Kept, n_tables: int, more: int) -> Kept:
    """The tables, with room for more."""
    if n_tables + more <= kept.nodes.size:
        return kept
    return first_tables(kept, n_tables, n_tables + more + n_tables // 4 + 4)
