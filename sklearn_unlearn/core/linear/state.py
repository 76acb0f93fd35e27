"""The state of a fitted model: coefficients, anchor, factor, known gradient, parts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sklearn_unlearn.core.arrays import Array
from sklearn_unlearn.core.linear.class_terms import Parts
from sklearn_unlearn.core.linear.curvature import Curvature
from sklearn_unlearn.core.linear.exact_products import Products
from sklearn_unlearn.core.linear.factor import Factor
from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.linear.preconditioner import Preconditioner
from sklearn_unlearn.core.linear.reach import Reach
from sklearn_unlearn.core.losses.smooth import Loss
from sklearn_unlearn.exceptions import NoFactorError

#: Version of the layout of `State`, stored in pickles.
SCHEMA = 2


@dataclass(frozen=True, eq=False)
class State:
    """An immutable fitted problem; every request makes a new one.

    Attributes
    ----------
    objective : Objective
    theta : ndarray of shape (p, n_outputs)
        Coefficients, zero where forgotten.
    anchor : ndarray of shape (p, n_outputs)
        Coefficients theta0 at which the factor's weights are taken, zero if these are
        the same everywhere (`Objective.anchor`). They never move but by a
        refactorisation with data: so each row leaves the Hessian with the weight with
        which it came, and the Hessian stays positive definite.
    anchor_loss : Loss
        The loss whose curvature is in the Hessian: that of the objective, but for
        weights of its parts that have changed since. They do not move either.
    hessian : Curvature
        What is kept of the Hessian: a factor, or what speeds passes over the rows up.
    gradient : ndarray of shape (p, n_outputs)
        Known gradient at theta, zero where unknown.
    weight : float
        Summed weight of the rows.
    curvature : float
        Bound on the curvature of a row or, where the loss has none, its mean over all
        rows when the factor was last computed from them.
    parts : Parts or None
        What weights of the parts of the loss need to follow the data without them. The
        factor then has the weights of the objective: it is made from the parts.
    products : Products or None
        Of a quadratic loss, the sums that rows leave without a trace, however large.
    departed : bool
        Whether something that the anchor was computed from has left since. It then
        tells of that: where the data are known, their gradient at the anchor is minus
        that of what left.
    reach : Reach or None
        How far rows that nobody sees may go; None where data are retained.
    schema : int
    """

    objective: Objective
    theta: Array
    anchor: Array
    anchor_loss: Loss
    hessian: Curvature
    gradient: Array
    weight: float
    curvature: float
    parts: Parts | None = None
    products: Products | None = None
    departed: bool = False
    reach: Reach | None = None
    schema: int = SCHEMA

    @property
    def anchored(self) -> Objective:
        """The objective whose Hessian the factor holds."""
        if self.anchor_loss is self.objective.loss:
            return self.objective
        return replace(self.objective, loss=self.anchor_loss)

    @property
    def factor(self) -> Factor:
        """The factor of the Hessian.

        Raises
        ------
        NoFactorError
            If only a part of the Hessian is kept.
        """
        if not isinstance(self.hessian, Factor):
            raise NoFactorError(
                "The model keeps no factor of its Hessian, which this needs: fit with "
                "curvature='cholesky'."
            )
        return self.hessian

    def check_factor(self) -> None:
        """Refuse what needs a factor where there is none.

        Raises
        ------
        NoFactorError
        """
        _ = self.factor

    @property
    def preconditioner(self) -> Preconditioner | None:
        """What speeds passes over the rows up, where no factor is kept."""
        return self.hessian if isinstance(self.hessian, Preconditioner) else None

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
