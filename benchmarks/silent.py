"""Requests without data that warn of nothing, searched for one that is worse than none.

Random problems are small, most of them with outliers. The worst are climbed: rows,
targets and the request change at random, and changes that make them worse stay. Parts
of the search do not depend on each other: it can be run a part at a time.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from functools import partial
from itertools import cycle, islice

import numpy as np
from scipy.special import expit, softmax

from benchmarks.measure import Table
from sklearn_unlearn import (
    UnlearnableGammaRegressor,
    UnlearnableHuberRegressor,
    UnlearnableLinearSVC,
    UnlearnableLinearSVR,
    UnlearnableLogisticRegression,
    UnlearnablePoissonRegressor,
    UnlearnableTweedieRegressor,
)
from sklearn_unlearn.exceptions import UnlearningError

#: A model, the name of its penalty parameter, and what its targets are.
MODELS = {
    "logistic, two classes": (UnlearnableLogisticRegression, "C", 2),
    "logistic, three classes": (UnlearnableLogisticRegression, "C", 3),
    "Poisson": (UnlearnablePoissonRegressor, "alpha", "counts"),
    "gamma": (UnlearnableGammaRegressor, "alpha", "positive"),
    "Tweedie": (partial(UnlearnableTweedieRegressor, power=1.5), "alpha", "positive"),
    "LinearSVC, two classes": (UnlearnableLinearSVC, "C", 2),
    "LinearSVC, three classes": (UnlearnableLinearSVC, "C", 3),
    "LinearSVR": (partial(UnlearnableLinearSVR, epsilon=0.4), "C", "real"),
    "Huber": (UnlearnableHuberRegressor, "alpha", "real"),
}
VERBS = (
    "partial_unfit",
    "replace_features",
    "replace_labels",
    "forget_features",
    "partial_fit",
)
#: Error of a prediction that is none to speak of.
_SMALL = 0.01


@dataclass(frozen=True, eq=False)
class Problem:
    """Data, a model and a request."""

    model: str
    verb: str
    strength: float
    X: np.ndarray
    y: np.ndarray
    rows: np.ndarray
    X_new: np.ndarray
    y_new: np.ndarray

    @property
    def edited(self):
        """Data after the request."""
        X, y, rows = self.X.copy(), self.y.copy(), self.rows
        if self.verb == "partial_unfit":
            return np.delete(X, rows, axis=0), np.delete(y, rows)
        if self.verb == "replace_features":
            X[rows] = self.X_new
        elif self.verb == "replace_labels":
            y[rows] = self.y_new
        elif self.verb == "forget_features":
            X[:, 0] = 0.0
        else:
            X, y = np.vstack([X, self.X_new]), np.concatenate([y, self.y_new])
        return X, y

    def carry_out(self, estimator):
        X, y = self.X[self.rows], self.y[self.rows]
        arguments = {
            "partial_unfit": (X, y),
            "replace_features": (X, y, self.X_new),
            "replace_labels": (X, y, self.y_new),
            "forget_features": ([0],),
            "partial_fit": (self.X_new, self.y_new),
        }[self.verb]
        getattr(estimator, self.verb)(*arguments)

    def make(self):
        cls, name, _ = MODELS[self.model]
        return cls(**{name: self.strength})


@dataclass(frozen=True)
class Verdict:
    """Against doing nothing: gradient residual, and largest error of a prediction."""

    residual: float
    error: float
    error_of_none: float

    @property
    def ratio(self):
        """The larger of the two, over those of doing nothing."""
        return max(self.residual, self.error / max(self.error_of_none, 1e-12))

    @property
    def is_worse(self):
        """Whether it is, and its predictions are off by what can be seen."""
        return self.ratio > 1.0 and self.error > _SMALL

    @property
    def is_little_worse(self):
        """Whether it is, by what hardly anybody sees."""
        return self.ratio > 1.0 and 1e-5 < self.error <= _SMALL

    @property
    def score(self):
        """What is climbed."""
        return self.ratio * min(1.0, self.error / _SMALL)


def judged(problem, heed="error"):
    """The verdict on a request; None if it warns, is refused or cannot be judged.

    With ``heed="ignore"`` one that warns is judged as well.
    """
    estimator = problem.make()
    X, y = problem.edited
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter(heed)
        try:
            estimator.fit(problem.X, problem.y)
            before = estimator._fitted.model.state
            problem.carry_out(estimator)
            refit = problem.make().fit(X, y)._fitted.model.state
        except (UnlearningError, UserWarning, ValueError):
            return None
    state = estimator._fitted.model.state
    objective = state.objective
    still = np.where(objective.held, 0.0, before.theta)
    rows = estimator._read_rows(estimator._fitted, X, y, None)
    residuals = [
        float(np.linalg.norm(objective.gradient(rows, theta)))
        for theta in (state.theta, still)
    ]
    answers = [
        _answers(objective, rows, theta) for theta in (state.theta, still, refit.theta)
    ]
    errors = [float(np.abs(answer - answers[2]).max()) for answer in answers[:2]]
    return Verdict(residuals[0] / max(residuals[1], 1e-9), *errors)


def _answers(objective, rows, theta):
    """Probabilities, or raw predictions in units that make them about one."""
    raw = objective.raw_prediction(rows.X, theta)
    if objective.loss.self_concordance and objective.loss.max_curvature < np.inf:
        return expit(raw) if raw.shape[1] == 1 else softmax(raw, axis=1)
    if objective.loss.has_scale:
        return raw[:, :1] / max(float(np.std(rows.y)), 1e-12)
    return raw


# Searching --------------------------------------------------------------------------


def drawn(rng, model, verb):
    """A random problem."""
    n_rows, n_columns = int(10.0 ** rng.uniform(1.1, 2.6)), int(rng.integers(2, 6))
    X = rng.standard_normal((n_rows, n_columns))
    kind = rng.integers(5)
    if kind == 0:
        X = rng.standard_t(1.5, X.shape)
    elif kind == 1:
        X[rng.integers(0, n_rows, 2)] *= 10.0 ** rng.uniform(0, 2)
    elif kind == 2:
        X[:, 0] *= rng.uniform(size=n_rows) < 0.1
    elif kind == 3:
        X *= 10.0 ** rng.uniform(-1, 1, n_columns)
    X = np.clip(X, -100.0, 100.0)
    raw = np.clip(X @ rng.standard_normal((n_columns, 3)), -5.0, 5.0)
    raw *= rng.choice([0.2, 1.0, 3.0])
    y = _targets(rng, model, raw)
    n_out = int(rng.integers(1, 4))
    rows = rng.choice(np.arange(6, n_rows), n_out, replace=False)
    other = rng.integers(0, n_rows, n_out)
    size = 10.0 ** rng.uniform(-2, 0)
    X_new = X[rows] + size * rng.standard_normal((n_out, n_columns)) * X.std(axis=0)
    strength = 10.0 ** rng.uniform(-2, 2)
    return Problem(model, verb, strength, X, y, rows, X_new, y[other])


def drawn_with_a_far_row(rng, model, verb):
    """A random problem of which a column is zero in most rows, and large in one.

    What the request changes is little, where it looks, but much for that row.
    """
    n_rows = int(rng.integers(20, 60))
    X = rng.standard_normal((n_rows, 3))
    X[:, 0] = 0.0
    some = rng.choice(np.arange(6, n_rows), int(rng.integers(2, 8)), replace=False)
    X[some, 0] = rng.standard_normal(some.size) * rng.choice([0.3, 1.0])
    X[some[1], 0] = rng.choice([-1.0, 1.0]) * 10.0 ** rng.uniform(0.3, 1.7)
    y = _targets(rng, model, X[:, [1, 2, 0]])
    rows = some[:1]
    X_new = X[rows] + rng.standard_normal((1, 3)) * rng.choice([0.3, 1.0, 2.0])
    other = rng.integers(0, n_rows, 1)
    strength = 10.0 ** rng.uniform(-1, 2)
    return Problem(model, verb, strength, X, y, rows, X_new, y[other])


def _targets(rng, model, raw):
    kind = MODELS[model][2]
    if kind == 2:
        y = (raw[:, 0] + rng.logistic(size=len(raw)) > 0.0).astype(int)
    elif kind == 3:
        y = (raw + rng.gumbel(size=raw.shape)).argmax(axis=1)
    elif kind == "real":
        return raw[:, 0] + rng.standard_t(2.0, len(raw))
    else:
        y = np.exp(0.5 * np.clip(raw[:, 0], -4.0, 4.0)) * rng.gamma(2.0, 0.5, len(raw))
        return np.round(y) if kind == "counts" else y + 1e-3
    y[:kind] = np.arange(kind)
    y[kind : 2 * kind] = np.arange(kind)
    return y


def changed(rng, problem):
    """The problem with something else in it."""
    size = 10.0 ** rng.uniform(-2.5, 0.5)
    n_rows, n_columns = problem.X.shape
    what = rng.integers(4)
    if what == 1 and problem.verb not in ("replace_features", "partial_fit"):
        what = 0  # where nothing new is part of the request
    if what == 0:
        some = rng.choice(n_rows, int(rng.integers(1, 4)), replace=False)
        if rng.uniform() < 0.3:
            some = problem.rows
        X = problem.X.copy()
        X[some] += size * rng.standard_normal((some.size, n_columns))
        return replace(problem, X=X)
    if what == 1:
        X_new = problem.X_new + size * rng.standard_normal(problem.X_new.shape)
        return replace(problem, X_new=X_new)
    if what == 2:
        strength = problem.strength * np.exp(size * rng.standard_normal())
        return replace(problem, strength=float(np.clip(strength, 1e-3, 1e3)))
    y, one = problem.y.copy(), int(rng.integers(6, n_rows))
    y[one] = y[int(rng.integers(0, n_rows))]
    return replace(problem, y=y)


def climbed(rng, problem, n_steps):
    """The worst silent problem on a random path uphill, and its verdict."""
    verdict = judged(problem)
    for _ in range(n_steps):
        trial = changed(rng, problem)
        found = judged(trial)
        if found is not None and found.score > verdict.score:
            problem, verdict = trial, found
    return problem, verdict


@dataclass(frozen=True)
class Search:
    """What was found: silent problems with their verdicts, of so many drawn."""

    n_drawn: int
    random: list
    climbed: list

    def __add__(self, other):
        return Search(
            self.n_drawn + other.n_drawn,
            self.random + other.random,
            self.climbed + other.climbed,
        )


def searched(model, n_drawn, n_climbed, n_steps, part=0):
    """So many random problems; the worst silent ones climbed, again if few are."""
    rng = np.random.default_rng([part, list(MODELS).index(model)])
    found = []
    for number in range(n_drawn):
        draw = drawn_with_a_far_row if number % 4 == 3 else drawn
        problem = draw(rng, model, VERBS[number % len(VERBS)])
        verdict = judged(problem)
        if verdict is not None:
            found.append((problem, verdict))
    tops = sorted(found, key=lambda each: -each[1].score)
    starts = islice(cycle(tops), n_climbed)
    high = [climbed(rng, problem, n_steps) for problem, _ in starts]
    return Search(n_drawn, found, high)


def add_arguments(parser):
    parser.add_argument("--model", action="append", help="one of those searched")
    parser.add_argument("--part", type=int, action="append", help="one of ten, 0 to 9")


def run(settings, options):
    sizes = (30, 2, 10) if settings.quick else (1000, 100, 30)
    parts = options.part or range(1 if settings.quick else 10)
    table = Table("Requests without data and without a warning, against doing nothing")
    for model in options.model or MODELS:
        search = Search(0, [], [])
        for part in parts:
            search += searched(model, *sizes, part)
        for name, found in (("random", search.random), ("climbed", search.climbed)):
            verdicts = [verdict for _, verdict in found]
            worst = max(verdicts, key=lambda verdict: verdict.score)
            table.add(
                model=model,
                problems=name,
                searched=search.n_drawn if name == "random" else len(found),
                silent=len(found),
                worse=sum(verdict.is_worse for verdict in verdicts),
                little_worse=sum(verdict.is_little_worse for verdict in verdicts),
                largest_error=max(verdict.error for verdict in verdicts),
                worst_residual=worst.residual,
                worst_error=f"{worst.error:.2g} against {worst.error_of_none:.2g}",
            )
    table.notes.append(
        "silent: requests answered without a warning; all others were warned of or "
        "refused. worse: gradient residual, or largest error of a prediction, above "
        f"that of doing nothing, and predictions off by {_SMALL} or more "
        "(probabilities; raw predictions of the others; standard deviations of the "
        "target for Huber); little worse: the same with errors of less, from 1e-5 on. "
        "worst: the nearest to that; residual over that of doing "
        f"nothing. Climbed: the worst silent ones of each thousand, {sizes[2]} steps "
        "each, from some of them more than once where few are silent."
    )
    return table
