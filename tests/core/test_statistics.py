"""Statistics of classes: exact, whatever came and went, in any order and format."""

import math
from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_unlearn.core.statistics import block_sums as sums
from sklearn_unlearn.core.statistics.class_sums import Statistics
from sklearn_unlearn.exceptions import (
    EmptyClassError,
    InsufficientWeightError,
    RowNotFoundError,
)

KINDS = ["none", "columns", "pairs"]


def make(n_rows=60, seed=0, whole=False):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, 3)) * [1.0, 1e6, 1e-9] + [1e8, 0.0, 0.0]
    weight = np.ones(n_rows) if whole else rng.uniform(0.1, 2.0, n_rows)
    return X, rng.integers(0, 3, n_rows), weight


def assert_identical(one, other):
    for name in ("weight", "first", "second"):
        found, expected = getattr(one, name), getattr(other, name)
        if expected is None:
            assert found is None
            continue
        assert found.low == expected.low, name
        np.testing.assert_array_equal(found.digits, expected.digits, err_msg=name)


def taken(rows, chosen):
    return tuple(part[chosen] for part in rows)


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_sums_are_exact(kind, whole):
    X, group, weight = make(whole=whole)
    found = Statistics.of(X, group, weight, 4, kind)
    for k in range(4):
        rows = [[Fraction(x) for x in row] for row in X[group == k].tolist()]
        shares = [Fraction(w) for w in weight[group == k].tolist()]
        assert found.weight.rounded()[k] == float(sum(shares))
        for i in range(3):
            first = sum(w * row[i] for w, row in zip(shares, rows, strict=True))
            assert found.first.rounded()[k, i] == pytest.approx(float(first), rel=4e-16)
            if kind == "none" or not rows:
                continue
            for j in range(3) if kind == "pairs" else [i]:
                second = sum(
                    w * row[i] * row[j] for w, row in zip(shares, rows, strict=True)
                )
                value = found.second.rounded()[(k, i, j)[: 3 - (kind == "columns")]]
                assert value == pytest.approx(float(second), rel=4e-16)
                mean = first / sum(shares)
                other = sum(w * row[j] for w, row in zip(shares, rows, strict=True))
                scatter = float(second - mean * other)
                spread = found.scatter()[(k, i, j)[: 3 - (kind == "columns")]]
                assert spread == pytest.approx(scatter, rel=1e-15)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", [sp.csr_array, sp.csr_matrix])
def test_sparse_rows_give_the_same_to_the_bit(form, kind):
    X, group, weight = make()
    X[np.random.default_rng(1).uniform(size=X.shape) < 0.6] = 0.0
    found = Statistics.of(form(X), group, weight, 3, kind)
    assert_identical(found, Statistics.of(X, group, weight, 3, kind))


@pytest.mark.parametrize("kind", KINDS)
def test_many_blocks_give_the_same_to_the_bit(kind):
    rng = np.random.default_rng(0)
    n_rows = 2**15 + 100
    X, group = rng.normal(size=(n_rows, 2)), rng.integers(0, 2, n_rows)
    # all bits set, in one column: sums come near 2**53
    X[:, 1] = 1.0 - 2.0**-53
    weight = np.ones(n_rows)
    found = Statistics.of(X, group, weight, 2, kind)
    parts = np.array_split(rng.permutation(n_rows), 100)
    other = Statistics.of(X[:0], group[:0], weight[:0], 2, kind)
    for part in parts:
        other = other.plus(Statistics.of(X[part], group[part], weight[part], 2, kind))
    assert_identical(found, other)


@pytest.mark.parametrize("n_groups", [2, 40, 500])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", [np.array, sp.csr_array])
def test_any_partition_gives_the_same_to_the_bit(monkeypatch, form, kind, n_groups):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3_000, 3)) * 2.0 ** rng.integers(-40, 40, (3_000, 1))
    group, weight = rng.integers(0, n_groups, 3_000), rng.uniform(size=3_000)
    whole = Statistics.of(form(X), group, weight, n_groups, kind)
    monkeypatch.setattr(sums, "_BLOCK_ENTRIES", 200)
    monkeypatch.setattr(sums, "_PAIRS_ROWS", 100)
    monkeypatch.setattr(sums, "_CHUNK_ENTRIES", 1_000)
    monkeypatch.setattr(sums, "_CHUNK_CELLS", 1)
    assert_identical(whole, Statistics.of(form(X), group, weight, n_groups, kind))
    order = rng.permutation(3_000)
    other = Statistics.of(form(X[order]), group[order], weight[order], n_groups, kind)
    assert_identical(whole, other)


