"""Neural networks that unlearn: twins of scikit-learn's perceptrons."""

from sklearn_unlearn.neural_network._classifier import UnlearnableMLPClassifier
from sklearn_unlearn.neural_network._fitted import UnlearningReport
from sklearn_unlearn.neural_network._regressor import UnlearnableMLPRegressor

__all__ = [
    "UnlearnableMLPClassifier",
    "UnlearnableMLPRegressor",
    "UnlearningReport",
]
