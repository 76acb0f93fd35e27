"""Sums of mapped rows, against sums of the rows."""

from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse as sp

from sklearn_unlearn.core.affine import AffineMap
from sklearn_unlearn.core.statistics.class_sums import Statistics
from sklearn_unlearn.core.statistics.mapped_sums import mapped, noise_of, shortened
from tests.pairwise import pairwise


def problem(n_new, dense):
    rng = np.random.default_rng(n_new)
    X = np.round(rng.normal(size=(40, 3)), 2) * [1.0, 1e6, 1e-4] + [0.0, 1e3, 2.0]
    group, weight = np.arange(40) % 2, rng.integers(1, 4, 40) / 2.0
    linear = rng.normal(size=(n_new, 3))
    if not dense:
        linear *= np.arange(3) == np.arange(n_new)[:, None] % 3
    change = AffineMap(
        sp.csr_array(linear), rng.normal(size=n_new), np.ones(n_new, dtype=bool)
    )
    return X, group, weight, change


def exact_rows(X, change):
    linear, shift = change.linear.toarray(), change.shift
    return [
        [
            sum(map(lambda a, v: Fraction(a) * Fraction(v), line, row)) + Fraction(b)
            for line, b in zip(linear.tolist(), shift.tolist(), strict=True)
        ]
        for row in X.tolist()
    ]


@pytest.mark.parametrize(
    ("second", "n_new", "dense"),
    pairwise(["none", "columns", "pairs"], [2, 4], [False, True]),
)
def test_sums_are_those_of_exactly_mapped_rows(second, n_new, dense):
    X, group, weight, change = problem(n_new, dense)
    sums = Statistics.of(X, group, weight, 2, second)
    found = mapped(sums, change)
    if second == "columns" and dense:
        assert found is None
        return
    assert found is not None
    rows = exact_rows(X, change)
    for k in range(2):
        mine = [
            (Fraction(w), row)
            for w, row, g in zip(weight.tolist(), rows, group, strict=True)
            if g == k
        ]
        for i in range(n_new):
            first = sum(w * row[i] for w, row in mine)
            assert found.first.rounded()[k, i] == pytest.approx(float(first), 1e-15)
            for j in range(n_new) if second == "pairs" else [i] * (second != "none"):
                value = float(sum(w * row[i] * row[j] for w, row in mine))
                at = (k, i, j) if second == "pairs" else (k, i)
                assert found.second.rounded()[at] == pytest.approx(value, 1e-15)
    short = shortened(found, noise_of(sums, change, 0, None))
    np.testing.assert_array_equal(short.first.rounded(), found.first.rounded())
    if second != "none":
        np.testing.assert_allclose(short.scatter(), found.scatter(), rtol=1e-14)
        assert short.second.digits.shape[0] <= found.second.digits.shape[0]


def test_further_columns_stay_as_they_are():
    X, group, weight, change = problem(3, False)
    both = np.column_stack([X, X[:, :1] + 5.0])
    found = mapped(Statistics.of(both, group, weight, 2, "pairs"), change, n_rest=1)
    Z = np.column_stack([change.apply(X), both[:, 3]])
    expected = Statistics.of(Z, group, weight, 2, "pairs")
    np.testing.assert_allclose(found.scatter(), expected.scatter(), rtol=1e-9)


def test_sums_do_not_grow_with_requests_and_constants_stay_constant():
    X, group, weight, _ = problem(3, False)
    X[:, 1] = 0.1
    sums = Statistics.of(X, group, weight, 2, "pairs")
    noise, lengths = None, []
    for step in range(1, 60):
        scale = np.array([1.0 + 1e-3 / step, 0.3 * step, 1.1]) ** (-1) ** step
        shift = np.array([0.1, -0.1 * scale[1], 1e-3])
        change = AffineMap.of_columns(3, np.arange(3), scale, shift)
        noise = noise_of(sums, change, 0, noise)
        sums = shortened(mapped(sums, change), noise)
        lengths.append(len(sums.second.digits))
        assert not sums.scatter()[:, 1].any()
        X = X * scale + shift
    assert max(lengths[30:]) <= max(lengths[:30]) + 1
    expected = Statistics.of(X, group, weight, 2, "pairs").scatter()
    np.testing.assert_allclose(sums.scatter()[:, ::2, ::2], expected[:, ::2, ::2], 1e-9)
