"""scikit-learn's own checks, of which none may fail."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_unlearn import (
    UnlearnableGammaRegressor,
    UnlearnableGeneralizedLinearModel,
    UnlearnableHuberRegressor,
    UnlearnableLinearSVC,
    UnlearnableLinearSVR,
    UnlearnableLogisticRegression,
    UnlearnablePoissonRegressor,
    UnlearnableRidge,
    UnlearnableRidgeClassifier,
    UnlearnableTweedieRegressor,
)


@parametrize_with_checks(
    [
        UnlearnableLogisticRegression(),
        UnlearnableLogisticRegression(method="first_order"),
        UnlearnableLogisticRegression(retain_data=True, class_weight="balanced"),
        UnlearnableRidge(),
        UnlearnableRidge(retain_data=True),
        UnlearnableRidgeClassifier(),
        UnlearnableHuberRegressor(),
        UnlearnableHuberRegressor(retain_data=True),
        UnlearnableLinearSVC(),
        UnlearnableLinearSVC(retain_data=True),
        UnlearnableLinearSVR(),
        UnlearnableLinearSVR(epsilon=0.1, retain_data=True),
        UnlearnablePoissonRegressor(),
        UnlearnablePoissonRegressor(retain_data=True),
        UnlearnableGammaRegressor(),
        UnlearnableTweedieRegressor(),
        UnlearnableGeneralizedLinearModel(),
        UnlearnableTweedieRegressor(power=1.5, retain_data=True),
        # "balanced" of the twin counts rows, which no weight can stand for
        UnlearnableRidgeClassifier(retain_data=True, method="first_order"),
    ]
)
def test_sklearn_check(estimator, check):
    check(estimator)
