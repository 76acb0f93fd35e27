"""Neural networks that unlearn: twins of scikit-learn's perceptrons."""

from sklearn_unlearn.neural_network._classifier import UnlearnableMLPClassifier
from sklearn_unlearn.neural_network._fitted import UnlearningReport
from sklearn_unlearn.neural_network._regressor import UnlearnableMLPRegressor
from sklearn_unlearn.utils.optional import optional

__all__ = [
    "UnlearnableMLPClassifier",
    "UnlearnableMLPRegressor",
    "UnlearningReport",
]


def __getattr__(name):
    """Nets of PyTorch modules, which need the extra "torch"."""
    return optional(__name__, name)
