"""Counts of values, against counts from scratch."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_unlearn.core.statistics.counts import (
    Counts,
    Missing,
    holding,
    keys_of,
    value_of,
)
from sklearn_unlearn.exceptions import InsufficientWeightError, RowNotFoundError

VALUES = st.lists(
    st.tuples(
        st.sampled_from(["a", "bb", None, float("nan"), "c"]),
        st.sampled_from([0.0, -0.0, 1.5, float("nan"), 1e300]),
    ),
    min_size=2,
    max_size=20,
)


def counted(rows):
    words, numbers = zip(*rows, strict=True)
    return Counts.of([np.array(words, dtype=object), np.array(numbers)])


def assert_same(one, other):
    assert (one.n_rows, one.values, one.dtypes) == (
        other.n_rows,
        other.values,
        other.dtypes,
    )


@settings(deadline=None)
@given(VALUES, st.integers(1, 19))
def test_what_comes_and_goes_leaves_no_trace(rows, n_going):
    n_going = min(n_going, len(rows) - 1)
    counts = pickle.loads(pickle.dumps(counted(rows)))
    left = counts.minus(counted(rows[:n_going]))
    assert_same(left, counted(rows[n_going:]))
    assert_same(left.plus(counted(rows[:n_going])), counts)
    assert left.minus(counted(rows[n_going:])).empty
    assert left.columns([1]).values == counted(rows[n_going:]).values[1:]


def test_what_was_not_in_is_refused():
    counts = counted([("a", 1.0), ("b", 1.0)])
    with pytest.raises(RowNotFoundError, match=r"Column 0 of X holds 'c', which"):
        counts.minus(counted([("c", 1.0)]))
    with pytest.raises(RowNotFoundError, match=r"Column 1 of X holds nan"):
        counts.minus(counted([("a", np.nan)]))
    with pytest.raises(InsufficientWeightError, match=r"'a' more often"):
        counts.minus(counted([("a", 1.0), ("a", 1.0)]))


def test_dtypes():
    words, numbers = np.array(["a", "long word"]), np.array([1, 2])
    one = Counts.of([words, numbers])
    assert [dtype.str for dtype in one.dtypes] == ["<U0", "<i8"]
    other = Counts.of([np.array([None, "a"], dtype=object), np.array([0.5, 1.0])])
    both = one.plus(other)
    assert [dtype.kind for dtype in both.held] == ["O", "f"]
    assert both.values[1] == {1: 2, 2: 1, 0.5: 1}
    assert both.minus(other).held == one.held == one.dtypes


@pytest.mark.parametrize(
    ("dtype", "values", "expected"),
    [
        ("i8", [2, 3.0, True], "i8"),
        ("i8", [2, 2.5], "f8"),
        ("i8", [np.nan], "f8"),
        ("i8", [np.int8(2)], "i8"),
        ("i8", [2, "2"], "O"),
        ("i1", [300], "i8"),
        ("?", [1, 0.0], "?"),
        ("f4", [0.5, 3, np.nan], "f4"),
        ("f4", [0.1], "f8"),
        ("f8", [0.1, 7], "f8"),
        ("U", ["a"], "U"),
        ("U", [1.0], "O"),
        ("O", [1.0, "a"], "O"),
    ],
)
def test_a_dtype_is_kept_where_it_holds_all_values(dtype, values, expected):
    keys = keys_of(np.array(values, dtype=object))
    assert holding(np.dtype(dtype), keys) == np.dtype(expected)


def test_keys():
    dates = np.array(["2020-01-01", "2021-01-01"], dtype="M8[ns]")
    assert keys_of(dates) == list(dates)
    assert keys_of(np.array([1.0, np.nan])) == [1.0, Missing.NAN]
    assert np.isnan(value_of(Missing.NAN))
    assert value_of("a") == "a"
    assert repr(Missing.NAN) == "nan"


def test_what_is_derived_follows_values_that_leave():
    rng = np.random.default_rng(0)
    columns = [rng.integers(0, 30, 80) / 7.0, rng.normal(size=80), np.arange(80)]
    counts = Counts.of(columns)
    for place in (0, 1):
        counts.spelt_out(place, float)
    assert counts.held == (np.dtype(float), np.dtype(float), np.dtype(int))
    left = np.arange(80)
    for gone in (left[:3], left[10:50], left[60:]):
        counts = counts.minus(Counts.of([column[gone] for column in columns]))
        left = np.setdiff1d(left, gone)
        fresh = Counts.of([column[left] for column in columns])
        for place, column in enumerate(columns):
            found = counts.spelt_out(place, float)
            np.testing.assert_array_equal(found, np.sort(column[left]))
        assert counts.held == fresh.held
        np.testing.assert_array_equal(counts.observed(), fresh.observed())
    assert len(pickle.dumps(counts)) <= len(pickle.dumps(fresh)) + 10
    again = pickle.loads(pickle.dumps(counts))
    np.testing.assert_array_equal(again.spelt_out(0, float), counts.spelt_out(0, float))
