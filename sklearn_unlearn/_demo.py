"""The demonstration: every request beside a refit from scratch, on digits.

`run` says what it measures as it goes and returns what did not agree.
"""

from __future__ import annotations

import copy
import pickle
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from statistics import median

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from sklearn_unlearn._demo_data import (
    LEAVES,
    MIRRORED,
    MISLABELLED,
    C,
    Data,
    digits,
    rows_of,
)
from sklearn_unlearn.core.threads import controller
from sklearn_unlearn.exceptions import LargeStepWarning
from sklearn_unlearn.linear_model import UnlearnableLogisticRegression

#: Coefficients of an exact request and of the refit may differ by this.
EXACT = 1e-6
#: A request without data must leave this much less residual than doing nothing.
GAIN = 5.0
#: A refit counts as good enough up to this multiple of the request's residual.
GENEROSITY = 10.0

_REQUESTS_TIMED = 7
#: Tolerances that a refit tries, loosest first: scikit-learn's default and tighter.
_TOLERANCES = (1e-4, 1e-6, 1e-8, 1e-10)
_SOLVERS = ("lbfgs", "newton-cg", "newton-cholesky")


# Requests --------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """A request: its call, where it starts, and the data it must lead to."""

    name: str
    ask: Callable
    start: str
    target: Data
    exact: bool = False


def cases(data):
    """The requests; each starts from the model of the "recorded" or "left" data."""
    X, y, every = data.recorded.X, data.recorded.y, data.recorded.columns
    leaves, mirrored, wrong = map(rows_of, (LEAVES, MIRRORED, MISLABELLED))
    X_right, y_right = data.correct.X[mirrored], data.correct.y[wrong]
    X_corrected, y_corrected = X.copy(), y.copy()
    X_corrected[mirrored], y_corrected[wrong] = X_right, y_right
    remaining = np.ones(len(y), dtype=bool)
    remaining[leaves] = False
    others = every.copy()
    others[data.pixel] = False
    return [
        Case(
            "forget an image (9 rows)",
            lambda model: model.partial_unfit(X[leaves], y[leaves]),
            "recorded",
            Data(X[remaining], y[remaining], every),
        ),
        Case(
            "correct values (9 rows)",
            lambda model: model.replace_features(X[mirrored], y[mirrored], X_right),
            "recorded",
            Data(X_corrected, y, every),
        ),
        Case(
            "correct labels (9 rows)",
            lambda model: model.replace_labels(X[wrong], y[wrong], y_right),
            "recorded",
            Data(X, y_corrected, every),
        ),
        Case(
            f"drop a pixel ({data.pixel.size} columns)",
            lambda model: model.forget_features(data.pixel),
            "recorded",
            Data(X, y, others),
        ),
        Case(
            "learn the image again",
            lambda model: model.partial_fit(X[leaves], y[leaves]),
            "left",
            Data(X, y, every),
        ),
    ]


def refinement(case):
    """Refinement of what a request has left, with the data that remain."""
    X, y = case.target.X, case.target.y
    return Case(
        "then refine with data",
        lambda model: model.refine(X, y),
        "left",
        case.target,
        exact=True,
    )


@dataclass(frozen=True)
class Solution:
    """Coefficients in the columns in use, and what they cost."""

    coef: np.ndarray
    intercept: float
    columns: np.ndarray
    milliseconds: float = 0.0
    n_iter: int = 0

    def distance(self, other):
        """Largest difference of a coefficient or intercept."""
        gap = float(np.abs(self.coef - other.coef).max())
        return max(gap, abs(self.intercept - other.intercept))

    def accuracy(self, data):
        """Share of correct predictions."""
        raw = data.X[:, self.columns] @ self.coef + self.intercept
        return float(np.mean((raw > 0.0) == data.y))


def solution_of(model, columns):
    """What the model has learned about these columns."""
    return Solution(model.coef_[0, columns], float(model.intercept_[0]), columns)


def requested(case, model):
    """The model after the request, and the median time on fresh copies."""
    times = []
    for _ in range(_REQUESTS_TIMED):
        answered = copy.copy(model)
        with warnings.catch_warnings():
            # that a request may leave much: the table says how much it left
            warnings.simplefilter("ignore", LargeStepWarning)
            start = time.perf_counter()
            case.ask(answered)
            times.append(1e3 * (time.perf_counter() - start))
    return answered, median(times)


