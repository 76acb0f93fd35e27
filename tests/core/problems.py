"""Small problems, the dense formulas to compare with, other partitions into blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import logsumexp

from sklearn_unlearn.core.arrays import densify
from sklearn_unlearn.core.linear.edits import Edit
from sklearn_unlearn.core.linear.fitting import fit
from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.linear.state import State
from sklearn_unlearn.core.losses import (
    HalfBinomialLogistic,
    HalfGamma,
    HalfPoisson,
    HalfSquaredError,
    HalfTweedie,
    MultinomialLogistic,
)
from sklearn_unlearn.core.rows import BLOCK_ENTRIES, Rows

KINDS = (
    "squared",
    "coupled_squared",
    "logistic",
    "multinomial",
    "poisson",
    "tweedie",
    "gamma",
)
#: Those that have a single output.
SINGLE = ("logistic", "poisson", "tweedie", "gamma")
LOSSES = {
    "squared": HalfSquaredError(),
    "coupled_squared": HalfSquaredError(),
    "logistic": HalfBinomialLogistic(),
    "multinomial": MultinomialLogistic(),
    "poisson": HalfPoisson(),
    "tweedie": HalfTweedie(1.5),
    "gamma": HalfGamma(),
}


@dataclass(frozen=True)
class Problem:
    """An objective with all its rows."""

    objective: Objective
    rows: Rows


@dataclass(frozen=True)
class Partitioned:
    """Rows in blocks that end where told, whatever ``entries`` says."""

    rows: Rows
    ends: tuple[int, ...]

    @property
    def n_rows(self) -> int:
        return self.rows.n_rows

    def blocks(self, entries: int = BLOCK_ENTRIES) -> Iterator[Rows]:
        start = 0
        for stop in (*self.ends, self.rows.n_rows):
            yield self.rows.take(np.arange(start, stop))
            start = stop


def make_objective(
    kind, n_columns, *, n_outputs=3, intercept=True, penalty=0.7, linear=None
) -> Objective:
    if kind in SINGLE:
        n_outputs = 1
    p = n_columns + intercept
    diagonal = np.full((p, n_outputs), float(penalty))
    if kind == "coupled_squared":
        diagonal *= np.arange(1.0, n_outputs + 1.0)
    if intercept:
        diagonal[-1] = 0.0
    return Objective(
        loss=LOSSES[kind],
        fit_intercept=intercept,
        penalty=diagonal,
        linear=np.zeros((p, n_outputs)) if linear is None else linear,
        held=np.zeros((p, n_outputs), dtype=bool),
    )


def make_rows(kind, n_rows, n_columns, rng, *, n_outputs=3, weighted=True) -> Rows:
    X = rng.standard_normal((n_rows, n_columns))
    if kind == "logistic":
        truth = X @ rng.standard_normal(n_columns) + rng.logistic(size=n_rows)
        y = (truth > 0.0).astype(float)[:, None]
        y[:2, 0] = 0.0, 1.0
    elif kind == "multinomial":
        truth = X @ rng.standard_normal((n_columns, n_outputs))
        truth += rng.gumbel(size=truth.shape)
        y = truth.argmax(axis=1).astype(float)[:, None]
        y[:n_outputs, 0] = np.arange(n_outputs)
    elif kind in SINGLE:
        slopes = rng.standard_normal(n_columns) / np.sqrt(n_columns)
        y = (np.exp(X @ slopes) * rng.gamma(2.0, 1.0, n_rows))[:, None]
        if kind == "poisson":
            y = y.round()
        elif kind == "tweedie":
            y[y < 0.5] = 0.0
    else:
        y = X @ rng.standard_normal((n_columns, n_outputs)) + 1.0
        y += rng.standard_normal(y.shape)
    weight = rng.uniform(0.5, 2.0, n_rows) if weighted else np.ones(n_rows)
    return Rows(X, y, weight)


def make_problem(
    kind,
    n_rows=60,
    n_columns=4,
    *,
    seed=0,
    n_outputs=3,
    intercept=True,
    penalty=0.7,
    weighted=True,
) -> Problem:
    rng = np.random.default_rng(seed)
    rows = make_rows(
        kind, n_rows, n_columns, rng, n_outputs=n_outputs, weighted=weighted
    )
    objective = make_objective(
        kind, n_columns, n_outputs=n_outputs, intercept=intercept, penalty=penalty
    )
    return Problem(objective, rows)


def fitted(problem: Problem, tol=1e-11, max_iter=100) -> State:
    return fit(problem.objective, problem.rows, tol=tol, max_iter=max_iter).state


def refitted(objective: Objective, rows: Rows, tol=1e-11) -> np.ndarray:
    return fit(objective, rows, tol=tol, max_iter=100).state.theta


def join(*parts: Rows) -> Rows:
    return Rows(
        np.concatenate([densify(part.X) for part in parts]),
        np.concatenate([part.y for part in parts]),
        np.concatenate([part.weight for part in parts]),
    )


def edited(rows: Rows, edit: Edit, out) -> Rows:
    """The rows after an edit that takes out the positions ``out``."""
    rest = rows.take(np.setdiff1d(np.arange(rows.n_rows), out))
    return rest if edit.rows_in is None else join(rest, edit.rows_in)


# Dense formulas, one row at a time, that share no code with the package -------------


def design(objective: Objective, X) -> np.ndarray:
    X = densify(X).astype(np.float64)
    if objective.fit_intercept:
        X = np.column_stack([X, np.ones(X.shape[0])])
    return X


def dense_loss(loss, raw, y):
    if isinstance(loss, HalfSquaredError):
        return 0.5 * np.sum((raw - y) ** 2)
    if isinstance(loss, HalfBinomialLogistic):
        return np.log1p(np.exp(raw[0])) - y[0] * raw[0]
    if isinstance(loss, HalfTweedie):
        return tweedie_deviance(loss.power, np.exp(raw[0]), y[0]) / 2.0
    return logsumexp(raw) - raw[int(y[0])]


def tweedie_deviance(power, mean, y):
    """The unit deviance as textbooks have it."""
    if power == 1.0:
        return 2.0 * ((y * np.log(y / mean) if y else 0.0) - y + mean)
    if power == 2.0:
        return 2.0 * (np.log(mean / y) + y / mean - 1.0)
    up, down = 2.0 - power, 1.0 - power
    return 2.0 * (y**up / (down * up) - y * mean**down / down + mean**up / up)


def dense_derivatives(loss, raw, y):
    """Gradient and curvature matrix of one row."""
    if isinstance(loss, HalfSquaredError):
        return raw - y, np.eye(raw.size)
    if isinstance(loss, HalfBinomialLogistic):
        p = 1.0 / (1.0 + np.exp(-raw))
        return p - y, np.array([[p[0] * (1.0 - p[0])]])
    if isinstance(loss, HalfTweedie):
        power, mean = loss.power, np.exp(raw)
        curvature = (2.0 - power) * mean + (power - 1.0) * y
        scale = mean ** (1.0 - power)
        return scale * (mean - y), (scale * curvature)[:, None]
    p = np.exp(raw) / np.exp(raw).sum()
    return p - np.eye(raw.size)[int(y[0])], np.diag(p) - np.outer(p, p)


def dense_data_value(objective, rows, theta) -> float:
    X = design(objective, rows.X)
    return sum(
        w * dense_loss(objective.loss, x @ theta, y)
        for x, y, w in zip(X, rows.y, rows.weight, strict=True)
    )


def dense_data_gradient(objective, rows, theta) -> np.ndarray:
    X = design(objective, rows.X)
    gradient = np.zeros(theta.shape)
    for x, y, w in zip(X, rows.y, rows.weight, strict=True):
        gradient += w * np.outer(x, dense_derivatives(objective.loss, x @ theta, y)[0])
    return gradient


def dense_data_hessian(objective, rows, theta) -> np.ndarray:
    """All ``p * n_outputs`` unknowns, output after output, coupled or not."""
    X = design(objective, rows.X)
    hessian = np.zeros((theta.size, theta.size))
    for x, y, w in zip(X, rows.y, rows.weight, strict=True):
        curvature = dense_derivatives(objective.loss, x @ theta, y)[1]
        hessian += w * np.kron(curvature, np.outer(x, x))
    return hessian


def dense_gradient(objective, rows, theta) -> np.ndarray:
    gradient = dense_data_gradient(objective, rows, theta)
    return gradient + objective.penalty * theta + objective.linear


def dense_value(objective, rows, theta) -> float:
    regular = np.sum(objective.penalty * theta**2) / 2 + np.sum(
        objective.linear * theta
    )
    return dense_data_value(objective, rows, theta) + regular


def dense_hessian(objective, rows, theta) -> np.ndarray:
    data = dense_data_hessian(objective, rows, theta)
    return data + np.diag(flat(objective.penalty))


def flat(theta: np.ndarray) -> np.ndarray:
    """Coefficients as one vector, output after output."""
    return theta.reshape(-1, order="F")


def unflat(vector: np.ndarray, shape) -> np.ndarray:
    return vector.reshape(shape, order="F")


def upper_full(objective: Objective, hessian: np.ndarray) -> np.ndarray:
    """A packed upper triangle as the symmetric matrix of all unknowns."""
    symmetric = np.triu(hessian) + np.triu(hessian, 1).T
    if objective.coupled:
        return symmetric
    return np.kron(np.eye(objective.shape[1]), symmetric)


def factor_matrix(factor) -> np.ndarray:
    """Data Hessian of a factor on all its coordinates, pending rows included."""
    return factor.curvature_dot(np.eye(factor.order))


def with_penalty(problem: Problem, penalty) -> Problem:
    return replace(problem, objective=replace(problem.objective, penalty=penalty))


def directions(gauge):
    """A matrix with a column for each shift that a gauge's numbers name."""
    numbers = np.unique(gauge[gauge >= 0])
    return (gauge[:, None] == numbers).astype(float)