@settings(deadline=None)
@pytest.mark.parametrize("kind", KINDS)
@given(st.data())
def test_what_is_left_is_what_the_rows_left_would_give(kind, data):
    n_rows = 24
    X, group, weight = make(n_rows, seed=3, whole=data.draw(st.booleans()))
    X[5], X[6, 0] = 1e16, -1e100  # outliers come and go
    group[:6] = [0, 0, 0, 1, 1, 1]  # and two classes always stay
    inside = np.ones(n_rows, dtype=bool)
    rows = (X, group, weight)
    found = Statistics.of(*rows, 3, kind)
    for _ in range(data.draw(st.integers(1, 5))):
        flipped = np.zeros(n_rows, dtype=bool)
        flipped[sorted(data.draw(st.sets(st.integers(0, n_rows - 1), min_size=1)))] = (
            True
        )
        flipped[[0, 3]] = False
        coming, going = flipped & ~inside, flipped & inside
        found = found.changed(
            Statistics.of(*taken(rows, coming), 3, kind),
            Statistics.of(*taken(rows, going), 3, kind),
        )
        inside ^= flipped
    assert_identical(found, Statistics.of(*taken(rows, inside), 3, kind))


def test_ten_thousand_rows_leave_a_mean_of_1e8_and_no_trace():
    rng = np.random.default_rng(0)
    n_rows, n_left = 10_500, 500
    X = 1e8 + rng.normal(size=(n_rows, 4))
    group, weight = rng.integers(0, 2, n_rows), np.ones(n_rows)
    found = Statistics.of(X, group, weight, 2, "columns")
    # one, two or more of them at a time
    ends = np.cumsum(np.arange(n_rows) % 9 + 1)
    for rows in np.split(np.arange(n_rows - n_left), ends[ends < n_rows - n_left]):
        some = Statistics.of(*taken((X, group, weight), rows), 2, "columns")
        found = found.changed(None, some)
    left = taken((X, group, weight), slice(n_rows - n_left, None))
    assert_identical(found, Statistics.of(*left, 2, "columns"))
    for k in range(2):
        rows = left[0][left[1] == k]
        mean = [math.fsum(column) / len(rows) for column in rows.T]
        np.testing.assert_allclose(found.mean()[k], mean, rtol=3e-16)
        variance = found.scatter()[k] / len(rows)
        np.testing.assert_allclose(variance, (rows - 1e8).var(axis=0), rtol=1e-13)


def test_constant_columns_vary_exactly_zero():
    X = np.full((100, 2), 0.1) * [1.0, 1e9]
    found = Statistics.of(X, np.zeros(100, dtype=int), np.full(100, 0.3), 1, "pairs")
    np.testing.assert_array_equal(found.scatter(), np.zeros((1, 2, 2)))


