"""Certification as estimators see it: verbs that publish, requests accounted for.

The mathematics is in ``certification``; here each request is accounted for between its
computation and the swap.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from numbers import Integral

import numpy as np
from sklearn.utils import check_scalar

from sklearn_unlearn.base import UnlearnerMixin, warn_unless_converged
from sklearn_unlearn.certification.certificate import Certificate
from sklearn_unlearn.certification.digest import model_hash
from sklearn_unlearn.certification.lineage import (
    advanced,
    begin,
    capacity,
    forecast,
    minimised,
    remeasured,
    requested,
)
from sklearn_unlearn.core.edits import Edit
from sklearn_unlearn.core.model import Request, idle, step_rate
from sklearn_unlearn.core.refinement import refine, refreshed
from sklearn_unlearn.core.steps import unlearn, with_parts
from sklearn_unlearn.core.threads import one_blas_thread
from sklearn_unlearn.exceptions import (
    BudgetExceededError,
    CertificationError,
    NoBoundError,
    NotPositiveDefiniteError,
)
from sklearn_unlearn.gaussian import GaussianCertification

_CLAIM = (
    "All models published in this lineage together are (epsilon, delta)-"
    "indistinguishable from those that refits on the corrected data would have "
    "published with the same noise."
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
    """

    leverage: np.ndarray
    prediction_change: np.ndarray
    coefficient_change: float
    distance: float | None
    remaining: float | None

    @property
    def fits(self):
        """Whether the budget has room for it; None without certification."""
        return None if self.distance is None else self.distance <= self.remaining