def refitted(data, solver, tol, old=None, threads=1):
    """A refit by scikit-learn, warm-started from the solution `old` if given."""
    model = LogisticRegression(
        C=C, solver=solver, tol=tol, max_iter=10_000, warm_start=old is not None
    )
    if old is not None:
        model.coef_ = old.coef[None, :].copy()
        model.intercept_ = np.array([old.intercept])
        model.classes_ = np.array([0, 1])
    X = data.used
    limit = controller().limit(limits=threads, user_api="blas")
    with limit, warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        start = time.perf_counter()
        model.fit(X, data.y)
        milliseconds = 1e3 * (time.perf_counter() - start)
    coef, intercept = model.coef_[0], float(model.intercept_[0])
    n_iter = int(np.max(model.n_iter_))
    return Solution(coef, intercept, data.columns, milliseconds, n_iter)


def fastest(data, tol, old=None):
    """The refit by Newton's method on one BLAS thread or on all, whichever is faster.

    On these data it is scikit-learn's fastest at any but the loosest tolerances.
    """
    refits = [
        refitted(data, "newton-cholesky", tol, old, threads) for threads in (1, None)
    ]
    return min(refits, key=lambda solution: solution.milliseconds)


def fastest_to(residual, data, old=None):
    """The fastest refit to no more than this residual, or to the least there is."""
    for tol in _TOLERANCES:
        refit = refitted(data, "newton-cholesky", tol, old)
        if data.residual(refit) <= residual:
            break
    return fastest(data, tol, old)


# Report ----------------------------------------------------------------------------


def run(say, *, n_images=None):
    """Carry out the demonstration.

    Parameters
    ----------
    say : callable
        Called with one line of text after another.
    n_images : int, optional
        Use so many images; None means all 1797.

    Returns
    -------
    list of str
        What did not agree; empty if all did.
    """
    data = digits(n_images)
    X, y = data.recorded.X, data.recorded.y
    say(
        f"scikit-learn's digits, odd or even: {X.shape[0]} training rows (each image "
        "in 9 positions),"
    )
    say(
        f"{X.shape[1]} columns (pixels and products of neighbours), {len(data.test.y)} "
        "test images. Of the training"
    )
    say("images one is mirrored and one has the wrong label: mistakes to be corrected.")
    start = time.perf_counter()
    model = UnlearnableLogisticRegression(C=C).fit(X, y)
    fit_time = 1e3 * (time.perf_counter() - start)
    say(f"UnlearnableLogisticRegression(C={C:g}) is fitted in {fit_time:.0f} ms.")
    say("")
    say("Each request is compared with a refit by newton-cholesky, scikit-learn's")
    say("fastest solver here, on one BLAS thread or on all, whichever took less time.")
    say(f"A refit may stop at {GENEROSITY:g} times the request's residual. Ratio: time")
    say("of the warm-started refit by that of the request.")
    requests = cases(data)
    exact = [fastest(case.target, _TOLERANCES[-1]) for case in requests]
    refined = [*requests, refinement(requests[0])]
    references = [*exact, exact[0]]
    faults = _table(say, data.test, refined, model, references, retained=False)
    retained = clone(model).set_params(retain_data=True).fit(X, y)
    faults += _table(say, data.test, requests, retained, exact, retained=True)
    _solvers(say, requests[0], model, exact[0])
    faults += _deployed(say, data.test, requests[0].ask(copy.copy(model)))
    say("")
    for fault in faults:
        say(f"DISAGREEMENT: {fault}")
    if not faults:
        say(
            f"All agree: with the data to {EXACT:g} with the refit; without them each "
            f"residual fell {GAIN:g}-fold or more."
        )
    return faults


