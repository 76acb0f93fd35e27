"""Estimators of scikit-learn's that are made of models of folds, and unlearn."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import numpy as np
from sklearn.base import clone
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if

from sklearn_unlearn.core.rows import fitting
from sklearn_unlearn.folds._estimator import FoldedFit, FoldedModel
from sklearn_unlearn.folds._export import plain_outcome
from sklearn_unlearn.folds._members import Member, Members
from sklearn_unlearn.folds._played import Played, Source
from sklearn_unlearn.utils.from_sklearn import check_same_columns
from sklearn_unlearn.utils.sharing import shared
from sklearn_unlearn.utils.tags import UnlearnerTags, takes_weights


def of_twin(name):
    """A method of scikit-learn's estimator, of rows without forgotten columns."""

    def has(model):
        return hasattr(super(FoldedMeta, model), name)

    def method(self, X, *arguments, **keywords):
        fitted = self._checked()
        return getattr(fitted.outcome, name)(
            self._shown(fitted, X), *arguments, **keywords
        )

    method.__name__ = name
    method.__doc__ = f"""``{name}`` as in scikit-learn.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix or list of str
        *arguments, **keywords
            As in scikit-learn.

        Returns
        -------
        object
            What scikit-learn's estimator answers.
        """
    return available_if(has)(method)


