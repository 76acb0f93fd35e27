"""A search that was run elsewhere, taken over so that it unlearns; and given back."""

from __future__ import annotations

import copy
from typing import Any, Self

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sklearn_unlearn.exceptions import (
    DataMismatchWarning,
    NotForgottenWarning,
    UnlearningError,
)
from sklearn_unlearn.model_selection._scoring import Scorers
from sklearn_unlearn.pipeline import UnlearnablePipeline
from sklearn_unlearn.transformers import exported
from sklearn_unlearn.utils.messages import refusing, warn

#: Scores that differ by more are of other folds, or of other rows.
_SAME = 1e-6


#: What a search of scikit-learn's knows beside its best estimator.
_FOUND = (
    "cv_results_",
    "best_index_",
    "best_params_",
    "best_score_",
    "multimetric_",
    "n_splits_",
    "refit_time_",
)


class SearchAdoption:
    """Adds ``from_sklearn`` and ``to_sklearn`` to a search that unlearns."""

    _take_over: Any
    _checked: Any
    _version: Any
    _dropping: Any

    #: scikit-learn's class.
    _twin_class: Any
    _fit_candidates: Any

    @classmethod
    @refusing()
    def from_sklearn(
        cls,
        fitted: Any,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        groups: Any = None,
        row_ids: Any = None,
        keep: str = "all",
        **params: Any,
    ) -> Self:
        """A search that was run elsewhere, with its candidates, taken over.

        It kept none of the models of its folds: these are fitted once more, in the
        time that the search took, and as much memory as ``fit`` takes. With
        ``keep="best"`` nothing is fitted but what the ``from_sklearn`` of the best
        model needs; its scores and the choice are taken as they are, and stay.

        Parameters
        ----------
        fitted : GridSearchCV or RandomizedSearchCV
            Fitted with ``refit``, of the class that this one is a subclass of; it is
            not changed. Its estimator is replaced by the counterpart that unlearns; one
            without a counterpart stays, and is fitted anew by requests.
        X : array-like, DataFrame, sparse matrix or list of str
            The data that it was fitted on: a `DataMismatchWarning` says if scores
            differ.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight, groups, row_ids
            As for ``fit``.
        keep : {"all", "best"}, default="all"
        **params : dict
            For the ``from_sklearn`` of the model inside, ``retain_data`` for instance.

        Returns
        -------
        search
            Fitted.

        Raises
        ------
        TypeError
            If it is no such search.
        UnlearningError
            If it was run with ``refit=False``.
        """
        if not isinstance(fitted, cls._twin_class) or isinstance(fitted, cls):
            raise TypeError(
                f"{cls.__name__}.from_sklearn takes a fitted "
                f"{cls._twin_class.__name__}; got {type(fitted).__name__}."
            )
        check_is_fitted(fitted)
        if not hasattr(fitted, "best_estimator_"):
            raise UnlearningError(
                "The search was run with refit=False and has no model: fit this one."
            )
        given = fitted.get_params(deep=False) | {"keep": keep}
        best = _counterpart(fitted, X, y, sample_weight, params)
        given["estimator"] = _unfitted(fitted.estimator, best)
        search: Any = cls(**given)
        if keep == "best":
            asked = X, y, sample_weight, groups, row_ids
            search._take_over(best, fitted, *asked)
            return search
        candidates = fitted.cv_results_["params"]
        search._fit_candidates(candidates, X, y, sample_weight, groups, row_ids)
        error = _difference(search.cv_results_, fitted.cv_results_)
        if not error <= _SAME:
            warn(
                f"Scores differ from those of the search by up to {error:.2g}: these "
                "are other rows or other folds, drawn without a seed perhaps, or "
                "models that had not converged.",
                DataMismatchWarning,
            )
        return search

    def to_sklearn(self, drop_forgotten: bool = False) -> Any:
        """A plain fitted search of scikit-learn's, without the rows, to deploy.

        Parameters
        ----------
        drop_forgotten : bool, default=False
            After columns were forgotten: whether its best estimator takes only those
            that remain. If False that is a pipeline whose first step drops the others.

        Returns
        -------
        GridSearchCV or RandomizedSearchCV
            With ``cv_results_``, the choice, and the best model as a plain one. A
            `NotForgottenWarning` says if rows that have left made the choice.

        Raises
        ------
        UnlearningError
            If ``refit=False``: there is no model.
        """
        fitted, version = self._checked(), self._version()
        best = getattr(version, "best_estimator_", None)
        if best is None:
            raise UnlearningError(
                "The search was fitted with refit=False and has no model to deploy."
            )
        self._warn_if_frozen(fitted, "cv_results_ and best_params_ were made")
        model = exported(best, drop_forgotten=True)
        given = version.get_params(deep=False) | {"estimator": clone(model)}
        for name in ("keep", "max_bytes", "refold"):
            del given[name]
        plain = self._twin_class(**given)
        for name in _FOUND:
            if hasattr(version, name):
                setattr(plain, name, copy.deepcopy(getattr(version, name)))
        plain.scorer_ = Scorers.scorer_of(plain.estimator, plain.scoring)
        plain.best_estimator_ = self._dropping(fitted, model, drop_forgotten)
        if hasattr(plain.best_estimator_, "feature_names_in_"):
            plain.feature_names_in_ = plain.best_estimator_.feature_names_in_
        return plain

    @staticmethod
    def _warn_if_frozen(fitted, what):
        report = fitted.outcome.report
        if report is not None and report.choice_frozen:
            warn(
                f"{what} with rows and columns that have left since: fit with "
                'keep="all" for a choice that is made anew.',
                NotForgottenWarning,
            )


def _counterpart(fitted, X, y, sample_weight, params):
    """What unlearns as the best model of a search does, taken over from it."""
    best = fitted.best_estimator_
    alone = not isinstance(best, Pipeline)
    pipeline = Pipeline([("model", best)]) if alone else best
    try:
        taken: Any = UnlearnablePipeline.from_sklearn(
            pipeline, X, y, sample_weight, **params
        )
    except (TypeError, UnlearningError):
        if params:
            raise
        return copy.deepcopy(best)
    if not isinstance(taken, UnlearnablePipeline):  # it is trained again
        return copy.deepcopy(best)
    return taken.steps[-1][1] if alone else taken


def _unfitted(estimator, best):
    """The estimator of a search for the candidates of which this is the best model."""
    return clone(estimator if type(estimator) is type(best) else best)


def _difference(results, others):
    """The largest difference of scores in the folds."""
    names = [name for name in others if name.startswith("split") and "_test_" in name]
    differences = [np.abs(results[name] - others[name]) for name in names]
    return float(np.max(differences)) if names else np.inf
