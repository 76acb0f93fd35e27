"""Moments with missing values, against fractions and against sums from scratch."""

from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_unlearn.core.statistics.moments import Moments
from sklearn_unlearn.exceptions import InsufficientWeightError, RowNotFoundError


def rows(seed, n_rows=12, missing=0.3):
    rng = np.random.default_rng(seed)
    X = 1e8 + rng.normal(size=(n_rows, 3))
    X[rng.random(X.shape) < missing] = np.nan
    return X, rng.uniform(0.1, 2.0, n_rows)


def assert_same(one, other):
    for a, b in (
        (one.rows.weight, other.rows.weight),
        (one.rows.first, other.rows.first),
        (one.rows.second, other.rows.second),
        (one.missing, other.missing),
    ):
        assert (a is None) == (b is None)
        if a is not None:
            assert a.low == b.low
            np.testing.assert_array_equal(a.digits, b.digits)


@settings(deadline=None)
@given(st.integers(0, 99), st.booleans())
def test_mean_and_variance_are_those_of_fractions(seed, sparse):
    X, weight = rows(seed)
    moments = Moments.of(sp.csr_array(X) if sparse else X, weight, "columns")
    for j in range(3):
        there = np.flatnonzero(~np.isnan(X[:, j]))
        w, x = [Fraction(v) for v in weight[there]], [Fraction(v) for v in X[there, j]]
        if not w:
            assert np.isnan(moments.mean()[j])
            continue
        total = sum(w)
        mean = sum(a * b for a, b in zip(w, x, strict=True)) / total
        spread = sum(a * (b - mean) ** 2 for a, b in zip(w, x, strict=True)) / total
        assert moments.observed()[j] == pytest.approx(float(total), rel=1e-15)
        assert moments.mean()[j] == pytest.approx(float(mean), rel=1e-15)
        assert moments.variance()[j] == pytest.approx(float(spread), rel=1e-14)


@settings(deadline=None)
@given(st.integers(0, 99), st.sampled_from(["none", "columns", "pairs"]))
def test_what_comes_and_goes_leaves_no_trace(seed, second):
    X, weight = rows(seed, missing=0.0 if second == "pairs" else 0.3)
    going = np.arange(12) % 3 == 0

    def of(chosen):
        return Moments.of(X[chosen], weight[chosen], second)

    left = of(slice(None)).minus(of(going))
    assert_same(left, of(~going))
    assert_same(left.plus(of(going)), of(slice(None)))
    assert_same(
        left.columns(np.array([2, 0])).columns(np.array([1])),
        of(~going).columns(np.array([0])),
    )
    assert left.minus(of(~going)).empty
    assert_same(left.minus(of(~going)), of(slice(0)))


def test_rounded_weights_leave_nothing_of_a_column():
    X = np.array([[0.3, 1.0], [0.7, 2.0], [np.nan, 3.0]])
    weight = np.array([0.1, 0.2, 0.3])
    one = Moments.of(X, weight, "columns")
    rest = one.minus(Moments.of(X[:2], weight[:2] * (1.0 - 1e-15), "columns"))
    assert rest.observed()[0] == 0.0
    assert np.isnan(rest.mean()[0])
    assert rest.mean()[1] == pytest.approx(3.0)
    assert not rest.rows.second.digits[:, 0, 0].any()
    nothing = one.minus(Moments.of(X, weight * (1.0 - 1e-15), "columns"))
    assert nothing.empty
    assert not nothing.rows.first.digits.size


def test_what_was_not_in_is_refused():
    X, weight = rows(1, missing=0.0)
    one = Moments.of(X, weight, "columns")
    with pytest.raises(InsufficientWeightError):
        one.minus(Moments.of(X, 2.0 * weight, "columns"))
    for wrong in (X[:1] * 2.0, np.array([[np.nan, 1e8, 1e8]])):
        with pytest.raises(RowNotFoundError):
            one.minus(Moments.of(wrong, weight[:1], "columns"))
    whole = Moments.of(X, np.ones(12), "none")
    with pytest.raises(RowNotFoundError, match="no rows would be left"):
        whole.minus(Moments.of(X[::-1] + 1.0, np.ones(12), "none"))
