"""Many trees of the same rows: the fit, and what a request changes of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sklearn_unlearn.core.trees.accelerator import compiled_trees
from sklearn_unlearn.core.trees.growth import Roots, grow
from sklearn_unlearn.core.trees.hashing import (
    is_drawn,
    root_paths,
    row_keys,
    tree_seeds,
)
from sklearn_unlearn.core.trees.nodes import Ints
from sklearn_unlearn.core.trees.rules import Rows, Rules
from sklearn_unlearn.core.trees.splicing import edited_trees
from sklearn_unlearn.core.trees.splits import no_tables
from sklearn_unlearn.core.trees.tree import Tree
from sklearn_unlearn.core.trees.visits import Visits

#: Rows, counted in each tree, that are grown on together: bounds the memory.
_TOGETHER = 2**19


def fit_trees(
    rows: Rows, places: Ints, rules: Rules, numbers: Sequence[int] | None = None
) -> list[Tree]:
    """The trees of some rows, which depend on nothing but these.

    Parameters
    ----------
    rows : Rows
    places : ndarray of int of shape (n_rows,)
        Of the rows to use, in any order.
    rules : Rules
    numbers : sequence of int, optional
        Which trees; all of them by default.

    Returns
    -------
    list of Tree
    """
    seeds = tree_seeds(rules.seed, rules.n_trees)
    seeds = seeds if numbers is None else seeds[np.asarray(numbers, dtype=np.intp)]
    if compiled := compiled_trees():
        return list(compiled.fit_trees(rows, places, rules, seeds))
    size = max(1, int(_TOGETHER / max(places.size * rules.share, 1.0)))
    trees: list[Tree] = []
    for first in range(0, seeds.size, size):
        batch = seeds[first : first + size]
        members = [_members(rows, places, seed, rules) for seed in batch]
        sizes = np.array([member.size for member in members])
        full = np.flatnonzero(sizes)
        roots = Roots(
            np.concatenate(members),
            np.concatenate([[0], np.cumsum(sizes[full])]),
            root_paths(batch[full]),
            np.zeros(full.size, dtype=np.intp),
        )
        grown = iter(grow(rows, roots, rules) if full.size else [])
        empty = Tree.empty(rows.n_statistics, no_tables(rows, rules))
        trees += [next(grown) if size else empty for size in sizes]
    return trees


def edit_trees(
    rows: Rows, trees: Sequence[Tree], out: Ints, into: Ints, rules: Rules
) -> list[Tree]:
    """The trees after rows left and others came: those of a fit on what is there then.

    Parameters
    ----------
    rows : Rows
        With the rows that leave and those that come.
    trees : sequence of Tree
    out, into : ndarray of int
        Places of the rows that leave, and that come.
    rules : Rules

    Returns
    -------
    list of Tree
        The same objects where a tree has none of the rows.
    """
    seeds = tree_seeds(rules.seed, rules.n_trees)
    changed = np.concatenate([out, into])
    names = rows.names[changed]
    drawn = is_drawn(row_keys(seeds[:, None], names[None, :]), rules.share)
    after = list(trees)
    gone = np.zeros(rows.names.size, dtype=bool)
    gone[out] = True
    kept: dict[int, tuple[Ints, Ints]] = {}
    for number in np.flatnonzero(drawn.any(axis=1)).tolist():
        going = out[drawn[number, : out.size]]
        coming = into[drawn[number, out.size :]]
        if trees[number].places.size > going.size:
            kept[number] = going, coming
        else:  # nothing is left of the tree
            after[number] = fit_trees(rows, coming, rules, [number])[0]
    if not kept:
        return after
    if compiled := compiled_trees():
        edited = compiled.edit_trees(rows, trees, kept, gone, seeds, rules)
    else:
        visits = Visits()
        for number, (going, coming) in kept.items():
            visits.add(rows, trees[number], number, going.tolist(), coming.tolist())
        edited = edited_trees(rows, trees, visits, gone, seeds, rules)
    for number, tree in edited.items():
        after[number] = tree
    return after


def _members(rows: Rows, places: Ints, seed: np.uint64, rules: Rules) -> Ints:
    """Places of the rows of one tree, by key."""
    keys = row_keys(np.array([seed]), rows.names[places])
    if rules.share < 1.0:
        drawn = is_drawn(keys, rules.share)
        places, keys = places[drawn], keys[drawn]
    members: Ints = places[np.argsort(keys)]
    return members
