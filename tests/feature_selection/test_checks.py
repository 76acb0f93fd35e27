"""scikit-learn's own checks, none expected to fail."""

import pytest
from sklearn.feature_selection import chi2, f_regression
from sklearn.utils.estimator_checks import estimator_checks_generator

from sklearn_unlearn import (
    UnlearnableSelectKBest,
    UnlearnableSelectPercentile,
    UnlearnableVarianceThreshold,
)

ESTIMATORS = {
    "variance": UnlearnableVarianceThreshold(),
    "f_classif": UnlearnableSelectKBest(k=1),
    "chi2": UnlearnableSelectKBest(chi2, k=1),
    "f_regression": UnlearnableSelectPercentile(f_regression, percentile=50),
}


def _checks():
    # by names of ours: a function as a parameter has its address in scikit-learn's,
    # which differs between the processes that share the cases
    for name, estimator in ESTIMATORS.items():
        for instance, check in estimator_checks_generator(estimator):
            yield pytest.param(instance, check, id=f"{name}-{check.func.__name__}")


@pytest.mark.parametrize(("estimator", "check"), _checks())
def test_sklearn_check(estimator, check):
    check(estimator)
