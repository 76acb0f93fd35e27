"""Lasso and elastic net that unlearn exactly."""

from __future__ import annotations

import copy
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import MultiOutputMixin
from sklearn.linear_model import ElasticNet, Lasso

from sklearn_unlearn.core.linear.absolute_penalty import AbsolutePenalty
from sklearn_unlearn.sufficient_statistics import Learned, StatisticalRegressor

#: Share of what a model explains that a twin that ended early may lack.
_FAR = 0.01


class UnlearnableElasticNet(MultiOutputMixin, StatisticalRegressor):
    """Elastic net that unlearns rows, values, targets and columns.

    A twin of :class:`sklearn.linear_model.ElasticNet`. Requests are exact: sums are
    kept without rounding, so that a row that leaves leaves no trace, and the minimum is
    that of an active set of columns of which the optimality conditions hold to
    rounding. It is solved for from the last one; the result is that of a fit, to the
    last bit.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty, of a mean over the rows.
    l1_ratio : float, default=0.5
        Share of the penalty on absolute values; the rest is on squares.
    fit_intercept : bool, default=True
        Whether to add an intercept.
    precompute : bool, default=False
        Without effect: sums of products are kept anyway. Those of one set of rows,
        which the twin takes as well, are refused.
    max_iter : int, default=1000
    copy_X : bool, default=True
    tol : float, default=1e-4
    warm_start : bool, default=False
        All four for the twin that `to_sklearn` returns.
    positive : bool, default=False
        Whether coefficients may not be negative.
    random_state : int, RandomState instance or None, default=None
    selection : {"cyclic", "random"}, default="cyclic"
        Both for the twin as well: no order of columns changes the minimum.
    retain_data : bool, default=False
        If True, a reference to the training data is kept: rows are checked to be in,
        can be named by ``row_ids``, and are summed again where a step of a pipeline
        changes all of them.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Zero for columns that are forgotten; all else is without them.
    sparse_coef_ : sparse matrix of shape (n_targets, n_features)
        The same.
    dual_gap_ : float or ndarray of shape (n_targets,)
        Zero but for rounding.
    intercept_ : float or ndarray of shape (n_targets,)
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had string column names.
    n_iter_ : int or list of int
        Number of columns that have coefficients, which is the fewest steps that lead
        to them from zero; at least one.

    See Also
    --------
    UnlearnableLinearRegression : Without a penalty.

    Notes
    -----
    With dependent columns and no penalty on squares there may be several minima. The
    one that steps from zero lead to is taken, and the twin may take another. A column
    counts as dependent where others explain it but for a share of about ``1e-15
    n_columns`` of its sum of squares.

    The twin ends where the duality gap is a share `tol` of the squared targets: that
    is how far its coefficients are from these.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_unlearn import UnlearnableElasticNet
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = UnlearnableElasticNet(alpha=0.01).fit(X, y)
    >>> model = model.partial_unfit(X[:9], y[:9])
    >>> refit = UnlearnableElasticNet(alpha=0.01).fit(X[9:], y[9:])
    >>> bool(np.array_equal(model.coef_, refit.coef_))
    True
    """

    _twin_class = ElasticNet

    dual_gap_ = Learned()
    intercept_ = Learned()
    n_iter_ = Learned()

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        l1_ratio: float = 0.5,
        fit_intercept: bool = True,
        precompute: bool = False,
        max_iter: int = 1000,
        copy_X: bool = True,
        tol: float = 1e-4,
        warm_start: bool = False,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
        retain_data: bool = False,
    ) -> None:
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.copy_X = copy_X
        self.tol = tol
        self.warm_start = warm_start
        self.positive = positive
        self.random_state = random_state
        self.selection = selection
        self.retain_data = retain_data

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    @property
    def coef_(self) -> Any:
        """Coefficients, zero where forgotten."""
        return self._widen("coef_")

    @property
    def sparse_coef_(self) -> Any:
        """The same as a sparse matrix."""
        twin = copy.copy(self._learned.sklearn_estimator)
        twin.coef_ = self.coef_
        return twin.sparse_coef_

    # Hooks --------------------------------------------------------------------------

    _target_checks: ClassVar = {"multi_output": True, "y_numeric": True}

    def _check_parameters(self, params):
        if not np.isscalar(params["precompute"]):
            raise ValueError(
                "precompute must be a bool: a matrix of products would stay that of "
                "all rows. Sums are kept anyway."
            )

    def _fit_example(self, classes, n_columns, params):
        # nothing is solved iteratively here, about which the twin warns
        easy = {
            name: default
            for name, default in (("alpha", 1.0), ("tol", 1e-4))
            if isinstance(params[name], Real) and params[name] == 0
        }
        example = super()._fit_example(classes, n_columns, {**params, **easy})
        return example.set_params(**{name: params[name] for name in easy})

    def _example(self, classes, n_columns, params):
        # of one column, several targets' coefficients look like one's
        _, y = super()._example(classes, n_columns, params)
        return np.array([[0.0, 0.0], [1.0, 0.0]]), y

    def _fill(self, estimator, statistics, params, before):
        problems = _Problems(statistics.classes, estimator)
        start = None if before is None else before.sklearn_estimator.coef_
        coef = problems.solve(start)
        gaps = problems.gaps(coef)
        used = [max(int(n), 1) for n in np.count_nonzero(coef, axis=1)]
        is_vector = estimator.coef_.ndim == 1  # as that of the example
        estimator.coef_ = coef[0] if is_vector else coef
        estimator.dual_gap_ = gaps[0] if is_vector else gaps
        estimator.n_iter_ = used[0] if is_vector else used
        if estimator.fit_intercept:
            intercept = problems.intercept(coef)
            is_number = np.ndim(estimator.intercept_) == 0
            estimator.intercept_ = intercept[0] if is_number else intercept

    def _difference(self, fitted):
        """By the objective, which is near the minimum wherever the twin may end."""
        estimator = self._fitted.sklearn_estimator
        if np.shape(fitted.coef_) != np.shape(estimator.coef_):
            return "coef_"
        problems = _Problems(self._fitted.statistics.classes, estimator)
        ours, theirs = np.atleast_2d(estimator.coef_), np.atleast_2d(fitted.coef_)
        least = problems.objective(ours)
        explained = problems.objective(np.zeros_like(ours)) - least
        excess = problems.objective(theirs) - least
        if np.any(excess > _FAR * explained + problems.rounding):
            return "coef_"
        if estimator.fit_intercept:
            wrong = np.abs(fitted.intercept_ - problems.intercept(theirs))
            if np.any(np.square(wrong) * problems.size > _FAR * problems.squares):
                return "intercept_"
        return None


