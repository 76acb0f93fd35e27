"""Columns that are handed on, others being forgotten."""

from __future__ import annotations

from operator import itemgetter

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import make_column_transformer
from sklearn.preprocessing import FunctionTransformer

from sklearn_unlearn.utils.rows import columns_of


class ColumnSelector(TransformerMixin, BaseEstimator):
    """Hands on some columns: what "passthrough" becomes when others are forgotten.

    Parameters
    ----------
    kept : ndarray of int of shape (n_outputs,)
        Positions among the columns that it was fitted with; the others may be absent.
    n_features_in : int
    names : ndarray of str or None
        Of all columns that it was fitted with.
    """

    def __init__(self, kept, n_features_in, names=None):
        self.kept = kept
        self.n_features_in = n_features_in
        self.names = names

    def fit(self, X, y=None):
        """Learn nothing."""
        return self

    def transform(self, X):
        """The columns that are kept."""
        if self.names is not None and hasattr(X, "columns"):
            return X[list(self.names[self.kept])]
        if not hasattr(X, "shape"):
            X = np.asarray(X)
        if X.shape[1] == len(self.kept):
            return X
        return columns_of(X, self.kept)

    def get_feature_names_out(self, input_features=None):
        """Their names."""
        names = self.names if input_features is None else input_features
        if names is None:
            names = [f"x{place}" for place in range(self.n_features_in)]
        return np.asarray(names, dtype=object)[self.kept]

    def to_sklearn(self, drop_forgotten=True):
        """What does the same, without the columns that are forgotten or with them."""
        names = self.names
        if drop_forgotten:
            plain = FunctionTransformer(
                accept_sparse=True, check_inverse=False, feature_names_out="one-to-one"
            )
            plain.set_output(transform="default")  # as a column transformer does
            plain.n_features_in_ = len(self.kept)
            names = None if names is None else names[self.kept]
        elif names is not None:  # the outputs are frames
            plain = FunctionTransformer(itemgetter(list(names[self.kept])))
            plain.n_features_in_ = self.n_features_in
        else:
            plain = make_column_transformer(
                ("passthrough", self.kept), verbose_feature_names_out=False
            )
            plain.fit(np.zeros((1, self.n_features_in)))
        if names is not None:
            plain.feature_names_in_ = names
        return plain

    @property
    def n_features_in_(self):
        """Number of columns that it was fitted with."""
        return self.n_features_in

    @property
    def feature_names_in_(self):
        """Names of the columns that it was fitted with."""
        if self.names is None:
            raise AttributeError("The columns have no names.")
        return self.names

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        return tags
