"""Imputers that unlearn."""

from sklearn_unlearn.impute._simple_imputer import UnlearnableSimpleImputer

__all__ = ["UnlearnableSimpleImputer"]
