"""The pending low-rank change of a factor: its columns, the correction, the inertia.

For ``M = L L' + P P' - N N'``, with some coordinates held at zero, let
``Z = L^-1 [columns]``. Then ``M^-1 = L^-T (I - Z S^-1 Z') L^-1`` with
``S = C^-1 + Z' Z``: C is 1 for rows in, -1 for rows out, and a coordinate held at zero
is a unit vector with C^-1 = 0. M is positive definite exactly if S has as many negative
eigenvalues as rows are out (Haynsworth's inertia additivity), which the Cholesky
factors of two blocks decide: that of rows in and coordinates, then minus its Schur
complement.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg.lapack import dpotrf

from sklearn_unlearn.core.arrays import Array, Indices
from sklearn_unlearn.core.linear.triangular import backward, forward

#: Squared pivot (1 - leverage for a row out) below which the change is not trusted.
_SMALLEST_PIVOT = 1e-6
#: Largest relative error that the change may add to a column of the matrix.
_LARGEST_ERROR = 1e-10
_EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class Pending:
    """Columns that are not yet in a factor, with what a solve needs of them.

    Attributes
    ----------
    vectors, images : ndarray of shape (order, rank), Fortran order
        The columns, and L^-1 times them.
    sign : ndarray of shape (rank,)
        1 for a row in, -1 for a row out, 0 for a coordinate held at zero: C^-1.
    gram : ndarray of shape (rank, rank)
        Inner products of the images.
    came, left : ndarray of shape (order,)
        What rows in added to the diagonal of the matrix, and rows out took from it.
    """

    vectors: Array
    images: Array
    sign: Array
    gram: Array
    came: Array
    left: Array

    @staticmethod
    def none(order: int) -> Pending:
        """Nothing."""
        empty, nothing = np.zeros((order, 0), order="F"), np.zeros(order)
        return Pending(empty, empty, np.zeros(0), np.zeros((0, 0)), nothing, nothing)

    @property
    def rank(self) -> int:
        """Number of columns."""
        return self.sign.size

    @property
    def trace(self) -> float:
        """What the rows add to the trace of the matrix."""
        return float(self.came.sum() - self.left.sum())

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.vectors.nbytes + self.images.nbytes

    def appended(self, vectors: Array, images: Array, sign: Array) -> Pending:
        """These columns behind the others."""
        rank, more = self.rank, sign.size
        gram = np.empty((rank + more, rank + more))
        gram[:rank, :rank] = self.gram
        gram[:rank, rank:] = self.images.T @ images
        gram[rank:, :rank] = gram[:rank, rank:].T
        gram[rank:, rank:] = images.T @ images
        return Pending(
            _beside(self.vectors, vectors),
            _beside(self.images, images),
            np.concatenate([self.sign, sign]),
            gram,
            self.came + np.einsum("ij,ij,j->i", vectors, vectors, sign > 0.0),
            self.left + np.einsum("ij,ij,j->i", vectors, vectors, sign < 0.0),
        )

    @property
    def is_definite(self) -> bool:
        """Whether the changed matrix is surely positive definite and well solved.

        False is no verdict: rounding may have hidden what a fresh factor would show.
        """
        return self._blocks[1]

    def is_accurate(self, before: Array) -> bool:
        """Whether no column has gained or lost so much that a fresh factor is better.

        Parameters
        ----------
        before : ndarray of shape (order,)
            Diagonal of the matrix without the change.
        """
        largest = before + self.came
        least = np.minimum(before, largest - self.left)
        return bool(np.all(self.rank * _EPS * largest < _LARGEST_ERROR * least))

    def correct(self, image: Array) -> Array:
        """``(I - Z S^-1 Z') image`` for an image under L^-1."""
        (lower_in, across, lower_out), _ = self._blocks
        inner = self.images.T @ image
        if not lower_in.size:
            out = forward(lower_out, np.asfortranarray(inner))
            return np.asfortranarray(image + self.images @ backward(lower_out, out))
        inside, outside = self._sides
        first = forward(lower_in, np.asfortranarray(inner[inside]))
        second = forward(
            lower_out, np.asfortranarray(inner[outside] - across.T @ first)
        )
        # S = [[A, B], [B', -D]]: A = L_i L_i', across = L_i^-1 B,
        # D + across' across = L_o L_o'
        out = -backward(lower_out, second)
        inner[outside] = out
        inner[inside] = backward(lower_in, np.asfortranarray(first - across @ out))
        return np.asfortranarray(image - self.images @ inner)

    @cached_property
    def _sides(self) -> tuple[Indices, Indices]:
        """Rows in and coordinates; rows out."""
        return np.flatnonzero(self.sign >= 0.0), np.flatnonzero(self.sign < 0.0)

    @cached_property
    def _blocks(self) -> tuple[tuple[Array, Array, Array], bool]:
        """Cholesky factors of the blocks of S, and whether to trust them."""
        if np.all(self.sign < 0.0):  # which most are, and soon done
            nothing = np.zeros((0, self.rank))
            outer, trusted = _cholesky(
                np.eye(self.rank) - self.gram, np.ones(self.rank)
            )
            return (nothing[:, :0], nothing, outer), trusted
        inside, outside = self._sides
        inner = self.gram[np.ix_(inside, inside)] + np.diag(self.sign[inside])
        across = self.gram[np.ix_(inside, outside)]
        outer = np.eye(outside.size) - self.gram[np.ix_(outside, outside)]
        inner, trusted = _cholesky(inner, np.diagonal(inner).copy())
        if not trusted:
            return (inner, across, outer), False
        if not outside.size:
            return (inner, across, outer), True
        across = forward(inner, np.asfortranarray(across))
        # -(S_oo - S_oi S_ii^-1 S_io) with S_oo = -(1 - Z_o' Z_o)
        outer, trusted = _cholesky(outer + across.T @ across, np.ones(outside.size))
        return (inner, across, outer), trusted


def _cholesky(matrix: Array, scale: Array) -> tuple[Array, bool]:
    """Factor, and whether no pivot is small against what was there before."""
    if not matrix.size:
        return matrix, True
    lower, info = dpotrf(matrix, lower=1, clean=1)
    pivots = np.square(np.diagonal(lower))
    # written so that a NaN is not trusted
    return lower, info == 0 and bool(np.all(pivots > _SMALLEST_PIVOT * scale))


def _beside(left: Array, right: Array) -> Array:
    if not left.size:
        return right
    joined = np.empty((left.shape[0], left.shape[1] + right.shape[1]), order="F")
    joined[:, : left.shape[1]] = left
    joined[:, left.shape[1] :] = right
    return joined
