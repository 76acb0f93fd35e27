"""Sums of products of a quadratic loss without rounding: what leaves takes no digits.

The Hessian of a quadratic loss is a sum of products of columns, and its gradient at
zero one of products with the targets. Floating point keeps of such a sum what the
largest terms leave: once these have left, rounding. `Exact` sums keep all. They cost
ten times as much, so that only few rows are summed like that, or those that outweigh
the others; what comes and goes later always is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import scipy.sparse as sp
from scipy.linalg import block_diag

from sklearn_unlearn.core.arrays import (
    Array,
    Data,
    Mask,
    as_float64,
    densify,
    is_sparse,
    powers_of_two,
)
from sklearn_unlearn.core.linear.edits import DropColumns, Edit, FeatureMap, LinearMap
from sklearn_unlearn.core.linear.factor import Factor, factorise
from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.linear.peaks import mapped_peaks
from sklearn_unlearn.core.rows import Rows
from sklearn_unlearn.core.statistics.class_sums import Statistics
from sklearn_unlearn.core.statistics.exact_summation import (
    LIMIT,
    Accumulator,
    Exact,
    split,
)

#: Sign, values with targets, and weights of rows.
_Waiting: TypeAlias = tuple[int, Array, Array]

_EPS = float(np.finfo(np.float64).eps)
#: Products of pairs of columns, of all rows, up to which all are summed exactly (about
#: 0.05 s).
_CHEAP = 2.0**26
#: Binary orders of magnitude by which a value exceeds the typical one of its column
#: where its row outweighs others.
_OUTWEIGHS = 6
#: Rows that say what is typical of a column, and rows that are examined at once.
_SAMPLE, _FEW = 2**10, 2**8
#: Steps of refinement; two do unless columns are nearly dependent.
_MOST_STEPS = 10


@dataclass(frozen=True, eq=False)
class Products:
    """Sums over all rows, of the curvature times the weight of each.

    Attributes
    ----------
    sums : Exact of shape (p, p + n_outputs)
        Products of the columns, the intercept's one among them, and behind these of
        the columns and the targets (minus the derivative at zero over the curvature).
    peak : ndarray of shape (p,)
        Coarse bounds (`core.peaks`) on the diagonal of what was summed with rounding.
    waiting : tuple
        Rows that are not in the sums yet.
    reach : ndarray of shape (n_outputs,) or float
        Largest coefficient of each output since rows wait.
    """

    sums: Exact
    peak: Array
    waiting: tuple[_Waiting, ...] = ()
    reach: Array | float = 0.0

    @staticmethod
    def of(objective: Objective, rows: Rows) -> Products | None:
        """Sums over all rows; None where none outweigh the others."""
        p, n_outputs = objective.shape
        if rows.n_rows * float(p) ** 2 <= _CHEAP:
            exactly = np.ones(rows.n_rows, dtype=bool)
        else:
            exactly = _outweighing(objective, rows)
        few = rows.take(np.flatnonzero(exactly & (rows.weight > 0.0)))
        values, weight = _read(objective, few)
        reach = np.abs(values).max(initial=0.0) * max(1.0, weight.max(initial=0.0))
        if not few.n_rows or not reach < LIMIT:
            return None
        sums, peak = Exact.zeros((p, p + n_outputs)), np.zeros(p)
        if not exactly.all():
            rest = rows.reweighted(np.where(exactly, 0.0, rows.weight))
            single = _single(objective)
            zero = np.zeros(objective.shape)
            products = single.data_hessian(rest, zero)
            peak = powers_of_two(np.diagonal(products))
            targets = -objective.data_gradient(rest, zero)
            sums = Exact.of(np.hstack([_symmetric(products), targets]))
        return Products(sums.plus(_summed(values, weight, p)), peak)

    @staticmethod
    def at(
        objective: Objective, theta: Array, gradient: Array, factor: Factor
    ) -> Products:
        """Sums of which coefficients with a known gradient, and a factor, are left."""
        p, _ = objective.shape
        units = np.eye(factor.order)[:, :p]
        upper = np.triu(factor.curvature_dot(units)[:p])
        products = Exact.of(_symmetric(upper))
        targets = _times(theta.T, products).transposed()
        targets = targets.plus(_penalty(objective, theta))
        targets = targets.plus(Exact.of(objective.linear - gradient))
        targets = targets.where(~objective.held)
        peak = np.zeros(p)
        kept = factor.kept < p
        peak[factor.kept[kept]] = factor.peak[kept]
        return Products(products.beside(targets), peak)

    @property
    def n_waiting(self) -> int:
        """How many rows wait."""
        return sum(weight.size for _, _, weight in self.waiting)

    def edited(self, objective: Objective, edit: Edit) -> Products:
        """The sums after rows came and left, which wait."""
        waiting = list(self.waiting)
        for sign, rows in ((1, edit.rows_in), (-1, edit.rows_out)):
            if rows is not None and rows.weight.any():
                waiting.append((sign, *_read(objective, rows.weighted())))
        return replace(self, waiting=tuple(waiting))

    def reaching(self, *coefficients: Array) -> Products:
        """The same where coefficients have been these, too."""
        sizes = np.max([np.abs(theta).max(axis=0) for theta in coefficients], axis=0)
        return replace(self, reach=np.maximum(self.reach, sizes))

    def summed(self) -> Products:
        """The same, and nothing waits."""
        sums, p = self.sums, self.peak.size
        for sign, values, weight in self.waiting:
            sums = sums.plus(_summed(values, weight, p), sign)
        return Products(sums, self.peak)

    def mapped(self, features: FeatureMap) -> Products:
        """The sums in new coordinates, if nothing waits."""
        p, sums = self.peak.size, self.sums
        if isinstance(features, DropColumns):
            keep = ~features.columns
            across = np.append(keep, np.ones(sums.shape[1] - p, dtype=bool))
            return Products(sums.where(keep[:, None] & across), self.peak * keep)
        if not isinstance(features, LinearMap):
            return self
        T = features.matrix
        pushed = _times(T, sums)
        products, targets = pushed.columns(0, p), pushed.columns(p, sums.shape[1])
        products = _times(T, products.transposed()).transposed()
        mapped = _rounded_twice(products.beside(targets))
        # digits that are cut off count as rounding of so much less
        cut = _EPS * np.abs(np.diagonal(mapped.rounded()))
        return Products(
            mapped, np.maximum(mapped_peaks(T, self.peak), powers_of_two(cut))
        )

    def factor(self, objective: Objective) -> Factor:
        """Factor of the Hessian, if nothing waits.

        Raises
        ------
        NotPositiveDefiniteError
        """
        p = self.peak.size
        copies = objective.n_unknowns // p
        hessian = self.sums.columns(0, p).rounded()
        if copies > 1:
            hessian = block_diag(*[hessian] * copies)
        alive = np.flatnonzero(~objective.packed_held)
        hessian = np.asfortranarray(hessian[np.ix_(alive, alive)])
        penalty, peak = objective.packed_penalty, np.tile(self.peak, copies)[alive]
        return factorise(hessian, penalty, objective.gauge, alive, peak)

    def solution(self, objective: Objective, factor: Factor) -> Array:
        """Coefficients at the minimum, accurate to rounding, if nothing waits.

        Iterative refinement: residuals are exact until they are rounded.
        """
        p = self.peak.size
        products = self.sums.columns(0, p)
        targets = self.sums.columns(p, self.sums.shape[1])
        targets = targets.plus(Exact.of(objective.linear), -1)
        theta = np.zeros(objective.shape)
        for _ in range(_MOST_STEPS):
            missing = targets.plus(_times(theta.T, products).transposed(), -1)
            missing = missing.plus(_penalty(objective, theta), -1)
            right = np.where(objective.held, 0.0, missing.rounded())
            step = objective.unpack(factor.solve(objective.pack(right)))
            theta = theta + step
            size = np.abs(theta).max(axis=0)
            if np.all(np.abs(step).max(axis=0) <= _EPS * size):
                break
        return theta

    def __getstate__(self) -> dict[str, Any]:
        """Rows that wait are not pickled, but their sums."""
        return vars(self.summed())

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)


def outweigh(objective: Objective, factor: Factor, rows: Rows | None) -> bool:
    """Whether the sums that a factor is of would lose digits to some of these rows."""
    if rows is None or not rows.weight.any():
        return False
    columns = objective.curvature_columns(rows, np.zeros(objective.shape))
    sizes = np.square(columns).max(axis=1)[factor.kept]
    return bool(np.any(sizes > 4.0**_OUTWEIGHS * factor.peak))


# Rows -------------------------------------------------------------------------------


def _read(objective: Objective, rows: Rows) -> tuple[Array, Array]:
    """Columns with the intercept's one and the targets behind them, and weights."""
    zero = np.zeros((rows.n_rows, objective.shape[1]))
    curvature = objective.loss.curvature(zero, rows.y)
    targets = -objective.loss.gradient(zero, rows.y)
    there = curvature > 0.0
    targets[there] /= curvature[there, None]
    X = densify(as_float64(rows.X))
    ones = [np.ones(rows.n_rows)] if objective.fit_intercept else []
    return np.column_stack([X, *ones, targets]), rows.weight * curvature


