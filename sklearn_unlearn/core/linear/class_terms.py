"""Sums of each part of a weighted loss: what new weights need instead of the data.

With weights w the gradient and the Hessian of the data are ``sum_j w_j g_j`` and
``sum_j w_j H_j``. Whoever keeps ``g_j`` at the coefficients and ``H_j`` at the anchor
can change the weights of all rows of a class without looking at one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg.blas import dsymm

from sklearn_unlearn.core.arrays import Array, powers_of_two
from sklearn_unlearn.core.linear.edits import Edit, FeatureMap, Identity, LinearMap
from sklearn_unlearn.core.linear.factor import Factor, factorise
from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.linear.peaks import mapped_peaks
from sklearn_unlearn.core.losses.weighted import parts_of, weights_of
from sklearn_unlearn.core.rows import RowBlocks
from sklearn_unlearn.exceptions import ProblemTooLargeError

#: Entries of all matrices together: 2 GiB of float64.
MAX_ENTRIES = 2**28


@dataclass(frozen=True, eq=False)
class Parts:
    """Gradients and Hessians of the parts of a loss, zero at forgotten coefficients.

    Attributes
    ----------
    gradients : ndarray of shape (n_parts, p, n_outputs)
        Of the data, at the coefficients of the state.
    hessians : tuple of n_parts ndarray of shape (n_unknowns, n_unknowns)
        Of the data, at the anchor; packed, upper triangles.
    peaks : ndarray of shape (n_parts, n_unknowns)
        As in `Factor`, of each of these.
    """

    gradients: Array
    hessians: tuple[Array, ...]
    peaks: Array

    @staticmethod
    def of(objective: Objective, rows: RowBlocks, theta: Array, anchor: Array) -> Parts:
        """The sums over all rows."""
        gradients, hessians = [], []
        for part in _parts(objective):
            gradients.append(part.data_gradient(rows, theta))
            hessians.append(part.data_hessian(rows, anchor))
        peaks = powers_of_two(_diagonals(hessians))
        parts = Parts(np.stack(gradients), tuple(hessians), peaks)
        return parts._without_forgotten(objective)

    def gradient(self, weights: Array) -> Array:
        """Gradient of the data with these weights, shaped as the coefficients."""
        gradient: Array = np.tensordot(weights, self.gradients, 1)
        return gradient

    def factor(self, objective: Objective, weights: Array) -> Factor:
        """Factor of the Hessian with these weights.

        Raises
        ------
        NotPositiveDefiniteError
        """
        H = weights[0] * self.hessians[0]
        for weight, part in zip(weights[1:], self.hessians[1:], strict=True):
            H += weight * part
        alive = np.flatnonzero(~objective.packed_held)
        if alive.size < H.shape[0]:
            H = np.asfortranarray(H[np.ix_(alive, alive)])
        penalty = objective.packed_penalty
        peak = powers_of_two(weights @ self.peaks + penalty)[alive]
        return factorise(H, penalty, objective.gauge, alive, peak)

    def edited(
        self, objective: Objective, edit: Edit, theta: Array, anchor: Array
    ) -> Parts:
        """The sums after rows came and left."""
        if edit.rows_in is None and edit.rows_out is None:
            return self
        gradients, hessians, peaks = self.gradients.copy(), [], self.peaks.copy()
        for j, part in enumerate(_parts(objective)):
            gradients[j] += edit.data_gradient(part, theta)
            H = self.hessians[j].copy(order="F")
            rows_in, rows_out = edit.curvature_rows(part, anchor)
            for rows, sign in ((rows_in, 1.0), (rows_out, -1.0)):
                if rows is not None:
                    part.data_hessian(rows, anchor, out=H, sign=sign)
                    peaks[j] = np.maximum(peaks[j], powers_of_two(np.diagonal(H)))
            hessians.append(H)
        parts = Parts(gradients, tuple(hessians), peaks)
        return parts._without_forgotten(objective)

    def moved(
        self, direction: Array, features: FeatureMap, old: Objective, new: Objective
    ) -> Parts:
        """The sums where the coefficients have moved and the features were mapped.

        Gradients follow to first order; for a quadratic loss that is all.
        """
        gradients, hessians, peaks = [], [], self.peaks
        packed = np.asfortranarray(old.pack(direction))
        for gradient, H in zip(self.gradients, self.hessians, strict=True):
            bent = old.unpack(dsymm(1.0, H, packed, side=0, lower=0))
            gradients.append(features.push(gradient + bent))
            if not isinstance(features, Identity):
                H = _mapped(np.triu(H) + np.triu(H, 1).T, features, old)
            hessians.append(H)
        if not isinstance(features, Identity):
            peaks = np.array([_reach(peak, features, old) for peak in peaks])
        parts = Parts(np.stack(gradients), tuple(hessians), peaks)
        return parts._without_forgotten(new)

    def _without_forgotten(self, objective: Objective) -> Parts:
        if not objective.held.any():
            return self
        packed = ~objective.packed_held
        both = packed[:, None] & packed
        return Parts(
            self.gradients * ~objective.held,
            tuple(np.asfortranarray(np.where(both, H, 0.0)) for H in self.hessians),
            self.peaks * packed,
        )


def check_parts(objective: Objective) -> None:
    """Refuse sums that exceed `MAX_ENTRIES`.

    Raises
    ------
    ProblemTooLargeError
    """
    order, n_parts = objective.n_unknowns, weights_of(objective.loss).size
    if n_parts * order**2 > MAX_ENTRIES:
        raise ProblemTooLargeError(
            f'class_weight="balanced" without the data needs {n_parts} matrices of '
            f"order {order} ({8 * n_parts * order**2 / 2**30:.1f} GiB), above the "
            f"limit of {8 * MAX_ENTRIES // 2**30} GiB. Fit with retain_data=True, "
            "which needs none of them, or give class_weight as a dict."
        )


def _parts(objective: Objective) -> list[Objective]:
    return [replace(objective, loss=part) for part in parts_of(objective.loss)]


def _diagonals(hessians: list[Array]) -> Array:
    return np.array([np.diagonal(H) for H in hessians])


def _reach(peak: Array, features: FeatureMap, objective: Objective) -> Array:
    """A bound on the diagonal of ``T H T'``, block by block of a coupled Hessian."""
    if not isinstance(features, LinearMap):
        return peak
    blocks = peak.reshape(-1, objective.shape[0])
    return np.concatenate([mapped_peaks(features.matrix, one) for one in blocks])


def _mapped(hessian: Array, features: FeatureMap, objective: Objective) -> Array:
    """``T H T'``, block by block of a coupled Hessian."""
    p, order = objective.shape[0], hessian.shape[0]

    def pushed(matrix: Array) -> Array:
        blocks = range(0, order, p)
        return np.concatenate([features.push(matrix[k : k + p]) for k in blocks])

    return np.asfortranarray(pushed(pushed(hessian).T).T)
