"""scikit-learn's own checks and those of unlearners, none expected to fail."""

import pytest
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_unlearn import UnlearnableMLPClassifier, UnlearnableMLPRegressor
from sklearn_unlearn.utils.estimator_checks import parametrize_with_unlearner_checks
from sklearn_unlearn.utils.tags import unlearning_tags

# Training ends when it ends; rows that other rows explain are not forgotten.
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings(
        "ignore::sklearn_unlearn.exceptions.NotForgottenWarning"
    ),
    # one-shot updates promise nothing
    pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.LargeStepWarning"),
]

ONE_SHOT = [
    UnlearnableMLPClassifier(
        (5,),
        activation="tanh",
        solver="lbfgs",
        method="second_order",
        alpha=5.0,
        random_state=0,
    ),
    UnlearnableMLPRegressor(
        hidden_layer_sizes=(5,),
        activation="tanh",
        solver="lbfgs",
        method="first_order",
        unlearning_rate=1e-3,
        retain_data=False,
        alpha=5.0,
        random_state=0,
    ),
]
ESTIMATORS = [
    UnlearnableMLPClassifier((10,), max_iter=40, random_state=0),
    UnlearnableMLPRegressor(
        hidden_layer_sizes=(10,), solver="lbfgs", alpha=1.0, random_state=0
    ),
]


def weightless(estimator):
    """Checks of weights, which the twins of scikit-learn before 1.7 do not take."""
    if unlearning_tags(estimator).sample_weight:
        return {}
    names = [name for name in vars(estimator_checks) if "check_sample_weight" in name]
    names.append("check_classifiers_one_label_sample_weights")
    return dict.fromkeys(names, "the twin of this version trains without weights")


# with fewer iterations than by default, as scikit-learn checks its own
@parametrize_with_checks(
    [UnlearnableMLPClassifier(max_iter=100), UnlearnableMLPRegressor(max_iter=100)],
    expected_failed_checks=weightless,
)
def test_sklearn_check(estimator, check):
    check(estimator)


@parametrize_with_unlearner_checks(ESTIMATORS)
def test_unlearner_check(estimator, check):
    check(estimator)


@parametrize_with_unlearner_checks(ONE_SHOT)
def test_unlearner_check_of_one_shot_updates(estimator, check):
    check(estimator)
