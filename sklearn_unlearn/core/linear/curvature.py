"""The curvature of an objective, as the model, its steps and refinement use it.

Two kinds are kept. A `Factor` is the whole matrix: requests are one solve with it, with
or without data. A `Preconditioner` is a part of the matrix, for data with many columns
and few entries that are not zero: it only speeds conjugate gradients up, which read all
rows. `State.preconditioner` says which it is, and whatever carries a request out uses
no more of it than is here: a solve, and what becomes of it where rows come and leave,
columns leave, features are mapped or the penalty changes. Each is immutable, and its
pickle holds nothing that is pending.

Which kind
----------
``curvature="cholesky"`` is the factor, ``"iterative"`` the preconditioner. ``"auto"``
is the factor, but for

- an order above `MAX_ORDER`, of which no factor is kept, and
- sparse rows that are retained, as dense ones of few entries are, of order p above
  `FEW_COLUMNS`, of which the square is more than `WIDE` times the entries that are not
  zero, p^2 > 16 n d density: a solve with the factor then reads more than the passes do
  that it spares.

Both only where each column has a penalty, without certification and for requests of
second order: else it is the factor too, if it is refused as too large.
"""

from __future__ import annotations

from typing import Protocol, Self

import numpy as np

from sklearn_unlearn.core.arrays import Array, Data, Indices, is_sparse, n_stored
from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.rows import RowBlocks

#: Largest order of a matrix that is factored: 2 GiB of float64.
MAX_ORDER = 16384
#: Order up to which a factor costs next to nothing.
FEW_COLUMNS = 1024
#: Entries of a factor for each entry of sparse rows from which passes are cheaper.
WIDE = 16.0
#: What ``curvature`` may be.
CURVATURES = ("auto", "cholesky", "iterative")


class Curvature(Protocol):
    """What is kept of a Hessian: see the head of this file."""

    @property
    def nbytes(self) -> int:
        """Bytes held."""

    def solve(self, right: Array) -> Array:
        """Inverse times right-hand sides, exactly or nearly; zero where dropped.

        Parameters
        ----------
        right : ndarray of shape (order, n_right)

        Returns
        -------
        ndarray of shape (order, n_right)
        """

    def extended(
        self,
        rows_in: Array | None = None,
        rows_out: Array | None = None,
        drop: Indices | None = None,
    ) -> Self:
        """Rows in, rows out and coordinates dropped."""

    def transformed(
        self, matrix: Data, penalty: Array, gauge: Indices, alive: Indices
    ) -> Self:
        """The same of ``T H_d T' + Lambda'``."""

    def repenalised(self, penalty: Array, gauge: Indices) -> Self:
        """The same data Hessian with another penalty."""


def is_iterative(
    curvature: str, objective: Objective, rows: RowBlocks, retained: bool
) -> bool:
    """Whether no factor is to be kept, by the rule in the head of this file."""
    if curvature != "auto":
        return curvature == "iterative"
    order = objective.n_unknowns
    if not is_penalised(objective):
        return False
    if order > MAX_ORDER:
        return True
    if not retained or order <= FEW_COLUMNS:
        return False
    stored = 0
    for block in rows.blocks():
        if not is_sparse(block.X):
            return False
        stored += n_stored(block.X)
    return float(order) ** 2 > WIDE * stored


def is_penalised(objective: Objective) -> bool:
    """Whether each coefficient but those of a constant has a penalty."""
    columns = slice(-1) if objective.fit_intercept else slice(None)
    free = (objective.penalty[columns] == 0.0) & ~objective.held[columns]
    return not bool(np.any(free))
