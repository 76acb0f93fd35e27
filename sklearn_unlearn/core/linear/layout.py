"""The layout of coefficients: which there are, and how a solve arranges them.

Outputs whose curvature, penalty and held coefficients are alike share one matrix and
have a right-hand side each; others are solved together, output after output.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sklearn_unlearn.core.arrays import Array, Indices, Mask
from sklearn_unlearn.core.losses.smooth import Loss


@dataclass(frozen=True)
class Layout:
    """Coefficients of an objective, with what is asked of each.

    Attributes
    ----------
    loss : Loss
    fit_intercept : bool
        Whether the last coefficient multiplies a constant one.
    penalty : ndarray of shape (p, n_outputs)
        Diagonal of Lambda, entrywise; zero where a coefficient is free.
    linear : ndarray of shape (p, n_outputs)
        The vector b.
    held : ndarray of bool of shape (p, n_outputs)
        Coefficients held at zero; their gradient is reported as zero.
    """

    loss: Loss
    fit_intercept: bool
    penalty: Array
    linear: Array
    held: Mask

    @property
    def forgotten(self) -> Mask:
        """Columns that no output uses, ``(p,)``."""
        return np.asarray(self.held.all(axis=1))

    @property
    def shape(self) -> tuple[int, int]:
        """Shape ``(p, n_outputs)`` of the coefficients."""
        return self.penalty.shape[0], self.penalty.shape[1]

    @cached_property
    def coupled(self) -> bool:
        """Whether all outputs must be solved together."""
        pairs = (self.penalty, self.held)
        return self.loss.coupled or any(np.any(a != a[:, :1]) for a in pairs)

    @property
    def n_unknowns(self) -> int:
        """Order of the matrix that a solve factors."""
        p, n_outputs = self.shape
        return p * n_outputs if self.coupled else p

    def pack(self, theta: Array) -> Array:
        """Coefficients as right-hand sides: ``(n_unknowns, 1 or n_outputs)``."""
        return theta.reshape(-1, 1, order="F") if self.coupled else theta

    def unpack(self, packed: Array) -> Array:
        """Inverse of `pack`."""
        return packed.reshape(self.shape, order="F")

    @property
    def packed_penalty(self) -> Array:
        """Diagonal of Lambda as the factor sees it, ``(n_unknowns,)``."""
        return self.pack(self.penalty)[:, 0]

    @property
    def packed_held(self) -> Mask:
        """Packed coordinates that are held at zero, ``(n_unknowns,)``."""
        return self.held.ravel(order="F") if self.coupled else self.held[:, 0]

    @property
    def gauge(self) -> Indices:
        """Which packed coordinates may shift together, ``(n_unknowns,)``.

        A shift-invariant loss leaves a common shift of a coefficient of all outputs to
        the penalty alone, which asks for a sum of zero, or to nothing. Coordinates of
        one such coefficient have its number, all others -1. Gradients sum to zero
        over each number, and so do coefficients: what a factor adds along these shifts
        changes no solution, but without it the matrix is singular, or nearly so
        where the penalty is small beside the curvature.
        """
        p, n_outputs = self.shape
        if not self.loss.shift_invariant:
            return np.full(self.n_unknowns, -1)
        alike = np.all(self.penalty == self.penalty[:, :1], axis=1)
        alike &= ~self.penalty.any(axis=1) | (self.linear.sum(axis=1) == 0.0)
        alike &= ~self.held.any(axis=1)
        return np.tile(np.where(alike, np.arange(p), -1), n_outputs)
