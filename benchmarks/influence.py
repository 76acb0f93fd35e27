"""Influence of rows, read off the factor, against true leave-one-out refits."""

from __future__ import annotations

import time

import numpy as np
from scipy.stats import spearmanr
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import scale

from benchmarks import data
from benchmarks.measure import Table
from sklearn_unlearn import (
    UnlearnableLinearSVC,
    UnlearnableLogisticRegression,
    UnlearnablePoissonRegressor,
    UnlearnableRidge,
)

#: Share of the largest change that rounding and tolerances may explain.
_NOTHING = 1e-8


def run(settings):
    table = Table("Influence against true leave-one-out refits")
    for name, estimator, X, y in _problems(settings):
        rng = np.random.default_rng(0)
        slow = settings.quick or "multinomial" in name
        size = min(len(y), 60 if slow else 500)
        chosen = np.sort(rng.choice(len(y), size, replace=False))
        fitted = estimator.fit(X, y)
        start = time.perf_counter()
        found = fitted.influence(X[chosen], y[chosen], X_test=X[:50])
        ours = time.perf_counter() - start
        start = time.perf_counter()
        true, raw = _refits(estimator, X, y, chosen)
        theirs = time.perf_counter() - start
        size = np.linalg.norm(true, axis=1)
        error = np.linalg.norm(_stacked(found) - true, axis=1)
        some = size > _NOTHING * size.max()
        table.add(
            data=name,
            rows=len(chosen),
            without_effect=int(np.sum(~some)),
            rank_correlation=f"{spearmanr(found.norm[some], size[some]).statistic:.6f}",
            largest_error=error.max() / size.max(),
            median_error=float(np.median(error[some] / size[some])),
            error_of_raw=np.abs(found.raw - raw).max() / np.abs(raw).max(),
            us_a_row=1e6 * ours / len(chosen),
            refit_ms_a_row=1e3 * theirs / len(chosen),
        )
    table.notes.append(
        "Rank correlation: Spearman's, of the norms of the changes. Largest error: of "
        "a change of the coefficients, 2-norm, over the largest true change; median "
        "error: each over its own. Rows without effect, where the true change is "
        f"below {_NOTHING:g} of the largest, count in the largest error only. Error of "
        "raw: the largest of all changes of raw predictions of 50 rows, over the "
        "largest true one."
    )
    return table


def _problems(settings):
    X, y = data.breast_cancer()
    yield "breast cancer, logistic", UnlearnableLogisticRegression(C=0.1), X, y
    yield "breast cancer, SVC", UnlearnableLinearSVC(C=0.1), X, y
    X_digits, y_digits = data.digits()
    if not settings.quick:
        digits = UnlearnableLogisticRegression(C=0.1)
        yield "digits, multinomial", digits, X_digits, y_digits
    X, y = load_diabetes(return_X_y=True)
    X = scale(X)
    yield "diabetes, ridge", UnlearnableRidge(), X, y
    yield "diabetes, Poisson", UnlearnablePoissonRegressor(alpha=0.1), X, y


def _refits(estimator, X, y, chosen):
    """Changes of coefficients and of raw predictions of the first 50 rows."""
    fitted = estimator._fitted
    before = _row(estimator)
    raw_before = estimator._raw_prediction(X[:50])[1]
    coefficients, raw = [], []
    refit = type(estimator)(**estimator.get_params())
    for row in chosen:
        refit.fit(np.delete(X, row, 0), np.delete(y, row, 0))
        coefficients.append(_row(refit) - before)
        raw.append(refit._raw_prediction(X[:50])[1] - raw_before)
    raw = np.array(raw)
    return np.array(coefficients), raw[:, :, 0] if fitted.encoding.is_vector else raw


def _row(estimator):
    return np.concatenate([np.ravel(estimator.coef_), np.ravel(estimator.intercept_)])


def _stacked(influence):
    n_rows = len(influence.coef)
    parts = influence.coef.reshape(n_rows, -1), influence.intercept.reshape(n_rows, -1)
    return np.concatenate(parts, axis=1)
