"""The attributes of a fitted search: its choice, and the best estimator."""

from __future__ import annotations

from typing import Any

from sklearn.utils.metaestimators import available_if

from sklearn_unlearn.folds import unlearns


class Found:
    """An attribute that the search has once it has been fitted, read-only."""

    def __init__(self, read, doc):
        self.read, self.__doc__ = read, doc

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, search, owner=None):
        if search is None:
            return self
        value = self.read(search._learned)
        if value is None:
            raise AttributeError(f"This {type(search).__name__} has no {self.name}.")
        return value


def _best_member(fitted):
    member = fitted.members.fitted.get((fitted.outcome.best, None))
    return None if member is None else member.estimator


def _by_best(name):
    """A method of the best estimator, of rows with or without forgotten columns."""

    def has(search):
        return hasattr(super(SearchAttributes, search), name)

    def method(self, X, *arguments, **keywords):
        # super() reads the attributes of one version
        version = self._version()
        ask = getattr(super(SearchAttributes, version), name)
        return ask(version._shown(version._checked(), X), *arguments, **keywords)

    method.__name__ = name
    method.__doc__ = f"""``{name}`` of the best estimator, as in scikit-learn.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix or list of str
        *arguments, **keywords
            As in scikit-learn.

        Returns
        -------
        object
            What ``best_estimator_`` answers.
        """
    return available_if(has)(method)


class SearchAttributes:
    """Attributes and methods of a fitted search, each of one version of it."""

    _learned: Any
    _checked: Any
    _version: Any
    _shown: Any

    cv_results_ = Found(
        lambda fitted: fitted.outcome.results,
        "Scores of all candidates in all folds, as in scikit-learn. Times are of fit.",
    )
    best_index_ = Found(
        lambda fitted: fitted.outcome.best, "The number of the best candidate."
    )
    best_params_ = Found(
        lambda fitted: fitted.outcome.found.get("best_params_"), "Its parameters."
    )
    best_score_ = Found(
        lambda fitted: fitted.outcome.found.get("best_score_"), "Its mean score."
    )
    best_estimator_ = Found(_best_member, "The best candidate, fitted to all rows.")
    scorer_ = Found(
        lambda fitted: fitted.outcome.scorers.scorer, "The scorer, or several by name."
    )
    multimetric_ = Found(
        lambda fitted: fitted.outcome.multimetric, "Whether there are several."
    )
    n_splits_ = Found(lambda fitted: fitted.model.n_splits, "The number of splits.")
    refit_time_ = Found(
        lambda fitted: fitted.members.fitted[fitted.outcome.best, None].fit_time,
        "Seconds that the last fit of the best candidate to all rows took.",
    )
    request_report_ = Found(
        lambda fitted: fitted.outcome.report,
        "A `SearchReport` of the last request, if there was one.",
    )
    n_bytes_ = Found(
        lambda fitted: fitted.outcome.n_bytes,
        "What all models were expected to take, by the pickle of the first.",
    )
    choice_frozen_ = Found(
        lambda fitted: not fitted.outcome.scores,
        "Whether requests leave the choice and its scores as they were at fit.",
    )
    unlearns_ = Found(
        lambda fitted: all(map(unlearns, fitted.members.specs)),
        "Whether all candidates unlearn; others are fitted anew by each request.",
    )

    predict = _by_best("predict")
    predict_proba = _by_best("predict_proba")
    predict_log_proba = _by_best("predict_log_proba")
    decision_function = _by_best("decision_function")
    score_samples = _by_best("score_samples")
    transform = _by_best("transform")

    def score(self, X: Any, y: Any = None, **params: Any) -> float:
        """The score of the best estimator on some rows, as in scikit-learn.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix or list of str
        y : array-like of shape (n_samples,) or (n_samples, n_targets), optional
        **params : dict
            As in scikit-learn.

        Returns
        -------
        float
        """
        version: Any = self._version()
        steady: Any = super(SearchAttributes, version)
        return steady.score(version._shown(version._checked(), X), y, **params)
