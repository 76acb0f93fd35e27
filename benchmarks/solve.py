"""One request against two triangular solves with the same factor."""

from __future__ import annotations

import numpy as np
from scipy.linalg.blas import dtrsv

from benchmarks import data
from benchmarks.measure import Call, Table, paired, ratio
from benchmarks.rivals import restoring
from sklearn_unlearn import UnlearnableLogisticRegression
from sklearn_unlearn.core.linear.edits import Edit
from sklearn_unlearn.core.linear.steps import unlearn


def run(settings):
    table = Table("One row out against two triangular solves of the same order")
    for order in (100, 200) if settings.quick else (200, 500, 1000, 2000):
        X, y = data.synthetic(4 * order, order - 1)
        model = UnlearnableLogisticRegression(C=0.01).fit(X, y)
        fitted = model._fitted
        state = fitted.model.state
        edit = Edit(rows_out=model._read_rows(fitted, X[:1], y[:1], None))
        right = np.ones(order)

        def solves(lower=state.factor.array, right=right):
            dtrsv(lower, dtrsv(lower, right, lower=1), lower=1, trans=1)

        calls = {
            "two dtrsv": solves,
            "core: Factor.solve": lambda s=state, r=right: s.factor.solve(r[:, None]),
            "core: unlearn": lambda s=state, e=edit: unlearn(s, e),
        }
        request = restoring(model, lambda m, X=X[:1], y=y[:1]: m.partial_unfit(X, y))
        times = paired(settings, *map(Call, calls.values()), request)
        for name, taken in zip([*calls, "partial_unfit"], times, strict=True):
            table.add(order=order, what=name, time=taken, ratio=ratio(taken, times[0]))
        if order in (1000, 2000):
            measured = ratio(times[-1], times[0]).median
            table.reach(f"partial_unfit, order {order}", measured, at_most=2)
    return table
