"""Hashes tell rows apart, whatever values they hold, and nobody can choose them."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp

from sklearn_unlearn.core.training_rows.row_hash import RowHash

NONE = np.zeros(0, dtype=bool)


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
    y, hashed = np.zeros((X.shape[0], 1)), RowHash(b"some key")
    hashes = hashed.of_rows(X, y, ignored)
    assert np.unique(hashes).size == X.shape[0]
    assert np.array_equal(hashed.of_rows(sp.csr_array(X), y, ignored), hashes)


def test_small_integers_in_few_columns():
    grid = np.stack(np.meshgrid(*[np.arange(12.0)] * 3), axis=-1).reshape(-1, 3)
    zero, hashed = np.zeros((grid.shape[0], 1)), RowHash(b"some key")
    none, only = np.zeros(3, dtype=bool), np.array([False, True, True])
    assert np.unique(hashed.of_rows(grid, zero, none)).size == grid.shape[0]
    assert np.unique(hashed.of_rows(grid, zero, only)).size == 12


def test_targets_are_told_apart():
    # one column a class, as ridge classification codes them
    y = 2.0 * np.eye(6) - 1.0
    X = np.ones((6, 3))
    hashes = RowHash(b"some key").of_rows(X, y, np.zeros(3, dtype=bool))
    assert np.unique(hashes).size == 6


def test_signs_of_two_entries_are_told_apart():
    # the top bits of two products with odd numbers would cancel
    X = np.array([[1.0, 2.0], [-1.0, -2.0]])
    for key in range(20):
        one, other = RowHash(bytes([key])).of_rows(X, X[:, :0], np.zeros(2, bool))
        assert one != other


def test_no_two_keys_give_the_same_hashes():
    X, y = np.arange(6.0).reshape(3, 2), np.zeros((3, 1))
    one, other = (each.of_rows(X, y, np.zeros(2, bool)) for each in (RowHash(),) * 2)
    assert np.array_equal(one, other)
    assert one[0] != 0  # not even where all is zero
    other = RowHash().of_rows(X, y, np.zeros(2, bool))
    assert not np.isin(one, other).any()
    assert RowHash().of_text("a") != RowHash().of_text("a")


def test_the_key_is_in_no_repr():
    hashed = RowHash(b"\x01some key")
    assert "key" not in repr(hashed)
    assert pickle.loads(pickle.dumps(hashed)) == hashed  # shards need it
