"""Estimators of any kind that unlearn by training again, exactly."""

from sklearn_unlearn.retraining._estimators import (
    RetrainedClassifier,
    RetrainedRegressor,
    RetrainedTransformer,
)
from sklearn_unlearn.retraining._retrained import (
    RetrainedModel,
    reason_of,
    warn_if_random,
    with_reason,
)

__all__ = [
    "RetrainedClassifier",
    "RetrainedModel",
    "RetrainedRegressor",
    "RetrainedTransformer",
    "reason_of",
    "warn_if_random",
    "with_reason",
]
