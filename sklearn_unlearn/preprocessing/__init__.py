"""Scalers and encoders that unlearn."""

from sklearn_unlearn.preprocessing._extremes import (
    UnlearnableMaxAbsScaler,
    UnlearnableMinMaxScaler,
)
from sklearn_unlearn.preprocessing._k_bins_discretizer import (
    UnlearnableKBinsDiscretizer,
)
from sklearn_unlearn.preprocessing._one_hot_encoder import UnlearnableOneHotEncoder
from sklearn_unlearn.preprocessing._ordinal_encoder import UnlearnableOrdinalEncoder
from sklearn_unlearn.preprocessing._power_transformer import (
    UnlearnablePowerTransformer,
)
from sklearn_unlearn.preprocessing._quantile_transformer import (
    UnlearnableQuantileTransformer,
)
from sklearn_unlearn.preprocessing._robust_scaler import UnlearnableRobustScaler
from sklearn_unlearn.preprocessing._standard_scaler import UnlearnableStandardScaler
from sklearn_unlearn.preprocessing._target_encoder import UnlearnableTargetEncoder

__all__ = [
    "UnlearnableKBinsDiscretizer",
    "UnlearnableMaxAbsScaler",
    "UnlearnableMinMaxScaler",
    "UnlearnableOneHotEncoder",
    "UnlearnableOrdinalEncoder",
    "UnlearnablePowerTransformer",
    "UnlearnableQuantileTransformer",
    "UnlearnableRobustScaler",
    "UnlearnableStandardScaler",
    "UnlearnableTargetEncoder",
]
