"""Fits and edits of many trees, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sklearn_unlearn.core.trees.compiled.arrays import (
    Ints,
    UInts,
    data_of,
    kept_of,
    limits_of,
    nodes_of,
    own,
    tree_of,
)
from sklearn_unlearn.core.trees.compiled.editing import edit_tree
from sklearn_unlearn.core.trees.compiled.growing import grow_tree, members
from sklearn_unlearn.core.trees.hashing import root_paths
from sklearn_unlearn.core.trees.rules import Rows, Rules
from sklearn_unlearn.core.trees.splits import no_tables
from sklearn_unlearn.core.trees.tree import Tree


def fit_trees(rows: Rows, places: Ints, rules: Rules, seeds: UInts) -> list[Tree]:
    """The tree of each seed."""
    data, limits = data_of(rows), limits_of(rows, rules)
    some = places.astype(np.int32)
    trees = []
    for seed, path in zip(seeds, root_paths(seeds), strict=True):
        keys, held = members(data, some, seed, rules.share)
        if not held.size:
            trees.append(Tree.empty(rows.n_statistics, no_tables(rows, rules)))
            continue
        held = held[np.argsort(keys)]
        nodes, kept = grow_tree(data, limits, held, path)
        trees.append(tree_of(nodes, held, kept))
    return trees


def edit_trees(
    rows: Rows,
    trees: Sequence[Tree],
    changes: Mapping[int, tuple[Ints, Ints]],
    gone: NDArray[np.bool_],
    seeds: UInts,
    rules: Rules,
) -> dict[int, Tree]:
    """Trees after rows left and others came, of which some row is left, by number.

    Parameters
    ----------
    rows : Rows
    trees : sequence of Tree
    changes : mapping of int to tuple of ndarray
        Places of rows that leave the trees of these numbers, and that come.
    gone : ndarray of bool of shape (n_places,)
        Which rows leave.
    seeds : ndarray of uint64 of shape (n_trees,)
    rules : Rules
    """
    data, limits, paths = data_of(rows), limits_of(rows, rules), root_paths(seeds)
    edited = {}
    for number, (going, coming) in changes.items():
        tree = trees[number]
        nodes, places, kept = edit_tree(
            data,
            limits,
            seeds[number],
            paths[number],
            nodes_of(tree),
            own(tree.places),
            kept_of(tree.tables),
            gone,
            going.astype(np.int32),
            coming.astype(np.int32),
        )
        edited[number] = tree_of(nodes, places, kept)
    return edited
