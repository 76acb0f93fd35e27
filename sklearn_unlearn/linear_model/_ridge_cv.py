"""Ridge regression with a penalty that leave-one-out errors choose, anew each time."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import check_cv

from sklearn_unlearn.core.arrays import is_sparse
from sklearn_unlearn.core.leave_one_out import LeaveOneOut
from sklearn_unlearn.core.linear.edits import Identity
from sklearn_unlearn.core.rows import count_pass
from sklearn_unlearn.exceptions import InsufficientWeightError
from sklearn_unlearn.row_models._row_set_kinds import RowSetRegressor
from sklearn_unlearn.row_models._row_sets import RowSet
from sklearn_unlearn.utils.learned import Learned
from sklearn_unlearn.utils.memberships import memberships, new_memberships
from sklearn_unlearn.utils.notes import note
from sklearn_unlearn.utils.raw_rows import RawRows
from sklearn_unlearn.utils.twin_parameters import drop_in, other_objective
from sklearn_unlearn.utils.validation import check_sample_weight


@dataclass(frozen=True, eq=False)
class RidgeSet(RowSet):
    """All that was learned.

    Attributes
    ----------
    left_out : LeaveOneOut or None
        None before the first request that needs it.
    folds : ndarray of shape (n_rows, 1 + 2 n_splits) or None
        The `memberships` of all rows by their numbers; None without folds.
    """

    left_out: Any = None
    folds: Any = None

    def splits(self):
        """Which of the rows each split is trained and tested on.

        Raises
        ------
        InsufficientWeightError
            If there are none in a part of one.
        """
        retained = self.model.retained
        numbers = retained.numbers_at(self.model.order)
        counts = self.folds[np.searchsorted(self.folds[:, 0], numbers), 1:]
        parts = [np.repeat(np.arange(numbers.size), c) for c in counts.T.astype(int)]
        if not all(part.size for part in parts):
            raise InsufficientWeightError(
                "The request would leave no row in one of the folds."
            )
        halves = parts[: len(parts) // 2], parts[len(parts) // 2 :]
        return list(zip(*halves, strict=True))

    def trained(self, **params):
        """scikit-learn's estimator, with each row in its folds."""
        if self.folds is None:
            return super().trained(**params)
        return super().trained(cv=self.splits(), **params)

    def __getstate__(self):
        """Without errors of each row, which hold what rows that left have been."""
        return {**super().__getstate__(), "left_out": None}


