"""Models that are fitted already, as what scikit-learn's own estimators fit.

An estimator of scikit-learn's that is made of others is fitted to the numbers of rows;
what stands in for the others is not fitted, but takes the model of the same rows, and
answers for the rows of these numbers. All that scikit-learn's estimator learns beside
them is thereby what it learns from such models, in the installed version.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if

from sklearn_unlearn.core.arrays import is_sparse


class Source:
    """Models by the numbers of the rows that they were trained on.

    Parameters
    ----------
    members : Members
    living : Living
    """

    def __init__(self, members, living):
        self.members = members
        self.living: Any = living
        self._rows: dict[bytes, Any] = {}
        splits = {split for _, split in members.fitted}
        self._cells = {
            (number, _key(self.trained(split))): split
            for number in range(len(members.specs))
            for split in sorted(splits, key=lambda split: (split is None, split))
            if (number, split) in members.fitted
        }

    def trained(self, split):
        if split is None:
            return np.arange(self.living.positions.size)
        counts = self.living.keys[:, 1 + split].astype(np.intp)
        return np.repeat(np.arange(counts.size), counts)

    def member(self, number, numbers):
        """The model of these rows.

        Raises
        ------
        Exception
            What its fit has raised, if there is none.
        """
        found = self.members.fitted[number, self._cells[number, _key(numbers)]]
        if found.error is not None:
            raise found.error
        return found.estimator

    def rows(self, X):
        """The rows of these numbers, and of others what they are."""
        if self.living is None:
            return X
        numbers = np.asarray(X)[:, 0].astype(np.intp)
        # several models are asked about the same rows
        key = numbers.tobytes()
        if key not in self._rows:
            positions = self.living.positions[numbers]
            self._rows[key] = self.living.rows.part(positions).X
        return self._rows[key]

    def close(self):
        """Forget the rows: what is asked from now on is in rows."""
        self.living, self._cells, self._rows = None, {}, {}
        self.members = None


def _key(numbers):
    return np.sort(np.asarray(numbers, dtype=np.int64)).tobytes()


def _answered(name):
    """A method of the model, about the rows of the numbers that it is given."""

    def method(self, X):
        return getattr(self.model, name)(self.source.rows(X))

    method.__name__ = name
    return available_if(lambda self: hasattr(self.model, name))(method)


class Played(BaseEstimator):
    """Stands in for an estimator, and takes its model instead of being fitted.

    Parameters
    ----------
    source : Source
    number : int
        Of the specification.
    model : estimator
        The specification and, once fitted, the model.
    """

    def __init__(self, source, number, model):
        self.source, self.number, self.model = source, number, model

    def __sklearn_clone__(self):
        return Played(self.source, self.number, self.model)

    def __sklearn_tags__(self):
        tags = get_tags(self.model)
        tags.input_tags.allow_nan = True
        return tags

    def __sklearn_is_fitted__(self):
        return hasattr(self, "classes_") or hasattr(self, "fitted_")

    def fit(self, X, y=None, sample_weight=None):
        """Take the model of these rows."""
        self.model = self.source.member(self.number, np.asarray(X)[:, 0])
        self.fitted_ = True
        if is_classifier(self.model):
            self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        """Numbers, or what ``fit`` was given for the labels of the model."""
        found = self.model.predict(self.source.rows(X))
        if not hasattr(self, "classes_"):
            return found
        return self.classes_[np.searchsorted(self.model.classes_, found)]

    predict_proba = _answered("predict_proba")
    predict_log_proba = _answered("predict_log_proba")
    decision_function = _answered("decision_function")


class PlayedLast(BaseEstimator):
    """Stands in for the last estimator of a stack that is given the rows as well.

    It is fitted to predictions with a number beside them, for which it takes the row.

    Parameters
    ----------
    source : Source
    model : estimator
        Not fitted and, once this is, fitted.
    """

    def __init__(self, source, model):
        self.source, self.model = source, model

    def __sklearn_clone__(self):
        return PlayedLast(self.source, clone(self.model))

    def __sklearn_tags__(self):
        return get_tags(self.model)

    def fit(self, X, y=None, **keywords):
        """Fit to predictions and rows."""
        rows: Any = self.source.rows(X[:, -1:])
        predictions = X[:, :-1]
        if is_sparse(rows):
            both = sparse.hstack([predictions, rows], format=rows.format)
        else:
            both = np.hstack([predictions, rows])
        self.model.fit(both, y, **keywords)
        return self
