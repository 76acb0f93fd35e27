"""Naive Bayes of counts and of binary columns, which unlearns exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.naive_bayes import BernoulliNB, ComplementNB, MultinomialNB
from sklearn.preprocessing import binarize

from sklearn_unlearn.naive_bayes._base import NaiveBayes
from sklearn_unlearn.sufficient_statistics import Learned

#: What ``alpha`` is at least, unless ``force_alpha``.
_SMALLEST_ALPHA = 1e-10


class DiscreteNaiveBayes(NaiveBayes):
    """Naive Bayes whose statistics are counts."""

    _by_column = ("alpha",)

    class_log_prior_ = Learned()
    feature_log_prob_ = Learned()

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.classifier_tags.poor_score = True
        return tags

    def _fill(self, estimator, statistics, params, before):
        # _BaseDiscreteNB._update_class_log_prior
        weight = statistics.classes.weight.rounded()
        estimator.class_count_ = weight
        if estimator.class_prior is None and estimator.fit_prior:
            estimator.class_log_prior_ = np.log(weight) - np.log(weight.sum())
        self._fill_columns(estimator, statistics)

    def _fill_columns(self, estimator, statistics):
        """Give scikit-learn's estimator what it learns of each column."""
        raise NotImplementedError


def alpha_of(estimator):
    """The smoothing that is applied (``_BaseDiscreteNB._check_alpha``)."""
    alpha = np.asarray(estimator.alpha, dtype=np.float64)
    return alpha if estimator.force_alpha else np.maximum(alpha, _SMALLEST_ALPHA)


class _ColumnCounts(DiscreteNaiveBayes):
    """Naive Bayes with one count a class and column."""

    feature_count_ = Learned()

    def _fill_columns(self, estimator, statistics):
        estimator.feature_count_ = statistics.classes.first.rounded()
        values = statistics.values
        if values != "any":
            # weights that leave in parts need not add up to the last bit
            largest = estimator.class_count_[:, None] if values == "unit" else None
            np.clip(
                estimator.feature_count_, 0.0, largest, out=estimator.feature_count_
            )
        estimator.feature_log_prob_ = self._log_prob(estimator, alpha_of(estimator))

    def _log_prob(self, estimator, alpha):
        """``feature_log_prob_`` of an estimator that has all else."""
        raise NotImplementedError