def _summed(values: Array, weight: Array, p: int) -> Exact:
    group = np.zeros(weight.size, dtype=np.intp)
    second = Statistics.of(values, group, weight, 1, "pairs").second
    assert second is not None
    m = values.shape[1]
    return second.reshaped(m, m).take(np.arange(p))


def _outweighing(objective: Objective, rows: Rows) -> Mask:
    """Rows with a value far above what is typical of its column."""
    root = np.sqrt(rows.weight)
    found = np.zeros(rows.n_rows, dtype=bool)
    for values in (rows.X, rows.y):
        limit = _limit(values, root)
        step = _FEW if not is_sparse(values) else rows.n_rows
        for start in range(0, rows.n_rows, step):
            part = slice(start, start + step)
            found[part] |= _above(values[part], root[part], limit)
    return found


def _above(values: Data, root: Array, limit: Array) -> Mask:
    """Rows with an entry that, times ``root``, is above the limit of its column."""
    if is_sparse(values):
        reach = densify(abs(values).max(axis=0)).ravel()
    else:  # which the root of a sum of a few squares hardly exceeds
        reach = np.sqrt(np.einsum("ij,ij->j", values, values, dtype=np.float64))
    columns = np.flatnonzero(reach * root.max(initial=0.0) > limit)
    if not columns.size:
        return np.zeros(root.size, dtype=bool)
    sizes = np.abs(densify(values[:, columns])) * root[:, None]
    above: Mask = np.any(sizes > limit[columns], axis=1)
    return above


