"""The Hessian as a yardstick: certified norms, eigenvalues and their rounding errors.

Notation and proofs: ``doc/certification.rst``, section "With data". Nothing here is an
estimate: a solution is checked by its residual, an eigenvalue by a factorisation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import eigvalsh
from scipy.linalg.lapack import dpotrf, dpotrs
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

from sklearn_unlearn.certification.moments import Moments
from sklearn_unlearn.core.arrays import (
    Array,
    Data,
    as_float64,
    densify,
    is_sparse,
    powers_of_two,
    squared,
    times,
)
from sklearn_unlearn.core.linear.factor import Factor
from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.rows import (
    BLOCK_ENTRIES,
    CACHED_ENTRIES,
    RowBlocks,
    Rows,
    read,
)

_UNIT = float(np.finfo(np.float64).eps) / 2.0
#: Orders at which a decomposition is cheaper than an iteration.
_SMALL = 200
#: How much of an estimated eigenvalue is claimed at first.
_CAUTION = 0.99


@dataclass(frozen=True, eq=False)
class Geometry:
    """What is known of the matrix in a factor as the Hessian ``H`` of the rows.

    Attributes
    ----------
    factor : Factor
        The one of which all this is known: nothing of it holds for another.
    radius : float
        R: bound on the H^-1 norm of every row.
    smallest : float
        lambda: bound from below on the smallest eigenvalue of H.
    scaled : float
        lambda_S: the same for H with its rows and columns divided by the root of
        ``ever``.
    terms : float
        omega: rounding errors, in units of u, in a quadratic form of H over that of
        ``ever``.
    ever : ndarray of shape (order,)
        Diagonal of all that was ever added to H: what has left has left its rounding.
    reach : ndarray of shape (p,)
        Largest absolute value in each column over all rows, one for the intercept.
    length : float
        Largest 2-norm of a row.
    blur : float
        beta: bound on how far raw predictions at the anchor of the state are from those
        at which the weights of the rows in H were taken.
    skew : float
        Relative error of quadratic forms by rows that left H with another weight than
        they have in it.
    age : float
        How much ``smallest`` was lowered by requests since it was certified.
    moments : Moments or None
        Kept where no data are, as long as rows leave them as they came.
    """

    factor: Factor
    radius: float
    smallest: float
    scaled: float
    terms: float
    ever: Array
    reach: Array
    length: float
    blur: float = 0.0
    skew: float = 0.0
    age: float = 1.0
    moments: Moments | None = None

    @property
    def error(self) -> float:
        """zeta: relative error of every quadratic form of H."""
        rounding = self.terms * _UNIT / self.scaled if self.scaled > 0.0 else np.inf
        return rounding + self.skew

    @property
    def least_radius(self) -> float:
        """About what R is at least, from the longest row and the trace of H."""
        factor = self.factor
        trace = float(factor.diagonal.sum() + factor.penalty[factor.kept].sum())
        return over_root(self.length, trace + max(factor.pending.trace, 0.0))


def measured_geometry(
    objective: Objective,
    factor: Factor,
    rows: RowBlocks,
    extent: tuple[Array, float] | None = None,
) -> Geometry:
    """The geometry of a factor that was computed from these rows.

    R is the largest 2-norm of a row over the root of lambda; see `largest_norm`.
    ``extent`` are bounds on ``reach`` and ``length``, if they are known.
    """
    block_rows, n_blocks = 1, 0
    for block in read(rows, max(BLOCK_ENTRIES, objective.shape[0] ** 2)):
        block_rows, n_blocks = max(block_rows, block.n_rows), n_blocks + 1
    ever = np.ones(factor.order)
    ever[factor.kept] = np.diagonal(factor.matrix())
    smallest, scaled = certified_eigenvalues(factor, ever)
    # terms of a block and blocks, weights (16), factor and products (4 p), outputs
    # that share a diagonal block, each at most p times the form of the diagonal
    p = factor.kept.size
    terms = block_rows + n_blocks + 16.0 + 4.0 * p + objective.shape[1]
    if extent is None:
        extent = column_reach(objective, rows), largest_length(objective, rows)
    reach, length = extent
    return Geometry(
        factor=factor,
        radius=over_root(length, smallest),
        smallest=smallest,
        scaled=scaled,
        terms=float(p) * terms,
        ever=ever,
        reach=reach,
        length=length,
    )


def reexamined(geometry: Geometry) -> Geometry:
    """The geometry with eigenvalues certified anew from the factor alone."""
    smallest, scaled = certified_eigenvalues(geometry.factor, geometry.ever)
    radius = min(geometry.radius, over_root(geometry.length, smallest))
    return replace(geometry, radius=radius, smallest=smallest, scaled=scaled, age=1.0)


def certified_eigenvalues(
    factor: Factor, ever: Array | None = None
) -> tuple[float, float]:
    """Bounds from below on the smallest eigenvalue of H, as it is and scaled.

    Zero where nothing positive can be certified; the first up to the error zeta. It is
    scaled by the root of ``ever``, if not given by that of its own diagonal.
    """
    factor = factor.folded()
    matrix, kept = factor.matrix(), factor.kept
    root = np.sqrt(np.diagonal(matrix).copy() if ever is None else ever[kept])

    def solve(v: Array) -> Array:
        right = np.zeros((factor.order, 1))
        right[kept, 0] = v.ravel()
        solution: Array = factor.solve(right)[kept, 0]
        return solution

    def solve_scaled(v: Array) -> Array:
        return root * solve(root * v.ravel())

    scaled = matrix / root[:, None] / root
    order = kept.size
    rounding = 2.0 * order * (order + 1.0) * _UNIT
    return (
        _certified(matrix, solve),
        max(_certified(scaled, solve_scaled) - rounding, 0.0),
    )


def least_eigenvalue(factor: Factor, share: float) -> float:
    """Bound from below on the smallest eigenvalue of ``share`` H_d plus the penalty.

    Up to the error zeta of H; zero where nothing positive can be certified.
    """
    factor = factor.folded()
    matrix = share * factor.matrix()
    matrix[np.diag_indices_from(matrix)] += (1.0 - share) * factor.penalty[factor.kept]
    lower, info = dpotrf(matrix, lower=1)

    def solve(v: Array) -> Array:
        solution: Array = dpotrs(lower, v.reshape(-1, 1), lower=1)[0]
        return solution

    return _certified(matrix, solve) if info == 0 else 0.0


def _certified(matrix: Array, solve: Callable[[Array], Array]) -> float:
    """A shift below the smallest eigenvalue, shown by a Cholesky factorisation."""
    order = matrix.shape[0]
    if order <= _SMALL:
        estimate = float(eigvalsh(matrix, lower=True, subset_by_index=(0, 0))[0])
    else:
        operator = LinearOperator((order, order), matvec=solve, dtype=np.float64)
        start = np.ones(order)
        try:
            top = eigsh(operator, k=1, v0=start, tol=1e-3, return_eigenvectors=False)
            estimate = 1.0 / float(top[0])
        except ArpackNoConvergence:
            estimate = float(eigvalsh(matrix, lower=True, subset_by_index=(0, 0))[0])
    claim = _CAUTION * estimate
    floor = order * _UNIT * float(np.diagonal(matrix).max())
    while claim > floor:
        shifted = np.array(matrix, order="F")
        np.fill_diagonal(shifted, np.diagonal(matrix) - claim)
        _, info = dpotrf(shifted, lower=1, clean=0, overwrite_a=1)
        if info == 0:
            return claim
        claim *= 0.5
    return 0.0


def coarse(size: float) -> float:
    """A size rounded up to five binary digits, by a sixteenth at most."""
    mantissa, exponent = math.frexp(size)
    if not math.isfinite(mantissa):
        return size
    return math.ldexp(math.ceil(32.0 * mantissa), exponent - 5)


def coarsened(geometry: Geometry) -> Geometry:
    """The geometry of which no number tells the value of a row: all are rounded up."""
    return replace(
        geometry,
        radius=coarse(geometry.radius),
        scaled=0.5 * geometry.scaled,  # whose scale is at most doubled
        ever=powers_of_two(geometry.ever),
        reach=powers_of_two(geometry.reach),
        length=coarse(geometry.length),
    )


def over_root(length: float, smallest: float) -> float:
    """A 2-norm as a bound on the H^-1 norm."""
    return length / math.sqrt(smallest) if smallest > 0.0 else np.inf


def dual_norm(factor: Factor, right: Array, smallest: float) -> tuple[float, float]:
    """Bounds on the H^-1 norm of ``right``, and on the 2-norm of H^-1 times it.

    Parameters
    ----------
    factor : Factor
    right : ndarray of shape (order, n_right)
        Zero at coordinates not in use.
    smallest : float
        Bound from below on the smallest eigenvalue.

    Returns
    -------
    norm, length : float
    """
    solution, product = _checked_solve(factor, right)
    square = max(float(np.vdot(solution, product)), 0.0)
    wrong = over_root(float(np.linalg.norm(right - product)), smallest)
    length = float(np.linalg.norm(solution))
    return math.sqrt(square) + wrong, length + over_root(wrong, smallest)


def largest_dual_norm(factor: Factor, right: Array, smallest: float) -> float:
    """The largest H^-1 norm of a column."""
    if not smallest > 0.0:
        return math.inf
    solution, product = _checked_solve(factor, right)
    square = np.maximum(np.einsum("ij,ij->j", solution, product), 0.0)
    wrong = np.linalg.norm(right - product, axis=0)
    norms = np.sqrt(square) + wrong / math.sqrt(smallest)
    return float(norms.max(initial=0.0))


def _checked_solve(factor: Factor, right: Array) -> tuple[Array, Array]:
    """H^-1 right, and H times that on the coordinates in use."""
    solution = factor.solve(right)
    product = factor.curvature_dot(solution) + factor.penalty[:, None] * solution
    unused = np.ones(factor.order, dtype=bool)
    unused[factor.kept] = False
    unused[factor.dropped] = True
    product[unused] = 0.0
    return solution, product


def largest_norm(objective: Objective, factor: Factor, rows: RowBlocks) -> float:
    """Largest H^-1 norm of a row, for the price of a pass for a Hessian."""
    largest, factor = 0.0, factor.folded()
    for vectors in _row_vectors(objective, rows):
        images = factor.half_solve(vectors, False)
        squares = np.einsum("ij,ij->j", images, images)
        largest = max(largest, float(np.sqrt(squares.max(initial=0.0))))
    return largest


def largest_pending_norm(
    objective: Objective, factor: Factor, rows: Rows, smallest: float
) -> float:
    """Largest H^-1 norm of a row, whatever is pending in the factor."""
    return max(
        (
            largest_dual_norm(factor, vectors, smallest)
            for vectors in _row_vectors(objective, rows)
        ),
        default=0.0,
    )


def heaviest_columns(objective: Objective, rows: Rows) -> Array:
    """Columns U with ``U U'`` = these few rows' Hessian at their largest curvature."""
    root = np.sqrt(objective.loss.max_curvature * rows.weight[rows.weight > 0.0])
    parts = list(_row_vectors(objective, rows))
    copies = objective.shape[1] if objective.coupled else 1
    starts = np.cumsum([0, *(part.shape[1] // copies for part in parts)])
    for part, start in zip(parts, starts, strict=False):
        part *= np.tile(root[start : start + part.shape[1] // copies], copies)
    return np.asfortranarray(np.hstack(parts))


def largest_length(objective: Objective, rows: RowBlocks) -> float:
    """Largest 2-norm of a row."""
    largest = 0.0
    for block in read(rows):
        squares = _squared_lengths(as_float64(block.X)) + objective.fit_intercept
        largest = max(largest, float(squares[block.weight > 0.0].max(initial=0.0)))
    return float(np.sqrt(largest))


def _squared_lengths(X: Data) -> Array:
    """Of each row."""
    if is_sparse(X):
        return times(squared(X), np.ones((X.shape[1], 1)))[:, 0]
    lengths: Array = np.einsum("ij,ij->i", X, X)
    return lengths


def column_reach(objective: Objective, rows: RowBlocks) -> Array:
    """Largest absolute value in each column, shape ``(p,)``; one for the intercept."""
    reach = np.zeros(objective.shape[0])
    if objective.fit_intercept:
        reach[-1] = 1.0
    for block in read(rows):
        for part in block.blocks(CACHED_ENTRIES):
            X = as_float64(part.weighted().X)
            if not X.shape[0]:
                continue
            ends = densify(X.max(axis=0)).ravel(), densify(X.min(axis=0)).ravel()
            largest = np.maximum(np.abs(ends[0]), np.abs(ends[1]))
            reach[: X.shape[1]] = np.maximum(reach[: X.shape[1]], largest)
    return reach


def raw_rounding(objective: Objective, length: float, theta: Array) -> float:
    """Rounding error of a raw prediction: (p + 2) u |x_i| . |theta|, or more."""
    size = float(np.linalg.norm(theta, axis=0).max())
    return (objective.shape[0] + 2) * _UNIT * length * size


def _row_vectors(objective: Objective, rows: RowBlocks) -> Iterator[Array]:
    """Rows of positive weight as packed right-hand sides, some columns at a time.

    A coupled loss sees a row once an output, projected onto the gauge's subspace.
    """
    p, n_outputs = objective.shape
    copies = n_outputs if objective.coupled else 1
    gauge = objective.gauge >= 0
    alike = np.arange(p)[gauge[:p]] if objective.loss.shift_invariant else None
    step = max(1, BLOCK_ENTRIES // (p * copies * copies))
    for block in read(rows):
        alive = np.flatnonzero(block.weight)
        for start in range(0, alive.size, step):
            X = densify(as_float64(block.X[alive[start : start + step]]))
            if objective.fit_intercept:
                X = np.column_stack([X, np.ones(X.shape[0])])
            X[:, objective.forgotten] = 0.0
            if copies == 1:
                yield np.asfortranarray(X.T)
                continue
            vectors = np.zeros((copies, p, copies, X.shape[0]))
            for k in range(copies):
                vectors[k, :, k] = X.T
            if alike is not None:
                vectors[:, alike] -= X.T[alike, None] / copies
            yield vectors.reshape(copies * p, -1)
