"""Pipelines that unlearn, preprocessing included."""

from sklearn_unlearn.pipeline._pipeline import (
    UnlearnablePipeline,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.pipeline._union import (
    UnlearnableFeatureUnion,
    make_unlearnable_union,
)

__all__ = [
    "UnlearnableFeatureUnion",
    "UnlearnablePipeline",
    "make_unlearnable_pipeline",
    "make_unlearnable_union",
]
