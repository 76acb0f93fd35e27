import numpy as np
import pytest
import scipy.sparse as sp

from sklearn_unlearn.core.arrays import densify
from sklearn_unlearn.core.rows import (
    BLOCK_ENTRIES,
    Rows,
    every,
    joined,
    row_slices,
)
from tests.core.problems import Partitioned


def make_rows(n_rows=23, n_columns=5, sparse=False):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_rows, n_columns))
    X[rng.random(X.shape) < 0.5] = 0.0
    y = rng.standard_normal((n_rows, 2))
    return Rows(sp.csr_array(X) if sparse else X, y, rng.random(n_rows))


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("entries", [1, 7, 50, 10**6])
def test_blocks_are_all_rows_in_order(sparse, entries):
    rows = make_rows(sparse=sparse)
    blocks = list(rows.blocks(entries))
    assert sum(block.n_rows for block in blocks) == rows.n_rows
    np.testing.assert_array_equal(
        np.concatenate([densify(block.X) for block in blocks]), densify(rows.X)
    )
    for name in ("y", "weight"):
        together = np.concatenate([getattr(block, name) for block in blocks])
        np.testing.assert_array_equal(together, getattr(rows, name))


def test_blocks_are_of_the_size_asked_for():
    rows = make_rows(n_rows=1000, n_columns=10)
    sizes = [block.X.size for block in rows.blocks(500)]
    assert sizes == [500] * 20
    assert [block.n_rows for block in rows.blocks(3)] == [1] * 1000


def test_small_data_are_one_block_and_not_copied():
    rows = make_rows()
    (block,) = rows.blocks()
    assert block is rows
    assert rows.X.size <= BLOCK_ENTRIES


def test_blocks_of_dense_rows_are_views():
    rows = make_rows()
    assert all(np.shares_memory(block.X, rows.X) for block in rows.blocks(20))


def test_no_rows():
    rows = make_rows().take(np.zeros(0, dtype=np.intp))
    assert rows.n_rows == 0
    assert [block.n_rows for block in rows.blocks()] == [0]


@pytest.mark.parametrize("sparse", [False, True])
def test_take(sparse):
    rows = make_rows(sparse=sparse)
    chosen = np.array([4, 0, 4])
    taken = rows.take(chosen)
    np.testing.assert_array_equal(densify(taken.X), densify(rows.X)[chosen])
    np.testing.assert_array_equal(taken.y, rows.y[chosen])
    np.testing.assert_array_equal(taken.weight, rows.weight[chosen])
    assert not np.shares_memory(taken.y, rows.y)


def test_reweighted_shares_all_else():
    rows = make_rows()
    other = rows.reweighted(np.zeros(rows.n_rows))
    assert other.X is rows.X
    assert other.y is rows.y
    assert not other.weight.any()
    assert rows.weight.any()


def test_row_slices_of_rows_that_store_nothing():
    assert list(row_slices(5, 0, 10)) == [slice(0, 5)]


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("ends", [(), (5, 9, 9, 20)], ids=["one", "several"])
def test_every_row_of_a_number(sparse, ends):
    rows = make_rows(sparse=sparse)
    sample = every(Partitioned(rows, ends), 4)
    expected = rows.take(np.arange(0, 23, 4))
    np.testing.assert_array_equal(densify(sample.X), densify(expected.X))
    np.testing.assert_array_equal(sample.y, expected.y)
    np.testing.assert_array_equal(sample.weight, 4.0 * expected.weight)


@pytest.mark.parametrize("sparse", [False, True])
def test_joined(sparse):
    rows = make_rows(sparse=sparse)
    parts = [rows.take(np.arange(3)), rows.take(np.arange(3, 23))]
    together = joined(parts)
    np.testing.assert_array_equal(densify(together.X), densify(rows.X))
    np.testing.assert_array_equal(together.y, rows.y)
    np.testing.assert_array_equal(together.weight, rows.weight)
    assert joined(parts[:1]) is parts[0]
