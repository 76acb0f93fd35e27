"""Scikit-learn estimators that unlearn: rows, values, labels and columns."""

from sklearn_unlearn._show_versions import show_versions
from sklearn_unlearn.discriminant_analysis import (
    UnlearnableLinearDiscriminantAnalysis,
    UnlearnableQuadraticDiscriminantAnalysis,
)
from sklearn_unlearn.gaussian import GaussianCertification
from sklearn_unlearn.linear_model import (
    UnlearnableBayesianRidge,
    UnlearnableGammaRegressor,
    UnlearnableGeneralizedLinearModel,
    UnlearnableHuberRegressor,
    UnlearnableLinearRegression,
    UnlearnableLinearSVC,
    UnlearnableLinearSVR,
    UnlearnableLogisticRegression,
    UnlearnablePoissonRegressor,
    UnlearnableRidge,
    UnlearnableRidgeClassifier,
    UnlearnableTweedieRegressor,
)
from sklearn_unlearn.naive_bayes import (
    UnlearnableBernoulliNB,
    UnlearnableCategoricalNB,
    UnlearnableComplementNB,
    UnlearnableGaussianNB,
    UnlearnableMultinomialNB,
)
from sklearn_unlearn.neighbors import UnlearnableNearestCentroid

__version__ = "0.1.0.dev0"

__all__ = [
    "GaussianCertification",
    "UnlearnableBayesianRidge",
    "UnlearnableBernoulliNB",
    "UnlearnableCategoricalNB",
    "UnlearnableComplementNB",
    "UnlearnableGammaRegressor",
    "UnlearnableGaussianNB",
    "UnlearnableGeneralizedLinearModel",
    "UnlearnableHuberRegressor",
    "UnlearnableLinearDiscriminantAnalysis",
    "UnlearnableLinearRegression",
    "UnlearnableLinearSVC",
    "UnlearnableLinearSVR",
    "UnlearnableLogisticRegression",
    "UnlearnableMultinomialNB",
    "UnlearnableNearestCentroid",
    "UnlearnablePoissonRegressor",
    "UnlearnableQuadraticDiscriminantAnalysis",
    "UnlearnableRidge",
    "UnlearnableRidgeClassifier",
    "UnlearnableTweedieRegressor",
    "show_versions",
]
