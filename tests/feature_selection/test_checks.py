"""scikit-learn's own checks, none expected to fail."""

from sklearn.feature_selection import chi2, f_regression
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_unlearn import (
    UnlearnableSelectKBest,
    UnlearnableSelectPercentile,
    UnlearnableVarianceThreshold,
)

ESTIMATORS = [
    UnlearnableVarianceThreshold(),
    UnlearnableSelectKBest(k=1),
    UnlearnableSelectKBest(chi2, k=1),
    UnlearnableSelectPercentile(f_regression, percentile=50),
]


@parametrize_with_checks(ESTIMATORS)
def test_sklearn_check(estimator, check):
    check(estimator)
