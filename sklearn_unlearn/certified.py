"""Certification as estimators see it: what is published, and what requests would cost.

The mathematics is in ``certification``; ``accounted`` spends the budget.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import check_scalar

from sklearn_unlearn.accounted import AccountedModel
from sklearn_unlearn.certification import PrivateRecord
from sklearn_unlearn.certification.certificate import Certificate, not_claimed
from sklearn_unlearn.certification.digest import model_hash
from sklearn_unlearn.certification.lineage import (
    capacity,
    forecast,
)
from sklearn_unlearn.certification.noise import grid
from sklearn_unlearn.core.linear.bookkeeping import ModelChange
from sklearn_unlearn.core.linear.edits import Edit
from sklearn_unlearn.core.linear.model import step_rate
from sklearn_unlearn.core.linear.steps import unlearn, with_parts
from sklearn_unlearn.core.threads import one_blas_thread
from sklearn_unlearn.exceptions import (
    CertificationError,
    NotPositiveDefiniteError,
)
from sklearn_unlearn.gaussian import GaussianCertification
from sklearn_unlearn.utils.provenance import package_versions, plain_parameters

_CLAIM = (
    "All models published of this fit and the requests after it together are "
    "(epsilon, delta)-indistinguishable from those that refits on the corrected data "
    "would have published with the same noise, also where requests depend on data, "
    "publications and predictions that came before."
)
_PRIVATE_CLAIM = (
    "All models published of this fit and the requests after it together are "
    "(epsilon, delta)-indistinguishable from those that would have been published with "
    "the same noise if any one row had never been in the data, whether it was deleted "
    "or not, also where requests depend on data, publications and predictions that "
    "came before."
)


@dataclass(frozen=True, eq=False)
class RemovalCost:
    """What a request to forget rows would do: `CertifiedMixin.removal_cost`.

    Attributes
    ----------
    leverage : ndarray of shape (n_rows,)
        Of each row alone, between 0 and 1: how far the fit follows it.
    prediction_change : ndarray of shape (n_rows,)
        Largest change of a row's own raw prediction if it alone left (approximate
        leave-one-out; infinite if the rest does not determine the coefficients).
    coefficient_change : float
        2-norm of the change of all coefficients if all rows left together; infinite
        as above.
    distance : float or None
        With certification, what the request would spend: with retained data, about
        what the last state did. Infinite as above.
    remaining : float or None
        With certification, what remains of the budget now.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.preprocessing import scale
    >>> from sklearn_unlearn import UnlearnableLogisticRegression
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> X = scale(X)
    >>> cost = UnlearnableLogisticRegression(C=0.1).fit(X, y).removal_cost(X[:2], y[:2])
    >>> cost.leverage.shape, cost.coefficient_change > 0.0, cost.fits is None
    ((2,), True, True)
    """

    leverage: np.ndarray
    prediction_change: np.ndarray
    coefficient_change: float
    distance: float | None
    remaining: float | None

    @property
    def fits(self) -> Any:
        """Whether the budget has room for it; None without certification."""
        if self.distance is None or self.remaining is None:
            return None
        return self.distance <= self.remaining


class CertifiedMixin(AccountedModel):
    """Verbs that publish, and the accounting of each request.

    An estimator keeps ``lineage`` in its fitted value, None if it does not certify.
    """

    #: Parameters of the estimator.
    certification: Any
    retain_data: Any
    tol: Any

    # Hooks --------------------------------------------------------------------------

    def _exported(self, fitted: Any, drop_forgotten: bool = False) -> Any:
        """The published model as one of scikit-learn's."""
        raise NotImplementedError

    # Verbs --------------------------------------------------------------------------

    def release(self, drop_forgotten: bool = False) -> tuple[Any, Certificate]:
        """The published model and its certificate.

        Two releases of one publication are equal; after a request that changed the data
        they differ, and the budget has paid for both.

        Parameters
        ----------
        drop_forgotten : bool, default=False
            As for ``to_sklearn``; the certificate is of the model that is returned.

        Returns
        -------
        model : estimator
            A plain fitted scikit-learn model without secrets, as from ``to_sklearn``.
        certificate : sklearn_unlearn.certification.Certificate

        Raises
        ------
        CertificationError
            If the model was fitted without certification, in objective mode, or with
            noise of a ``random_state``.
        """
        fitted = self._checked()
        lineage = self._lineage(fitted)
        if lineage.terms.seeded:
            raise CertificationError(
                "The noise is that of random_state, which everybody can subtract who "
                "knows or tries it: no certificate is issued. Fit with "
                "random_state=None; to_sklearn exports the model all the same."
            )
        model = self._exported(fitted, drop_forgotten)
        terms, record = lineage.terms, lineage.record
        certificate = Certificate(
            claim=_PRIVATE_CLAIM if terms.private else _CLAIM,
            epsilon=terms.epsilon,
            delta=terms.delta,
            sigma=terms.sigma,
            budget=record.budget,
            mode="private" if terms.private else "output",
            row_norm=terms.row_norm,
            name=terms.name,
            publication=record.publication,
            counted=lineage.claimed,
            n_publications=terms.n_publications,
            max_refusals=terms.max_refusals,
            grid=grid(terms.sigma),
            refit_tolerance=terms.tol,
            estimator=type(self).__name__,
            parameters=plain_parameters(fitted.params),
            versions=package_versions(),
            model_sha256=model_hash(model),
            not_claimed=not_claimed(
                retained=fitted.model.retained is not None,
                scheduled=terms.n_publications is not None,
                private=terms.private,
            ),
        )
        return model, certificate

    def private_record(self) -> PrivateRecord:
        """How this state was accounted for.

        A function of secrets, for the operator: requests may depend on data and on
        what was published, never on this.

        Returns
        -------
        sklearn_unlearn.certification.PrivateRecord

        Raises
        ------
        CertificationError
            As `release`.
        """
        fitted = self._checked()
        record = self._lineage(fitted).record
        return replace(record, model_sha256=model_hash(self._exported(fitted)))

    def capacity(
        self,
        X: Any = None,
        y: Any = None,
        sample_weight: Any = None,
        *,
        row_ids: Any = None,
        limit: int = 10_000,
    ) -> int:
        """How many requests like forgetting these rows the budget still has room for.

        An estimate: that later requests cost what this one would. With retained data
        they spend about as much as this state did. Without, the drift of all that came
        before adds to each, and ``refine`` resets it; rows that are repeated exactly
        gain leverage as copies leave, so that a few per cent fewer may fit. For the
        operator: no request may depend on it.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_rows, n_features), optional
            Rows of the model.
        y : array-like of shape (n_rows,) or (n_rows, n_targets), optional
        sample_weight : array-like of shape (n_rows,) or float, optional
        row_ids : array-like of shape (n_rows,), optional
            As for `partial_unfit`.
        limit : int, default=10_000
            Where to stop counting.

        Returns
        -------
        int
            At most ``limit``.

        Raises
        ------
        CertificationError
            As `release`.
        """
        check_scalar(limit, "limit", Integral, min_val=1)
        fitted = self._checked()
        lineage = self._lineage(fitted)
        _, request = self._removal(fitted, X, y, sample_weight, row_ids)
        edit = request.edit
        step = self._rehearsed(fitted, edit)
        if fitted.model.retained is not None:
            return lineage.accountant.capacity(lineage.record.distance, limit)
        with one_blas_thread():
            return capacity(lineage, fitted.model.state, edit, step, limit)

    def removal_cost(
        self,
        X: Any = None,
        y: Any = None,
        sample_weight: Any = None,
        *,
        row_ids: Any = None,
    ) -> RemovalCost:
        """What forgetting these rows would do, before it is done.

        Nothing changes. What it returns is computed from secrets: for the operator, and
        no request may depend on it.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_rows, n_features), optional
            Rows of the model.
        y : array-like of shape (n_rows,) or (n_rows, n_targets), optional
        sample_weight : array-like of shape (n_rows,) or float, optional
        row_ids : array-like of shape (n_rows,), optional
            As for `partial_unfit`.

        Returns
        -------
        RemovalCost
        """
        fitted = self._checked()
        if fitted.balanced and fitted.model.retained is not None:
            model = fitted.model  # the sums that stand for all rows
            state = with_parts(model.state, model.retained)
            fitted = replace(fitted, model=replace(model, state=state))
        state, lineage = fitted.model.state, fitted.lineage
        leaving, request = self._removal(fitted, X, y, sample_weight, row_ids)
        edit = request.edit
        try:
            step = self._rehearsed(fitted, edit)
        except NotPositiveDefiniteError:
            step = None
        objective, rows = state.anchored, edit.rows_out
        leverage, change = np.zeros(rows.n_rows), np.full(rows.n_rows, np.inf)
        for i in range(rows.n_rows):
            one = np.array([i])
            row = rows.take(one)
            columns = objective.curvature_columns(row, state.anchor)
            inner = columns.T @ state.factor.solve(columns)
            leverage[i] = np.linalg.eigvalsh(inner)[-1] if inner.size else 0.0
            try:
                position = request.positions
                position = None if position is None else position[one]
                removal = ModelChange(Edit(rows_out=row), position)
                alone = unlearn(state, self._completed(fitted, removal).edit)
            except NotPositiveDefiniteError:
                continue  # without it the coefficients are undetermined
            change[i] = objective.largest_raw_change(row, alone.moved)
        distance = remaining = None
        if lineage is not None:
            remaining = lineage.accountant.remaining
            if step is None:
                distance = np.inf
            elif fitted.model.retained is None:
                distance = forecast(lineage, state, edit, step).total
            else:
                distance = lineage.record.distance
        moved = np.inf if step is None else float(np.linalg.norm(step.moved))
        leverage, change = leaving.spread(leverage, 0.0), leaving.spread(change, 0.0)
        return RemovalCost(leverage, change, moved, distance, remaining)

    # Looking ahead --------------------------------------------------------------------

    def _removal(self, fitted, X, y, sample_weight, row_ids):
        """The rows to be forgotten, and the request to do so."""
        leaving = self._leaving(fitted, X, y, sample_weight, row_ids).whole()
        request = ModelChange(Edit(rows_out=leaving.rows), leaving.positions)
        return leaving, self._completed(fitted, request)

    def _rehearsed(self, fitted, edit):
        """The step that a request would take."""
        options, model = self._options(), fitted.model
        # on retained data every request ends where the second order leads
        rate = step_rate(model.state, options) if model.retained is None else None
        with one_blas_thread():
            return unlearn(model.state, edit, rate)

    def _lineage(self, fitted):
        if fitted.lineage is not None:
            return fitted.lineage
        if fitted.params["certification"] is None:
            raise CertificationError(
                "The model was fitted with certification=None: it has no budget and "
                "issues no certificates. Fit with "
                "certification=GaussianCertification(epsilon, delta, sigma)."
            )
        raise CertificationError(
            'mode="objective" reproduces published figures and issues no certificate: '
            'a small residual does not imply one. Use mode="output".'
        )

    def _check_certification(self):
        certification = self.certification
        if certification is None:
            return
        if not isinstance(certification, GaussianCertification):
            raise ValueError(
                "certification must be None or a GaussianCertification; got "
                f"{certification!r}."
            )
        certification.check()
