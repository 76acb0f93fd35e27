"""Terms of a certificate, and the account of what has been published under it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from sklearn_unlearn.certification.accountant import Accountant, Refusals
from sklearn_unlearn.certification.counter import Counter
from sklearn_unlearn.certification.mechanism import kappa
from sklearn_unlearn.exceptions import (
    BudgetExceededError,
    NoBoundError,
    NotFiniteError,
    NotPositiveDefiniteError,
    PrecisionLossError,
    StepTooLargeError,
)

#: What a request is refused for depending on more than it and the data as they are.
_SECRET_REASONS = (
    BudgetExceededError,
    NoBoundError,
    NotFiniteError,
    NotPositiveDefiniteError,
    PrecisionLossError,
    StepTooLargeError,
)


@dataclass(frozen=True)
class Terms:
    """What is promised, fixed before the data are seen.

    Attributes
    ----------
    epsilon, delta, sigma : float
    tol : float
        Of the refits that one may compare with; see `refit_tolerance`.
    n_publications : int or None
        How many there may be, each with an equal share of the budget; None lets each
        spend what is left.
    seeded : bool
        Whether the noise is that of a ``random_state``.
    name : str
        Of the lineage, random.
    max_refusals : int or None
        After how many that depend on secrets nothing more is published; None where
        there are none.
    row_norm : float or None
        Largest norm of a row in private mode, None in others.
    """

    epsilon: float
    delta: float
    sigma: float
    tol: float
    n_publications: int | None = None
    seeded: bool = False
    name: str = ""
    max_refusals: int | None = None
    row_norm: float | None = None

    @property
    def private(self) -> bool:
        """Whether the noise hides a row before and after it was deleted."""
        return self.row_norm is not None

    @property
    def budget(self) -> float:
        """``sigma / kappa(epsilon, delta)``."""
        return self.sigma / kappa(self.epsilon, self.delta)


@dataclass(frozen=True, eq=False)
class Account:
    """What a fit and the requests since may publish and have published.

    Attributes
    ----------
    terms : Terms
    accountant : Accountant
    secret : bytes
        Of the noise. Each request makes another of it (`requested`).
    counter : callable or None
        Outside of the model; see `counter`.
    refusals : Refusals or None
    draws : bool
        Whether noise is drawn and publications are counted; not where requests are
        only planned.
    """

    terms: Terms
    accountant: Accountant
    secret: bytes = field(repr=False)
    counter: Counter | None = None
    refusals: Refusals | None = None
    draws: bool = True

    def rehearsing(self) -> Account:
        """The same account that draws no noise, and counts no refusal."""
        refusals = None if self.refusals is None else replace(self.refusals)
        return replace(self, refusals=refusals, draws=False)

    @staticmethod
    def opened(terms: Terms, secret: bytes, counter: Counter | None = None) -> Account:
        """An account of which nothing is spent."""
        accountant = Accountant(terms.budget, terms.n_publications)
        limit = terms.max_refusals
        refusals = None if limit is None else Refusals(limit)
        return Account(terms, accountant, secret, counter, refusals)

    @contextmanager
    def answering(self) -> Iterator[None]:
        """While a request is answered: count its refusal, if secrets decided it.

        Raises
        ------
        BudgetExceededError
            If all that were planned are published, or too many were refused.
        """
        self.accountant.check_open()
        if self.refusals is None:
            yield
            return
        self.refusals.check_open()
        try:
            yield
        except _SECRET_REASONS:
            self.refusals.add()
            raise
