"""scikit-learn's own checks of nets, those that skorch's cannot pass named."""

import pytest
import torch
from sklearn.utils.estimator_checks import parametrize_with_checks
from torch import nn

from sklearn_unlearn import (
    UnlearnableNeuralNetClassifier,
    UnlearnableNeuralNetRegressor,
)


class SameLinear(nn.LazyLinear):
    """A layer that starts with the same parameters whenever it sees its first rows."""

    def reset_parameters(self):
        torch.manual_seed(0)
        super().reset_parameters()


class AnyWidth(nn.Module):
    """For vectors of any length, the same whenever it is made."""

    def __init__(self, n_out=3):
        torch.manual_seed(0)
        super().__init__()
        self.body, self.head = SameLinear(8), nn.Linear(8, n_out)
        self.double()

    def forward(self, X):
        raw = self.head(torch.tanh(self.body(X.double())))
        return raw[:, 0] if raw.shape[1] == 1 else raw


SETTINGS = {"max_epochs": 5, "lr": 0.1, "batch_size": -1, "verbose": 0}
NETS = [
    UnlearnableNeuralNetClassifier(AnyWidth, criterion=nn.CrossEntropyLoss, **SETTINGS),
    UnlearnableNeuralNetRegressor(
        AnyWidth,
        module__n_out=1,
        optimizer=torch.optim.Adam,
        **{**SETTINGS, "max_epochs": 60},
    ),
]
SKORCH = "skorch's nets, which predict and keep the parameters, fail it too"
SHAPES = "rows may have any shape: it is the module that reads them"
#: Why a check of scikit-learn cannot pass.
REASONS = {
    "check_no_attributes_set_in_init": SKORCH,
    "check_set_params": SKORCH,
    "check_regressors_no_decision_function": SKORCH,
    "check_dtype_object": SKORCH,
    "check_estimators_nan_inf": SKORCH,
    "check_fit2d_predict1d": SKORCH,
    "check_fit1d": SHAPES,
    "check_n_features_in": SHAPES,
    "check_n_features_in_after_fitting": SHAPES,
    "check_classifiers_train": SHAPES,
    "check_supervised_y_2d": "targets may have any shape",
    "check_classifiers_classes": "labels are whole numbers: a module knows no names",
    "check_classifiers_one_label": "a module has the outputs that it was given",
    "check_classifiers_regression_target": "a criterion may take numbers as labels",
}


def expected(estimator):
    """Checks that this net fails, and why."""
    other = "regressor" if isinstance(estimator, NETS[0].__class__) else "classifier"
    return {name: REASONS[name] for name in REASONS if other not in name}


@pytest.mark.filterwarnings("ignore:The given NumPy array is not writable")
@parametrize_with_checks(NETS, expected_failed_checks=expected)
def test_sklearn_check(estimator, check):
    check(estimator)
