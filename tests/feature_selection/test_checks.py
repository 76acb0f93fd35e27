"""scikit-learn's own checks, none expected to fail."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_unlearn import UnlearnableVarianceThreshold


@parametrize_with_checks([UnlearnableVarianceThreshold()])
def test_sklearn_check(estimator, check):
    check(estimator)