@pytest.mark.parametrize("kind", KINDS)
def test_parts_and_pools(kind):
    X, group, weight = make()
    found = Statistics.of(X, group, weight, 3, kind)
    chosen = group != 1
    fewer = Statistics.of(X[chosen], group[chosen] // 2, weight[chosen], 2, kind)
    assert_identical(found.classes(np.array([0, 2])), fewer)
    columns = np.array([0, 2])
    assert_identical(
        found.columns(columns), Statistics.of(X[:, columns], group, weight, 3, kind)
    )
    one = np.zeros_like(group)
    assert_identical(found.pooled(), Statistics.of(X, one, weight, 1, kind))


def test_a_class_that_vanishes_is_zero_throughout():
    X, group, weight = make()
    found = Statistics.of(X, group, weight, 3, "pairs")
    # the weights leave in thirds, which do not add up to the last bit
    out = group == 2
    parts = [weight[out] / 3.0] * 2
    parts.append(weight[out] - parts[0] - parts[1])
    for part in parts:
        rows = Statistics.of(X[out], group[out], part, 3, "pairs")
        found = found.changed(None, rows)
    assert_identical(
        found, Statistics.of(X[~out], group[~out], weight[~out], 3, "pairs")
    )


@pytest.mark.parametrize("kind", KINDS)
def test_an_edit_of_some_classes_is_an_edit_of_all(kind):
    X, group, weight = make()
    group[:9] = np.repeat([0, 1, 2], 3)
    found = Statistics.of(X, group, weight, 4, kind).settled()
    out, into, touched = group == 0, np.arange(3, 6), np.array([0, 2, 3])

    def part(chosen, groups):
        return Statistics.of(X[chosen], groups, weight[chosen], 3, kind)

    # a class vanishes, one appears, one grows, and one stays
    coming, going = part(into, np.array([1, 2, 2])), part(out, group[out])
    after = found.changed(coming, going, groups=touched)
    rows = np.flatnonzero(~out).tolist() + into.tolist()
    groups = np.append(group[~out], [2, 3, 3])
    expected = Statistics.of(X[rows], groups, weight[rows], 4, kind)
    assert_identical(after, expected)
    if kind != "none":
        np.testing.assert_array_equal(after.within, expected.scatter())
        np.testing.assert_array_equal(after.within[1], found.within[1])
        columns = np.array([2, 0])
        np.testing.assert_array_equal(
            after.columns(columns).within, expected.columns(columns).scatter()
        )
    two, first = found.classes(np.array([2, 0])), going.classes(np.array([0]))
    with pytest.raises(EmptyClassError) as error:
        two.changed(None, first, groups=np.array([1]))
    assert error.value.groups == (1,)


def test_impossible_requests_are_refused():
    X, group, weight = make(whole=True)
    found = Statistics.of(X, group, weight, 3, "columns")

    def rows(chosen, values=X, share=1.0):
        part = values[chosen], group[chosen], share * weight[chosen]
        return Statistics.of(*part, 3, "columns")

    with pytest.raises(InsufficientWeightError):
        found.changed(None, rows(np.flatnonzero(group == 1), share=1.5))
    with pytest.raises(EmptyClassError) as error:
        found.changed(None, rows(np.flatnonzero(group != 1)))
    assert error.value.groups == (0, 2)
    with pytest.raises(RowNotFoundError):
        found.changed(None, rows(np.array([0]), X + 1e7))
    # a row that moves: what it takes from one class it may give to another
    found.changed(rows(np.arange(5), X + 1.0), rows(np.arange(5)))


def test_values_in_the_unit_interval_sum_to_no_more_than_the_weight():
    X, group = np.eye(3)[[0, 1, 1, 0, 2, 1]], np.array([0, 0, 0, 0, 1, 1])
    weight = np.full(6, 0.1)
    found = Statistics.of(X, group, weight, 2, "none")

    def row(values, share=1.0):
        one = np.array([values]), np.zeros(1, dtype=int), np.array([0.1 * share])
        return Statistics.of(*one, 2, "none")

    without = found.changed(None, row([1.0, 0.0, 0.0]), values="unit")
    without = without.changed(None, row([1.0, 0.0, 0.0]), values="unit")
    # two rows are left, both of the second column
    for values in ("any", "positive"):
        without.changed(None, row([0.0, 0.0, 0.0]), values=values)
    with pytest.raises(RowNotFoundError):
        without.changed(None, row([0.0, 0.0, 0.0]), values="unit")
    with pytest.raises(RowNotFoundError):
        without.changed(None, row([0.0, 0.0, 1.0]), values="unit")
    for share in (0.1, 0.2, 0.7):
        without = without.changed(None, row([0.0, 1.0, 0.0], share), values="unit")


def test_spread_sums():
    X, group, weight = make()
    found = Statistics.of(X, group, weight, 3, "none").spread(np.array([4, 1, 2]), 6)
    wide = np.zeros((X.shape[0], 6))
    wide[:, [4, 1, 2]] = X
    assert_identical(found, Statistics.of(wide, group, weight, 3, "none"))
