"""A certified lineage: drift, budget, and the one publication of each state.

A lineage is immutable, as the model is; what a request makes of it is computed before
either is swapped in, so that a request that fails has spent nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from sklearn_unlearn.certification.accountant import Accountant
from sklearn_unlearn.certification.certificate import PrivateRecord
from sklearn_unlearn.certification.digest import array_hash
from sklearn_unlearn.certification.distance import (
    Distance,
    Drift,
    bound,
    distance,
    self_concordance,
    weakest_penalty,
)
from sklearn_unlearn.certification.drift import grown, growth, measured, stepped
from sklearn_unlearn.certification.geometry import Geometry
from sklearn_unlearn.certification.mechanism import gaussian_noise, kappa
from sklearn_unlearn.core.arrays import Array, densify, row_hashes
from sklearn_unlearn.core.edits import Edit
from sklearn_unlearn.core.rows import RowBlocks
from sklearn_unlearn.core.state import State
from sklearn_unlearn.core.steps import StepResult
from sklearn_unlearn.core.threads import one_blas_thread

#: Accountant, number of the lineage, draws, hash of the state before, history.
_Start: TypeAlias = tuple[Accountant, int, int, str, str]
#: a of theorem 2 above which the radius of the rows is measured exactly.
_LARGE_CONDITION = 1.0 / 16.0


@dataclass(frozen=True)
class Terms:
    """What is promised, fixed before the data are seen.

    Attributes
    ----------
    epsilon, delta, sigma : float
    tol : float
        Of the refits that one may compare with; see `refit_tolerance`.
    seed : int
        Of the noise: a secret of the operating system's entropy, or ``random_state``.
    seeded : bool
        Whether it is the latter.
    name : str
        Of the lineage, random.
    """

    epsilon: float
    delta: float
    sigma: float
    tol: float
    seed: int
    seeded: bool = False
    name: str = ""

    @property
    def budget(self) -> float:
        """``sigma / kappa(epsilon, delta)``."""
        return self.sigma / kappa(self.epsilon, self.delta)


@dataclass(frozen=True, eq=False)
class Lineage:
    """A fit and the requests since, as far as certificates go.

    Attributes
    ----------
    terms : Terms
    accountant : Accountant
    drift : Drift
    published : ndarray of shape (p, n_outputs)
        The noisy coefficients of this state, zero where forgotten.
    number : int
        Refits for want of budget before.
    draws : int
        Publications before, in all lineages: no seed is used twice.
    record : PrivateRecord
    history : str
        Hash of the requests so far, on which the noise depends.
    """

    terms: Terms
    accountant: Accountant
    drift: Drift
    published: Array
    number: int
    draws: int
    record: PrivateRecord
    history: str


def begin(
    terms: Terms,
    state: State,
    rows: RowBlocks,
    *,
    exact: bool,
    after: Lineage | None = None,
    anew: bool = False,
) -> Lineage:
    """The lineage of a state that was fitted on these rows.

    Parameters
    ----------
    terms : Terms
    state : State
    rows : RowBlocks
    exact : bool
        Whether later requests will have no data, so that good numbers pay.
    after : Lineage, optional
        The one before, whose budget goes on.
    anew : bool, default=False
        Whether a new budget begins instead.

    Raises
    ------
    NoBoundError, BudgetExceededError
    """
    self_concordance(state.objective)
    with one_blas_thread():
        drift, found = _measured(state, rows, None, None, terms.tol, exact)
    accountant, number, draws, before = Accountant(terms.budget), 0, 0, ""
    history = _after("", "fit")
    if after is not None:
        history = _after(after.history, "fit")
        number, draws = after.number + anew, after.draws
        before = after.record.state_after
        accountant = accountant if anew else after.accountant
    start = (accountant, number, draws, before, history)
    return _published(terms, start, "fit", state, drift, found)


def advanced(
    lineage: Lineage,
    state: State,
    edit: Edit,
    step: StepResult | None,
    final: State,
    rows: RowBlocks | None,
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
        After the request: the step's state, or a refinement of it.
    rows : RowBlocks or None
        The rows after the request, where data are retained.

    Raises
    ------
    NoBoundError, BudgetExceededError
    """
    terms = lineage.terms
    with one_blas_thread():
        before = geometry = None
        if step is not None:
            drift = stepped(lineage.drift, state, edit, step)
            before = (drift, step.state.theta)
            if final.factor is step.state.factor:
                geometry = drift.geometry
        if rows is None:
            found = distance(final, drift, refit_tolerance(terms.tol, drift))
        else:
            drift, found = _measured(final, rows, geometry, before, terms.tol, False)
    start = _start(lineage, _after(lineage.history, "request", edit))
    return _published(terms, start, "request", final, drift, found)


