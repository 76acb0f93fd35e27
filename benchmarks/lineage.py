"""Ten thousand requests one after another, data-free and with refinement."""

from __future__ import annotations

import time

import numpy as np
from sklearn.linear_model import LogisticRegression

from benchmarks import data
from benchmarks.measure import Spread, Table
from sklearn_unlearn import UnlearnableLogisticRegression
from sklearn_unlearn.exceptions import UnlearningError

_REFINE_EVERY = 100


def run(settings):
    n_rows, n_requests = (4000, 400) if settings.quick else (20_000, 10_000)
    table = Table(f"{n_requests:,} requests for one row each, out of {n_rows:,} x 20")
    X, y = data.synthetic(n_rows, 20)
    after = [n for n in (100, 400, 1000, 2000, 5000, 10_000) if n <= n_requests]
    for refine_every in (0, _REFINE_EVERY):
        clf = UnlearnableLogisticRegression().fit(X, y)
        times, n_refactored, refused = [], 0, None
        for request in range(n_requests):
            before = clf._fitted.model.state.factor.array
            row = slice(request, request + 1)
            start = time.perf_counter()
            try:
                clf.partial_unfit(X[row], y[row])
            except UnlearningError as error:
                refused = f"request {request + 1}: {type(error).__name__}"
                break
            times.append(time.perf_counter() - start)
            n_refactored += clf._fitted.model.state.factor.array is not before
            n_out = request + 1
            if refine_every and n_out % refine_every == 0:
                clf.refine(X[n_out:], y[n_out:])
            if n_out in after:
                table.add(
                    mode=f"refined every {refine_every}" if refine_every else "free",
                    rows_out=n_out,
                    a_request=Spread(np.array(times)),
                    refactored=n_refactored,
                    residual=float(clf.gradient_residual(X[n_out:], y[n_out:])),
                    relative_distance=_distance(clf, X[n_out:], y[n_out:]),
                )
        table.notes.append(
            f"{'Refined' if refine_every else 'Data-free'}: "
            + (f"refused at {refused}." if refused else "no request was refused.")
        )
        if not refine_every:
            drift = table.rows[-1]["relative distance"]
            table.notes.append(
                "No bound on the drift of data-free requests is stated yet: measured "
                f"is a relative distance of {drift:.2g} to a refit after "
                f"{table.rows[-1]['rows out']:,} requests."
            )
    table.reach(
        f"relative distance to a refit, refined every {_REFINE_EVERY}",
        table.rows[-1]["relative distance"],
        at_most=1e-8,
    )
    return table


def _distance(clf, X, y):
    """Relative 2-norm of the coefficients' difference from a fresh refit."""
    refit = LogisticRegression(solver="newton-cholesky", tol=1e-13, max_iter=100)
    refit.fit(X, y)
    ours = np.append(clf.coef_, clf.intercept_)
    theirs = np.append(refit.coef_, refit.intercept_)
    return float(np.linalg.norm(ours - theirs) / np.linalg.norm(theirs))
