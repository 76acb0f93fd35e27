"""Column transformers that unlearn, and how a request goes through steps."""

from sklearn_unlearn.compose._column_transformer import (
    UnlearnableColumnTransformer,
    make_unlearnable_column_transformer,
)
from sklearn_unlearn.compose._functions import (
    forget_features,
    partial_unfit,
    refine,
    replace_features,
    replace_labels,
)

__all__ = [
    "UnlearnableColumnTransformer",
    "forget_features",
    "make_unlearnable_column_transformer",
    "partial_unfit",
    "refine",
    "replace_features",
    "replace_labels",
]
