"""The factor by dense matrices, and edits of it."""

import numpy as np
import pytest

from sklearn_unlearn.core.linear.factor import factorise


class Dense:
    """The matrix that a factor stands for, written out."""

    def __init__(self, hessian, penalty):
        self.hessian = hessian
        self.penalty = penalty
        self.dropped = np.zeros(penalty.size, dtype=bool)

    @property
    def alive(self):
        return np.flatnonzero(~self.dropped)

    @property
    def matrix(self):
        full = self.hessian + np.diag(self.penalty)
        return full[np.ix_(self.alive, self.alive)]

    def solve(self, right):
        solution = np.zeros(right.shape)
        solution[self.alive] = np.linalg.solve(self.matrix, right[self.alive])
        return solution

    def extend(self, rows_in=None, rows_out=None, drop=None):
        if rows_in is not None:
            self.hessian = self.hessian + rows_in @ rows_in.T
        if rows_out is not None:
            self.hessian = self.hessian - rows_out @ rows_out.T
        if drop is not None:
            self.dropped = self.dropped.copy()
            self.dropped[drop] = True


def build(hessian, penalty, gauge=None):
    """Factor of a full symmetric matrix; only its upper triangle is handed over."""
    upper = np.asfortranarray(np.triu(hessian))
    upper += np.tril(np.full(hessian.shape, 1e6), -1)  # below: anything
    gauge = np.full(penalty.size, -1) if gauge is None else gauge
    return factorise(upper, penalty, gauge, np.arange(penalty.size))


def draw(order, rng, n_rows=None):
    """Factor, written-out matrix and the columns whose products sum to it."""
    n_rows = 3 * order if n_rows is None else n_rows
    V = rng.standard_normal((order, n_rows))
    dense = Dense(V @ V.T, rng.uniform(0.5, 2.0, order))
    return build(dense.hessian, dense.penalty), dense, V


def assert_same(factor, dense, rng, rtol=1e-9):
    right = rng.standard_normal((factor.order, 3))
    before = right.copy()
    solution, expected = factor.solve(right), dense.solve(right)
    error = np.abs(solution - expected).max()
    assert error <= rtol * np.abs(expected).max()
    assert not solution[dense.dropped].any()
    np.testing.assert_array_equal(right, before)
    np.testing.assert_allclose(factor.solve(right[:, :1]), solution[:, :1], rtol=1e-9)
    for n_vectors in (5, 2):  # with one product, and with one each
        vectors = rng.standard_normal((factor.order, n_vectors))
        vectors[dense.dropped] = 0.0
        product = factor.curvature_dot(vectors)
        exact = dense.hessian @ vectors
        np.testing.assert_allclose(
            product[dense.alive], exact[dense.alive], rtol=1e-9, atol=1e-9
        )
    quadratic = np.vdot(vectors, exact + dense.penalty[:, None] * vectors)
    assert factor.norm(vectors) == pytest.approx(np.sqrt(quadratic), rel=1e-9)
    alive = dense.alive
    least, most = factor.bounds_of_largest_eigenvalue
    largest = np.linalg.eigvalsh(dense.matrix)[-1]
    assert least * (1.0 - 1e-9) <= largest <= most * (1.0 + 1e-9)
    hessian = factor.hessian()
    np.testing.assert_allclose(
        np.triu(hessian), np.triu(dense.hessian[np.ix_(alive, alive)]), atol=1e-9
    )


def random_edit(rng, dense, V, share=0.1):
    """Rows in, rows out and coordinates dropped, any of them absent."""
    order = dense.penalty.size
    choice = rng.permutation(["in", "out", "drop"])[: rng.integers(1, 4)]
    edit = {}
    if "in" in choice:
        edit["rows_in"] = rng.standard_normal((order, rng.integers(1, 3)))
    if "out" in choice:
        n_out = min(rng.integers(1, 3), V.shape[1])
        edit["rows_out"], V = V[:, :n_out], V[:, n_out:]
    if "drop" in choice and dense.alive.size > 3:
        edit["drop"] = rng.choice(order, 2)  # perhaps dropped before, perhaps twice
    if "in" in choice:
        V = np.concatenate([V, edit["rows_in"]], axis=1)
    return edit, V
