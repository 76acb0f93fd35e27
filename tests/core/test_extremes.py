"""Extreme values with bounded memory, against those of all rows."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_unlearn.core.statistics.extremes import Extremes, Largest
from sklearn_unlearn.exceptions import (
    InsufficientWeightError,
    RowNotFoundError,
    UnlearningError,
)

ROWS = st.lists(
    st.tuples(*[st.sampled_from([*map(float, range(-9, 10)), np.nan])] * 2),
    min_size=1,
    max_size=30,
)


def of(rows, capacity=99):
    X = np.array(rows, dtype=float).reshape(-1, 2)
    return Extremes.of(X, capacity, smallest=True)


@settings(deadline=None)
@given(ROWS, st.lists(st.tuples(st.integers(0, 99), st.booleans())), st.integers(1, 4))
def test_extremes_are_right_or_refused(rows, steps, capacity):
    inside, outside = list(rows), []
    kept = of(rows, capacity)
    for place, coming in steps:
        source, target = (outside, inside) if coming else (inside, outside)
        if not source:
            continue
        row = source.pop(place % len(source))
        target.append(row)
        kept = (kept.plus if coming else kept.minus)(of([row], capacity))
        kept = kept.trimmed(capacity)
        assert kept.n_rows == len(inside)
        assert all(len(values) <= capacity for values in kept.largest.kept)
        for found, function, fill in (
            (kept.maxima, np.fmax, np.nan),
            (kept.minima, np.fmin, np.nan),
        ):
            X = np.array(inside).reshape(-1, 2)
            expected = function.reduce(X, axis=0, initial=fill)
            try:
                values = found()
            except UnlearningError:
                continue
            np.testing.assert_array_equal(values, expected)


@settings(deadline=None)
@given(ROWS, st.integers(0, 29))
def test_with_room_enough_what_leaves_leaves_no_trace(rows, n_going):
    left = of(rows).minus(of(rows[:n_going]))
    expected = of(rows[n_going:])
    assert left.largest.kept == expected.largest.kept
    assert left.negated.kept == expected.negated.kept
    assert left.largest.n_below == (0, 0)
    back = left.plus(of(rows[:n_going]))
    assert back.largest.kept == of(rows).largest.kept


def test_sparse_rows():
    X = np.array([[0.0, 2.0], [0.0, -1.0], [3.0, 0.0]])
    for capacity in (1, 2, 9):
        sparse, dense = (Largest.of(rows, capacity) for rows in (sp.csc_array(X), X))
        assert sparse.kept == dense.kept
        assert sparse.n_below == dense.n_below


@pytest.mark.parametrize("n_distinct", [3, 50, 10_000])
def test_many_rows(n_distinct):
    X = np.random.default_rng(0).integers(0, n_distinct, (10_000, 2)).astype(float)
    some, every = Largest.of(X, 5), Largest.of(X, 10_000)
    assert some.kept == every.trimmed(5).kept
    assert some.n_below == every.trimmed(5).n_below


def test_what_runs_out():
    kept = of([(float(i), 0.0) for i in range(10)]).trimmed(3)
    for value in (9.0, 8.0):
        kept = kept.minus(of([(value, 0.0)]))
        assert kept.maxima()[0] == value - 1
    gone = kept.minus(of([(7.0, 0.0)]))
    with pytest.raises(UnlearningError, match=r"column 0 .* larger n_extremes"):
        gone.maxima()
    assert gone.minima()[0] == 0.0
    assert not gone.largest.kept[0]  # no bound is left of values that have gone
    # what comes is no help: it may be smaller than some that were not kept
    with pytest.raises(UnlearningError):
        gone.plus(of([(20.0, 0.0)])).maxima()
    # a larger value that comes is one of the largest
    assert kept.plus(of([(20.0, 0.0)])).maxima()[0] == 20.0


def test_what_was_not_in_is_refused():
    kept = of([(float(i), 0.0) for i in range(10)]).trimmed(3)
    with pytest.raises(RowNotFoundError, match=r"8\.5"):
        kept.minus(of([(8.5, 0.0)]))
    with pytest.raises(InsufficientWeightError):
        kept.minus(of([(9.0, 0.0)] * 2))
    with pytest.raises(InsufficientWeightError, match="more rows"):
        kept.minus(of([(5.0, 0.0)] * 11))
    with pytest.raises(RowNotFoundError, match="more large values"):
        kept.minus(of([(value, 0.0) for value in (9.0, 8.5, 8.0)], 2))
    with pytest.raises(InsufficientWeightError, match="more values"):
        kept.minus(of([(5.0, 0.0)] * 8))
