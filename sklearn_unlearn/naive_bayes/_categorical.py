"""Naive Bayes of categories that unlearns exactly."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from sklearn.naive_bayes import CategoricalNB
from sklearn.utils import get_tags

from sklearn_unlearn.naive_bayes._discrete import DiscreteNaiveBayes, alpha_of
from sklearn_unlearn.statistical import Learned

#: Share of a class that may be left of rows whose weight left in parts.
_ROUNDING = 2.0**-45
#: No category.
_TOO_LARGE = 2**31


class UnlearnableCategoricalNB(DiscreteNaiveBayes):
    """Naive Bayes of categories that unlearns rows, values, labels and columns.

    A twin of :class:`sklearn.naive_bayes.CategoricalNB`. Requests are exact: sums are
    kept without rounding, so that a row that leaves leaves no trace. A column has the
    categories up to the largest that a row has: when all rows of that one leave, it is
    unknown again.

    Parameters
    ----------
    alpha : float, default=1.0
        Additive smoothing.
    force_alpha : bool, default=True
        Whether ``alpha`` may be below 1e-10.
    fit_prior : bool, default=True
        Whether probabilities of the classes are learned; else they are equal.
    class_prior : array-like of shape (n_classes,), default=None
        Probabilities of the classes.
    min_categories : int or array-like of shape (n_features,), default=None
        Fewest categories of each column.

    Attributes
    ----------
    category_count_ : list of ndarray of shape (n_classes, n_categories)
        Summed weights of each category, for each column that is not forgotten.
    class_count_ : ndarray of shape (n_classes,)
        Summed weight of each class.
    class_log_prior_ : ndarray of shape (n_classes,)
    classes_ : ndarray of shape (n_classes,)
        Those that have rows.
    feature_log_prob_ : list of ndarray of shape (n_classes, n_categories)
    n_categories_ : ndarray of shape (n_columns,)
        Number of categories of each column that is not forgotten.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had string column names.

    Examples
    --------
    >>> from sklearn_unlearn import UnlearnableCategoricalNB
    >>> X, y = [[0, 1], [2, 0], [1, 1], [0, 0]], [0, 1, 1, 0]
    >>> clf = UnlearnableCategoricalNB().fit(X, y)
    >>> clf.replace_features([[2, 0]], [1], [[1, 0]]).n_categories_
    array([2, 2])
    """

    _twin_class = CategoricalNB
    _by_column = ("min_categories",)

    category_count_ = Learned()
    n_categories_ = Learned()

    def __init__(
        self,
        *,
        alpha=1.0,
        force_alpha=True,
        fit_prior=True,
        class_prior=None,
        min_categories=None,
    ):
        self.alpha = alpha
        self.force_alpha = force_alpha
        self.fit_prior = fit_prior
        self.class_prior = class_prior
        self.min_categories = min_categories

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        # scikit-learn 1.6 does not set it, and its checks cannot do with it
        tags.input_tags.categorical = get_tags(CategoricalNB()).input_tags.categorical
        tags.input_tags.positive_only = True
        return tags

    # Hooks --------------------------------------------------------------------------

    # Statistics have a column for each category of each column of X: those of category
    # zero of all columns, then those of category one, and so on.

    def _encoded(self, X, params):
        n_rows, n_columns = X.shape
        if X.max(initial=0) >= _TOO_LARGE:
            raise ValueError(
                f"X holds category {X.max():g}: categories are 0, 1, 2 and so on."
            )
        category = X.astype(np.int64)
        places = (category * n_columns + np.arange(n_columns)).ravel()
        width = n_columns * (category.max(initial=0) + 1)
        ends = np.arange(n_rows + 1) * n_columns
        return sp.csr_array((np.ones(places.size), places, ends), (n_rows, width))

    def _places(self, kept, statistics, fitted):
        n_columns = np.sum(~fitted.forgotten)
        starts = np.arange(0, statistics.first.shape[1], n_columns)
        return (starts[:, None] + kept).ravel()

    def _trimmed(self, statistics, n_columns):
        used = np.flatnonzero(statistics.first.digits.any(axis=(0, 1)))
        last = used.max(initial=0) // n_columns + 1
        return statistics.columns(np.arange(last * n_columns))

    def _example(self, classes, n_columns, params):
        return np.zeros((classes.size, n_columns), dtype=np.int64), classes

    def _complete_columns(self, twin, statistics, n_columns):
        # CategoricalNB._count and _update_feature_log_prob
        counts = statistics.first.rounded()
        counts = counts.reshape(counts.shape[0], -1, n_columns)
        slack = _ROUNDING * statistics.weight.rounded()
        counts[counts <= slack[:, None, None]] = 0.0
        places = np.arange(counts.shape[1])[:, None]
        largest = np.where(counts.any(axis=0), places, 0).max(axis=0)
        twin.n_categories_ = np.maximum(twin.n_categories_, largest + 1)
        alpha = alpha_of(twin)
        twin.category_count_, twin.feature_log_prob_ = [], []
        for column, n_categories in enumerate(twin.n_categories_):
            count = counts[:, :n_categories, column]
            further = n_categories - count.shape[1]
            count = np.pad(count, ((0, 0), (0, max(further, 0))))
            smoothed = count + alpha
            total = smoothed.sum(axis=1, keepdims=True)
            twin.category_count_.append(count)
            twin.feature_log_prob_.append(np.log(smoothed) - np.log(total))
