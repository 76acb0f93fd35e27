"""Features of text that unlearn."""

from sklearn_unlearn.feature_extraction.text._count import UnlearnableCountVectorizer
from sklearn_unlearn.feature_extraction.text._tfidf import (
    UnlearnableTfidfTransformer,
    UnlearnableTfidfVectorizer,
)

__all__ = [
    "UnlearnableCountVectorizer",
    "UnlearnableTfidfTransformer",
    "UnlearnableTfidfVectorizer",
]
