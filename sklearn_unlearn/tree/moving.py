"""Trees whose rows have other values in the same order: their thresholds move along."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sklearn_unlearn.core.trees.rules import MISSING


@dataclass(frozen=True, eq=False)
class Movement:
    """Other values of rows, as steps before the trees give them after a request.

    Attributes
    ----------
    positions : ndarray of int of shape (n_rows,)
        Of the rows that stay.
    features : ndarray of int of shape (n_moved,)
        Those that may have changed.
    columns : ndarray of float32 of shape (n_moved, n_rows)
        Their values.
    unsteady : ndarray of int
        Positions of those whose place in the order of some column has changed, or that
        are equal to others as they were not before.
    maps : dict of int to tuple of ndarray
        Of each column that has changed, the values of the others before, sorted, and
        what these are now.
    """

    positions: np.ndarray
    features: np.ndarray
    columns: np.ndarray
    unsteady: np.ndarray
    maps: dict[int, tuple[np.ndarray, np.ndarray]]

    @classmethod
    def of(cls, positions, before, after, features=None):
        """That of rows with these values before and after, feature by feature.

        Features are those of these numbers, or all.
        """
        features = np.arange(len(before)) if features is None else features
        unsteady = np.zeros(positions.size, dtype=bool)
        orders = {}
        for feature, (old, new) in enumerate(zip(before, after, strict=True)):
            if np.array_equal(old, new):
                continue
            order = orders[feature] = _order(old, new)
            new = new[order]
            falls = new < np.maximum.accumulate(new)
            unsteady[order[falls]] = True
            order = order[~falls]
            apart = _differ(old[order]), _differ(after[feature][order])
            for one, other in (apart, apart[::-1]):  # equal ones that are not also so
                group = np.cumsum(np.append(False, one))[: order.size]
                split = np.zeros(order.size, dtype=bool)
                split[group[1:][~one & other]] = True
                unsteady[order[split[group]]] = True
        maps = {}
        for feature, order in orders.items():
            order = order[~unsteady[order]]
            first = order[
                np.append(True, _differ(before[feature][order]))[: order.size]
            ]
            maps[features[feature]] = before[feature][first], after[feature][first]
        return cls(positions, features, after, positions[unsteady], maps)

    def rows(self, rows, place):
        """The rows of trees with these values."""
        columns = rows.columns.copy()
        columns[self.features[:, None], place[self.positions]] = self.columns
        missing = rows.has_missing.copy()
        missing[self.features] |= np.any(self.columns == MISSING, axis=1)
        return replace(rows, columns=columns, has_missing=missing)


def moved_trees(trees, movement):
    """Trees of rows that are steady, with the values that these have now."""
    features = np.concatenate([tree.feature for tree in trees])
    below = np.concatenate([tree.below for tree in trees])
    above = np.concatenate([tree.above for tree in trees])
    tried = [tree.tables.features.ravel() for tree in trees]
    width = trees[0].tables.values.shape[-1]
    values = [tree.tables.values.reshape(-1, width) for tree in trees]
    all_tried, all_values = np.concatenate(tried), np.concatenate(values)
    for feature, (old, new) in movement.maps.items():
        here = features == feature
        below[here] = _mapped(below[here], old, new)
        above[here] = _mapped(above[here], old, new)
        there = all_tried == feature
        all_values[there] = _mapped(all_values[there], old, new)
    ends = np.cumsum([tree.feature.size for tree in trees])[:-1]
    table_ends = np.cumsum([each.size for each in tried])[:-1]
    parts = (
        np.split(below, ends),
        np.split(above, ends),
        np.split(all_values, table_ends),
    )
    return [
        replace(
            tree,
            below=low,
            above=high,
            tables=replace(tree.tables, values=some.reshape(tree.tables.values.shape)),
        )
        for tree, low, high, some in zip(trees, *parts, strict=True)
    ]


def _order(old, new):
    """An order of rows by their values, and where these are equal by the new ones."""
    order = np.argsort(old)
    split = ~_differ(old[order]) & _differ(new[order])
    # mostly equal values stay equal: then one sort is enough, and any is as good
    return np.lexsort((new, old)) if split.any() else order


def _differ(values):
    """Where a sorted value is another than the one before it, but for the first."""
    return values[1:] != values[:-1]


def _mapped(values, old, new):
    """What values are now; missing ones stay missing."""
    if not old.size:
        return values
    at = np.minimum(np.searchsorted(old, values), old.size - 1)
    return np.where(values == MISSING, values, new[at])
