"""The budget of a lineage: what may be spent, what is spent, how much more fits."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from sklearn_unlearn.exceptions import BudgetExceededError, NoBoundError


@dataclass(frozen=True)
class Accountant:
    """Distances of published states add up in squares (theorem 1).

    Attributes
    ----------
    budget : float
        ``sigma / kappa(epsilon, delta)``, in units of the coefficients.
    spent : float
        Root of the sum of squared distances.
    n_published : int
        States published.
    """

    budget: float
    spent: float = 0.0
    n_published: int = 0

    @property
    def remaining(self) -> float:
        """The distance that one more state may have."""
        return math.sqrt(
            max((self.budget - self.spent) * (self.budget + self.spent), 0)
        )

    def spend(self, distance: float) -> Accountant:
        """The accountant after one more state at this distance.

        Raises
        ------
        NoBoundError
            If the distance is infinite.
        BudgetExceededError
            If it exceeds what remains.
        """
        if distance == math.inf:
            raise NoBoundError(
                "The distance to a refit has no finite bound: a request was too large "
                "for a closed form, or the data are too ill-conditioned, and a "
                "coefficient without penalty (C=inf, alpha=0, a free intercept) leaves "
                "nothing to fall back on. Make smaller requests, call refine before "
                "and between them, fit with retain_data=True, or scale the columns."
            )
        # written so that a NaN is refused
        if not distance <= self.remaining:
            raise BudgetExceededError(
                f"The model would be up to {distance:.3g} from a refit, and "
                f"{self.remaining:.3g} remains of a budget of {self.budget:.3g}. "
                "Call refine before a request, which shrinks its distance and that of "
                "later ones, or fit again: with retain_data=True, which refines each, "
                "with a larger sigma, or with a smaller tol."
            )
        spent = math.hypot(self.spent, distance)
        return replace(self, spent=spent, n_published=self.n_published + 1)

    def capacity(self, distance: float, limit: int) -> int:
        """How many more states at this distance fit, at most ``limit``."""
        if not distance <= self.remaining:
            return 0
        if distance == 0.0 or self.remaining >= distance * math.sqrt(limit):
            return limit
        return int((self.remaining / distance) ** 2)
