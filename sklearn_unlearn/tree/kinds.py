"""Classifiers and regressors of trees: targets, predictions, export."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from sklearn_unlearn.core.trees.rules import Criterion
from sklearn_unlearn.row_models import present_classes
from sklearn_unlearn.tree.model import TreeModel
from sklearn_unlearn.utils.targets import (
    Labels,
    Targets,
    check_labels,
    given_weights,
)
from sklearn_unlearn.utils.validation import check_numeric_targets


class TreeClassifier(ClassifierMixin, TreeModel):
    """A classifier of one or many trees."""

    _criteria: ClassVar[dict[str, Criterion]] = {
        "gini": Criterion.GINI,
        "entropy": Criterion.ENTROPY,
        "log_loss": Criterion.ENTROPY,
    }

    #: Whether "balanced" counts rows; since scikit-learn 1.9 forests count weights.
    _balances_rows: ClassVar[bool] = False

    @property
    def classes_(self) -> Any:
        """Class labels, sorted; shape (n_classes,)."""
        return self._learned.encoding.classes

    @property
    def n_classes_(self) -> Any:
        """Number of classes."""
        return len(self._learned.encoding.classes)

    def predict_proba(self, X: Any) -> np.ndarray:
        """The mean over trees of the shares of the classes in the leaves of rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.
        """
        return self._mean(self._checked(), X)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Logarithms of `predict_proba`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def predict(self, X: Any) -> np.ndarray:
        """The class of the largest mean share.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        fitted = self._checked()
        votes = self._mean(fitted, X)
        return fitted.encoding.classes[votes.argmax(axis=1)]

    # Hooks ----------------------------------------------------------------------------

    def _encoding(self, y, weight):
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        classes = np.unique(y)
        given = given_weights(self.class_weight, classes)
        return Labels(classes, False, given, self._balances_rows)

    def _node_values(self, fitted, tree):
        return (tree.sums / tree.sums.sum(axis=0)).T

    def _left(self, encoding, retained, fewest=1):
        return present_classes(encoding, retained, fewest)

    def _check_classes(self, classes, known, y=None):
        check_labels(classes, known, y)


class TreeRegressor(RegressorMixin, TreeModel):
    """A regressor of one or many trees."""

    _criteria: ClassVar[dict[str, Criterion]] = {
        "squared_error": Criterion.SQUARED_ERROR
    }

    def predict(self, X: Any) -> Any:
        """The mean over trees of the mean targets in the leaves of rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
        """
        fitted = self._checked()
        means = self._mean(fitted, X)
        return means[:, 0] if fitted.encoding.is_vector else means

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    # Hooks ----------------------------------------------------------------------------

    _target_checks: ClassVar[dict[str, object]] = {
        "multi_output": True,
        "y_numeric": True,
    }

    def _encoding(self, y, weight):
        y = check_numeric_targets(y)
        n_outputs = 1 if y.ndim == 1 else y.shape[1]
        return Targets(n_outputs, n_outputs == 1, None)

    def _node_values(self, fitted, tree):
        return fitted.model.scales.means(tree.sums)

    def _left(self, encoding, retained, fewest=1):
        return encoding, retained
