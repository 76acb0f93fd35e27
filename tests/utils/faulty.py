"""Unlearners of other hands, and which checks a model fails."""

import copy
from importlib.util import find_spec

import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import LinearRegression
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_unlearn.utils.estimator_checks import unlearner_checks

#: Checks that need pandas.
WITH_FRAMES = ["check_forgotten_name"] if find_spec("pandas") else []


class Refitting(RegressorMixin, BaseEstimator):
    """A foreign unlearner that keeps the data, has no weights and a single verb."""

    def __init__(self, model=None):
        self.model = model

    def fit(self, X, y):
        X, y = validate_data(self, X, y, multi_output=True, dtype=np.float64)
        return self._refit(X, y)

    def partial_unfit(self, X, y):
        check_is_fitted(self)
        X, y = validate_data(
            self, X, y, reset=False, multi_output=True, dtype=np.float64
        )
        there = (self._X[:, None] == X).all(axis=2)
        if not there.any(axis=0).all():
            raise ValueError("X holds a row that is not in the data")
        left = ~there.any(axis=1)
        if not left.any():
            raise ValueError("X holds all data")
        return self._refit(self._X[left], self._y[left])

    def predict(self, X):
        check_is_fitted(self)
        return self._fitted.predict(
            validate_data(self, X, reset=False, dtype=np.float64)
        )

    def _refit(self, X, y):
        # all that can fail comes before the assignments
        model = LinearRegression() if self.model is None else self.model
        fitted = copy.deepcopy(model).fit(X, y)
        self._X, self._y, self._fitted, self.is_fitted_ = X, y, fitted, True
        return self


def failures(estimator, *names):
    """The messages of checks, all of which must fail, by name."""
    checks = dict(unlearner_checks(estimator))
    messages = {}
    for name in names:
        with pytest.raises(AssertionError) as failure:
            checks[name](estimator)
        messages[name] = str(failure.value)
    return messages
