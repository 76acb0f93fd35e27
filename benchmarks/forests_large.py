"""Forests of a million rows: memory, and time of requests against a refit."""

from __future__ import annotations

import resource
import time

import numpy as np
from sklearn.ensemble import RandomForestClassifier

from benchmarks import data
from benchmarks.measure import Table
from sklearn_unlearn import UnlearnableRandomForestClassifier

#: Trees of scikit-learn's that are timed, for the time of all.
_TIMED = 3


def add_arguments(parser):
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--trees", type=int, default=100)
    parser.add_argument("--singles", type=int, default=200)


def run(settings, options):
    table = Table("A forest of many rows, 20 columns")
    n_rows, n_trees, n_singles = options.rows, options.trees, options.singles
    if settings.quick:
        n_rows, n_trees, n_singles = 5000, 5, 10
    X, y = data.synthetic(n_rows, 20)
    forest = UnlearnableRandomForestClassifier(n_trees, random_state=0)
    # what the compiler takes is no part of it
    small = UnlearnableRandomForestClassifier(2, random_state=0).fit(X[:2000], y[:2000])
    small.partial_unfit(X[:1], y[:1])
    fit, _ = _timed(forest.fit, X, y)
    order = np.random.default_rng(0).permutation(n_rows)
    singles = np.array(
        [_timed(forest.partial_unfit, X[[r]], y[[r]])[0] for r in order[:n_singles]]
    )
    some = order[n_singles : n_singles + 100]
    hundred, _ = _timed(forest.partial_unfit, X[some], y[some])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    timed = min(_TIMED, n_trees)
    few, _ = _timed(RandomForestClassifier(timed, random_state=0).fit, X, y)
    refit = few * n_trees / timed
    rows = [
        ("fit", fit),
        ("1 row out, mean", singles.mean()),
        ("1 row out, median", np.median(singles)),
        ("1 row out, slowest", singles.max()),
        ("100 rows out", hundred),
    ]
    for what, seconds in rows:
        table.add(
            what=what,
            ours=f"{seconds:.3g} s",
            scikit_learn=f"{refit:.3g} s",
            ratio=refit / seconds,
        )
    table.reach("peak of the process, GB", peak, at_most=8.0)
    table.reach("1 row out: a refit / a request", refit / singles.mean(), at_least=2000)
    table.notes.append(
        f"{n_rows} rows, {n_trees} trees, {n_singles} requests of one row. "
        f"scikit-learn's refit is {n_trees} / {timed} fits of {timed} trees. The "
        "peak is of the whole process, data and requests in it, before scikit-learn's."
    )
    return table


def _timed(call, *arguments):
    start = time.perf_counter()
    result = call(*arguments)
    return time.perf_counter() - start, result
