from dataclasses import replace

import numpy as np
import pytest

from sklearn_unlearn.core.linear.edits import Edit
from sklearn_unlearn.core.linear.fitting import fit
from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.linear.refinement import longest_step, refine
from sklearn_unlearn.core.linear.step_sizes import LARGE_CHANGE
from sklearn_unlearn.core.linear.steps import unlearn
from sklearn_unlearn.core.losses.robust import ConcomitantHuber
from sklearn_unlearn.core.rows import Rows
from sklearn_unlearn.exceptions import NotPositiveDefiniteError

epsilons = pytest.mark.parametrize("epsilon", [1.0, 1.35, 3.0])


def draw(n_rows=200, seed=0):
    rng = np.random.default_rng(seed)
    raw = np.column_stack(
        [3.0 * rng.standard_normal(n_rows), rng.uniform(0.2, 2.0, n_rows)]
    )
    return raw, rng.standard_normal((n_rows, 1))


@epsilons
def test_textbook_formula(epsilon):
    raw, target = draw()
    residual, scale = np.abs(raw[:, 0] - target[:, 0]), raw[:, 1]
    t = residual / scale
    huber = np.where(t <= epsilon, t**2, 2.0 * epsilon * t - epsilon**2)
    value = ConcomitantHuber(epsilon).value(raw, target)
    np.testing.assert_allclose(value, scale + scale * huber, rtol=1e-13)
    assert 0.2 < np.mean(t <= epsilon) < 0.95


@epsilons
@pytest.mark.parametrize("least", [0.0, 0.3])
def test_derivatives(epsilon, least):
    loss, (raw, target) = ConcomitantHuber(epsilon, least), draw()
    gradient, curvature = loss.gradient(raw, target), loss.curvature(raw, target)
    for k in range(2):
        step = 1e-6 * np.eye(2)[k]
        numeric = loss.value(raw + step, target) - loss.value(raw - step, target)
        np.testing.assert_allclose(gradient[:, k], numeric / 2e-6, rtol=1e-6, atol=1e-7)
        numeric = loss.gradient(raw + step, target) - loss.gradient(raw - step, target)
        np.testing.assert_allclose(
            curvature[:, :, k], numeric / 2e-6, rtol=1e-6, atol=1e-6
        )
    root = loss.curvature_root(raw, target)
    assert root.shape == (200, 2, 2 if least else 1)
    np.testing.assert_allclose(root @ root.transpose(0, 2, 1), curvature, rtol=1e-13)
    if least:
        return
    # homogeneous: no curvature along (residual, scale)
    along = np.column_stack([raw[:, 0] - target[:, 0], raw[:, 1]])
    np.testing.assert_allclose(
        np.einsum("ikl,il->ik", curvature, along), 0.0, atol=1e-13
    )


@epsilons
def test_convex_in_prediction_and_scale(epsilon):
    loss, (raw, target) = ConcomitantHuber(epsilon, 0.3), draw(5000)
    other, _ = draw(5000, seed=1)
    middle = loss.value(0.5 * (raw + other), target)
    ends = 0.5 * (loss.value(raw, target) + loss.value(other, target))
    assert np.all(middle <= ends * (1.0 + 1e-14))


def test_no_scale_below_zero():
    loss, target = ConcomitantHuber(1.35), np.zeros((3, 1))
    raw = np.array([[1.0, 0.0], [1.0, -1.0], [0.0, -1e-300]])
    assert np.all(loss.value(raw, target) > 1e100)
    assert np.all(np.isfinite(loss.gradient(raw, target)))
    assert np.zeros(3) @ loss.value(raw, target) == 0.0  # rows of weight zero


def objective(n_columns, alpha=1e-4, epsilon=1.35):
    held = np.zeros((n_columns + 1, 2), dtype=bool)
    held[:-1, 1] = True
    penalty = np.full(held.shape, 2.0 * alpha)
    penalty[-1] = 0.0
    linear = np.zeros(held.shape)
    return Objective(ConcomitantHuber(epsilon), True, penalty, linear, held)


