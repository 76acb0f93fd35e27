"""Probabilities that the fitted estimator of scikit-learn's gives."""

from __future__ import annotations

from typing import Any

import numpy as np


class ProbabilityMixin:
    """Probabilities of a classifier's twin, which ``_asked`` reaches."""

    #: What the fitted twin answers to a method, about rows.
    _asked: Any

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities of the classes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.
        """
        return self._asked("predict_proba", X)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Logarithms of the probabilities of the classes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.
        """
        return self._asked("predict_log_proba", X)
