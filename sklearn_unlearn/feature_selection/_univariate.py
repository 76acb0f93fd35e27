"""Selection of the columns with the highest scores, which unlearns exactly."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from sklearn.feature_selection import (
    SelectKBest,
    SelectPercentile,
    chi2,
    f_classif,
    f_regression,
)
from sklearn.utils.validation import check_non_negative

from sklearn_unlearn.feature_selection._scores import SCORES
from sklearn_unlearn.feature_selection._selection import ColumnSelection
from sklearn_unlearn.sufficient_statistics import (
    Learned,
    LearnsTargets,
    UnlearnableTransformer,
)
from sklearn_unlearn.utils.from_sklearn import with_amount

#: Relative difference of scores that rounding, in single precision, explains.
_FAR = 1e-2


class ScoredSelection(ColumnSelection, LearnsTargets, UnlearnableTransformer):
    """A selection of columns by scores that are functions of sums."""

    pvalues_ = Learned()
    scores_ = Learned()

    # Hooks --------------------------------------------------------------------------

    def _check_parameters(self, params):
        score = params["score_func"]
        if not any(score is known for known in SCORES):
            names = ", ".join(known.__name__ for known in SCORES)
            raise ValueError(
                f"score_func must be one of {names}, which are functions of sums; "
                "others need all rows: RetrainedTransformer fits the selection again."
            )

    def _find_differences(self, fitted, name, X):
        ours = self._checked().sklearn_estimator
        finite = np.isfinite(ours.scores_)  # of what varies, as far as sums tell
        theirs, scores = np.asarray(fitted.scores_)[finite], ours.scores_[finite]
        chosen = fitted.get_support() != ours.get_support()
        if chosen.any():
            yield name, f"choice of columns ({np.sum(chosen)} of {chosen.size})"
        elif not np.allclose(theirs, scores, rtol=_FAR):
            yield name, with_amount("scores_", fitted, ours)

    def _numeric_targets(self, params):
        return params["score_func"] is f_regression

    def _tags(self, estimator):
        tags = super()._tags(estimator)
        tags.target_tags.required = True  # the twin has scores without targets
        tags.input_tags.positive_only = estimator.score_func is chi2
        return tags

    def _collect(self, rows, y, weight, params):
        if params["score_func"] is chi2:
            check_non_negative(rows, f"{type(self).__name__} (input X)")
        collect, _ = SCORES[params["score_func"]]
        return collect(rows, y)

    def _fill(self, estimator, statistics):
        score, n_columns = estimator.score_func, statistics.n_columns
        wanted = getattr(estimator, "k", None)
        enough = max(n_columns, wanted if isinstance(wanted, Integral) else 0)
        estimator.set_params(score_func=_nothing)
        estimator.fit(np.zeros((1, enough)), np.zeros(1))
        estimator.set_params(score_func=score)
        estimator.n_features_in_ = n_columns
        estimator.scores_, estimator.pvalues_ = SCORES[score][1](statistics)


class UnlearnableSelectKBest(ScoredSelection):
    """Selection of the columns with the highest scores that unlearns.

    A twin of :class:`sklearn.feature_selection.SelectKBest`. Requests are exact: sums
    of the columns by label, or with the targets, are kept without rounding. Outputs of
    other rows stay as they are, save that columns come and go; those that come have to
    be computed from the rows.

    Parameters
    ----------
    score_func : {f_classif, chi2, f_regression}, default=f_classif
        Of :mod:`sklearn.feature_selection`. Others are refused: they are no functions
        of sums.
    k : int or "all", default=10
        How many columns; all, where there are fewer.

    Attributes
    ----------
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had string column names.
    pvalues_ : ndarray of shape (n_columns,)
        Of the columns that are not forgotten.
    scores_ : ndarray of shape (n_columns,)
        Computed without rounding of the sums, which the twin rounds, in single
        precision where X is.

    Examples
    --------
    >>> from sklearn_unlearn import UnlearnableSelectKBest
    >>> X, y = [[0, 1], [1, 2], [0, 5], [1, 6], [9, 5]], [0, 0, 1, 1, 1]
    >>> selector = UnlearnableSelectKBest(k=1).fit(X, y)
    >>> selector.partial_unfit([[9, 5]], [1]).get_support()
    array([False,  True])
    """

    _twin_class = SelectKBest

    def __init__(self, score_func: Any = f_classif, *, k: int | str = 10) -> None:
        self.score_func = score_func
        self.k = k


class UnlearnableSelectPercentile(ScoredSelection):
    """Selection of a share of the columns by their scores that unlearns.

    A twin of :class:`sklearn.feature_selection.SelectPercentile`; all else is as for
    `UnlearnableSelectKBest`.

    Parameters
    ----------
    score_func : {f_classif, chi2, f_regression}, default=f_classif
        Of :mod:`sklearn.feature_selection`. Others are refused: they are no functions
        of sums.
    percentile : float, default=10
        Share of the columns, in percent, of those that are not forgotten.

    Attributes
    ----------
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had string column names.
    pvalues_ : ndarray of shape (n_columns,)
        Of the columns that are not forgotten.
    scores_ : ndarray of shape (n_columns,)

    Examples
    --------
    >>> from sklearn_unlearn import UnlearnableSelectPercentile
    >>> X, y = [[0, 1], [1, 2], [0, 5], [1, 6], [9, 5]], [0, 0, 1, 1, 1]
    >>> selector = UnlearnableSelectPercentile(percentile=50).fit(X, y)
    >>> selector.partial_unfit([[9, 5]], [1]).get_support()
    array([False,  True])
    """

    _twin_class = SelectPercentile

    def __init__(self, score_func: Any = f_classif, *, percentile: float = 10) -> None:
        self.score_func = score_func
        self.percentile = percentile


def _nothing(X, y):
    """Scores of none, for rows that are made up."""
    return np.zeros(X.shape[1]), np.zeros(X.shape[1])
