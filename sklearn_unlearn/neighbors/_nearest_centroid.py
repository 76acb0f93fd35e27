"""Nearest centroids that unlearn exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.neighbors import NearestCentroid

from sklearn_unlearn.sufficient_statistics import Learned, StatisticalClassifier
from sklearn_unlearn.utils.messages import warn


class UnlearnableNearestCentroid(StatisticalClassifier):
    """Nearest centroids that unlearn rows, values, labels and columns.

    A twin of :class:`sklearn.neighbors.NearestCentroid` for the Euclidean metric.
    Requests are exact: sums are kept without rounding, so that a row that leaves leaves
    no trace.

    Parameters
    ----------
    metric : {"euclidean"}, default="euclidean"
        "manhattan" is refused: its centroids are medians, which need all rows.
    shrink_threshold : float, default=None
        By how much deviations of the centroids from their common mean are shrunk.
    priors : {"uniform", "empirical"} or array-like of shape (n_classes,), \
            default="uniform"
        Probabilities of the classes.
    retain_data : bool, default=False
        If True, a reference to the training data is kept: rows are checked to be in,
        can be named by ``row_ids``, and are summed again where a step of a pipeline
        changes all of them.

    Attributes
    ----------
    centroids_ : ndarray of shape (n_classes, n_columns)
        Of the columns that are not forgotten.
    class_prior_ : ndarray of shape (n_classes,)
    classes_ : ndarray of shape (n_classes,)
        Those that have rows.
    deviations_ : ndarray of shape (n_classes, n_columns)
        Deviations of the centroids, shrunk, in standard deviations.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had string column names.
    within_class_std_dev_ : ndarray of shape (n_columns,)

    Examples
    --------
    >>> from sklearn_unlearn import UnlearnableNearestCentroid
    >>> X, y = [[0, 1], [2, 5], [4, 1], [8, 3], [6, 1]], [0, 0, 1, 1, 1]
    >>> clf = UnlearnableNearestCentroid().fit(X, y).partial_unfit([[6, 1]], [1])
    >>> clf.centroids_
    array([[1., 3.],
           [6., 2.]])
    """

    _twin_class = NearestCentroid
    _second = "columns"
    _fewest = 2

    centroids_ = Learned()
    class_prior_ = Learned()
    deviations_ = Learned()
    within_class_std_dev_ = Learned()

    def __init__(
        self,
        metric: str = "euclidean",
        *,
        shrink_threshold: float | None = None,
        priors: Any = "uniform",
        retain_data: bool = False,
    ) -> None:
        self.metric = metric
        self.shrink_threshold = shrink_threshold
        self.priors = priors
        self.retain_data = retain_data

    def decision_function(self, X: Any) -> Any:
        """Discriminant scores.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
        """
        return self._asked("decision_function", X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    # Hooks --------------------------------------------------------------------------

    def _check_parameters(self, params):
        if isinstance(params["metric"], str) and params["metric"] == "manhattan":
            raise ValueError(
                "metric='manhattan' is not supported: its centroids are medians, which "
                "cannot be corrected without all rows."
            )

    def _example(self, classes, n_columns, params):
        rows = 10.0 * np.repeat(np.arange(classes.size), 2)
        rows[::2] += 1.0
        return np.repeat(rows[:, None], n_columns, axis=1), np.repeat(classes, 2)

    def _fill(self, estimator, statistics, params, before):
        # NearestCentroid.fit
        sums = statistics.classes
        size = sums.weight.rounded()
        n_rows, n_classes = size.sum(), size.size
        if isinstance(estimator.priors, str) and estimator.priors == "empirical":
            estimator.class_prior_ = size / n_rows
        everything = sums.pooled()
        if not everything.scatter().any():
            raise ValueError(
                "All features have zero variance. Division by zero. So they have where "
                "X is so small that squares are below the smallest float, as those of "
                "1e-162 are: scale it."
            )
        variance = sums.scatter().sum(axis=0)
        with np.errstate(invalid="ignore"):
            deviation = np.sqrt(np.maximum(variance, 0.0) / (n_rows - n_classes))
        if np.any(deviation == 0.0):
            warn(
                "self.within_class_std_dev_ has at least 1 zero standard deviation."
                "Inputs within the same classes for at least 1 feature are identical.",
                UserWarning,
            )
        centroids, centre = sums.mean(), everything.mean()
        share = np.sqrt(1.0 / size - 1.0 / n_rows)
        scale = share[:, None] * (deviation + np.median(deviation))
        shifts = (centroids - centre) / scale
        if estimator.shrink_threshold:
            size_left = np.maximum(np.abs(shifts) - estimator.shrink_threshold, 0.0)
            shifts = np.sign(shifts) * size_left
            centroids = centre + scale * shifts
        estimator.within_class_std_dev_ = deviation
        estimator.centroids_, estimator.deviations_ = centroids, shifts
