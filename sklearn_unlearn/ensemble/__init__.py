"""Ensembles that unlearn by training a part of themselves again."""

from sklearn_unlearn.ensemble._classifier import ShardedClassifier
from sklearn_unlearn.ensemble._regressor import ShardedRegressor

__all__ = ["ShardedClassifier", "ShardedRegressor"]
