"""scikit-learn's own checks and those of unlearners, none expected to fail."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_unlearn import UnlearnableKernelRidge
from tests.turns import parametrize_with_checks_in_turns

ESTIMATORS = [UnlearnableKernelRidge(), UnlearnableKernelRidge(kernel="rbf", gamma=0.1)]


@parametrize_with_checks(ESTIMATORS)
def test_sklearn_check(estimator, check):
    check(estimator)


@parametrize_with_checks_in_turns(ESTIMATORS[1:])
def test_unlearner_check(estimator, check):
    check(estimator)
