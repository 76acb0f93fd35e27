"""Linear models that unlearn."""

from sklearn_unlearn.linear_model._generalized import UnlearnableGeneralizedLinearModel
from sklearn_unlearn.linear_model._glm import (
    UnlearnableGammaRegressor,
    UnlearnablePoissonRegressor,
    UnlearnableTweedieRegressor,
)
from sklearn_unlearn.linear_model._logistic import UnlearnableLogisticRegression
from sklearn_unlearn.linear_model._ridge import (
    UnlearnableLinearRegression,
    UnlearnableRidge,
    UnlearnableRidgeClassifier,
)

__all__ = [
    "UnlearnableGammaRegressor",
    "UnlearnableGeneralizedLinearModel",
    "UnlearnableLinearRegression",
    "UnlearnableLogisticRegression",
    "UnlearnablePoissonRegressor",
    "UnlearnableRidge",
    "UnlearnableRidgeClassifier",
    "UnlearnableTweedieRegressor",
]
