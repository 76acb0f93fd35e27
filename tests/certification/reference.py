"""Minimisers and yardsticks that share no code with the bounds: long doubles, dense.

`minimiser` says how far it can be trusted; `Yardstick` is the Hessian at the anchor,
written out, in which the ingredients of a bound are measured.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.linalg import eigvalsh

from sklearn_unlearn.core.arrays import densify
from sklearn_unlearn.core.losses import (
    HalfBinomialLogistic,
    HalfSquaredError,
    HalfTweedie,
)

LONG = np.longdouble
EPS = float(np.finfo(LONG).eps)
_BLOCK = 24

needs_long_double = pytest.mark.skipif(
    EPS > 1e-18, reason="long double is double here: nothing to compare with"
)


def design(objective, rows):
    """Rows as the coefficients see them, those of no weight left out."""
    keep = rows.weight > 0.0
    X = densify(rows.X).astype(LONG)[keep]
    if objective.fit_intercept:
        X = np.column_stack([X, np.ones(X.shape[0], LONG)])
    return X, rows.y[keep], rows.weight[keep].astype(LONG)


def residual_and_curvature(loss, raw, y):
    """First derivative of each row, and second as one matrix a row."""
    if isinstance(loss, HalfSquaredError):
        return raw - y, np.broadcast_to(
            np.eye(raw.shape[1]), (*raw.shape, raw.shape[1])
        )
    if isinstance(loss, HalfBinomialLogistic):
        sign = 1 - 2 * y
        small = np.exp(-np.abs(raw))
        wrong = np.where(sign * raw > 0, 1, small) / (1 + small)
        return sign * wrong, (small / (1 + small) ** 2)[:, :, None]
    if isinstance(loss, HalfTweedie):
        p, y = loss.power, y.astype(LONG)
        up, down = np.exp((2 - p) * raw), y * np.exp((1 - p) * raw)
        return up - down, ((2 - p) * up - (1 - p) * down)[:, :, None]
    shares = np.exp(raw - raw.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    own = np.arange(raw.shape[1]) == y
    residual = np.where(own, 0, shares)
    residual[own] = -residual.sum(axis=1)
    curvature = -shares[:, :, None] * shares[:, None, :]
    diagonal = np.arange(raw.shape[1])
    curvature[:, diagonal, diagonal] = 0
    curvature[:, diagonal, diagonal] = -curvature.sum(axis=2)
    return residual, curvature


def gradient(objective, rows, theta):
    """Gradient in long doubles, and a bound on its rounding error by coordinate."""
    X, y, weight = design(objective, rows)
    raw = X @ theta
    residual, curvature = residual_and_curvature(objective.loss, raw, y)
    pull = residual * weight[:, None]
    found = _in_blocks(X, pull) + objective.penalty * theta + objective.linear
    size = np.abs(X).T @ np.abs(pull) + np.abs(objective.penalty * theta)
    size = size + np.abs(objective.linear)
    bent = np.einsum("ikl,il->ik", np.abs(curvature), np.abs(X) @ np.abs(theta))
    bent = np.abs(X).T @ (bent * weight[:, None])
    error = EPS * (_BLOCK + X.shape[0] / _BLOCK + X.shape[1] + 16) * (size + bent)
    found[objective.forgotten] = 0
    error[objective.forgotten] = 0
    return found, error


def _in_blocks(X, pull):
    parts = range(0, X.shape[0], _BLOCK)
    return sum(X[i : i + _BLOCK].T @ pull[i : i + _BLOCK] for i in parts)


def hessian(objective, rows, at, raw=None):
    """Hessian at raw predictions of ``at``, output after output, with no gauge.

    Those may be given instead, of all rows.
    """
    X, y, weight = design(objective, rows)
    raw = X @ at if raw is None else raw[rows.weight > 0.0]
    curvature = residual_and_curvature(objective.loss, raw, y)[1]
    curvature = (curvature * weight[:, None, None]).astype(float)
    X = X.astype(float)
    n_outputs = objective.shape[1]
    blocks = [
        [X.T @ (curvature[:, k, m, None] * X) for m in range(n_outputs)]
        for k in range(n_outputs)
    ]
    return np.block(blocks) + np.diag(flat(objective.penalty))


def flat(theta):
    """Coefficients as one vector, output after output."""
    return theta.reshape(-1, order="F")


def unflat(vector, shape):
    return vector.reshape(shape, order="F")


def basis(objective):
    """Orthonormal columns that span the coefficients in use, in their gauge.

    A softmax alone decides nothing about a shift of all classes: the coefficients of a
    column whose penalties are equal sum to zero.
    """
    p, n_outputs = objective.shape
    alike = np.zeros(p, dtype=bool)
    if objective.loss.shift_invariant:
        alike = (objective.penalty == objective.penalty[:, :1]).all(axis=1)
        alike &= objective.linear.sum(axis=1) == 0.0
    columns = []
    for j in np.flatnonzero(~objective.forgotten):
        inner = _sums_of_zero(n_outputs) if alike[j] else np.eye(n_outputs, dtype=LONG)
        block = np.zeros((n_outputs, p, inner.shape[1]), LONG)
        block[:, j] = inner
        columns.append(block.reshape(n_outputs * p, -1))
    return np.hstack(columns)


def _sums_of_zero(n):
    """Helmert's orthonormal basis of the vectors that sum to zero."""
    k = np.arange(1, n)
    columns = np.triu(np.ones((n, n - 1), LONG))
    columns[k, k - 1] = -k
    return columns / np.sqrt((k * (k + 1)).astype(LONG))


