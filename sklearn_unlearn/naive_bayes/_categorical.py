"""Naive Bayes of categories that unlearns exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.naive_bayes import CategoricalNB

from sklearn_unlearn.exceptions import ProblemTooLargeError
from sklearn_unlearn.naive_bayes._discrete import DiscreteNaiveBayes, alpha_of
from sklearn_unlearn.sufficient_statistics import Learned

#: Share of a class that may be left of rows whose weight left in parts.
_ROUNDING = 2.0**-45
#: Counts, of all categories in all classes; fitting takes some 150 bytes each.
LARGEST = 2**24


class UnlearnableCategoricalNB(DiscreteNaiveBayes):
    """Naive Bayes of categories that unlearns rows, values, labels and columns.

    A twin of :class:`sklearn.naive_bayes.CategoricalNB`. Requests are exact: sums are
    kept without rounding, so that a row that leaves leaves no trace. A column has the
    categories up to the largest that a row has: when all rows of that one leave, it is
    unknown again. What is kept, and the time of a request, grow with the number of
    categories of all columns together; if this number, times that of classes, would be
    more than 2**24, ``fit`` and requests raise `ProblemTooLargeError`.

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
    retain_data : bool, default=False
        If True, a reference to the training data is kept: rows are checked to be in,
        can be named by ``row_ids``, and are summed again where a step of a pipeline
        changes all of them.

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
        alpha: float = 1.0,
        force_alpha: bool = True,
        fit_prior: bool = True,
        class_prior: Any = None,
        min_categories: Any = None,
        retain_data: bool = False,
    ) -> None:
        self.alpha = alpha
        self.force_alpha = force_alpha
        self.fit_prior = fit_prior
        self.class_prior = class_prior
        self.min_categories = min_categories
        self.retain_data = retain_data

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        tags.input_tags.categorical = True
        tags.input_tags.positive_only = True
        return tags

    # Hooks --------------------------------------------------------------------------

    # Statistics have a column for each category of each column of X.

    def _check_size(self, n_classes, n_columns):
        if n_classes * n_columns > LARGEST:
            raise ProblemTooLargeError(
                f"The counts of {n_columns} categories, of all columns of X, in "
                f"{n_classes} classes are more than {LARGEST}. Merge rare categories."
            )

    def _encode(self, X, params):
        if X.max(initial=0) >= LARGEST:
            raise ProblemTooLargeError(
                f"X holds category {X.max():g}: categories are 0, 1, 2 and so on, and "
                f"columns have at most {LARGEST}."
            )
        n_rows, n_columns = X.shape
        places = X.astype(np.int64)
        widths = places.max(axis=0, initial=0) + 1
        places += np.cumsum(widths) - widths
        ends = np.arange(n_rows + 1) * n_columns
        parts = np.ones(places.size), places.ravel(), ends
        return sp.csr_array(parts, (n_rows, widths.sum())), widths

    def _follows(self, change, params):
        return False

    def _values(self, params):
        return "unit"

    def _example(self, classes, n_columns, params):
        return np.zeros((classes.size, n_columns), dtype=np.int64), classes

    def _fill_columns(self, estimator, statistics):
        # CategoricalNB._count and _update_feature_log_prob
        counts = statistics.classes.first.rounded()
        slack = _ROUNDING * statistics.classes.weight.rounded()
        counts[counts <= slack[:, None]] = 0.0
        alpha = alpha_of(estimator)
        estimator.category_count_, estimator.feature_log_prob_ = [], []
        n_categories, stop = estimator.n_categories_.copy(), 0
        for column, width in enumerate(statistics.widths.tolist()):
            start, stop = stop, stop + width
            found = counts[:, start:stop]
            used = np.flatnonzero(found.any(axis=0)).max(initial=0) + 1
            n_categories[column] = max(used, n_categories[column])
            count = np.zeros((found.shape[0], n_categories[column]))
            count[:, :used] = found[:, :used]
            smoothed = count + alpha
            total = smoothed.sum(axis=1, keepdims=True)
            estimator.category_count_.append(count)
            estimator.feature_log_prob_.append(np.log(smoothed) - np.log(total))
        estimator.n_categories_ = n_categories
