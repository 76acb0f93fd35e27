"""The cached Cholesky factor of the Hessian: solve, pending low-rank change, refactor.

A factor is immutable; an edit gives a new one that shares the array (``pending_matrix``
says what is in it) and carries the change as pending columns::

    M = H_fit + P P' - N N' + Lambda + gauge,    coordinates dropped held at zero

with P rows in and N rows out, until it is cheaper or more accurate to factor afresh. A
small change of Lambda, though of full rank, waits too: solves sum the Neumann series of
the inverse.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.linalg.lapack import dpotrf

from sklearn_unlearn.core.arrays import Array, Data, Indices, powers_of_two, times
from sklearn_unlearn.core.linear.assembly import assemble
from sklearn_unlearn.core.linear.definiteness import diagnosis
from sklearn_unlearn.core.linear.low_rank_update import Pending
from sklearn_unlearn.core.linear.peaks import mapped_peaks
from sklearn_unlearn.core.linear.pending_matrix import PendingMatrix
from sklearn_unlearn.core.linear.spectrum import Spectrum
from sklearn_unlearn.core.linear.triangular import backward, forward
from sklearn_unlearn.core.threads import suited_to
from sklearn_unlearn.exceptions import NotPositiveDefiniteError

_EPS = float(np.finfo(np.float64).eps)
#: Relative change of the penalty beyond which the factor is computed afresh: each term
#: of the series is at most so much of the one before.
_LATE = 0.1
#: Terms after which the series does not converge: the matrix is not definite.
_MAX_TERMS = 60


@dataclass(frozen=True, eq=False)
class Factor(PendingMatrix):
    """Factor of data Hessian + penalty + gauge on the coordinates in use."""

    # Solving ------------------------------------------------------------------------

    def solve(self, right: Array) -> Array:
        """Solve M x = right; x is zero at dropped coordinates.

        Parameters
        ----------
        right : ndarray of shape (order, n_right)

        Returns
        -------
        ndarray of shape (order, n_right)

        Raises
        ------
        NotPositiveDefiniteError
            If M is not, which a waiting penalty alone leaves to be found out.
        """
        solution = self._solve_factored(right)
        if self.factored is None:
            return solution
        # (F + D)^-1 = sum of (-F^-1 D)^k F^-1, where F is what L and pending stand for
        change = (self.factored - self.penalty)[:, None]
        term = solution
        for _ in range(_MAX_TERMS):
            term = self._solve_factored(change * term)
            solution = solution + term
            if np.linalg.norm(term) <= _EPS * np.linalg.norm(solution):
                return solution
        return self.folded().solve(right)

    def half_solve(self, right: Array, transposed: bool) -> Array:
        """L^-1 right, or L^-T right, of a folded factor: L L' is the matrix."""
        solve = backward if transposed else forward
        return self._scatter(solve(self.array, self._gather(right)))

    def products(self, columns: Array) -> Array:
        """``V' M^-1 V``, without a solve if the columns V are the last pending."""
        first = self.pending_rank - columns.shape[1]
        if self.factored is None and first >= 0:
            last = self.pending.vectors[:, first:]
            if np.array_equal(last, self._gather(columns)):
                images = self.pending.images[:, first:]
                inner: Array = images.T @ self.pending.correct(images)
                return inner
        solved: Array = columns.T @ self.solve(columns)
        return solved

    # Editing ------------------------------------------------------------------------

    def extended(
        self,
        rows_in: Array | None = None,
        rows_out: Array | None = None,
        drop: Indices | None = None,
    ) -> Factor:
        """Rows in, rows out and coordinates dropped, pending or refactored.

        Parameters
        ----------
        rows_in, rows_out : ndarray of shape (order, k), optional
            Columns V of a change ``+ V V'`` and ``- V V'``.
        drop : ndarray of int, optional
            Coordinates to hold at zero from now on; repeats are ignored.

        Raises
        ------
        NotPositiveDefiniteError
            If the edited Hessian is not positive definite.
        """
        parts, signs, dropped = [], [], self.dropped
        if rows_in is not None:
            parts.append(self._gather(rows_in))
            signs.append(np.ones(rows_in.shape[1]))
        if rows_out is not None:
            parts.append(self._gather(rows_out))
            signs.append(-np.ones(rows_out.shape[1]))
        if drop is not None:
            new = np.setdiff1d(np.intersect1d(drop, self.kept), dropped)
            unit = np.zeros((self.diagonal.size, new.size), order="F")
            unit[np.searchsorted(self.kept, new), np.arange(new.size)] = 1.0
            parts.append(unit)
            signs.append(np.zeros(new.size))
            dropped = np.concatenate([dropped, new])
        if not sum(part.shape[1] for part in parts):
            return self
        vectors = parts[0] if len(parts) == 1 else np.hstack(parts)
        vectors = np.asfortranarray(vectors)
        images = forward(self.array, vectors.copy(order="F"))
        pending = self.pending.appended(vectors, images, np.concatenate(signs))
        peak = np.maximum(self.peak, powers_of_two(self._before() + pending.came))
        edited = replace(self, pending=pending, dropped=dropped, peak=peak)
        few = pending.rank <= self.max_pending and pending.is_definite
        if few and pending.is_accurate(self._before()):
            return edited
        return edited.folded()

    def folded(self) -> Factor:
        """The same matrix, all in the array, dropped coordinates removed."""
        if not self.pending_rank and self.factored is None:
            return self
        return self._refactored(self.hessian(), self.penalty, self.gauge)

    def transformed(
        self, matrix: Data, penalty: Array, gauge: Indices, alive: Indices
    ) -> Factor:
        """Factor of ``T H_d T' + Lambda'`` for a matrix T of shape (new, order).

        Parameters
        ----------
        matrix : Data
        penalty : ndarray of shape (new,)
        gauge : ndarray of int of shape (new,)
        alive : ndarray of int
            New coordinates that are not held at zero.
        """
        remaining = self._remaining()
        inner = matrix
        if (alive.size, remaining.size) != matrix.shape:
            inner = matrix[alive][:, remaining]
        H = self.hessian()
        upper = np.triu(H) + np.triu(H, 1).T
        mapped = np.asfortranarray(times(inner, times(inner, upper).T))
        peak = mapped_peaks(inner, self._peak_of_remaining())
        return factorise(mapped, penalty, gauge, alive, peak)

    def repenalised(self, penalty: Array, gauge: Indices) -> Factor:
        """The same data Hessian with another penalty; a small change waits."""
        factored = self.penalty if self.factored is None else self.factored
        change = np.abs(penalty - factored)[self.kept]
        near = np.all(change <= _LATE * factored[self.kept])
        if near and np.array_equal(gauge, self.gauge):
            waits = factored if change.any() else None
            return replace(self, penalty=penalty, factored=waits)
        return self._refactored(self.hessian(), penalty, gauge)

    def rebuilt(self, *changes: Callable[[Array], None]) -> Factor:
        """Afresh, after ``changes`` have edited the full data Hessian in place."""
        remaining, peak = self._remaining(), self._peak_of_remaining()
        H = np.zeros((self.order, self.order), order="F")
        H[np.ix_(remaining, remaining)] = self.hessian()
        for change in changes:
            change(H)
            now = (np.diagonal(H) + self.penalty)[remaining]
            peak = np.maximum(peak, powers_of_two(now))
        H = np.asfortranarray(H[np.ix_(remaining, remaining)])
        return factorise(H, self.penalty, self.gauge, remaining, peak)

    def __getstate__(self) -> dict[str, Any]:
        """Nothing pending is pickled: pending columns are rows up to scale."""
        folded = self.folded()
        state = {name: getattr(folded, name) for name in folded.__dataclass_fields__}
        del state["spectrum"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, spectrum=Spectrum())

    # Internals ----------------------------------------------------------------------

    def _solve_factored(self, right: Array) -> Array:
        """`solve` with the penalty that is in L."""
        image = forward(self.array, self._gather(right))
        if self.pending_rank:
            image = self.pending.correct(image)
        solution = self._scatter(backward(self.array, image))
        solution[self.dropped] = 0.0
        return solution

    def _refactored(self, hessian: Array, penalty: Array, gauge: Indices) -> Factor:
        remaining, peak = self._remaining(), self._peak_of_remaining()
        return factorise(hessian, penalty, gauge, remaining, peak)


