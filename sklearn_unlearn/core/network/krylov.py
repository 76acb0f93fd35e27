"""Products with an inverse Hessian that is known by its own products alone.

A vector is anything flat that adds, scales by floats and has ``@``: an ndarray or a
tensor. Nothing here writes into one, or asks where its numbers are kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol, TypeAlias

import numpy as np

from sklearn_unlearn.exceptions import NotFiniteError

#: A flat vector: an ndarray or a tensor of one dimension.
Vector: TypeAlias = Any
#: How far an estimated end of a spectrum is moved outwards.
_MARGIN = 1.1
#: Least damping that makes an indefinite matrix definite, relative to its norm.
_LEAST_DAMPING = 1e-3
#: Steps of Lanczos' method that find the ends of a spectrum.
LANCZOS_STEPS = 10
#: Residual, relative to the right-hand side, that only divergence explains.
_DIVERGED = 10.0


class Curvature(Protocol):
    """A symmetric matrix known by its products.

    Attributes
    ----------
    diagonal : Vector or None
        An estimate of the diagonal, nowhere negative, to precondition with.
    """

    @property
    def diagonal(self) -> Vector | None:
        """An estimate of the diagonal."""

    def dot(self, vector: Vector) -> Vector:
        """The matrix times a vector."""


class SolveOutcome(Enum):
    """Why a solver ended; the values are sentences for the reader."""

    CONVERGED = "The residual of the linear system is at most tol."
    PROGRESS = "A further product would gain too little to be worth its time."
    MAX_ITER = "The linear system was solved as far as max_iter products go."
    NEGATIVE_CURVATURE = "The matrix has a direction of negative curvature."
    BUDGET = "The budget ended while the linear system was being solved."


@dataclass(frozen=True)
class Solution:
    """An approximate solution of ``(A + damping I) x = b``.

    Attributes
    ----------
    vector : Vector
    outcome : SolveOutcome
    residual : float
        2-norm of ``b - (A + damping I) x``, relative to that of ``b``.
    n_products : int
    damping : float
    scale : float or None
        LiSSA's: what the matrix was divided by.
    """

    vector: Vector
    outcome: SolveOutcome
    residual: float
    n_products: int
    damping: float
    scale: float | None = None


def never() -> bool:
    """A budget that does not end."""
    return False


def conjugate_gradients(
    matrix: Curvature,
    right: Vector,
    *,
    damping: float = 0.0,
    tol: float = 1e-3,
    max_iter: int = 100,
    progress: float = 0.0,
    stop: Callable[[], bool] = never,
) -> Solution:
    """Solve by conjugate gradients, preconditioned with the diagonal if there is one.

    At a direction of negative curvature it ends with what it has, or with the
    preconditioned right-hand side if that is the first: a direction of descent if
    ``right`` is minus a gradient (Nocedal and Wright, Numerical Optimization, 2006,
    algorithms 5.3 and 7.2).

    Parameters
    ----------
    matrix : Curvature
    right : Vector
        b.
    damping : float, default=0.0
    tol : float, default=1e-3
        Relative residual at which to stop.
    max_iter : int, default=100
        Products at most.
    progress : float, default=0.0
        It ends where the last product has gained less than this share of what all have:
        of ``b'x - x'(A + damping I) x / 2``.
    stop : callable, optional
        Asked after each product whether to end here.

    Returns
    -------
    Solution

    Raises
    ------
    NotFiniteError
    """
    inverse = None
    if matrix.diagonal is not None:
        diagonal = matrix.diagonal
        # a parameter that no row uses has no curvature, and no gradient either
        floor = max(damping, 1e-12 * float(diagonal.max()))
        inverse = 1.0 / (diagonal + floor) if floor > 0.0 else None

    def preconditioned(vector: Vector) -> Vector:
        return vector if inverse is None else inverse * vector

    size = math.sqrt(_finite(right @ right, "gradient"))
    x, residual = right * 0.0, right
    if size == 0.0:
        return Solution(x, SolveOutcome.CONVERGED, 0.0, 0, damping)
    z = preconditioned(residual)
    direction, fall = z, float(residual @ z)
    relative, n_products, gained = 1.0, 0, 0.0
    outcome = SolveOutcome.MAX_ITER
    while n_products < max_iter:
        product = matrix.dot(direction) + direction * damping
        n_products += 1
        bend = _finite(direction @ product, "curvature")
        if bend <= 0.0:
            outcome = SolveOutcome.NEGATIVE_CURVATURE
            if n_products == 1:
                x = z
            break
        length = fall / bend
        x = x + direction * length
        residual = residual - product * length
        relative = math.sqrt(float(residual @ residual)) / size
        if relative <= tol:
            outcome = SolveOutcome.CONVERGED
            break
        if stop():
            outcome = SolveOutcome.BUDGET
            break
        gain = 0.5 * length * fall
        gained += gain
        if gain < progress * gained:
            outcome = SolveOutcome.PROGRESS
            break
        z = preconditioned(residual)
        previous, fall = fall, float(residual @ z)
        direction = z + direction * (fall / previous)
    return Solution(x, outcome, relative, n_products, damping)


def lissa(
    batches: Callable[[int], Curvature],
    right: Vector,
    *,
    damping: float = 0.0,
    scale: float | None = None,
    tol: float = 1e-3,
    max_iter: int = 1000,
    probed: int = 3,
    stop: Callable[[], bool] = never,
) -> Solution:
    """Solve by the recursion of LiSSA, a matrix of its own for each step.

    ``x <- x + (b - (A_j + damping I) x) / scale`` (Agarwal, Bullins and Hazan, 2017),
    the solver of Koh and Liang (2017) and of Warnecke et al. (2023). It needs all
    eigenvalues of ``A_j + damping I`` between 0 and twice the scale, which is where
    users of it fail: a few steps of Lanczos' method on the first batches find both
    ends, and a recursion that diverges all the same starts again with twice the scale.

    Parameters
    ----------
    batches : callable
        The matrix of each step: unbiased estimates of one matrix, or that itself.
    right : Vector
        b.
    damping : float, default=0.0
        At least so much; more if a batch is indefinite.
    scale : float, optional
        None finds it.
    tol : float, default=1e-3
        Relative residual at which to stop.
    max_iter : int, default=1000
        Steps at most, those that diverged among them.
    probed : int, default=3
        Batches whose spectra are looked at to find the scale.
    stop : callable, optional
        Asked after each product whether to end here.

    Returns
    -------
    Solution
        Its ``residual`` is that of the last batch.

    Raises
    ------
    NotFiniteError
    """
    size = math.sqrt(_finite(right @ right, "gradient"))
    if size == 0.0:
        return Solution(right * 0.0, SolveOutcome.CONVERGED, 0.0, 0, damping, scale)
    n_products = 0
    if scale is None:
        ends = [spectrum(batches(j), right) for j in range(probed)]
        n_products += probed * LANCZOS_STEPS
        largest = max(largest for _, largest in ends)
        smallest = min(smallest for smallest, _ in ends)
        damping = max(damping, definite(smallest, largest))
        scale = _MARGIN * (largest + damping)
        if scale <= 0.0:  # no curvature: any scale does
            scale = 1.0
    x, relative = right * 0.0, 1.0
    outcome = SolveOutcome.MAX_ITER
    for j in range(max_iter):
        rest = right - batches(j).dot(x) - x * damping
        n_products += 1
        relative = math.sqrt(_finite(rest @ rest, "curvature")) / size
        if relative <= tol:
            outcome = SolveOutcome.CONVERGED
            break
        if relative > _DIVERGED:
            x, scale = right * 0.0, 2.0 * scale
            continue
        x = x + rest / scale
        if stop():
            outcome = SolveOutcome.BUDGET
            break
    return Solution(x, outcome, relative, n_products, damping, scale)


def spectrum(
    matrix: Curvature, start: Vector, n_iter: int = LANCZOS_STEPS
) -> tuple[float, float]:
    """Estimates of the smallest and largest eigenvalue, by Lanczos' method.

    Each is the outermost Ritz value, moved outwards by the residual of its vector: in
    between lies an eigenvalue, and mostly the outermost (Parlett, The Symmetric
    Eigenvalue Problem, 1998, section 13.2).

    Parameters
    ----------
    matrix : Curvature
    start : Vector
        Eigenvectors orthogonal to it are not seen.
    n_iter : int, default=10
        Products at most.

    Returns
    -------
    smallest, largest : float
        Zeros if ``start`` is zero.

    Raises
    ------
    NotFiniteError
    """
    norm = math.sqrt(_finite(start @ start, "gradient"))
    if norm == 0.0:
        return 0.0, 0.0
    vector, before = start / norm, start * 0.0
    diagonal: list[float] = []
    beside: list[float] = []
    link = 0.0
    for _ in range(n_iter):
        product = matrix.dot(vector) - before * link
        diagonal.append(_finite(vector @ product, "curvature"))
        product = product - vector * diagonal[-1]
        link = math.sqrt(_finite(product @ product, "curvature"))
        beside.append(link)
        if link <= 1e-12 * max(map(abs, diagonal)):
            break
        vector, before = product / link, vector
    small = np.diag(diagonal) + np.diag(beside[:-1], 1) + np.diag(beside[:-1], -1)
    values, vectors = np.linalg.eigh(small)
    errors = beside[-1] * np.abs(vectors[-1])
    return float((values - errors)[0]), float((values + errors)[-1])


def rayleigh(matrix: Curvature, vector: Vector) -> float:
    """The curvature ``v'Av / v'v`` along a vector; zero along none.

    Raises
    ------
    NotFiniteError
    """
    squared = _finite(vector @ vector, "gradient")
    if squared == 0.0:
        return 0.0
    return _finite(vector @ matrix.dot(vector), "curvature") / squared


def definite(smallest: float, largest: float) -> float:
    """Damping that makes a matrix with such a spectrum positive definite."""
    if smallest > 0.0:
        return 0.0
    norm = max(abs(smallest), abs(largest))
    return _MARGIN * -smallest + _LEAST_DAMPING * norm


def _finite(value: Any, what: str) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise NotFiniteError(
            f"The {what} holds values that are infinite or not a number: the weights "
            "or the data are too large."
        )
    return number
