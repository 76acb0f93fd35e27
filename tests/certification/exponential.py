"""Problems of one unknown on which the theorems hold with equality.

Far to the left the loss of a raw prediction is its exponential: with the raw prediction
``u - 40`` and a weight of ``exp(40)`` the objective is ``exp(u) - slope u``, up to
rounding, and self-concordance an equation.
"""

from __future__ import annotations

import math

import numpy as np

from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.linear.refinement import fresh_factor
from sklearn_unlearn.core.linear.state import State
from sklearn_unlearn.core.losses import HalfBinomialLogistic, MultinomialLogistic
from sklearn_unlearn.core.rows import Rows

OFFSET = 40.0
LOSSES = {"logistic": HalfBinomialLogistic(), "multinomial": MultinomialLogistic()}
#: 2-norm of the coefficients, and of the gradient over its derivative in u.
LENGTH = {"logistic": 1.0, "multinomial": math.sqrt(0.5)}


def objective(kind, slope) -> Objective:
    b = np.array([[-slope]]) if kind == "logistic" else np.array([[-slope, slope]])
    none = np.zeros(b.shape, dtype=bool)
    return Objective(LOSSES[kind], False, np.zeros(b.shape), b, none)


def rows(kind, shares=(1.0,)) -> Rows:
    """Equal rows whose weights are shares of ``exp(40)``."""
    n = len(shares)
    y = np.zeros((n, 1)) if kind == "logistic" else np.ones((n, 1))
    return Rows(np.ones((n, 1)), y, math.exp(OFFSET) * np.array(shares))


def theta(kind, u) -> np.ndarray:
    raw = u - OFFSET
    return np.array([[raw]]) if kind == "logistic" else np.array([[raw, -raw]]) / 2.0


def state(kind, u, *, anchor, slope, shares=(1.0,)) -> State:
    """At u, with its gradient known and the Hessian of the anchor."""
    f, data, at = objective(kind, slope), rows(kind, shares), theta(kind, anchor)
    return State(
        objective=f,
        theta=theta(kind, u),
        anchor=at,
        anchor_loss=f.loss,
        hessian=fresh_factor(f, data, at),
        gradient=f.gradient(data, theta(kind, u)),
        weight=float(data.weight.sum()),
        curvature=f.curvature_scale(data, at),
    )
