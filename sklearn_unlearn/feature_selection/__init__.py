"""Selection of columns that unlearns."""

from sklearn_unlearn.feature_selection._univariate import (
    UnlearnableSelectKBest,
    UnlearnableSelectPercentile,
)
from sklearn_unlearn.feature_selection._variance_threshold import (
    UnlearnableVarianceThreshold,
)

__all__ = [
    "UnlearnableSelectKBest",
    "UnlearnableSelectPercentile",
    "UnlearnableVarianceThreshold",
]