def _limit(values: Data, root: Array) -> Array:
    """Size that a value of each column outweighs others from.

    From the geometric mean of those that are not zero, to which a few, however large,
    mean little.
    """
    n_rows, n_columns = values.shape
    if is_sparse(values):
        stored = values.data * np.repeat(root, np.diff(values.indptr))
        where = values.indices
    else:
        step = max(1, n_rows // _SAMPLE)
        sample = values[::step] * root[::step, None]
        if np.any(~sample.any(axis=0)):  # columns of which the sample says nothing
            sample = values * root[:, None]
        stored, where = sample.ravel(), np.tile(np.arange(n_columns), len(sample))
    there = stored != 0.0
    exponents = np.frexp(stored[there])[1]
    total = np.bincount(where[there], exponents, n_columns)
    count = np.bincount(where[there], minlength=n_columns)
    return np.exp2(total / np.maximum(count, 1) + _OUTWEIGHS)


# Exact matrices -----------------------------------------------------------------------


def _single(objective: Objective) -> Objective:
    """The same loss of coefficients that have one penalty."""
    zero = np.zeros(objective.shape)
    return replace(objective, penalty=zero, linear=zero, held=zero.astype(bool))


def _symmetric(upper: Array) -> Array:
    upper = np.triu(upper)
    return upper + np.triu(upper, 1).T


def _penalty(objective: Objective, theta: Array) -> Exact:
    return Exact.of(objective.penalty).times(Exact.of(theta))


def _times(matrix: Data, other: Exact) -> Exact:
    """The product of a matrix of floats with an exact one, without rounding."""
    total = Exact.zeros((matrix.shape[0], other.shape[1]))
    values = matrix.data if is_sparse(matrix) else matrix
    # so that float64 holds sums of so many products with digits of 20 bits
    parts = split(values, max(other.shape[0], 1) << 19)
    for place, digits in enumerate(other.digits):
        sums = Accumulator(total.shape)
        for position, part in parts:
            left: Data = part
            if is_sparse(matrix):
                left = sp.csr_array((part, matrix.indices, matrix.indptr), matrix.shape)
            sums.add(position, np.asarray(left @ digits.astype(np.float64)))
        found = sums.result()
        if found.digits.size:
            found = Exact(found.digits, found.low + other.low + place)
            total = total.plus(found)
    return total


def _rounded_twice(exact: Exact) -> Exact:
    """As sums of two floats each: maps would add digits without end."""
    first = exact.rounded()
    second = exact.plus(Exact.of(first), -1).rounded()
    return Exact.of(first).plus(Exact.of(second))
