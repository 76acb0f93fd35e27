"""What records and plans cost beside the smallest requests: one row, no data kept."""

from __future__ import annotations

import copy
import time
from itertools import permutations
from unittest.mock import patch

import numpy as np

from benchmarks.measure import Spread, Table
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
#: Models of rows follow these for digests, save in a plan.
_PLANS = patch("sklearn_unlearn.row_models._row_sets.rehearsing", lambda: True)
#: Who comes first finds no cache warm.
_ORDERS = tuple(permutations(("plan", "recorded", "alone")))
_NOTE = (
    "The smallest request of a model takes one row out, named by its values. 300 of "
    "them follow one another, each asked of a model that records it and of its copy "
    "that does not: the new state is put in its place and nothing else, nor are rows "
    "followed for digests. A third copy plans each. They take turns in all orders. "
    "Ratios are of medians, of the differences of each request. What a plan says that "
    "it takes is beside it."
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
    """Requests one after another, to a model that records them and to its copies."""
    other, planned, times = copy.deepcopy(model), copy.deepcopy(model), []
    for row in range(20 if settings.quick else 300):
        rows = {"X": X[row : row + 1], "y": y[row : row + 1]}
        found = {}
        for what in _ORDERS[row % len(_ORDERS)]:
            start = time.perf_counter()
            if what == "plan":
                said = planned.plan(("partial_unfit", rows)).seconds
            elif what == "recorded":
                model.partial_unfit(**rows)
            else:
                with patch.object(_CARRYING, "_put", _put_alone), _PLANS:
                    start = time.perf_counter()
                    other.partial_unfit(**rows)
            found[what] = time.perf_counter() - start
        times.append((found["recorded"], found["alone"], found["plan"], said))
    recorded, alone, plan, said = np.array(times[len(times) // 10 :]).T
    data = " with data" if getattr(model, "retain_data", False) else ""
    name = f"{type(model).__name__}{data}{of}"
    cost = 1.0 + np.median(recorded - alone) / np.median(alone)
    share = 1.0 + np.median(plan - recorded) / np.median(recorded)
    table.add(
        estimator=name,
        request=Spread(recorded),
        without_record=Spread(alone),
        plan=Spread(plan),
        plan_says=Spread(said),
        record=cost,
        plan_to_request=share,
    )
    table.reach(f"{name}: with a record", cost, at_most=1.05)
    table.reach(f"{name}: plan", share, at_most=1.0)


def _put_alone(self, answering, requests, before, fitted, undoes=None):
    """Put a fitted value in place, and leave no record."""
    if fitted is not before:
        self._swap(fitted)
    return []
