"""Estimators of any kind that unlearn by training again, exactly."""

from sklearn_unlearn.retraining._estimators import (
    RetrainedClassifier,
    RetrainedRegressor,
    RetrainedTransformer,
)

__all__ = ["RetrainedClassifier", "RetrainedRegressor", "RetrainedTransformer"]
