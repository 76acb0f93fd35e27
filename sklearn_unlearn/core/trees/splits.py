"""The split of each of many nodes: the best cut at a sampled row of a drawn feature.

For each drawn feature and each value v of a sampled row there are two cuts, ``x < v``
and ``x <= v``; rows that lack the feature go to the right, or all of them to the left;
and there is one cut with all other rows on the left and these on the right. Where no
drawn feature splits a node, the best cut of the others does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sklearn_unlearn.core.trees.gains import Histograms
from sklearn_unlearn.core.trees.hashing import UInts, combine
from sklearn_unlearn.core.trees.nodes import Ints, Nodes
from sklearn_unlearn.core.trees.rules import Rows, Rules
from sklearn_unlearn.core.trees.tables import Cuts, Tables

#: Entries, of a row in a feature, that are looked at together: bounds the memory.
_TOGETHER = 2**20
#: Entries of tables that cost about as much as the calls for one more width.
_FEW = 2**13
#: Nodes of more rows keep their tables.
LARGE = 512


def best_splits(rows: Rows, nodes: Nodes, rules: Rules) -> tuple[Cuts, Tables]:
    """The split of each node, and the tables of the large ones.

    Parameters
    ----------
    rows : Rows
    nodes : Nodes
        Each with at least one row.
    rules : Rules

    Returns
    -------
    Cuts
    Tables
        Of nodes with more than `LARGE` rows.
    """
    found = Cuts.none(nodes.paths.size)
    n_features = rows.features.size
    drawn = min(rules.n_features, n_features)
    kept = [no_tables(rows, rules)]
    for chosen in nodes.batches(_TOGETHER // drawn):
        order = _order_of_features(rows, nodes.paths[chosen], drawn)
        cuts, large = _of_features(rows, nodes, chosen, order[:, :drawn], rules)
        found.put(chosen, cuts)
        kept += large
    without = np.flatnonzero(found.feature < 0)
    if without.size and drawn < n_features:
        rest = nodes.some(without)
        for chosen in rest.batches(_TOGETHER // (n_features - drawn)):
            order = _order_of_features(rows, rest.paths[chosen], n_features)
            cuts, _ = _of_features(rows, rest, chosen, order[:, drawn:], rules)
            found.put(without[chosen], cuts)
    return found, Tables.joined(kept)


def _of_features(
    rows: Rows, nodes: Nodes, chosen: Ints, features: Ints, rules: Rules
) -> tuple[Cuts, list[Tables]]:
    """The best cuts of some nodes by some features each, and tables of large nodes."""
    part = nodes.some(chosen)
    found, kept = Cuts.none(chosen.size), []
    n_sampled = part.n_sampled
    rest, width = np.arange(chosen.size), int(n_sampled.max())
    while rest.size:
        # narrow tables for small nodes, where these are many
        narrow = n_sampled[rest] <= width // 2
        narrow &= rest.size * features.shape[1] * width > _FEW
        some, rest = rest[~narrow], rest[narrow]
        if some.size:
            here = part.some(some)
            tables = Tables.of(rows, here, chosen[some], features[some], width)
            found.put(some, tables.cuts(rows, rules))
            large = np.flatnonzero(is_large(here.sizes, rules))
            if large.size:
                kept.append(tables.some(large).widened(rules.n_candidates + 1))
        width //= 2
    return found, kept


def is_large(sizes: Ints, rules: Rules) -> NDArray[np.bool_]:
    """Whether nodes of so many rows keep their tables."""
    large: NDArray[np.bool_] = sizes > max(LARGE, rules.n_candidates)
    return large


def _order_of_features(rows: Rows, paths: UInts, n_first: int) -> Ints:
    """The features that each node tries first, in the order in which it does."""
    keys = combine(paths[:, None], rows.features[None, :])
    if n_first > keys.shape[1] // 4:
        return np.argsort(keys, axis=1, kind="stable")[:, :n_first]
    some = np.argpartition(keys, n_first, axis=1)[:, :n_first]
    ranks = np.argsort(np.take_along_axis(keys, some, 1), axis=1, kind="stable")
    return np.take_along_axis(some, ranks, 1)


def no_tables(rows: Rows, rules: Rules) -> Tables:
    """Tables of no nodes."""
    drawn, width = min(rules.n_features, rows.features.size), rules.n_candidates
    shape = 0, drawn, 2 * width + 3
    return Tables(
        np.empty(0, dtype=np.intp),
        np.empty((0, drawn), dtype=np.intp),
        np.empty((0, drawn, width + 1), dtype=np.float32),
        np.empty((0, width), dtype=np.int32),
        Histograms(np.empty((rows.n_statistics, *shape)), np.empty(shape)),
    )
