"""scikit-learn's checks and the unlearner checks with certification, none left out.

Both compare fits, so that noise is reproducible and tiny; the budget then takes an
epsilon that promises nothing.
"""

from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_unlearn import (
    GaussianCertification,
    UnlearnableLogisticRegression,
    UnlearnableRidge,
    UnlearnableRidgeClassifier,
)
from tests.turns import parametrize_with_checks_in_turns


def certification(**params):
    params = {"delta": 1e-5, "random_state": 0, **params}
    return GaussianCertification(epsilon=1e30, sigma=1e-12, **params)


@parametrize_with_checks(
    [
        UnlearnableLogisticRegression(certification=certification()),
        UnlearnableLogisticRegression(certification=certification(), retain_data=True),
        UnlearnableRidge(certification=certification()),
        UnlearnableRidge(certification=certification(mode="objective")),
        UnlearnableRidge(
            certification=certification(n_publications=None), retain_data=True
        ),
        UnlearnableRidgeClassifier(certification=certification()),
    ]
)
def test_sklearn_check(estimator, check):
    check(estimator)


# Without an intercept: the checks' requests are large and without data, and a free
# intercept leaves them without a bound.
@parametrize_with_checks_in_turns(
    [
        UnlearnableLogisticRegression(
            certification=certification(), fit_intercept=False
        ),
        UnlearnableLogisticRegression(
            certification=certification(), fit_intercept=False, method="first_order"
        ),
        UnlearnableLogisticRegression(
            certification=certification(), fit_intercept=False, retain_data=True
        ),
        UnlearnableRidge(certification=certification()),
        UnlearnableRidge(certification=certification(mode="objective")),
        UnlearnableRidgeClassifier(certification=certification()),
    ]
)
def test_unlearner_check(estimator, check):
    check(estimator)
