"""Bagging whose draws follow from the rows, so that a refit draws the same."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    VotingClassifier,
)
from sklearn.preprocessing import LabelEncoder

from sklearn_unlearn.ensemble._bags import Bagging
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.folds import numbered
from sklearn_unlearn.tree import (
    UnlearnableDecisionTreeClassifier,
    UnlearnableDecisionTreeRegressor,
)
from sklearn_unlearn.utils.twin_parameters import drop_in


@partial(drop_in, twin=BaggingClassifier)
class UnlearnableBaggingClassifier(ClassifierMixin, Bagging):
    """Bags of classifiers that unlearn, each row in the bags that it draws itself.

    As :class:`sklearn.ensemble.BaggingClassifier`, with other draws: how often a row is
    in a bag follows from a hash of the seed, the bag, and the name of the row or its
    values. A row that leaves changes no draw of others, and after any request the bags
    are those of a fit to what remains. Only the models of bags that had the row change.

    Parameters
    ----------
    estimator : estimator, default=None
        A classifier that unlearns, or a pipeline of such; any other is fitted anew by
        requests. None is an `UnlearnableDecisionTreeClassifier`.
    n_estimators : int, default=10
        Bags.
    max_samples : float, default=1.0
        Share of the rows that a bag has, on average.
    bootstrap : bool, default=True
        Whether a row may be in a bag several times: as often as a Poisson distribution
        of this mean says. Otherwise it is there once, with this probability.
    n_jobs : int, default=None
        Fits at the same time; requests use one thread.
    random_state : int, RandomState instance or None, default=None
        From which everything random is drawn; give an int for a fit that can be
        repeated.

    Attributes
    ----------
    estimators_ : list of estimator
    estimators_samples_ : list of ndarray of int
    classes_ : ndarray of shape (n_classes,)
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)

    See Also
    --------
    UnlearnableRandomForestClassifier : Trees alone, whose nodes unlearn.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_unlearn import UnlearnableBaggingClassifier, UnlearnableGaussianNB
    >>> X, y = load_iris(return_X_y=True)
    >>> given = {"estimator": UnlearnableGaussianNB(), "random_state": 0}
    >>> model = UnlearnableBaggingClassifier(**given).fit(X, y)
    >>> model = model.partial_unfit(X[:3], y[:3])
    >>> refit = UnlearnableBaggingClassifier(**given).fit(X[3:], y[3:])
    >>> bool(abs(model.predict_proba(X) - refit.predict_proba(X)).max() < 1e-10)
    True
    """

    _default = UnlearnableDecisionTreeClassifier

    @property
    def classes_(self) -> Any:
        """Class labels, sorted; shape (n_classes,)."""
        return self._learned.encoding.classes

    def _vote(self, fitted, models):
        classes = fitted.encoding.classes
        soft = hasattr(self._inside(), "predict_proba")
        if not soft:
            X = fitted.model.living().trained(None).X
            models = [numbered(model, classes, X) for model in models]
        elif not all(np.array_equal(model.classes_, classes) for model in models):
            raise UnlearningError(
                "A bag has no rows of some class, and models of a VotingClassifier "
                "know the same classes: take a larger max_samples."
            )
        voting = "soft" if soft else "hard"
        vote = VotingClassifier([], voting=voting, n_jobs=self.n_jobs)
        vote.le_ = LabelEncoder().fit(classes)
        vote.classes_ = vote.le_.classes_
        return vote, models

    def predict_proba(self, X: Any) -> np.ndarray:
        """Mean probabilities of the models, or shares of their votes.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix or list of str

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        soft = hasattr(self._inside(), "predict_proba")
        name = "predict_proba" if soft else "predict"
        fitted, models, answers = self._answers(name, X)
        classes = fitted.encoding.classes
        total = np.zeros((len(answers[0]), classes.size))
        for model, answer in zip(models, answers, strict=True):
            if soft:
                total[:, np.searchsorted(classes, model.classes_)] += answer
            else:
                total[np.arange(len(answer)), np.searchsorted(classes, answer)] += 1.0
        return total / len(models)

    def predict(self, X: Any) -> np.ndarray:
        """The class of the largest mean probability.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix or list of str

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        self._check_fitted()
        found = self._version()
        return found.classes_[found.predict_proba(X).argmax(axis=1)]


@partial(drop_in, twin=BaggingRegressor)
class UnlearnableBaggingRegressor(RegressorMixin, Bagging):
    """Bags of regressors that unlearn, as `UnlearnableBaggingClassifier` does.

    Parameters
    ----------
    estimator : estimator, default=None
        None is an `UnlearnableDecisionTreeRegressor`.
    n_estimators, max_samples, bootstrap, n_jobs, random_state
        As for `UnlearnableBaggingClassifier`.

    Attributes
    ----------
    estimators_ : list of estimator
    estimators_samples_ : list of ndarray of int
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_unlearn import UnlearnableBaggingRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = UnlearnableBaggingRegressor(n_estimators=5, random_state=0).fit(X, y)
    >>> model.partial_unfit(X[:2], y[:2]).predict(X[2:]).shape
    (440,)
    """

    _default = UnlearnableDecisionTreeRegressor

    def predict(self, X: Any) -> np.ndarray:
        """Mean of what the models predict.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix or list of str

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        return np.mean(self._answers("predict", X)[2], axis=0)
