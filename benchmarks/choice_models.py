"""Models that choose, calibrate or stack: one row out against a fresh fit."""

from __future__ import annotations

import time

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV, RidgeCV
from sklearn.model_selection import StratifiedKFold

from benchmarks.choice import _without
from benchmarks.measure import Table
from sklearn_unlearn import (
    UnlearnableCalibratedClassifierCV,
    UnlearnableLogisticRegression,
    UnlearnableLogisticRegressionCV,
    UnlearnableRidgeCV,
    UnlearnableStackingClassifier,
)

#: Gradients of ours, which are sums over the rows, end here: the default.
_TOL = 1e-8
#: Those of its models are means: in sums of ten thousand rows, a hundred times that.
_TWINS_TOL = 1e-10
_PENALTIES = np.logspace(-2, 3, 8)


def add_arguments(parser):
    """Which models, so that they can be measured in several runs."""
    parser.add_argument("--columns", type=int, default=None, help="models of so many")


def run(settings, options):
    """One row out of each model, against the fit of its twin to the others."""
    table = Table("One row out of models that choose, against a fresh fit")
    for name, X, y, model, twin, folds in _problems(settings):
        if options.columns not in (None, X.shape[1]):
            continue
        # fits in folds of many columns take half a minute
        n_draws = settings.rounds if X.shape[1] <= 100 or folds is None else 1
        model.fit(X, y)
        draws = np.random.default_rng(0).permutation(len(y))[: n_draws + 1]
        first, *draws = draws.tolist()
        model.partial_unfit(X[[first]], y[[first]])  # no draw starts cold
        left = np.delete(np.arange(len(y)), first)
        folds = None if folds is None else _without(folds, first)
        taken, fresh, errors = [], [], []
        for row in draws:
            place = int(np.flatnonzero(left == row)[0])
            start = time.process_time()
            model.partial_unfit(X[[row]], y[[row]])
            taken.append(time.process_time() - start)
            left = np.delete(left, place)
            if folds is not None:
                folds = _without(folds, place)
                twin.set_params(cv=folds)
            start = time.process_time()
            twin.fit(X[left], y[left])
            fresh.append(time.process_time() - start)
            errors.append(_difference(model, twin, X))
        ratio = float(np.median(fresh) / np.median(taken))
        table.add(
            model=name,
            rows=len(y),
            columns=X.shape[1],
            ms_a_request=1e3 * float(np.median(taken)),
            ms_a_fit=1e3 * float(np.median(fresh)),
            times_faster=ratio,
            largest_error=float(np.max(errors)),
        )
    table.notes.append(
        "Processor times of one thread, medians. Error: the largest difference of a "
        "probability, or of a prediction, from the fresh fit in the same folds. "
        "LogisticRegressionCV is fitted by newton-cholesky, as are the models of the "
        f"twins of the others, with tol={_TWINS_TOL:g} for the gradient of a mean; "
        f"ours have tol={_TOL:g} for that of a sum."
    )
    return table


def _problems(settings):
    rng = np.random.default_rng(0)
    n_rows, widest = (500, 20) if settings.quick else (20_000, 300)
    X = rng.standard_normal((n_rows, widest))
    y = X @ rng.standard_normal(widest) + 10.0 * rng.standard_normal(n_rows)
    for n_columns in (widest // 6, widest):
        ours, theirs = UnlearnableRidgeCV(_PENALTIES), RidgeCV(_PENALTIES)
        yield "RidgeCV, 8 penalties", X[:, :n_columns].copy(), y, ours, theirs, None
    n_rows = 500 if settings.quick else 10_000
    y = (y[:n_rows] > 0.0).astype(int)
    for n_columns in (widest // 3, widest):
        yield from _folded(X[:n_rows, :n_columns].copy(), y)


def _folded(X, y):
    """Models with folds."""
    folds = list(StratifiedKFold(5, shuffle=True, random_state=0).split(X, y))
    newton = {"solver": "newton-cholesky", "tol": _TWINS_TOL}
    exact = UnlearnableLogisticRegression(retain_data=True, tol=_TOL)
    Cs = np.logspace(-3, 1, 5)
    ours = UnlearnableLogisticRegressionCV(Cs=Cs, cv=folds, tol=_TOL)
    theirs = LogisticRegressionCV(Cs=Cs, **newton)
    named = {"use_legacy_attributes": False, "l1_ratios": (0.0,), "scoring": "accuracy"}
    if named.keys() <= theirs.get_params().keys():  # from scikit-learn 1.8 on
        theirs.set_params(**named)
    yield "LogisticRegressionCV, 5 x 5", X, y, ours, theirs, folds
    for ensemble in (True, False):
        given = {"cv": folds, "ensemble": ensemble}
        ours = UnlearnableCalibratedClassifierCV(exact, **given)
        theirs = CalibratedClassifierCV(LogisticRegression(**newton), **given)
        name = f"CalibratedClassifierCV, ensemble={ensemble}"
        yield name, X, y, ours, theirs, folds
    several = [(f"C={C:g}", C) for C in Cs]
    ours = UnlearnableStackingClassifier(
        [
            (n, UnlearnableLogisticRegression(C=C, retain_data=True, tol=_TOL))
            for n, C in several
        ],
        LogisticRegression(tol=_TWINS_TOL),
        cv=folds,
    )
    theirs = StackingClassifier(
        [(n, LogisticRegression(C=C, **newton)) for n, C in several],
        LogisticRegression(tol=_TWINS_TOL),
    )
    yield "StackingClassifier, 5 models", X, y, ours, theirs, folds


def _difference(model, twin, X):
    """The largest difference of answers, in units of their size."""
    name = "predict_proba" if hasattr(twin, "predict_proba") else "predict"
    found, expected = (getattr(each, name)(X[:1000]) for each in (model, twin))
    return float(np.abs(found - expected).max() / np.abs(expected).max())
