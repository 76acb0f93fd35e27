"""What a request changes, apart from what training left undone."""

import numpy as np
import pytest

from sklearn_unlearn.core.network.descent import Budget, Steps
from sklearn_unlearn.core.network.levenberg_marquardt import descend
from sklearn_unlearn.core.network.variance_reduced_objective import (
    ChangeObjective,
    sampled,
)
from tests.core.test_levenberg_marquardt import Quadratic


class Rows(Quadratic):
    """The squares of some rows."""

    def take(self, rows):
        return Rows(self.A[rows], self.b[rows])

    def gradient(self, theta):
        return self.value_and_gradient(theta)[1]

    @property
    def diagonal(self):
        return (self.A**2).sum(axis=0)

    def minimiser(self):
        return np.linalg.lstsq(self.A, self.b, rcond=None)[0]


@pytest.fixture
def rows():
    generator = np.random.default_rng(0)
    A = generator.normal(size=(60, 8)) * np.logspace(0.0, 2.0, 8)
    return Rows(A, generator.normal(size=60))


def edited(rows):
    """Ten rows have other targets: what they were, what they are, and the others."""
    out, staying = rows.take(slice(10)), rows.take(slice(10, None))
    return out, Rows(out.A, out.b + 1.0), staying


def changed(rows, start, n_sampled=50, pull=0.0):
    out, coming, staying = edited(rows)
    sample = staying.take(sampled(50, n_sampled, 0))
    change = coming.gradient(start) - out.gradient(start)
    objective = ChangeObjective.of(
        coming, sample, 50 / n_sampled, start, change, rows.diagonal, pull=pull
    )
    return objective, change


@pytest.mark.parametrize("converged", [True, False])
def test_minimum_is_that_of_the_corrected_data_if_training_had_converged(
    rows, converged
):
    _, coming, staying = edited(rows)
    start = rows.minimiser() + (0.0 if converged else 0.1)
    objective, _ = changed(rows, start)
    steps = Steps(sample=60, products=100, tol=1e-14)
    found = descend(objective, objective.origin, budget=Budget(), steps=steps)
    corrected = Rows(np.vstack([staying.A, coming.A]), np.append(staying.b, coming.b))
    moved = objective.theta(found.theta) - start
    expected = corrected.minimiser() - rows.minimiser()
    np.testing.assert_allclose(moved, expected, rtol=1e-3, atol=1e-5)


def test_minimum_is_pulled_to_the_start(rows):
    start = rows.minimiser() + 0.1
    objective, change = changed(rows, start, pull=100.0)
    steps = Steps(sample=60, products=100, tol=1e-14)
    found = descend(objective, objective.origin, budget=Budget(), steps=steps)
    expected = -np.linalg.solve(rows.A.T @ rows.A + 100.0 * np.eye(8), change)
    moved = objective.theta(found.theta) - start
    np.testing.assert_allclose(moved, expected, rtol=1e-3, atol=1e-5)


def test_a_sample_errs_in_the_curvature_alone(rows):
    start = np.full(8, 0.1)
    for n_sampled in (5, 50):
        objective, change = changed(rows, start, n_sampled)
        _, gradient = objective.value_and_gradient(objective.origin)
        np.testing.assert_allclose(gradient, objective.scale * change, rtol=1e-9)
        assert objective.n_rows == n_sampled


@pytest.mark.parametrize("pull", [0.0, 1e3])
def test_gradient_and_curvature_are_those_of_the_value(rows, pull):
    objective, _ = changed(rows, np.full(8, 0.1), pull=pull)
    at = np.linspace(-1.0, 1.0, 8)
    _, gradient = objective.value_and_gradient(at)
    matrix = objective.curvature(at, None, "gauss_newton")
    assert objective.value(at) == objective.slope(at).value
    for unit in np.eye(8):
        (low, before), (high, after) = (
            objective.value_and_gradient(at + sign * 1e-4 * unit) for sign in (-1, 1)
        )
        assert (high - low) / 2e-4 == pytest.approx(gradient @ unit, rel=1e-6)
        np.testing.assert_allclose(
            (after - before) / 2e-4, matrix.dot(unit), rtol=1e-6, atol=1e-6
        )
    # with the diagonal as scale, columns of any scale are alike
    diagonal = [unit @ matrix.dot(unit) for unit in np.eye(8)]
    assert 0.01 < min(diagonal) <= max(diagonal) < 1.01


def test_nothing_comes(rows):
    out, _, staying = edited(rows)
    start = rows.minimiser()
    objective = ChangeObjective.of(
        None, staying, 1.0, start, -out.gradient(start), np.zeros(8)
    )
    np.testing.assert_array_equal(objective.scale, 1.0)
    _, gradient = objective.value_and_gradient(objective.origin)
    np.testing.assert_allclose(gradient, -out.gradient(start))


def test_samples():
    np.testing.assert_array_equal(sampled(5, 9, 0), np.arange(5))
    rows = sampled(100, 10, 0)
    assert rows.size == np.unique(rows).size == 10
    np.testing.assert_array_equal(rows, sampled(100, 10, 0))
