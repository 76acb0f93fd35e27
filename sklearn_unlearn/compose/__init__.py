"""Column transformers that unlearn."""

from sklearn_unlearn.compose._column_transformer import (
    UnlearnableColumnTransformer,
    make_unlearnable_column_transformer,
)

__all__ = ["UnlearnableColumnTransformer", "make_unlearnable_column_transformer"]
