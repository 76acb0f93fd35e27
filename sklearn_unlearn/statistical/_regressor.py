"""Regressors that unlearn from sums of columns, targets and their products."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils import check_array, column_or_1d

from sklearn_unlearn.statistical._model import StatisticalModel


class StatisticalRegressor(RegressorMixin, StatisticalModel):
    """A regressor that is a function of sums over all rows.

    The target is the last column of what is summed, and all rows are of one class.
    """

    # Verbs --------------------------------------------------------------------------

    def fit(self, X, y, sample_weight=None):
        """Fit the model.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
            Targets.
        sample_weight : array-like of shape (n_samples,) or float, optional
            A row of weight two is two rows, and of weight zero none.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a parameter or the data are invalid.
        """
        return self._fit(X, y, sample_weight)

    def partial_unfit(self, X, y, sample_weight=None):
        """Forget rows: the model as if it had never been trained on them.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            The rows, with the values that they were trained with.
        y : array-like of shape (n_rows,)
            Their targets.
        sample_weight : array-like of shape (n_rows,) or float, optional
            How much weight leaves; None means 1 for each row.

        Returns
        -------
        self : object

        Raises
        ------
        UnlearningError
            A subclass says why the request was refused; the model is unchanged.
        """
        return self._unfit(X, y, sample_weight)

    def replace_features(self, X, y, X_new, sample_weight=None):
        """Correct values: the model as if the rows had been ``X_new`` all along.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            The rows as they were trained with.
        y : array-like of shape (n_rows,)
            Their targets.
        X_new : array-like of shape (n_rows, n_features)
            The rows as they should have been.
        sample_weight : array-like of shape (n_rows,) or float, optional
            As for `partial_unfit`.

        Returns
        -------
        self : object

        Raises
        ------
        UnlearningError
            A subclass says why the request was refused; the model is unchanged.
        """
        return self._replace_features(X, y, X_new, sample_weight)

    def replace_labels(self, X, y, y_new, sample_weight=None):
        """Correct targets: the model as if they had been ``y_new`` all along.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            The rows as they were trained with.
        y : array-like of shape (n_rows,)
            Their targets as they were trained with.
        y_new : array-like of shape (n_rows,)
            Their targets as they should have been.
        sample_weight : array-like of shape (n_rows,) or float, optional
            As for `partial_unfit`.

        Returns
        -------
        self : object

        Raises
        ------
        UnlearningError
            A subclass says why the request was refused; the model is unchanged.
        """
        return self._replace_labels(X, y, y_new, sample_weight)

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Learn rows: the model as if it had been trained on them too.

        On an unfitted estimator this is ``fit``.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
        y : array-like of shape (n_rows,)
        classes : None
            A regressor has none.
        sample_weight : array-like of shape (n_rows,) or float, optional

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If ``classes`` is given or the data are invalid.
        """
        return self._partial_fit(X, y, classes, sample_weight)

    # Hooks --------------------------------------------------------------------------

    _target_checks: ClassVar = {"y_numeric": True}

    def _labels(self, y, classes):
        self._check_classes(classes, None)
        return np.zeros(1)

    def _check_classes(self, classes, labels):
        if classes is not None:
            raise ValueError("classes must be None: a regressor has none.")

    def _targets(self, y, labels):
        y = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y")
        return column_or_1d(y, warn=True)

    def _joined(self, X, targets):
        return np.column_stack([X, targets]), np.zeros(X.shape[0], dtype=np.intp)

    def _kept(self, kept, evidence):
        return np.append(kept, evidence.classes.first.shape[1] - 1)
