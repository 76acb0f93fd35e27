"""Discriminant analysis that unlearns."""

from sklearn_unlearn.discriminant_analysis._linear import (
    UnlearnableLinearDiscriminantAnalysis,
)
from sklearn_unlearn.discriminant_analysis._quadratic import (
    UnlearnableQuadraticDiscriminantAnalysis,
)

__all__ = [
    "UnlearnableLinearDiscriminantAnalysis",
    "UnlearnableQuadraticDiscriminantAnalysis",
]
