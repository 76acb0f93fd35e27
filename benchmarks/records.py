"""What records and plans cost beside the smallest requests: one row, no data kept."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np

from benchmarks.measure import Call, Spread, Table
from sklearn_unlearn import (
    UnlearnableGaussianNB,
    UnlearnableKNeighborsClassifier,
    UnlearnableLogisticRegression,
    UnlearnableMaxAbsScaler,
    UnlearnableMinMaxScaler,
    UnlearnableRidge,
    UnlearnableStandardScaler,
    make_unlearnable_pipeline,
)

#: The class that puts what a request has led to in its place, with a record.
_CARRYING = next(kind for kind in UnlearnableRidge.__mro__ if "_put" in vars(kind))
_NOTE = (
    "Each request takes one row out of the state that was fitted, in turns with and "
    "without a record; without, the new state is put in its place and nothing else. "
    "A plan is of the same request. The three take turns, 300 times, and the fastest "
    "of each counts: what a machine does besides adds to all of them."
)


def run(settings):
    n_rows, n_columns = (600, 30) if settings.quick else (2_000, 30)
    table = Table(f"Records and plans of one row out of {n_rows:,} x {n_columns}")
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_rows, n_columns))
    target = X[:, 0] + rng.logistic(size=n_rows)
    labels = (target > 0.0).astype(int)
    for estimator in (
        UnlearnableRidge(),
        UnlearnableMaxAbsScaler(),
        UnlearnableMinMaxScaler(),
        UnlearnableStandardScaler(),
        UnlearnableGaussianNB(),
        UnlearnableKNeighborsClassifier(),
        UnlearnableLogisticRegression(),
        make_unlearnable_pipeline(
            UnlearnableStandardScaler(), UnlearnableLogisticRegression()
        ),
    ):
        y = target if isinstance(estimator, UnlearnableRidge) else labels
        _add(table, settings, estimator.fit(X, y), X, y)
    table.notes.append(_NOTE)
    return table


def _add(table, settings, model, X, y):
    rows = {"X": X[1:2], "y": y[1:2]}
    model.partial_unfit(X[:1], y[:1])  # what is computed once for all requests
    steps = [step for _, step in getattr(model, "steps", ())]
    kept = [(part, dict(vars(part))) for part in (model, *steps)]

    def restore():
        for part, attributes in kept:
            vars(part).clear()
            vars(part).update(attributes)

    def bare():
        with patch.object(_CARRYING, "_put", _put_alone):
            model.partial_unfit(**rows)

    def watched():  # so that both are patched
        with patch.object(_CARRYING, "_put", _CARRYING._put):
            model.partial_unfit(**rows)

    request = "partial_unfit", rows
    asked = watched, bare, lambda: model.plan(request)
    calls = [Call(each, restore) for each in asked]
    n_times = 20 if settings.quick else 300
    times = np.array([[call.time() for call in calls] for _ in range(n_times)])
    recorded, alone, plan = times.min(axis=0)
    restore()
    name = type(model).__name__
    table.add(
        estimator=name,
        request=Spread(np.array([recorded])),
        without_record=Spread(np.array([alone])),
        plan=Spread(np.array([plan])),
        record=recorded / alone,
        plan_to_request=plan / recorded,
    )
    table.reach(f"{name}: with a record", recorded / alone, at_most=1.05)
    table.reach(f"{name}: plan", plan / recorded, at_most=1.0)


def _put_alone(self, answering, requests, before, fitted, undoes=None):
    """Put a fitted value in place, and leave no record."""
    if fitted is not before:
        self._swap(fitted)
    return []
