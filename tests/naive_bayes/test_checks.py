"""scikit-learn's own checks and those of unlearners, none expected to fail."""

from sklearn.naive_bayes import CategoricalNB
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_unlearn import (
    UnlearnableBernoulliNB,
    UnlearnableCategoricalNB,
    UnlearnableComplementNB,
    UnlearnableGaussianNB,
    UnlearnableMultinomialNB,
)
from tests.turns import parametrize_with_checks_in_turns


class OfCategories(UnlearnableCategoricalNB):
    """Tagged as its twin, which scikit-learn 1.6 needs: a check fails otherwise."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = get_tags(CategoricalNB()).input_tags.categorical
        return tags


@parametrize_with_checks(
    [
        UnlearnableGaussianNB(),
        UnlearnableMultinomialNB(),
        UnlearnableComplementNB(),
        UnlearnableBernoulliNB(),
        OfCategories(),
    ]
)
def test_sklearn_check(estimator, check):
    check(estimator)


@parametrize_with_checks_in_turns(
    [
        UnlearnableGaussianNB(),
        UnlearnableMultinomialNB(alpha=0.3),
        UnlearnableMultinomialNB(force_alpha=False, fit_prior=False),
        UnlearnableComplementNB(norm=True),
        UnlearnableBernoulliNB(binarize=0.3),
        UnlearnableCategoricalNB(),
    ]
)
def test_unlearner_check(estimator, check):
    check(estimator)
