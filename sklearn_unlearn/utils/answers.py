"""How far what two estimators answer about the same rows differs."""

from __future__ import annotations

from typing import Any

import numpy as np

from sklearn_unlearn.core.arrays import is_sparse

#: What an estimator may answer about rows, the most telling first.
_METHODS = ("predict_proba", "decision_function", "predict", "transform")


def differences(one: Any, other: Any, X: Any) -> tuple[float, float]:
    """The largest and the mean difference of what two estimators answer.

    Probabilities, decisions, predicted numbers or outputs, whichever there are first;
    labels differ by one. NaN where there are others, of other shapes.
    """
    name = next(name for name in _METHODS if hasattr(one, name))
    first, second = (_joined(getattr(each, name)(X)) for each in (one, other))
    if first.shape != second.shape:
        return float("nan"), float("nan")
    if first.dtype.kind not in "fiub":
        found = (first != second).astype(float)
    else:
        found = abs(first - second)
    if is_sparse(found):
        found = found.toarray()
    return float(np.max(found, initial=0.0)), float(np.mean(found))


def _joined(answer: Any) -> Any:
    """What is answered of several targets as one array; all else as it is."""
    return np.hstack(answer) if isinstance(answer, list) else answer
