"""PyTorch modules that skorch trains, and that unlearn."""

from sklearn_unlearn.neural_network._torch._classifier import (
    UnlearnableNeuralNetClassifier,
)
from sklearn_unlearn.neural_network._torch._regressor import (
    UnlearnableNeuralNetRegressor,
)

__all__ = ["UnlearnableNeuralNetClassifier", "UnlearnableNeuralNetRegressor"]
