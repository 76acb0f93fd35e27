"""Estimators of any kind that unlearn by training again, exactly."""

from sklearn_unlearn.retraining._estimators import (
    RetrainedClassifier,
    RetrainedRegressor,
    RetrainedTransformer,
)
from sklearn_unlearn.retraining._retrained import RetrainedModel

__all__ = [
    "RetrainedClassifier",
    "RetrainedModel",
    "RetrainedRegressor",
    "RetrainedTransformer",
]
