import numpy as np
import pytest

from sklearn_unlearn.core.linear.edits import DropColumns, Edit
from sklearn_unlearn.core.linear.fitting import fit
from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.linear.steps import unlearn
from sklearn_unlearn.core.losses.margin import SquaredEpsilonInsensitive, SquaredHinge
from sklearn_unlearn.core.rows import Rows

CASES = [
    pytest.param(SquaredHinge(np.ones(1), 0.7), 1, id="hinge"),
    pytest.param(SquaredHinge(np.array([1.0, 0.5, 3.0])), 3, id="hinge-3"),
    pytest.param(SquaredEpsilonInsensitive(0.3), 1, id="insensitive"),
    pytest.param(SquaredEpsilonInsensitive(0.0), 1, id="squared"),
]
losses = pytest.mark.parametrize(("loss", "n_outputs"), CASES)


def draw(loss, n_outputs, n_rows=200, scale=2.0, seed=0):
    rng = np.random.default_rng(seed)
    raw = scale * rng.standard_normal((n_rows, n_outputs))
    target = rng.standard_normal(raw.shape)
    return raw, np.sign(target) if isinstance(loss, SquaredHinge) else target


def matrices(loss, raw, target):
    curvature = loss.curvature(raw, target)
    return curvature if loss.coupled else curvature[:, None, None]


@losses
def test_derivatives(loss, n_outputs):
    raw, target = draw(loss, n_outputs)
    gradient, curvature = loss.gradient(raw, target), matrices(loss, raw, target)
    assert loss.value(raw, target).shape == (200,)
    for k in range(n_outputs):
        step = 1e-6 * np.eye(n_outputs)[k]
        numeric = loss.value(raw + step, target) - loss.value(raw - step, target)
        np.testing.assert_allclose(gradient[:, k], numeric / 2e-6, atol=1e-7)
        numeric = loss.gradient(raw + step, target) - loss.gradient(raw - step, target)
        np.testing.assert_allclose(curvature[:, :, k], numeric / 2e-6, atol=1e-8)
    root = loss.curvature_root(raw, target)
    product = root @ root.transpose(0, 2, 1) if loss.coupled else root * root
    np.testing.assert_allclose(product, loss.curvature(raw, target), rtol=1e-12)
    assert curvature.max() == loss.max_curvature
    assert curvature.min() == 0.0 or loss.constant_curvature


def test_textbook_values():
    raw, one = np.array([[-1.0], [0.5], [1.0], [3.0]]), np.ones((4, 1))
    hinge = SquaredHinge(np.ones(1))
    assert hinge.value(raw, one).tolist() == [4.0, 0.25, 0.0, 0.0]
    assert hinge.gradient(raw, one)[:, 0].tolist() == [-4.0, -1.0, 0.0, 0.0]
    assert hinge.value(-raw, -one).tolist() == [4.0, 0.25, 0.0, 0.0]
    loss = SquaredEpsilonInsensitive(0.5)
    assert loss.value(raw, one).tolist() == [2.25, 0.0, 0.0, 2.25]
    assert loss.gradient(raw, one)[:, 0].tolist() == [-3.0, 0.0, 0.0, 3.0]


def test_what_they_say_of_themselves():
    assert SquaredHinge(np.ones(1)).self_concordance is None
    insensitive, squared = (SquaredEpsilonInsensitive(e) for e in (0.1, 0.0))
    assert insensitive.self_concordance is None
    assert (insensitive.constant_curvature, squared.constant_curvature) == (False, True)
    assert (insensitive.curvature_uses_target, squared.curvature_uses_target) == (
        True,
        False,
    )
    assert squared.self_concordance == 0.0
    raw, target = draw(squared, 1)
    assert np.all(squared.curvature(raw, raw) == squared.curvature(raw, target))


def problem(loss, n_outputs, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((120, 4))
    target = X @ rng.standard_normal((4, n_outputs))
    target += rng.standard_normal(target.shape)
    if isinstance(loss, SquaredHinge):
        target = np.sign(target)
    penalty = np.full((5, n_outputs), 0.7)
    penalty[-1] = 0.3
    none = np.zeros(penalty.shape, dtype=bool)
    objective = Objective(loss, True, penalty, np.zeros(penalty.shape), none)
    return objective, Rows(X, target, rng.uniform(0.5, 2.0, 120))


@losses
@pytest.mark.parametrize("seed", range(5))
def test_fit_ends_at_a_minimum_in_few_steps(loss, n_outputs, seed):
    objective, rows = problem(loss, n_outputs, seed)
    result = fit(objective, rows, tol=1e-10, max_iter=50)
    assert result.converged
    assert result.n_iter <= 20
    theta, value = result.state.theta, objective.value(rows, result.state.theta)
    rng = np.random.default_rng(1)
    for _ in range(20):
        other = theta + 1e-3 * rng.standard_normal(theta.shape)
        assert objective.value(rows, other) > value


@losses
def test_a_request_in_which_no_row_crosses_is_exact(loss, n_outputs):
    objective, rows = problem(loss, n_outputs)
    state = fit(objective, rows, tol=1e-11, max_iter=50).state
    light = rows.take(np.array([3, 50])).reweighted(np.full(2, 1e-4))
    edited = rows.reweighted(rows.weight.copy())
    edited.weight[[3, 50]] -= 1e-4
    theta = unlearn(state, Edit(rows_out=light)).state.theta
    assert np.linalg.norm(objective.gradient(edited, state.theta)) > 1e-5
    assert np.linalg.norm(objective.gradient(edited, theta)) < 1e-9
    columns = np.array([False, True, False, False, False])
    dropped = unlearn(state, Edit(feature_map=DropColumns(columns))).state
    assert not dropped.theta[1].any()
