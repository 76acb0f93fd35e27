"""Fits of hard problems, of none that has a minimiser, and of too large ones."""

from dataclasses import replace

import numpy as np
import pytest

from sklearn_unlearn.core.linear import fitting
from sklearn_unlearn.core.linear.fitting import check_order, fit
from sklearn_unlearn.core.linear.refinement import Outcome
from sklearn_unlearn.core.linear.units import Units
from sklearn_unlearn.exceptions import NotPositiveDefiniteError, ProblemTooLargeError
from tests.core.problems import dense_hessian, make_objective, make_problem, make_rows


def hard_problem(seed):
    """Separable or noisy, badly scaled, wildly weighted, hardly penalised."""
    rng = np.random.default_rng(seed)
    kind = ("logistic", "multinomial", "logistic", "squared")[seed % 4]
    n_columns = int(rng.integers(2, 9))
    rows = make_rows(kind, int(rng.integers(20, 200)), n_columns, rng)
    if kind != "squared" and rng.random() < 0.5:  # separable
        direction = rng.standard_normal((n_columns, 1 if kind == "logistic" else 3))
        raw = rows.X @ direction
        y = raw > 0.0 if kind == "logistic" else raw.argmax(axis=1)[:, None]
        rows = replace(rows, y=y.astype(float))
    X = rows.X
    if rng.random() < 0.7:
        X = X * 10.0 ** rng.uniform(-4, 4, n_columns)
    if rng.random() < 0.3:
        X = X + 10.0 ** rng.uniform(0, 3)
    weight = rows.weight
    if rng.random() < 0.5:
        weight = 10.0 ** rng.uniform(-3, 6, rows.n_rows)
    C = 10.0 ** rng.uniform(-2, 6)
    objective = make_objective(
        kind, n_columns, penalty=1.0 / C, intercept=bool(rng.random() < 0.7)
    )
    return objective, replace(rows, X=X, weight=weight)


def is_singular(objective, rows):
    """Whether the Hessian at zero is singular to working precision, scale removed."""
    hessian = dense_hessian(objective, rows, np.zeros(objective.shape))
    root = np.sqrt(np.diagonal(hessian))
    return np.linalg.eigvalsh(hessian / root[:, None] / root)[0] < 1e-13


def test_hard_problems_converge():
    outcomes = dict.fromkeys(Outcome, 0)
    n_iter, n_refused = [], 0
    for seed in range(120):
        objective, rows = hard_problem(seed)
        try:
            result = fit(objective, rows, tol=1e-11, max_iter=200)
        except NotPositiveDefiniteError:
            # a common shift of the classes that only a vanishing penalty determines
            assert objective.loss.shift_invariant, seed
            assert is_singular(objective, rows), seed
            n_refused += 1
            continue
        outcomes[result.outcome] += 1
        n_iter.append(result.n_iter)
        theta = result.state.theta
        assert np.all(np.isfinite(theta)), seed
        floor = objective.rounding_bound(rows, theta)
        stop = 1e-11 * Units.of(objective.loss, rows).largest
        assert result.residual <= max(stop, floor), (seed, result.outcome)
        assert objective.value(rows, theta) <= objective.value(rows, 0.0 * theta), seed
    figures = ", ".join(f"{outcome.name} {n}" for outcome, n in outcomes.items())
    print(f"120 hard problems: {figures}, refused {n_refused}, steps {max(n_iter)}")  # noqa: T201
    assert n_refused == 0
    assert outcomes[Outcome.CONVERGED] > 20
    assert outcomes[Outcome.ROUNDING_FLOOR] > 20


@pytest.mark.parametrize("kind", ["poisson", "tweedie", "gamma"])
@pytest.mark.parametrize("scale", [1e-8, 1e-3, 1e3, 1e8])
@pytest.mark.parametrize("intercept", [True, False])
def test_targets_of_any_size_are_fitted(kind, scale, intercept):
    problem = make_problem(kind, intercept=intercept, penalty=1e-3, n_rows=200)
    rows = replace(problem.rows, y=problem.rows.y * scale)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        result = fit(problem.objective, rows, tol=1e-10, max_iter=100)
    floor = problem.objective.rounding_bound(rows, result.state.theta)
    stop = 1e-10 * Units.of(problem.objective.loss, rows).largest
    assert result.residual <= max(stop, floor)
    if intercept:
        assert result.n_iter <= 30


@pytest.mark.parametrize("kind", ["poisson", "tweedie"])
def test_targets_that_are_all_zero(kind):
    problem = make_problem(kind)
    rows = replace(problem.rows, y=0.0 * problem.rows.y)
    result = fit(problem.objective, rows, tol=1e-8, max_iter=100)
    assert result.converged


@pytest.mark.parametrize("kind", ["logistic", "multinomial"])
def test_separable_data_without_a_penalty_have_no_minimiser(kind):
    # whatever is reported, no NaN and no overflow on the way to infinity
    problem = make_problem(kind, penalty=0.0, weighted=False)
    raw = problem.rows.X @ np.random.default_rng(0).standard_normal((4, 3))
    raw += 5.0 * np.sign(raw)
    y = raw[:, :1] > 0.0 if kind == "logistic" else raw.argmax(axis=1)[:, None]
    rows = replace(problem.rows, y=y.astype(float))
    result, message = None, ""
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        try:
            result = fit(problem.objective, rows, tol=1e-12, max_iter=30)
        except NotPositiveDefiniteError as error:
            message = str(error)
    if result is None:
        assert "singular" in message
    else:
        assert np.all(np.isfinite(result.state.theta))
        assert result.outcome is not Outcome.STALLED


def test_unpenalised_dependent_columns_are_refused():
    problem = make_problem("logistic", penalty=0.0)
    rows = problem.rows
    rows.X[:, 1] = rows.X[:, 0] + 1.0
    with pytest.raises(NotPositiveDefiniteError, match="linearly dependent"):
        fit(problem.objective, rows, tol=1e-8, max_iter=50)


def test_problems_too_large_for_a_factor_are_refused(monkeypatch):
    monkeypatch.setattr(fitting, "MAX_ORDER", 14)
    check_order(make_objective("logistic", 13))
    check_order(make_objective("squared", 13))  # one matrix for all outputs
    small = make_problem("multinomial", n_columns=4)  # order 15
    for refused in (check_order, lambda o: fit(o, small.rows, tol=1.0, max_iter=1)):
        with pytest.raises(ProblemTooLargeError, match="order 15") as caught:
            refused(small.objective)
        for words in ("5 coefficients", "3 outputs", "limit of 14", "fewer columns"):
            assert words in str(caught.value)
        assert "keeps one of order 5" in str(caught.value)


def test_the_limit_is_two_gibibytes():
    assert 8 * fitting.MAX_ORDER**2 == 2 * 2**30


def test_a_factor_larger_than_the_memory(monkeypatch):
    objective = make_objective("logistic", 12)
    monkeypatch.setattr(fitting, "_physical_memory", lambda: 3 * 8 * 13**2 - 1)
    with pytest.raises(ProblemTooLargeError, match=r"this machine has 0\.0 GiB"):
        check_order(objective)
    monkeypatch.setattr(fitting, "_physical_memory", lambda: 3 * 8 * 13**2)
    check_order(objective)
    monkeypatch.setattr(fitting, "_physical_memory", lambda: None)
    check_order(objective)
