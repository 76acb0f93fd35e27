"""Models that are their rows: a row that leaves, and the twin's refit without it."""

from __future__ import annotations

import copy
import time

import numpy as np
from sklearn.base import clone
from sklearn.gaussian_process.kernels import RBF

from benchmarks.measure import Table
from sklearn_unlearn import (
    UnlearnableGaussianProcessRegressor,
    UnlearnableKernelRidge,
    UnlearnableKNeighborsClassifier,
    UnlearnableSVC,
    UnlearnableSVR,
)


def run(settings):
    table = Table("A row leaves a model that is its rows")
    for name, estimator, X, y in _problems(settings):
        model = clone(estimator).fit(X, y)
        twin = estimator._twin()
        start = time.perf_counter()
        twin.fit(X[1:], y[1:])
        refit = time.perf_counter() - start
        for kind, rows in _kinds(model, settings):
            times, copied = [], copy.copy(model)
            for row in rows:
                start = time.perf_counter()
                copied.partial_unfit(X[[row]], y[[row]])
                times.append(time.perf_counter() - start)
            table.add(
                model=name,
                rows=len(y),
                leaves=kind,
                request_ms=1e3 * float(np.median(times)),
                slowest_ms=1e3 * max(times),
                refit_ms=1e3 * refit,
                times=refit / float(np.median(times)),
            )
    table.notes.append(
        "Rows are named by their values, and looked for by hashes that the first "
        "request makes, as well as the factor of kernel ridge: it is the slowest. "
        "Neighbours are searched anew when the model is next asked, in the time of the "
        "refit."
    )
    return table


def _kinds(model, settings):
    """Rows of each kind, the first of which is asked for twice."""
    n_rows, few = model._fitted.model.order.size, 3 if settings.quick else 20
    if not hasattr(model, "support_"):
        yield "any row", np.arange(few)
        return
    yield "no support vector", np.setdiff1d(np.arange(n_rows), model.support_)[:few]
    yield "a support vector", model.support_[:1]


def _problems(settings):
    rng = np.random.default_rng(0)
    n_rows = 1000 if settings.quick else 20000
    X = rng.normal(size=(n_rows, 10))
    score = X[:, 0] + X[:, 1] ** 2 - X[:, 2] + 0.1 * rng.normal(size=n_rows)
    y = (score > 1.0).astype(int)
    yield "KNeighborsClassifier", UnlearnableKNeighborsClassifier(), X, y
    yield "SVC(gamma=0.05)", UnlearnableSVC(gamma=0.05), X, y
    few = slice(n_rows // 4)
    model = UnlearnableSVR(gamma=0.05, epsilon=0.3)
    yield "SVR(gamma=0.05)", model, X[few], score[few]
    few = slice(n_rows // 10)
    ridge = UnlearnableKernelRidge(alpha=0.1, kernel="rbf", gamma=0.05)
    yield "KernelRidge", ridge, X[few], score[few]
    process = UnlearnableGaussianProcessRegressor(RBF(3.0), alpha=0.1, optimizer=None)
    yield "GaussianProcessRegressor", process, X[few], score[few]
