"""Columns that are handed on, others being forgotten."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.preprocessing import FunctionTransformer

from sklearn_unlearn.compose._change import columns_of


class Kept(TransformerMixin, BaseEstimator):
    """Hands on some columns: what "passthrough" becomes when others are forgotten.

    Parameters
    ----------
    kept : ndarray of int of shape (n_outputs,)
        Positions among the columns that it gets.
    names : ndarray of str or None
        Of all columns that it gets.
    """

    def __init__(self, kept, names=None):
        self.kept = kept
        self.names = names

    def fit(self, X, y=None):
        """Learn nothing."""
        return self

    def transform(self, X):
        """The columns that are kept."""
        return columns_of(X, self.kept)

    def get_feature_names_out(self, input_features=None):
        """Their names."""
        return np.asarray(input_features, dtype=object)[self.kept]

    def to_sklearn(self, drop_forgotten=True):
        """What does the same without the columns that are forgotten."""
        plain = FunctionTransformer(
            accept_sparse=True, check_inverse=False, feature_names_out="one-to-one"
        )
        plain.n_features_in_ = len(self.kept)
        if self.names is not None:
            plain.feature_names_in_ = self.names[self.kept]
        return plain

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        return tags
