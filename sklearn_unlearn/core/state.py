"""What a fitted model keeps: coefficients, anchor, factor, known gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sklearn_unlearn.core.arrays import Array
from sklearn_unlearn.core.factor import Factor
from sklearn_unlearn.core.objective import Objective

#: Version of the layout of `State`, stored in pickles.
SCHEMA = 1


@dataclass(frozen=True, eq=False)
class State:
    """An immutable fitted problem; every request makes a new one.

    Attributes
    ----------
    objective : Objective
    theta : ndarray of shape (p, n_outputs)
        Coefficients, zero where forgotten.
    anchor : ndarray of shape (p, n_outputs)
        Coefficients theta0 at which the factor's weights are taken. They never
        move but by a refactorisation with data: so each row leaves the Hessian with
        the weight with which it came, and the Hessian stays positive definite.
    factor : Factor
    gradient : ndarray of shape (p, n_outputs)
        Known gradient at theta, zero where unknown.
    weight : float
        Summed weight of the rows.
    curvature : float
        Bound on the curvature of a row or, where the loss has none, its mean over all
        rows when the factor was last computed from them.
    schema : int
    """

    objective: Objective
    theta: Array
    anchor: Array
    factor: Factor
    gradient: Array
    weight: float
    curvature: float
    schema: int = SCHEMA

    def solve(self, gradient: Array) -> Array:
        """Inverse Hessian times an array shaped as theta."""
        objective = self.objective
        return objective.unpack(self.factor.solve(objective.pack(gradient)))

    def curvature_dot(self, direction: Array) -> Array:
        """Data Hessian times an array shaped as theta."""
        objective = self.objective
        return objective.unpack(self.factor.curvature_dot(objective.pack(direction)))

    def __setstate__(self, state: dict[str, Any]) -> None:
        if state["schema"] != SCHEMA:
            raise ValueError(
                f"The pickled state has layout {state['schema']}, this version reads "
                f"layout {SCHEMA}: load it with the version that wrote it."
            )
        self.__dict__.update(state)

    @property
    def residual(self) -> float:
        """2-norm of the known gradient."""
        return float(np.linalg.norm(self.gradient))
