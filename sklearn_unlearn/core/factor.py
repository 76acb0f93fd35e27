"""The cached Cholesky factor of the Hessian: solve, pending low-rank change, refactor.

One Fortran-ordered array holds both matrices: L in the lower triangle and diagonal,
the data Hessian in the strict upper triangle, its diagonal in a vector. A factor is
immutable; an edit gives a new one that shares the array and carries the change as
pending columns::

    M = H_fit + P P' - N N' + Lambda + gauge gauge',    coordinates dropped held at zero

with P rows in, N rows out. With Z = L^-1 [columns] the solve is the Woodbury identity
for the block matrix S = C^-1 + Z' Z, where a dropped coordinate is a unit vector with
C^-1 = 0. M is positive definite exactly if S has as many negative eigenvalues as rows
out (Haynsworth's inertia additivity), which two small Cholesky factors decide.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property
from typing import Any

import numpy as np
from scipy.linalg import eigvalsh
from scipy.linalg.blas import dsymm, dsyrk, dtrsm, dtrsv
from scipy.linalg.lapack import dpotrf
from scipy.sparse.linalg import LinearOperator, eigsh

from sklearn_unlearn.core.arrays import Array, Indices
from sklearn_unlearn.core.threads import suited_to
from sklearn_unlearn.exceptions import NotPositiveDefiniteError

_EPS = float(np.finfo(np.float64).eps)
#: Pending columns as a share of the order beyond which a fresh factor is cheaper.
_PENDING_SHARE = 8
#: Largest relative error that pending columns may add to the Hessian.
_PENDING_ERROR = 1e-10
#: Squared pivot of a pending term (1 - leverage) below which it is refactored.
_PENDING_PIVOT = 1e-6
#: Rows of a triangle mirrored at a time.
_STRIP = 256


class Status(Enum):
    """What a factorisation found; the values are sentences for the reader."""

    DEPENDENT = (
        "The Hessian is singular to working precision: some columns are linearly "
        "dependent on others and no penalty decides between them. Use a finite C "
        "(a positive alpha) or drop the columns."
    )
    INDEFINITE = (
        "The Hessian is not positive definite. Either rows were taken out that the "
        "model was never trained on (or twice), or too few rows remain to determine "
        "the unpenalised coefficients."
    )


@dataclass(frozen=True, eq=False)
class Pending:
    """Columns not yet in the factor, with their images under L^-1."""

    columns: Array
    images: Array
    #: 1 for a row, 0 for a dropped coordinate.
    inverse_weight: Array

    @staticmethod
    def none(order: int) -> Pending:
        """No columns."""
        empty = np.zeros((order, 0), order="F")
        return Pending(empty, empty, np.zeros(0))

    @property
    def rank(self) -> int:
        """Number of columns."""
        return int(self.columns.shape[1])

    def joined(self, other: Pending) -> Pending:
        """Columns of both."""
        if not self.rank:
            return other
        if not other.rank:
            return self
        return Pending(
            _beside(self.columns, other.columns),
            _beside(self.images, other.images),
            np.concatenate([self.inverse_weight, other.inverse_weight]),
        )


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
    gauge : ndarray of shape (order, n_gauge)
        Undetermined directions; ``scale * gauge gauge'`` makes them determined.
    dropped : ndarray of int
        Coordinates held at zero by a pending column.
    plus, minus : Pending
        Rows in and dropped coordinates; rows out.
    """

    array: Array
    diagonal: Array
    kept: Indices
    penalty: Array
    gauge: Array
    dropped: Indices
    plus: Pending
    minus: Pending
    _small: tuple[Array, Array, Array] = field(repr=False)

    @property
    def order(self) -> int:
        """Coordinates of right-hand sides and solutions."""
        return int(self.penalty.shape[0])

    @property
    def pending_rank(self) -> int:
        """Columns that are pending."""
        return self.plus.rank + self.minus.rank

    @property
    def max_pending(self) -> int:
        """Pending columns beyond which the factor is computed afresh."""
        return self.diagonal.size // _PENDING_SHARE

    @property
    def nbytes(self) -> int:
        """Bytes held, pending columns included."""
        pending = (self.plus, self.minus)
        return (
            self.array.nbytes
            + self.diagonal.nbytes
            + sum(p.columns.nbytes + p.images.nbytes for p in pending)
        )

    # Solving ------------------------------------------------------------------------

    def solve(self, right: Array) -> Array:
        """Solve M x = right; x is zero at dropped coordinates.

        Parameters
        ----------
        right : ndarray of shape (order, n_right)

        Returns
        -------
        ndarray of shape (order, n_right)
        """
        image = _forward(self.array, self._gather(right))
        if self.pending_rank:
            image = self._correct(image)
        solution = self._scatter(_backward(self.array, image))
        solution[self.dropped] = 0.0
        return solution

    def half_solve(self, right: Array, transposed: bool) -> Array:
        """L^-1 right, or L^-T right, nothing pending; L L' is the matrix."""
        solve = _backward if transposed else _forward
        return self._scatter(solve(self.array, self._gather(right)))

    def curvature_dot(self, vectors: Array) -> Array:
        """Data Hessian (no penalty) times vectors of shape (order, n)."""
        inner = self._gather(vectors)
        product = np.asfortranarray(dsymm(1.0, self.array, inner, side=0, lower=0))
        # the array's diagonal is that of L
        product += (self.diagonal - np.diagonal(self.array))[:, None] * inner
        rows = self.plus.columns[:, self.plus.inverse_weight > 0.0]
        product += rows @ (rows.T @ inner)
        product -= self.minus.columns @ (self.minus.columns.T @ inner)
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

        if self.order <= _STRIP:
            return float(eigvalsh(apply(np.eye(self.order)))[-1])
        operator = LinearOperator(
            (self.order, self.order), matvec=apply, matmat=apply, dtype=np.float64
        )
        start = alive / np.sqrt(alive.sum())
        top = eigsh(
            operator, k=1, v0=start, tol=1e-6, return_eigenvectors=False, which="LA"
        )
        return float(top[0])

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
        plus, minus = self.plus, self.minus
        if rows_in is not None and rows_in.shape[1]:
            plus = plus.joined(self._pend(self._gather(rows_in), 1.0))
        dropped = self.dropped
        if drop is not None:
            new = np.setdiff1d(np.intersect1d(drop, self.kept), dropped)
            if new.size:
                unit = np.zeros((self.diagonal.size, new.size), order="F")
                unit[np.searchsorted(self.kept, new), np.arange(new.size)] = 1.0
                plus = plus.joined(self._pend(unit, 0.0))
                dropped = np.concatenate([dropped, new])
        if rows_out is not None and rows_out.shape[1]:
            minus = minus.joined(self._pend(self._gather(rows_out), 1.0))
        small, trusted = _factor_small(plus, minus)
        edited = replace(self, plus=plus, minus=minus, dropped=dropped, _small=small)
        if trusted and edited._is_accurate():
            return edited
        return edited.folded()

    def folded(self) -> Factor:
        """The same matrix with nothing pending, dropped coordinates removed."""
        if not self.pending_rank:
            return self
        return factorise(self.hessian(), self.penalty, self.gauge, self._remaining())

    def transformed(self, matrix: Array, penalty: Array, gauge: Array) -> Factor:
        """Factor of ``T H_d T' + Lambda'`` for a matrix T of shape (new, order)."""
        alive = self._remaining()
        inner = matrix[:, alive]
        H = self.hessian()
        upper = np.triu(H) + np.triu(H, 1).T
        mapped = np.asfortranarray(inner @ upper @ inner.T)
        return factorise(mapped, penalty, gauge, np.arange(penalty.size))

    def repenalised(self, penalty: Array, gauge: Array) -> Factor:
        """The same data Hessian with another penalty."""
        return factorise(self.hessian(), penalty, gauge, self._remaining())

    def rebuilt(self, change: Callable[[Array], None]) -> Factor:
        """Afresh, after ``change`` has edited the full data Hessian in place."""
        remaining = self._remaining()
        H = self.hessian()
        if remaining.size < self.order:
            full = np.zeros((self.order, self.order), order="F")
            full[np.ix_(remaining, remaining)] = H
            change(full)
            H = np.asfortranarray(full[np.ix_(remaining, remaining)])
        else:
            change(H)
        return factorise(H, self.penalty, self.gauge, remaining)

    def hessian(self) -> Array:
        """Copy of the data Hessian with pending rows, upper triangle, alive only."""
        H = self.array.copy(order="F")
        np.fill_diagonal(H, self.diagonal)
        rows = self.plus.columns[:, self.plus.inverse_weight > 0.0]
        for sign, columns in ((1.0, rows), (-1.0, self.minus.columns)):
            if columns.shape[1]:
                columns = np.asfortranarray(columns)
                H = dsyrk(sign, columns, beta=1.0, c=H, overwrite_c=1, lower=0)
        if self.dropped.size:
            alive = np.searchsorted(self.kept, self._remaining())
            H = np.asfortranarray(H[np.ix_(alive, alive)])
        return H

    def __getstate__(self) -> dict[str, Any]:
        """Nothing pending is pickled: pending columns are rows up to scale."""
        folded = self.folded()
        return {name: getattr(folded, name) for name in folded.__dataclass_fields__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    # Internals ----------------------------------------------------------------------

    def _remaining(self) -> Indices:
        return np.setdiff1d(self.kept, self.dropped)

    def _gather(self, full: Array) -> Array:
        inner = full if self.kept.size == self.order else full[self.kept]
        return np.array(inner, order="F", ndmin=2)

    def _scatter(self, inner: Array) -> Array:
        if self.kept.size == self.order:
            return inner
        full = np.zeros((self.order, inner.shape[1]))
        full[self.kept] = inner
        return full

    def _pend(self, columns: Array, inverse_weight: float) -> Pending:
        images = _forward(self.array, columns.copy(order="F"))
        return Pending(columns, images, np.full(columns.shape[1], inverse_weight))

    def _correct(self, image: Array) -> Array:
        """Subtract ``Z S^-1 Z' image``, by blocks in (plus), out (minus)."""
        lower_in, across, lower_out = self._small
        first = _forward(lower_in, np.asfortranarray(self.plus.images.T @ image))
        second = self.minus.images.T @ image - across.T @ first
        second = _forward(lower_out, np.asfortranarray(second))
        # S = [[A, B], [B', -D]], A = L_i L_i', across = L_i^-1 B,
        # D + across' across = L_o L_o'
        out = -_backward(lower_out, second)
        into = _backward(lower_in, np.asfortranarray(first - across @ out))
        return np.asfortranarray(
            image - self.plus.images @ into - self.minus.images @ out
        )

    def _is_accurate(self) -> bool:
        if self.pending_rank > self.max_pending:
            return False
        rows = self.plus.columns[:, self.plus.inverse_weight > 0.0]
        before = float(self.diagonal.sum() + self.penalty[self.kept].sum())
        now = before + float(np.vdot(rows, rows))
        now -= float(np.vdot(self.minus.columns, self.minus.columns))
        largest = max(before, now)
        return now > 0.0 and self.pending_rank * _EPS * largest < _PENDING_ERROR * now


def factorise(hessian: Array, penalty: Array, gauge: Array, kept: Indices) -> Factor:
    """Cholesky factor of a data Hessian plus penalty.

    Parameters
    ----------
    hessian : ndarray of shape (m, m), Fortran order
        Upper triangle of the data Hessian on the kept coordinates; overwritten.
    penalty : ndarray of shape (order,)
        Diagonal of Lambda, all coordinates.
    gauge : ndarray of shape (order, n_gauge)
        Undetermined directions, all coordinates.
    kept : ndarray of int of shape (m,), sorted
        The coordinates that the Hessian holds.

    Raises
    ------
    NotPositiveDefiniteError
        With the `Status` that says why.
    """
    array = hessian if hessian.flags.f_contiguous else np.asfortranarray(hessian)
    diagonal = np.diagonal(array).copy()
    _mirror_upper(array)
    inner_gauge = gauge[kept]
    lower = np.diagonal(array) + penalty[kept]
    np.fill_diagonal(array, lower)
    _add_gauge(array, inner_gauge, diagonal)
    scale = np.diagonal(array).copy()
    with suited_to(scale.size):
        array, info = dpotrf(array, lower=1, clean=0, overwrite_a=1)
    pivots = np.square(np.diagonal(array))
    # written so that a NaN fails; a pivot lost to rounding counts as none
    if info != 0 or not np.all(pivots > 4.0 * scale.size * _EPS * scale):
        raise NotPositiveDefiniteError(_diagnosis(array, scale).value)
    none = Pending.none(scale.size)
    small, _ = _factor_small(none, none)
    return Factor(
        array=array,
        diagonal=diagonal,
        kept=kept,
        penalty=penalty,
        gauge=gauge,
        dropped=np.zeros(0, dtype=np.intp),
        plus=none,
        minus=none,
        _small=small,
    )


def _diagnosis(array: Array, scale: Array) -> Status:
    """Singular or indefinite: decided by the smallest eigenvalue, scale removed."""
    if not np.all(np.isfinite(scale)) or np.any(scale < 0.0):
        return Status.INDEFINITE
    root = 1.0 / np.sqrt(np.where(scale > 0.0, scale, 1.0))
    upper = np.triu(array, 1) + np.diag(scale)
    smallest = eigvalsh(root[:, None] * upper * root, lower=False)[0]
    return Status.INDEFINITE if smallest < -1e-10 else Status.DEPENDENT


def _mirror_upper(array: Array) -> None:
    """Copy the strict upper triangle below the diagonal, strip by strip."""
    for start in range(0, array.shape[0], _STRIP):
        stop = min(start + _STRIP, array.shape[0])
        square = array[start:stop, start:stop]
        square[:] = np.triu(square) + np.triu(square, 1).T
        array[stop:, start:stop] = array[start:stop, stop:].T


def _add_gauge(array: Array, gauge: Array, diagonal: Array) -> None:
    """Add the gauge, scaled like its coordinates, below and on the diagonal."""
    for direction in gauge.T:
        support = np.flatnonzero(direction)
        scale = float(diagonal[support].mean()) if support.size else 0.0
        for position, row in enumerate(support):
            columns = support[: position + 1]
            array[row, columns] += scale * direction[row] * direction[columns]


def _factor_small(
    plus: Pending, minus: Pending
) -> tuple[tuple[Array, Array, Array], bool]:
    """Factor S by blocks, and say whether the result may be relied upon."""
    inner = plus.images.T @ plus.images
    inner[np.diag_indices_from(inner)] += plus.inverse_weight
    across = plus.images.T @ minus.images
    outer = -(minus.images.T @ minus.images)
    outer[np.diag_indices_from(outer)] += 1.0
    inner, trusted_in = _small_cholesky(inner, np.diagonal(inner).copy())
    if not trusted_in:
        return (inner, across, outer), False
    across = _forward(inner, np.asfortranarray(across))
    # -(S_oo - S_oi S_ii^-1 S_io) with S_oo = -(1 - Z_o' Z_o)
    outer += across.T @ across
    outer, trusted_out = _small_cholesky(outer, np.ones(outer.shape[0]))
    return (inner, across, outer), trusted_out


def _small_cholesky(matrix: Array, scale: Array) -> tuple[Array, bool]:
    """Factor, and whether no pivot is small against what was there before."""
    if not matrix.shape[0]:
        return matrix, True
    lower, info = dpotrf(matrix, lower=1, clean=1)
    pivots = np.square(np.diagonal(lower))
    # written so that a NaN is not trusted
    return lower, info == 0 and bool(np.all(pivots > _PENDING_PIVOT * scale))


def _forward(lower: Array, right: Array) -> Array:
    """L^-1 right; overwrites a Fortran-ordered right-hand side."""
    return _triangular(lower, right, transposed=0)


def _backward(lower: Array, right: Array) -> Array:
    """L^-T right; overwrites a Fortran-ordered right-hand side."""
    return _triangular(lower, right, transposed=1)


def _triangular(lower: Array, right: Array, transposed: int) -> Array:
    if not right.size:
        return right
    if right.shape[1] <= 2:  # measured: half the time of one call with two columns
        for column in range(right.shape[1]):
            right[:, column] = dtrsv(lower, right[:, column], lower=1, trans=transposed)
        return right
    solved: Array = dtrsm(1.0, lower, right, lower=1, trans_a=transposed, overwrite_b=1)
    return solved


def _beside(left: Array, right: Array) -> Array:
    joined = np.empty((left.shape[0], left.shape[1] + right.shape[1]), order="F")
    joined[:, : left.shape[1]] = left
    joined[:, left.shape[1] :] = right
    return joined
