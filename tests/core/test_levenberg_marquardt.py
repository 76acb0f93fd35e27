"""The descent: what it reaches, what it spends, why it stops."""

import itertools
from dataclasses import dataclass, replace

import numpy as np
import pytest

from sklearn_unlearn.core.network.descent import Budget, Outcome, Slope, Steps
from sklearn_unlearn.core.network.krylov import definite, spectrum
from sklearn_unlearn.core.network.levenberg_marquardt import descend
from sklearn_unlearn.core.network.one_shot import (
    first_order_update,
    second_order_update,
)
from sklearn_unlearn.exceptions import BudgetTooSmallError, NotFiniteError
from tests.core.networks import problem


class Curvature:
    diagonal = None

    def __init__(self, matrix):
        self.matrix = matrix

    def dot(self, vector):
        return self.matrix @ vector


@dataclass
class Quadratic:
    """Half a squared norm of ``A theta - b``, and what was asked of it."""

    A: np.ndarray
    b: np.ndarray
    tilt: float = 0.0
    curvature_is: float = 1.0

    @property
    def n_rows(self):
        return self.b.size

    def value_and_gradient(self, theta):
        rest = self.A @ theta - self.b
        value = 0.5 * rest @ rest + self.tilt * theta[0] ** 4
        gradient = self.A.T @ rest
        gradient[0] += 4.0 * self.tilt * theta[0] ** 3
        return value, gradient

    def value(self, theta):
        return self.value_and_gradient(theta)[0]

    def slope(self, theta):
        return Slope(*self.value_and_gradient(theta))

    def curvature(self, theta, rows, kind, squares=None):
        A = self.A if rows is None else self.A[rows] * np.sqrt(self.n_rows / rows.size)
        return Curvature(self.curvature_is * A.T @ A)


def quadratic(**settings):
    generator = np.random.default_rng(0)
    A = generator.normal(size=(60, 8))
    return Quadratic(A, generator.normal(size=60), **settings), 5.0 * np.ones(8)


@pytest.mark.parametrize("linear_solver", ["cg", "lissa"])
def test_a_quadratic_is_minimised(linear_solver):
    objective, theta = quadratic()
    steps = Steps(linear_solver=linear_solver, products=300, tol=1e-12)
    found = descend(objective, theta, budget=Budget(), steps=steps)
    expected = np.linalg.lstsq(objective.A, objective.b, rcond=None)[0]
    np.testing.assert_allclose(found.theta, expected, atol=1e-4)
    assert found.outcome is Outcome.CONVERGED
    np.testing.assert_array_equal(theta, 5.0)
    assert found.value < found.value_before


@pytest.mark.parametrize("loss", ["softmax", "squared", "labels", "several poisson"])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("kind", ["gauss_newton", "hessian"])
def test_networks_descend(loss, activation, kind):
    objective, theta = problem(loss, activation)
    first, gradient = objective.value_and_gradient(theta)
    found = descend(
        objective, theta, budget=Budget(steps=30), steps=Steps(kind=kind, sample=12)
    )
    value, left = objective.value_and_gradient(found.theta)
    assert (found.value_before, found.value) == (first, value)
    assert value < first
    if kind == "gauss_newton":  # the other may be indefinite
        assert np.linalg.norm(left) < 0.5 * np.linalg.norm(gradient)


def test_a_descent_is_the_same_twice():
    objective, theta = problem()
    one, other = (
        descend(objective, theta, budget=Budget(steps=4), steps=Steps(sample=9))
        for _ in range(2)
    )
    np.testing.assert_array_equal(one.theta, other.theta)


def test_steps_too_long_are_halved_and_damped():
    # a curvature a hundred times too small promises what no step can keep
    objective, theta = quadratic(curvature_is=0.01, tilt=1.0)
    found = descend(objective, theta, budget=Budget(steps=1))
    assert found.value < found.value_before
    assert found.n_steps == 1
    usual = descend(quadratic()[0], theta, budget=Budget(steps=1))
    assert found.damping > usual.damping * 0.01
    again = descend(objective, theta, budget=Budget(steps=40))
    assert again.value < found.value


def test_damping_falls_where_the_model_is_good():
    objective, theta = quadratic()
    one, two = (
        descend(objective, theta, budget=Budget(steps=n), steps=Steps(tol=0.0))
        for n in (1, 2)
    )
    assert two.damping == pytest.approx(one.damping / 4.0)


