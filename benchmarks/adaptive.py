"""Requests that depend on publications: how far two worlds are told apart, at most.

The adversary spends all of the budget, by the library's accountant and under its noise;
one that leaves some unspent hides errors. Defects that a lineage could have are built
in one at a time, to see that each is detected.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from benchmarks.measure import Table
from sklearn_unlearn.certification import kappa
from sklearn_unlearn.certification.accountant import Accountant
from sklearn_unlearn.certification.noise import derived, noisy
from sklearn_unlearn.metrics import audit_indistinguishability

EPSILON, DELTA = 0.5, 0.05
N_ROUNDS = 4
_BUDGET = 1.0 / kappa(EPSILON, DELTA)

#: Name of each defect to what is wrong with it.
DEFECTS = {
    "none": "as the library does it",
    "halved sigma": "noise of half the standard deviation",
    "shared noise": "one draw for all publications",
    "idle draws": "nine requests that change nothing draw anew after each publication",
    "second draw": "each publication is drawn twice and charged once",
    "distance 10 % short": "a bound on the distance that is a tenth too small",
    "checked after": "one more is published before it is refused",
    "two branches": "a copy publishes from a budget of its own",
    "three budgets": "a refit begins a new budget, twice",
}


@dataclass(frozen=True)
class Transcripts:
    """What the adversary saw and knew in each of many runs.

    Attributes
    ----------
    scores : ndarray of shape (n_runs, n_publications)
        Position of each publication between a refit's coefficients, 0, and the
        unlearned ones, in units of sigma.
    shifts : ndarray of shape (n_runs, n_publications)
        True distance of the two, in units of sigma.
    """

    scores: np.ndarray
    shifts: np.ndarray

    @property
    def spent(self):
        """Sum of squared distances over the squared budget, of each run."""
        return np.sum(self.shifts**2, axis=1) / _BUDGET**2

    @property
    def loss(self):
        """Logarithm of the likelihood ratio under the noise that is claimed."""
        return np.sum(self.shifts * self.scores - 0.5 * self.shifts**2, axis=1)

    @property
    def seen(self):
        """The loss and all scores, for an audit."""
        return np.column_stack([self.loss, self.scores])


def played(n_runs, unlearned, defect, key):
    """Transcripts of a world.

    Parameters
    ----------
    n_runs : int
    unlearned : bool
        Whether unlearned coefficients are published, or those of refits.
    defect : str
        Of `DEFECTS`.
    key : bytes
        Of the noise.
    """
    lineages = {"two branches": 2, "three budgets": 3}.get(defect, 1)
    n_rounds = N_ROUNDS * lineages + (defect == "checked after")
    noise = _noise((n_runs, n_rounds), defect, key)
    scores, shifts = np.zeros((2, n_runs, n_rounds))
    groups = [(Accountant(_BUDGET), False, np.arange(n_runs))]
    for number in range(n_rounds):
        after = []
        for accountant, liked, runs in groups:
            if number % N_ROUNDS == 0 and number < N_ROUNDS * lineages:
                accountant = Accountant(_BUDGET)
            distance = _asked(accountant.remaining, number % N_ROUNDS, liked)
            if number == N_ROUNDS * lineages:
                distance = _BUDGET  # refused, but seen
            else:
                accountant = accountant.spend(distance)
            true = distance * (1.1 if defect == "distance 10 % short" else 1.0)
            shifts[runs, number] = true
            scores[runs, number] = noise[runs, number] + true * unlearned
            likely = scores[runs, number] > 0.5 * true
            after += [
                (accountant, True, runs[likely]),
                (accountant, False, runs[~likely]),
            ]
        groups = [group for group in after if group[2].size]
    return Transcripts(scores, shifts)


def _asked(remaining, number, liked):
    """The distance of a request: much where the last publication gave hope.

    The last request takes all that is left.
    """
    if number == N_ROUNDS - 1:
        return remaining
    return 0.7 * remaining if liked else remaining / math.sqrt(N_ROUNDS - number)


def _noise(shape, defect, key):
    draws = {"idle draws": 10, "second draw": 2}.get(defect, 1)
    size = (*shape, draws)
    found = noisy(np.zeros(size), np.zeros(size, dtype=bool), 1.0, key).mean(axis=2)
    if defect == "halved sigma":
        found = 0.5 * found
    if defect == "shared noise":
        found = np.repeat(found[:, :1], shape[1], axis=1)
    return found


@dataclass(frozen=True)
class Verdict:
    """What an audit of two worlds found.

    Attributes
    ----------
    spent : float
        Largest sum of squared distances over the squared budget.
    smallest_spent : float
        The smallest: below 1 the adversary left something unspent.
    delta_lower, delta_estimate : float
        As of `audit_indistinguishability`.
    variance : float
        Of the loss, over that of a budget that is spent, which is 1.
    """

    spent: float
    smallest_spent: float
    delta_lower: float
    delta_estimate: float
    variance: float

    @property
    def detects(self):
        """Whether something is wrong: too much spent, or told apart too well."""
        return self.spent > 1.0 + 1e-9 or self.delta_lower > DELTA


def audited(n_runs, defect, key=b"audit"):
    """Audit both worlds."""
    worlds = [
        played(n_runs, unlearned, defect, derived(key, bytes([unlearned])))
        for unlearned in (True, False)
    ]
    first, second = (world.seen for world in worlds)
    audit = audit_indistinguishability(first, second, EPSILON, random_state=0)
    spent = np.concatenate([world.spent for world in worlds])
    return Verdict(
        spent=float(spent.max()),
        smallest_spent=float(spent.min()),
        delta_lower=audit.delta_lower,
        delta_estimate=audit.delta_estimate,
        variance=float(worlds[1].loss.var()) / _BUDGET**2,
    )


def run(settings):
    n_runs = 20_000 if settings.quick else 200_000
    table = Table(
        f"Adaptive requests: {n_runs} runs of each world, epsilon={EPSILON}, "
        f"delta={DELTA}"
    )
    for defect, what in DEFECTS.items():
        found = audited(n_runs, defect)
        table.add(
            defect=defect,
            what=what,
            spent=f"{found.spent:.4g}",
            delta_at_least=f"{found.delta_lower:.4g}",
            delta_estimate=f"{found.delta_estimate:.4g}",
            variance=f"{found.variance:.4g}",
            detected="yes" if found.detects else "no",
        )
    table.notes.append(
        "spent: the largest sum of squared true distances in a run, over the squared "
        "budget. delta at least: with confidence 0.95, of the half-space that tells "
        "the worlds apart best. variance: of the loss in the world of refits, over "
        "that of one publication at the whole budget."
    )
    return table
