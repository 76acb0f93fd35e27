import numpy as np
import pytest
import scipy.sparse as sp

from sklearn_unlearn.core.arrays import as_csr, powers_of_two, row_block, sparser


def test_powers_of_two():
    values = np.array([0.3, 1.0, 1.5, 2.0, 1e300, 2.0**-1070])
    found = powers_of_two(values)
    assert np.all((values <= found) & (found < 2.0 * values))
    np.testing.assert_array_equal(powers_of_two(found), found)
    assert not np.any(np.frexp(found)[0] != 0.5)
    assert powers_of_two(np.array([0.0, np.inf])).tolist() == [0.0, np.inf]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(0, 4), (5, 0), (1, 3), (40, 6)])
def test_dense_rows_as_csr(shape, order, dtype):
    rng = np.random.default_rng(0)
    X = np.asarray(rng.normal(size=shape), dtype=dtype, order=order)
    X[rng.random(shape) < 0.6] = -0.0
    found = as_csr(X)
    assert found.dtype == dtype
    assert found.nnz == np.count_nonzero(X)
    assert found.has_canonical_format
    np.testing.assert_array_equal(found.toarray(), X)
    np.testing.assert_array_equal(as_csr(X[::2]).toarray(), X[::2])


def test_rows_with_few_entries_are_sparser():
    X = np.zeros((10, 6))
    X[:, 1] = 1.0
    assert sp.issparse(sparser(X))
    X[0, 2] = 1.0
    assert sparser(X) is X
    given = sp.csr_matrix(X)
    assert sparser(given) is given


def test_blocks_of_sparse_rows_are_views():
    rng = np.random.default_rng(0)
    X = sp.csr_array(rng.random((50, 7)) * (rng.random((50, 7)) < 0.3))
    block = row_block(X, 13, 31)
    np.testing.assert_array_equal(block.toarray(), X.toarray()[13:31])
    assert np.shares_memory(block.data, X.data)
    assert np.shares_memory(block.indices, X.indices)
