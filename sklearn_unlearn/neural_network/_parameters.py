"""The parameters that networks have beside those of their twins."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.utils import check_scalar

from sklearn_unlearn.core.network.descent import Budget, Steps

#: Parameters that the twin does not have.
OWN = (
    "method",
    "unlearning_rate",
    "linear_solver",
    "max_steps",
    "max_passes",
    "max_seconds",
    "retain_data",
)
METHODS = ("levenberg_marquardt", "second_order", "first_order")


class ParametersMixin:
    """Checks the parameters, and reads budget and steps from them."""

    linear_solver: Any
    max_passes: Any
    max_seconds: Any
    max_steps: Any
    method: Any
    retain_data: Any
    unlearning_rate: Any
    warm_start: Any

    _choices: ClassVar[dict[str, tuple]] = {
        "method": METHODS,
        "linear_solver": ("cg", "lissa"),
    }

    def _budget(self):
        return Budget(self.max_steps, self.max_passes, self.max_seconds)

    def _steps(self):
        one_shot = self.method == "second_order"
        products = 20 if self.linear_solver == "cg" else 200
        return Steps(
            "hessian" if one_shot else "gauss_newton",
            self.linear_solver,
            products=10 * products if one_shot else products,
        )

    def _check_parameters(self) -> None:
        """Refuse wrong parameters."""
        for name, values in self._choices.items():
            value = getattr(self, name)
            if not isinstance(value, str) or value not in values:
                known = ", ".join(map(repr, values))
                raise ValueError(f"{name} must be one of {known}; got {value!r}.")
        if not isinstance(self.unlearning_rate, str) or self.unlearning_rate != "auto":
            self._check_positive("unlearning_rate", Real)
        for name in ("max_passes", "max_seconds"):
            if getattr(self, name) is not None:
                self._check_positive(name, Real)
        if self.max_steps is not None:
            check_scalar(self.max_steps, "max_steps", Integral, min_val=1)
        check_scalar(self.retain_data, "retain_data", (bool, np.bool_, Integral))
        if self.warm_start:
            raise ValueError(
                "warm_start=True would keep what earlier data left in the weights, "
                "which no request could name any more: fit anew."
            )
        if not self.retain_data and self.method != "first_order":
            raise ValueError(
                f"method={self.method!r} needs all rows in each request: use "
                "retain_data=True, or method='first_order' and then refine(X, y)."
            )

    def _check_positive(self, name, kind):
        value = getattr(self, name)
        check_scalar(value, name, kind, min_val=0.0, include_boundaries="neither")
        if not np.isfinite(value):
            raise ValueError(f"{name} must be finite; got {value!r}.")