def remeasured(
    lineage: Lineage,
    state: State,
    final: State,
    rows: RowBlocks,
    *,
    requested: bool = False,
) -> Lineage:
    """The lineage after a refinement of ``state`` on all rows gave ``final``.

    A refinement that changed nothing is no new state: nothing is drawn or spent.

    Parameters
    ----------
    lineage : Lineage
        With ``requested``, of the state before the request.
    state, final : State
    rows : RowBlocks
    requested : bool, default=False
        Whether a request led to ``state``, so that it has not been published.

    Raises
    ------
    NoBoundError, BudgetExceededError
    """
    terms = lineage.terms
    same = final.factor is state.factor and not requested
    geometry = lineage.drift.geometry if same else None
    before = None if requested else (lineage.drift, state.theta)
    with one_blas_thread():
        drift, found = _measured(final, rows, geometry, before, terms.tol, True)
    if not requested and np.array_equal(final.theta, state.theta):
        return replace(lineage, drift=drift)
    start = _start(lineage, _after(lineage.history, "refine"))
    return _published(terms, start, "refine", final, drift, found)


def capacity(
    lineage: Lineage, state: State, edit: Edit, step: StepResult, limit: int
) -> int:
    """How many requests like this one fit in what remains, without data."""
    constant = self_concordance(state.objective)
    weakest = weakest_penalty(step.state.objective)
    effect = growth(lineage.drift, state, edit, step)
    drift, accountant = lineage.drift, lineage.accountant
    for done in range(limit):
        drift = grown(drift, effect, constant)
        tol = refit_tolerance(lineage.terms.tol, drift)
        found = bound(drift, constant, tol=tol, weakest=weakest)
        if not found.total <= accountant.remaining:
            return done
        accountant = accountant.spend(found.total)
    return limit


def forecast(lineage: Lineage, state: State, edit: Edit, step: StepResult) -> Distance:
    """The distance that a request without data would spend."""
    with one_blas_thread():
        drift = stepped(lineage.drift, state, edit, step)
        tol = refit_tolerance(lineage.terms.tol, drift)
        return distance(step.state, drift, tol)


def _measured(
    state: State,
    rows: RowBlocks,
    geometry: Geometry | None,
    before: tuple[Drift, Array] | None,
    tol: float,
    exact: bool,
) -> tuple[Drift, Distance]:
    drift = measured(state, rows, geometry=geometry, exact=exact, before=before)
    found = distance(state, drift, refit_tolerance(tol, drift))
    if not exact and found.condition > _LARGE_CONDITION:
        drift = measured(
            state, rows, geometry=drift.geometry, exact=True, before=before
        )
        found = distance(state, drift, refit_tolerance(tol, drift))
    return drift, found


def refit_tolerance(tol: float, drift: Drift) -> float:
    """Gradient norm of refits: ``tol`` or rounding, which is larger, and rounding.

    A refit stops where its computed gradient is within ``tol``, or at its floor.
    """
    return max(tol, drift.floor) + drift.floor


def _start(lineage: Lineage, history: str) -> _Start:
    before = lineage.record.state_after
    return lineage.accountant, lineage.number, lineage.draws, before, history


def _after(history: str, operation: str, edit: Edit | None = None) -> str:
    """Hash of a history with one more operation.

    Copies of an estimator that answer the same requests have the same noise, so that
    there is nothing to average, and others do not, whose difference would be bare.
    """
    digest = hashlib.sha256((history + operation).encode())
    if edit is not None:
        for rows in (edit.rows_out, edit.rows_in):
            digest.update(b"rows")
            if rows is not None:
                ignored = np.zeros(rows.X.shape[1], dtype=bool)
                digest.update(row_hashes(rows.X, rows.y, ignored).tobytes())
                digest.update(rows.weight.tobytes())
        for values in (*vars(edit.feature_map).values(), edit.penalty, edit.linear):
            digest.update(b"none" if values is None else densify(values).tobytes())
    return digest.hexdigest()


def _published(
    terms: Terms,
    start: _Start,
    operation: str,
    state: State,
    drift: Drift,
    found: Distance,
) -> Lineage:
    """Spend, then draw the state's one publication."""
    accountant, number, draws, before, history = start
    accountant = accountant.spend(found.total)
    theta, held = state.theta, state.objective.held
    noise = terms.sigma * gaussian_noise(theta.shape, terms.seed, draws, history)
    published = np.where(held, 0.0, theta + noise)
    published.flags.writeable = False
    record = PrivateRecord(
        operation=operation,
        distance=found.total,
        distance_to_minimiser=found.minimiser,
        distance_of_refit=found.refit,
        refit_gradient_norm=refit_tolerance(terms.tol, drift),
        gradient_norm=state.residual + drift.unknown_length,
        condition=found.condition,
        raw_change=drift.change,
        radius=drift.geometry.radius,
        smallest_eigenvalue=drift.geometry.smallest,
        hessian_error=drift.geometry.error,
        budget=accountant.budget,
        spent=accountant.spent,
        remaining=accountant.remaining,
        lineage=number,
        publication=accountant.n_published,
        state_before=before,
        state_after=array_hash(theta),
    )
    return Lineage(
        terms, accountant, drift, published, number, draws + 1, record, history
    )
