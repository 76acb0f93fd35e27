"""The cached Cholesky factor of the Hessian: solve, pending low-rank change, refactor.

One Fortran-ordered array holds both matrices: L in the lower triangle and diagonal,
the data Hessian in the strict upper triangle, its diagonal in a vector. A factor is
immutable; an edit gives a new one that shares the array and carries the change as
pending columns::

    M = H_fit + P P' - N N' + Lambda + gauge,    coordinates dropped held at zero

with P rows in, N rows out (``pending`` says how it is solved), until it is cheaper or
more accurate to factor afresh. A small change of Lambda, though of full rank, waits
too: solves sum the Neumann series of the inverse.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy.linalg.blas import dsymm, dsymv, dsyrk
from scipy.linalg.lapack import dpotrf

from sklearn_unlearn.core.arrays import Array, Data, Indices, Mask, powers_of_two, times
from sklearn_unlearn.core.linear.assembly import assemble
from sklearn_unlearn.core.linear.definiteness import diagnosis
from sklearn_unlearn.core.linear.low_rank_update import Pending
from sklearn_unlearn.core.linear.peaks import mapped_peaks
from sklearn_unlearn.core.linear.spectrum import Spectrum, largest_eigenvalue
from sklearn_unlearn.core.linear.triangular import backward, forward
from sklearn_unlearn.core.threads import suited_to
from sklearn_unlearn.exceptions import NotPositiveDefiniteError

_EPS = float(np.finfo(np.float64).eps)
#: Pending columns as a share of the order beyond which a fresh factor is cheaper.
_PENDING_SHARE = 8
#: Relative change of the penalty beyond which the factor is computed afresh: each term
#: of the series is at most so much of the one before.
_LATE = 0.1
#: Terms after which the series does not converge: the matrix is not definite.
_MAX_TERMS = 60
#: Vectors up to which one product each is faster than one of all: five times with one.
_FEW_COLUMNS = 3


@dataclass(frozen=True, eq=False)
class Factor:
    """Factor of data Hessian + penalty + gauge on the coordinates in use.

    Attributes
    ----------
    array : ndarray of shape (m, m), Fortran order
        Lower triangle and diagonal: L. Strict upper triangle: data Hessian.
    diagonal : ndarray of shape (m,)
        Diagonal of the data Hessian.
    kept : ndarray of int of shape (m,)
        Which of the ``order`` coordinates the array holds.
    penalty : ndarray of shape (order,)
        Diagonal of Lambda.
    gauge : ndarray of int of shape (order,)
        Coordinates of one number >= 0 may shift together: the factor fills that in.
    dropped : ndarray of int
        Coordinates held at zero by a pending column.
    pending : Pending
        Rows in, rows out and dropped coordinates, not yet in the array.
    peak : ndarray of shape (m,)
        Coarse bounds (`core.peaks`) that the diagonal of data Hessian and penalty has
        not exceeded since it was computed from rows: what left has left its rounding.
    factored : ndarray of shape (order,) or None
        Diagonal of the Lambda that is in L, where it is not quite ``penalty``.
    spectrum : Spectrum
        Of what is in the array.
    """

    array: Array
    diagonal: Array
    kept: Indices
    penalty: Array
    gauge: Indices
    dropped: Indices
    pending: Pending
    peak: Array
    factored: Array | None = None
    spectrum: Spectrum = field(default_factory=Spectrum)

    @property
    def order(self) -> int:
        """Coordinates of right-hand sides and solutions."""
        return int(self.penalty.shape[0])

    @property
    def pending_rank(self) -> int:
        """Columns that are pending."""
        return self.pending.rank

    @property
    def max_pending(self) -> int:
        """Pending columns beyond which the factor is computed afresh."""
        return self.diagonal.size // _PENDING_SHARE

    @property
    def nbytes(self) -> int:
        """Bytes held, pending columns included."""
        return self.array.nbytes + self.diagonal.nbytes + self.pending.nbytes

    @property
    def lost(self) -> float:
        """Largest relative rounding error that what has left left on the diagonal."""
        now, alive = self._now(), self._alive
        if not np.all(now[alive] > 0.0):
            return np.inf
        return _EPS * float((self.peak[alive] / now[alive]).max(initial=0.0))

    @property
    def trace(self) -> float:
        """That of data Hessian plus penalty, gauge aside: no eigenvalue is larger."""
        return float(np.maximum(self._now()[self._alive], 0.0).sum())

    @property
    def _alive(self) -> Mask | slice:
        """Which coordinates of the array are in use."""
        if not self.dropped.size:
            return slice(None)
        alive: Mask = ~np.isin(self.kept, self.dropped)
        return alive

    @property
    def data_diagonal(self) -> Array:
        """Diagonal of the data Hessian, all coordinates, what is pending aside."""
        return self._scatter(self.diagonal[:, None])[:, 0]

    def _now(self) -> Array:
        """The diagonal, what is pending included."""
        now: Array = self._before() + self.pending.came - self.pending.left
        return now

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

    def curvature_dot(self, vectors: Array) -> Array:
        """Data Hessian (no penalty) times vectors of shape (order, n)."""
        inner = self._gather(vectors)
        product = _symmetric_dot(self.array, inner)
        # the array's diagonal is that of L
        product += (self.diagonal - np.diagonal(self.array))[:, None] * inner
        if self.pending_rank:
            vectors, sign = self.pending.vectors, self.pending.sign
            product += vectors @ (sign[:, None] * (vectors.T @ inner))
        return self._scatter(product)

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

    def norm(self, vector: Array) -> float:
        """``sqrt(v' M v)`` summed over columns, gauge aside."""
        quadratic = np.vdot(vector, self.curvature_dot(vector))
        quadratic += np.vdot(vector, self.penalty[:, None] * vector)
        return float(np.sqrt(max(float(quadratic), 0.0)))

    @cached_property
    def largest_eigenvalue(self) -> float:
        """Largest eigenvalue of data Hessian plus penalty on coordinates in use."""
        alive = np.ones(self.order, dtype=bool)
        alive[np.setdiff1d(np.arange(self.order), self.kept)] = False
        alive[self.dropped] = False

        def apply(vectors: Array) -> Array:
            v = vectors.reshape(self.order, -1) * alive[:, None]
            return (self.curvature_dot(v) + self.penalty[:, None] * v) * alive[:, None]

        return largest_eigenvalue(apply, alive / np.sqrt(alive.sum()))

    @property
    def bounds_of_largest_eigenvalue(self) -> tuple[float, float]:
        """Two numbers between which `largest_eigenvalue` is, after one pass at most.

        The pass is over the array, for all requests until it is another.
        """
        length = self.spectrum.length_of(self.array, self.diagonal)
        before, now = float(self.diagonal.sum()), self._now()[self._alive]
        least = max(float(now.max(initial=0.0)), 0.0)
        if not self.dropped.size and before > 0.0:
            least = max(least, length**2 / before - float(self.pending.left.sum()))
        penalty = float(self.penalty[self.kept].max(initial=0.0))
        return least, length + float(self.pending.came.sum()) + penalty

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

    def matrix(self) -> Array:
        """Data Hessian plus penalty plus gauge, lower triangle, alive only."""
        remaining = self._remaining()
        array = self.hessian()
        assemble(array, self.penalty[remaining], self.gauge[remaining])
        return array

    def hessian(self) -> Array:
        """Copy of the data Hessian with pending rows, upper triangle, alive only."""
        H = self.array.copy(order="F")
        np.fill_diagonal(H, self.diagonal)
        for sign in (1.0, -1.0):
            columns = self.pending.vectors[:, self.pending.sign == sign]
            if columns.size:
                columns = np.asfortranarray(columns)
                H = dsyrk(sign, columns, beta=1.0, c=H, overwrite_c=1, lower=0)
        if self.dropped.size:
            alive = np.searchsorted(self.kept, self._remaining())
            H = np.asfortranarray(H[np.ix_(alive, alive)])
        return H

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

    def _remaining(self) -> Indices:
        return np.setdiff1d(self.kept, self.dropped)

    def _peak_of_remaining(self) -> Array:
        return self.peak[np.searchsorted(self.kept, self._remaining())]

    def _before(self) -> Array:
        """Diagonal of data Hessian and penalty without what is pending."""
        return self.diagonal + self.penalty[self.kept]

    def _gather(self, full: Array) -> Array:
        inner = full if self.kept.size == self.order else full[self.kept]
        return np.array(inner, order="F", ndmin=2)

    def _scatter(self, inner: Array) -> Array:
        if self.kept.size == self.order:
            return inner
        full = np.zeros((self.order, inner.shape[1]))
        full[self.kept] = inner
        return full


def _symmetric_dot(upper: Array, vectors: Array) -> Array:
    """Product with a matrix that is known by its upper triangle."""
    if vectors.shape[1] > _FEW_COLUMNS:
        return np.asfortranarray(dsymm(1.0, upper, vectors, side=0, lower=0))
    product = np.empty_like(vectors)
    for column in range(vectors.shape[1]):
        product[:, column] = dsymv(1.0, upper, vectors[:, column], lower=0)
    return product


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
