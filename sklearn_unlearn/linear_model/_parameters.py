"""Parameters that all linear estimators have, checked once for each choice of them."""

from __future__ import annotations

import sys
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils import check_scalar

from sklearn_unlearn.core.linear.curvature import CURVATURES
from sklearn_unlearn.core.linear.model import Options
from sklearn_unlearn.utils.by_parameters import by_parameters
from sklearn_unlearn.utils.twin_parameters import other_objective

#: Steps of a refinement where ``max_iter`` is None.
_DEFAULT_MAX_ITER = 100


class ParametersMixin:
    """Refuses parameters, and says how requests are answered by them."""

    certification: Any
    curvature: Any
    max_iter: Any
    method: Any
    tol: Any
    unlearning_rate: Any
    _check_certification: Any

    def _options(self):
        return by_parameters(self, _options_of)

    def _check_objective(self, n_classes=None):
        """Refuse parameters of the twin with which it minimises something else."""
        other = other_objective(type(self), vars(self), n_classes)
        if other is not None:
            raise ValueError(f"{type(self).__name__} was given {other}")

    def _check_parameters(self):
        self._check_objective()
        if self.method not in ("second_order", "first_order"):
            raise ValueError(
                f"method must be 'second_order' or 'first_order'; got {self.method!r}"
            )
        if self.curvature not in CURVATURES:
            raise ValueError(
                "curvature must be 'auto', 'cholesky' or 'iterative'; got "
                f"{self.curvature!r}."
            )
        if self.curvature == "iterative":
            self._check_iterative()
        if self.unlearning_rate != "auto":
            check_scalar(
                self.unlearning_rate,
                "unlearning_rate",
                Real,
                min_val=0.0,
                max_val=sys.float_info.max,
                include_boundaries="right",
            )
            if np.isnan(self.unlearning_rate):
                raise ValueError("unlearning_rate must be a number; got nan.")
        check_scalar(self.tol, "tol", Real, min_val=0.0, include_boundaries="neither")
        if not np.isfinite(self.tol):
            raise ValueError(f"tol must be finite; got {self.tol!r}.")
        if self.max_iter is not None:
            check_scalar(self.max_iter, "max_iter", Integral, min_val=1)
        for name in ("fit_intercept", "retain_data"):
            check_scalar(getattr(self, name), name, (bool, np.bool_, Integral))
        self._check_certification()

    def _check_iterative(self):
        """Refuse what needs all of the Hessian."""
        if self.certification is not None:
            raise ValueError(
                "curvature='iterative' keeps no factor of the Hessian, in whose norm "
                "certificates bound the distance to a refit: use "
                "curvature='cholesky', or certification=None."
            )
        if self.method == "first_order":
            raise ValueError(
                "curvature='iterative' answers requests by minimising again: with "
                "method='first_order' use curvature='cholesky'."
            )


def _options_of(model):
    """How requests of a linear model are answered, its parameters checked."""
    model._check_parameters()
    automatic = isinstance(model.unlearning_rate, str)
    return Options(
        first_order=model.method == "first_order",
        rate=None if automatic else float(model.unlearning_rate),
        tol=float(model.tol),
        max_iter=_DEFAULT_MAX_ITER if model.max_iter is None else model.max_iter,
    )
