"""Scalers and encoders that unlearn."""

from sklearn_unlearn.preprocessing._extremes import (
    UnlearnableMaxAbsScaler,
    UnlearnableMinMaxScaler,
)
from sklearn_unlearn.preprocessing._one_hot_encoder import UnlearnableOneHotEncoder
from sklearn_unlearn.preprocessing._ordinal_encoder import UnlearnableOrdinalEncoder
from sklearn_unlearn.preprocessing._quantile_transformer import (
    UnlearnableQuantileTransformer,
)
from sklearn_unlearn.preprocessing._robust_scaler import UnlearnableRobustScaler
from sklearn_unlearn.preprocessing._standard_scaler import UnlearnableStandardScaler

__all__ = [
    "UnlearnableMaxAbsScaler",
    "UnlearnableMinMaxScaler",
    "UnlearnableOneHotEncoder",
    "UnlearnableOrdinalEncoder",
    "UnlearnableQuantileTransformer",
    "UnlearnableRobustScaler",
    "UnlearnableStandardScaler",
]