@drop_in
class UnlearnableRidgeCV(RowSetRegressor):
    """Ridge regression that unlearns, and whose requests choose the penalty anew.

    The twin of :class:`~sklearn.linear_model.RidgeCV`, and after any request that
    regressor, fitted to the rows that are left, to rounding: the leave-one-out errors
    of all rows, for each penalty, follow rows that leave, come or are corrected in one
    pass over the rows. The first request computes them, in the time of a fit, as one
    does in 64 and one that takes a row that no other resembles. Scorers,
    ``store_cv_results``, sparse or single precision rows, more columns than rows, rows
    that leave in part and columns that are forgotten take a fit.

    Parameters
    ----------
    alphas : array-like of shape (n_alphas,), default=(0.1, 1.0, 10.0)
        Positive.
    fit_intercept : bool, default=True
    scoring : str or callable, default=None
    cv : int, cross-validation generator or an iterable, default=None
        None is leave-one-out. With folds, each row keeps its own, new rows fill them in
        turn, and a request takes a fit; `UnlearnableGridSearchCV` of `UnlearnableRidge`
        answers without one.
    gcv_mode : {"auto", "svd", "eigen"}, default=None
    store_cv_results : bool, default=False
    alpha_per_target : bool, default=False

    Attributes
    ----------
    alpha_ : float or ndarray of shape (n_targets,)
    best_score_ : float or ndarray of shape (n_targets,)
    coef_ : ndarray of shape (n_columns,) or (n_targets, n_columns)
        Zero where forgotten.
    intercept_ : float or ndarray of shape (n_targets,)
    cv_results_ : ndarray
        With ``store_cv_results=True``.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had names of columns at fit.

    See Also
    --------
    UnlearnableRidge : With one penalty, and without the rows.
    UnlearnableGridSearchCV : With folds.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import RidgeCV
    >>> from sklearn_unlearn import UnlearnableRidgeCV
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = UnlearnableRidgeCV().fit(X, y).partial_unfit(X[:3], y[:3])
    >>> refit = RidgeCV().fit(X[3:], y[3:])
    >>> bool(model.alpha_ == refit.alpha_)
    True
    >>> bool(abs(model.coef_ - refit.coef_).max() < 1e-9)
    True
    """

    _twin_class = RidgeCV
    _accepted: ClassVar[dict[str, tuple[tuple | None, str]]] = {}
    _fitted_class: ClassVar[type[RowSet]] = RidgeSet

    alpha_ = Learned()
    best_score_ = Learned()
    intercept_ = Learned()
    cv_results_ = Learned()

    def __init__(
        self,
        alphas: Any = (0.1, 1.0, 10.0),
        *,
        fit_intercept: bool = True,
        scoring: Callable[..., Any] | str | None = None,
        cv: Any = None,
        gcv_mode: str | None = None,
        store_cv_results: bool = False,
        alpha_per_target: bool = False,
    ) -> None:
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.scoring = scoring
        self.cv = cv
        self.gcv_mode = gcv_mode
        self.store_cv_results = store_cv_results
        self.alpha_per_target = alpha_per_target

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, row_ids: Any = None
    ) -> Self:
        """Fit all penalties, choose one, and keep the rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            A float array or CSR matrix is kept by reference: do not change it
            afterwards. All else is copied.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : array-like of shape (n_samples,) or float, optional
            Rows of weight zero are left out.
        row_ids : array-like of shape (n_samples,), optional
            Identifiers, integers or strings, by which requests can name rows; several
            rows may have the same.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a parameter or the data are invalid.
        """
        return self._fit(X, y, sample_weight, row_ids)

    @property
    def coef_(self) -> Any:
        """Coefficients, zero where forgotten."""
        fitted = self._learned
        coef = fitted.sklearn_estimator.coef_
        whole = np.zeros((*coef.shape[:-1], fitted.forgotten.size))
        whole[..., ~fitted.forgotten] = coef
        return whole if fitted.forgotten.any() else coef

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.unlearning.weight_repeats = False  # one of two equal rows is left out
        return tags

    # Hooks ----------------------------------------------------------------------------

    def _read_training(self, X, y, sample_weight, row_ids):
        other = other_objective(type(self), vars(self))
        if other is not None:
            raise ValueError(f"{type(self).__name__} was given {other}")
        fitted = super()._read_training(X, y, sample_weight, row_ids)
        if self.cv is None:
            return fitted
        y = np.asarray(y)
        splits = list(check_cv(self.cv, y, classifier=False).split(X, y))
        keys = memberships(y.shape[0], splits)
        keys = keys[np.flatnonzero(check_sample_weight(sample_weight, y.shape[0]))]
        keys[:, 0] = np.arange(keys.shape[0])
        return replace(fitted, folds=keys)

    def _way(self):
        if _follows(self._checked()):
            return "exact, by leave-one-out errors", "rows, their errors", "n p"
        return "exact, fitted again", "rows", "a fit"

    def _is_function_of_rows(self):
        # but of the folds as well that rows were in at fit
        return self._checked().folds is None and not self._shows_rounding()

    def _shows_rounding(self):
        return _follows(self._checked())  # whose errors are rounded on their way

    def _like_at_fit(self, X):
        fitted, again = self._checked(), clone(self)
        n_rows = fitted.model.order.size
        if fitted.folds is not None and RawRows.of(X).shape[0] == n_rows:
            again.set_params(cv=fitted.splits())
        return again

    def _settled(self, before, after, request):
        if after.folds is not None:
            after = replace(after, folds=_with_new_rows(after))
        found = None
        same = isinstance(request.edit.feature_map, Identity)
        if same and request.retained is None and _follows(before):
            found = _followed(before, request)
            if found is None and _follows(after):
                found = _left_out(after)
        if found is None:
            after = self._begun(replace(after, left_out=None))
        else:
            after = replace(after, left_out=found)
            after = replace(after, made={"estimator": _chosen(before, after)})
        note(choice=_choice(before, after))
        return after


