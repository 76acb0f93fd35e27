"""The cost of unlearning beside that of a refit."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral
from typing import Any

from sklearn.utils import check_scalar

from sklearn_unlearn.certification.counter import rehearsal
from sklearn_unlearn.utils.frames import FrameMixin


@dataclass(frozen=True)
class Efficiency(FrameMixin):
    """Cost of a request and of the refit that it saves.

    Attributes
    ----------
    seconds, refit_seconds : float
    gradients, refit_gradients : float or None
        Gradients of single rows that each has evaluated, if they were given: of a
        request without data twice the rows that it replaces or once those that it
        removes, of a solver the rows times its passes over them.

    Examples
    --------
    >>> from sklearn_unlearn.metrics import Efficiency
    >>> cost = Efficiency(0.01, 0.5, gradients=2.0, refit_gradients=1000.0)
    >>> cost.speed_up, cost.gradient_ratio
    (50.0, 500.0)
    """

    seconds: float
    refit_seconds: float
    gradients: float | None = None
    refit_gradients: float | None = None

    @property
    def speed_up(self) -> Any:
        """Time of the refit over that of the request; infinite if that took none."""
        return self.refit_seconds / self.seconds if self.seconds else math.inf

    @property
    def gradient_ratio(self) -> Any:
        """Gradients of the refit over those of the request; None if not given.

        Infinite if the request took none.
        """
        if self.gradients is None or self.refit_gradients is None:
            return None
        return self.refit_gradients / self.gradients if self.gradients else math.inf


def efficiency(
    estimator: Any,
    request: Callable[..., Any],
    refit: Callable[..., Any],
    *,
    gradients: float | None = None,
    refit_gradients: float | None = None,
    repeats: int = 3,
) -> Efficiency:
    """Time of a request beside that of the refit that it saves, measured in turns.

    Parameters
    ----------
    estimator : estimator
        The fitted model; it is not changed.
    request : callable
        Called with a copy of the model. Making the copy is not timed.
    refit : callable
        Called without arguments.
    gradients, refit_gradients : float, optional
        What is known of them, see `Efficiency`.
    repeats : int, default=3
        How often both are called; the shortest time of each counts.

    Returns
    -------
    Efficiency

    Raises
    ------
    TypeError, ValueError
        If ``repeats`` is not a positive integer.

    Examples
    --------
    >>> from sklearn.base import clone
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.preprocessing import scale
    >>> from sklearn_unlearn import UnlearnableLogisticRegression
    >>> from sklearn_unlearn.metrics import efficiency
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> X = scale(X)
    >>> model = UnlearnableLogisticRegression().fit(X, y)
    >>> result = efficiency(
    ...     model,
    ...     lambda model: model.partial_unfit(X[:3], y[:3]),
    ...     lambda: clone(model).fit(X[3:], y[3:]),
    ... )
    >>> result.speed_up == result.refit_seconds / result.seconds
    True
    """
    check_scalar(repeats, "repeats", Integral, min_val=1)
    times = []
    for _ in range(repeats):
        model = copy.deepcopy(estimator)
        start = time.perf_counter()
        with rehearsal():
            request(model)
        between = time.perf_counter()
        refit()
        times.append((between - start, time.perf_counter() - between))
    seconds, refit_seconds = map(min, zip(*times, strict=True))
    return Efficiency(seconds, refit_seconds, gradients, refit_gradients)
