"""Bytes of a fitted model without data, against one square matrix."""

from __future__ import annotations

import gc
import pickle
import tracemalloc

from benchmarks import data
from benchmarks.measure import Table
from sklearn_unlearn import UnlearnableLogisticRegression


def run(settings):
    table = Table("Memory of a fitted model without data, against 8 d^2 bytes")
    for order in (50, 100) if settings.quick else (500, 1000, 2000):
        X, y = data.synthetic(10 * order, order - 1)
        square = 8 * order**2
        gc.collect()
        tracemalloc.start()
        clf = UnlearnableLogisticRegression(C=0.001).fit(X, y)
        gc.collect()
        held, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        fresh = len(pickle.dumps(clf))
        n_out = max(1, order // 20)
        clf.partial_unfit(X[:n_out], y[:n_out])
        factor = clf._fitted.model.state.factor
        rank = factor.pending_rank
        bound = square + 2 * rank * 8 * order
        table.add(
            d=order,
            square=square,
            held=held / square,
            peak_in_fit=peak / square,
            pickle=fresh / square,
            factor_pending=factor.nbytes / square,
            pending=rank,
            over_bound=factor.nbytes / bound,
            pickle_pending=len(pickle.dumps(clf)) / square,
        )
    largest = table.rows[-1]
    table.reach(
        f"bytes held at d = {largest['d']} / 8 d^2", largest["held"], at_most=1.05
    )
    table.reach(
        "factor with pending rows / (8 d^2 + 2 * 8 d * pending), largest of all d",
        max(row["over bound"] for row in table.rows),
        at_most=1.05,
    )
    table.notes.append(
        "All but d, square (bytes) and pending (columns) in units of the square. "
        "pending: rows out that wait for a refactorisation, two vectors each. "
        "over bound: factor pending over 8 d^2 + 2 * 8 d * pending."
    )
    return table
