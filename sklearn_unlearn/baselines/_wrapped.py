"""The base of the baselines: a fitted model of scikit-learn's, and its predictions."""

from __future__ import annotations

import copy
from abc import ABCMeta, abstractmethod
from typing import Any

from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if

from sklearn_unlearn.utils.learned import LearnedColumns
from sklearn_unlearn.utils.tags import UnlearnerTags, UnlearningTags


def _asked(method):
    """What the model answers about the rows that it is shown."""

    def answer(self, X):
        fitted = self._checked()
        return getattr(fitted.estimator, method)(self._shown(fitted, X))

    answer.__name__ = method
    answer.__doc__ = f"``{method}`` of the model, as in scikit-learn."
    return available_if(lambda self: hasattr(self.estimator, method))(answer)


class WrappedModel(
    LearnedColumns, MetaEstimatorMixin, BaseEstimator, metaclass=ABCMeta
):
    """A fitted model of scikit-learn's that a baseline changes or hides columns from.

    The fitted value has ``estimator`` and ``columns``.
    """

    predict = _asked("predict")
    predict_proba = _asked("predict_proba")
    decision_function = _asked("decision_function")

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Accuracy or coefficient of determination, as of the model."""
        fitted = self._checked()
        return fitted.estimator.score(self._shown(fitted, X), y, sample_weight)

    def to_sklearn(self) -> Any:
        """A copy of the fitted scikit-learn model.

        Returns
        -------
        estimator
        """
        return copy.deepcopy(self._checked().estimator)

    @property
    def classes_(self) -> Any:
        """Class labels, if the model is a classifier."""
        return self._learned.estimator.classes_

    def __sklearn_tags__(self):
        tags = get_tags(clone(self.estimator))
        tags.array_api_support = False
        # they take sparse rows, which scikit-learn 1.6 does not say
        tags.input_tags.sparse |= isinstance(
            self.estimator, (LogisticRegression, Ridge)
        )
        promised = UnlearningTags.of(self, exact=False)
        return UnlearnerTags.extending(tags, promised)

    @abstractmethod
    def _shown(self, fitted, X):
        """The rows that the model is asked about."""
