"""Gaussian processes that unlearn."""

from sklearn_unlearn.gaussian_process._regressor import (
    UnlearnableGaussianProcessRegressor,
)

__all__ = ["UnlearnableGaussianProcessRegressor"]
