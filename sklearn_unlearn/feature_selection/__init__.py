"""Selection of columns that unlearns."""

from sklearn_unlearn.feature_selection._variance_threshold import (
    UnlearnableVarianceThreshold,
)

__all__ = ["UnlearnableVarianceThreshold"]
