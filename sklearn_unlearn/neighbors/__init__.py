"""Models of neighbours that unlearn."""

from sklearn_unlearn.neighbors._nearest_centroid import UnlearnableNearestCentroid
from sklearn_unlearn.neighbors._nearest_neighbors import (
    UnlearnableKNeighborsClassifier,
    UnlearnableKNeighborsRegressor,
)

__all__ = [
    "UnlearnableKNeighborsClassifier",
    "UnlearnableKNeighborsRegressor",
    "UnlearnableNearestCentroid",
]
