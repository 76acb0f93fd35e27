"""Fourth moments of the rows, with which averages bound a step where maxima did.

Theorem 5 of ``doc/certification.rst``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg.blas import dsymm, dsyrk

from sklearn_unlearn.core.arrays import (
    Array,
    Mask,
    as_float64,
    powers_of_two,
    squared,
    times,
)
from sklearn_unlearn.core.linear.factor import Factor
from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.rows import BLOCK_ENTRIES, RowBlocks, Rows

_UNIT = float(np.finfo(np.float64).eps) / 2.0
#: Unknowns of which the inverse of H would take too long for its diagonal.
_MANY = 1000
#: Distance of a map from the identity, in the Frobenius norm, that may stand for the
#: growth of its largest singular value, which would take a decomposition.
_CLOSE = 1e-2


@dataclass(frozen=True, eq=False)
class FourthMoments:
    """The data Hessian of rows weighted by their size: ``F = sum_i h_i H_i``.

    ``h_i = sum_j x_ij^2 / scale_j``, and no change of coefficients moves a raw
    prediction of row i by more than the root of h_i times its `length`. A row leaves F
    as it leaves the Hessian.

    Attributes
    ----------
    matrix : ndarray of shape (order, order), Fortran order
        Upper triangle, packed.
    scale : ndarray of shape (p,)
        Powers of two.
    ever : ndarray of shape (order,)
        Powers of two no smaller than what was ever added to the diagonal.
    """

    matrix: Array
    scale: Array
    ever: Array

    @staticmethod
    def of(
        objective: Objective,
        factor: Factor,
        rows: RowBlocks,
        anchor: Array,
        scale: Array | None = None,
    ) -> FourthMoments:
        """Those of all rows; ``scale`` has powers of two, if not those of H."""
        if scale is None:
            scale = _scale(factor, objective.shape[0])
        matrix = np.zeros((factor.order, factor.order), order="F")
        found = FourthMoments(matrix, scale, np.zeros(factor.order))
        for block in rows.blocks(max(BLOCK_ENTRIES, scale.size**2)):
            objective.data_hessian(found._sized(objective, block), anchor, matrix)
        return replace(found, ever=powers_of_two(np.diagonal(matrix)))

    def edited(
        self,
        objective: Objective,
        anchor: Array,
        rows_in: Rows | None,
        rows_out: Rows | None,
    ) -> FourthMoments:
        """Those after rows came and left."""
        if rows_in is None and rows_out is None:
            return self
        matrix, ever = self.matrix.copy(order="F"), self.ever
        for rows, sign in ((rows_in, 1.0), (rows_out, -1.0)):
            if rows is None:
                continue
            few = self._sized(objective, rows)
            if objective.n_curvature_columns(rows.n_rows) < ever.size:
                with np.errstate(over="ignore", invalid="ignore"):  # as in `_sized`
                    columns = objective.curvature_columns(few, anchor)
                matrix = dsyrk(sign, columns, beta=1.0, c=matrix, overwrite_c=1)
                added = np.einsum("ij,ij->i", columns, columns)
            else:
                part = objective.data_hessian(few, anchor)
                matrix += sign * part
                added = np.diagonal(part)
            if sign > 0.0:
                ever = ever + powers_of_two(added)
        return replace(self, matrix=matrix, ever=ever)

    def without(self, held: Mask) -> FourthMoments:
        """Those without some coordinates."""
        matrix = np.where(held | held[:, None], 0.0, self.matrix)
        return replace(self, matrix=np.asfortranarray(matrix))

    def mapped(self, matrix: Array, factor: Factor) -> FourthMoments:
        """Bounds on those of ``T x`` for a matrix T; ``factor`` is the new one.

        No h_i grows by more than the largest eigenvalue of ``S'^-1 T S T'``. A map
        close to the identity, as that of a scaler that lost a row, leaves the scale as
        it is; and a row that leaves later leaves with the h_i of then.
        """
        p_new, p = matrix.shape
        scale = self.scale if p_new == p else _scale(factor, p_new)
        relative = matrix * np.sqrt(self.scale) / np.sqrt(scale)[:, None]
        grown = _largest_value(relative) ** 2
        upper = np.triu(self.matrix)
        whole = upper + np.triu(upper, 1).T
        n_outputs = whole.shape[0] // p
        blocks = whole.reshape(n_outputs, p, n_outputs, p).swapaxes(1, 2)
        found = (matrix @ (blocks @ matrix.T)).swapaxes(1, 2)
        order = n_outputs * p_new
        found = np.asfortranarray(grown * found.reshape(order, order))
        ever = powers_of_two(np.maximum(np.diagonal(found), 0.0))
        return FourthMoments(found, scale, ever)

    def length(self, vector: Array) -> float:
        """``max_k sqrt(sum_j scale_j v_jk^2)`` of a vector of shape (p, n_outputs)."""
        square = float((self.scale @ np.square(vector)).max())
        return float(math.sqrt(square) * (1.0 + 4.0 * vector.shape[0] * _UNIT))

    def norm(self, packed: Array, terms: float) -> float:
        """Bound on ``sqrt(v' F v)``, summed over columns.

        Parameters
        ----------
        packed : ndarray of shape (order, n)
        terms : float
            Rounding errors of the Hessian, as in `Geometry`; F has some more.
        """
        return float(np.linalg.norm(self.norms(packed, terms)))

    def norms(self, packed: Array, terms: float) -> Array:
        """That of each column."""
        product = dsymm(1.0, self.matrix, packed, side=0, lower=0)
        forms = np.maximum(np.einsum("ij,ij->j", packed, product), 0.0)
        p, order = self.scale.size, self.ever.size
        terms += 8.0 * order * (p + order)
        forms += terms * _UNIT * (self.ever @ np.square(packed))
        return np.where(np.isfinite(forms), np.sqrt(forms), np.inf)

    def _sized(self, objective: Objective, rows: Rows) -> Rows:
        """Rows with h_i times their weights."""
        inverse = np.where(objective.forgotten, 0.0, 1.0 / self.scale)[:, None]
        with np.errstate(over="ignore", invalid="ignore"):  # then they bound nothing
            X = squared(as_float64(rows.X))
            size = times(X, inverse[: X.shape[1]])[:, 0]
            if objective.fit_intercept:
                size = size + inverse[-1, 0]
            return rows.reweighted(rows.weight * size)


def _largest_value(matrix: Array) -> float:
    """The largest singular value, or a little more where it is close to one."""
    if not matrix.size:
        return 0.0
    if matrix.shape[0] == matrix.shape[1]:
        off = float(np.linalg.norm(matrix - np.eye(matrix.shape[0])))
        if off <= _CLOSE:
            return 1.0 + off
    return float(np.linalg.norm(matrix, 2))


def _scale(factor: Factor, p: int) -> Array:
    """Powers of two near ``sqrt(H_jj / (H^-1)_jj)``, the largest over outputs.

    These make the mean of h_i small, and the length of what H and H^-1 are covariances
    of. They are orders of magnitude: nothing depends on how exact they are, and of many
    columns the diagonal of H has to do.
    """
    factor = factor.folded()
    ratio, kept = np.ones(factor.order), factor.kept
    diagonal = np.diagonal(factor.matrix())
    ratio[kept] = diagonal
    if kept.size <= _MANY:
        images = factor.half_solve(np.eye(factor.order)[:, kept], False)
        ratio[kept] = np.sqrt(diagonal / np.einsum("ij,ij->j", images, images))
    largest: Array = powers_of_two(ratio.reshape(-1, p).max(axis=0))
    return np.where(np.isfinite(largest) & (largest > 0.0), largest, 1.0)
