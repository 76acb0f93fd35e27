"""scikit-learn's own checks and those of unlearners, none expected to fail."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_unlearn import (
    UnlearnableKNeighborsClassifier,
    UnlearnableKNeighborsRegressor,
    UnlearnableNearestCentroid,
)
from tests.turns import parametrize_with_checks_in_turns

ESTIMATORS = [
    UnlearnableNearestCentroid(),
    UnlearnableNearestCentroid(shrink_threshold=0.5, priors="empirical"),
    UnlearnableKNeighborsClassifier(),
    UnlearnableKNeighborsRegressor(weights="distance", algorithm="brute"),
]


@parametrize_with_checks(ESTIMATORS)
def test_sklearn_check(estimator, check):
    check(estimator)


@parametrize_with_checks_in_turns(ESTIMATORS)
def test_unlearner_check(estimator, check):
    check(estimator)
