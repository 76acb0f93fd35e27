"""Requests to a pipeline, one after the other, and refits of it on the edited data."""

import numpy as np
from sklearn.base import clone

from tests.cases import changed_targets


def rows_of(X, rows):
    """Some rows of raw data of any kind."""
    if hasattr(X, "iloc"):
        return X.iloc[rows]
    if isinstance(X, list):
        return [X[row] for row in rows]
    return X[rows]


def joined(parts):
    """Raw data under one another."""
    if hasattr(parts[0], "iloc"):
        import pandas as pd

        return pd.concat(parts, ignore_index=True)
    if hasattr(parts[0], "vstack"):
        return parts[0].vstack(parts[1])
    if isinstance(parts[0], list):
        return parts[0] + parts[1]
    return np.concatenate(parts)


class Story:
    """A pipeline that follows requests, and the data as they should be by now.

    Parameters
    ----------
    pipeline : UnlearnablePipeline
        Unfitted.
    X, y : raw data
    n_later : int
        Rows at the end that come later.
    """

    def __init__(self, pipeline, X, y, n_later=6, weight=None):
        n_first = len(y) - n_later
        self.X, self.y = rows_of(X, np.arange(n_first)), y[:n_first]
        later = np.arange(n_first, len(y))
        self.later = (rows_of(X, later), y[later])
        self.weight = None if weight is None else weight[:n_first]
        self.weight_later = None if weight is None else weight[later]
        self.pipeline = clone(pipeline).fit(self.X, self.y, *self._weights())

    def _weights(self, rows=None):
        if self.weight is None:
            return ()
        return (self.weight if rows is None else self.weight[rows],)

    def partial_unfit(self, rows):
        rows = np.asarray(rows)
        going = rows_of(self.X, rows), self.y[rows], *self._weights(rows)
        self.pipeline.partial_unfit(*going)
        kept = np.setdiff1d(np.arange(len(self.y)), rows)
        self.X, self.y = rows_of(self.X, kept), self.y[kept]
        if self.weight is not None:
            self.weight = self.weight[kept]

    def replace_features(self, rows, X_new):
        rows = np.asarray(rows)
        going = rows_of(self.X, rows), self.y[rows], X_new, *self._weights(rows)
        self.pipeline.replace_features(*going)
        self._moved(rows, X_new, self.y[rows])

    def replace_labels(self, rows):
        rows = np.asarray(rows)
        new = changed_targets(self.y)[rows]
        X = rows_of(self.X, rows)
        self.pipeline.replace_labels(X, self.y[rows], new, *self._weights(rows))
        self._moved(rows, X, new)

    def partial_fit(self):
        X, y = self.later
        weight = self.weight_later
        self.pipeline.partial_fit(X, y, sample_weight=weight)
        self.X, self.y = joined([self.X, X]), np.concatenate([self.y, y])
        if weight is not None:
            self.weight = np.concatenate([self.weight, weight])

    def _moved(self, rows, X_new, y_new):
        """Changed rows to the end: their order does not matter."""
        kept = np.setdiff1d(np.arange(len(self.y)), rows)
        self.X = joined([rows_of(self.X, kept), X_new])
        self.y = np.concatenate([self.y[kept], y_new])
        if self.weight is not None:
            self.weight = np.concatenate([self.weight[kept], self.weight[rows]])

    def refit(self, pipeline=None, keep=None):
        """A pipeline fitted on the data of now, in some columns."""
        X = self.X if keep is None else keep(self.X)
        pipeline = self.pipeline if pipeline is None else pipeline
        return clone(pipeline).fit(X, self.y, *self._weights())


def answers(pipeline, X):
    """What a pipeline says of rows."""
    for method in ("predict_proba", "decision_function", "predict"):
        if hasattr(pipeline, method):
            return np.asarray(getattr(pipeline, method)(X))
    return np.asarray(pipeline.transform(X))
