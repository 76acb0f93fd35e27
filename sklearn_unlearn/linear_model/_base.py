"""The base of all linear estimators: fit, the fitted value, prediction, export."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, clone

from sklearn_unlearn.certification.noise import noisy
from sklearn_unlearn.certified import CertifiedMixin
from sklearn_unlearn.core.arrays import sparser
from sklearn_unlearn.core.linear.bookkeeping import Model
from sklearn_unlearn.core.linear.class_terms import check_parts
from sklearn_unlearn.core.linear.curvature import is_iterative
from sklearn_unlearn.core.linear.data_checksum import Tally
from sklearn_unlearn.core.linear.fitting import fit
from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.linear.steps import with_parts, with_products, with_reach
from sklearn_unlearn.core.rows import Rows
from sklearn_unlearn.core.training_rows.retained import RetainedRows
from sklearn_unlearn.exceptions import NotPositiveDefiniteError
from sklearn_unlearn.linear_model._blocks import BlockReadingMixin
from sklearn_unlearn.linear_model._fitted import Fitted
from sklearn_unlearn.linear_model._from_sklearn import AdoptionMixin
from sklearn_unlearn.linear_model._influence import InfluenceMixin
from sklearn_unlearn.linear_model._parameters import ParametersMixin
from sklearn_unlearn.newton import warn_unless_converged
from sklearn_unlearn.row_blocks import DataBlocks
from sklearn_unlearn.utils.callbacks import with_callbacks
from sklearn_unlearn.utils.export import configured_like
from sklearn_unlearn.utils.learned import LearnedColumns
from sklearn_unlearn.utils.row_ids import check_new_row_ids
from sklearn_unlearn.utils.tags import (
    REQUEST_VERBS,
    UnlearnerTags,
    UnlearningTags,
)
from sklearn_unlearn.utils.validation import (
    check_remaining_rows,
    check_sample_weight,
    check_training_data,
)


class LinearUnlearner(
    AdoptionMixin,
    InfluenceMixin,
    ParametersMixin,
    BlockReadingMixin,
    CertifiedMixin,
    LearnedColumns,
    BaseEstimator,
):
    """A generalised linear model fitted by Newton's method that keeps its factor.

    A subclass gives the constructor and the hooks `_encoding`, `_any_encoding` (before
    data are seen), `_loss`, `_n_raw`,
    `_strength` (of the penalty), `_shaped_coef`, `_shaped_intercept` and `_twin`.
    """

    #: Whether the twin averages its loss, so that the penalty on our sum is `_strength`
    #: times the summed weight of the rows and each request changes it.
    _averages: Any = False
    _reads_blocks = True

    @with_callbacks
    def fit(
        self, X: Any, y: Any = None, sample_weight: Any = None, *, row_ids: Any = None
    ) -> Self:
        """Fit the model and keep the factor of its Hessian.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or DataBlocks
            With ``retain_data=True`` a float array or CSR matrix is kept by reference:
            do not change it afterwards. All else is copied, and so is an array of
            which five in six entries are zero, as CSR. Blocks have y and weights in
            them, and are read several times.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : array-like of shape (n_samples,) or float, optional
        row_ids : array-like of shape (n_samples,) or (n_samples, 2), optional
            With ``retain_data=True``, identifiers by which requests can name rows;
            integers or strings, of which several rows may have the same.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a parameter or the data are invalid.
        NotPositiveDefiniteError
            If the data leave a coefficient undetermined and no penalty decides.
        ProblemTooLargeError
            If the factor would exceed its documented limit and is needed.
        """
        with self._exclusive(), self._telling_callbacks(X) as X:
            training = self._read_training(X, y, sample_weight, row_ids)
            self._fitted = self._fit_rows(*training)
        return self

    @property
    def coef_(self) -> Any:
        """Coefficients, zero where forgotten; shape as the twin's."""
        return self._coefficients(self._learned)[0]

    @property
    def intercept_(self) -> Any:
        """Intercepts; shape as the twin's."""
        return self._coefficients(self._learned)[1]

    @property
    def n_iter_(self) -> Any:
        """Newton and chord steps that fit took; 1 with certification: it is secret."""
        fitted = self._learned
        return 1 if fitted.lineage is not None else max(fitted.n_iter, 1)

    def to_sklearn(self, drop_forgotten: bool = False) -> Any:
        """A plain fitted scikit-learn model without secrets, to deploy.

        It holds coefficients and labels; no factor, no Hessian, no data.

        Parameters
        ----------
        drop_forgotten : bool, default=False
            Whether the model takes only the columns that remain. If False it takes
            all and multiplies the forgotten ones by zero.

        Returns
        -------
        estimator
            scikit-learn's twin of this estimator.
        """
        return self._exported(self._checked(), drop_forgotten)

    def _exported(self, fitted, drop_forgotten=False):
        """One version of the model as its twin."""
        keep = np.ones(fitted.columns.n_features, dtype=bool)
        if drop_forgotten:
            keep = ~fitted.model.forgotten
        twin = configured_like(self._twin(fitted), self)
        params = copy.deepcopy(fitted.params)
        twin.set_params(**copy.deepcopy(fitted.twin_params))
        shared = twin.get_params().keys() & params.keys() - {"tol", "max_iter"}
        twin.set_params(**{name: params[name] for name in shared})
        if not fitted.twin_params and getattr(twin, "max_iter", None) is not None:
            # of other steps than ours, but who allows more expects them to be needed
            twin.set_params(max_iter=max(twin.max_iter, params["max_iter"]))
        coef, intercept = self._coefficients(fitted)
        twin.coef_ = coef[..., keep].copy()
        twin.intercept_ = copy.copy(intercept)
        columns = fitted.columns.select(keep)
        twin.n_features_in_ = columns.n_features
        if columns.names is not None:
            twin.feature_names_in_ = columns.names
        return twin

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        exact = bounded = retains = False
        iterative = isinstance(self.curvature, str) and self.curvature == "iterative"
        try:
            self._check_parameters()
        except (TypeError, ValueError):  # fit refuses them
            pass
        else:
            loss = self._loss(self._any_encoding())
            retains = bool(self.retain_data)
            exact = retains or (
                loss.constant_curvature and self.method == "second_order"
            )
            bounded = loss.self_concordance is not None
            bounded = bounded and not iterative
            if hasattr(loss, "in_range"):
                allowed = loss.in_range(np.array([[-1.0]]))
                tags.target_tags.positive_only = not np.all(allowed)
        promised = UnlearningTags.of(
            self, exact=exact, certified=bounded, row_ids=retains
        )
        if iterative and not retains:  # no request is answered
            none: dict[str, Any] = dict.fromkeys(REQUEST_VERBS)
            promised = replace(promised, **none)
        return UnlearnerTags.extending(tags, promised)

    # Fitting ------------------------------------------------------------------------

    #: Keyword arguments with which targets are validated at fit.
    _target_checks: ClassVar[dict[str, object]] = {}

    def _read_training(self, X, y, sample_weight, row_ids):
        """Rows, encoding, columns and identifiers of data to fit."""
        self._check_parameters()
        if isinstance(X, DataBlocks):
            given = {"y": y, "sample_weight": sample_weight, "row_ids": row_ids}
            return self._read_blocks(X, given)
        X, y, columns = check_training_data(self, X, y, **self._target_checks)
        weight = check_sample_weight(sample_weight, X.shape[0])
        if not weight.any():
            raise ValueError("sample_weight must hold a weight other than zero.")
        if row_ids is not None:
            if not self.retain_data:
                raise ValueError("row_ids needs retain_data=True.")
            row_ids = check_new_row_ids(row_ids, X.shape[0])
        encoding = self._encoding(y, weight)
        self._check_objective(None if encoding.classes is None else encoding.n_groups)
        target = encoding.read(y)
        return Rows(X, target, weight), encoding, columns, row_ids

    def _fit_rows(
        self,
        rows,
        encoding,
        columns,
        row_ids,
        forgotten=None,
        account=None,
        start=None,
        tol=None,
        origin=None,
    ):
        """The fitted value of these rows, published on ``account`` or a new one.

        The minimiser begins at ``start``, or wherever it is cheapest, and stops at
        ``tol`` if that is another than the parameter.
        """
        options = self._options()
        n_columns = columns.n_features
        if self.retain_data:
            rows = replace(rows, X=sparser(rows.X))
        if forgotten is None:
            forgotten = np.zeros(n_columns, dtype=bool)
        tally = Tally.of(rows, encoding.marks, encoding.n_groups)
        objective = self._objective(forgotten, encoding, tally.groups)
        iterative = self._is_iterative(objective, rows)
        in_parts = encoding.balanced and self.certification is None
        in_parts = in_parts and not (self.retain_data or iterative)
        if in_parts:
            check_parts(objective)
        try:
            result = fit(
                objective,
                rows,
                tol=options.tol if tol is None else tol,
                max_iter=options.max_iter,
                start=start,
                iterative=iterative,
            )
        except NotPositiveDefiniteError as error:
            raise NotPositiveDefiniteError(
                f"X with n_samples={rows.n_rows} and n_features={n_columns} does not "
                f"determine the model. {error}"
            ) from error
        warn_unless_converged(result)
        state, retained = result.state, None
        if self.retain_data:
            retained = RetainedRows.of(rows, row_ids, forgotten, origin)
        elif not iterative:
            state = (with_parts if in_parts else with_products)(state, rows)
            state = with_reach(state, rows)
        state, lineage = self._begun(state, rows, account)
        return Fitted(
            Model(state, tally, encoding.marks, retained),
            encoding,
            result.n_iter,
            columns,
            copy.deepcopy(self.get_params(deep=False)),
            bool(self._averages),
            lineage,
        )

    def _is_iterative(self, objective, rows):
        """Whether no factor is to be kept of this objective on these rows."""
        needed = self.certification is not None or self.method == "first_order"
        if self.curvature == "auto" and needed:
            return False
        return is_iterative(self.curvature, objective, rows, bool(self.retain_data))

    def _refit(self, fitted, encoding, rows):
        """The fitted value of these retained rows, all else as it was at fit."""
        before = fitted.model.retained.compacted()
        chunk = before.chunks[0]
        account = None if fitted.lineage is None else fitted.lineage.account
        as_then = clone(self).set_params(**fitted.params)
        refitted = as_then._fit_rows(
            rows,
            encoding,
            fitted.columns,
            chunk.ids,
            chunk.forgotten,
            account,
            origin=chunk.origin,
        )
        model = refitted.model
        model = replace(model, retained=model.retained.following(before))
        return replace(refitted, model=model, twin_params=fitted.twin_params)

    def _objective(self, forgotten, encoding, groups):
        """The objective in these columns, of rows of these groups."""
        forgotten = np.append(forgotten, [False] * bool(self.fit_intercept))
        n_outputs = self._n_raw(encoding)
        penalty = np.empty((forgotten.size, n_outputs))
        penalty[:] = self._strength(n_outputs)
        if self.fit_intercept:
            penalty[-1] = self._intercept_strength(n_outputs)
        if self._averages:
            penalty *= groups.weight.sum()
        return Objective(
            loss=encoding.weighted(self._loss(encoding), groups),
            fit_intercept=bool(self.fit_intercept),
            penalty=penalty,
            linear=self._linear_term(penalty),
            held=np.repeat(forgotten.astype(bool)[:, None], n_outputs, axis=1),
        )

    def _intercept_strength(self, n_outputs):
        """Of the penalty on the intercept."""
        return 0.0

    def _objective_at(self, fitted, weight):
        """The fitted objective, of rows of so much summed weight."""
        state = fitted.model.state
        if not fitted.averaged or weight == state.weight:
            return state.objective
        penalty = state.objective.penalty * (weight / state.weight)
        return replace(state.objective, penalty=penalty)

    def _linear_term(self, penalty):
        """b: zero, or in objective mode noise on penalised coefficients."""
        certification = self.certification
        if certification is None or certification.mode != "objective":
            return np.zeros_like(penalty)
        sigma, secret = float(certification.sigma), certification.secret()
        return noisy(np.zeros_like(penalty), penalty == 0.0, sigma, secret)

    # Reading the fitted value ---------------------------------------------------------

    def _coefficients(self, fitted):
        """``coef_`` and ``intercept_`` of one version of the model, read-only views."""
        theta = fitted.shown.view()
        theta.flags.writeable = False
        return self._shaped(fitted, theta)

    def _shaped(self, fitted, theta):
        """``coef_`` and ``intercept_`` as the twin shapes them."""
        coef, intercept = theta.T, None
        if fitted.model.state.objective.fit_intercept:
            coef, intercept = coef[:, :-1], theta[-1]
        return (
            self._shaped_coef(coef, fitted.encoding),
            self._shaped_intercept(intercept, fitted.encoding),
        )

    def _raw_prediction(self, X):
        """Raw predictions, all from one version of the model."""
        fitted = self._checked()
        state = fitted.model.state
        X = check_remaining_rows(self, X, fitted.columns, fitted.model.forgotten)
        return fitted, state.objective.raw_prediction(X, fitted.shown)
