"""Models of several targets, made of models of one, that unlearn."""

from sklearn_unlearn.multioutput._multi_output import (
    UnlearnableMultiOutputClassifier,
    UnlearnableMultiOutputRegressor,
)

__all__ = ["UnlearnableMultiOutputClassifier", "UnlearnableMultiOutputRegressor"]
