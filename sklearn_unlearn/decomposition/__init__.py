"""Decompositions that unlearn."""

from sklearn_unlearn.decomposition._pca import UnlearnablePCA
from sklearn_unlearn.decomposition._truncated_svd import UnlearnableTruncatedSVD

__all__ = ["UnlearnablePCA", "UnlearnableTruncatedSVD"]