@dataclass
class Minimiser:
    """The minimiser, and how far off it may be."""

    theta: np.ndarray
    error: float


def minimiser(objective, rows, start):
    """Newton's method with long-double gradients; error infinite if not to be had."""
    span = basis(objective)
    rounded = span.astype(float)

    def across(vector):
        return span.T @ flat(vector)

    theta = unflat(span @ across(start.astype(LONG)), start.shape)
    length, size, inverse = np.inf, 0.0, None
    for _ in range(25):
        if inverse is None or length > 1e-4 * size:
            inverse = _inverse(rounded.T @ hessian(objective, rows, theta) @ rounded)
            if inverse is None:
                return Minimiser(theta, np.inf)
        step = inverse @ across(gradient(objective, rows, theta)[0]).astype(float)
        before, length = length, float(np.linalg.norm(step))
        if not np.isfinite(length):
            return Minimiser(theta, np.inf)
        theta = theta - unflat(span @ step, theta.shape)
        size = float(np.linalg.norm(theta.astype(float)))
        stuck = length >= 0.5 * before and before < 1e-9 * size
        if length <= 2.0 * EPS * size or stuck:
            break
    found, error = gradient(objective, rows, theta)
    wrong = np.abs(across(found)) + np.abs(rounded.T) @ flat(error)
    wrong = np.linalg.norm(np.abs(inverse) @ wrong.astype(float))
    return Minimiser(theta, 2.0 * float(wrong) + 4.0 * EPS * size)


def _inverse(matrix):
    """Of a symmetric matrix scaled to a unit diagonal, None beyond a condition 1e13."""
    diagonal = np.diagonal(matrix)
    if not (np.all(np.isfinite(diagonal)) and np.all(diagonal > 0.0)):
        return None
    root = np.sqrt(diagonal)
    scaled = matrix / root[:, None] / root
    if not np.all(np.isfinite(scaled)) or np.linalg.cond(scaled) > 1e13:
        return None
    return np.linalg.inv(scaled) / root[:, None] / root


class Yardstick:
    """The Hessian, dense: what a `Geometry` makes claims about.

    Weights are taken at the anchor, or at ``raw`` predictions.
    """

    def __init__(self, state, rows, raw=None):
        objective = state.objective
        self.objective, self.rows = objective, rows
        self.span = basis(objective).astype(float)
        whole = hessian(objective, rows, state.anchor.astype(LONG), raw)
        self.matrix = self.span.T @ whole @ self.span
        root = np.sqrt(np.maximum(np.diagonal(self.matrix), 1e-300))
        self.inverse = _inverse(self.matrix)
        self.condition = np.linalg.cond(self.matrix / root[:, None] / root)

    def dual(self, vectors):
        """H^-1 norms of the columns of ``(p n_outputs, n)``."""
        inner = self.span.T @ vectors
        return np.sqrt(np.einsum("ij,ij->j", inner, self.inverse @ inner))

    def dual_of(self, gradient):
        """H^-1 norm of an array shaped as coefficients."""
        return float(self.dual(flat(gradient).astype(float)[:, None])[0])

    @property
    def smallest(self):
        return float(eigvalsh(self.matrix)[0])

    @property
    def radius(self):
        """Largest H^-1 norm of a row, of any output."""
        X = design(self.objective, self.rows)[0].astype(float)
        outputs = np.eye(self.objective.shape[1])
        return max(float(self.dual(np.kron(e[:, None], X.T)).max()) for e in outputs)

    @property
    def scaled(self):
        """Smallest eigenvalue with a unit diagonal, coefficients as they are.

        Softmax coordinates are those across the gauge, which the factor's are not.
        """
        root = np.sqrt(np.diagonal(self.matrix))
        return float(eigvalsh(self.matrix / root[:, None] / root)[0])

    def raw_change(self, direction):
        X = design(self.objective, self.rows)[0]
        return float(np.abs(X @ direction).max())

    @property
    def reach(self):
        return np.abs(design(self.objective, self.rows)[0]).max(axis=0).astype(float)
