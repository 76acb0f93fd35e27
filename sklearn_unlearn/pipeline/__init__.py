"""Pipelines that unlearn, preprocessing included."""

from sklearn_unlearn.pipeline._pipeline import (
    UnlearnablePipeline,
    make_unlearnable_pipeline,
)

__all__ = ["UnlearnablePipeline", "make_unlearnable_pipeline"]
