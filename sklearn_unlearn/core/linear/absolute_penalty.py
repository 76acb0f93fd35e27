"""Least squares with a penalty on absolute coefficients, from sums of products.

The minimum of ``1/2 w' A w - b' w + penalty sum |w|`` is one of an active set: columns
whose coefficients have given signs solve a linear system, and the gradient of all
others stays within the penalty. Steps go from one such set to the next, each with a
smaller objective, until these conditions hold: the minimum is exact but for rounding.

H. Lee, A. Battle, R. Raina and A. Y. Ng: Efficient sparse coding algorithms, NIPS 2006;
with a step along the dependence where columns are dependent.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import LinAlgError, cho_solve, cholesky, solve_triangular

from sklearn_unlearn.core.arrays import Array, Indices
from sklearn_unlearn.core.cholesky_edits import with_rows, without_rows
from sklearn_unlearn.exceptions import NotPositiveDefiniteError

_EPS = float(np.finfo(np.float64).eps)
#: Steps for each column: one or two do.
_MOST_STEPS = 20
#: Rounding errors, as estimated, by which a condition of the minimum may fail.
_MOST_ROUNDING = 2.0**20


@dataclass(frozen=True)
class AbsolutePenalty:
    """The problem.

    Attributes
    ----------
    matrix : ndarray of shape (n_columns, n_columns)
        Positive semidefinite.
    target : ndarray of shape (n_columns,)
    penalty : float
        Not negative.
    positive : bool
        Whether coefficients may not be negative.
    """

    matrix: Array
    target: Array
    penalty: float
    positive: bool

    def solve(self, start: Array | None = None) -> Array:
        """The coefficients; of several minima, the one that is reached from zero.

        Parameters
        ----------
        start : ndarray of shape (n_columns,), optional
            Coefficients that may be near.

        Returns
        -------
        ndarray of shape (n_columns,)
            A function of the problem alone, to the last bit: what a start leads to is
            taken only where nothing else would be led elsewhere.

        Raises
        ------
        NotPositiveDefiniteError
            If the steps do not end.
        """
        if start is not None:
            found = _Search(self, start).run()
            if found is not None and self._decided(found):
                return found
        found = _Search(self, np.zeros(self.target.size)).run()
        if found is None:
            raise NotPositiveDefiniteError(
                "Columns are so nearly dependent that rounding decides about their "
                "coefficients: scale the columns, or take a larger penalty."
            )
        return found

    def gradient(self, coef: Array) -> tuple[Array, Array]:
        """``b - A coef``, and its rounding error."""
        gradient = self.target - self.matrix @ coef
        size = np.abs(self.target) + self._size @ np.abs(coef)
        return gradient, 8.0 * np.sqrt(coef.size) * _EPS * size

    def excess(self, gradient: Array) -> Array:
        """How far each entry of a gradient is beyond the penalty."""
        return (gradient if self.positive else np.abs(gradient)) - self.penalty

    def among(self, active: Indices) -> Array:
        """The matrix of some columns."""
        return self.matrix[np.ix_(active, active)]

    @cached_property
    def _size(self) -> Array:
        return np.abs(self.matrix)

    @cached_property
    def share(self) -> float:
        """Share of its sum of squares below which what others leave is none."""
        return 4.0 * self.target.size * _EPS

    def _decided(self, coef: Array) -> bool:
        """Whether more than rounding decides which coefficients are zero."""
        gradient, slack = self.gradient(coef)
        active = coef != 0.0
        moves = np.diagonal(self.matrix) * np.abs(coef)
        near = self.excess(gradient) > -4.0 * slack
        return not np.any(np.where(active, moves < 4.0 * slack, near))


class _Search:
    """Steps from one active set to the next.

    Parameters
    ----------
    problem : AbsolutePenalty
    start : ndarray of shape (n_columns,)
    """

    def __init__(self, problem: AbsolutePenalty, start: Array) -> None:
        self.problem = problem
        self.active: Indices = np.flatnonzero(start)
        self.coef = start[self.active]
        self.sign = np.sign(self.coef)
        self.factor = np.zeros((0, 0))
        self.rounding = 1.0

    def run(self) -> Array | None:
        """The minimum, None if it is not reached."""
        try:
            self.factor = self._fresh()
            for _ in range(_MOST_STEPS * (self.problem.target.size + 5)):
                if self._towards_minimum() and not self._enter():
                    return self._settled()
        except LinAlgError:
            pass
        return None

    def _fresh(self) -> Array:
        """The factor of the active columns."""
        if not self.active.size:
            return np.zeros((0, 0))
        factor: Array = cholesky(self.problem.among(self.active), lower=True)
        own = np.diagonal(self.problem.matrix)[self.active]
        if np.any(np.square(np.diagonal(factor)) <= self.problem.share * own):
            raise LinAlgError
        return factor

    def _solved(self, wanted: Array) -> Array:
        found: Array = wanted
        if wanted.size:
            found = cho_solve((self.factor, True), wanted)
        return found

    def _towards_minimum(self) -> bool:
        """To the minimum of these signs, or to where the first coefficient is zero."""
        target = self.problem.target[self.active]
        wanted = self._solved(target - self.problem.penalty * self.sign)
        if np.all(wanted * self.sign > 0.0):
            self.coef = wanted
            return True
        step = wanted - self.coef
        reach = self._reach(step)
        gone = self._go(step, reach, min(reach.min(), 1.0))
        factor = without_rows(self.factor, gone) if self.active.size else None
        self.factor = self._fresh() if factor is None else factor
        return False

    def _reach(self, step: Array) -> Array:
        """How far along a step each coefficient may go before it is zero."""
        reach = np.where((self.coef == 0.0) & (step == 0.0), 0.0, np.inf)
        np.divide(-self.coef, step, out=reach, where=step * self.sign < 0.0)
        return np.maximum(reach, 0.0)

    def _go(self, step: Array, reach: Array, far: float) -> Indices:
        """Along a step; the positions of coefficients that it made zero."""
        if far == 0.0:  # rounding alone had brought them in
            self.rounding *= 2.0
        kept = reach > far
        self.coef = (self.coef + far * step)[kept]
        self.active, self.sign = self.active[kept], self.sign[kept]
        return np.flatnonzero(~kept)

    def _enter(self) -> bool:
        """Bring in the column whose condition fails most, if one fails."""
        problem = self.problem
        gradient, slack = problem.gradient(self._full(self.coef))
        excess = problem.excess(gradient)
        beyond = excess - self.rounding * slack
        beyond[self.active] = -np.inf
        failing = np.flatnonzero(beyond > 0.0)
        return any(
            self._append(place, np.sign(gradient[place]), excess[place])
            for place in failing[np.argsort(-beyond[failing], kind="stable")]
        )

    def _append(self, place: int, sign: float, excess: float) -> bool:
        """Bring in a column, unless others explain it and going there gains nothing."""
        matrix, before = self.problem.matrix, (self.active, self.sign, self.coef)
        across, own = matrix[self.active, place], float(matrix[place, place])
        left = across
        if left.size:
            left = solve_triangular(self.factor, across, lower=True)
        least, factor = self.problem.share * own, None
        if own - float(left @ left) > least:
            factor = with_rows(self.factor, across[:, None], np.array([[own]]))
        self.active = np.append(self.active, place)
        self.sign, self.coef = np.append(self.sign, sign), np.append(self.coef, 0.0)
        if factor is not None:
            self.factor = factor
            return True
        # it gets what the others lose, until the first of them is zero
        step = np.append(-sign * self._solved(across), sign)
        reach = self._reach(step)
        far = float(reach.min())
        if far * least > excess:
            self.active, self.sign, self.coef = before
            return False
        self._go(step, reach, far)
        self.factor = self._fresh()
        return True

    def _settled(self) -> Array | None:
        """The coefficients, computed from the active columns and their signs alone."""
        problem, order = self.problem, np.argsort(self.active)
        self.active, sign = self.active[order], self.sign[order]
        self.factor = self._fresh()
        wanted = problem.target[self.active] - problem.penalty * sign
        coef = self._solved(wanted)
        coef = coef + self._solved(wanted - problem.among(self.active) @ coef)
        if self.rounding > _MOST_ROUNDING:
            return None
        return self._full(np.where(coef * sign > 0.0, coef, 0.0))

    def _full(self, coef: Array) -> Array:
        full = np.zeros(self.problem.target.size)
        full[self.active] = coef
        return full
