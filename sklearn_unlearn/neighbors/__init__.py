"""Models of neighbours that unlearn."""

from sklearn_unlearn.neighbors._nearest_centroid import UnlearnableNearestCentroid

__all__ = ["UnlearnableNearestCentroid"]
