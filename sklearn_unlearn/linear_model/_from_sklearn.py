"""Taking over a fitted scikit-learn model, which from then on unlearns."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sklearn_unlearn.certified import CertifiedMixin
from sklearn_unlearn.core.linear.data_checksum import Groups
from sklearn_unlearn.exceptions import DataMismatchWarning
from sklearn_unlearn.utils.export import configured_like
from sklearn_unlearn.utils.from_sklearn import (
    adopted_params,
    check_same_classes,
    check_same_columns,
    of_shards,
)
from sklearn_unlearn.utils.messages import refusing, warn
from sklearn_unlearn.utils.residual import residual_at
from sklearn_unlearn.utils.twin_parameters import other_objective

#: Share of what a model explains that it may lack before a warning says so.
_FAR = 0.01
#: The same of one that was solved directly, and lacks what rounding takes.
_FAR_DIRECT = 1e-5


class AdoptionMixin(CertifiedMixin):
    """Adds ``from_sklearn`` to a `LinearUnlearner` that has a twin."""

    #: scikit-learn's class.
    _twin_class: ClassVar[Any] = None
    #: Parameters of the twin with which it minimises something else: the values whose
    #: objective is ours, and what is wrong with others.
    _accepted: ClassVar[dict[str, tuple[tuple | None, str]]] = {}
    #: Those of the twin that its constructor does not name, and their defaults.
    _added: ClassVar[dict[str, Any]] = {}
    #: Of `LinearUnlearner`.
    fit_intercept: Any
    _fit_rows: Any
    _loss: Any
    _n_raw: Any
    _objective: Any
    _read_training: Any

    @classmethod
    @refusing()
    def from_sklearn(
        cls,
        fitted: Any,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        row_ids: Any = None,
        **params: Any,
    ) -> Self:
        """A model that was fitted elsewhere, taken over so that it unlearns.

        Its coefficients are the start: one pass over the data computes the Hessian and
        the gradient there, and if the model had not converged to ``tol``, a few steps
        more take it there: what then differs from a refit with scikit-learn's tolerance
        is the refit's. No solver runs from the beginning.

        Parameters
        ----------
        fitted : estimator
            The fitted scikit-learn model; it is not changed.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data that it was fitted on, as it got them: a `DataMismatchWarning` says
            if they determine other coefficients.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : array-like of shape (n_samples,) or float, optional
            As the model was fitted with.
        row_ids : array-like of shape (n_samples,) or (n_samples, 2), optional
            As for ``fit``.
        **params : dict
            Parameters that the fitted model does not have: ``tol``, ``max_iter``,
            ``method``, ``unlearning_rate``, ``curvature``, ``retain_data``,
            ``certification``.

        Returns
        -------
        estimator
            Fitted.

        Raises
        ------
        TypeError
            If the model is not the twin of this estimator.
        ValueError
            If it minimised another objective, or X and y have other columns or
            labels.

        Examples
        --------
        >>> from sklearn.datasets import load_breast_cancer
        >>> from sklearn.linear_model import LogisticRegression
        >>> from sklearn.preprocessing import scale
        >>> from sklearn_unlearn import UnlearnableLogisticRegression
        >>> X, y = load_breast_cancer(return_X_y=True)
        >>> X = scale(X)
        >>> deployed = LogisticRegression(C=0.1).fit(X, y)
        >>> model = UnlearnableLogisticRegression.from_sklearn(deployed, X, y)
        >>> model = model.partial_unfit(X[:2], y[:2])
        >>> bool(model.gradient_residual(X[2:], y[2:]) < 1e-2)
        True
        """
        if cls._twin_class is None:
            raise TypeError(f"{cls.__name__} has no twin in scikit-learn.")
        return cls._like(fitted, params)._adopt(fitted, X, y, sample_weight, row_ids)

    @classmethod
    def _as_it_is(cls, fitted, X, y, sample_weight=None, *, row_ids=None, **params):
        """The same with the coefficients that it has, wherever X and y would lead."""
        model = cls._like(fitted, params)
        return model._adopt(fitted, X, y, sample_weight, row_ids, tol=np.inf)

    @classmethod
    def _like(cls, fitted, params, unfitted=False):
        """An unfitted estimator with the objective of a twin, fitted or not."""
        own = ("tol", "max_iter")
        taken = adopted_params(cls, fitted, params, own=own, unfitted=unfitted)
        n_classes = np.size(getattr(fitted, "classes_", ())) or None
        other = other_objective(cls, taken, n_classes)
        if other is not None:
            fit = "has" if unfitted else "was fitted with"
            raise ValueError(
                f"{type(fitted).__name__} {fit} {other}{of_shards(fitted)}"
            )
        return cls(**taken)

    @classmethod
    def _other_objective(cls, params, n_classes):
        """Why parameters together ask for another objective, None if they do not."""
        return None

    def _adopt(self, fitted, X, y, sample_weight, row_ids, tol=None):
        with self._exclusive():
            rows, encoding, columns, row_ids = self._read_data_of(
                fitted, X, y, sample_weight, row_ids
            )
            start = self._coefficients_of(fitted, encoding)
            if self._loss(encoding).shift_invariant:
                # a warm-started solver keeps the shift that it began with
                start = start - start.mean(axis=1, keepdims=True)
            value = self._fit_rows(
                rows, encoding, columns, row_ids, start=start, tol=tol
            )
            configured_like(self, fitted)
            params = copy.deepcopy(fitted.get_params(deep=False))
            self._fitted = replace(value, twin_params=params)
            state = value.model.state
            direct = getattr(fitted, "solver_", None) in ("cholesky", "svd")
            far = _FAR_DIRECT if direct else _FAR
            _warn_if_far(state, rows, start, self._of_nothing(state.theta), far)
            if np.any(state.theta != start):
                _warn_unless_converged(fitted)
        return self

    def _residual_of(self, fitted, X, y, sample_weight=None):
        """Gradient norm of another fitted model, in the objective of these parameters.

        Parameters
        ----------
        fitted : estimator
            Linear, of any solver; neither it nor this estimator is changed.
        X, y, sample_weight
            As for `gradient_residual`.

        Returns
        -------
        GradientResidual
        """
        rows, encoding, _, _ = self._read_data_of(fitted, X, y, sample_weight, None)
        groups = Groups.of(rows, encoding.marks, encoding.n_groups)
        none = np.zeros(rows.X.shape[1], dtype=bool)
        objective = self._objective(none, encoding, groups)
        if not self.fit_intercept and np.any(fitted.intercept_):
            raise ValueError(
                f"{type(fitted).__name__} has an intercept, but the objective has "
                "fit_intercept=False."
            )
        return residual_at(objective, rows, self._coefficients_of(fitted, encoding))

    def _read_data_of(self, fitted, X, y, sample_weight, row_ids):
        """Training data that have the columns and the labels of a fitted model."""
        training = self._read_training(X, y, sample_weight, row_ids)
        _, encoding, columns, _ = training
        check_same_columns(fitted, columns)
        if encoding.classes is not None:
            check_same_classes(fitted, encoding.classes)
        return training

    def _coefficients_of(self, fitted, encoding):
        """The coefficients of the twin, of shape (p, n_outputs)."""
        start = np.atleast_2d(np.asarray(fitted.coef_, dtype=np.float64)).T
        n_outputs = self._n_raw(encoding)
        if start.shape[1] != n_outputs:
            raise ValueError(
                f"coef_ has shape {np.shape(fitted.coef_)}: it is not of the "
                f"{n_outputs} output(s) that y has."
            )
        if self.fit_intercept:
            intercept = np.broadcast_to(np.ravel(fitted.intercept_), (n_outputs,))
            start = np.vstack([start, intercept])
        return start

    def _of_nothing(self, theta):
        """Coefficients of a model that explains nothing."""
        return np.zeros_like(theta)


def _warn_unless_converged(fitted):
    """Say of a model that its solver had ended early what differs from another."""
    steps, most = getattr(fitted, "n_iter_", None), getattr(fitted, "max_iter", None)
    if steps is not None and most is not None and np.max(steps) >= most > 0:
        warn(
            f"{type(fitted).__name__} had not converged within max_iter={most} and is "
            "taken over at its minimum: what differs from it, and from a refit that "
            "ends as early, is the refit's.",
            ConvergenceWarning,
        )


def _warn_if_far(state, rows, start, nothing, far):
    objective = state.objective
    least = objective.value(rows, state.theta)
    explained = objective.value(rows, nothing) - least
    excess = objective.value(rows, start) - least
    if not excess <= far * explained:
        warn(
            "The fitted model was far from the one that X, y and sample_weight "
            f"determine: its objective exceeded the minimum by {excess:.2g}, where a "
            f"model of nothing exceeds it by {explained:.2g}. It has been fitted to "
            "them. Are they what it was trained on, preprocessed in the same way?",
            DataMismatchWarning,
        )
