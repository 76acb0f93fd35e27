"""Least squares from exact sums, against solutions in fractions."""

from fractions import Fraction

import numpy as np
import pytest

from sklearn_unlearn.core.linear.normal_equations import least_squares, remainder
from sklearn_unlearn.core.statistics.class_sums import Statistics
from sklearn_unlearn.core.statistics.exact_summation import Exact
from sklearn_unlearn.exceptions import NotPositiveDefiniteError


def products(X, centred=True):
    group, ones = np.zeros(len(X), dtype=int), np.ones(len(X))
    found = Statistics.of(X, group, ones, 1, "pairs")
    found = found.weighted_scatter() if centred else found.second
    return found.reshaped(*found.shape[1:])


def solved(X, n_columns):
    """The coefficients of the centred problem by elimination in fractions."""
    rows = [[Fraction(value) for value in row] for row in X.tolist()]
    means = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
    rows = [[v - m for v, m in zip(row, means, strict=True)] for row in rows]
    table = [
        [sum(row[i] * row[j] for row in rows) for j in range(X.shape[1])]
        for i in range(n_columns)
    ]
    for i in range(n_columns):
        table[i] = [value / table[i][i] for value in table[i]]
        for j in range(n_columns):
            if j != i:
                table[j] = [
                    a - table[j][i] * b for a, b in zip(table[j], table[i], strict=True)
                ]
    return np.array([[float(v) for v in row[n_columns:]] for row in table])


@pytest.mark.parametrize("offset", [0.0, 1e8])
@pytest.mark.parametrize("near", [1.0, 1e-3, 1e-6])
def test_coefficients_are_accurate_to_rounding(near, offset):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 5)) * [1.0, 1e-7, 1e9, 1.0, 1.0]
    X[:, 3] = X[:, 0] + near * X[:, 3]
    X += offset * np.array([1.0, 0.0, 1.0, 1.0, 1.0])
    found, rank = least_squares(products(X), 3 + 1)
    assert rank == 4
    np.testing.assert_allclose(found, solved(X, 4), rtol=1e-14)


@pytest.mark.parametrize("offset", [0.0, 1e8])
def test_the_shortest_of_many_solutions_is_accurate_to_rounding(offset):
    # whole numbers: a column that is a sum of others is exactly that
    rng = np.random.default_rng(0)
    X = rng.integers(-50, 50, size=(40, 6)) * [1.0, 100.0, 1.0, 1.0, 1.0, 1.0]
    X[:, 3] = X[:, 0] - 2.0 * X[:, 1]
    X[:, 4] = 3.0
    X[:, 5] += X[:, 2]
    X[:, :3] += offset
    found, rank = least_squares(products(X), 5)
    assert rank == 3
    assert found[4] == 0.0
    coef = solved(X[:, [0, 1, 2, 5]], 3)[:, 0]
    idle = np.array([1.0, -2.0, 0.0, -1.0])  # changes no prediction
    whole = np.append(coef, 0.0)
    expected = whole - idle * (idle @ whole) / (idle @ idle)
    np.testing.assert_allclose(found[:4, 0], expected, rtol=1e-13)


def test_what_is_a_combination_but_for_rounding():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 4))
    X[:, 1] = X[:, 0] + 1e-8 * X[:, 1]
    assert least_squares(products(X), 3)[1] == 2
    X[:, 1] = X[:, 0] + 1e-6 * rng.normal(size=40)
    assert least_squares(products(X), 3)[1] == 3
    assert least_squares(products(X[:3]), 3)[1] == 2
    X[:, :3] = 1.0
    coef, rank = least_squares(products(X), 3)
    assert (rank, coef.tolist()) == (0, [[0.0]] * 3)
    X[:, 0] = 1e-170 * rng.normal(size=40)
    with pytest.raises(NotPositiveDefiniteError, match="below the smallest"):
        least_squares(products(X), 3)


def test_remainders_are_rounded_once():
    known, coef = Exact.of(np.array([[1e16, 1.0, -1e16]])), np.ones((3, 2))
    coef[1, 1] = 3e-20
    missing = remainder(known, Exact.of(np.array([[1.0, 0.0]])), coef)
    np.testing.assert_array_equal(missing, [[0.0, -3e-20]])