def _table(say, test, requests, fitted, exact, *, retained):
    """A line for each request; returns what does not agree."""
    say("")
    if retained:
        say("WITH retain_data=True: the same step, then refined until it is exact")
    else:
        say("WITHOUT THE DATA: one step of second order")
    say(f"{'refit, ms':>44}{'gradient residual':>31}{'difference':>13}{'accuracy':>12}")
    say(
        f"{'request':24}{'ms':>7} {'warm':>6} {'cold':>5} {'ratio':>6}  {'before':>7} "
        f"{'after':>7} {'refit':>7}  {'of coef.':>8} {'ours':>6} {'refit':>6}"
    )
    left = requests[0].ask(copy.copy(fitted))
    faults = []
    for case, true in zip(requests, exact, strict=True):
        target, columns = case.target, case.target.columns
        start = fitted if case.start == "recorded" else left
        model, milliseconds = requested(case, start)
        old, new = solution_of(start, columns), solution_of(model, columns)
        before, after = target.residual(old), target.residual(new)
        goal = GENEROSITY * max(after, 1e-8)
        warm = fastest_to(goal, target, old)
        cold = true if retained or case.exact else fastest_to(goal, target)
        gap = new.distance(true)
        say(
            f"{case.name:24}{milliseconds:7.2f} {warm.milliseconds:6.1f} "
            f"{cold.milliseconds:5.0f} {warm.milliseconds / milliseconds:5.0f}x  "
            f"{before:7.1e} {after:7.1e} {target.residual(warm):7.1e}  {gap:8.1e} "
            f"{new.accuracy(test):6.1%} {true.accuracy(test):6.1%}"
        )
        if (retained or case.exact) and not gap <= EXACT:
            which = ", retained" * retained
            faults.append(f"{case.name}{which}: coefficients differ by {gap:.1e}")
        if not retained and not after * GAIN <= before:
            faults.append(f"{case.name}: residual {before:.1e} before, {after:.1e} now")
        if np.any(model.coef_[0, ~columns]):
            faults.append(f"{case.name}: a dropped column has a coefficient")
    return faults


def _solvers(say, case, model, exact):
    """What scikit-learn's solvers make of a request at their default tolerance."""
    target = case.target
    answered, milliseconds = requested(case, model)
    old = solution_of(model, target.columns)

    def line(name, solution, ms, steps):
        residual, gap = target.residual(solution), solution.distance(exact)
        say(f"{name:24}{ms:>7} {steps:>6} {residual:9.1e}  {gap:9.1e}")

    say("")
    say("SCIKIT-LEARN'S SOLVERS AT THEIR DEFAULT TOLERANCE: refits without the image")
    say(f"{'solver':24}{'ms':>7} {'steps':>6} {'residual':>9}  difference of coef.")
    line("nothing done", old, "", "")
    for solver, start in product(_SOLVERS, (old, None)):
        refit = refitted(target, solver, _TOLERANCES[0], start)
        name = f"{solver}, {'cold' if start is None else 'warm'}"
        line(name, refit, f"{refit.milliseconds:.1f}", refit.n_iter)
        if solver == "lbfgs" and start is old:
            default = refit
    new = solution_of(answered, target.columns)
    line("partial_unfit", new, f"{milliseconds:.2f}", 1)
    share = 1.0 - default.distance(exact) / old.distance(exact)
    say(
        "LogisticRegression(warm_start=True), with the default solver and tolerance, "
        f"went {share:.0%} of the"
    )
    say(
        "way from the old coefficients to those of a true refit: "
        f"{1.0 - share:.0%} of the image is still in it."
    )


def _deployed(say, test, model):
    """A plain scikit-learn model of what was learned; returns what does not agree."""
    start = time.perf_counter()
    plain = model.to_sklearn()
    milliseconds = 1e3 * (time.perf_counter() - start)
    alike = np.mean(plain.predict(test.X) == model.predict(test.X))
    small, large = (len(pickle.dumps(each)) / 1e3 for each in (plain, model))
    say("")
    say(f"TO DEPLOY: to_sklearn() gives a {plain!r} in {milliseconds:.2f} ms,")
    say(
        f"{small:.0f} kB pickled against {large:.0f} kB with the Hessian; it predicts "
        f"{alike:.0%} of the test images alike."
    )
    return [] if alike == 1.0 else [f"to_sklearn predicts {1.0 - alike:.1%} otherwise"]
