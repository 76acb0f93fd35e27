"""A fit on two workers of Dask against the same fit in memory, with as many threads."""

from __future__ import annotations

import time
from importlib.util import find_spec

import numpy as np

from benchmarks.measure import Call, Table, paired, ratio
from sklearn_unlearn import UnlearnableLogisticRegression

_COLUMNS = 50
#: Partitions of each worker.
_PARTITIONS = 2


def run(settings):
    table = Table("Logistic regression, tol=1e-8: two workers against memory")
    if find_spec("distributed") is None:
        table.notes.append(
            "Dask is not installed: pip install 'sklearn-unlearn[dask]'."
        )
        return table
    from distributed import Client, LocalCluster

    where = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, **where) as cluster,
        Client(cluster),
    ):
        for n_rows in (20_000,) if settings.quick else (250_000, 1_000_000):
            _fits(settings, table, n_rows)
    table.notes.append(
        "Rows lie on the workers before the clock runs. What is more than in memory is "
        "the way of tasks: one a partition and a tree of sums for each of some twenty "
        "passes."
    )
    return table


def _fits(settings, table, n_rows):
    import dask.array as da
    from distributed import wait

    from sklearn_unlearn.dask import LogisticRegression

    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_rows, _COLUMNS))
    y = (X @ rng.standard_normal(_COLUMNS) + 3.0 * rng.standard_normal(n_rows)) > 0.0
    chunk = -(-n_rows // (2 * _PARTITIONS))
    there = [
        da.from_array(each, chunks=(chunk, *each.shape[1:])).persist()
        for each in (X, y)
    ]
    wait(there)
    here = UnlearnableLogisticRegression(tol=1e-8)
    spread = LogisticRegression(tol=1e-8)
    ours, memory = paired(
        settings, Call(lambda: spread.fit(*there)), Call(lambda: here.fit(X, y))
    )
    start = time.perf_counter()
    residual = spread.gradient_residual(*there)
    table.add(
        rows=n_rows,
        columns=_COLUMNS,
        two_workers=ours,
        memory=memory,
        ratio=ratio(ours, memory),
        residual=float(residual),
        its_measurement=f"{time.perf_counter() - start:.2f} s",
        largest_difference=float(np.abs(spread.coef_ - here.coef_).max()),
    )
    told = ratio(ours, memory).median
    table.reach(f"{n_rows:,} rows: two workers / memory", told, at_most=1.3)
