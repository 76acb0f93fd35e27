"""scikit-learn's own checks, none expected to fail."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_unlearn import UnlearnablePCA, UnlearnableTruncatedSVD

ESTIMATORS = [
    UnlearnablePCA(),
    UnlearnablePCA(n_components=1, whiten=True),
    UnlearnableTruncatedSVD(n_components=1),
]


@parametrize_with_checks(ESTIMATORS)
def test_sklearn_check(estimator, check):
    check(estimator)
