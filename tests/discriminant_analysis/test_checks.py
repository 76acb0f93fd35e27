"""scikit-learn's own checks and those of unlearners, none expected to fail."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_unlearn import (
    UnlearnableLinearDiscriminantAnalysis,
    UnlearnableQuadraticDiscriminantAnalysis,
)
from tests.turns import parametrize_with_checks_in_turns

ESTIMATORS = [
    UnlearnableLinearDiscriminantAnalysis(),
    UnlearnableLinearDiscriminantAnalysis(solver="eigen", shrinkage=0.2),
    UnlearnableQuadraticDiscriminantAnalysis(reg_param=0.1),
    UnlearnableQuadraticDiscriminantAnalysis(solver="eigen", shrinkage=0.1),
]


@parametrize_with_checks(ESTIMATORS)
def test_sklearn_check(estimator, check):
    check(estimator)


# With "lsqr" transform raises NotImplementedError, as the twin's does: scikit-learn's
# checks of transformers do not know of that.
LSQR = UnlearnableLinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.2)


@parametrize_with_checks_in_turns([*ESTIMATORS, LSQR])
def test_unlearner_check(estimator, check):
    check(estimator)
