"""Estimators that are made of models of all rows, each of a part of the targets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.base import clone

from sklearn_unlearn.folds._members import Members
from sklearn_unlearn.folds._meta import FoldedMeta


@dataclass(frozen=True)
class Column:
    """One of several columns of targets.

    Attributes
    ----------
    place : int
    """

    place: int

    def __call__(self, y):
        """The column."""
        return np.ascontiguousarray(y[:, self.place])


@dataclass(frozen=True)
class IsLabel:
    """Whether a row has a label, as 0 and 1.

    Attributes
    ----------
    label : object
    """

    label: Any

    def __call__(self, y):
        """An int for each target."""
        return (y == self.label).astype(int)


class SeveralModels(FoldedMeta):
    """What such estimators share.

    A subclass says what each model learns of the targets, which of them there are, and
    what scikit-learn's estimator of these is.
    """

    # Hooks ----------------------------------------------------------------------------

    def _views(self, encoding: Any) -> list[Any]:
        """What each model learns of the targets."""
        raise NotImplementedError

    def _there(self, members: Any, y: np.ndarray) -> list[int]:
        """Numbers of the models that there are for these targets."""
        return list(range(len(members.views)))

    def _assembled(self, models: list[Any], y: np.ndarray) -> Any:
        """scikit-learn's estimator of fitted models, in the order of `_there`."""
        raise NotImplementedError

    # ----------------------------------------------------------------------------------

    def _unfitted_members(self, rows):
        views = tuple(self._views(rows.encoding))
        specs = tuple(clone(self.estimator) for _ in views)
        return Members(specs, {}, views=views)

    def _models_of_all_rows(self, fitted, members, y):
        # the others say the one label that all rows have
        kind = type(fitted.estimator)
        models = [model for model in fitted.estimators_ if type(model) is kind]
        there = self._there(members, y)
        return dict(zip(there, models, strict=True))

    def _completed(self, members, living):
        there = self._there(members, living.trained(None).y)
        fitted = {
            (number, None): members.fitted[number, None]
            for number in there
            if (number, None) in members.fitted
        }
        missing = [(number, None) for number in there if (number, None) not in fitted]
        members = replace(members, fitted=fitted)
        if not missing:
            return members
        return members.with_fits(missing, living, self.n_jobs)

    def _concluded(self, fitted, before, moved, living, change):
        members = self._completed(fitted.members, living)
        fitted = replace(fitted, members=members)
        return super()._concluded(fitted, before, moved, living, change)

    def _made(self, members, living):
        y = living.trained(None).y
        models = []
        for number in self._there(members, y):
            member = members.fitted[number, None]
            if member.error is not None:
                raise member.error
            models.append(member.estimator)
        twin = self._assembled(models, y)
        for name in ("n_features_in_", "feature_names_in_"):
            if models and hasattr(models[0], name):
                setattr(twin, name, getattr(models[0], name))
        return twin

    def _twin(self, estimator):
        """scikit-learn's estimator, unfitted, around another one."""
        params = self.get_params(deep=False)
        return self._twin_class(**{**params, "estimator": estimator})

    @property
    def classes_(self) -> Any:
        """Class labels of scikit-learn's estimator."""
        return self._learned.outcome.classes_
