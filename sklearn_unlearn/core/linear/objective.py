"""The objective: summed loss plus penalty plus linear term, over row blocks.

The one implementation of value, gradient, Hessian and Hessian-vector product, for
dense and sparse rows, any loss and any source of blocks. Conventions: ``core``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from sklearn_unlearn.core.arrays import (
    Array,
    Data,
    Mask,
    absolute,
    as_float64,
    densify,
    gram,
    is_sparse,
    squared,
    times,
    transposed_times,
)
from sklearn_unlearn.core.linear.layout import Layout
from sklearn_unlearn.core.linear.output_pairs import add_output_pairs
from sklearn_unlearn.core.linear.rounding import Rounding
from sklearn_unlearn.core.linear.summation import column_sums, n_roundings, products
from sklearn_unlearn.core.rows import (
    BLOCK_ENTRIES,
    CACHED_ENTRIES,
    RowBlocks,
    Rows,
    SpreadRows,
    read,
    results,
)

#: Hessian passes below this many flops (about 20 ms) are cheap.
CHEAP_FLOPS = 1e9


@dataclass(frozen=True)
class Objective(Layout):
    """Summed loss, diagonal penalty and linear term."""

    def forgetting(self, columns: Mask) -> Objective:
        """The same objective with more coefficients held at zero."""
        return replace(self, held=self.held | columns[:, None])

    # Sums over rows -----------------------------------------------------------------

    def raw_prediction(self, X: Data, theta: Array) -> Array:
        """``x_i . theta`` for all rows, ``(n_rows, n_outputs)``."""
        if not self.fit_intercept:
            return times(as_float64(X), theta)
        raw = times(as_float64(X), theta[:-1])
        raw += theta[-1]
        return raw

    def anchor(self, theta: Array) -> Array:
        """Where the weights of a Hessian computed at ``theta`` are taken.

        Zero if they are the same everywhere: coefficients of a state that is gone
        would tell which rows have left since.
        """
        return np.zeros_like(theta) if self.loss.constant_curvature else theta

    def largest_raw_change(self, rows: RowBlocks, direction: Array) -> float:
        """``max |x_i . direction|`` over rows of positive weight and outputs."""

        def term(block: Rows) -> float:
            raw = np.abs(self.raw_prediction(block.X, direction))
            return float(raw[block.weight > 0.0].max(initial=0.0))

        return max(results(term, rows, max), default=0.0)

    def reach(self, rows: RowBlocks) -> Array:
        """Largest absolute value in each column, ``(p,)``; one for the intercept."""

        def term(block: Rows) -> Array:
            X = block.weighted().X
            if not X.shape[0]:
                return np.zeros(X.shape[1])
            largest, least = (densify(f(axis=0)).ravel() for f in (X.max, X.min))
            return np.asarray(np.maximum(largest, -least), dtype=np.float64)

        reach = np.zeros(self.shape[0])
        if self.fit_intercept:
            reach[-1] = 1.0
        for found in results(term, rows, np.maximum):
            reach[: found.size] = np.maximum(reach[: found.size], found)
        return reach

    def data_value(self, rows: RowBlocks, theta: Array) -> float:
        """Summed weighted loss."""

        def term(block: Rows) -> float:
            raw = self.raw_prediction(block.X, theta)
            return float(block.weight @ self.loss.value(raw, block.y))

        return sum(results(term, rows))

    def data_gradient(self, rows: RowBlocks, theta: Array) -> Array:
        """Gradient of the summed weighted loss, all coordinates."""

        def term(block: Rows) -> Array:
            X = as_float64(block.X)
            residual = self.loss.gradient(self.raw_prediction(X, theta), block.y)
            return self.pulled(X, residual * block.weight[:, None])

        return self._sum(results(term, rows))

    def value(self, rows: RowBlocks, theta: Array) -> float:
        """Value of the objective."""
        return self.data_value(rows, theta) + self.regular_value(theta)

    def gradient(self, rows: RowBlocks, theta: Array) -> Array:
        """Gradient of the objective, zero at held coefficients."""
        return self.total_gradient(self.data_gradient(rows, theta), theta)

    def value_and_gradient(self, rows: RowBlocks, theta: Array) -> tuple[float, Array]:
        """Both in one pass."""

        def term(block: Rows) -> tuple[float, Array]:
            X = as_float64(block.X)
            raw = self.raw_prediction(X, theta)
            value = float(block.weight @ self.loss.value(raw, block.y))
            residual = self.loss.gradient(raw, block.y)
            return value, self.pulled(X, residual * block.weight[:, None])

        value, gradient = self.regular_value(theta), np.zeros(self.shape)
        for block_value, block_gradient in results(term, rows):
            value += block_value
            gradient += block_gradient
        return value, self.total_gradient(gradient, theta)

    def total_gradient(self, data_gradient: Array, theta: Array) -> Array:
        """Add penalty and linear term; zero at held coefficients."""
        total = data_gradient + self.penalty * theta + self.linear
        total[self.held] = 0.0
        return total

    def hessian_vector_product(
        self, rows: RowBlocks, theta: Array, direction: Array
    ) -> Array:
        """Hessian of the objective times a direction shaped as theta."""

        def term(block: Rows) -> Array:
            X = as_float64(block.X)
            curvature = self.loss.curvature(self.raw_prediction(X, theta), block.y)
            change = self.bent(curvature, self.raw_prediction(X, direction))
            return self.pulled(X, change * block.weight[:, None])

        product = self._sum(results(term, rows))
        product += self.penalty * direction
        product[self.held] = 0.0
        return product

    def hessian_diagonal(self, rows: RowBlocks, theta: Array) -> Array:
        """Diagonal of the Hessian of the objective, shaped as theta."""

        def term(block: Rows) -> Array:
            X = as_float64(block.X)
            curvature = self.loss.curvature(self.raw_prediction(X, theta), block.y)
            if self.loss.coupled:
                curvature = np.einsum("ikk->ik", curvature)
            else:
                curvature = np.repeat(curvature[:, None], self.shape[1], axis=1)
            return self.pulled(squared(X), curvature * block.weight[:, None])

        return self._sum(results(term, rows)) + self.penalty

    def curvature_scale(self, rows: RowBlocks, theta: Array) -> float:
        """Bound on the curvature of a row or, where there is none, its mean."""
        if self.loss.max_curvature < np.inf:
            return self.loss.max_curvature

        def term(block: Rows) -> tuple[float, float]:
            raw = self.raw_prediction(block.X, theta)
            curvature = self.loss.curvature(raw, block.y)
            if self.loss.coupled:
                curvature = np.trace(curvature, axis1=1, axis2=2)
            return float(block.weight @ curvature), float(block.weight.sum())

        total, weight = np.sum(list(results(term, rows)), axis=0)
        return float(total / weight)

    def rounding(
        self, rows: RowBlocks, theta: Array, lag: Array | None = None
    ) -> Rounding:
        """What bounds the rounding error in `gradient`.

        With a ``lag``, the same pass finds `largest_raw_change` along it.
        """
        p, n_outputs = self.shape
        size, n_rows = np.abs(theta), rows.n_rows
        both = theta if lag is None else np.hstack([theta, lag])

        def term(block: Rows) -> tuple[Array, int, int, float, float]:
            sums, room = np.zeros((2 * n_outputs, p)), None
            change = largest = 0.0
            if not block.weight.all():
                block = block.weighted()  # the others add nothing to any of these
            for part in block.blocks(CACHED_ENTRIES):
                X, weight = as_float64(part.X), part.weight[:, None]
                raw = self.raw_prediction(X, both)
                if lag is not None:
                    moved = raw[:, n_outputs:]
                    ends = moved.max(initial=0.0), -moved.min(initial=0.0)
                    change, raw = max(change, *ends), raw[:, :n_outputs]
                if room is None and not is_sparse(X):
                    room = np.empty(X.shape)  # the first part is the largest
                X = absolute(X, room)
                terms = self.raw_prediction(X, size)
                largest = max(largest, terms.max(initial=0.0))
                curvature = np.abs(self.loss.curvature(raw, part.y))
                errors = np.empty((raw.shape[0], 2 * n_outputs))
                np.abs(self.loss.gradient(raw, part.y), out=errors[:, :n_outputs])
                errors[:, n_outputs:] = self.bent(curvature, terms)
                errors *= weight
                sums[:, : X.shape[1]] += transposed_times(X, errors).T
                if self.fit_intercept:
                    sums[:, -1] += errors.sum(axis=0)
            met = n_roundings(n_rows, is_sparse(block.X)) + 8
            return sums.T, 1, met, float(change), float(largest)

        def both_of(
            one: tuple[Array, int, int, float, float],
            other: tuple[Array, int, int, float, float],
        ) -> tuple[Array, int, int, float, float]:
            (sums, n_blocks, *tops), (more, n_more, *others) = one, other
            met, change, largest = map(max, tops, others)
            return sums + more, n_blocks + n_more, int(met), change, largest

        found = (np.zeros((p, 2 * n_outputs)), 0, 0, 0.0, 0.0)
        for block in results(term, rows, both_of):
            found = both_of(found, block)
        sums, n_blocks, met, change, largest = found
        sums[np.hstack([self.held, self.held])] = 0.0
        return Rounding(
            sums=sums[:, :n_outputs],
            raw=(p + 2) * sums[:, n_outputs:],
            regular=self.rounded_terms(theta),
            roundings=met + n_blocks,
            change=float(change),
            largest=largest,
        )

    def rounded_terms(self, theta: Array) -> Array:
        """Rounding errors of penalty and linear term, in units of u."""
        error = 3.0 * (self.penalty * np.abs(theta) + np.abs(self.linear))
        return np.where(self.held, 0.0, error)

    def rounding_bound(self, rows: RowBlocks, theta: Array) -> float:
        """Bound on the 2-norm of the rounding error in `gradient`."""
        return self.rounding(rows, theta).length

    # The Hessian as a matrix --------------------------------------------------------

    def hessian_flops(self, n_rows: int) -> float:
        """Multiplications for the Hessian of so many dense rows, and its factor."""
        p, n_outputs = self.shape
        grams = n_outputs * (n_outputs + 1) / 2.0 if self.coupled else 1.0
        return float(n_rows) * p * p * grams + self.n_unknowns**3 / 3.0

    def data_hessian(
        self,
        rows: RowBlocks,
        theta: Array,
        out: Array | None = None,
        sign: float = 1.0,
    ) -> Array:
        """Upper triangle of the packed Hessian of the summed loss.

        Parameters
        ----------
        rows : RowBlocks
        theta : ndarray of shape (p, n_outputs)
            Where the curvature is taken.
        out : ndarray of shape (n_unknowns, n_unknowns), Fortran order, optional
            Upper triangle of a matrix to add to, in place.
        sign : {1.0, -1.0}
            Whether the rows are added or taken away.

        Returns
        -------
        ndarray of shape (n_unknowns, n_unknowns), Fortran order
            Upper triangle; below the diagonal anything.
        """
        p, order = self.shape[0], self.n_unknowns
        H = np.zeros((order, order), order="F") if out is None else out
        entries = max(BLOCK_ENTRIES, p * p)

        def add(block: Rows, total: Array) -> Array:
            X = as_float64(block.X)
            weights = sign * self._curvature(X, block, theta)
            if weights.any():  # else no row of this part of a weighted loss
                shift = self.loss.shift_invariant
                add_output_pairs(total, X, weights, self.fit_intercept, shift)
            return total

        def term(block: Rows) -> Array:
            if self.coupled:
                return add(block, np.zeros((order, order), order="F"))
            X = as_float64(block.X)
            curvature = self._curvature(X, block, theta)
            return gram(X, sign * curvature, self.fit_intercept)

        if self.coupled and not isinstance(rows, SpreadRows):
            for block in read(rows, entries):
                add(block, H)
            return H
        for part in results(term, rows, entries=entries):
            H += part
        return H

    def curvature_columns(self, rows: Rows, theta: Array) -> Array:
        """Columns V with ``V V'`` = packed Hessian of these few rows.

        Shape ``(n_unknowns, n_rows * rank)``, Fortran order. They are the rows
        themselves up to scale: as secret as the data.
        """
        keep = np.flatnonzero(rows.weight)
        if keep.size < rows.n_rows:
            rows = rows.take(keep)
        p, n_outputs = self.shape
        X = densify(as_float64(rows.X))
        raw = self.raw_prediction(X, theta)
        if self.fit_intercept:
            X = np.column_stack([X, np.ones(rows.n_rows)])
        root = self.loss.curvature_root(raw, rows.y)
        scale = np.sqrt(rows.weight)
        if not self.coupled:
            return np.asfortranarray((X * (root * scale)[:, None]).T)
        if not self.loss.coupled:
            root = np.eye(n_outputs) * root[:, None, None]
        columns = np.einsum("ikr,ij->kjir", root * scale[:, None, None], X)
        return np.asfortranarray(columns.reshape(n_outputs * p, -1))

    def n_curvature_columns(self, n_rows: int) -> int:
        """How many columns `curvature_columns` gives for so many rows."""
        if not self.coupled:
            return n_rows
        if not self.loss.coupled:
            return n_rows * self.shape[1]
        none = np.zeros((0, self.shape[1]))
        return n_rows * int(self.loss.curvature_root(none, none).shape[2])

    # Internals ----------------------------------------------------------------------

    def regular_value(self, theta: Array) -> float:
        """Penalty and linear term."""
        quadratic = 0.5 * np.vdot(theta, self.penalty * theta)
        return float(quadratic + np.vdot(self.linear, theta))

    def _sum(self, parts: Iterable[Array]) -> Array:
        total = np.zeros(self.shape)
        for part in parts:
            total += part
        return total

    def pulled(self, X: Data, values: Array) -> Array:
        """``X' values``, the intercept's sum included."""
        pulled = np.empty((self.shape[0], values.shape[1]))
        pulled[: X.shape[1]] = products(X, values)
        if self.fit_intercept:
            pulled[-1] = column_sums(values)
        return pulled

    def bent(self, curvature: Array, change: Array) -> Array:
        """Curvature times a change of the raw prediction, row by row."""
        if self.loss.coupled:
            bent: Array = np.einsum("ikl,il->ik", curvature, change)
            return bent
        return curvature[:, None] * change

    def _curvature(self, X: Data, block: Rows, theta: Array) -> Array:
        """Weighted curvature: a number a row or, coupled, a matrix a row."""
        curvature = self.loss.curvature(self.raw_prediction(X, theta), block.y)
        if self.loss.coupled:
            return curvature * block.weight[:, None, None]
        curvature = curvature * block.weight
        if self.coupled:
            return curvature[:, None, None] * np.eye(self.shape[1])
        return curvature
