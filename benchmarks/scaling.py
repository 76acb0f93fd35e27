"""Time of a request against the number of rows it was trained on."""

from __future__ import annotations

import time
from contextlib import contextmanager

import numpy as np

from benchmarks import data
from benchmarks.measure import Spread, Table, paired
from benchmarks.rivals import restoring
from sklearn_unlearn import UnlearnableLogisticRegression
from sklearn_unlearn.core.linear import model as core_model
from sklearn_unlearn.core.linear.refinement import Outcome, Refinement

_COLUMNS = 20


def run(settings):
    table = Table(f"One row out of n rows, {_COLUMNS} columns")
    sizes = (10_000, 100_000) if settings.quick else (10**4, 10**5, 10**6, 10**7)
    requests, kept = [], []
    for n_rows in sizes:
        X, y = data.synthetic(n_rows, _COLUMNS)
        free = UnlearnableLogisticRegression().fit(X, y)
        exact = UnlearnableLogisticRegression(retain_data=True).fit(X, y)
        row, label = X[:1].copy(), y[:1].copy()
        requests.append(
            restoring(free, lambda m, X=row, y=label: m.partial_unfit(X, y))
        )
        start = time.perf_counter()
        exact.partial_unfit(row, label)
        first = time.perf_counter() - start
        exact.partial_fit(row, label)
        kept.append((exact, row, label, first))
    # all models are alive: data-free requests take turns across sizes
    times = paired(settings, *requests)
    exact_requests = [
        restoring(exact, lambda m, X=row, y=label: m.partial_unfit(X, y))
        for exact, row, label, _ in kept
    ]
    with _without_passes():
        bookkeeping = paired(settings, *exact_requests)
    whole = paired(settings, *exact_requests)
    for n_rows, free, books, exact, (*_, first) in zip(
        sizes, times, bookkeeping, whole, kept, strict=True
    ):
        table.add(
            n=n_rows,
            data_free=free,
            exact_without_passes=books,
            exact=exact,
            exact_first=Spread(np.array([first])),
        )
    for what, spreads in (
        ("data-free", times),
        ("exact, without passes over the data", bookkeeping),
    ):
        medians = [spread.median for spread in spreads]
        table.reach(
            f"{what}: slowest over fastest n", max(medians) / min(medians), at_most=1.2
        )
    table.notes.append(
        "exact first: the first request, which also hashes all rows once. passes: the "
        "refinement, which reads all rows; left out by putting a function that does "
        "nothing in its place."
    )
    return table


@contextmanager
def _without_passes():
    """Exact requests without their refinement: validation, finding rows, the step."""

    def nothing(state, rows, *, tol, max_iter):
        return Refinement(state, Outcome.CONVERGED, 0.0, 0, 0)

    refine = core_model.refine
    core_model.refine = nothing
    try:
        yield
    finally:
        core_model.refine = refine
