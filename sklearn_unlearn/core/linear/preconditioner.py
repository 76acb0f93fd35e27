"""A preconditioner for wide data: the block of the heaviest columns, and a diagonal.

The head are the columns with the largest diagonal of the data Hessian, about half as
many as the root of the number of entries that are not zero: the inverse of its block of
the Hessian then costs less to apply than a pass over the rows. For all other columns
there is the diagonal alone. It is a preconditioner, so single precision will do, and it
may be of coefficients and rows that are not quite those of today: conjugate gradients
then take a few passes more, and end at the same minimum.

A head costs as much as some ten to a hundred passes. It is computed once conjugate
gradients have wasted so many passes for want of it, so that all of it never costs more
than twice the best that could have been done (the ski-rental rule).

Nothing of it is pickled: the block holds sums of products of the rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.linalg.lapack import dpotrf, dpotri

from sklearn_unlearn.core.arrays import Array, Data, Indices, is_sparse
from sklearn_unlearn.core.linear.assembly import assemble
from sklearn_unlearn.core.linear.row_products import RowProducts

#: Most coordinates of a head.
MAX_HEAD = 1000
#: Fewest that are worth a block.
_LEAST_HEAD = 16
#: A multiplication of a dense product in single precision against an entry that a pass
#: reads (measured 0.05 to 0.1).
_FLOP = 0.1
#: Relative change of the penalty, or of the scale of a column, that a head outlasts.
_OUTLASTED = 0.5


@dataclass(frozen=True, eq=False)
class Preconditioner:
    """Inverse of a block of the Hessian and of the diagonal of the rest.

    Attributes
    ----------
    penalty : ndarray of shape (order,)
        Diagonal of Lambda.
    kept : ndarray of int of shape (m,), sorted
        Coordinates of the head.
    inverse : ndarray of shape (m, m), float32
        Of the Hessian's block of the head.
    diagonal : ndarray of shape (order,) or None
        Of the Hessian; None as long as nothing is known of it: `solve` is then the
        identity.
    rate : float
        Logarithm of what an iteration took off the gradient when the head was fresh;
        zero if that is not known.
    wasted : float
        Passes that a fresh head would have spared since.
    """

    penalty: Array
    kept: Indices
    inverse: npt.NDArray[np.float32]
    diagonal: Array | None
    rate: float = 0.0
    wasted: float = 0.0

    @staticmethod
    def none(penalty: Array) -> Preconditioner:
        """That of which nothing is known but the penalty."""
        nothing = np.zeros((0, 0), dtype=np.float32)
        return Preconditioner(penalty, np.zeros(0, dtype=np.intp), nothing, None)

    @staticmethod
    def of(data: RowProducts, curvatures: Array) -> Preconditioner:
        """That of all rows with these weighted second derivatives."""
        objective = data.objective
        shape = objective.shape
        if curvatures.ndim == 3:
            own = np.einsum("ikk->ik", curvatures)
        else:
            own = np.repeat(curvatures[:, None], shape[1], axis=1)
        diagonal = data.squares(own)
        penalty, gauge = objective.packed_penalty, objective.gauge
        columns = _heaviest(diagonal, objective.held, _n_columns(data))
        block, kept = _block(data, curvatures, columns)
        # written so that coordinates which nothing determines stay as they are
        packed = objective.pack(diagonal)[:, 0] + penalty
        packed = np.where(packed > 0.0, packed, 1.0)
        inverse = _inverse(block, penalty[kept], gauge[kept])
        if inverse is None:
            kept, inverse = kept[:0], np.zeros((0, 0), dtype=np.float32)
        return Preconditioner(penalty, kept, inverse, packed)

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        diagonal = 0 if self.diagonal is None else self.diagonal.nbytes
        return self.inverse.nbytes + diagonal

    def solve(self, right: Array) -> Array:
        """An approximation of the inverse times right-hand sides."""
        if self.diagonal is None:
            return right
        solution: Array = right / self.diagonal[:, None]
        if self.kept.size:
            inner = right[self.kept]
            size = float(np.abs(inner).max(initial=0.0))
            if size > 0.0:  # in single precision small numbers are zero
                scaled = (inner / size).astype(np.float32)
                solution[self.kept] = size * (self.inverse @ scaled).astype(np.float64)
        return solution

    def is_due(self, data: RowProducts) -> bool:
        """Whether passes have been wasted that would have paid for a fresh head."""
        return self.wasted > _price(data)

    def after(self, n_iter: int, reduction: float) -> Preconditioner:
        """The same after so many iterations that took the gradient down by a factor."""
        if n_iter < 2 or not 0.0 < reduction < 1.0:
            return self
        rate = float(np.log(reduction)) / n_iter
        if self.diagonal is not None and self.rate == 0.0:
            return replace(self, rate=rate)
        share = 1.0 if self.rate == 0.0 else 1.0 - rate / self.rate
        return replace(self, wasted=self.wasted + n_iter * max(share, 0.0))

    def extended(
        self,
        rows_in: Array | None = None,
        rows_out: Array | None = None,
        drop: Indices | None = None,
    ) -> Preconditioner:
        """Coordinates dropped; rows that come and leave are too few to matter."""
        if drop is None or not np.isin(drop, self.kept).any():
            return self
        return self._of_head(~np.isin(self.kept, drop))

    def transformed(
        self, matrix: Data, penalty: Array, gauge: Indices, alive: Indices
    ) -> Preconditioner:
        """The head where T picks columns and scales them by little; else nothing."""
        scales = None if self.diagonal is None else _scales(matrix)
        if self.diagonal is None or scales is None:
            return Preconditioner.none(penalty)
        source, scale = scales
        there = source >= 0
        target = np.full(self.penalty.size, -1)
        target[source[there]] = np.flatnonzero(there)
        remaining = self._of_head(target[self.kept] >= 0)
        moved = target[remaining.kept]
        order = np.argsort(moved)
        size = scale[moved][order]
        if np.any(np.abs(np.log(np.abs(size))) > _OUTLASTED):
            return Preconditioner.none(penalty)
        inverse = remaining.inverse[np.ix_(order, order)]
        by = (1.0 / size).astype(np.float32)
        inverse = by[:, None] * inverse * by
        diagonal = np.where(penalty > 0.0, penalty, 1.0)
        data = self.diagonal[source[there]] - self.penalty[source[there]]
        diagonal[there] += np.maximum(data, 0.0) * np.square(scale[there])
        return replace(
            self, penalty=penalty, kept=moved[order], inverse=inverse, diagonal=diagonal
        )

    def repenalised(self, penalty: Array, gauge: Indices) -> Preconditioner:
        """The same, unless the penalty is quite another."""
        change = np.abs(penalty - self.penalty)
        if np.any(change > _OUTLASTED * self.penalty):
            return Preconditioner.none(penalty)
        return self

    def __getstate__(self) -> dict[str, object]:
        return vars(Preconditioner.none(self.penalty))

    def _of_head(self, stay: npt.NDArray[np.bool_]) -> Preconditioner:
        """The same without some coordinates of the head, held at zero from now on."""
        if stay.all():
            return self
        # the inverse of a smaller block is a Schur complement of that of the larger
        across = self.inverse[np.ix_(stay, ~stay)]
        corner = self.inverse[np.ix_(~stay, ~stay)]
        gone = across @ np.linalg.solve(corner, across.T).astype(np.float32)
        inverse = self.inverse[np.ix_(stay, stay)] - gone
        assert self.diagonal is not None
        diagonal = self.diagonal.copy()
        diagonal[self.kept[~stay]] = 1.0
        return replace(self, kept=self.kept[stay], inverse=inverse, diagonal=diagonal)


def _n_entries(data: RowProducts) -> int:
    return max(data.n_entries, 1)


def _n_columns(data: RowProducts) -> int:
    """Columns of the head."""
    objective = data.objective
    size = min(int(np.sqrt(_n_entries(data)) / 2.0), MAX_HEAD)
    outputs = objective.shape[1] if objective.coupled else 1
    return max(size, _LEAST_HEAD) // outputs


def _price(data: RowProducts) -> float:
    """What a head costs, in passes."""
    objective = data.objective
    size = float(_n_columns(data))
    pairs = objective.shape[1] ** 2 / 2.0 if objective.coupled else 1.0
    return _FLOP * data.n_rows * size**2 * pairs / (2.0 * _n_entries(data)) + 5.0


def _heaviest(diagonal: Array, held: npt.NDArray[np.bool_], n_columns: int) -> Indices:
    """The heaviest columns, sorted; a constant one is the heaviest of all."""
    alive = np.flatnonzero(~held.all(axis=1))
    weight = diagonal[alive].sum(axis=1)
    n_columns = min(n_columns, alive.size)
    return np.sort(alive[np.argpartition(-weight, n_columns - 1)[:n_columns]])


def _block(
    data: RowProducts, curvatures: Array, columns: Indices
) -> tuple[Array, Indices]:
    """Upper triangle of the data Hessian of these columns, and their coordinates."""
    objective = data.objective
    (p, n_outputs), size = objective.shape, columns.size
    constant = objective.fit_intercept and bool(size) and columns[-1] == p - 1
    named = columns[:-1] if constant else columns
    pairs = _pairs(curvatures, n_outputs) if objective.coupled else [(0, 0)]
    block = np.zeros((n_outputs * size, n_outputs * size), order="F")
    if not objective.coupled:
        block = np.zeros((size, size), order="F")
    for part, dense in data.columns(named):
        X = np.ones((dense.shape[0], size), dtype=np.float32)
        X[:, : named.size] = dense
        for k, m in pairs:
            weight = (
                curvatures[part, k, m] if curvatures.ndim == 3 else curvatures[part]
            )
            gram = X.T @ (X * weight[:, None].astype(np.float32))
            block[k * size : (k + 1) * size, m * size : (m + 1) * size] += gram
    if not objective.coupled:
        return block, columns
    kept = (np.arange(n_outputs)[:, None] * p + columns).ravel()
    used = np.flatnonzero(~objective.packed_held[kept])
    return np.asfortranarray(block[np.ix_(used, used)]), kept[used]


def _pairs(curvatures: Array, n_outputs: int) -> list[tuple[int, int]]:
    """Blocks on and above the diagonal that are not zero."""
    outputs = range(n_outputs)
    if curvatures.ndim < 3:
        return [(k, k) for k in outputs]
    return [(k, m) for m in outputs for k in range(m + 1)]


def _inverse(
    block: Array, penalty: Array, gauge: Indices
) -> npt.NDArray[np.float32] | None:
    """Of a block and its penalty; None where it has lost definiteness to rounding."""
    if not block.size:
        return None
    assemble(block, penalty, gauge)
    lower, failed = dpotrf(block, lower=1, clean=1, overwrite_a=1)
    if failed:
        return None
    inverse, failed = dpotri(lower, lower=1, overwrite_c=1)
    inverse = np.tril(inverse) + np.tril(inverse, -1).T
    if failed or not np.all(np.isfinite(inverse)):
        return None
    single: npt.NDArray[np.float32] = inverse.astype(np.float32)
    return single


def _scales(matrix: Data) -> tuple[Indices, Array] | None:
    """Which column each new one is, -1 for none, and times what; None if T mixes."""
    if not is_sparse(matrix):
        return None
    entries = matrix.tocoo()
    there = entries.data != 0.0
    row, column, value = entries.row[there], entries.col[there], entries.data[there]
    for places in (row, column):
        if np.bincount(places).max(initial=0) > 1:
            return None
    source = np.full(matrix.shape[0], -1, dtype=np.intp)
    scale = np.ones(matrix.shape[0])
    source[row], scale[row] = column, value
    return source, scale
