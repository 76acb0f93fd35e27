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

from sklearn_unlearn.core.arrays import Array
from sklearn_unlearn.core.triangular import backward, forward

#: Squared pivot (1 - leverage for a row out) below which the change is not trusted.
_SMALLEST_PIVOT = 1e-6


@dataclass(frozen=True, eq=False)
class Columns:
    """Columns of one sign, with their images under L^-1."""

    vectors: Array
    images: Array
    #: 1 for a row, 0 for a dropped coordinate.
    inverse_weight: Array

    @staticmethod
    def none(order: int) -> Columns:
        """No columns."""
        empty = np.zeros((order, 0), order="F")
        return Columns(empty, empty, np.zeros(0))

    @property
    def rank(self) -> int:
        """Number of columns."""
        return int(self.vectors.shape[1])

    def joined(self, other: Columns) -> Columns:
        """Columns of both."""
        if not self.rank:
            return other
        if not other.rank:
            return self
        return Columns(
            _beside(self.vectors, other.vectors),
            _beside(self.images, other.images),
            np.concatenate([self.inverse_weight, other.inverse_weight]),
        )


@dataclass(frozen=True, eq=False)
class Pending:
    """Everything that is pending.

    Attributes
    ----------
    plus : Columns
        Rows in, and coordinates held at zero.
    minus : Columns
        Rows out.
    """

    plus: Columns
    minus: Columns

    @staticmethod
    def none(order: int) -> Pending:
        """Nothing."""
        return Pending(Columns.none(order), Columns.none(order))

    @property
    def rank(self) -> int:
        """Number of columns."""
        return self.plus.rank + self.minus.rank

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return sum(
            part.vectors.nbytes + part.images.nbytes for part in (self.plus, self.minus)
        )

    @property
    def rows_in(self) -> Array:
        """Columns V of a change ``+ V V'``."""
        return self.plus.vectors[:, self.plus.inverse_weight > 0.0]

    @property
    def rows_out(self) -> Array:
        """Columns V of a change ``- V V'``."""
        return self.minus.vectors

    @property
    def is_definite(self) -> bool:
        """Whether the changed matrix is surely positive definite and well solved.

        False is no verdict: rounding may have hidden what a fresh factor would show.
        """
        return self._blocks[1]

    def correct(self, image: Array) -> Array:
        """``(I - Z S^-1 Z') image`` for an image under L^-1."""
        (lower_in, across, lower_out), _ = self._blocks
        first = forward(lower_in, np.asfortranarray(self.plus.images.T @ image))
        second = self.minus.images.T @ image - across.T @ first
        second = forward(lower_out, np.asfortranarray(second))
        # S = [[A, B], [B', -D]]: A = L_i L_i', across = L_i^-1 B,
        # D + across' across = L_o L_o'
        out = -backward(lower_out, second)
        into = backward(lower_in, np.asfortranarray(first - across @ out))
        corrected = image - self.plus.images @ into - self.minus.images @ out
        return np.asfortranarray(corrected)

    @cached_property
    def _blocks(self) -> tuple[tuple[Array, Array, Array], bool]:
        """Cholesky factors of the blocks of S, and whether to trust them."""
        plus, minus = self.plus, self.minus
        inner = plus.images.T @ plus.images
        inner[np.diag_indices_from(inner)] += plus.inverse_weight
        across = plus.images.T @ minus.images
        outer = -(minus.images.T @ minus.images)
        outer[np.diag_indices_from(outer)] += 1.0
        inner, trusted_in = _cholesky(inner, np.diagonal(inner).copy())
        if not trusted_in:
            return (inner, across, outer), False
        across = forward(inner, np.asfortranarray(across))
        # -(S_oo - S_oi S_ii^-1 S_io) with S_oo = -(1 - Z_o' Z_o)
        outer += across.T @ across
        outer, trusted_out = _cholesky(outer, np.ones(outer.shape[0]))
        return (inner, across, outer), trusted_out


def _cholesky(matrix: Array, scale: Array) -> tuple[Array, bool]:
    """Factor, and whether no pivot is small against what was there before."""
    if not matrix.shape[0]:
        return matrix, True
    lower, info = dpotrf(matrix, lower=1, clean=1)
    pivots = np.square(np.diagonal(lower))
    # written so that a NaN is not trusted
    return lower, info == 0 and bool(np.all(pivots > _SMALLEST_PIVOT * scale))


def _beside(left: Array, right: Array) -> Array:
    joined = np.empty((left.shape[0], left.shape[1] + right.shape[1]), order="F")
    joined[:, : left.shape[1]] = left
    joined[:, left.shape[1] :] = right
    return joined