def test_steps_are_counted():
    objective, theta = quadratic()
    found = descend(objective, theta, budget=Budget(steps=2), steps=Steps(tol=0.0))
    assert found.outcome is Outcome.STEPS
    assert found.n_steps == 2
    nothing = descend(objective, theta, budget=Budget(steps=0))
    assert nothing.n_steps == 0
    np.testing.assert_array_equal(nothing.theta, theta)


@pytest.mark.parametrize("linear_solver", ["cg", "lissa"])
@pytest.mark.parametrize("passes", [12.0, 20.0, 50.0])
def test_passes_are_not_exceeded(passes, linear_solver):
    objective, theta = problem(n_rows=60)
    steps = Steps(tol=0.0, sample=30, linear_solver=linear_solver)
    found = descend(objective, theta, budget=Budget(passes=passes), steps=steps)
    assert found.outcome is Outcome.PASSES
    assert 0.5 * passes < found.passes <= passes
    assert found.n_steps >= 1


def test_passes_are_those_that_were_made(monkeypatch):
    objective, theta = quadratic()
    asked = {"gradients": 0, "products": 0}
    value_and_gradient, dot = Quadratic.value_and_gradient, Curvature.dot

    def counted_gradient(self, at):
        asked["gradients"] += 1
        return value_and_gradient(self, at)

    def counted_dot(self, vector):
        asked["products"] += 1
        return dot(self, vector)

    monkeypatch.setattr(Quadratic, "value_and_gradient", counted_gradient)
    monkeypatch.setattr(Curvature, "dot", counted_dot)
    for budget in (Budget(steps=3), Budget(passes=40.0)):
        asked.update(gradients=0, products=0)
        found = descend(objective, theta, budget=budget, steps=Steps(sample=20))
        expected = asked["gradients"] + asked["products"] / 3.0
        assert found.passes == pytest.approx(expected)


def test_no_gradient_is_asked_for_in_vain():
    class Counted(Quadratic):
        slopes, values = 0, 0

        def slope(self, theta):
            self.slopes += 1
            return super().slope(theta)

        def value(self, theta):
            self.values += 1
            return super().value(theta)

    base, theta = quadratic()
    objective = Counted(base.A, base.b)
    found = descend(objective, theta, budget=Budget(steps=3), steps=Steps(tol=0.0))
    assert (objective.slopes, objective.values) == (3, 1)
    assert found.value == base.value(found.theta)


def test_what_a_gradient_says_of_the_diagonal_preconditions():
    class Scaled(Quadratic):
        """Columns of very different sizes, of which the gradient tells."""

        told = True

        def slope(self, theta):
            return Slope(*self.value_and_gradient(theta), (self.A**2).sum(axis=0))

        def curvature(self, theta, rows, kind, squares=None):
            matrix = super().curvature(theta, rows, kind)
            matrix.diagonal = squares if self.told else None
            return matrix

    base, theta = quadratic()
    values = []
    for told in (True, False):
        objective = Scaled(base.A * np.logspace(0, 2, 8), base.b)
        objective.told = told
        steps = Steps(products=3, progress=0.0)
        found = descend(objective, theta, budget=Budget(steps=6), steps=steps)
        values.append(found.value)
    assert values[0] < 0.5 * values[1]


def test_seconds_are_those_of_the_clock():
    objective, theta = problem()
    ticks = itertools.count()
    found = descend(
        objective,
        theta,
        budget=Budget(seconds=60.0),
        steps=Steps(tol=0.0),
        clock=lambda: 0.5 * next(ticks),
    )
    assert found.outcome is Outcome.SECONDS
    assert found.n_steps >= 1
    assert 30.0 < found.seconds < 70.0


@pytest.mark.parametrize(
    ("budget", "reason"),
    [(Budget(passes=1.5), "passes"), (Budget(seconds=1e-3), "seconds")],
)
def test_a_budget_too_small_for_a_step_is_refused(budget, reason):
    objective, theta = problem()
    ticks = itertools.count()
    with pytest.raises(BudgetTooSmallError, match=f"{reason} of the budget"):
        descend(objective, theta, budget=budget, clock=lambda: 0.5 * next(ticks))


def test_a_descent_that_cannot_go_on_says_so():
    class Uphill(Quadratic):
        """Its gradient points the wrong way."""

        def value_and_gradient(self, theta):
            value, gradient = super().value_and_gradient(theta)
            return value, -gradient

    base, theta = quadratic()
    found = descend(Uphill(base.A, base.b), theta, budget=Budget())
    assert found.outcome is Outcome.STALLED
    np.testing.assert_array_equal(found.theta, theta)


