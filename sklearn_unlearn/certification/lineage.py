"""A certified lineage: one account, what is known of the drift, the last publication.

A lineage is immutable, as the model is; what a request makes of it is computed before
either is swapped in, so that a request that fails has spent nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sklearn_unlearn.certification.account import Account, Terms
from sklearn_unlearn.certification.accountant import Accountant
from sklearn_unlearn.certification.certificate import PrivateRecord
from sklearn_unlearn.certification.counter import claim
from sklearn_unlearn.certification.digest import array_hash, bytes_of
from sklearn_unlearn.certification.distance import (
    Distance,
    Drift,
    bound,
    distance,
    hopeless,
    refit_tolerance,
    self_concordance,
    weakest_penalty,
    without_forgotten,
)
from sklearn_unlearn.certification.drift import (
    NOT_SEEN,
    as_read,
    followed,
    grown,
    kept,
    largest_changes,
    measured,
    readable,
    stepped,
    unread,
    with_exact_radius,
)
from sklearn_unlearn.certification.geometry import Geometry, coarse
from sklearn_unlearn.certification.growth import extent_after, growth
from sklearn_unlearn.certification.noise import derived, noise_key, noisy
from sklearn_unlearn.certification.private import (
    check_rows,
    check_terms,
    sensitivity,
)
from sklearn_unlearn.core.arrays import Array
from sklearn_unlearn.core.linear.edits import DropColumns, Edit, LinearMap
from sklearn_unlearn.core.linear.state import State
from sklearn_unlearn.core.linear.steps import StepResult
from sklearn_unlearn.core.linear.units import Units
from sklearn_unlearn.core.rows import RowBlocks, pass_cost
from sklearn_unlearn.core.threads import one_blas_thread

#: a of theorem 2 above which the radius of the rows is measured exactly.
_LARGE_CONDITION = 1.0 / 16.0
#: By what share of itself a distance may exceed what it was if the rows were read.
_ENOUGH = 0.25
#: M tau from which it is asked what a penalty leaves of the smallest eigenvalue, where
#: so many products with the rows take longer than a factor.
_STEEP, _CHEAP = 0.5, 8


@dataclass(frozen=True, eq=False)
class Lineage:
    """A fit and the requests since, as far as certificates go.

    Attributes
    ----------
    account : Account
    drift : Drift
        Of the state in use, which may be minimised further than the one published.
    published : ndarray of shape (p, n_outputs)
        The noisy coefficients, zero where forgotten.
    record : PrivateRecord
        Of the publication.
    claimed : str
        What the counter knows it by; empty without one.
    """

    account: Account
    drift: Drift
    published: Array
    record: PrivateRecord
    claimed: str = ""

    @property
    def terms(self) -> Terms:
        """What is promised."""
        return self.account.terms

    @property
    def accountant(self) -> Accountant:
        """What is spent."""
        return self.account.accountant


def minimised(
    account: Account,
    operation: str,
    state: State,
    rows: RowBlocks,
    *,
    exact: bool,
    alone: bool = False,
    extent: tuple[Array, float] | None = None,
    computed: bool = False,
) -> Lineage:
    """The lineage of a state that was minimised on these rows with a fresh Hessian.

    Parameters
    ----------
    account : Account
        Before.
    operation : str
        What led to the state, for the record.
    state : State
    rows : RowBlocks
    exact : bool
        Whether good numbers pay: for requests without data, or for want of budget.
    alone : bool, default=False
        Whether no data are retained.
    extent, computed : tuple or None, bool
        As `measured` takes them.

    Raises
    ------
    NoBoundError, BudgetExceededError
    CertificationError
        In private mode, if the terms or a row do not allow it.
    """
    if account.terms.row_norm is not None:
        check_terms(state.objective, account.terms)
    with one_blas_thread():
        drift, found = _measured(
            state, rows, None, account.terms, exact, alone, extent, computed
        )
    return _published(account, operation, state, drift, found)


def advanced(
    lineage: Lineage,
    state: State,
    edit: Edit,
    step: StepResult | None,
    final: State,
    rows: RowBlocks | None,
    before: RowBlocks | None = None,
) -> Lineage:
    """The lineage after an edit of ``state``.

    Parameters
    ----------
    lineage : Lineage
    state : State
        Before the request.
    edit : Edit
    step : StepResult or None
        What the closed form gave; None if the rows were fitted instead.
    final : State
        After the request: the step's state, or a refinement of it on the rows.
    rows : RowBlocks or None
        The rows after the request, where data are retained.
    before : RowBlocks or None
        The same before it.

    Raises
    ------
    NoBoundError, BudgetExceededError
    """
    terms = lineage.terms
    with one_blas_thread():
        if rows is not None:
            drift, found = _refined(lineage, state, edit, step, final, rows, before)
        else:
            assert step is not None
            drift = stepped(lineage.drift, state, edit, step)
            found = _distance(final, drift, terms)
    return _published(lineage.account, "request", final, drift, found)


def _refined(
    lineage: Lineage,
    state: State,
    edit: Edit,
    step: StepResult | None,
    final: State,
    rows: RowBlocks,
    old_rows: RowBlocks | None,
) -> tuple[Drift, Distance]:
    """The drift where a refinement ended; rows are read again if that says more."""
    terms, geometry, room = lineage.terms, None, lineage.accountant.remaining

    def affordable(drift: Drift, found: Distance) -> Distance:
        """Or less, where a factor of its own tells, and costs little or is needed."""
        steep = self_concordance(final.objective) * drift.change > _STEEP
        if found.total <= room and not (
            steep and final.factor.order**3 <= _CHEAP * pass_cost(rows)
        ):
            return found
        return _distance(final, drift, terms, penalised=True)

    computed = final.products is None  # whose coefficients are those of sums
    seen = NOT_SEEN
    if step is not None and final.factor is step.state.factor:
        before = lineage.drift
        geometry, effect = followed(before, state, edit, step)
        if computed and terms.row_norm is None and readable(geometry, edit, rows):
            units = Units.of(final.objective.loss, rows)
            known = before, geometry, effect, state, edit, step, final, units

            def told() -> tuple[Drift, Distance, Distance]:
                """The drift, its distance, and about what reading would make of it."""
                drift = unread(*known, seen)
                read = as_read(drift, seen)
                best = _distance(final, read, terms)
                return drift, _distance(final, drift, terms), best

            drift, found, best = told()
            if not _is_enough(found, best):
                # it may be enough to see how far raw predictions have changed
                leave = isinstance(edit.feature_map, DropColumns)
                read, length = old_rows if leave else rows, effect.row_length
                if read is not None:
                    seen = largest_changes(before, state, edit, final, read, length)
                    drift, found, best = told()
                    seen = seen[0], min(seen[1], drift.change)
            vain = seen[0] < np.inf and not best.total < np.inf
            if vain and best.condition >= hopeless(drift):
                return drift, best  # nothing that could be read gives a bound
            if _is_enough(found, best):
                drift = kept(drift, drift.geometry)
                here = affordable(drift, found)
                if here.total <= room:
                    return drift, here
    extent = None if step is None else known_extent(lineage, state, edit)
    drift, here = _measured(
        final, rows, geometry, terms, extent=extent, computed=computed, seen=seen[1]
    )
    return drift, affordable(drift, here)


def _is_enough(found: Distance, best: Distance) -> bool:
    """Whether what reading the rows would make of a distance is hardly less."""
    enough = found.total <= (1.0 + _ENOUGH) * best.total
    return enough and found.condition <= _LARGE_CONDITION


def _distance(
    state: State, drift: Drift, terms: Terms, *, penalised: bool = False
) -> Distance:
    tol = refit_tolerance(terms.tol, drift)
    return distance(state, drift, tol, penalised=penalised)


def known_extent(
    lineage: Lineage, state: State, edit: Edit
) -> tuple[Array, float] | None:
    """Bounds on ``reach`` and ``length`` of the rows after an edit of ``state``.

    None where a map mixes features.
    """
    if isinstance(edit.feature_map, LinearMap):
        return None
    return extent_after(lineage.drift.geometry, state.objective, edit)


def remeasured(
    lineage: Lineage, final: State, rows: RowBlocks, *, alone: bool = False
) -> Lineage:
    """The lineage after a state was minimised further, on the same data.

    It publishes and spends nothing: the publication is of the data, not of how well
    they were minimised. What is known of the gradient is measured anew, so that
    requests to come are cheaper. ``alone`` they come without data.
    """
    geometry = lineage.drift.geometry
    with one_blas_thread():
        drift, _ = _measured(final, rows, geometry, lineage.terms, True, alone)
    return replace(lineage, drift=without_forgotten(drift, final))


def capacity(
    lineage: Lineage, state: State, edit: Edit, step: StepResult, limit: int
) -> int:
    """How many requests like this one fit in what remains, without data."""
    constant = self_concordance(state.objective)
    weakest = weakest_penalty(step.state.objective)
    effect = growth(lineage.drift, state, edit, step)
    drift, accountant = lineage.drift, lineage.accountant
    for done in range(limit):
        if done and effect.path is not None:
            effect = replace(effect, path=effect.path.plus(effect.moved))
        drift = grown(drift, effect, constant)
        tol = refit_tolerance(lineage.terms.tol, drift)
        found = bound(drift, constant, tol=tol, weakest=weakest)
        if accountant.left == 0 or not found.total <= accountant.remaining:
            return done
        accountant = accountant.spend(found.total)
    return limit


def forecast(lineage: Lineage, state: State, edit: Edit, step: StepResult) -> Distance:
    """The distance that a request without data would spend."""
    with one_blas_thread():
        drift = stepped(lineage.drift, state, edit, step)
        return _distance(step.state, drift, lineage.terms)


def _measured(
    state: State,
    rows: RowBlocks,
    geometry: Geometry | None,
    terms: Terms,
    exact: bool = False,
    alone: bool = False,
    extent: tuple[Array, float] | None = None,
    computed: bool = False,
    seen: float = np.inf,
) -> tuple[Drift, Distance]:
    if terms.row_norm is not None:
        check_rows(state.objective, rows, terms.row_norm)
    drift = measured(
        state,
        rows,
        geometry=geometry,
        extent=extent,
        exact=exact,
        alone=alone,
        computed=computed,
        seen=seen,
    )
    found = _distance(state, drift, terms)
    if not exact and _LARGE_CONDITION < found.condition < hopeless(drift):
        drift = with_exact_radius(state, rows, drift)
        found = _distance(state, drift, terms)
    return kept(drift, geometry), found


def requested(lineage: Lineage, edit: Edit) -> Lineage:
    """The lineage with the secret that an edit makes of its own, which is then lost.

    Copies of an estimator that answer different requests have different secrets; and
    who has the new one cannot try which rows led to it.
    """
    parts = [b"request"]
    for rows in (edit.rows_out, edit.rows_in):
        parts.append(b"rows")
        if rows is not None:
            parts += [*bytes_of(rows.X), *bytes_of(rows.y), *bytes_of(rows.weight)]
    for values in (*vars(edit.feature_map).values(), edit.penalty, edit.linear):
        parts += [b"none"] if values is None else bytes_of(values)
    account = lineage.account
    account = replace(account, secret=derived(account.secret, *parts))
    return replace(lineage, account=account)


def _published(
    account: Account, operation: str, state: State, drift: Drift, found: Distance
) -> Lineage:
    """Spend, have it counted, then draw the one publication."""
    drift = without_forgotten(drift, state)
    terms, number = account.terms, account.accountant.n_published
    spent = found.total
    if terms.row_norm is not None:  # both worlds end that near to their minimisers
        spent = sensitivity(state.objective, terms.row_norm) + 2.0 * found.minimiser
    accountant = account.accountant.spend(spent)
    theta, held = state.theta, state.objective.held
    published, claimed = theta, ""
    if account.draws:
        key = derived(account.secret, b"draw", number.to_bytes(8, "big"))
        # one digest, one vector: who repeats a request that was interrupted may go on
        digest = derived(noise_key(theta, held, terms.sigma, key), b"claim").hex()
        claimed = claim(account.counter, terms.name, accountant.n_published, digest)
        published = noisy(theta, held, terms.sigma, key)
    record = PrivateRecord(
        operation=operation,
        distance=spent,
        distance_to_minimiser=found.minimiser,
        distance_of_refit=found.refit,
        refit_gradient_norm=refit_tolerance(terms.tol, drift),
        gradient_norm=state.residual + drift.unknown_length,
        condition=coarse(found.condition),
        raw_change=drift.change,
        radius=drift.geometry.radius,
        smallest_eigenvalue=drift.geometry.smallest,
        hessian_error=drift.geometry.error,
        budget=accountant.budget,
        spent=accountant.spent,
        remaining=accountant.remaining,
        publication=accountant.n_published,
        state_after=array_hash(theta),
    )
    account = replace(account, accountant=accountant)
    return Lineage(account, drift, published, record, claimed)
