"""Leave-one-out residuals of ridge regressions, which follow rows out and in.

With ``B = (X' X + alpha I)^-1`` and rows multiplied by the roots of their weights, a
row of leverage ``h = x' B x`` and residual r has ``r / (1 - h)`` where it is left out.
The constant column of an intercept is the last, and has no penalty.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve, eigvalsh

from sklearn_unlearn.core.arrays import Array, Indices, Mask, as_float64

#: Requests after which all is computed from the rows again.
_MOST_REQUESTS = 64
#: Rows that hold a direction alone, to such a share, leave by a computation anew.
_ALONE = 1e-3
#: Rows of which all is brought up to date at a time, so that it stays in the cache.
_SOME_ROWS = 2**13


@dataclass(frozen=True, eq=False)
class LeaveOneOut:
    """Rows, and of each penalty the model, its leverages and its residuals.

    Attributes
    ----------
    center : ndarray of shape (n_columns,)
        What is taken from all rows: with an intercept their first mean, since one far
        from zero would cost inverses their digits; else zero.
    blocks : tuple of ndarray of shape (n_some, p)
        Rows less the centre, in the order in which they came, times the roots of their
        weights.
    alive : ndarray of bool of shape (n_rows,)
    inverses : ndarray of shape (n_penalties, p, p)
    theta : ndarray of shape (n_penalties, p, n_targets)
    leverages : ndarray of shape (n_penalties, n_rows)
        Zero of rows that have left.
    residuals : ndarray of shape (n_penalties, n_targets, n_rows)
        Likewise.
    n_requests : int
        Since all was computed from the rows.
    """

    center: Array
    blocks: tuple[Array, ...]
    alive: Mask
    inverses: Array
    theta: Array
    leverages: Array
    residuals: Array
    n_requests: int = 0

    @staticmethod
    def of(
        X: Array, y: Array, weight: Array, penalties: Array, intercept: bool
    ) -> LeaveOneOut | None:
        """That of all rows; None if a Hessian cannot be factored.

        Parameters
        ----------
        X : ndarray of shape (n_rows, n_columns)
        y : ndarray of shape (n_rows, n_targets)
        weight : ndarray of shape (n_rows,)
            Zero of rows that have left.
        penalties : ndarray of shape (n_penalties,)
        intercept : bool
        """
        center = np.zeros(X.shape[1])
        if intercept:
            center = weight @ X / weight.sum()
        rows = _scaled(X - center, weight, intercept)
        targets = y * np.sqrt(weight)[:, None]
        gram, moments = rows.T @ rows, rows.T @ targets
        p = rows.shape[1]
        diagonal = np.ones(p)
        if intercept:
            diagonal[-1] = 0.0
        inverses = np.empty((penalties.size, p, p))
        for inverse, penalty in zip(inverses, penalties, strict=True):
            try:
                factor = cho_factor(gram + np.diag(penalty * diagonal), lower=True)
            except LinAlgError:
                return None
            inverse[:] = cho_solve(factor, np.eye(p))
        theta = inverses @ moments
        leverages = [np.einsum("ij,ij->i", rows @ each, rows) for each in inverses]
        residuals = targets.T - theta.transpose(0, 2, 1) @ rows.T
        return LeaveOneOut(
            center,
            (rows,),
            weight > 0.0,
            inverses,
            theta,
            np.array(leverages),
            residuals,
        )

    @cached_property
    def squares(self) -> Array:
        """Mean square of the errors of rows, each left out.

        Returns
        -------
        ndarray of shape (n_penalties, n_targets)
        """
        errors = self.residuals / (1.0 - self.leverages)[:, None, :]
        total: Array = np.einsum("ktn,ktn->kt", errors, errors)
        return total / np.count_nonzero(self.alive)

    def without(self, positions: Indices) -> LeaveOneOut | None:
        """Without some rows; None if all has to be computed from the rows."""
        X = self._taken(positions)
        turned = self.inverses @ X.T
        middle = np.eye(positions.size) - X @ turned
        if self.n_requests >= _MOST_REQUESTS or not _safe(middle):
            return None
        inner = as_float64(np.linalg.inv(middle))
        wrong = self.residuals[:, :, positions] @ inner
        alive = self.alive.copy()
        alive[positions] = False
        return replace(self, alive=alive)._moved(turned, inner, wrong)

    def with_rows(self, X: Array, y: Array, weight: Array) -> LeaveOneOut | None:
        """With more rows; None as for `without`."""
        intercept = self.inverses.shape[1] > self.center.size
        X = _scaled(X - self.center, weight, intercept)
        targets = y * np.sqrt(weight)[:, None]
        turned = self.inverses @ X.T
        middle = np.eye(X.shape[0]) + X @ turned
        if self.n_requests >= _MOST_REQUESTS or not np.all(np.isfinite(middle)):
            return None
        inner = -as_float64(np.linalg.inv(middle))
        wrong = (targets - X @ self.theta).transpose(0, 2, 1) @ inner
        after = self._moved(turned, inner, wrong)
        own = np.einsum("kij,ij->ki", X @ after.inverses, X)
        left = targets.T - after.theta.transpose(0, 2, 1) @ X.T
        return replace(
            after,
            blocks=(*self.blocks, X),
            alive=np.append(self.alive, np.ones(X.shape[0], dtype=bool)),
            leverages=np.concatenate([after.leverages, own], axis=1),
            residuals=np.concatenate([after.residuals, left], axis=2),
        )

    def intercept(self, theta: Array) -> Array:
        """Intercepts for rows as they are, of coefficients of shape (p, n_targets)."""
        intercepts: Array = theta[-1] - self.center @ theta[:-1]
        return intercepts

    def _moved(self, turned: Array, inner: Array, wrong: Array) -> LeaveOneOut:
        """What was computed of the rows, after a change of so many ranks.

        Parameters
        ----------
        turned : ndarray of shape (n_penalties, p, n_ranks)
            Rows times inverses.
        inner : ndarray of shape (n_penalties, n_ranks, n_ranks)
        wrong : ndarray of shape (n_penalties, n_targets, n_ranks)
        """
        across, gone = turned.transpose(0, 2, 1), np.flatnonzero(~self.alive)
        n_penalties, n_ranks, p = across.shape
        side, start = across.reshape(-1, p), 0
        leverages, residuals = self.leverages.copy(), self.residuals.copy()
        for block in self.blocks:
            for first in range(0, block.shape[0], _SOME_ROWS):
                rows = block[first : first + _SOME_ROWS]
                here = slice(start, start + rows.shape[0])
                reach = (side @ rows.T).reshape(n_penalties, n_ranks, -1)
                if n_ranks == 1:  # of which products of matrices take far longer
                    residuals[:, :, here] += wrong * reach
                    leverages[:, here] += inner[:, 0] * np.square(reach[:, 0])
                else:
                    residuals[:, :, here] += wrong @ reach
                    leverages[:, here] += np.sum((inner @ reach) * reach, axis=1)
                start = here.stop
        leverages[:, gone] = 0.0
        residuals[:, :, gone] = 0.0
        return replace(
            self,
            inverses=self.inverses + turned @ inner @ across,
            theta=self.theta - turned @ wrong.transpose(0, 2, 1),
            leverages=leverages,
            residuals=residuals,
            n_requests=self.n_requests + 1,
        )

    def _taken(self, positions: Indices) -> Array:
        rows = np.empty((positions.size, self.inverses.shape[1]))
        start = 0
        for block in self.blocks:
            here = (positions >= start) & (positions < start + block.shape[0])
            rows[here] = block[positions[here] - start]
            start += block.shape[0]
        return rows


def _safe(middle: Array) -> bool:
    """Whether rows leave enough of each direction for the others to hold."""
    if not np.all(np.isfinite(middle)):
        return False
    return all(eigvalsh(each)[0] > _ALONE for each in middle)


def _scaled(X: Array, weight: Array, intercept: bool) -> Array:
    """Rows times the roots of their weights, with a constant column at the end."""
    if intercept:
        X = np.column_stack([X, np.ones(X.shape[0])])
    rows: Array = X * np.sqrt(weight)[:, None]
    return rows
