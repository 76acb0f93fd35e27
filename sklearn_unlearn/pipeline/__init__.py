"""Pipelines that unlearn, preprocessing included."""

from sklearn_unlearn.pipeline._fitting import fit_behind, with_steps_of
from sklearn_unlearn.pipeline._meta_estimators import innermost
from sklearn_unlearn.pipeline._pipeline import (
    UnlearnablePipeline,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.pipeline._requests import change_of_outputs
from sklearn_unlearn.pipeline._steps import outputs
from sklearn_unlearn.pipeline._union import (
    UnlearnableFeatureUnion,
    make_unlearnable_union,
)

__all__ = [
    "UnlearnableFeatureUnion",
    "UnlearnablePipeline",
    "change_of_outputs",
    "fit_behind",
    "innermost",
    "make_unlearnable_pipeline",
    "make_unlearnable_union",
    "outputs",
    "with_steps_of",
]
