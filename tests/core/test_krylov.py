"""Solvers that know a matrix by its products, against dense linear algebra."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from sklearn_unlearn.core.network.krylov import (
    SolveOutcome,
    conjugate_gradients,
    definite,
    lissa,
    rayleigh,
    spectrum,
)
from sklearn_unlearn.exceptions import NotFiniteError


@dataclass
class Dense:
    matrix: np.ndarray
    diagonal: np.ndarray | None = None
    n_products: int = field(default=0)

    def dot(self, vector):
        self.n_products += 1
        return self.matrix @ vector


def symmetric(eigenvalues, seed=0):
    generator = np.random.default_rng(seed)
    n = len(eigenvalues)
    basis, _ = np.linalg.qr(generator.normal(size=(n, n)))
    return (basis * np.asarray(eigenvalues)) @ basis.T, generator.normal(size=n)


@pytest.mark.parametrize("damping", [0.0, 0.7])
@pytest.mark.parametrize("preconditioned", [False, True])
def test_conjugate_gradients_solve(damping, preconditioned):
    A, b = symmetric(np.geomspace(0.01, 30.0, 25))
    matrix = Dense(A, np.diag(A).copy() if preconditioned else None)
    given = b.copy()
    found = conjugate_gradients(matrix, b, damping=damping, tol=1e-10, max_iter=200)
    np.testing.assert_array_equal(b, given)
    expected = np.linalg.solve(A + damping * np.eye(25), b)
    np.testing.assert_allclose(found.vector, expected, rtol=1e-6)
    assert found.outcome is SolveOutcome.CONVERGED
    assert found.n_products == matrix.n_products
    rest = b - A @ found.vector - damping * found.vector
    assert np.linalg.norm(rest) <= 2e-10 * np.linalg.norm(b)


def test_preconditioner_of_a_diagonal_matrix_takes_one_product():
    diagonal = np.geomspace(1e-4, 1e4, 50)
    b = np.random.default_rng(0).normal(size=50)
    matrix = Dense(np.diag(diagonal), diagonal)
    found = conjugate_gradients(matrix, b, damping=0.3, tol=1e-9)
    assert found.n_products == 1
    plain = conjugate_gradients(Dense(matrix.matrix), b, damping=0.3, tol=1e-9)
    assert plain.n_products > 10


def test_parameters_without_curvature_stay_where_they_are():
    diagonal = np.array([2.0, 0.0, 3.0])
    matrix = Dense(np.diag(diagonal), diagonal)
    found = conjugate_gradients(matrix, np.array([2.0, 0.0, 3.0]))
    np.testing.assert_allclose(found.vector, [1.0, 0.0, 1.0])


def test_negative_curvature_ends_with_a_direction_of_descent():
    A, b = symmetric([-1.0, *np.linspace(0.1, 2.0, 9)])
    found = conjugate_gradients(Dense(A), b, tol=1e-10)
    assert found.outcome is SolveOutcome.NEGATIVE_CURVATURE
    assert found.vector @ b > 0.0
    first = conjugate_gradients(Dense(-np.eye(4)), np.ones(4))
    np.testing.assert_array_equal(first.vector, np.ones(4))


def test_limits_of_conjugate_gradients():
    A, b = symmetric(np.geomspace(1e-3, 30.0, 25))
    found = conjugate_gradients(Dense(A), b, max_iter=3)
    assert found.outcome is SolveOutcome.MAX_ITER
    assert found.n_products == 3
    asked = []

    def stop():
        asked.append(None)
        return len(asked) == 2

    found = conjugate_gradients(Dense(A), b, stop=stop)
    assert found.outcome is SolveOutcome.BUDGET
    assert found.n_products == 2
    nothing = conjugate_gradients(Dense(A), np.zeros(25))
    assert nothing.n_products == 0
    assert not nothing.vector.any()


def test_lissa_finds_scale_and_solves():
    A, b = symmetric(np.linspace(2.0, 900.0, 30))
    found = lissa(lambda _: Dense(A), b, tol=1e-6, max_iter=20_000)
    assert found.outcome is SolveOutcome.CONVERGED
    assert 900.0 <= found.scale + 1e-9 <= 2.0 * 900.0
    # a few steps of Lanczos' method see the small end only roughly
    expected = np.linalg.solve(A + found.damping * np.eye(30), b)
    np.testing.assert_allclose(found.vector, expected, rtol=1e-3, atol=1e-6)


def test_lissa_of_batches_comes_near_the_solution_of_their_mean():
    generator = np.random.default_rng(1)
    rows = generator.normal(size=(400, 6))
    b = generator.normal(size=6)

    def batch(j):
        chosen = np.random.default_rng(j).choice(400, 100)
        return Dense(rows[chosen].T @ rows[chosen] * 4.0)

    found = lissa(batch, b, damping=40.0, tol=0.0, max_iter=400)
    A = rows.T @ rows
    expected = np.linalg.solve(A + found.damping * np.eye(6), b)
    error = np.linalg.norm(found.vector - expected) / np.linalg.norm(expected)
    assert error < 0.15
    assert found.outcome is SolveOutcome.MAX_ITER


def test_lissa_of_an_indefinite_matrix_is_damped():
    A, b = symmetric([-3.0, *np.linspace(0.1, 20.0, 9)])
    found = lissa(lambda _: Dense(A), b, tol=1e-4, max_iter=50_000)
    assert found.damping > 3.0
    expected = np.linalg.solve(A + found.damping * np.eye(10), b)
    np.testing.assert_allclose(found.vector, expected, rtol=0.02, atol=1e-3)


def test_lissa_doubles_a_scale_that_diverges():
    A, b = symmetric(np.linspace(50.0, 100.0, 10))
    found = lissa(lambda _: Dense(A), b, scale=1.0, tol=1e-8, max_iter=1000)
    assert found.outcome is SolveOutcome.CONVERGED
    assert found.scale in (64.0, 128.0)
    np.testing.assert_allclose(found.vector, np.linalg.solve(A, b), rtol=1e-6)


def test_limits_of_lissa():
    A, b = symmetric(np.linspace(1.0, 10.0, 10))
    assert lissa(lambda _: Dense(A), 0.0 * b).outcome is SolveOutcome.CONVERGED
    ended = lissa(lambda _: Dense(A), b, stop=lambda: True)
    assert ended.outcome is SolveOutcome.BUDGET
    flat = lissa(lambda _: Dense(0.0 * A), b, max_iter=3)
    assert np.isfinite(flat.vector).all()


@pytest.mark.parametrize("n_iter", [4, 10, 40])
def test_spectrum_lies_outside_of_the_ritz_values(n_iter):
    A, b = symmetric(np.geomspace(0.5, 80.0, 30))
    smallest, largest = spectrum(Dense(A), b, n_iter)
    # extreme Ritz values, moved outwards: near the ends, from either side
    assert smallest < 12.0
    assert 40.0 < largest < 160.0
    if n_iter >= 10:
        assert largest == pytest.approx(80.0, rel=0.02)


def test_spectrum_in_an_invariant_subspace():
    assert spectrum(Dense(np.diag([2.0, 5.0])), np.array([1.0, 0.0])) == (2.0, 2.0)
    assert spectrum(Dense(np.eye(2)), np.zeros(2)) == (0.0, 0.0)


def test_damping_that_makes_definite():
    assert definite(0.5, 2.0) == 0.0
    assert definite(-0.5, 2.0) > 0.5
    assert definite(0.0, 2.0) > 0.0
    assert definite(0.0, 0.0) == 0.0


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(bad):
    A = np.diag([1.0, bad])
    for call in (
        lambda: conjugate_gradients(Dense(A), np.ones(2)),
        lambda: lissa(lambda _: Dense(A), np.ones(2)),
        lambda: spectrum(Dense(A), np.ones(2)),
    ):
        with (
            np.errstate(invalid="ignore"),
            pytest.raises(NotFiniteError, match="curvature"),
        ):
            call()
    with pytest.raises(NotFiniteError, match="gradient"):
        conjugate_gradients(Dense(np.eye(2)), np.array([1.0, bad]))


def test_little_progress_ends_conjugate_gradients():
    matrix, right = Dense(np.diag(np.logspace(0, 3, 40))), np.ones(40)
    whole = conjugate_gradients(matrix, right, max_iter=40, tol=0.0)
    short = conjugate_gradients(matrix, right, max_iter=40, tol=0.0, progress=0.2)
    assert short.outcome is SolveOutcome.PROGRESS
    assert 1 < short.n_products < whole.n_products
    longer = conjugate_gradients(matrix, right, max_iter=40, tol=0.0, progress=0.02)
    assert short.n_products < longer.n_products


def test_curvature_along_a_vector():
    matrix, vector = np.array([[2.0, 1.0], [1.0, 3.0]]), np.array([3.0, -1.0])
    expected = vector @ matrix @ vector / (vector @ vector)
    assert rayleigh(Dense(matrix), vector) == pytest.approx(expected)
    assert rayleigh(Dense(matrix), 0.0 * vector) == 0.0
