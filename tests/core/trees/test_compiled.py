"""Compiled code makes the trees of NumPy's, to the last bit, and continues them."""

import numpy as np
import pytest

from sklearn_unlearn.core.trees import splits
from sklearn_unlearn.core.trees.accelerator import VARIABLE, compiled_trees
from sklearn_unlearn.core.trees.forest import edit_trees, fit_trees
from tests.core.trees.test_trees import (
    CRITERIA,
    assert_same_trees,
    random_rows,
    random_rules,
)

pytest.importorskip("numba")


def by(code, monkeypatch, function, *arguments):
    monkeypatch.setenv(VARIABLE, {"numpy": "0", "numba": "1"}[code])
    return function(*arguments)


@pytest.mark.parametrize("criterion", CRITERIA, ids=lambda each: each.value)
@pytest.mark.parametrize("large", [30, 512])
def test_compiled_trees_are_those_of_numpy(monkeypatch, criterion, large):
    monkeypatch.setattr(splits, "LARGE", large)
    rng = np.random.default_rng([large, CRITERIA.index(criterion)])
    for _ in range(6):
        n_rows, n_features = int(rng.integers(5, 900)), int(rng.integers(1, 40))
        rows = random_rows(rng, criterion, n_rows, n_features)
        rules = random_rules(rng, criterion, n_features)
        inside = rng.random(n_rows) < 0.9
        inside[0] = True
        places = np.flatnonzero(inside)
        numpy, numba = (
            by(code, monkeypatch, fit_trees, rows, places, rules)
            for code in ("numpy", "numba")
        )
        assert_same_trees(numpy, numba, rows.names)
        out = rng.permutation(places[1:])[: rng.integers(0, 9)]
        request = out, np.flatnonzero(~inside)[: rng.integers(0, 9)], rules
        # each goes on from the trees of the other
        one = by("numba", monkeypatch, edit_trees, rows, numpy, *request)
        two = by("numpy", monkeypatch, edit_trees, rows, numba, *request)
        assert_same_trees(one, two, rows.names)


def test_arrays_that_may_not_be_written_to_are_taken(monkeypatch):
    rng = np.random.default_rng(0)
    rows = random_rows(rng, CRITERIA[0], 200, 3)
    rules = random_rules(rng, CRITERIA[0], 3)
    numpy = by("numpy", monkeypatch, fit_trees, rows, np.arange(200), rules)
    rows.columns.flags.writeable = rows.names.flags.writeable = False
    for tree in numpy:
        tree.places.flags.writeable = tree.sums.flags.writeable = False
    assert_same_trees(
        numpy,
        by("numba", monkeypatch, fit_trees, rows, np.arange(200), rules),
        rows.names,
    )
    request = rows, numpy, np.array([3, 5]), np.array([], dtype=int), rules
    assert_same_trees(
        by("numpy", monkeypatch, edit_trees, *request),
        by("numba", monkeypatch, edit_trees, *request),
        rows.names,
    )
    # others would be compiled again
    compiled = compiled_trees()
    assert len(compiled.grow_tree.signatures) == 1
    assert len(compiled.edit_tree.signatures) == 1
