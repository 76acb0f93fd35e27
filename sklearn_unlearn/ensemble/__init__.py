"""Ensembles that unlearn: forests by themselves, others by training a part again."""

from sklearn_unlearn.ensemble._bagging import (
    UnlearnableBaggingClassifier,
    UnlearnableBaggingRegressor,
)
from sklearn_unlearn.ensemble._classifier import ShardedClassifier
from sklearn_unlearn.ensemble._combined import (
    UnlearnableStackingClassifier,
    UnlearnableStackingRegressor,
    UnlearnableVotingClassifier,
    UnlearnableVotingRegressor,
)
from sklearn_unlearn.ensemble._extra_trees import (
    UnlearnableExtraTreesClassifier,
    UnlearnableExtraTreesRegressor,
)
from sklearn_unlearn.ensemble._random_forest import (
    UnlearnableRandomForestClassifier,
    UnlearnableRandomForestRegressor,
)
from sklearn_unlearn.ensemble._regressor import ShardedRegressor

__all__ = [
    "ShardedClassifier",
    "ShardedRegressor",
    "UnlearnableBaggingClassifier",
    "UnlearnableBaggingRegressor",
    "UnlearnableExtraTreesClassifier",
    "UnlearnableExtraTreesRegressor",
    "UnlearnableRandomForestClassifier",
    "UnlearnableRandomForestRegressor",
    "UnlearnableStackingClassifier",
    "UnlearnableStackingRegressor",
    "UnlearnableVotingClassifier",
    "UnlearnableVotingRegressor",
]
