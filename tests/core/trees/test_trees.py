"""Edited trees are those of a fit on what remains: nodes, thresholds, rows, tables."""

from dataclasses import fields, replace

import numpy as np
import pytest

from sklearn_unlearn.core.trees import splits
from sklearn_unlearn.core.trees.accelerator import VARIABLE, compiled_trees
from sklearn_unlearn.core.trees.forest import edit_trees, fit_trees
from sklearn_unlearn.core.trees.gains import Histograms
from sklearn_unlearn.core.trees.hashing import mix
from sklearn_unlearn.core.trees.rules import MISSING, Criterion, Rows, Rules

CRITERIA = [Criterion.GINI, Criterion.ENTROPY, Criterion.SQUARED_ERROR]


@pytest.fixture(params=["numpy", "numba"], autouse=True)
def code(request, monkeypatch):
    """The tests of this module run with either code."""
    if request.param == "numba":
        pytest.importorskip("numba")
    monkeypatch.setenv(VARIABLE, str(int(request.param == "numba")))
    assert (compiled_trees() is None) == (request.param == "numpy")


def random_rows(rng, criterion, n_rows, n_features):
    """Rows with many equal values, classes or targets, and weights in every third."""
    columns = rng.integers(0, rng.integers(2, 30), (n_features, n_rows))
    columns = columns.astype(np.float32)
    share = rng.choice([0.0, 0.05, 0.6], n_features)  # of values that are missing
    columns[rng.random(columns.shape) < share[:, None]] = MISSING
    regression = criterion is Criterion.SQUARED_ERROR
    n_classes = 0 if regression else int(rng.integers(1, 4))
    labels = rng.integers(0, n_classes or 9, n_rows)
    unit = bool(rng.integers(3))
    weight = np.ones(n_rows) if unit else rng.integers(1, 2**20, n_rows) * 1.0
    moments = (labels * weight)[None] if regression else np.empty((0, n_rows))
    names = mix(rng.permutation(n_rows).astype(np.uint64))
    features = mix(np.arange(n_features, dtype=np.uint64))
    missing = np.any(columns == MISSING, axis=1)
    return Rows(
        columns, labels, weight, moments, names, features, n_classes, unit, missing
    )


def random_rules(rng, criterion, n_features):
    return Rules(
        criterion=criterion,
        seed=int(rng.integers(2**40)),
        n_trees=4,
        share=float(rng.choice([0.3, 0.7, 1.0])),
        n_candidates=int(rng.integers(1, 25)),
        n_features=int(rng.integers(1, n_features + 1)),
        max_depth=int(rng.choice([3, 100])),
        min_rows_split=2,
        min_rows_leaf=int(rng.integers(1, 4)),
        min_weight_leaf=float(rng.choice([0.0, 3.0])),
    )


def assert_same_trees(trees, others, names):
    for tree, other in zip(trees, others, strict=True):
        for field in fields(tree):
            one, two = getattr(tree, field.name), getattr(other, field.name)
            if field.name == "places":  # places are of no meaning, names are
                one, two = names[one], names[two]
            if field.name == "tables":
                for part in ("nodes", "features", "values"):
                    np.testing.assert_array_equal(
                        getattr(one, part), getattr(two, part), err_msg=part
                    )
                assert_same_histograms(one.histograms, two.histograms)
                continue
            np.testing.assert_array_equal(one, two, err_msg=field.name)


def assert_same_histograms(one: Histograms, two: Histograms):
    np.testing.assert_array_equal(one.sums, two.sums)
    np.testing.assert_array_equal(one.counts, two.counts)


@pytest.mark.parametrize("criterion", CRITERIA, ids=lambda each: each.value)
@pytest.mark.parametrize("large", [5, 256])
def test_edits_are_fits(monkeypatch, criterion, large):
    monkeypatch.setattr(splits, "LARGE", large)
    rng = np.random.default_rng([large, CRITERIA.index(criterion)])
    for _ in range(12):
        n_rows, n_features = int(rng.integers(5, 90)), int(rng.integers(1, 6))
        rows = random_rows(rng, criterion, n_rows, n_features)
        rules = random_rules(rng, criterion, n_features)
        inside = rng.random(n_rows) < 0.7
        inside[0] = True
        trees = fit_trees(rows, np.flatnonzero(inside), rules)
        for _ in range(3):
            out, into = np.flatnonzero(inside[1:]) + 1, np.flatnonzero(~inside)
            out = rng.permutation(out)[: rng.integers(0, 5)]
            into = rng.permutation(into)[: rng.integers(0, 5)]
            inside[out], inside[into] = False, True
            trees = edit_trees(rows, trees, out, into, rules)
            fresh = fit_trees(rows, rng.permutation(np.flatnonzero(inside)), rules)
            assert_same_trees(trees, fresh, rows.names)


def test_a_tree_that_has_none_of_the_rows_is_the_same_object():
    rng = np.random.default_rng(0)
    rows = random_rows(rng, Criterion.GINI, 60, 3)
    rules = replace(random_rules(rng, Criterion.GINI, 3), share=0.3, n_trees=20)
    trees = fit_trees(rows, np.arange(60), rules)
    after = edit_trees(rows, trees, np.array([7]), np.array([], dtype=int), rules)
    for tree, other in zip(trees, after, strict=True):
        assert (tree is other) == (7 not in tree.places)


def test_a_tree_whose_rows_are_all_candidates_has_no_room_for_tables():
    rng = np.random.default_rng(5)
    rows = random_rows(rng, Criterion.GINI, 60, 3)
    rules = replace(random_rules(rng, Criterion.GINI, 3), n_candidates=2**36)
    trees = fit_trees(rows, np.arange(60), rules)
    trees = edit_trees(rows, trees, np.array([7]), np.array([], dtype=int), rules)
    fresh = fit_trees(rows, np.delete(np.arange(60), 7), rules)
    assert_same_trees(trees, fresh, rows.names)


def test_more_trees_do_not_change_the_first_ones():
    rng = np.random.default_rng(1)
    rows = random_rows(rng, Criterion.GINI, 60, 3)
    rules = random_rules(rng, Criterion.GINI, 3)
    few = fit_trees(rows, np.arange(60), rules)
    many = fit_trees(rows, np.arange(60), replace(rules, n_trees=9))
    assert_same_trees(few, many[: len(few)], rows.names)


def test_the_threshold_of_neighbours_without_a_midpoint_is_the_left_one():
    rng = np.random.default_rng(2)
    rows = random_rows(rng, Criterion.GINI, 2, 1)
    one = np.float32(1.0)
    next_one = np.nextafter(one, np.float32(2.0))
    rows = replace(
        rows,
        columns=np.array([[one, next_one]]),
        labels=np.array([0, 1]),
        n_classes=2,
        weight=np.ones(2),
        unit_weights=True,
    )
    rules = replace(
        random_rules(rng, Criterion.GINI, 1),
        share=1.0,
        min_rows_leaf=1,
        min_weight_leaf=0.0,
    )
    tree = fit_trees(rows, np.arange(2), rules)[0]
    assert one <= tree.threshold[0] < next_one
    np.testing.assert_array_equal(tree.leaves(rows.columns), [1, 2])
