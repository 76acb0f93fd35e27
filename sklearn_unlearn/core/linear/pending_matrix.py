"""The matrix of a factor: data Hessian, penalty, and changes that are not in it yet.

One Fortran-ordered array holds L in the lower triangle and diagonal, and the data
Hessian in the strict upper triangle, its diagonal in a vector. Changes of low rank are
pending columns (``low_rank_update`` says how they are solved).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.linalg.blas import dsymm, dsymv, dsyrk

from sklearn_unlearn.core.arrays import Array, Indices, Mask
from sklearn_unlearn.core.linear.assembly import assemble
from sklearn_unlearn.core.linear.low_rank_update import Pending
from sklearn_unlearn.core.linear.spectrum import Spectrum, largest_eigenvalue

_EPS = float(np.finfo(np.float64).eps)
#: Pending columns as a share of the order beyond which a fresh factor is cheaper.
_PENDING_SHARE = 8
#: Vectors up to which one product each is faster than one of all: five times with one.
_FEW_COLUMNS = 3


@dataclass(frozen=True, eq=False)
class PendingMatrix:
    """Data Hessian + penalty + gauge on the coordinates in use.

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
    def data_diagonal(self) -> Array:
        """Diagonal of the data Hessian, all coordinates, what is pending aside."""
        return self._scatter(self.diagonal[:, None])[:, 0]

    # Products -------------------------------------------------------------------------

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

    # As an array ----------------------------------------------------------------------

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

    # Internals ------------------------------------------------------------------------

    @property
    def _alive(self) -> Mask | slice:
        """Which coordinates of the array are in use."""
        if not self.dropped.size:
            return slice(None)
        alive: Mask = ~np.isin(self.kept, self.dropped)
        return alive

    def _remaining(self) -> Indices:
        return np.setdiff1d(self.kept, self.dropped)

    def _peak_of_remaining(self) -> Array:
        return self.peak[np.searchsorted(self.kept, self._remaining())]

    def _before(self) -> Array:
        """Diagonal of data Hessian and penalty without what is pending."""
        return self.diagonal + self.penalty[self.kept]

    def _now(self) -> Array:
        """The diagonal, what is pending included."""
        now: Array = self._before() + self.pending.came - self.pending.left
        return now

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