def factorise(
    hessian: Array,
    penalty: Array,
    gauge: Indices,
    kept: Indices,
    peak: Array | None = None,
) -> Factor:
    """Cholesky factor of a data Hessian plus penalty.

    Parameters
    ----------
    hessian : ndarray of shape (m, m), Fortran order
        Upper triangle of the data Hessian on the kept coordinates; overwritten.
    penalty : ndarray of shape (order,)
        Diagonal of Lambda, all coordinates.
    gauge : ndarray of int of shape (order,)
        Coordinates that may shift together have one number >= 0, others -1; all
        numbers are as frequent.
    kept : ndarray of int of shape (m,), sorted
        The coordinates that the Hessian holds.
    peak : ndarray of shape (m,), optional
        What the diagonal has been before; coarse, as it is kept.

    Raises
    ------
    NotPositiveDefiniteError
        With the `Status` of `core.linear.definiteness` that says why.
    """
    array = hessian if hessian.flags.f_contiguous else np.asfortranarray(hessian)
    diagonal = np.diagonal(array).copy()
    assemble(array, penalty[kept], gauge[kept])
    scale = np.diagonal(array).copy()
    with suited_to(scale.size):
        array, info = dpotrf(array, lower=1, clean=0, overwrite_a=1)
    pivots = np.square(np.diagonal(array))
    # written so that a NaN fails; a pivot lost to rounding counts as none
    if info != 0 or not np.all(pivots > 4.0 * scale.size * _EPS * scale):
        raise NotPositiveDefiniteError(diagnosis(array, scale).value)
    now = powers_of_two(diagonal + penalty[kept])
    return Factor(
        array=array,
        diagonal=diagonal,
        kept=kept,
        penalty=penalty,
        gauge=gauge,
        dropped=np.zeros(0, dtype=np.intp),
        pending=Pending.none(scale.size),
        peak=now if peak is None else np.maximum(now, peak),
    )
