"""Classifiers that unlearn from sums over the rows of each class."""

from __future__ import annotations

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets

from sklearn_unlearn.statistical._model import StatisticalModel
from sklearn_unlearn.utils.asked import ProbabilityMixin
from sklearn_unlearn.utils.learned import Learned
from sklearn_unlearn.utils.validation import label_positions


class StatisticalClassifier(ProbabilityMixin, ClassifierMixin, StatisticalModel):
    """A classifier that is a function of sums over the rows of each class.

    A subclass gives the constructor, the twin's class, and the hooks `_encoded`,
    `_example` and `_complete`.
    """

    classes_ = Learned()

    # Verbs --------------------------------------------------------------------------

    def fit(self, X, y):
        """Fit the model.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
            Labels.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a parameter or the data are invalid.
        """
        return self._fit(X, y)

    def partial_unfit(self, X, y):
        """Forget rows: the model as if it had never been trained on them.

        A class that loses all rows disappears, if at least two are left.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            The rows, with the values that they were trained with.
        y : array-like of shape (n_rows,)
            Their labels.

        Returns
        -------
        self : object

        Raises
        ------
        UnlearningError
            A subclass says why the request was refused; the model is unchanged.
        """
        return self._unfit(X, y)

    def replace_features(self, X, y, X_new):
        """Correct values: the model as if the rows had been ``X_new`` all along.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            The rows as they were trained with.
        y : array-like of shape (n_rows,)
            Their labels.
        X_new : array-like of shape (n_rows, n_features)
            The rows as they should have been.

        Returns
        -------
        self : object

        Raises
        ------
        UnlearningError
            A subclass says why the request was refused; the model is unchanged.
        """
        return self._replace_features(X, y, X_new)

    def replace_labels(self, X, y, y_new):
        """Correct labels: the model as if they had been ``y_new`` all along.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            The rows as they were trained with.
        y : array-like of shape (n_rows,)
            Their labels as they were trained with.
        y_new : array-like of shape (n_rows,)
            Their labels as they should have been.

        Returns
        -------
        self : object

        Raises
        ------
        UnlearningError
            A subclass says why the request was refused; the model is unchanged.
        """
        return self._replace_labels(X, y, y_new)

    def partial_fit(self, X, y, classes=None):
        """Learn rows: the model as if it had been trained on them too.

        On an unfitted estimator this is ``fit``.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
        y : array-like of shape (n_rows,)
        classes : array-like of shape (n_classes,), optional
            In the first call all labels that may ever come; those of ``y`` by default.
            A class is in ``classes_`` while it has rows.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a label is not one of those that the first call named.
        """
        return self._partial_fit(X, y, classes)

    # Hooks --------------------------------------------------------------------------

    def _labels(self, y, classes):
        check_classification_targets(y)
        return np.unique(y if classes is None else classes)

    def _check_classes(self, classes, labels):
        if classes is not None and not np.array_equal(np.unique(classes), labels):
            raise ValueError(
                f"classes={classes!r} is not the same as on the first call: "
                f"{labels.tolist()!r}"
            )

    def _targets(self, y, labels):
        return label_positions(labels, y)

    def _joined(self, X, targets):
        return X, targets
