"""Certified requests, accounted for between their computation and the swap."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sklearn_unlearn.certification.distance import self_concordance
from sklearn_unlearn.certification.lineage import (
    advanced,
    known_extent,
    minimised,
    remeasured,
    requested,
)
from sklearn_unlearn.core.linear.fitting import fit
from sklearn_unlearn.core.linear.model import idle
from sklearn_unlearn.core.linear.refinement import refine, refreshed
from sklearn_unlearn.core.linear.steps import with_products
from sklearn_unlearn.exceptions import (
    BudgetExceededError,
    NoBoundError,
    NotPositiveDefiniteError,
)
from sklearn_unlearn.newton import NewtonModel, warn_unless_converged
from sklearn_unlearn.utils.notes import note, note_account, rehearsing


class AccountedModel(NewtonModel):
    """A model with a convex objective, each publication of which is paid for."""

    #: Parameters of the estimator.
    certification: Any
    retain_data: Any
    tol: Any

    def _begun(self, state, rows, account=None):
        """The state of a fit that is published, and its lineage.

        None for the latter without certification or in objective mode.
        """
        certification, retained = self.certification, bool(self.retain_data)
        if certification is None or certification.mode == "objective":
            return state, None
        self_concordance(state.objective)  # of no loss without is any state near enough
        if account is None:
            account = certification.account(float(self.tol), retained)
            account = account.rehearsing() if rehearsing() else account
        try:
            alone = not retained
            found = minimised(account, "fit", state, rows, exact=alone, alone=alone)
            return state, found
        except (BudgetExceededError, NoBoundError):
            return self._closer(account, state, rows)

    def _carried(self, fitted, request):
        """The fitted value after a request, its noise that of this request alone.

        What leaves the data as they were publishes nothing, of which one could take
        the mean: a rule that tells no more than the request.
        """
        if fitted.lineage is None:
            return super()._carried(fitted, request)
        model = idle(fitted.model, request)
        if model is not None:
            _note_account(fitted.lineage)
            return replace(fitted, model=model)
        lineage = fitted.lineage
        if rehearsing():
            lineage = replace(lineage, account=lineage.account.rehearsing())
            note_account(lineage.terms.name, lineage.accountant)
        with lineage.account.answering():
            lineage = requested(lineage, request.edit)
            after = super()._carried(replace(fitted, lineage=lineage), request)
        _note_account(after.lineage)
        if rehearsing():
            record = after.lineage.record
            note_account(lineage.terms.name, after.lineage.accountant, record.distance)
        return after

    def _settled(self, fitted, request, answer):
        """The fitted value after a request, its distance spent."""
        lineage, model = fitted.lineage, answer.model
        if lineage is None:
            return replace(fitted, model=model)
        state, edit, step = fitted.model.state, request.edit, answer.step
        final, rows = model.state, model.retained
        try:
            before = fitted.model.retained
            lineage = advanced(lineage, state, edit, step, final, rows, before)
        except (BudgetExceededError, NoBoundError) as error:
            if rows is None:
                raise
            account = lineage.account
            if isinstance(error, NoBoundError):
                extent = None if step is None else known_extent(lineage, state, edit)
                final, lineage = self._remade(account, final, rows, extent)
            else:
                final, lineage = self._closer(account, final, rows)
            model = replace(model, state=final)
        return replace(fitted, model=model, lineage=lineage)

    def _remade(self, account, state, rows, extent):
        """As `_closer`, if a Hessian of where the state is gives no bound either."""
        try:
            computed = state.products is None  # whose gradient is that of the rows
            state = refreshed(state, rows, state.theta)
            found = minimised(
                account,
                "request",
                state,
                rows,
                exact=False,
                extent=extent,
                computed=computed,
            )
            return state, found
        except (BudgetExceededError, NoBoundError, NotPositiveDefiniteError):
            return self._closer(account, state, rows)

    def _closer(self, account, state, rows):
        """A state that the budget has room for, and its lineage.

        The given one was too far from a refit, or had no bound. Nothing is drawn
        before one is near enough.
        """
        try:
            state = self._at_the_floor(state, rows)
            return state, minimised(account, "refine", state, rows, exact=True)
        except (BudgetExceededError, NoBoundError, NotPositiveDefiniteError):
            options = self._options()
            tol, max_iter = options.tol, options.max_iter
            state = fit(state.objective, rows, tol=tol, max_iter=max_iter).state
            state = self._at_the_floor(state, rows)
            return state, minimised(account, "refit", state, rows, exact=True)

    def _at_the_floor(self, state, rows):
        """Minimised down to rounding errors, with a fresh Hessian."""
        state = refreshed(state, rows, state.theta)
        final = refine(state, rows, tol=0.0, max_iter=self._options().max_iter)
        warn_unless_converged(final)
        if state.products is None:
            return final.state
        return with_products(final.state, rows)

    def _resettled(self, fitted, model, rows):
        """The fitted value after the verb ``refine``, which publishes nothing."""
        lineage = fitted.lineage
        if lineage is not None:
            _note_account(lineage)
            alone = model.retained is None
            lineage = remeasured(lineage, model.state, rows, alone=alone)
        return replace(fitted, model=model, lineage=lineage)


def _note_account(lineage):
    """Note what is known to all of an account; a residual is a function of secrets."""
    note(
        publications=lineage.record.publication,
        budget=lineage.record.budget,
        residual_before=None,
        residual_after=None,
    )
