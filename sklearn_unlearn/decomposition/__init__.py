"""Decompositions that unlearn."""

from sklearn_unlearn.decomposition._pca import UnlearnablePCA

__all__ = ["UnlearnablePCA"]