class _Counting(_ColumnCounts):
    """Naive Bayes of numbers of occurrences."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        return tags


class UnlearnableMultinomialNB(_Counting):
    """Naive Bayes of counts that unlearns rows, values, labels and columns.

    A twin of :class:`sklearn.naive_bayes.MultinomialNB`. Requests are exact: sums are
    kept without rounding, so that a row that leaves leaves no trace.

    Parameters
    ----------
    alpha : float or array-like of shape (n_features,), default=1.0
        Additive smoothing.
    force_alpha : bool, default=True
        Whether ``alpha`` may be below 1e-10.
    fit_prior : bool, default=True
        Whether probabilities of the classes are learned; else they are equal.
    class_prior : array-like of shape (n_classes,), default=None
        Probabilities of the classes.
    retain_data : bool, default=False
        If True, a reference to the training data is kept: rows are checked to be in,
        can be named by ``row_ids``, and are summed again where a step of a pipeline
        changes all of them.

    Attributes
    ----------
    class_count_ : ndarray of shape (n_classes,)
        Summed weight of each class.
    class_log_prior_ : ndarray of shape (n_classes,)
    classes_ : ndarray of shape (n_classes,)
        Those that have rows.
    feature_count_ : ndarray of shape (n_classes, n_columns)
        Weighted sums of the columns that are not forgotten.
    feature_log_prob_ : ndarray of shape (n_classes, n_columns)
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had string column names.

    Examples
    --------
    >>> from sklearn_unlearn import UnlearnableMultinomialNB
    >>> X, y = [[2, 1, 0], [1, 0, 3], [0, 4, 1], [1, 1, 1]], [0, 1, 1, 0]
    >>> clf = UnlearnableMultinomialNB().fit(X, y).partial_unfit([[1, 0, 3]], [1])
    >>> clf.feature_count_
    array([[3., 2., 1.],
           [0., 4., 1.]])
    """

    _twin_class = MultinomialNB

    def __init__(
        self,
        *,
        alpha: Any = 1.0,
        force_alpha: bool = True,
        fit_prior: bool = True,
        class_prior: Any = None,
        retain_data: bool = False,
    ) -> None:
        self.alpha = alpha
        self.force_alpha = force_alpha
        self.fit_prior = fit_prior
        self.class_prior = class_prior
        self.retain_data = retain_data

    # Hooks --------------------------------------------------------------------------

    def _log_prob(self, estimator, alpha):
        # MultinomialNB._update_feature_log_prob
        smoothed = estimator.feature_count_ + alpha
        return np.log(smoothed) - np.log(smoothed.sum(axis=1, keepdims=True))


class UnlearnableComplementNB(_Counting):
    """Complement naive Bayes that unlearns rows, values, labels and columns.

    A twin of :class:`sklearn.naive_bayes.ComplementNB`. Requests are exact: sums are
    kept without rounding, so that a row that leaves leaves no trace.

    Parameters
    ----------
    alpha : float or array-like of shape (n_features,), default=1.0
        Additive smoothing.
    force_alpha : bool, default=True
        Whether ``alpha`` may be below 1e-10.
    fit_prior : bool, default=True
        Whether probabilities of the classes are learned; only used if there is one.
    class_prior : array-like of shape (n_classes,), default=None
        Probabilities of the classes; not used.
    norm : bool, default=False
        Whether weights are normalised a second time.
    retain_data : bool, default=False
        If True, a reference to the training data is kept: rows are checked to be in,
        can be named by ``row_ids``, and are summed again where a step of a pipeline
        changes all of them.

    Attributes
    ----------
    class_count_ : ndarray of shape (n_classes,)
        Summed weight of each class.
    class_log_prior_ : ndarray of shape (n_classes,)
    classes_ : ndarray of shape (n_classes,)
        Those that have rows.
    feature_all_ : ndarray of shape (n_columns,)
        Sums of ``feature_count_`` over the classes.
    feature_count_ : ndarray of shape (n_classes, n_columns)
        Weighted sums of the columns that are not forgotten.
    feature_log_prob_ : ndarray of shape (n_classes, n_columns)
        Weights of the columns.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had string column names.

    Examples
    --------
    >>> from sklearn_unlearn import UnlearnableComplementNB
    >>> X, y = [[2, 1, 0], [1, 0, 3], [0, 4, 1], [1, 1, 1]], [0, 1, 1, 0]
    >>> clf = UnlearnableComplementNB().fit(X, y).replace_labels([[1, 0, 3]], [1], [0])
    >>> clf.feature_count_
    array([[4., 2., 4.],
           [0., 4., 1.]])
    """

    _twin_class = ComplementNB

    feature_all_ = Learned()

    def __init__(
        self,
        *,
        alpha: Any = 1.0,
        force_alpha: bool = True,
        fit_prior: bool = True,
        class_prior: Any = None,
        norm: bool = False,
        retain_data: bool = False,
    ) -> None:
        self.alpha = alpha
        self.force_alpha = force_alpha
        self.fit_prior = fit_prior
        self.class_prior = class_prior
        self.norm = norm
        self.retain_data = retain_data

    # Hooks --------------------------------------------------------------------------

    def _log_prob(self, estimator, alpha):
        # ComplementNB._update_feature_log_prob
        estimator.feature_all_ = estimator.feature_count_.sum(axis=0)
        others = estimator.feature_all_ + alpha - estimator.feature_count_
        logged = np.log(others / others.sum(axis=1, keepdims=True))
        return logged / logged.sum(axis=1, keepdims=True) if estimator.norm else -logged


class UnlearnableBernoulliNB(_ColumnCounts):
    """Naive Bayes of binary columns that unlearns rows, values, labels and columns.

    A twin of :class:`sklearn.naive_bayes.BernoulliNB`. Requests are exact: sums are
    kept without rounding, so that a row that leaves leaves no trace.

    Parameters
    ----------
    alpha : float or array-like of shape (n_features,), default=1.0
        Additive smoothing.
    force_alpha : bool, default=True
        Whether ``alpha`` may be below 1e-10.
    binarize : float or None, default=0.0
        Values above are ones, others zeros; None if X is binary already, which is not
        checked.
    fit_prior : bool, default=True
        Whether probabilities of the classes are learned; else they are equal.
    class_prior : array-like of shape (n_classes,), default=None
        Probabilities of the classes.
    retain_data : bool, default=False
        If True, a reference to the training data is kept: rows are checked to be in,
        can be named by ``row_ids``, and are summed again where a step of a pipeline
        changes all of them.

    Attributes
    ----------
    class_count_ : ndarray of shape (n_classes,)
        Summed weight of each class.
    class_log_prior_ : ndarray of shape (n_classes,)
    classes_ : ndarray of shape (n_classes,)
        Those that have rows.
    feature_count_ : ndarray of shape (n_classes, n_columns)
        Weighted sums of the columns that are not forgotten.
    feature_log_prob_ : ndarray of shape (n_classes, n_columns)
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had string column names.

    Examples
    --------
    >>> from sklearn_unlearn import UnlearnableBernoulliNB
    >>> X, y = [[1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 0, 0]], [0, 1, 1, 0]
    >>> clf = UnlearnableBernoulliNB().fit(X, y).forget_features([1])
    >>> clf.feature_count_
    array([[2., 0.],
           [1., 2.]])
    """

    _twin_class = BernoulliNB

    def __init__(
        self,
        *,
        alpha: Any = 1.0,
        force_alpha: bool = True,
        binarize: float | None = 0.0,
        fit_prior: bool = True,
        class_prior: Any = None,
        retain_data: bool = False,
    ) -> None:
        self.alpha = alpha
        self.force_alpha = force_alpha
        self.binarize = binarize
        self.fit_prior = fit_prior
        self.class_prior = class_prior
        self.retain_data = retain_data

    # Hooks --------------------------------------------------------------------------

    def _encode(self, X, params):
        threshold = params["binarize"]
        return X if threshold is None else binarize(X, threshold=threshold), None

    def _follows(self, change, params):
        threshold = params["binarize"]
        if threshold is None:
            return True
        # columns that are others, and zeros where a word is new
        linear = sp.csr_array(change.linear)
        selects = np.all(linear.data == 1.0) and np.all(np.diff(linear.indptr) <= 1)
        return bool(selects and not change.shift.any() and threshold >= 0.0)

    def _values(self, params):
        return "any" if params["binarize"] is None else "unit"

    def _log_prob(self, estimator, alpha):
        # BernoulliNB._update_feature_log_prob
        counts = np.log(estimator.class_count_[:, None] + 2.0 * alpha)
        return np.log(estimator.feature_count_ + alpha) - counts
