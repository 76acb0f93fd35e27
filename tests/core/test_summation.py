"""Sums over many rows: accurate to what is said of them, in any format and layout."""

import math

import numpy as np
import pytest
import scipy.sparse as sp

from sklearn_unlearn.core.linear.summation import column_sums, n_roundings, products

UNIT = 2.0**-53
LAYOUTS = {
    "rows": np.ascontiguousarray,
    "columns": np.asfortranarray,
    "strided": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "sparse": sp.csr_array,
}


def exact(X, values):
    """``X' values`` rounded once; products of these are exact."""
    return np.array(
        [
            [math.fsum(X[:, j] * values[:, k]) for k in range(values.shape[1])]
            for j in range(X.shape[1])
        ]
    )


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("n_rows", [0, 1, 63, 64, 65, 127, 128, 191, 1025, 5000])
def test_products(n_rows, n_outputs, layout):
    rng = np.random.default_rng(n_rows)
    # few digits: only sums are rounded
    X = rng.integers(-(2**20), 2**20, size=(n_rows, 4)) / 2.0**10
    values = rng.integers(-(2**20), 2**20, size=(n_rows, n_outputs)) / 2.0**24
    values = values * 2.0 ** rng.integers(-8, 8, size=values.shape)
    sparse = layout == "sparse"
    found = products(LAYOUTS[layout](X), values)
    assert found.shape == (4, n_outputs)
    bound = n_roundings(n_rows, sparse) * UNIT * (abs(X).T @ abs(values))
    assert np.all(abs(found - exact(X, values)) <= bound)
    sums = column_sums(values)
    bound = n_roundings(n_rows, False) * UNIT * abs(values).sum(axis=0)
    assert np.all(abs(sums - exact(np.ones((n_rows, 1)), values)[0]) <= bound)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_repeated_terms_do_not_drift(layout):
    # one rounding after another, all of the same sign
    n_rows = 200_000
    X, values = np.ones((n_rows, 1)), np.full((n_rows, 2), 0.1)
    true = math.fsum([0.1] * n_rows)
    naive = values.sum(axis=0)
    assert abs(naive[0] - true) > 1e-8
    for found in (products(LAYOUTS[layout](X), values)[0], column_sums(values)):
        sparse = layout == "sparse"
        np.testing.assert_allclose(found, true, rtol=n_roundings(n_rows, sparse) * UNIT)


@pytest.mark.parametrize("n_rows", [3, 300])
def test_no_columns(n_rows):
    for empty in (np.zeros((n_rows, 0)), sp.csr_array((n_rows, 0))):
        assert products(empty, np.ones((n_rows, 2))).shape == (0, 2)


@pytest.mark.parametrize("sparse", [False, True])
def test_more_rows_meet_hardly_more_errors(sparse):
    few, many = n_roundings(10**4, sparse), n_roundings(10**6, sparse)
    assert n_roundings(50, sparse) == 50
    assert few < many < 2 * few
    counts = [n_roundings(n, sparse) for n in range(0, 5000, 7)]
    assert counts == sorted(counts)


@pytest.mark.parametrize("n_rows", [1000, 3000])
def test_no_entry_is_read_twice(n_rows):
    X = sp.csr_array(sp.random(n_rows, 30, 0.05, format="csr", random_state=0))
    values = np.random.default_rng(0).standard_normal((n_rows, 2))
    np.testing.assert_allclose(products(X, values), X.T @ values, rtol=1e-10)
