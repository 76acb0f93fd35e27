"""A certified lineage: drift, budget, and the one publication of each state.

A lineage is immutable, as the model is; what a request makes of it is computed before
either is swapped in, so that a request that fails has spent nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
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
from sklearn_unlearn.certification.mechanism import kappa
from sklearn_unlearn.certification.noise import derived, noisy
from sklearn_unlearn.core.arrays import Array, Data, is_sparse
from sklearn_unlearn.core.edits import Edit
from sklearn_unlearn.core.rows import RowBlocks
from sklearn_unlearn.core.state import State
from sklearn_unlearn.core.steps import StepResult
from sklearn_unlearn.core.threads import one_blas_thread

#: Accountant, number of the lineage, draws, secret.
_Start: TypeAlias = tuple[Accountant, int, int, bytes]
#: a of theorem 2 above which the radius of the rows is measured exactly.
_LARGE_CONDITION = 1.0 / 16.0
#: The rounding error of a refit's gradient over that of ours: its coefficients are not
#: quite ours, and its rows may come in other blocks.
_FLOOR_MARGIN = 1.25


@dataclass(frozen=True)
class Terms:
    """What is promised, fixed before the data are seen.

    Attributes
    ----------
    epsilon, delta, sigma : float
    tol : float
        Of the refits that one may compare with; see `refit_tolerance`.
    seeded : bool
        Whether the noise is that of a ``random_state``.
    name : str
        Of the lineage, random.
    """

    epsilon: float
    delta: float
    sigma: float
    tol: float
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
        Publications before, in all lineages.
    record : PrivateRecord
    secret : bytes
        Of the noise. Each request makes another of it (`requested`).
    """

    terms: Terms
    accountant: Accountant
    drift: Drift
    published: Array
    number: int
    draws: int
    record: PrivateRecord
    secret: bytes = field(repr=False)


def begin(
    terms: Terms,
    state: State,
    rows: RowBlocks,
    *,
    exact: bool,
    secret: bytes = b"",
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
    secret : bytes
        Of the noise, where no lineage came before.
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
        drift, found = _measured(state, rows, None, terms.tol, exact)
    accountant, number, draws = Accountant(terms.budget), 0, 0
    if after is not None:
        number, draws, secret = after.number + anew, after.draws, after.secret
        accountant = accountant if anew else after.accountant
    start = (accountant, number, draws, secret)
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
        drift = lineage.drift
        if step is not None:
            drift = stepped(drift, state, edit, step)
        if rows is None:
            found = distance(final, drift, refit_tolerance(terms.tol, drift))
        else:
            drift, found = _measured(final, rows, drift.geometry, terms.tol, False)
    start = _start(lineage)
    return _published(terms, start, "request", final, drift, found)


def minimised(lineage: Lineage, state: State, rows: RowBlocks) -> Lineage:
    """The lineage after a request whose rows were minimised with a fresh Hessian.

    Raises
    ------
    NoBoundError, BudgetExceededError
    """
    terms = lineage.terms
    with one_blas_thread():
        drift, found = _measured(state, rows, None, terms.tol, True)
    return _published(terms, _start(lineage), "refine", state, drift, found)


def remeasured(lineage: Lineage, final: State, rows: RowBlocks) -> Lineage:
    """The lineage after a state was minimised further, on the same data.

    It publishes and spends nothing: the publication is of the data, not of how well
    they were minimised. What is known of the gradient is measured anew, so that
    requests to come are cheaper.
    """
    geometry = lineage.drift.geometry
    with one_blas_thread():
        drift, _ = _measured(final, rows, geometry, lineage.terms.tol, True)
    return replace(lineage, drift=drift)


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
    tol: float,
    exact: bool,
) -> tuple[Drift, Distance]:
    drift = measured(state, rows, geometry=geometry, exact=exact)
    found = distance(state, drift, refit_tolerance(tol, drift))
    if not exact and found.condition > _LARGE_CONDITION:
        drift = measured(state, rows, geometry=drift.geometry, exact=True)
        found = distance(state, drift, refit_tolerance(tol, drift))
    return drift, found


def refit_tolerance(tol: float, drift: Drift) -> float:
    """Gradient norm of refits: ``tol`` or rounding, which is larger, and rounding.

    A refit stops where its computed gradient is within ``tol``, or at its floor.
    """
    floor = _FLOOR_MARGIN * drift.floor
    return max(tol, floor) + floor


def requested(lineage: Lineage, edit: Edit) -> Lineage:
    """The lineage with the secret that an edit makes of its own, which is then lost.

    Copies of an estimator that answer different requests have different secrets; and
    who has the new one cannot try which rows led to it.
    """
    parts = [b"request"]
    for rows in (edit.rows_out, edit.rows_in):
        parts.append(b"rows")
        if rows is not None:
            parts += [*_bytes(rows.X), *_bytes(rows.y), *_bytes(rows.weight)]
    for values in (*vars(edit.feature_map).values(), edit.penalty, edit.linear):
        parts += [b"none"] if values is None else _bytes(values)
    return replace(lineage, secret=derived(lineage.secret, *parts))


def _bytes(values: Data) -> list[bytes]:
    if is_sparse(values):
        arrays = (values.data, values.indices, values.indptr)
        return [np.ascontiguousarray(array).tobytes() for array in arrays]
    return [np.ascontiguousarray(values).tobytes()]


def _start(lineage: Lineage) -> _Start:
    return lineage.accountant, lineage.number, lineage.draws, lineage.secret


def _published(
    terms: Terms,
    start: _Start,
    operation: str,
    state: State,
    drift: Drift,
    found: Distance,
) -> Lineage:
    """Spend, then draw the state's one publication."""
    accountant, number, draws, secret = start
    accountant = accountant.spend(found.total)
    theta, held = state.theta, state.objective.held
    key = derived(secret, b"draw", draws.to_bytes(8, "big"))
    published = noisy(theta, held, terms.sigma, key)
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
        state_after=array_hash(theta),
    )
    return Lineage(
        terms, accountant, drift, published, number, draws + 1, record, secret
    )
