"""scikit-learn's own checks and those of unlearners, none expected to fail."""

from sklearn.gaussian_process.kernels import RBF
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_unlearn import UnlearnableGaussianProcessRegressor
from sklearn_unlearn.utils.estimator_checks import parametrize_with_unlearner_checks

FIXED = UnlearnableGaussianProcessRegressor(RBF(1.5), alpha=0.1, optimizer=None)


@parametrize_with_checks([UnlearnableGaussianProcessRegressor(optimizer=None), FIXED])
def test_sklearn_check(estimator, check):
    check(estimator)


@parametrize_with_unlearner_checks([FIXED])
def test_unlearner_check(estimator, check):
    check(estimator)
