"""Models fitted by Newton's method: a row out and a fit, against scikit-learn's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit
from sklearn.base import clone
from sklearn.linear_model import (
    GammaRegressor,
    HuberRegressor,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    RidgeClassifier,
    TweedieRegressor,
)
from sklearn.svm import LinearSVC, LinearSVR

import sklearn_unlearn as unlearn
from benchmarks.measure import Call, Table, paired, ratio
from benchmarks.rivals import Refit, Residual, restoring, tight_model
from sklearn_unlearn.core.losses import HalfTweedie


def _classes(rng, raw):
    return (rng.random(raw.size) < expit(4.0 * raw)).astype(np.int64)


def _numbers(rng, raw):
    return raw + rng.standard_normal(raw.size)


def _counts(rng, raw):
    return rng.poisson(np.exp(raw)).astype(np.float64)


def _positive(rng, raw):
    return rng.gamma(2.0, 0.5 * np.exp(raw))


def _partly_zero(rng, raw):
    return _positive(rng, raw) * (rng.random(raw.size) < 0.7)


@dataclass(frozen=True)
class Case:
    """An unlearner with default parameters, its twin, targets and the twin's solvers.

    The first solver is the twin's default; none if it has no choice.
    """

    model: object
    twin: object
    target: Callable
    solvers: tuple[str, ...] = ()


_GLM = ("lbfgs", "newton-cholesky")
_SQUARES = ("auto", "lsqr")
#: One line each.
CASES = (
    Case(unlearn.UnlearnablePoissonRegressor(), PoissonRegressor(), _counts, _GLM),
    Case(unlearn.UnlearnableGammaRegressor(), GammaRegressor(), _positive, _GLM),
    Case(
        unlearn.UnlearnableTweedieRegressor(power=1.5),
        TweedieRegressor(power=1.5),
        _partly_zero,
        _GLM,
    ),
    Case(
        unlearn.UnlearnableGeneralizedLinearModel(HalfTweedie(1.9), average=True),
        TweedieRegressor(power=1.9),
        _partly_zero,
        _GLM,
    ),
    Case(unlearn.UnlearnableLinearSVC(), LinearSVC(), _classes),
    Case(
        unlearn.UnlearnableLinearSVR(epsilon=0.1),
        LinearSVR(epsilon=0.1, loss="squared_epsilon_insensitive"),
        _numbers,
    ),
    Case(unlearn.UnlearnableHuberRegressor(), HuberRegressor(), _numbers),
    Case(unlearn.UnlearnableRidge(), Ridge(), _numbers, _SQUARES),
    Case(unlearn.UnlearnableRidgeClassifier(), RidgeClassifier(), _classes, _SQUARES),
    Case(unlearn.UnlearnableLogisticRegression(), LogisticRegression(), _classes, _GLM),
)


def run(settings):
    n_rows, n_columns = (2000, 10) if settings.quick else (100_000, 100)
    table = Table(
        f"Models fitted by Newton's method, {n_rows // 1000}k x {n_columns}: a request "
        "without data for one row, and fit"
    )
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_rows, n_columns))
    raw = X @ rng.standard_normal(n_columns) * (0.5 / np.sqrt(n_columns))
    for case in CASES:
        measure(settings, table, case, X, case.target(rng, raw))
    table.notes.append(
        "The row: of larger gradient than nine in ten. as it is: the twin with its "
        "default solver and tol; elsewhere tol is lowered in powers of ten until the "
        "residual is as good: ours, 1e-8, or a rounding error. warm: from the minimum "
        "for all data, where the twin has a warm start. ratio: the twin's time over "
        "ours. The figures take the fastest refit that is as good; of all, if none is."
    )
    return table


def measure(settings, table, case, X, y):
    """Compare one model's fit, and a request of its, with the twin's fits."""
    name = type(case.twin).__name__
    if isinstance(case.model, unlearn.UnlearnableGeneralizedLinearModel):
        name = f"{name}, a loss of one's own"
    model = clone(case.model).fit(X, y)
    cold, warm = ("cold", None), ("warm", tight_model(model))
    fitting = Call(lambda: model.fit(X, y))
    refits = _refits(case, model, X, y, [cold])
    ratios = _compare(settings, table, (name, "fit"), model, fitting, refits)
    if not settings.quick:
        table.reach(f"{name}: fit / twin's", 1.0 / ratios[0][0], at_most=1.5)

    place = _telling_row(model, X, y)
    gone, target = X[[place]], y[[place]]
    X, y = np.delete(X, place, axis=0), np.delete(y, place)
    request = restoring(model, lambda m: m.partial_unfit(gone, target))
    request.time()
    starts = [cold, warm] if hasattr(case.twin, "warm_start") else [cold]
    refits = _refits(case, model, X, y, starts)
    ratios = _compare(settings, table, (name, "a row out"), model, request, refits)
    if settings.quick:
        return
    as_good = [each for each, good in ratios if good] or [each for each, _ in ratios]
    table.reach(f"{name}: a row out, fastest refit as good", min(as_good), at_least=50)
    table.reach(f"{name}: a row out, twin's fit", ratios[0][0], at_least=50)


def _telling_row(model, X, y):
    """A row whose gradient is larger than those of nine in ten."""
    fitted = model._fitted
    objective, theta = fitted.model.state.objective, fitted.model.state.theta
    rows = model._read_rows(fitted, X, y, None)
    slope = objective.loss.gradient(objective.raw_prediction(X, theta), rows.y)
    return int(np.argsort(np.linalg.norm(slope, axis=1))[int(0.9 * y.size)])


def _refits(case, model, X, y, starts):
    """The twin as it is, and each of its solvers with tol as low as need be."""
    residual = Residual(model, X, y)
    error = model.gradient_residual(X, y).rounding_error
    goal = max(residual(model), model.tol, error)
    refits = {"as it is": Refit(X, y, clone(case.twin))}
    usual = case.twin.get_params()
    for solver in case.solvers or (None,):
        for temperature, start in starts:
            twin = clone(case.twin)
            if solver is not None:
                twin.set_params(solver=solver)
            name = ", ".join(filter(None, (solver, temperature)))
            refit = Refit(X, y, twin, start).tighten(residual, goal)
            if start is not None or twin.get_params() != usual:
                refits[name] = refit
    return refits, residual, goal


def _compare(settings, table, label, model, ours, refits):
    """Ratio to each refit, and whether its residual is as low."""
    refits, residual, goal = refits
    reached = residual(model)
    times = paired(settings, ours, *(refit.call for refit in refits.values()))
    found = []
    for (name, refit), taken in zip(refits.items(), times[1:], strict=True):
        left = residual(refit.model)
        table.add(
            model=label[0],
            what=label[1],
            ours=times[0],
            residual=reached,
            refit=name,
            tol=getattr(refit.model, "tol", np.nan),
            time=taken,
            its_residual=left,
            as_good=left <= goal,
            ratio=ratio(taken, times[0]),
        )
        found.append((ratio(taken, times[0]).median, left <= goal))
    return found