class FoldedMeta(FoldedModel):
    """What such estimators share; each is a subclass of scikit-learn's.

    The outcome is scikit-learn's estimator, fitted to the models as they are: what it
    learns from their answers it learns anew after each request.
    """

    #: scikit-learn's class.
    _twin_class: Any
    #: Methods that are its own.
    n_jobs: Any = None

    # Hooks ----------------------------------------------------------------------------

    def _inner(self):
        """The estimators that are fitted."""
        return [self.estimator]

    def _insides(self):
        return self._inner()

    def _splits(self, X, y):
        """Splits of the rows; none where all models are of all rows."""
        return []

    def _on_all_rows(self):
        """Whether there are models of all rows as well."""
        return True

    def _played(self, stand_ins):
        """Parameters of scikit-learn's estimator with others in place of the inner."""
        return {"estimator": stand_ins[0]}

    # Fitting --------------------------------------------------------------------------

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, row_ids: Any = None
    ) -> Self:
        """Fit the models of all folds, and what is made of them.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix or list of str
            Kept by reference: do not change it afterwards.
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,) or float, optional
        row_ids : array-like of shape (n_samples,) or (n_samples, 2), optional
            Identifiers, by which requests can name rows.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a parameter or the data are invalid, or a model cannot be fitted.
        """
        with self._exclusive():
            if sample_weight is not None and not self._trains_with_weights:
                raise TypeError(f"{type(self).__name__} takes no sample_weight here.")
            rows, columns = self._read_folds(X, y, sample_weight, row_ids, self._splits)
            living = rows.living()
            members = self._first_members(rows, living)
            twin = self._made(members, living)
            self._fitted = FoldedFit(rows, columns, members, twin)
        return self

    def _unfitted_members(self, rows):
        """What the models are clones of."""
        return Members(tuple(clone(each) for each in self._inner()), {})

    def _first_members(self, rows, living):
        """The models of all folds, fitted."""
        return self._completed(self._unfitted_members(rows), living)

    def _completed(self, members, living):
        """The models that there are now, the missing ones fitted."""
        splits: list[Any] = list(range(living.rows.n_splits))
        splits += [None] if self._on_all_rows() else []
        cells = [(number, s) for number in range(len(members.specs)) for s in splits]
        missing = [cell for cell in cells if cell not in members.fitted]
        return members.with_fits(missing, living, self.n_jobs) if missing else members

    def _models_of_all_rows(self, fitted, members, y):
        """Models of all rows in scikit-learn's fitted estimator, by their numbers."""
        return dict(enumerate(fitted.estimators_)) if self._on_all_rows() else {}

    def _adopt_models(self, fitted, taken, X, y, sample_weight=None, row_ids=None):
        """Become what scikit-learn's fitted estimator is, with its models of all rows.

        It kept none of those of folds, which are fitted, and what is learned from their
        answers is learned anew.

        Parameters
        ----------
        fitted : estimator
        taken : callable
            Gives the unlearner of a model, of its X, y, and keywords; None if it has to
            be fitted to them.
        X, y, sample_weight, row_ids
            What it was fitted to.
        """
        with self._exclusive():
            if sample_weight is not None and not self._trains_with_weights:
                raise TypeError(f"{type(self).__name__} takes no sample_weight here.")
            rows, columns = self._read_folds(X, y, sample_weight, row_ids, self._splits)
            if columns is not None and hasattr(fitted, "n_features_in_"):
                check_same_columns(fitted, columns)
            living, members = rows.living(), self._unfitted_members(rows)
            part = living.trained(None)
            known = {}
            models = self._models_of_all_rows(fitted, members, part.y)
            for number, model in models.items():
                mine = part.viewed(members.views[number]) if members.views else part
                like = taken(model, mine.X, mine.y, mine.keywords)
                if like is not None:
                    kept = None if columns is None else ~rows.forgotten
                    known[number, None] = Member(like, kept)
            members = self._completed(replace(members, fitted=known), living)
            twin = self._made(members, living)
            self._fitted = FoldedFit(rows, columns, members, twin)

    def _concluded(self, fitted, before, moved, living, change):
        return replace(fitted, outcome=self._made(fitted.members, living))

    def _made(self, members, living):
        """scikit-learn's estimator of these models."""
        for member in members.fitted.values():
            if member.error is not None:
                raise member.error
        source = Source(members, living)
        stand_ins = [
            Played(source, number, spec) for number, spec in enumerate(members.specs)
        ]
        given = {
            name: value
            for name, value in self.get_params(deep=False).items()
            if name not in ("n_jobs", "cv")
        }
        twin = self._twin_class(**(given | self._played(stand_ins)))
        rows = living.rows.targets(living.positions)
        numbers = np.arange(living.positions.size)
        if living.rows.n_splits:
            twin.cv = [
                (source.trained(split), living.held_out_places(split))
                for split in range(living.rows.n_splits)
            ]
        # of folds a model of what the others say is trained, of none they are asked
        with shared(), fitting(min(living.rows.n_splits, 1)):
            twin.fit(numbers[:, None], rows.y, **rows.keywords)
        source.close()
        return twin

    # Reading --------------------------------------------------------------------------

    def to_sklearn(self, drop_forgotten: bool = False) -> Any:
        """scikit-learn's estimator of the models as they are, to deploy.

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
        given, X = self.get_params(deep=False), fitted.model.living().trained(None).X
        plain = plain_outcome(fitted.outcome, given, X)
        columns = fitted.columns
        if columns is not None and columns.names is not None:
            plain.feature_names_in_ = columns.names[~fitted.forgotten].copy()
        return self._dropping(fitted, plain, drop_forgotten)

    def __getattr__(self, name):
        fitted = vars(self).get("_fitted")
        if fitted is None or name.startswith("_") or not name.endswith("_"):
            raise AttributeError(f"This {type(self).__name__} has no {name!r}.")
        return getattr(fitted.outcome, name)

    @property
    def classes_(self) -> Any:
        """Class labels, sorted; shape (n_classes,)."""
        return self._learned.encoding.classes

    predict = of_twin("predict")
    predict_proba = of_twin("predict_proba")
    predict_log_proba = of_twin("predict_log_proba")
    decision_function = of_twin("decision_function")
    transform = of_twin("transform")

    def __sklearn_tags__(self):
        parent: Any = super()
        tags = parent.__sklearn_tags__()
        tags.input_tags = get_tags(self._inner()[0]).input_tags
        tags.target_tags.required = True
        tags.target_tags.multi_output = False
        if tags.classifier_tags is not None:
            tags.classifier_tags.multi_label = False
        promised = self._worth_of(self._inner())
        promised.sample_weight = takes_weights(self)
        return UnlearnerTags.extending(tags, promised)
