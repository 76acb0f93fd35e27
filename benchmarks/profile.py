"""Where the microseconds of a request for one row go."""

from __future__ import annotations

import numpy as np

from benchmarks import data
from benchmarks.measure import Spread, Table, paired
from benchmarks.rivals import restoring
from benchmarks.stages import Stages
from sklearn_unlearn import UnlearnableLogisticRegression, base, newton, row_models
from sklearn_unlearn.core.linear import data_checksum as tally
from sklearn_unlearn.core.linear import edits, factor, model, objective, steps


def functions(fitted):
    """Functions on the way of a request, and the stage that their own time is."""
    labels = type(fitted._fitted.encoding)
    return [
        (base.UnlearnerMixin, "_carry_out", "lock, swap, the rest"),
        (row_models._array_rows, "check_remaining_rows", "validation"),
        (row_models._array_rows, "check_sample_weight", "validation"),
        (base.UnlearnerMixin, "_checked", "validation"),
        (UnlearnableLogisticRegression, "_options", "parameters"),
        (labels, "read", "encoding"),
        (labels, "groups", "encoding"),
        (tally.Tally, "changed", "bookkeeping"),
        (edits.Edit, "data_gradient", "gradient"),
        (objective.Objective, "curvature_columns", "pending columns"),
        (factor.Factor, "extended", "pending columns"),
        (factor.Factor, "solve", "solve"),
        (steps, "sizes_of", "size of the step"),
        (model, "unlearn", "step, the rest"),
        (newton, "apply", "thread limit, the rest of apply"),
    ]


def run(settings):
    table = Table("Where a request for one row spends its time (microseconds, share)")
    orders = (20, 109) if settings.quick else (20, 109, 200, 1000)
    columns = {}
    for order in orders:
        X, y = data.synthetic(max(2000, 4 * order), order - 1)
        fitted = UnlearnableLogisticRegression(C=0.01).fit(X, y)
        request = restoring(fitted, lambda m, X=X[:1], y=y[:1]: m.partial_unfit(X, y))
        (whole,) = paired(settings, request)
        wrapped = functions(fitted)
        n_times = 100 if settings.quick else 500
        columns[order] = (whole, _stages(wrapped, request, n_times))
    names = list(dict.fromkeys(stage for *_, stage in wrapped))
    for name in names:
        cells = {}
        for order, (_, spent) in columns.items():
            total = sum(spent.values())
            cells[f"d={order}"] = (
                f"{spent[name] * 1e6:.0f} ({100 * spent[name] / total:.0f} %)"
            )
        table.add(stage=name, **cells)
    sums = {
        f"d={order}": f"{sum(spent.values()) * 1e6:.0f}"
        for order, (_, spent) in columns.items()
    }
    table.add(stage="sum, clocks included", **sums)
    table.add(
        stage="without clocks",
        **{
            f"d={order}": str(Spread(whole.values))
            for order, (whole, _) in columns.items()
        },
    )
    return table


def _stages(wrapped, request, n_times):
    """Median seconds of each stage."""
    spent = []
    with Stages(wrapped) as stages:
        request.time()
        for _ in range(n_times):
            stages.clear()
            request.time()
            spent.append(dict(stages.seconds))
    names = {name for sample in spent for name in sample}
    return {
        name: float(np.median([sample.get(name, 0.0) for sample in spent]))
        for name in names
    }
