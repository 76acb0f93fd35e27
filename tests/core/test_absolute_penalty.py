"""The minimum of squares with an absolute penalty: conditions, and other starts."""

import numpy as np
import pytest

from sklearn_unlearn.core.linear import absolute_penalty
from sklearn_unlearn.core.linear.absolute_penalty import AbsolutePenalty
from sklearn_unlearn.exceptions import NotPositiveDefiniteError
from tests.pairwise import pairwise


def columns(kind, rng, n_rows, n_columns):
    X = rng.normal(size=(n_rows, n_columns))
    if kind == "ties":
        return np.round(X)
    if kind == "equal":
        return X[:, rng.integers(0, n_columns, n_columns)]
    if kind == "combinations":
        X[:, -n_columns // 2 :] = X[:, : n_columns // 2 + n_columns % 2] @ rng.normal(
            size=(n_columns // 2 + n_columns % 2, -(-n_columns // 2))
        )
    if kind == "scales":
        return (
            X
            @ rng.normal(size=(n_columns, n_columns))
            * np.geomspace(1.0, 1e-3, n_columns)
        )
    return X


@pytest.mark.parametrize(
    ("kind", "penalty", "squared", "positive"),
    pairwise(
        ["plain", "ties", "equal", "combinations", "scales"],
        [0.0, 1e-3, 1.0, 30.0],
        [0.0, 0.1],
        [False, True],
    ),
)
def test_the_conditions_hold_wherever_it_starts(kind, penalty, squared, positive):
    rng = np.random.default_rng(0)
    for _ in range(40):
        n_rows, n_columns = rng.integers(2, 50), rng.integers(1, 30)
        X = columns(kind, rng, n_rows, n_columns)
        y = np.round(X[:, 0] + rng.normal(size=n_rows), 1)
        matrix = X.T @ X + squared * np.eye(n_columns)
        problem = AbsolutePenalty(matrix, X.T @ y, penalty, positive)
        coef = problem.solve()
        gradient = X.T @ y - matrix @ coef
        slack = 1e-12 * (np.abs(X.T @ y) + np.abs(matrix) @ np.abs(coef))
        there = coef != 0.0
        wrong = np.abs(gradient - penalty * np.sign(coef))
        assert np.all(wrong[there] <= slack[there])
        beyond = (gradient if positive else np.abs(gradient)) - penalty
        assert np.all(beyond[~there] <= slack[~there])
        if positive:
            assert np.all(coef >= 0.0)
        start = coef * (rng.random(n_columns) < 0.7)
        if not positive:
            start *= rng.choice([-1.0, 1.0], n_columns)
        np.testing.assert_array_equal(problem.solve(start), coef)
        np.testing.assert_array_equal(problem.solve(coef), coef)


def test_few_steps_lead_from_what_is_near(monkeypatch):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 30))
    y = X[:, :10] @ rng.normal(size=10) + rng.normal(size=200)
    before = AbsolutePenalty(X.T @ X, X.T @ y, 5.0, False).solve()
    problem = AbsolutePenalty(X[1:].T @ X[1:], X[1:].T @ y[1:], 5.0, False)
    steps = []
    towards = absolute_penalty._Search._towards_minimum
    monkeypatch.setattr(
        absolute_penalty._Search,
        "_towards_minimum",
        lambda search: (steps.append(search), towards(search))[1],
    )
    problem.solve(before)
    near = len(steps)
    problem.solve()
    assert near <= 3 < 10 <= len(steps) - near


def test_steps_that_do_not_end_are_an_error(monkeypatch):
    monkeypatch.setattr(absolute_penalty, "_MOST_STEPS", 0)
    with pytest.raises(NotPositiveDefiniteError, match="larger penalty"):
        AbsolutePenalty(np.eye(2), np.ones(2), 0.1, False).solve()
    with pytest.raises(NotPositiveDefiniteError):
        AbsolutePenalty(np.full((2, 2), np.nan), np.ones(2), 0.1, False).solve()
