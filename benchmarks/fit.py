"""Fitting, factor included, against scikit-learn's solvers."""

from __future__ import annotations

from dataclasses import replace

from sklearn.linear_model import LogisticRegression

from benchmarks import data
from benchmarks.measure import Call, Table, paired, ratio
from benchmarks.rivals import SOLVERS, Residual
from sklearn_unlearn import UnlearnableLogisticRegression


def run(settings):
    settings = replace(settings, budget=4.0 * settings.budget)
    table = Table("fit, factor included (tol 1e-8 of the sum), against tol=1e-8")
    n_rows, n_columns = (20_000, 50) if settings.quick else (200_000, 200)
    sources = {
        f"synthetic {n_rows // 1000}k x {n_columns}": (
            lambda: data.synthetic(n_rows, n_columns),
            1.5,
        ),
        "Adult": (lambda: data.real(data.adult, table), 1.5),
        "Enron": (lambda: data.real(data.enron, table), 2.5),
        "breast cancer": (data.breast_cancer, 1.5),
        "digits, multinomial": (data.digits, 1.5),
    }
    if settings.quick:
        for name in ("Adult", "Enron", "digits, multinomial"):
            del sources[name]
    for name, (load, goal) in sources.items():
        loaded = load()
        if loaded is None:
            continue
        X, y = loaded
        solvers = SOLVERS if X.shape[1] < 2000 else ("lbfgs", "newton-cg")
        ours = UnlearnableLogisticRegression()
        rivals = [
            LogisticRegression(solver=solver, tol=1e-8, max_iter=10_000)
            for solver in solvers
        ]
        models = [ours, *rivals]
        times = paired(
            settings, *(Call(lambda m=model, X=X, y=y: m.fit(X, y)) for model in models)
        )
        residual = Residual(ours, X, y)
        for label, model, taken in zip(["ours", *solvers], models, times, strict=True):
            table.add(
                data=name,
                fit=label,
                time=taken,
                residual=residual(model),
                ours_against_it=ratio(times[0], taken),
            )
        table.reach(
            f"{name}: ours / lbfgs", ratio(times[0], times[1]).median, at_most=goal
        )
    return table
