"""Linear models that unlearn."""

from sklearn_unlearn.linear_model._base import LinearUnlearner
from sklearn_unlearn.linear_model._bayesian_ridge import UnlearnableBayesianRidge
from sklearn_unlearn.linear_model._elastic_net import (
    UnlearnableElasticNet,
    UnlearnableLasso,
)
from sklearn_unlearn.linear_model._generalized import UnlearnableGeneralizedLinearModel
from sklearn_unlearn.linear_model._glm import (
    UnlearnableGammaRegressor,
    UnlearnablePoissonRegressor,
    UnlearnableTweedieRegressor,
)
from sklearn_unlearn.linear_model._huber import UnlearnableHuberRegressor
from sklearn_unlearn.linear_model._influence import Influence
from sklearn_unlearn.linear_model._linear_regression import UnlearnableLinearRegression
from sklearn_unlearn.linear_model._logistic import UnlearnableLogisticRegression
from sklearn_unlearn.linear_model._ridge import (
    UnlearnableRidge,
    UnlearnableRidgeClassifier,
)
from sklearn_unlearn.linear_model._ridge_cv import UnlearnableRidgeCV
from sklearn_unlearn.linear_model._svm import UnlearnableLinearSVC, UnlearnableLinearSVR

__all__ = [
    "Influence",
    "LinearUnlearner",
    "UnlearnableBayesianRidge",
    "UnlearnableElasticNet",
    "UnlearnableGammaRegressor",
    "UnlearnableGeneralizedLinearModel",
    "UnlearnableHuberRegressor",
    "UnlearnableLasso",
    "UnlearnableLinearRegression",
    "UnlearnableLinearSVC",
    "UnlearnableLinearSVR",
    "UnlearnableLogisticRegression",
    "UnlearnablePoissonRegressor",
    "UnlearnableRidge",
    "UnlearnableRidgeCV",
    "UnlearnableRidgeClassifier",
    "UnlearnableTweedieRegressor",
]
