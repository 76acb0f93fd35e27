"""`Discriminant`: the base of linear and quadratic discriminant analysis."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.covariance import shrunk_covariance

from sklearn_unlearn.exceptions import ProblemTooLargeError
from sklearn_unlearn.sufficient_statistics import Learned, StatisticalClassifier

#: Entries of all covariance matrices; with exact sums each takes some 80 bytes.
LARGEST = 2**26


class Discriminant(StatisticalClassifier):
    """A classifier made of means and covariance matrices."""

    _second = "pairs"
    _fewest = 2

    covariance_ = Learned()
    means_ = Learned()
    priors_ = Learned()
    scalings_ = Learned()

    def decision_function(self, X: Any) -> Any:
        """Logarithms of the posterior probabilities, up to a constant.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            Of two classes, the difference.
        """
        return self._asked("decision_function", X)

    # Hooks --------------------------------------------------------------------------

    def _check_parameters(self, params):
        if params["covariance_estimator"] is not None:
            raise ValueError(
                "covariance_estimator must be None: an estimator needs all rows, of "
                "which the model keeps sums."
            )
        shrinkage = params["shrinkage"]
        if isinstance(shrinkage, str) and shrinkage == "auto":
            raise ValueError(
                "shrinkage='auto' is not supported: the Ledoit-Wolf lemma needs fourth "
                "moments of the rows, of which the model keeps second ones. Pass a "
                "number."
            )

    def _check_size(self, n_classes, n_columns):
        if n_classes * n_columns**2 > LARGEST:
            raise ProblemTooLargeError(
                f"The covariance matrices of {n_classes} classes in {n_columns} "
                f"columns have more than {LARGEST} entries. Take fewer columns, or "
                "naive Bayes, which keeps variances alone."
            )


def shrunk(covariance, shrinkage):
    """A covariance matrix as ``shrinkage`` wants it."""
    if shrinkage is None:
        return covariance
    return shrunk_covariance(covariance, shrinkage)


def covariances(statistics, lost=0):
    """Covariance matrix of each class; ``lost`` degrees of freedom."""
    size = statistics.weight.rounded() - lost
    return statistics.scatter() / size[:, None, None]


def pairs_of_rows(classes, n_columns, distance=1.0):
    """Two rows a class, which differ in all columns."""
    rows = 10.0 * distance * np.repeat(np.arange(classes.size), 2)
    rows[::2] += distance
    return np.repeat(rows[:, None], n_columns, axis=1), np.repeat(classes, 2)
