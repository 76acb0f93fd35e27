"""An estimator that is trained again for each request, on the rows that remain."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any, Self

from sklearn.pipeline import Pipeline
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from sklearn_unlearn.ensemble._sharded import ShardedModel, own_copy
from sklearn_unlearn.exceptions import DataMismatchWarning
from sklearn_unlearn.transformers import (
    first_difference,
    is_nothing,
    said_of_difference,
)
from sklearn_unlearn.utils.explanation import Explained
from sklearn_unlearn.utils.from_sklearn import check_same_columns
from sklearn_unlearn.utils.messages import refusing, warn
from sklearn_unlearn.utils.seeds import unseeded_in, without_seed

#: What is said of methods that are the estimator's.
_AS_THE_ESTIMATOR = """``{name}`` of the estimator that was trained last.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix or list of str
            Columns that are forgotten may be absent.
        **params : dict
            As it takes them.

        Returns
        -------
        object
            What it answers.
        """


def asked_of_estimator(name):
    """A method that the estimator answers, if it has it."""

    def has(model):
        return hasattr(model._newest, name)

    def method(self, X, **params):
        fitted = self._checked()
        X = own_copy(self._of_columns(fitted, X))
        return getattr(fitted.model.final[0], name)(X, **params)

    method.__name__ = name
    method.__doc__ = _AS_THE_ESTIMATOR.format(name=name)
    return available_if(has)(method)


class RetrainedModel(ShardedModel):
    """What classifiers, regressors and transformers that are trained again share.

    One shard of one slice, which keeps the order of its rows.
    """

    _exclusive: Any
    _read_rows_at_fit: Any
    _fitted: Any

    n_shards = n_slices = 1
    n_jobs = random_state = None
    verbose = 0
    #: Why it is trained again, if `unlearnable` has found that it has to be.
    _because: str | None = None

    @classmethod
    @refusing()
    def from_sklearn(
        cls,
        fitted: Any,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        row_ids: Any = None,
        check: bool = True,
    ) -> Self:
        """An estimator that was fitted elsewhere, taken over so that it unlearns.

        It stays as it is until the first request.

        Parameters
        ----------
        fitted : estimator
            Of any library with scikit-learn's interface; it is not changed.
        X : array-like, DataFrame, sparse matrix or list of str
            The data that it was fitted on.
        y : array-like of shape (n_samples,) or (n_samples, n_targets), optional
        sample_weight : array-like of shape (n_samples,) or float, optional
            As it was fitted with; by a pipeline, in each step that takes weights.
        row_ids : array-like of shape (n_samples,) or (n_samples, 2), optional
            As for ``fit``.
        check : bool, default=True
            Whether it is fitted once more to X and y, to see that they give what it is:
            a `DataMismatchWarning` says which step differs, and by how much.

        Returns
        -------
        estimator
            Fitted.

        Raises
        ------
        NotFittedError
        ValueError
            If X and y have other columns or labels.
        """
        check_is_fitted(fitted)
        made: Any = cls
        model = made(fitted)
        with model._exclusive():
            value = model._read_rows_at_fit(X, y, sample_weight, row_ids)
            if value.columns is not None and hasattr(fitted, "n_features_in_"):
                check_same_columns(fitted, value.columns)
            model._check_same_targets(fitted, value.encoding)
            (job,) = value.model.jobs({0: 0}, value.encoding)
            if check:
                model._warn_if_other(fitted, value, job.slices[0].X)
            known = replace(
                value.model,
                models=((copy.deepcopy(fitted),),),
                classes=(job.classes,),
            )
            model._fitted = replace(value, model=known)
        # requests fit clones of it: what it was given need not be kept fitted
        model.estimator = value.model.recipe.estimator
        return model

    def _warn_if_other(self, fitted, value, X):
        """Say where a fit to the data is another one than that which was given."""

        def another():
            return self._trained(value.model, value.encoding, {0: 0}, "fit").final[0]

        again = another()
        different = first_difference(fitted, again, X)
        if different is None:
            return
        said = said_of_difference(fitted, different, again, another, X)
        warn(said, DataMismatchWarning)

    def _warn_if_random(self):
        """Say of an estimator without a seed that another fit gives another one."""
        value = self._fitted
        fitted = value.model.final[0]
        if unseeded_in(fitted):
            (job,) = value.model.jobs({0: 0}, value.encoding)
            self._warn_if_other(fitted, value, job.slices[0].X)

    def to_sklearn(self, drop_forgotten: bool = False) -> Any:
        """The estimator that was trained last, without the rows, to deploy.

        Parameters
        ----------
        drop_forgotten : bool, default=False
            After columns were forgotten: whether it takes only those that remain. If
            False it is a pipeline whose first step drops the others.

        Returns
        -------
        estimator
        """
        fitted = self._checked()
        plain = copy.deepcopy(fitted.model.final[0])
        if fitted.columns is None or not fitted.forgotten.any() or drop_forgotten:
            return plain
        return self._dropping(fitted, plain, drop_forgotten)

    @property
    def estimator_(self) -> Any:
        """The estimator that was trained last."""
        return self._learned.model.final[0]

    @property
    def _newest(self):
        """The same or, before ``fit``, what will be trained."""
        if self.__sklearn_is_fitted__():
            return self._fitted.model.final[0]
        return self.estimator

    predict = asked_of_estimator("predict")
    predict_proba = asked_of_estimator("predict_proba")
    predict_log_proba = asked_of_estimator("predict_log_proba")
    decision_function = asked_of_estimator("decision_function")
    transform = asked_of_estimator("transform")

    # Hooks ----------------------------------------------------------------------------

    def _explained(self, name):
        newest = self._newest
        parts = newest.steps if isinstance(newest, Pipeline) else [(name, newest)]
        because = f"; {self._because}" if self._because else ""
        return [
            Explained(
                f"{name}__{part}" if name and part != name else part,
                type(step).__name__,
                f"trained again{without_seed(step)}"
                f"{because if step is parts[-1][1] else ''}",
                "rows" if step is parts[-1][1] else "nothing",
                "a fit",
            )
            for part, step in parts
            if not is_nothing(step)
        ]

    def _check_finite(self, X):
        """Leave that to the estimator, which may fill gaps and does not always say."""

    def _base(self):
        return self.estimator

    def _vote(self, fitted, models):
        return models[0]

    def _check_same_targets(self, fitted: Any, encoding: Any) -> None:
        """Refuse targets that an estimator was not fitted to, as far as it tells."""


def warn_if_random(model):
    """Say of a model without a seed that another fit gives another one."""
    model._warn_if_random()


def with_reason(model, because):
    """A model that says why it is trained again instead of another way."""
    model._because = because
    return model


def reason_of(model):
    """Why a model is trained again, None if nobody said."""
    return model._because
