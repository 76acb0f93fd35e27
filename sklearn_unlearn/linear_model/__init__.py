"""Linear models that unlearn."""

from sklearn_unlearn.linear_model._logistic import UnlearnableLogisticRegression
from sklearn_unlearn.linear_model._ridge import (
    UnlearnableRidge,
    UnlearnableRidgeClassifier,
)

__all__ = [
    "UnlearnableLogisticRegression",
    "UnlearnableRidge",
    "UnlearnableRidgeClassifier",
]
