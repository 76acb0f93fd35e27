"""An edit: rows out, rows in, a map of features, penalty, weights.

Every verb is an `Edit`; the step of section "The one formula" in
``doc/conventions.rst`` applies any of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol, TypeVar

import numpy as np
import scipy.sparse as sp
from scipy.linalg import block_diag, lstsq
from scipy.sparse.linalg import lsqr

from sklearn_unlearn.core.arrays import (
    Array,
    Data,
    Indices,
    Mask,
    densify,
    is_sparse,
    times,
)
from sklearn_unlearn.core.linear.curvature import Curvature
from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.losses.smooth import Loss
from sklearn_unlearn.core.rows import Rows

#: Order of a map up to which it may be made dense, as the factor is that it acts on.
_DENSE = 16384

Kept = TypeVar("Kept", bound=Curvature)


class FeatureMap(Protocol):
    """A change of coordinates of all rows: ``x_new = T x``, the intercept's 1 inside.

    Coefficients pull back: predictions are unchanged if ``T' phi = theta``.
    """

    def push(self, vector: Array) -> Array:
        """``T v`` for a gradient v of shape (p, n_outputs)."""

    def pull(self, coefficients: Array) -> Array:
        """``T' phi`` for coefficients phi in the new coordinates."""

    def preimage(self, coefficients: Array) -> Array:
        """A phi with ``T' phi`` as near to theta as T allows."""

    def anchor(self, anchor: Array) -> Array:
        """Where the weights of the Hessian are taken in the new coordinates."""

    def objective(self, objective: Objective) -> Objective:
        """The objective in the new coordinates, penalty not yet replaced."""

    def curvature(self, kept: Kept, objective: Objective) -> Kept:
        """What is kept of the Hessian in the new coordinates, of the new objective."""


@dataclass(frozen=True)
class Identity:
    """Features as they are."""

    def push(self, vector: Array) -> Array:
        return vector

    def pull(self, coefficients: Array) -> Array:
        return coefficients

    def preimage(self, coefficients: Array) -> Array:
        return coefficients

    def anchor(self, anchor: Array) -> Array:
        return anchor

    def objective(self, objective: Objective) -> Objective:
        return objective

    def curvature(self, kept: Kept, objective: Objective) -> Kept:
        return kept


@dataclass(frozen=True, eq=False)
class DropColumns:
    """Columns that no longer count: T is the identity without their rows.

    Coordinates keep their places; the dropped ones are held at zero.
    """

    columns: Mask

    def push(self, vector: Array) -> Array:
        return np.where(self.columns[:, None], 0.0, vector)

    def pull(self, coefficients: Array) -> Array:
        return self.push(coefficients)

    def preimage(self, coefficients: Array) -> Array:
        return self.push(coefficients)

    def anchor(self, anchor: Array) -> Array:
        return self.push(anchor)

    def objective(self, objective: Objective) -> Objective:
        return objective.forgetting(self.columns)

    def curvature(self, kept: Kept, objective: Objective) -> Kept:
        return kept.extended(drop=np.flatnonzero(objective.packed_held))


@dataclass(frozen=True, eq=False)
class LinearMap:
    """Any matrix T of shape (p_new, p), rectangular or singular, dense or CSR."""

    matrix: Data

    @cached_property
    def dense(self) -> Array:
        """T as an array."""
        return densify(self.matrix)

    @cached_property
    def _transposed(self) -> Data:
        return self.matrix.T

    @cached_property
    def _columnwise(self) -> _Columnwise | None:
        return _Columnwise.of(self.matrix) if is_sparse(self.matrix) else None

    def push(self, vector: Array) -> Array:
        return times(self.matrix, vector)

    def pull(self, coefficients: Array) -> Array:
        return times(self._transposed, coefficients)

    def preimage(self, coefficients: Array) -> Array:
        if self._columnwise is not None:
            return self._columnwise.preimage(coefficients)
        if max(self.matrix.shape) > _DENSE:
            solutions = [lsqr(self._transposed, one)[0] for one in coefficients.T]
            return np.column_stack(solutions)
        nearest: Array = lstsq(self.dense.T, coefficients)[0]
        return nearest

    def anchor(self, anchor: Array) -> Array:
        return self.preimage(anchor)

    def objective(self, objective: Objective) -> Objective:
        columns = slice(-1) if objective.fit_intercept else slice(None)
        used = ~objective.held[columns][~objective.forgotten[columns]]
        if np.any(used != used[:1]):
            raise ValueError("A linear map needs outputs that use the same columns.")
        zeros = np.zeros((self.matrix.shape[0], objective.shape[1]))
        held = np.zeros(zeros.shape, dtype=bool)
        if used.size:  # an output without columns gets none
            held[columns] = ~used[0]
        if objective.fit_intercept:
            held[-1] = objective.held[-1]
        return replace(objective, penalty=zeros, linear=zeros, held=held)

    def curvature(self, kept: Kept, objective: Objective) -> Kept:
        matrix = self.matrix
        if objective.coupled:
            blocks = [matrix] * objective.shape[1]
            if is_sparse(matrix):
                matrix = sp.csr_array(sp.block_diag(blocks, format="csr"))
            else:
                matrix = block_diag(*blocks)
        alive = np.flatnonzero(~objective.packed_held)
        penalty, gauge = objective.packed_penalty, objective.gauge
        return kept.transformed(matrix, penalty, gauge, alive)


