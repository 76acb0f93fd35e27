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
    found = least_squares(products(X), 3 + 1)
    np.testing.assert_allclose(found, solved(X, 4), rtol=1e-14)


def test_dependent_columns_are_refused():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 4))
    X[:, 1] = X[:, 0] + 1.0
    with pytest.raises(NotPositiveDefiniteError, match="dependent"):
        least_squares(products(X), 3)
    least_squares(products(X, centred=False), 3)
    with pytest.raises(NotPositiveDefiniteError, match="too few rows"):
        least_squares(products(X[:3, 1:]), 3)
    X[:, 1] = 0.1
    with pytest.raises(NotPositiveDefiniteError, match="same value"):
        least_squares(products(X), 3)


def test_remainders_are_rounded_once():
    known, coef = Exact.of(np.array([[1e16, 1.0, -1e16]])), np.ones((3, 2))
    coef[1, 1] = 3e-20
    missing = remainder(known, Exact.of(np.array([[1.0, 0.0]])), coef)
    np.testing.assert_array_equal(missing, [[0.0, -3e-20]])
