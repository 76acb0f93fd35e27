"""`NaiveBayes`: the base of all models of naive Bayes."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np

from sklearn_unlearn.sufficient_statistics import Learned, StatisticalClassifier


class NaiveBayes(StatisticalClassifier):
    """A `StatisticalClassifier` whose rows have weights."""

    _accepts: ClassVar[frozenset[str]] = frozenset(
        {"out", "into", "columns", "y", "sample_weight", "row_ids"}
    )

    class_count_ = Learned()

    def fit(
        self, X: Any, y: Any = None, sample_weight: Any = None, *, row_ids: Any = None
    ) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or DataBlocks
            Sparse where the twin takes it. Blocks have y and weights in them.
        y : array-like of shape (n_samples,)
            Labels.
        sample_weight : array-like of shape (n_samples,) or float, optional
            A row of weight two is two rows, and of weight zero none.
        row_ids : array-like of shape (n_samples,) or (n_samples, 2), optional
            With ``retain_data=True``, identifiers by which requests can name rows.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a parameter or the data are invalid.
        """
        return self._fit(X, y, sample_weight, row_ids=row_ids)

    def predict_joint_log_proba(self, X: Any) -> np.ndarray:
        """Logarithms of the joint probabilities of rows and classes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.
        """
        return self._asked("predict_joint_log_proba", X)
