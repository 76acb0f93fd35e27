"""scikit-learn's own checks and those of unlearners, none expected to fail."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_unlearn import (
    UnlearnableBernoulliNB,
    UnlearnableCategoricalNB,
    UnlearnableComplementNB,
    UnlearnableGaussianNB,
    UnlearnableMultinomialNB,
)
from sklearn_unlearn.utils.estimator_checks import parametrize_with_unlearner_checks


@parametrize_with_checks(
    [
        UnlearnableGaussianNB(),
        UnlearnableMultinomialNB(),
        UnlearnableComplementNB(),
        UnlearnableBernoulliNB(),
        UnlearnableCategoricalNB(),
    ]
)
def test_sklearn_check(estimator, check):
    check(estimator)


@parametrize_with_unlearner_checks(
    [
        UnlearnableGaussianNB(),
        UnlearnableMultinomialNB(alpha=0.3),
        UnlearnableMultinomialNB(force_alpha=False, fit_prior=False),
        UnlearnableComplementNB(norm=True),
        UnlearnableBernoulliNB(binarize=0.3),
        # categories that no row has had so far are unknown to the twin too
        UnlearnableCategoricalNB(min_categories=12),
    ]
)
def test_unlearner_check(estimator, check):
    check(estimator)
