"""Requests to a whole pipeline, to its model alone, and refits: errors and times."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
from sklearn.base import clone

from benchmarks.measure import Call, paired, ratio
from sklearn_unlearn.exceptions import StepTooLargeError


@dataclass(frozen=True)
class Case:
    """Fitted pipelines of ours, their raw data, and scikit-learn's pipeline.

    Attributes
    ----------
    without_data, with_data : UnlearnablePipeline
        Fitted on X and y, without and with retained data.
    theirs : sklearn.pipeline.Pipeline
        What is refitted to compare times with.
    X : pandas.DataFrame or ndarray of shape (n_rows,) or (n_rows, n_columns)
    y : ndarray of shape (n_rows,)
    """

    without_data: object
    with_data: object
    theirs: object
    X: object
    y: np.ndarray

    def rows(self, at):
        X = self.X.iloc if hasattr(self.X, "iloc") else self.X
        return X[at], self.y[at]

    def others(self, out):
        return self.rows(np.setdiff1d(np.arange(len(self.y)), out))


def answers(case, out):
    """Pipelines after the rows `out` have left, by the names of the tables' columns.

    "ours" has no data and "exact" has; of "frozen" and "behind" the last step alone
    unlearns, without data or by a refit, behind transformers that forget nothing. Ours
    and frozen are None if their step is refused. "refit" is the truth.
    """
    leave, stay = case.rows(out), case.others(out)
    behind = copy.deepcopy(case.without_data)
    behind[-1].fit(behind[:-1].transform(stay[0]), stay[1])
    return {
        "ours": _unless_refused(lambda: _request(case.without_data, leave)),
        "frozen": _unless_refused(lambda: _model_alone(case.without_data, leave)),
        "exact": _request(case.with_data, leave),
        "behind": behind,
        "refit": clone(case.without_data).fit(*stay),
    }


def errors(models, X):
    """Largest difference of a probability from the refit's; none of what is refused."""
    truth = models["refit"].predict_proba(X)
    return {
        name: float(np.abs(model.predict_proba(X) - truth).max())
        for name, model in models.items()
        if model is not None and model is not models["refit"]
    }


def times(settings, case, out, models):
    """Columns of a table: times of requests that were answered, and of a refit."""
    leave, stay = case.rows(out), case.others(out)
    theirs = clone(case.theirs)
    calls = {
        "exact_in": Call(lambda: _request(case.with_data, leave)),
        "transform_alone": Call(lambda: case.without_data[:-1].transform(leave[0])),
        "refit": Call(lambda: theirs.fit(*stay)),
    }
    if models["ours"] is not None:
        calls["ours_in"] = Call(lambda: _request(case.without_data, leave))
    found = dict(zip(calls, paired(settings, *calls.values()), strict=True))
    ours = found.get("ours_in")
    return {
        "ours_in": "refused" if ours is None else ours,
        "exact_in": found["exact_in"],
        "transform_alone": found["transform_alone"],
        "refit": found["refit"],
        "ours_times": "" if ours is None else ratio(found["refit"], ours),
        "exact_times": ratio(found["refit"], found["exact_in"]),
    }


def _request(pipeline, leave):
    # copies of a pipeline answer requests without changing one another
    return copy.copy(pipeline).partial_unfit(*leave)


def _model_alone(pipeline, leave):
    pipeline = copy.deepcopy(pipeline)
    pipeline[-1].partial_unfit(pipeline[:-1].transform(leave[0]), leave[1])
    return pipeline


def _unless_refused(request):
    try:
        return request()
    except StepTooLargeError:
        return None
