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
    UnlearnableRandomForestClassifier,
    UnlearnableRidge,
    UnlearnableStandardScaler,
    make_unlearnable_pipeline,
)

#: The class that puts what a request has led to in its place, with a record.
_CARRYING = next(kind for kind in UnlearnableRidge.__mro__ if "_put" in vars(kind))
#: Whether models of rows follow these for digests, which a plan does not.
_PLANS = "sklearn_unlearn.row_models._row_sets.rehearsing"
_NOTE = (
    "The smallest request of a model takes one row out, named by its values. It is "
    "asked of the state that was fitted, in turns with and without a record; without, "
    "the new state is put in its place and nothing else, nor are rows followed for "
    "digests. A plan is of the same request, and what it says that takes is beside "
    "what it took. All take turns, 300 times, and the fastest of each counts: what a "
    "machine does besides adds to all of them."
)


def run(settings):
    n_rows, n_columns = (600, 30) if settings.quick else (2_000, 30)
    table = Table(f"Records and plans of one row out of {n_rows:,} x {n_columns}")
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_rows, n_columns))
    target = X[:, 0] + rng.logistic(size=n_rows)
    labels = (target > 0.0).astype(int)
    small = UnlearnableLogisticRegression().fit(X[:, :5], labels)
    _add(table, settings, small, X[:, :5], labels, " of 5 columns")
    for estimator in (
        UnlearnableRidge(),
        UnlearnableMaxAbsScaler(),
        UnlearnableMinMaxScaler(),
        UnlearnableStandardScaler(),
        UnlearnableGaussianNB(),
        UnlearnableKNeighborsClassifier(),
        UnlearnableRandomForestClassifier(10, random_state=0),
        UnlearnableLogisticRegression(),
        UnlearnableLogisticRegression(retain_data=True),
        make_unlearnable_pipeline(
            UnlearnableStandardScaler(), UnlearnableLogisticRegression()
        ),
    ):
        y = target if isinstance(estimator, UnlearnableRidge) else labels
        _add(table, settings, estimator.fit(X, y), X, y)
    table.notes.append(_NOTE)
    return table


def _add(table, settings, model, X, y, of=""):
    rows = {"X": X[1:2], "y": y[1:2]}
    model.partial_unfit(X[:1], y[:1])  # what is computed once for all requests
    steps = [step for _, step in getattr(model, "steps", ())]
    kept = [(part, dict(vars(part))) for part in (model, *steps)]

    def restore():
        for part, attributes in kept:
            vars(part).clear()
            vars(part).update(attributes)

    def bare():
        with (
            patch.object(_CARRYING, "_put", _put_alone),
            patch(_PLANS, lambda: True),
        ):
            model.partial_unfit(**rows)

    def watched():  # so that both are patched
        with (
            patch.object(_CARRYING, "_put", _CARRYING._put),
            patch(_PLANS, lambda: False),
        ):
            model.partial_unfit(**rows)

    request = "partial_unfit", rows
    said = []

    def planned():
        said.append(model.plan(request).seconds)

    calls = [Call(each, restore) for each in (watched, bare, planned)]
    n_times = 20 if settings.quick else 300
    times = np.array([[call.time() for call in calls] for _ in range(n_times)])
    recorded, alone, plan = times.min(axis=0)
    restore()
    data = " with data" if getattr(model, "retain_data", False) else ""
    name = f"{type(model).__name__}{data}{of}"
    table.add(
        estimator=name,
        request=Spread(np.array([recorded])),
        without_record=Spread(np.array([alone])),
        plan=Spread(np.array([plan])),
        plan_says=Spread(np.array([min(said)])),
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
