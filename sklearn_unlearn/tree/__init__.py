"""Decision trees that unlearn."""

from sklearn_unlearn.tree._decision_tree import (
    UnlearnableDecisionTreeClassifier,
    UnlearnableDecisionTreeRegressor,
)

__all__ = ["UnlearnableDecisionTreeClassifier", "UnlearnableDecisionTreeRegressor"]