def test_a_step_into_what_is_not_finite_is_shortened():
    class Walled(Quadratic):
        """Infinite where the first parameter is below 4.9."""

        def value_and_gradient(self, theta):
            value, gradient = super().value_and_gradient(theta)
            return (value if theta[0] >= 4.9 else np.nan), gradient

    base, theta = quadratic()
    found = descend(Walled(base.A, base.b), theta, budget=Budget(steps=3))
    assert np.isfinite(found.value)
    assert found.value < found.value_before


def test_an_objective_that_is_not_finite_is_refused():
    objective, theta = quadratic()
    objective.b[0] = np.nan
    with pytest.raises(NotFiniteError, match="objective"):
        descend(objective, theta, budget=Budget())
    objective, theta = quadratic(curvature_is=np.inf)
    with np.errstate(invalid="ignore"), pytest.raises(NotFiniteError, match="curvat"):
        descend(objective, theta, budget=Budget())


# One-shot updates ---------------------------------------------------------------------


def test_first_order_update():
    theta, change = np.array([1.0, 2.0]), np.array([10.0, -10.0])
    np.testing.assert_array_equal(first_order_update(theta, change, 0.1), [0.0, 3.0])


@pytest.mark.parametrize("linear_solver", ["cg", "lissa"])
@pytest.mark.parametrize("kind", ["hessian", "gauss_newton"])
def test_second_order_update_solves_the_damped_system(linear_solver, kind):
    objective, theta = problem("squared")
    _, change = objective.value_and_gradient(theta)
    curvature = objective.curvature(theta, None, kind)
    matrix = np.array([curvature.dot(e) for e in np.eye(theta.size)])
    smallest, largest = spectrum(curvature, change)
    damping = max(definite(smallest, largest), 1e-2 * largest)
    damped = matrix + damping * np.eye(theta.size)
    assert np.linalg.eigvalsh(damped).min() > 0.0
    steps = Steps(kind, linear_solver, products=5000)
    found = second_order_update(objective, theta, change, steps)
    rest = change - damped @ (theta - found)
    assert np.linalg.norm(rest) < 2e-3 * np.linalg.norm(change)


def test_a_saturated_loss_is_left():
    """Its curvature is nothing, and damping relative to that is too small."""
    objective, theta = problem("binary", decay=0.0)
    theta = 40.0 * theta
    raw = objective.network.values(theta, objective.rows.X)[-1]
    wrong = (raw < 0.0).astype(float)
    objective = replace(objective, rows=replace(objective.rows, y=wrong))
    found = descend(objective, theta, budget=Budget(steps=10))
    assert found.n_steps > 0
    assert found.value < 0.5 * found.value_before


@pytest.mark.parametrize("linear_solver", ["cg", "lissa"])
def test_vectors_may_be_tensors(linear_solver):
    torch = pytest.importorskip("torch")

    class Tensors:
        """The objective that it is given, asked and answered in tensors."""

        def __init__(self, objective):
            self.objective, self.n_rows = objective, objective.n_rows

        def value_and_gradient(self, theta):
            value, gradient = self.objective.value_and_gradient(theta.numpy())
            return value, torch.tensor(gradient)

        def value(self, theta):
            return self.objective.value(theta.numpy())

        def slope(self, theta):
            return Slope(*self.value_and_gradient(theta))

        def curvature(self, theta, rows, kind, squares=None):
            return Matrix(self.objective.curvature(theta.numpy(), rows, kind))

    class Matrix:
        def __init__(self, curvature):
            self.curvature = curvature
            self.diagonal = torch.tensor(curvature.diagonal)

        def dot(self, vector):
            return torch.tensor(self.curvature.dot(vector.numpy()))

    objective, theta = problem()
    # few products: conjugate gradients magnify rounding
    steps = Steps(linear_solver=linear_solver, sample=12, products=6)
    budget = Budget(steps=2, passes=500.0)
    expected = descend(objective, theta, budget=budget, steps=steps)
    tensors, start = Tensors(objective), torch.tensor(theta)
    found = descend(tensors, start, budget=budget, steps=steps)
    assert isinstance(found.theta, torch.Tensor)
    np.testing.assert_allclose(found.theta.numpy(), expected.theta, rtol=1e-6)
    np.testing.assert_array_equal(start.numpy(), theta)
    _, change = objective.value_and_gradient(theta)
    one = second_order_update(objective, theta, change, steps)
    other = second_order_update(tensors, start, torch.tensor(change), steps)
    np.testing.assert_allclose(other.numpy(), one, rtol=1e-6)
