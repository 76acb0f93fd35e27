"""The budget of a lineage: what may be spent, what is spent, how much more fits."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction

from sklearn_unlearn.exceptions import BudgetExceededError, NoBoundError


@dataclass(frozen=True)
class Accountant:
    """Distances of publications add up in squares (theorem 1), never rounded down.

    Attributes
    ----------
    budget : float
        ``sigma / kappa(epsilon, delta)``, in units of the coefficients.
    n_publications : int or None
        How many there may be, each with an equal share of the budget: a schedule that
        everybody may know, so that nothing secret decides how many there are. None
        lets each spend what is left.
    spent : float
        Root of the sum of squared distances.
    n_published : int
        Publications so far.
    """

    budget: float
    n_publications: int | None = None
    spent: float = 0.0
    n_published: int = 0

    @property
    def left(self) -> int | None:
        """Publications that there may still be; None if distances alone decide."""
        if self.n_publications is None:
            return None
        return self.n_publications - self.n_published

    @property
    def remaining(self) -> float:
        """The distance that one more publication may have."""
        if self.n_publications is None:
            return _other_leg(self.budget, self.spent)
        if self.left == 0:
            return 0.0
        return self.budget / math.sqrt(self.n_publications) * (1.0 - 2.0**-50)

    def check_open(self) -> None:
        """Refuse a publication beyond those that were planned.

        Raises
        ------
        BudgetExceededError
        """
        if self.left == 0:
            raise BudgetExceededError(
                f"All n_publications={self.n_publications} have been made. Fit again, "
                "with a larger number if more are to come: it is fixed before the data "
                "are seen."
            )

    def spend(self, distance: float) -> Accountant:
        """The accountant after one more publication at this distance.

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
        self.check_open()
        # written so that a NaN is refused
        if not distance <= self.remaining:
            raise BudgetExceededError(self._too_far(distance))
        spent = _hypotenuse(self.spent, distance)
        return replace(self, spent=spent, n_published=self.n_published + 1)

    def _too_far(self, distance: float) -> str:
        found = f"The model would be up to {distance:.3g} from a refit, and "
        if self.n_publications is None:
            return (
                f"{found}{self.remaining:.3g} remains of a budget of {self.budget:.3g}."
                " Call refine before a request, which shrinks its distance and that of "
                "later ones, or fit again: with retain_data=True, which refines each, "
                "with a larger sigma, or with a smaller tol."
            )
        return (
            f"{found}n_publications={self.n_publications} leaves {self.remaining:.3g} "
            f"of a budget of {self.budget:.3g} to each. Fit with fewer, with a smaller "
            "tol, which refits are compared at, with a larger sigma, or with a "
            "stronger penalty."
        )

    def capacity(self, distance: float, limit: int) -> int:
        """How many more publications at this distance fit, at most ``limit``."""
        if not distance <= self.remaining:
            return 0
        if self.left is not None:
            return min(self.left, limit)
        if distance == 0.0 or self.remaining >= distance * math.sqrt(limit):
            return limit
        return int((self.remaining / distance) ** 2)


@dataclass(eq=False)
class Refusals:
    """How often requests were refused for reasons that secrets decide.

    Of a lineage the one thing that changes in place: who was refused has seen it,
    though the model is as it was. A shallow copy of a model counts with it.

    Attributes
    ----------
    limit : int
        From which on all are refused.
    count : int
    """

    limit: int
    count: int = 0

    def add(self) -> None:
        """Count one more."""
        self.count += 1

    def check_open(self) -> None:
        """Refuse everything after too many.

        Raises
        ------
        BudgetExceededError
        """
        if self.count >= self.limit:
            raise BudgetExceededError(
                f"max_refusals={self.limit} requests were refused for want of budget, "
                "of a bound or of accuracy, each of which tells something of what was "
                "deleted before: this fit publishes nothing more. Fit again, and ask "
                "removal_cost before a request whether there is room for it, or fit "
                "with retain_data=True."
            )


def _hypotenuse(one: float, other: float) -> float:
    """``sqrt(one^2 + other^2)``, rounded up."""
    squares = Fraction(one) ** 2 + Fraction(other) ** 2
    found = math.hypot(one, other)
    while Fraction(found) ** 2 < squares:
        found = math.nextafter(found, math.inf)
    while found > 0.0 and Fraction(math.nextafter(found, 0.0)) ** 2 >= squares:
        found = math.nextafter(found, 0.0)
    return found


def _other_leg(hypotenuse: float, leg: float) -> float:
    """``sqrt(hypotenuse^2 - leg^2)``, rounded down; zero if the leg is longer."""
    if hypotenuse == math.inf or leg >= hypotenuse:
        return hypotenuse if leg < hypotenuse else 0.0
    squares = Fraction(hypotenuse) ** 2 - Fraction(leg) ** 2
    found = math.sqrt((hypotenuse - leg) * (hypotenuse + leg))
    while Fraction(found) ** 2 > squares:
        found = math.nextafter(found, 0.0)
    while Fraction(math.nextafter(found, math.inf)) ** 2 <= squares:
        found = math.nextafter(found, math.inf)
    return found
