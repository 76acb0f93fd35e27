"""scikit-learn's own checks, none expected to fail."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_unlearn import UnlearnableSimpleImputer

ESTIMATORS = [
    UnlearnableSimpleImputer(),
    UnlearnableSimpleImputer(strategy="median", add_indicator=True),
    UnlearnableSimpleImputer(strategy="most_frequent"),
]


@parametrize_with_checks(ESTIMATORS)
def test_sklearn_check(estimator, check):
    check(estimator)
