"""A forest after many requests of all kinds, against a fit on what remains."""

from __future__ import annotations

import time

import numpy as np
from sklearn.base import clone

from benchmarks.measure import Table
from benchmarks.packaged_sets import adult
from sklearn_unlearn import UnlearnableRandomForestClassifier

_PARTS = "feature", "below", "above", "missing_left", "right", "n_rows", "sums"
#: Rows that are not in the model at first.
_LATER = 500


def run(settings):
    table = Table("A forest after requests of four kinds in turn, against a fit")
    X, y = adult()
    if settings.quick:
        X, y = X[:2000], y[:2000]
    n_trees, n_requests = (10, 40) if settings.quick else (100, 1000)
    inside = np.arange(len(y)) < len(y) - _LATER
    forest = UnlearnableRandomForestClassifier(n_trees, random_state=0)
    model = clone(forest).fit(X[inside], y[inside])
    rng, labels, seconds = np.random.default_rng(0), np.unique(y), 0.0
    for number in range(n_requests):
        coming = number % 4 == 3
        row = rng.choice(np.flatnonzero(~inside if coming else inside), 1)
        new, label = X[row].copy(), labels[1 - np.searchsorted(labels, y[row])]
        column = rng.integers(X.shape[1])
        new[0, column] = X[rng.integers(len(y)), column]
        start = time.process_time()
        if number % 4 == 0:
            model.partial_unfit(X[row], y[row])
            inside[row] = False
        elif number % 4 == 1:
            model.replace_features(X[row], y[row], new)
            X[row] = new
        elif number % 4 == 2:
            model.replace_labels(X[row], y[row], label)
            y[row] = label
        else:
            model.partial_fit(X[row], y[row])
            inside[row] = True
        seconds += time.process_time() - start
    order = rng.permutation(np.flatnonzero(inside))
    differ = _differing(model, clone(forest).fit(X[order], y[order]))
    table.add(
        requests=n_requests,
        rows=order.size,
        trees=n_trees,
        differ=differ,
        request=f"{1e3 * seconds / n_requests:.3g} ms",
    )
    table.reach("trees that differ from those of a fit", differ, at_most=0)
    table.notes.append(
        "Rows of Adult leave, have a value or a label corrected, and come. The fit has "
        "them in another order. Trees are compared in all of their nodes and in the "
        "names of the rows in each leaf. Time is the processor's."
    )
    return table


def _differing(model, refit):
    """How many trees are not the same in all parts."""
    one, two = model._fitted.model.compacted(), refit._fitted.model.compacted()
    return sum(
        not all(
            np.array_equal(getattr(tree, part), getattr(other, part)) for part in _PARTS
        )
        or not np.array_equal(one.rows.names[tree.places], two.rows.names[other.places])
        for tree, other in zip(one.trees, two.trees, strict=True)
    )
