"""The influence of rows on a fitted linear model, read off its factor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sklearn_unlearn.certified import CertifiedMixin
from sklearn_unlearn.core.linear.influence import leave_one_out
from sklearn_unlearn.utils.validation import check_remaining_rows, named


@dataclass(frozen=True, eq=False)
class Influence:
    """What would change if each of some rows left alone.

    Attributes
    ----------
    coef : ndarray of shape (n_rows, ...)
        Changes, each in the shape of ``coef_``.
    intercept : ndarray of shape (n_rows, ...)
        Changes, each in the shape of ``intercept_``; zero without an intercept.
    raw : ndarray of shape (n_rows, n_test) or (n_rows, n_test, n_outputs), or None
        Of the raw predictions on ``X_test``: what ``decision_function`` gives, or
        ``predict`` before an inverse link.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.preprocessing import scale
    >>> from sklearn_unlearn import UnlearnableLogisticRegression
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> X = scale(X)
    >>> found = UnlearnableLogisticRegression().fit(X, y).influence(X, y, X_test=X[:3])
    >>> found.coef.shape, found.raw.shape, found.norm.shape
    ((569, 1, 30), (569, 3), (569,))
    """

    coef: np.ndarray
    intercept: np.ndarray
    raw: np.ndarray | None

    @property
    def norm(self) -> Any:
        """2-norm of the change of all coefficients, of shape (n_rows,)."""
        n_rows = self.coef.shape[0]
        parts = (self.coef.reshape(n_rows, -1), self.intercept.reshape(n_rows, -1))
        return np.linalg.norm(np.concatenate(parts, axis=1), axis=1)


class InfluenceMixin(CertifiedMixin):
    """Adds ``influence`` to a `LinearUnlearner`."""

    #: Of `LinearUnlearner`.
    _shaped: Any

    def influence(
        self,
        X: Any = None,
        y: Any = None,
        sample_weight: Any = None,
        *,
        row_ids: Any = None,
        X_test: Any = None,
    ) -> Influence:
        """How the model would change if each row left alone, without any refit.

        For each row the closed-form step of `partial_unfit`, all rows by one solve
        with the factor: exact where the loss is quadratic, else an approximation of
        second order (``python -m benchmarks influence`` compares with true refits).
        Nothing in the model changes. Balanced class weights stay as they are here,
        where a request has them follow the data. With certification the figures are
        those of the noise-free coefficients: for the operator, and no request may
        depend on it.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_rows, n_features), optional
            Rows of the model, with the values that they were trained with.
        y : array-like of shape (n_rows,) or (n_rows, n_targets), optional
            Their targets.
        sample_weight : array-like of shape (n_rows,) or float, optional
            How much weight each would take with it, as for `partial_unfit`.
        row_ids : array-like of shape (n_rows,), optional
            As for `partial_unfit`.
        X_test : {array-like, sparse matrix} of shape (n_test, n_features), optional
            Where the change of predictions is wanted.

        Returns
        -------
        Influence
            The coefficients without the row minus those with it. NaN for a row
            without which the model is not determined, or a class has no rows.

        Raises
        ------
        UnlearningError
            As for `partial_unfit`.

        References
        ----------
        Beirami, Razaviyayn, Shahrampour, Tarokh: On Optimal Generalizability in
        Parametric Learning, NeurIPS 2017 (approximate leave-one-out).

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from sklearn_unlearn import UnlearnableRidge
        >>> X, y = load_diabetes(return_X_y=True)
        >>> model = UnlearnableRidge().fit(X, y)
        >>> influence = model.influence(X, y)
        >>> most = influence.norm.argmax()
        >>> change = -model.coef_
        >>> change += model.partial_unfit(X[[most]], y[[most]]).coef_
        >>> bool(abs(change - influence.coef[most]).max() < 1e-9)
        True
        """
        fitted = self._checked()
        leaving = self._leaving(fitted, X, y, sample_weight, row_ids)
        return self._influence(fitted, leaving, X_test)

    def _final_influence(self, asked, X_test):
        """The same for a `LocatedRetainedRows` to the last step of a pipeline."""
        asked = self._find_by_inputs(asked)
        return self._influence(asked.fitted, asked.leaving, X_test)

    def _influence(self, fitted, leaving, X_test):
        """The same for rows that have been found."""
        state = fitted.model.state
        if X_test is not None:
            with named("X_test"):
                X_test = check_remaining_rows(
                    self, X_test, fitted.columns, fitted.model.forgotten
                )
        rows = leaving.whole().rows
        penalty = state.objective.penalty
        rate = penalty / state.weight if fitted.averaged else np.zeros_like(penalty)
        changes = leave_one_out(state, rows, rate)
        if fitted.encoding.classes is not None:  # a class needs rows
            held = fitted.model.tally.groups.weight[fitted.encoding.groups(rows.y)]
            changes[rows.weight >= (1.0 - 1e-12) * held] = np.nan
        changes = leaving.spread(changes, 0.0)
        raw = None
        if X_test is not None:
            objective = state.objective
            raw = np.stack([objective.raw_prediction(X_test, each) for each in changes])
            raw = raw[:, :, 0] if fitted.encoding.is_flat else raw
        shaped = [self._shaped(fitted, change) for change in changes]
        coef, intercept = (np.stack(parts) for parts in zip(*shaped, strict=True))
        return Influence(coef, intercept, raw)
