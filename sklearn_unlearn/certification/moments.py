"""Fourth moments of the rows, with which averages bound a step where maxima did.

Theorems 5 and 6 of ``doc/certification.rst``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from sklearn_unlearn.core.arrays import (
    Array,
    Indices,
    as_float64,
    gram,
    powers_of_two,
    squared,
)
from sklearn_unlearn.core.linear.factor import Factor
from sklearn_unlearn.core.linear.fourth_moments import FourthMoments
from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.rows import BLOCK_ENTRIES, RowBlocks, Rows

_UNIT = float(np.finfo(np.float64).eps) / 2.0
#: Columns, at most, that are bounded pair by pair while the others are bounded as one.
_MANY = 256


@dataclass(frozen=True, eq=False)
class Moments:
    """Fourth moments of the rows, as sums that a row leaves as it leaves the Hessian.

    A row counts with its curvature, and less where that can bend little beside it
    (`_bendable`).

    Attributes
    ----------
    fourth : FourthMoments
        F of theorem 5.
    squares : ndarray of shape (p, p), Fortran order
        ``Q_jk = sum_i tr(W_i) x_ij^2 x_ik^2``, W the curvature. Upper triangle.
    ever : ndarray of shape (p,)
        Powers of two no smaller than what was ever added to the diagonal of Q.
    """

    fourth: FourthMoments
    squares: Array
    ever: Array

    @staticmethod
    def of(
        objective: Objective, factor: Factor, rows: RowBlocks, anchor: Array
    ) -> Moments:
        """Those of all rows."""
        p = objective.shape[0]
        squares = np.zeros((p, p), order="F")
        for block in rows.blocks(max(BLOCK_ENTRIES, p * p)):
            squares += _squares(objective, block, anchor)
        ever = powers_of_two(np.diagonal(squares))
        # any scale would do; with this the mean of h_i is small for what its roots are
        scale = powers_of_two(np.sqrt(ever))
        scale = np.where(np.isfinite(scale) & (scale > 0.0), scale, 1.0)
        bendable = _Bendable(objective, anchor, rows)
        fourth = FourthMoments.of(objective, factor, bendable, anchor, scale)
        return Moments(fourth, squares, ever)

    def edited(
        self,
        objective: Objective,
        anchor: Array,
        rows_in: Rows | None,
        rows_out: Rows | None,
    ) -> Moments:
        """Those after rows came and left."""
        if rows_in is None and rows_out is None:
            return self
        squares, ever, counted = self.squares.copy(order="F"), self.ever, []
        for rows, sign in ((rows_in, 1.0), (rows_out, -1.0)):
            counted.append(rows)
            if rows is None:
                continue
            counted[-1] = _counted(objective, anchor, rows)
            change = _squares(objective, rows, anchor)
            squares += sign * change
            if sign > 0.0:
                ever = ever + powers_of_two(np.diagonal(change))
        fourth = self.fourth.edited(objective, anchor, *counted)
        return Moments(fourth, squares, ever)

    def without(self, objective: Objective) -> Moments:
        """Those without what an objective holds at zero."""
        forgotten = objective.forgotten
        squares = np.where(forgotten | forgotten[:, None], 0.0, self.squares)
        fourth = self.fourth.without(objective.packed_held)
        return replace(self, fourth=fourth, squares=np.asfortranarray(squares))

    @np.errstate(over="ignore", invalid="ignore")
    def square(self, vector: Array, terms: float) -> float:
        """Bound on the norm of squared raw changes: ``(sum_i w_i (x_i . v)^4)^(1/2)``.

        Of several outputs, of the squares of their lengths, w being the trace of the
        curvature. Those of some columns are bounded by Q, those of the others, where
        there is one output, by F; theorem 6.

        Parameters
        ----------
        vector : ndarray of shape (p, n_outputs)
        terms : float
            As for `norm`.
        """
        n_outputs = vector.shape[1]
        size = np.linalg.norm(vector, axis=1)
        diagonal = np.maximum(np.diagonal(self.squares), 0.0)
        largest = np.argsort(-size * diagonal**0.25, kind="stable")
        if n_outputs > 1:
            found = float(self._by_pairs(size, largest, terms)[-1])
            return np.inf if math.isnan(found) else found
        largest = largest[: min(_MANY, np.count_nonzero(size))]
        counts = np.unique(
            [0, *(2**n for n in range(largest.size.bit_length())), largest.size]
        )
        counts = counts[counts <= largest.size]
        rest = np.repeat(vector, counts.size, axis=1)
        for column, count in enumerate(counts):
            rest[largest[:count], column] = 0.0
        of_rest = self._lengths(rest) * self.fourth.norms(rest, terms)
        pairs = np.append(0.0, self._by_pairs(size, largest, terms))[counts]
        # the fourth root of a sum of fourth powers is a norm
        found = np.square(np.sqrt(of_rest) + np.sqrt(pairs))
        return float(np.where(np.isnan(found), np.inf, found).min())

    def _lengths(self, vectors: Array) -> Array:
        """`FourthMoments.length` of each column, of one output."""
        scale = self.fourth.scale
        lengths: Array = np.sqrt(scale @ np.square(vectors))
        return lengths * (1.0 + 4.0 * scale.size * _UNIT)

    def _by_pairs(self, size: Array, columns: Indices, terms: float) -> Array:
        """`square` of the first so many of some columns alone, of sizes in a vector."""
        first = np.minimum(columns[:, None], columns)
        last = np.maximum(columns[:, None], columns)
        moments = np.maximum(self.squares[first, last], 0.0)
        root = np.sqrt(self.ever[columns])
        terms += 8.0 * self.ever.size
        moments += terms * _UNIT * root[:, None] * root
        few = size[columns]
        exact = np.square(few)[:, None] * np.square(few) * moments
        mixed = few[:, None] * few * np.sqrt(moments)
        np.fill_diagonal(mixed, 0.0)
        return np.sqrt(_leading(exact)) + _leading(mixed)


@dataclass(frozen=True)
class _Bendable:
    """Rows, each counted by how much its curvature can bend."""

    objective: Objective
    anchor: Array
    rows: RowBlocks

    @property
    def n_rows(self) -> int:
        return self.rows.n_rows

    def blocks(self, entries: int = BLOCK_ENTRIES) -> Iterator[Rows]:
        for block in self.rows.blocks(entries):
            yield _counted(self.objective, self.anchor, block)


def _counted(objective: Objective, anchor: Array, rows: Rows) -> Rows:
    return rows.reweighted(rows.weight * _bendable(objective, rows, anchor)[1])


def _bendable(objective: Objective, rows: Rows, anchor: Array) -> tuple[Array, Array]:
    """Trace of the curvature of each row, and g^2, by which it counts.

    Where the third derivative is at most T, the curvature w changes by no more than T
    over w of itself along a unit of raw prediction, M being the bound for all: g = min
    (1, T / (M w)).
    """
    loss = objective.loss
    curvature = loss.curvature(objective.raw_prediction(rows.X, anchor), rows.y)
    if loss.coupled:
        trace = np.einsum("ikk->i", curvature)
        return trace, np.ones(rows.n_rows)
    steepest = getattr(loss, "max_third", np.inf)
    if not (steepest < np.inf and loss.self_concordance):
        return curvature * objective.shape[1], np.ones(rows.n_rows)
    limit = steepest / loss.self_concordance
    share = np.divide(
        limit, curvature, out=np.ones(rows.n_rows), where=curvature > limit
    )
    return curvature, np.square(share)


def _squares(objective: Objective, rows: Rows, anchor: Array) -> Array:
    """Q of some rows."""
    trace, share = _bendable(objective, rows, anchor)
    with np.errstate(over="ignore", invalid="ignore"):
        X = squared(as_float64(rows.X))
        return gram(X, rows.weight * trace * share, objective.fit_intercept)


def _leading(matrix: Array) -> Array:
    """Sums of the entries of the leading submatrices."""
    sums = np.cumsum(np.cumsum(matrix, axis=0), axis=1)
    leading: Array = np.diagonal(sums)
    return leading
