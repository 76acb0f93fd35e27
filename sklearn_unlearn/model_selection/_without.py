"""Effects that requests would have on the score, choice and fairness of a model."""

from __future__ import annotations

import copy
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import check_scoring
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import check_is_fitted

from sklearn_unlearn.base import UnlearnerMixin
from sklearn_unlearn.certification.counter import rehearsal
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.folds import FoldedModel
from sklearn_unlearn.utils.frames import FrameMixin
from sklearn_unlearn.utils.notes import TakingNotes
from sklearn_unlearn.utils.rows import split, take


@dataclass(frozen=True)
class Without:
    """What a model would be without some of its rows.

    Attributes
    ----------
    n_rows : int
        That would leave.
    left_out_score : float
        Of the model without these rows, on them; NaN if they cannot be scored.
    score : float
        Of the model without these rows, on those to be judged by.
    gap : float
        Between the groups with the best and the worst score there; NaN without groups.
    choice : dict or None
        ``best_params_`` of a search, None of anything else.
    choice_changed : bool
    seconds : float
    refused : str or None
        Why the request would be refused; numbers are NaN then.
    error : float
        The largest difference of the three numbers from those of a refit; NaN where
        none was made.
    refit_choice : dict or None
        What a search on the other rows, each in its folds, has chosen.
    refit_seconds : float

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn_unlearn import UnlearnableRidgeClassifier
    >>> from sklearn_unlearn.model_selection import cross_validate_without
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = UnlearnableRidgeClassifier().fit(X, y)
    >>> without = cross_validate_without(model, X, y, [range(9)]).requests[0]
    >>> without.n_rows, without.refused is None, without.error < 1e-6
    (9, True, True)
    """

    n_rows: int
    left_out_score: float = np.nan
    score: float = np.nan
    gap: float = np.nan
    choice: Any = None
    choice_changed: bool = False
    seconds: float = np.nan
    refused: str | None = None
    error: float = np.nan
    refit_choice: Any = None
    refit_seconds: float = np.nan


@dataclass(frozen=True)
class WithoutReport(FrameMixin):
    """What each of several requests would do; nothing was done.

    Attributes
    ----------
    score, gap : float
        Of the model as it is.
    choice : dict or None
    requests : tuple of Without

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn_unlearn import UnlearnableRidgeClassifier
    >>> from sklearn_unlearn.model_selection import cross_validate_without
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = UnlearnableRidgeClassifier().fit(X, y)
    >>> report = cross_validate_without(model, X, y, [[0], [1, 2], [3]])
    >>> len(report.requests), report.n_other_choices
    (3, 0)
    """

    score: float
    gap: float
    choice: Any
    requests: tuple[Without, ...]

    @property
    def largest_error(self) -> Any:
        """The largest difference of a number from that of a refit; NaN without any."""
        errors = np.array([each.error for each in self.requests])
        return float(np.nanmax(errors)) if np.isfinite(errors).any() else np.nan

    @property
    def n_other_choices(self) -> Any:
        """Requests after which a refit has chosen otherwise."""
        return sum(
            each.refit_choice is not None and each.refit_choice != each.choice
            for each in self.requests
        )

    def _table(self):
        names = [field.name for field in fields(Without)]
        return {name: [getattr(r, name) for r in self.requests] for name in names}


