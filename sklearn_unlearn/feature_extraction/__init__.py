"""Features of documents and dictionaries that unlearn."""

from sklearn_unlearn.feature_extraction._dict_vectorizer import (
    UnlearnableDictVectorizer,
)

__all__ = ["UnlearnableDictVectorizer"]
