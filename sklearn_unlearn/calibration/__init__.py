"""Calibrated probabilities that unlearn."""

from sklearn_unlearn.calibration._calibrated import UnlearnableCalibratedClassifierCV

__all__ = ["UnlearnableCalibratedClassifierCV"]
