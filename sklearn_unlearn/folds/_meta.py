"""Estimators of scikit-learn's that are made of models of folds, and unlearn."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if

from sklearn_unlearn.core.rows import fitting
from sklearn_unlearn.folds._estimator import FoldedFit, FoldedModel
from sklearn_unlearn.folds._members import Members
from sklearn_unlearn.folds._played import Played, Source
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

    def fit(self, X, y, sample_weight=None, *, row_ids=None):
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

    def _first_members(self, rows, living):
        """The models of all folds, fitted."""
        specs = tuple(clone(each) for each in self._inner())
        splits: list[Any] = list(range(rows.n_splits))
        splits += [None] if self._on_all_rows() else []
        cells = [(number, s) for number in range(len(specs)) for s in splits]
        return Members(specs, {}).with_fits(cells, living, self.n_jobs)

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

    def __getattr__(self, name):
        fitted = vars(self).get("_fitted")
        if fitted is None or name.startswith("_") or not name.endswith("_"):
            raise AttributeError(f"This {type(self).__name__} has no {name!r}.")
        return getattr(fitted.outcome, name)

    @property
    def classes_(self):
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
