"""A descent: what it asks of an objective, what it may spend, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal, NamedTuple, Protocol, TypeAlias

from sklearn_unlearn.core.arrays import Indices
from sklearn_unlearn.core.network.krylov import (
    Curvature,
    Vector,
)

#: Which matrix stands for the curvature. Gauss and Newton's is nowhere indefinite.
Kind: TypeAlias = Literal["gauss_newton", "hessian"]
LinearSolver: TypeAlias = Literal["cg", "lissa"]


class SmoothObjective(Protocol):
    """A summed objective over rows, weight decay included, at flat parameters.

    Attributes
    ----------
    n_rows : int
    """

    @property
    def n_rows(self) -> int:
        """Number of rows."""

    def value(self, theta: Vector) -> float:
        """The objective."""

    def value_and_gradient(self, theta: Vector) -> tuple[float, Vector]:
        """The objective and its gradient."""

    def slope(self, theta: Vector) -> Slope:
        """The same, with what the gradient says of the curvature on its way."""

    def curvature(
        self,
        theta: Vector,
        rows: Indices | None,
        kind: Kind,
        squares: Vector | None = None,
    ) -> Curvature:
        """Its curvature, estimated from some rows; None means all."""


class Slope(NamedTuple):
    """An objective's value, its gradient and, if known, what preconditions.

    Attributes
    ----------
    value : float
    gradient : Vector
    squares : Vector or None
        Summed squares of the gradients of groups of rows: an estimate of the diagonal
        of Gauss and Newton's matrix (Martens, 2010, section 4.7).
    """

    value: float
    gradient: Vector
    squares: Vector | None = None


@dataclass(frozen=True)
class Budget:
    """What a descent may spend; None is no limit.

    Attributes
    ----------
    steps : int or None
        Steps that lower the objective.
    passes : float or None
        Passes over the data: the objective or its gradient counts one, a product with
        the curvature the share of the rows that it reads.
    seconds : float or None
    """

    steps: int | None = None
    passes: float | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Steps:
    """How steps are computed.

    Attributes
    ----------
    kind : {"gauss_newton", "hessian"}
    linear_solver : {"cg", "lissa"}
    sample : int
        Rows from which the curvature is estimated, drawn anew for each step.
    products : int
        Products with the curvature that one step may take.
    progress : float
        A step's conjugate gradients end where a product gains less than this share of
        what the step promises.
    tol : float
        The descent ends where a step promises less than this share of the objective.
    settled : float
        And where it promises less than this share of what the first one did.
    least : float
        And where it promises less than this.
    seed : int
        Of the samples.
    """

    kind: Kind = "gauss_newton"
    linear_solver: LinearSolver = "cg"
    sample: int = 500
    products: int = 20
    progress: float = 0.05
    tol: float = 1e-6
    settled: float = 0.0
    least: float = 0.0
    seed: int = 0


class Outcome(Enum):
    """Why a descent ended; the values are sentences for the reader."""

    CONVERGED = "A further step promises to lower the objective by less than tol of it."
    SETTLED = "What the request changes is done: more steps promise little beside it."
    STEPS = "The steps of the budget are spent."
    PASSES = "The passes of the budget are spent."
    SECONDS = "The seconds of the budget are spent."
    STALLED = "No step lowers the objective any more, whatever the damping."
    ONE_SHOT = "The update was made once, as a closed form."


@dataclass(frozen=True, eq=False)
class Descent:
    """A descent's outcome.

    Attributes
    ----------
    theta : Vector
    outcome : Outcome
    value_before, value : float
        The objective.
    n_steps : int
    passes : float
    seconds : float
    damping : float
        After the last step.
    """

    theta: Vector
    outcome: Outcome
    value_before: float
    value: float
    n_steps: int
    passes: float
    seconds: float
    damping: float