@pytest.mark.parametrize("seed", range(40))
def test_fit_ends_at_a_minimum_whatever_the_scales(seed):
    rng = np.random.default_rng(seed)
    n_rows, n_columns = int(rng.integers(60, 200)), int(rng.integers(1, 12))
    X = rng.standard_normal((n_rows, n_columns)) * 10.0 ** rng.uniform(-2, 2, n_columns)
    noise = [rng.standard_normal, lambda n: rng.standard_t(1, n)][seed % 2](n_rows)
    noise[rng.uniform(size=n_rows) < 0.2] += 1e4 * (seed % 3)  # gross outliers
    y = X @ rng.standard_normal(n_columns) + 10.0 ** rng.uniform(-3, 3) * noise + 1e3
    f, rows = objective(n_columns), Rows(X, y[:, None], rng.uniform(0.5, 2.0, n_rows))
    result = fit(f, rows, tol=1e-8, max_iter=100)
    theta, scale = result.state.theta, result.state.theta[-1, 1]
    assert result.converged
    assert scale > 0.0
    assert not theta[f.held].any()
    value = f.value(rows, theta)
    size = np.append(scale / np.linalg.norm(X, axis=0), scale)
    for _ in range(20):
        other = theta + 0.1 * size[:, None] * rng.standard_normal(theta.shape) * ~f.held
        assert f.value(rows, other) >= value * (1.0 - 1e-13)
    # and from elsewhere
    for factor in (0.5, 20.0):
        far = theta.copy()
        far[-1, 1] *= factor
        start = replace(result.state, theta=far)
        again = refine(start, rows, tol=1e-8, max_iter=100)
        np.testing.assert_allclose(again.state.theta[-1, 1], scale, rtol=1e-5)


@pytest.mark.parametrize("alpha", [0.0, 1e-4, 1.0])
def test_data_that_are_fitted_exactly_have_the_least_scale(alpha):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40, 3))
    y = X @ [1.0, -2.0, 0.5] + 3.0
    rows = Rows(X, y[:, None], np.ones(40))
    least = replace(objective(3, alpha), loss=ConcomitantHuber(1.35, 1e-7))
    theta = fit(least, rows, tol=1e-8, max_iter=100).state.theta
    np.testing.assert_allclose(theta[:, 0], [1.0, -2.0, 0.5, 3.0], atol=1e-6)
    np.testing.assert_allclose(theta[-1, 1], 1e-7, rtol=1e-2)


def test_a_step_keeps_half_of_the_scale():
    f = objective(1)
    theta = np.array([[1.0, 0.0], [0.0, 4.0]])
    step = np.array([[5.0, 0.0], [0.0, -8.0]])
    assert longest_step(f, theta, step) == 0.25
    assert longest_step(f, theta, -step) == 1.0
    assert longest_step(f, theta, 0.2 * step) == 1.0


@pytest.mark.parametrize("alpha", [0.0, 1e-4, 1.0])
@pytest.mark.parametrize("share", [1.0, 0.8])
def test_data_that_are_fitted_exactly_have_no_scale(alpha, share):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((100, 3))
    y = X @ [1.0, -2.0, 0.5] + 3.0
    y[: round(100 * (1.0 - share))] += 5.0
    rows = Rows(X, y[:, None], np.ones(100))
    with pytest.raises(NotPositiveDefiniteError, match="fitted exactly"):
        fit(objective(3, alpha), rows, tol=1e-8, max_iter=100)


def test_changes_are_measured_in_scales():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((100, 3))
    y = X @ [1.0, -2.0, 0.5] + 0.1 * rng.standard_normal(100)
    changes = []
    for unit in (1.0, 1e4):
        rows = Rows(X, unit * y[:, None], np.ones(100))
        state = fit(objective(3, 0.0), rows, tol=1e-8, max_iter=100).state
        step = unlearn(state, Edit(rows_out=rows.take(np.arange(3))))
        changes.append(step.largest_change)
    assert changes[0] == pytest.approx(changes[1], rel=1e-6)
    assert 0.0 < changes[0] < LARGE_CHANGE
