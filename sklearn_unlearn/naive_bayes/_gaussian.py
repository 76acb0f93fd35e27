"""Gaussian naive Bayes that unlearns exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.naive_bayes import GaussianNB

from sklearn_unlearn.exceptions import InsufficientWeightError
from sklearn_unlearn.naive_bayes._base import NaiveBayes
from sklearn_unlearn.sufficient_statistics import Learned


class UnlearnableGaussianNB(NaiveBayes):
    """Gaussian naive Bayes that unlearns rows, values, labels and columns.

    A twin of :class:`sklearn.naive_bayes.GaussianNB`. Requests are exact: sums are kept
    without rounding, so that a row that leaves leaves no trace.

    Parameters
    ----------
    priors : array-like of shape (n_classes,), default=None
        Probabilities of the classes; those of the data by default.
    var_smoothing : float, default=1e-9
        Share of the largest variance of a column that is added to all variances. That
        variance is of the rows that are in the model, whatever their weight, as the
        twin's ``fit`` has it: a row counts as gone with the first weight that leaves.
    retain_data : bool, default=False
        If True, a reference to the training data is kept: rows are checked to be in,
        can be named by ``row_ids``, and are summed again where a step of a pipeline
        changes all of them.

    Attributes
    ----------
    class_count_ : ndarray of shape (n_classes,)
        Summed weight of each class.
    class_prior_ : ndarray of shape (n_classes,)
    classes_ : ndarray of shape (n_classes,)
        Those that have rows.
    epsilon_ : float
        What is added to the variances.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had string column names.
    theta_ : ndarray of shape (n_classes, n_columns)
        Means of the columns that are not forgotten.
    var_ : ndarray of shape (n_classes, n_columns)
        Their variances.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_unlearn import UnlearnableGaussianNB
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = UnlearnableGaussianNB().fit(X, y).partial_unfit(X[:9], y[:9])
    >>> refit = UnlearnableGaussianNB().fit(X[9:], y[9:])
    >>> bool((clf.var_ == refit.var_).all())
    True
    """

    _twin_class = GaussianNB
    _second = "columns"
    _counts_rows = True

    class_prior_ = Learned()
    epsilon_ = Learned()
    theta_ = Learned()
    var_ = Learned()

    def __init__(
        self,
        *,
        priors: Any = None,
        var_smoothing: float = 1e-9,
        retain_data: bool = False,
    ) -> None:
        self.priors = priors
        self.var_smoothing = var_smoothing
        self.retain_data = retain_data

    # Hooks --------------------------------------------------------------------------

    def _fill(self, estimator, statistics, params, before):
        # GaussianNB._partial_fit, for a first call
        weight = statistics.classes.weight.rounded()
        n_rows = statistics.rows.weight.rounded()[0]
        if n_rows < 1.0:
            raise InsufficientWeightError(
                "More rows would leave than the model was trained on. A row counts as "
                "gone with the first weight that leaves: take out all of it at once."
            )
        spread = np.maximum(statistics.rows.scatter()[0], 0.0) / n_rows
        scatter = np.maximum(statistics.classes.scatter(), 0.0)
        estimator.epsilon_ = estimator.var_smoothing * spread.max()
        estimator.theta_ = statistics.classes.mean()
        estimator.var_ = scatter / weight[:, None] + estimator.epsilon_
        estimator.class_count_ = weight
        if estimator.priors is None:
            estimator.class_prior_ = weight / weight.sum()
