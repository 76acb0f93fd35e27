"""Scikit-learn estimators that unlearn: rows, values, labels and columns."""

from sklearn_unlearn._show_versions import show_versions
from sklearn_unlearn.gaussian import GaussianCertification
from sklearn_unlearn.linear_model import (
    UnlearnableGammaRegressor,
    UnlearnableGeneralizedLinearModel,
    UnlearnableLinearRegression,
    UnlearnableLinearSVC,
    UnlearnableLinearSVR,
    UnlearnableLogisticRegression,
    UnlearnablePoissonRegressor,
    UnlearnableRidge,
    UnlearnableRidgeClassifier,
    UnlearnableTweedieRegressor,
)

__version__ = "0.1.0.dev0"

__all__ = [
    "GaussianCertification",
    "UnlearnableGammaRegressor",
    "UnlearnableGeneralizedLinearModel",
    "UnlearnableLinearRegression",
    "UnlearnableLinearSVC",
    "UnlearnableLinearSVR",
    "UnlearnableLogisticRegression",
    "UnlearnablePoissonRegressor",
    "UnlearnableRidge",
    "UnlearnableRidgeClassifier",
    "UnlearnableTweedieRegressor",
    "show_versions",
]
