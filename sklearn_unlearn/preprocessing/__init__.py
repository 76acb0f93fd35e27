"""Scalers and encoders that unlearn."""

from sklearn_unlearn.preprocessing._standard_scaler import UnlearnableStandardScaler

__all__ = ["UnlearnableStandardScaler"]
