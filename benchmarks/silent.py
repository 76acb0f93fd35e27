"""Requests without data that warn of nothing, searched for one that is worse than none.

Random problems are small, most of them with outliers. The worst are climbed: rows,
targets and the request change at random, and changes that make them worse stay. Parts
of the search do not depend on each other: it can be run a part at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import cycle, islice

import numpy as np

from benchmarks.measure import Table
from benchmarks.silent_problems import (
    MODELS,
    SMALL,
    VERBS,
    Problem,
    fitted,
    fitted_alone,
    is_silent,
    verdict,
    verdict_aside,
    with_bounds,
)
from sklearn_unlearn.core.threads import one_blas_thread


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
    state = fitted(problem)
    found = verdict(problem, state)
    for _ in range(n_steps):
        trial, before = changed(rng, problem), state
        if not trial.has_data_of(problem):
            before = fitted_alone(trial, state.theta)
        worse = None if before is None else verdict_aside(trial, before)
        if worse is None or not worse.score > found.score:
            continue
        if before is not state:
            before = with_bounds(trial, before)
        if is_silent(trial, before):
            problem, state, found = trial, before, worse
    return problem, found


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
    """So many random problems; the worst silent ones climbed, again if few are.

    Data are drawn for one request of each kind.
    """
    rng = np.random.default_rng([part, list(MODELS).index(model)])
    found = []
    for number in range(-(-n_drawn // len(VERBS))):
        draw = drawn_with_a_far_row if number % 4 == 3 else drawn
        problem = draw(rng, model, VERBS[0])
        state = fitted(problem)
        for verb in VERBS if state is not None else ():
            asked = replace(problem, verb=verb)
            each = verdict(asked, state)
            if each is not None:
                found.append((asked, each))
    tops = sorted(found, key=lambda each: -each[1].score)
    starts = islice(cycle(tops), n_climbed)
    high = [climbed(rng, problem, n_steps) for problem, _ in starts]
    return Search(n_drawn, found, high)


def add_arguments(parser):
    parser.add_argument("--model", action="append", help="one of those searched")
    parser.add_argument("--part", type=int, action="append", help="one of ten, 0 to 9")


def run(settings, options):
    sizes = (30, 2, 10) if settings.quick else (1000, 100, 10)
    parts = options.part or range(1 if settings.quick else 10)
    table = Table("Requests without data and without a warning, against doing nothing")
    for model in options.model or MODELS:
        search = Search(0, [], [])
        for part in parts:
            with one_blas_thread():
                search += searched(model, *sizes, part)
        for name, found in (("random", search.random), ("climbed", search.climbed)):
            verdicts = [each for _, each in found]
            worst = max(verdicts, key=lambda each: each.score)
            table.add(
                model=model,
                problems=name,
                searched=search.n_drawn if name == "random" else len(found),
                silent=len(found),
                worse=sum(each.is_worse for each in verdicts),
                little_worse=sum(each.is_little_worse for each in verdicts),
                largest_error=max(each.error for each in verdicts),
                worst_residual=worst.residual,
                worst_error=f"{worst.error:.2g} against {worst.error_of_none:.2g}",
            )
    table.notes.append(
        "silent: requests answered without a warning; all others were warned of or "
        "refused. worse: gradient residual, or largest error of a prediction, above "
        f"that of doing nothing, and predictions off by {SMALL} or more "
        "(probabilities; raw predictions of the others; standard deviations of the "
        "target for Huber); little worse: the same with errors of less, from 1e-5 on. "
        "worst: the nearest to that; residual over that of doing "
        f"nothing. Climbed: the worst silent ones of each thousand, {sizes[2]} steps "
        "each, from some of them more than once where few are silent."
    )
    return table
