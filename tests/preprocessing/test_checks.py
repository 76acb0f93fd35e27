"""scikit-learn's own checks, none expected to fail."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_unlearn import (
    UnlearnableKBinsDiscretizer,
    UnlearnableMaxAbsScaler,
    UnlearnableMinMaxScaler,
    UnlearnableOneHotEncoder,
    UnlearnableOrdinalEncoder,
    UnlearnablePowerTransformer,
    UnlearnableQuantileTransformer,
    UnlearnableRobustScaler,
    UnlearnableStandardScaler,
    UnlearnableTargetEncoder,
)

ESTIMATORS = [
    UnlearnableStandardScaler(),
    UnlearnableStandardScaler(with_mean=False),
    UnlearnableStandardScaler(with_std=False),
    UnlearnableOneHotEncoder(),
    UnlearnableOneHotEncoder(drop="first", handle_unknown="ignore"),
    UnlearnableOrdinalEncoder(),
    UnlearnableMinMaxScaler(),
    UnlearnableMinMaxScaler(clip=True),
    UnlearnableMaxAbsScaler(),
    UnlearnableKBinsDiscretizer(3, encode="onehot-dense"),
    UnlearnableKBinsDiscretizer(strategy="uniform", encode="ordinal"),
    # by Box and Cox the twin fails what gives positive_only zeros, which it refuses
    UnlearnablePowerTransformer(),
    UnlearnableQuantileTransformer(n_quantiles=20),
    UnlearnableRobustScaler(),
    UnlearnableRobustScaler(with_centering=False, unit_variance=True),
    UnlearnableTargetEncoder(target_type="continuous", cv=3),
]


@parametrize_with_checks(ESTIMATORS)
def test_sklearn_check(estimator, check):
    check(estimator)
