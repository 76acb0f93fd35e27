"""scikit-learn's own search over models that are fitted and scored already.

It validates what a search is given and writes ``cv_results_``, so that these are those
of the installed version.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn import config_context
from sklearn.base import BaseEstimator
from sklearn.model_selection import GridSearchCV


class _Recorded(BaseEstimator):
    """An estimator whose fits succeed and fail as recorded, one after the other."""

    def __init__(self, scores=()):
        self.scores = iter(scores)
        self.current: Any = None

    def __sklearn_clone__(self):
        return self

    def get_params(self, deep=True):
        """None: candidates are told apart by their order."""
        return {}

    def set_params(self, **params):
        """Nothing is to be set."""
        return self

    def fit(self, X, y=None, sample_weight=None):
        """Go on to the next score."""
        self.current = next(self.scores, None)
        if self.current is not None and self.current.error is not None:
            raise self.current.error
        return self


class _RecordedScores:
    """A scorer that tells what is recorded: of test rows, and then of training rows."""

    def __init__(self, single):
        self.single, self.weighed = single, False
        self.told: Any = None

    def __call__(self, estimator, X, y=None, sample_weight=None):
        self.weighed |= sample_weight is not None
        score = estimator.current
        values = score.train if self.told is score else score.test
        self.told = score
        return values["score"] if self.single else values


def formatted(candidates, scores, n_splits, settings, weighted=False):
    """The results of scikit-learn's search.

    Parameters
    ----------
    candidates : list of dict
    scores : list of Score
        All splits of the first candidate, then those of the next.
    n_splits : int
    settings : dict
        ``refit``, ``error_score`` and ``return_train_score`` of the search.
    weighted : bool, default=False
        Whether rows have weights.

    Returns
    -------
    results : dict
        As ``cv_results_``.
    weighs : bool
        Whether scorers are given these weights, as they are since scikit-learn 1.9,
        without metadata routing.

    Raises
    ------
    ValueError, TypeError
        As scikit-learn's search raises them.
    """
    single = all(set(score.test) <= {"score"} for score in scores)
    grid = [{name: [value] for name, value in each.items()} for each in candidates]
    scorer = _RecordedScores(single)
    search = GridSearchCV(
        _Recorded(scores), grid, scoring=scorer, cv=n_splits * [([0], [1])], **settings
    )
    given = {"sample_weight": np.ones(2)} if weighted else {}
    with config_context(enable_metadata_routing=False):
        search.fit(np.zeros((2, 1)), np.zeros(2), **given)
    return search.cv_results_, scorer.weighed
