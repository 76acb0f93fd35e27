"""Hashes tell rows apart, whatever values they hold."""

import numpy as np
import pytest
import scipy.sparse as sp

from sklearn_unlearn.core.arrays import powers_of_two, row_hashes


def _distinct(values, rng):
    rows = rng.choice(values, size=(4000, 40))
    return np.unique(rows, axis=0)


@pytest.mark.parametrize(
    "values",
    [[0.0, 1.0], [-1.0, 1.0], range(9), [1e-300, 0.0, 1e300], [1.0, 1 + 1e-15]],
)
def test_different_rows_have_different_hashes(values):
    X = _distinct(values, np.random.default_rng(0))
    ignored = np.zeros(X.shape[1], dtype=bool)
    y = np.zeros((X.shape[0], 1))
    hashes = row_hashes(X, y, ignored)
    assert np.unique(hashes).size == X.shape[0]
    assert np.array_equal(row_hashes(sp.csr_array(X), y, ignored), hashes)


def test_targets_are_told_apart():
    # one column a class, as ridge classification codes them
    y = 2.0 * np.eye(6) - 1.0
    X = np.ones((6, 3))
    hashes = row_hashes(X, y, np.zeros(3, dtype=bool))
    assert np.unique(hashes).size == 6


def test_powers_of_two():
    values = np.array([0.3, 1.0, 1.5, 2.0, 1e300, 2.0**-1070])
    found = powers_of_two(values)
    assert np.all((values <= found) & (found < 2.0 * values))
    np.testing.assert_array_equal(powers_of_two(found), found)
    assert not np.any(np.frexp(found)[0] != 0.5)