def cross_validate_without(
    model: Any,
    X: Any,
    y: Any,
    requests: Any,
    *,
    scoring: Callable[..., Any] | str | None = None,
    X_test: Any = None,
    y_test: Any = None,
    groups: Any = None,
    n_refits: int | None = 5,
) -> WithoutReport:
    """What requests to forget rows would do to a model, which stays as it is.

    Each request is answered by a copy of the model, as it is now: leave-one-out if each
    names a row, leave-group-out if each names those of a group. Nothing is fitted but
    the refits that the answers are compared with.

    Parameters
    ----------
    model : estimator
        Fitted on X and y; it has ``partial_unfit``. Of searches the choice is told.
    X : array-like, DataFrame, sparse matrix or list of str
        The rows that the model has, in their order.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
    requests : iterable of int, of array-like of int, or of masks
        Rows that each request would take out.
    scoring : str or callable, default=None
        One metric; None is the ``score`` of the model.
    X_test, y_test : as X and y, optional
        Rows to judge by. By default those that the request leaves in the model.
    groups : array-like of shape (n_judged,), optional
        Groups of people, of the rows of X_test, or of X without these. The gap between
        the scores of the best and the worst is told.
    n_refits : int or None, default=5
        Requests, evenly spaced, whose answers are compared with a fit to the rows that
        would remain, searches with each row in its folds; None means all.

    Returns
    -------
    WithoutReport

    Raises
    ------
    TypeError
        If the model cannot unlearn rows.
    ValueError
        If a request names no row or all of them, or lengths differ.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn_unlearn import UnlearnableGaussianNB
    >>> from sklearn_unlearn.model_selection import cross_validate_without
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = UnlearnableGaussianNB().fit(X, y)
    >>> report = cross_validate_without(model, X, y, range(20), n_refits=2)
    >>> len(report.requests), report.largest_error < 1e-12
    (20, True)
    """
    if not hasattr(model, "partial_unfit"):
        raise TypeError(f"{type(model).__name__} has no partial_unfit.")
    check_is_fitted(model)
    check_consistent_length(X, y)
    if (X_test is None) != (y_test is None):
        raise ValueError("Pass both of X_test and y_test, or neither.")
    y = np.asarray(y)
    asked = [split(len(y), rows, "requests") for rows in requests]
    if groups is not None:
        groups = np.asarray(groups)
        check_consistent_length(groups, y if X_test is None else y_test)
    judge = _Judge(check_scoring(model, scoring), X, y, X_test, y_test, groups)
    count = len(asked) if n_refits is None else min(n_refits, len(asked))
    compared = set(np.linspace(0, len(asked) - 1, count).astype(int).tolist())
    every = np.arange(len(y))
    score, gap = judge.of(model, every)
    before = getattr(model, "best_params_", None)
    found = []
    for number, (out, rest) in enumerate(asked):
        start = time.perf_counter()
        try:
            after = _without(model, take(X, out), y[out])
        except UnlearningError as error:
            found.append(Without(out.size, refused=str(error)))
            continue
        left_out = judge.left_out(after, out)
        after_score, after_gap = judge.of(after, rest)
        choice = getattr(after, "best_params_", None)
        one = Without(
            out.size,
            left_out,
            after_score,
            after_gap,
            choice,
            choice_changed=choice != before,
            seconds=time.perf_counter() - start,
        )
        if number in compared:
            one = _compared(one, model, judge, out, rest)
        found.append(one)
    return WithoutReport(score, gap, before, tuple(found))


@dataclass(frozen=True, eq=False)
class _Judge:
    """Scores models on the rows to judge by.

    Attributes
    ----------
    scorer : callable
    X, y : training rows
    X_test, y_test : other rows, or None
    groups : ndarray or None
        Of the other rows, or of the training rows.
    """

    scorer: Any
    X: Any
    y: Any
    X_test: Any
    y_test: Any
    groups: Any

    def of(self, model, rest):
        """Score and gap, where these training rows are left."""
        X, y, groups = self.X_test, self.y_test, self.groups
        if X is None:
            X, y = take(self.X, rest), self.y[rest]
            groups = None if groups is None else groups[rest]
        score = float(self.scorer(model, X, y))
        if groups is None:
            return score, np.nan
        each = [np.flatnonzero(groups == group) for group in np.unique(groups)]
        scores = [self.scorer(model, take(X, rows), take(y, rows)) for rows in each]
        return score, float(np.ptp(scores))

    def left_out(self, model, out):
        """The score on training rows that are not in the model."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UndefinedMetricWarning)
            try:
                return float(self.scorer(model, take(self.X, out), self.y[out]))
            except ValueError:  # such as the logarithmic loss of one class
                return np.nan


def _without(model, X, y):
    """A copy of a model without some rows, of which no record is kept."""
    ours = isinstance(model, UnlearnerMixin)  # which changes by one assignment
    after = copy.copy(model) if ours else copy.deepcopy(model)
    with rehearsal(), TakingNotes():
        return after.partial_unfit(X, y)


def _compared(one, model, judge, out, rest):
    """The same with a fit to the rows that remain, and how far that is from it."""
    start = time.perf_counter()
    refit = clone(model)
    if isinstance(model, FoldedModel) and hasattr(refit, "cv"):
        refit.set_params(cv=model.folds_of(rest))
    refit.fit(take(judge.X, rest), judge.y[rest])
    seconds = time.perf_counter() - start
    theirs = judge.left_out(refit, out), *judge.of(refit, rest)
    differences = np.abs(np.subtract((one.left_out_score, one.score, one.gap), theirs))
    return replace(
        one,
        error=float(differences[np.isfinite(differences)].max(initial=0.0)),
        refit_choice=getattr(refit, "best_params_", None),
        refit_seconds=seconds,
    )
