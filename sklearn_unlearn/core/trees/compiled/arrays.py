"""Rows, rules, nodes and tables as compiled code takes them: tuples of arrays."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklearn_unlearn.core.trees import splits
from sklearn_unlearn.core.trees.compiled.compiling import compiled, loop
from sklearn_unlearn.core.trees.gains import Histograms
from sklearn_unlearn.core.trees.rules import Criterion, Rows, Rules
from sklearn_unlearn.core.trees.tables import Tables
from sklearn_unlearn.core.trees.tree import Tree

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Places = NDArray[np.int32]
Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]
UInts = NDArray[np.uint64]

#: Numbers of the criteria.
GINI, ENTROPY, SQUARED_ERROR = range(3)
_CRITERIA = {
    Criterion.GINI: GINI,
    Criterion.ENTROPY: ENTROPY,
    Criterion.SQUARED_ERROR: SQUARED_ERROR,
}


class Data(NamedTuple):
    """What `Rows` holds."""

    columns: Singles
    labels: Ints
    weight: Floats
    moments: Floats
    names: UInts
    features: UInts
    n_classes: int
    n_statistics: int
    unit_weights: bool
    has_missing: Bools


class Limits(NamedTuple):
    """What `Rules` says, and from how many rows on nodes keep tables."""

    criterion: int
    n_candidates: int
    n_tried: int
    max_depth: int
    fewest: int
    min_rows_leaf: int
    min_weight_leaf: float
    largest_small: int


class Nodes(NamedTuple):
    """The nodes of a `Tree`, or room for them."""

    feature: Places
    below: Singles
    above: Singles
    missing_left: Bools
    right: Places
    n_rows: Places
    sums: Floats


class Kept(NamedTuple):
    """What `Tables` holds, or room for it."""

    nodes: Ints
    features: Ints
    values: Singles
    samples: Places
    sums: Floats
    counts: Floats


def data_of(rows: Rows) -> Data:
    """The rows."""
    return Data(
        own(rows.columns),
        own(rows.labels),
        own(rows.weight),
        own(rows.moments),
        own(rows.names),
        own(rows.features),
        rows.n_classes,
        rows.n_statistics,
        bool(rows.unit_weights),
        own(rows.has_missing),
    )


def limits_of(rows: Rows, rules: Rules) -> Limits:
    """The rules for these rows."""
    return Limits(
        _CRITERIA[rules.criterion],
        rules.n_candidates,
        min(rules.n_features, rows.features.size),
        rules.max_depth,
        max(rules.min_rows_split, 2 * rules.min_rows_leaf),
        rules.min_rows_leaf,
        float(rules.min_weight_leaf),
        max(splits.LARGE, rules.n_candidates),
    )


def nodes_of(tree: Tree) -> Nodes:
    """The nodes of a tree."""
    parts = (tree.feature, tree.below, tree.above, tree.missing_left, tree.right)
    return Nodes(*(own(part) for part in (*parts, tree.n_rows, tree.sums)))


def kept_of(tables: Tables) -> Kept:
    """The tables of a tree."""
    held = tables.histograms
    parts = (tables.nodes, tables.features, tables.values, tables.samples)
    return Kept(*(own(part) for part in (*parts, held.sums, held.counts)))


def tree_of(nodes: Nodes, places: Places, kept: Kept) -> Tree:
    """A tree of these nodes."""
    tables = Tables(
        kept.nodes,
        kept.features,
        kept.values,
        kept.samples,
        Histograms(kept.sums, kept.counts),
    )
    return Tree(
        nodes.feature,
        nodes.below,
        nodes.above,
        nodes.missing_left,
        nodes.right,
        nodes.n_rows,
        nodes.sums,
        places,
        tables,
    )


def own(array: NDArray[Any]) -> NDArray[Any]:
    """The array, contiguous and open to be written to: others are other types."""
    if array.flags.c_contiguous and array.flags.writeable:
        return array
    return np.array(array, order="C")


@compiled
def room_for_nodes(n_nodes: int, n_statistics: int) -> Nodes:
    """Room for nodes."""
    return Nodes(
        np.empty(n_nodes, dtype=np.int32),
        np.empty(n_nodes, dtype=np.float32),
        np.empty(n_nodes, dtype=np.float32),
        np.empty(n_nodes, dtype=np.bool_),
        np.empty(n_nodes, dtype=np.int32),
        np.empty(n_nodes, dtype=np.int32),
        np.empty((n_statistics, n_nodes), dtype=np.float64),
    )


@compiled
def first_nodes(nodes: Nodes, n_nodes: int, room: int) -> Nodes:
    """The first of the nodes, with room for others behind."""
    if room == nodes.feature.size:
        return nodes
    others = room_for_nodes(room, nodes.sums.shape[0])
    copy_nodes(nodes, 0, n_nodes, others, 0)
    return others


@loop
def copy(
    values: NDArray[Any], first: int, last: int, others: NDArray[Any], at: int
) -> None:
    """Copy some values to others."""
    # of views, which the compiler sees to be one piece each
    some, there = values[first:last], others[at : at + last - first]
    for number in range(some.size):
        there[number] = some[number]


@loop
def copy_nodes(nodes: Nodes, first: int, last: int, others: Nodes, at: int) -> None:
    """Copy some nodes to others."""
    copy(nodes.feature, first, last, others.feature, at)
    copy(nodes.below, first, last, others.below, at)
    copy(nodes.above, first, last, others.above, at)
    copy(nodes.missing_left, first, last, others.missing_left, at)
    copy(nodes.right, first, last, others.right, at)
    copy(nodes.n_rows, first, last, others.n_rows, at)
    for statistic in range(nodes.sums.shape[0]):
        copy(nodes.sums[statistic], first, last, others.sums[statistic], at)


@compiled
def room_for_tables(
    n_tables: int, n_tried: int, n_samples: int, n_statistics: int
) -> Kept:
    """Room for tables."""
    width = n_samples + 1  # missing values are behind those of sampled rows
    n_bins = 2 * width + 1
    return Kept(
        np.empty(n_tables, dtype=np.int64),
        np.empty((n_tables, n_tried), dtype=np.int64),
        np.empty((n_tables, n_tried, width), dtype=np.float32),
        np.empty((n_tables, n_samples), dtype=np.int32),
        np.empty((n_statistics, n_tables, n_tried, n_bins), dtype=np.float64),
        np.empty((n_tables, n_tried, n_bins), dtype=np.float64),
    )


@compiled
def first_tables(kept: Kept, n_tables: int, room: int) -> Kept:
    """The first of the tables, with room for others behind."""
    if room == kept.nodes.size:
        return kept
    n_tried, n_samples = kept.values.shape[1], kept.samples.shape[1]
    others = room_for_tables(room, n_tried, n_samples, kept.sums.shape[0])
    copy_tables(kept, 0, n_tables, others, 0)
    return others


@compiled
def copy_tables(kept: Kept, first: int, last: int, others: Kept, at: int) -> None:
    """Copy some tables to others."""
    n_features, n_samples = kept.features.shape[1], kept.samples.shape[1]
    n_values = n_features * kept.values.shape[2]
    n_sums = n_features * kept.sums.shape[3]
    n_tables, room = kept.nodes.size, others.nodes.size
    copy(kept.nodes, first, last, others.nodes, at)
    _copy_blocks(kept.features.ravel(), first, last, n_features, others.features, at)
    _copy_blocks(kept.samples.ravel(), first, last, n_samples, others.samples, at)
    _copy_blocks(kept.values.ravel(), first, last, n_values, others.values, at)
    _copy_blocks(kept.counts.ravel(), first, last, n_sums, others.counts, at)
    for statistic in range(kept.sums.shape[0]):
        begin = statistic * n_tables
        _copy_blocks(
            kept.sums.ravel(),
            begin + first,
            begin + last,
            n_sums,
            others.sums,
            statistic * room + at,
        )


@compiled
def _copy_blocks(
    values: NDArray[Any],
    first: int,
    last: int,
    size: int,
    others: NDArray[Any],
    at: int,
) -> None:
    """Copy some blocks of values to others."""
    copy(values, first * size, last * size, others.ravel(), at * size)