def _follows(fitted):
    """Whether errors are kept that requests can follow."""
    twin, X = fitted.twin, fitted.model.retained.chunks[0].rows.X
    return (
        twin.scoring is None
        and twin.cv is None
        and not twin.store_cv_results
        and not is_sparse(X)
        and X.dtype == np.float64
        and not fitted.single
        and not fitted.forgotten.any()
        and X.shape[1] < fitted.model.order.size
    )


def _choice(before, after):
    """What a record says of the penalty; None where targets have their own."""
    known = before.made.get("estimator")  # not right after it was read from a file
    best = None if known is None else known.alpha_, after.sklearn_estimator.alpha_
    if any(isinstance(alpha, np.ndarray) and alpha.ndim for alpha in best):
        return None
    alphas = _alphas(after.twin)
    numbers = [
        None if alpha is None else int(np.flatnonzero(alphas == alpha)[0])
        for alpha in best
    ]
    (lead_before, _), (lead, runner_up) = map(_lead, (before, after), numbers)
    return {
        "best_before": numbers[0],
        "best_after": numbers[1],
        "lead_before": lead_before,
        "lead_after": lead,
        "runner_up": runner_up,
        "frozen": False,
    }


def _lead(fitted, best):
    """By how much the best score is above the next, and whose that is, if known."""
    if best is None or fitted.left_out is None or len(fitted.left_out.theta) < 2:
        return None, None
    scores = -fitted.left_out.squares.mean(axis=1)
    others = np.where(np.arange(scores.size) == best, -np.inf, scores)
    runner_up = int(others.argmax())
    return float(scores[best] - scores[runner_up]), runner_up


def _with_new_rows(fitted):
    """The folds of all rows, with those that have none yet."""
    retained = fitted.model.retained
    new = np.unique(retained.numbers_at(fitted.model.order))
    new = new[new > fitted.folds[:, 0].max()]
    if not new.size:
        return fitted.folds
    keys = new_memberships(fitted.folds, new.size)
    keys[:, 0] = new
    return np.concatenate([fitted.folds, keys])


def _left_out(fitted):
    """Errors of all rows by their positions; those that have left weigh nothing."""
    blocks, twin = list(fitted.model.retained.blocks()), fitted.twin
    X, y, weight = (
        np.concatenate([getattr(block, name) for block in blocks])
        for name in ("X", "y", "weight")
    )
    return LeaveOneOut.of(X, y, weight, _alphas(twin), twin.fit_intercept)


def _alphas(twin):
    return np.atleast_1d(np.asarray(twin.alphas, dtype=np.float64))


def _followed(before, request):
    """Errors after a request; None where they have to be computed anew."""
    count_pass()
    edit, retained = request.edit, before.model.retained
    found = before.left_out
    if found is None:
        found = _left_out(before)
    if found is not None and edit.rows_out is not None:
        left = retained.left(request.positions, edit.rows_out.weight)
        found = None if left.any() else found.without(request.positions)
    if found is not None and edit.rows_in is not None:
        rows = edit.rows_in
        found = found.with_rows(rows.X, rows.y, rows.weight)
    return found


def _chosen(before, after):
    """scikit-learn's estimator with the penalty of the least errors."""
    twin, found = copy.copy(before.sklearn_estimator), after.left_out
    alphas = _alphas(after.twin)
    scores = -found.squares
    n_targets = scores.shape[1]
    if after.twin.alpha_per_target and n_targets > 1:
        best = scores.argmax(axis=0)
        twin.best_score_ = scores[best, np.arange(n_targets)]
        twin.alpha_ = alphas[best]
        theta = found.theta[best, :, np.arange(n_targets)].T
    else:
        scores = scores.mean(axis=1)
        best = int(scores.argmax())
        twin.best_score_, twin.alpha_ = scores[best], float(alphas[best])
        theta = found.theta[best]
    if after.twin.fit_intercept:
        intercept = found.intercept(theta)
        twin.intercept_ = intercept.reshape(np.shape(twin.intercept_))[()]
        theta = theta[:-1]
    twin.coef_ = theta.T.reshape(np.shape(twin.coef_))
    return twin