class UnlearnableLasso(UnlearnableElasticNet):
    """Lasso that unlearns rows, values, targets and columns.

    A twin of :class:`sklearn.linear_model.Lasso`, and an `UnlearnableElasticNet` whose
    penalty is on absolute values alone.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty, of a mean over the rows.
    fit_intercept, precompute, copy_X, max_iter, tol, warm_start, positive, \
            random_state, selection, retain_data
        As for `UnlearnableElasticNet`.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Zero for columns that are forgotten; all else is without them.
    sparse_coef_ : sparse matrix of shape (n_targets, n_features)
    dual_gap_ : float or ndarray of shape (n_targets,)
    intercept_ : float or ndarray of shape (n_targets,)
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had string column names.
    n_iter_ : int or list of int
        As those of `UnlearnableElasticNet`.

    See Also
    --------
    UnlearnableElasticNet : With a penalty on squares as well, and notes.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Lasso
    >>> from sklearn_unlearn import UnlearnableLasso
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = UnlearnableLasso(alpha=0.1).fit(X, y).partial_unfit(X[:9], y[:9])
    >>> refit = Lasso(alpha=0.1, tol=1e-12).fit(X[9:], y[9:])
    >>> bool(abs(model.coef_ - refit.coef_).max() < 1e-6)
    True
    """

    _twin_class = Lasso

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        fit_intercept: Any = True,
        precompute: Any = False,
        copy_X: Any = True,
        max_iter: Any = 1000,
        tol: Any = 1e-4,
        warm_start: Any = False,
        positive: Any = False,
        random_state: Any = None,
        selection: Any = "cyclic",
        retain_data: Any = False,
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.positive = positive
        self.random_state = random_state
        self.selection = selection
        self.retain_data = retain_data


class _Problems:
    """What the coefficients of each target minimise, of sums instead of means.

    Parameters
    ----------
    sums : Statistics
        Of the columns and, after them, the targets.
    estimator : ElasticNet
    """

    def __init__(self, sums, estimator):
        self.size = float(sums.weight.rounded()[0])
        self.mean = sums.mean()[0]
        scatter = sums.scatter()[0]
        products = scatter if estimator.fit_intercept else sums.second.rounded()[0]
        n = estimator.n_features_in_
        self.products, self.targets = products[:n, :n], products[n:, :n]
        self.squares = np.diagonal(products)[n:]
        strength = self.size * float(estimator.alpha)
        self.absolute = strength * float(estimator.l1_ratio)
        self.squared = strength * (1.0 - float(estimator.l1_ratio))
        self.positive = bool(estimator.positive)

    @property
    def rounding(self):
        """Of the objective."""
        return 1e-12 * self.squares

    def solve(self, start):
        """Coefficients, of shape (n_targets, n_columns)."""
        matrix = self.products + self.squared * np.eye(self.products.shape[0])
        starts = [None] * len(self.targets) if start is None else np.atleast_2d(start)
        return np.array(
            [
                AbsolutePenalty(matrix, target, self.absolute, self.positive).solve(one)
                for target, one in zip(self.targets, starts, strict=True)
            ]
        )

    def objective(self, coef):
        """The objective of each target."""
        penalty = self.absolute * np.abs(coef).sum(axis=1)
        penalty += 0.5 * self.squared * np.square(coef).sum(axis=1)
        return 0.5 * self._errors(coef) + penalty

    def _errors(self, coef):
        explained = np.sum(coef * (2.0 * self.targets - coef @ self.products), axis=1)
        return np.maximum(self.squares - explained, 0.0)

    def gaps(self, coef):
        """Duality gaps, of the mean, as in ``ElasticNet``."""
        gradient = self.targets - coef @ self.products
        gradient = gradient - self.squared * coef
        sizes = gradient if self.positive else np.abs(gradient)
        largest = np.maximum(sizes.max(axis=1), 0.0)
        scale = np.ones_like(largest)
        if self.absolute > 0.0:  # otherwise the dual has no bound
            np.divide(self.absolute, largest, out=scale, where=largest > self.absolute)
        errors = self._errors(coef)
        fits = self.squares - np.sum(coef * self.targets, axis=1)
        gap = 0.5 * errors * (1.0 + scale**2) - scale * fits
        gap += self.absolute * np.abs(coef).sum(axis=1)
        gap += 0.5 * self.squared * (1.0 + scale**2) * np.square(coef).sum(axis=1)
        return np.maximum(gap, 0.0) / self.size

    def intercept(self, coef):
        """What makes the mean error zero."""
        n = coef.shape[1]
        return self.mean[n:] - coef @ self.mean[:n]
