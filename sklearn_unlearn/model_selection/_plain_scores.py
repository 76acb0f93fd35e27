"""Scores as of scikit-learn's mixins, of answers that need no validation.

A search has many models score the same rows. Their targets were validated at ``fit``,
and the answers are ours.
"""

from __future__ import annotations

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin

from sklearn_unlearn.pipeline import innermost

#: Names of scorers that are these.
_NAMES = {"accuracy": "accuracy", "r2": "r2"}


def plain_score(scoring, model):
    """Which of them scores a model: "accuracy", "r2" or None.

    Parameters
    ----------
    scoring : object
        As a search is given it.
    model : estimator
        Fitted.
    """
    if isinstance(scoring, str):
        return _NAMES.get(scoring)
    if scoring is not None:
        return None
    score = getattr(type(innermost(model)), "score", None)
    if score is ClassifierMixin.score:
        return "accuracy"
    return "r2" if score is RegressorMixin.score else None


def plainly_scored(kind, model, rows, weight):
    """The score of a model; None where scikit-learn is to be asked.

    Parameters
    ----------
    kind : {"accuracy", "r2"}
    model : estimator
    rows : Part
    weight : ndarray or None

    Returns
    -------
    float or None
    """
    y, found = rows.y, np.asarray(model.predict(rows.X))
    if y.ndim != 1 or found.shape != y.shape or found.dtype.kind != y.dtype.kind:
        return None
    if kind == "accuracy":
        return float(np.average(found == y, weights=weight))
    if y.dtype.kind != "f" or y.size < 2 or not np.all(np.isfinite(found)):
        return None
    weight = np.ones(y.size) if weight is None else weight
    total = weight @ np.square(y - np.average(y, weights=weight))
    if not 0.0 < total < np.inf:
        return None
    return float(1.0 - weight @ np.square(y - found) / total)