@dataclass(frozen=True, eq=False)
class Edit:
    """One request.

    Attributes
    ----------
    rows_out, rows_in : Rows or None
        Rows that leave and rows that come, in the old coordinates.
    replaced : ndarray of int of shape (n_rows_in,) or None
        Which of ``rows_out`` each of ``rows_in`` is what it became, -1 of rows that
        are new; None if they are all of them, row by row, or no row leaves.
    same_features : bool
        Whether ``rows_in`` are ``rows_out`` with other targets, row by row.
    feature_map : FeatureMap
        Applied after the rows have changed.
    penalty, linear : ndarray of shape (p_new, n_outputs) or None
        The new diagonal of Lambda and the new b; None leaves them. A `LinearMap`
        needs a penalty.
    loss : Loss or None
        The old loss with new weights of its parts
        (:mod:`~sklearn_unlearn.core.losses.weighted`); None leaves it.
    """

    rows_out: Rows | None = None
    rows_in: Rows | None = None
    replaced: Indices | None = None
    same_features: bool = False
    feature_map: FeatureMap = Identity()
    penalty: Array | None = None
    linear: Array | None = None
    loss: Loss | None = None

    def data_gradient(self, objective: Objective, theta: Array) -> Array:
        """Gradient of rows in minus that of rows out."""
        gradient = np.zeros(objective.shape)
        if self.rows_in is not None:
            gradient += objective.data_gradient(self.rows_in, theta)
        if self.rows_out is not None:
            gradient -= objective.data_gradient(self.rows_out, theta)
        return gradient

    def weight_change(self) -> float:
        """Summed weight of rows in minus rows out."""
        change = 0.0
        if self.rows_in is not None:
            change += float(self.rows_in.weight.sum())
        if self.rows_out is not None:
            change -= float(self.rows_out.weight.sum())
        return change

    def curvature_rows(
        self, objective: Objective, anchor: Array
    ) -> tuple[Rows | None, Rows | None]:
        """Rows that enter and leave the Hessian, at the anchor.

        Relabelled rows cancel where the curvature does not depend on the target,
        save for a difference of weights.
        """
        rows_in, rows_out = self.rows_in, self.rows_out
        if (
            self.same_features
            and rows_in is not None
            and rows_out is not None
            and not objective.loss.curvature_uses_target
        ):
            difference = rows_in.weight - rows_out.weight
            rows_in = rows_in.reweighted(np.maximum(difference, 0.0))
            rows_out = rows_out.reweighted(np.maximum(-difference, 0.0))
        return (
            rows_in if rows_in is not None and rows_in.weight.any() else None,
            rows_out if rows_out is not None and rows_out.weight.any() else None,
        )

    def objective(self, objective: Objective) -> Objective:
        """The objective after the request."""
        changed = self.feature_map.objective(objective)
        if self.penalty is not None:
            changed = replace(changed, penalty=self.penalty)
        if self.linear is not None:
            changed = replace(changed, linear=self.linear)
        if self.loss is not None:
            changed = replace(changed, loss=self.loss)
        if changed.coupled is not objective.coupled:
            raise ValueError(
                "The outputs must have one penalty if they had one before, and "
                "penalties of their own if they had those: fit again."
            )
        return changed


@dataclass(frozen=True, eq=False)
class _Columnwise:
    """A T that makes each column of one, and shifts it.

    It has at most one entry in each row and column, but for its last column, if the
    last row is that of a constant one.

    Attributes
    ----------
    shape : tuple of int
    linear : tuple of (ndarray of int, ndarray of int, ndarray)
        Rows, columns and values of these entries.
    shifts : tuple of (ndarray of int, ndarray) or None
        Rows and values of the last column; None without a constant.
    """

    shape: tuple[int, int]
    linear: tuple[Indices, Indices, Array]
    shifts: tuple[Indices, Array] | None

    @staticmethod
    def of(matrix: Data) -> _Columnwise | None:
        """The parts of T; None if it has more entries."""
        entries = matrix.tocoo()
        p_new, p = matrix.shape
        there = entries.data != 0.0
        row, column, value = entries.row[there], entries.col[there], entries.data[there]
        last = row == p_new - 1
        constant = column[last].tolist() == [p - 1] and value[last].tolist() == [1.0]
        shifts = (column == p - 1) & ~last & constant
        linear = ~shifts & ~(last & constant)
        for places, n_places in ((row, p_new), (column, p)):
            if np.bincount(places[linear], minlength=n_places).max(initial=0) > 1:
                return None
        return _Columnwise(
            (p_new, p),
            (row[linear], column[linear], value[linear]),
            (row[shifts], value[shifts]) if constant else None,
        )

    def preimage(self, coefficients: Array) -> Array:
        """A phi with ``T' phi`` as near to the coefficients as T allows."""
        row, column, value = self.linear
        preimage = np.zeros((self.shape[0], coefficients.shape[1]))
        preimage[row] = coefficients[column] / value[:, None]
        if self.shifts is not None:
            shifted, shift = self.shifts
            preimage[-1] = coefficients[-1] - shift @ preimage[shifted]
        return preimage