class CertifiedMixin(UnlearnerMixin):
    """Verbs that publish, and the accounting of each request.

    An estimator keeps ``lineage`` in its fitted value, None if it does not certify, and
    provides ``_refit`` (its rows fitted again) beside what `UnlearnerMixin` asks for.
    """

    # Verbs --------------------------------------------------------------------------

    def release(self, drop_forgotten=False):
        """The published model and its certificate.

        Two releases of one state are equal; after a request they differ, and the
        budget has paid for both.

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
            If the model was fitted without certification, or in objective mode.
        """
        fitted = self._checked()
        lineage = self._lineage(fitted)
        model = self._exported(fitted, drop_forgotten)
        terms, record = lineage.terms, lineage.record
        certificate = Certificate(
            claim=_CLAIM,
            epsilon=terms.epsilon,
            delta=terms.delta,
            sigma=terms.sigma,
            budget=record.budget,
            mode="output",
            name=terms.name,
            lineage=record.lineage,
            publication=record.publication,
            refit_tolerance=terms.tol,
            estimator=type(self).__name__,
            noise_seeded=terms.seeded,
            parameters=_plain(fitted.params),
            versions=_versions(),
            model_sha256=model_hash(model),
        )
        return model, certificate

    def private_record(self):
        """How this state was accounted for. A function of secrets: do not publish it.

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
        self, X=None, y=None, sample_weight=None, *, row_ids=None, limit=10_000
    ):
        """How many requests like forgetting these rows the budget still has room for.

        An estimate: that later requests cost what this one would. With retained data
        they spend about as much as this state did. Without, the drift of all that came
        before adds to each, and ``refine`` resets it; rows that are repeated exactly
        gain leverage as copies leave, so that a few per cent fewer may fit.

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

    def removal_cost(self, X=None, y=None, sample_weight=None, *, row_ids=None):
        """What forgetting these rows would do, before it is done.

        Nothing changes. What it returns is computed from secrets: for the operator.

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
                alone = Request(Edit(rows_out=row), position)
                alone = unlearn(state, self._completed(fitted, alone).edit)
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
        of_rows = (leaving.spread(found, 0.0) for found in (leverage, change))
        return RemovalCost(*of_rows, moved, distance, remaining)

    # Accounting -----------------------------------------------------------------------

    def _begun(self, state, rows, after=None, anew=False):
        """The lineage of a fit, None without certification or in objective mode."""
        certification = self.certification
        if certification is None or certification.mode == "objective":
            return None
        exact = not self.retain_data
        if after is not None:
            return begin(after.terms, state, rows, exact=exact, after=after, anew=anew)
        terms, secret = certification.terms(float(self.tol)), certification.secret()
        return begin(terms, state, rows, exact=exact, secret=secret)

    def _carried(self, fitted, request):
        """The fitted value after a request, its noise that of this request alone.

        What leaves the data as they were publishes nothing, of which one could take
        the mean: a rule that tells no more than the request.
        """
        if fitted.lineage is None:
            return super()._carried(fitted, request)
        model = idle(fitted.model, request)
        if model is not None:
            return replace(fitted, model=model)
        lineage = requested(fitted.lineage, request.edit)
        return super()._carried(replace(fitted, lineage=lineage), request)

    def _settled(self, fitted, request, answer):
        """The fitted value after a request, its distance spent."""
        lineage, model = fitted.lineage, answer.model
        if lineage is None:
            return replace(fitted, model=model)
        policy = fitted.params["certification"].on_budget_exceeded
        state, edit, step = fitted.model.state, request.edit, answer.step
        try:
            lineage = advanced(lineage, state, edit, step, model.state, model.retained)
        except (BudgetExceededError, NoBoundError) as error:
            # a bound that is missing, and not too large, a fresh Hessian may give
            refining = policy == "refine" or isinstance(error, NoBoundError)
            if model.retained is None or not (refining or policy == "refit"):
                raise
            if policy == "refit":
                edited = replace(fitted, model=model)
                return self._refit(edited, fitted.encoding, anew=True)
            model, lineage = self._refined_further(lineage, model)
        return replace(fitted, model=model, lineage=lineage)

    def _refit_without(self, fitted, encoding, rows):
        """A fit without classes that vanished, in the same budget if it has room."""
        try:
            return self._refit(fitted, encoding, rows)
        except BudgetExceededError:
            if fitted.params["certification"].on_budget_exceeded != "refit":
                raise
            return self._refit(fitted, encoding, rows, anew=True)

    def _refined_further(self, lineage, model):
        """Down to the rounding floor with a fresh Hessian; the budget pays for that."""
        rows, max_iter = model.retained, self._options().max_iter
        state = refreshed(model.state, rows, model.state.theta)
        final = refine(state, rows, tol=0.0, max_iter=max_iter)
        warn_unless_converged(final)
        lineage = minimised(lineage, final.state, rows)
        return replace(model, state=final.state), lineage

    def _resettled(self, fitted, model, rows):
        """The fitted value after the verb ``refine``, which publishes nothing."""
        lineage = fitted.lineage
        if lineage is not None:
            lineage = remeasured(lineage, model.state, rows)
        return replace(fitted, model=model, lineage=lineage)

    def _removal(self, fitted, X, y, sample_weight, row_ids):
        """The rows to be forgotten, and the request to do so."""
        leaving = self._leaving(fitted, X, y, sample_weight, row_ids).whole()
        request = Request(Edit(rows_out=leaving.rows), leaving.positions)
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
        certification.terms(1.0)
        if certification.on_budget_exceeded != "raise" and not self.retain_data:
            raise ValueError(
                f"on_budget_exceeded={certification.on_budget_exceeded!r} needs "
                "retain_data=True: there is nothing to refine or refit on."
            )


def _plain(params):
    """Parameters as JSON knows them; what is said of certification has its entries."""
    plain = {}
    for name, value in copy.deepcopy(params).items():
        if name == "certification":  # whose repr may hold the seed of the noise
            continue
        if isinstance(value, np.generic):
            value = value.item()
        known = value is None or isinstance(value, bool | int | str)
        known |= isinstance(value, float) and np.isfinite(value)
        plain[name] = value if known else repr(value)
    return plain


def _versions():
    versions = {}
    for package in ("sklearn-unlearn", "scikit-learn", "numpy", "scipy"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:  # used from a checkout
            versions[package] = "unknown"
    return versions
