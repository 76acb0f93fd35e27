"""The objective of a change to one that was never minimised, from some of the rows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sklearn_unlearn.core.arrays import Indices
from sklearn_unlearn.core.network.descent import Kind, Slope, SmoothObjective
from sklearn_unlearn.core.network.krylov import Curvature, Vector

#: Least diagonal, relative to its mean: parameters that no row uses stay put.
_FLOOR = 1e-2


@dataclass(frozen=True, eq=False)
class ChangeObjective:
    """The corrected objective with another slope at the start.

    Training that stops early leaves a gradient g of the objective at ``start``. It is
    that of rows which have nothing to do with the request, and far larger than that of
    the few which have. With F of the rows that come and those that stay, this is

        ``F(theta) - (g - change) @ (theta - start) + pull / 2 |theta - start|^2``,

    whose gradient at the start is ``change``, that of what the request changes,
    whatever else training has not finished. The sum over rows that stay may be over a
    sample of them: the error of the sample is one of the curvature alone (as in
    variance-reduced gradients: Johnson and Zhang, NeurIPS 2013). If ``staying`` is a
    divergence from what is predicted at the start, it has no slope there, and rises in
    all directions; the minimum then is a proximal Bregman response (Bae, Ng, Lo,
    Ghassemi and Grosse, If influence functions are the answer, then what is the
    question?, NeurIPS 2022).

    Its unknowns are ``u`` with ``theta = start + scale * u``. Damping then is relative
    to the diagonal of the curvature (Marquardt, SIAM J. Appl. Math. 11, 1963), without
    which parameters that few rows use, those of a rare token, would hardly move.

    Attributes
    ----------
    coming : SmoothObjective or None
        Of the rows that come. All of them count in the curvature.
    leaving : SmoothObjective or None
        Minus the slopes of the rows that leave, in what is predicted of them; of no
        curvature. Without it ``taken`` has them, in the parameters.
    staying : SmoothObjective
        Of a sample of the rows that stay.
    times : float
        Rows that stay for each of the sample.
    start : Vector
    taken : Vector
        ``g - change``.
    scale : Vector
    pull : float
        Of the parameters to the start.
    """

    coming: SmoothObjective | None
    leaving: SmoothObjective | None
    staying: SmoothObjective
    times: float
    start: Vector
    taken: Vector
    scale: Vector
    pull: float

    @staticmethod
    def of(
        coming: SmoothObjective | None,
        staying: SmoothObjective,
        times: float,
        start: Vector,
        change: Vector,
        diagonal: Vector,
        leaving: SmoothObjective | None = None,
        pull: float = 0.0,
    ) -> ChangeObjective:
        """With this gradient at the start.

        Parameters
        ----------
        coming : SmoothObjective or None
        staying : SmoothObjective
        times : float
        start : Vector
        change : Vector
            Gradient of the new objective less that of the old.
        diagonal : Vector
            An estimate of the curvature's, nowhere negative.
        leaving : SmoothObjective, optional
        pull : float, default=0.0
        """
        diagonal = diagonal + pull
        floor = _FLOOR * float(diagonal.mean())
        scale = (diagonal + floor) ** -0.5 if floor > 0.0 else diagonal * 0.0 + 1.0
        none = start * 0.0
        raw = ChangeObjective(coming, leaving, staying, times, start, none, scale, pull)
        _, gradient = raw._summed(start)
        return replace(raw, taken=gradient - change)

    @property
    def n_rows(self) -> int:
        """Rows of the sample of those that stay."""
        return self.staying.n_rows

    @property
    def origin(self) -> Vector:
        """The unknowns at the start."""
        return self.start * 0.0

    def theta(self, unknowns: Vector) -> Vector:
        """The parameters."""
        return self.start + self.scale * unknowns

    def value(self, theta: Vector) -> float:
        """The objective at the unknowns."""
        at = self.theta(theta)
        value = self.times * self.staying.value(at)
        for part in (self.coming, self.leaving):
            value += 0.0 if part is None else part.value(at)
        moved = self.scale * theta
        return value + float((0.5 * self.pull * moved - self.taken) @ moved)

    def value_and_gradient(self, theta: Vector) -> tuple[float, Vector]:
        """The objective and its gradient, at and by the unknowns."""
        value, gradient = self._summed(self.theta(theta))
        moved = self.scale * theta
        value += float((0.5 * self.pull * moved - self.taken) @ moved)
        return value, self.scale * (gradient - self.taken + self.pull * moved)

    def slope(self, theta: Vector) -> Slope:
        """The same; the scale preconditions already."""
        return Slope(*self.value_and_gradient(theta))

    def curvature(
        self,
        theta: Vector,
        rows: Indices | None,
        kind: Kind,
        squares: Vector | None = None,
    ) -> Curvature:
        """Its curvature, from some rows of the sample and all that come."""
        at = self.theta(theta)
        parts = [(self.staying.curvature(at, rows, kind), self.times)]
        if self.coming is not None:
            parts.append((self.coming.curvature(at, None, kind), 1.0))
        return _ScaledSum(tuple(parts), self.scale, self.pull)

    def _summed(self, theta: Vector) -> tuple[float, Vector]:
        """Value and gradient of the sum, at and by the parameters."""
        value, gradient = self.staying.value_and_gradient(theta)
        value, gradient = self.times * value, gradient * self.times
        for part in (self.coming, self.leaving):
            if part is not None:
                more, steeper = part.value_and_gradient(theta)
                value, gradient = value + more, gradient + steeper
        return value, gradient


@dataclass(frozen=True, eq=False)
class _ScaledSum:
    """A weighted sum of curvatures, by the unknowns."""

    parts: tuple[tuple[Curvature, float], ...]
    scale: Vector
    pull: float

    #: That of the unknowns is about one.
    diagonal = None

    def dot(self, vector: Vector) -> Vector:
        """The matrix times a vector."""
        turned = self.scale * vector
        product = turned * self.pull
        for matrix, weight in self.parts:
            product = product + matrix.dot(turned) * weight
        return self.scale * product


def sampled(n_rows: int, size: int, seed: int) -> Indices:
    """So many of the rows at random, in order, or all."""
    generator = np.random.default_rng(seed)
    rows: Indices = np.sort(generator.permutation(n_rows)[:size])
    return rows
