"""A thousand requests of one row each: one list, or one after another."""

from __future__ import annotations

import copy
import time

import numpy as np

from benchmarks import data
from benchmarks.measure import Spread, Table
from benchmarks.pipeline import fitted

_NOTE = (
    "The list is carried out by carry_out, on a copy of the fitted pipeline for each "
    "round; the calls are those of the same requests on another copy, of which so many "
    "are timed as the table says and the rest taken to cost as much on average. Mixed "
    "lists have deletions, corrections, arrivals, and rows that come and leave again. "
    "Difference: the largest of a predicted probability between the list and the calls "
    "that were timed."
)


def run(settings):
    table = Table("A list of requests of one row each, to a pipeline of raw Adult")
    loaded = data.real(data.adult_raw, table)
    if loaded is None:
        return table
    X, y = loaded
    if settings.quick:
        X, y = X[:2000], y[:2000]
    size, n_timed = (60, 10) if settings.quick else (1000, 40)
    case = fitted(X, y)
    for kind, model in (("retained", case.with_data), ("none", case.without_data)):
        _add(table, kind, model, "deletions", _deletions(case, size), n_timed, X)
    # what mixed requests change is too much for closed forms alone
    _add(table, "retained", case.with_data, "mixed", _mixed(case, size), n_timed, X)
    table.notes.append(_NOTE)
    return table


def _deletions(case, size):
    return [("partial_unfit", _row(case, i)) for i in range(size)]


def _mixed(case, size):
    """Requests about rows of their own, but for those that come and leave again."""
    requests = []
    for i in range(size):
        row, other = _row(case, i), _row(case, size + i)
        if i % 4 == 0:
            requests.append(("replace_features", row | {"X_new": other["X"]}))
        elif i % 4 == 1:
            requests.append(("partial_fit", other))
        elif i % 8 == 6:
            requests.append(("partial_unfit", _row(case, size + i - 1)))
        else:
            requests.append(("partial_unfit", row))
    return requests


def _row(case, i):
    X, y = case.rows(slice(i, i + 1))
    return {"X": X, "y": y}


def _add(table, kind, model, name, requests, n_timed, X):
    times = []
    for _ in range(3):
        together = copy.copy(model)
        start = time.perf_counter()
        together.carry_out(requests)
        times.append(time.perf_counter() - start)
    alone, some = copy.copy(model), requests[:n_timed]
    start = time.perf_counter()
    for verb, keywords in some:
        getattr(alone, verb)(**keywords)
    calls = time.perf_counter() - start
    few = copy.copy(model)
    few.carry_out(some)
    difference = np.abs(few.predict_proba(X) - alone.predict_proba(X)).max()
    gain = calls / n_timed * len(requests) / np.median(times)
    table.add(
        data=kind,
        requests=f"{len(requests)} {name}",
        together=Spread(np.array(times)),
        calls_timed=n_timed,
        one_call=Spread(np.array([calls / n_timed])),
        gain=gain,
        difference=difference,
    )
    table.reach(f"gain, {kind}, {name}", gain, at_least=30.0)
