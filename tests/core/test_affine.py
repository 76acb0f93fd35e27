"""Affine maps of outputs, against matrices written out."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_unlearn.core.affine import AffineMap


def random_map(rng, n_old, n_new, kind):
    if kind == "dense":
        known = np.ones(n_new, dtype=bool)
        return AffineMap(rng.normal(size=(n_new, n_old)), rng.normal(size=n_new), known)
    source = rng.integers(-1, n_old, n_new)
    return AffineMap.of_columns(
        n_old, source, rng.normal(size=n_new), rng.normal(size=n_new)
    )


@settings(deadline=None)
@given(st.integers(0, 99), st.sampled_from(["dense", "columns"]), st.booleans())
def test_maps_are_their_matrices(seed, kind, other):
    rng = np.random.default_rng(seed)
    one = random_map(rng, 4, 3, kind)
    two = random_map(rng, 3, 5, "dense" if other else "columns")
    Z = rng.normal(size=(6, 4))
    Z1 = np.column_stack([Z, np.ones(6)])
    new = one.apply(Z)
    np.testing.assert_allclose(new, (Z1 @ one.matrix(intercept=True).T)[:, :-1])
    both = one.then(two)
    assert (both.n_old, both.n_new) == (4, 5)
    np.testing.assert_allclose(both.apply(Z), two.apply(new), atol=1e-12)
    np.testing.assert_allclose(
        both.matrix(intercept=True),
        two.matrix(intercept=True) @ one.matrix(intercept=True),
        atol=1e-12,
    )
    beside = AffineMap.side_by_side([one, two])
    wide = np.column_stack([Z, new])
    expected = np.column_stack([one.apply(Z), two.apply(new)])
    np.testing.assert_allclose(beside.apply(wide), expected, atol=1e-12)


def test_a_column_that_is_permuted_dropped_scaled_or_new():
    change = AffineMap.of_columns(
        3, np.array([2, 0, -1]), np.array([1.0, 2.0, 5.0]), np.array([0.0, 1.0, 7.0])
    )
    expected = [[3.0, 3.0, 7.0], [6.0, 9.0, 7.0]]
    np.testing.assert_array_equal(
        change.apply(np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])), expected
    )


def test_sparse_rows_stay_sparse():
    change = AffineMap.of_columns(3, np.array([2, 0]), np.array([1.0, 2.0]))
    Z = sp.csr_array(sp.random(7, 3, 0.4, random_state=0))
    new = change.apply(Z)
    assert sp.issparse(new)
    assert new.format == "csr"
    np.testing.assert_array_equal(new.toarray(), change.apply(Z.toarray()))
    shifted = AffineMap(change.linear, np.array([0.0, 1.0]), change.known)
    np.testing.assert_allclose(shifted.apply(Z).toarray(), shifted.apply(Z.toarray()))
    with pytest.raises(ValueError, match="shifted"):
        shifted.matrix(intercept=False)
    np.testing.assert_array_equal(
        change.matrix(intercept=False), [[0.0, 0.0, 1.0], [2.0, 0.0, 0.0]]
    )


@pytest.mark.parametrize("full", [True, False])
def test_sparse_rows_whose_shifted_columns_are_stored(full):
    Z = sp.csr_array(sp.random(7, 3, 0.4, random_state=0))
    if full:
        Z = sp.csr_array(sp.hstack([np.ones((7, 1)), Z[:, 1:]]))
    change = AffineMap.of_columns(
        3, np.arange(3), np.array([2.0, 1.0, 3.0]), np.array([5.0, 0.0, 0.0])
    )
    np.testing.assert_allclose(
        change.apply(Z).toarray(), change.apply(Z.toarray()), atol=1e-15
    )
    fewer = AffineMap.of_columns(3, np.array([0, 2]), np.ones(2))
    np.testing.assert_array_equal(fewer.apply(Z).toarray(), Z.toarray()[:, [0, 2]])


def test_identity():
    assert AffineMap.unchanged(3).identity
    assert AffineMap.unchanged(0).identity
    assert AffineMap(np.eye(2), np.zeros(2), np.ones(2, dtype=bool)).identity
    assert not AffineMap.unknown(2, 2).identity
    swapped = AffineMap.of_columns(2, np.array([1, 0]), np.ones(2))
    assert not swapped.identity
    assert swapped.then(swapped).identity
    Z = np.array([[np.nan, np.inf, 0.1]])
    np.testing.assert_array_equal(AffineMap.unchanged(3).apply(Z), Z)


def test_what_depends_on_an_unknown_column_is_unknown():
    some = AffineMap.of_columns(
        3, np.arange(3), np.ones(3), np.ones(3), np.array([True, False, True])
    )
    mixed = AffineMap(
        sp.csr_array([[1.0, 0.0, 2.0], [0.0, 3.0, 1.0]]), np.ones(2), np.ones(2, bool)
    )
    np.testing.assert_array_equal(some.then(mixed).known, [True, False])
    np.testing.assert_array_equal(some.then(mixed).shift, [4.0, 0.0])
    dense = AffineMap(mixed.linear.toarray(), mixed.shift, mixed.known)
    np.testing.assert_array_equal(some.then(dense).known, [True, False])
    beside = AffineMap.side_by_side([some, mixed])
    np.testing.assert_array_equal(beside.known, [True, False, True, True, True])
    with pytest.raises(ValueError, match="Output 1 is no affine"):
        some.apply(np.ones((1, 3)))
    with pytest.raises(ValueError, match="Output 1 is no affine"):
        some.matrix(intercept=True)
    # a later map that drops the unknown column knows all
    dropping = AffineMap.of_columns(3, np.array([0, 2]), np.ones(2))
    assert some.then(dropping).complete


def test_maps_from_nothing_and_to_nothing():
    nothing = AffineMap.of_columns(2, np.zeros(0, dtype=int), np.zeros(0))
    constant = AffineMap.of_columns(0, np.array([-1]), np.zeros(1), np.array([3.0]))
    change = AffineMap.side_by_side([nothing, AffineMap.unchanged(1), constant])
    new = change.apply(np.array([[1.0, 2.0, 5.0]]))
    np.testing.assert_array_equal(new, [[5.0, 3.0]])
    assert AffineMap.unchanged(0).then(constant).n_old == 0
    assert AffineMap.side_by_side([AffineMap.unchanged(0)] * 2).identity
