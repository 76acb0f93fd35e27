"""scikit-learn's own checks, none expected to fail; it has none for documents."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_unlearn import UnlearnableTfidfTransformer

ESTIMATORS = [
    UnlearnableTfidfTransformer(),
    UnlearnableTfidfTransformer(norm=None, smooth_idf=False),
    UnlearnableTfidfTransformer(use_idf=False),
]


@parametrize_with_checks(ESTIMATORS)
def test_sklearn_check(estimator, check):
    check(estimator)
