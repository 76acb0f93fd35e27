"""The names of the methods, and what one of them makes of a request."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from unittest.mock import patch

from sklearn_unlearn.core.linear.objective import Objective

RETRAINING, WARM, SISA = "retraining", "retraining, warm", "SISA"
PRIVACY, NO_UPDATE, OCCLUSION = "differential privacy", "no update", "occlusion"
FINE_TUNING, FIRST = "fine-tuning", "first order"
STALE, SECOND = "second order, old Hessian", "second order"
COLUMNS, EXACT = "column elimination", "exact"
#: In the order of the tables.
METHODS = (
    *(RETRAINING, WARM, SISA, PRIVACY, NO_UPDATE, OCCLUSION),
    *(FINE_TUNING, FIRST, STALE, SECOND, COLUMNS, EXACT),
)


@dataclass(frozen=True, eq=False)
class Answer:
    """What a method made of a request.

    Attributes
    ----------
    model : estimator
        scikit-learn's, or sharded.
    seconds : float
        All that a verb or a fit does, finding its rows included. Without choosing a
        rate.
    gradients : float
        Gradients of single rows that were evaluated, at the least.
    formula : bool
        Whether the seconds are those of a formula alone: no verb answers.
    """

    model: object
    seconds: float = 0.0
    gradients: float = 0.0
    formula: bool = False

    @property
    def theta(self):
        """Coefficients of shape (p, 1); None of an ensemble."""
        return self.model.coef_.T if hasattr(self.model, "coef_") else None


def timed(call):
    """Seconds, and the result."""
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


@contextmanager
def gradients_counted():
    """A list of the numbers of rows whose gradients our core evaluates while inside."""
    counted = []

    def counting(method):
        def call(objective, rows, theta):
            counted.append(rows.n_rows)
            return method(objective, rows, theta)

        return call

    names = ("data_gradient", "value_and_gradient")
    methods = {name: counting(getattr(Objective, name)) for name in names}
    with patch.multiple(Objective, **methods):
        yield counted
