"""Scores of single columns, each a function of sums of columns and targets."""

from __future__ import annotations

import numpy as np
from scipy import special
from sklearn.feature_selection import chi2, f_classif, f_regression

from sklearn_unlearn.core.statistics.counts import keys_of
from sklearn_unlearn.core.statistics.target_sums import LabelSums, TargetSums


def _analysis_of_variance(sums):
    # sklearn.feature_selection.f_classif
    sizes = sums.sums.weight.rounded()
    n_rows, n_labels = sizes.sum(), sizes.size
    whole = sums.sums.pooled()
    # of each label, its mean less that of all rows, times both numbers of rows
    first, weight = sums.sums.first, sums.sums.weight.reshaped(n_labels, 1)
    apart = whole.weight.reshaped(1, 1).times(first)
    apart = apart.plus(weight.times(whole.first), -1).rounded() / n_rows
    between = np.sum(apart**2 / sizes[:, None], axis=0)
    within = sums.sums.scatter(diagonal=True).sum(axis=0)
    between_free, within_free = n_labels - 1, n_rows - n_labels
    with np.errstate(divide="ignore", invalid="ignore"):
        scores = np.divide(between, between_free) / np.divide(within, within_free)
    return scores, special.fdtrc(between_free, within_free, scores)


def _chi_squared(sums):
    # sklearn.feature_selection.chi2
    observed, sizes = sums.sums.first.rounded(), sums.sums.weight.rounded()
    total = sums.sums.first.summed().rounded()
    if sizes.size == 1:  # another label, which no row has, is expected in none
        observed = np.vstack([observed, np.zeros_like(observed)])
        sizes = np.append(sizes, 0.0)
    expected = np.outer(sizes / sizes.sum(), total)
    with np.errstate(invalid="ignore"):
        scores = np.sum((observed - expected) ** 2 / expected, axis=0)
    return scores, special.chdtrc(sizes.size - 1, scores)


def _linear_regression(sums):
    # sklearn.feature_selection.f_regression
    squares, products, targets = sums.deviations()
    free = sums.rows.weight.rounded()[0] - 2
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        correlation = products / np.sqrt(squares) / np.sqrt(targets)
        correlation = np.where(np.isfinite(correlation), correlation, 0.0)
        shared = np.minimum(correlation**2, 1.0)
        scores = shared / (1.0 - shared) * free
        pvalues = special.fdtrc(1.0, free, scores)
    perfect, none = np.isinf(scores), np.isnan(scores)
    scores[perfect], pvalues[perfect] = np.finfo(np.float64).max, 0.0
    scores[none], pvalues[none] = 0.0, 1.0
    return scores, pvalues


def _by_label(rows, y):
    return LabelSums.of(rows, keys_of(y), "columns")


def _counted(rows, y):
    return LabelSums.of(rows, keys_of(y), "none", positive=True)


#: What is summed for each, and what that gives: scores and p-values.
SCORES = {
    f_classif: (_by_label, _analysis_of_variance),
    chi2: (_counted, _chi_squared),
    f_regression: (TargetSums.of, _linear_regression),
}
