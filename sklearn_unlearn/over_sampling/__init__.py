"""Samplers whose synthetic rows depend on the rows that they were made of alone."""

from sklearn_unlearn.over_sampling._smote import UnlearnableSMOTE

__all__ = ["UnlearnableSMOTE"]
