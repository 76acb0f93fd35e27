"""Which columns a column transformer means, and how it takes them from rows."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import scipy.sparse as sp

from sklearn_unlearn.utils.rows import check_there, widened


def select(transformer, X, places, one, argument="X"):
    """Some columns of raw rows, as scikit-learn hands them to a transformer.

    Raises
    ------
    ValueError
        If rows, which a caller gave as ``argument``, lack a column.
    """
    X = complete(transformer, X)
    if hasattr(X, "columns") and hasattr(transformer, "feature_names_in_"):
        names = list(transformer.feature_names_in_[places])
        check_there(names, X, argument)
        return X[names[0]] if one else X[names]
    X = X if hasattr(X, "iloc") or sp.issparse(X) else _array(X)
    if X.ndim != 2:
        raise ValueError(
            f"{argument}: Expected 2D array, got {X.ndim}D array instead. Reshape your "
            "data: a single row is X of shape (1, n_features)."
        )
    if X.shape[1] != transformer.n_features_in_:
        raise ValueError(
            f"{argument} has {X.shape[1]} features, but {type(transformer).__name__} "
            f"is expecting {transformer.n_features_in_} features as input."
        )
    places = places[0] if one else places
    return X.iloc[:, places] if hasattr(X, "iloc") else X[:, places]


def forgotten_columns(transformer):
    """Mask of the columns that a column transformer has forgotten."""
    return vars(transformer)["_forgotten"]


def complete(transformer, X):
    """Rows with something in the place of columns that are forgotten."""
    forgotten = forgotten_columns(transformer)
    if not forgotten.any():
        return X
    if hasattr(X, "columns") and hasattr(transformer, "feature_names_in_"):
        names = transformer.feature_names_in_[forgotten]
        absent = [name for name in names if name not in X.columns]
        if not absent:
            return X
        if hasattr(X, "iloc"):
            return X.assign(**dict.fromkeys(absent, np.nan))
        nothing = import_module("polars").lit(None)
        return X.with_columns(**dict.fromkeys(absent, nothing))
    X = X if sp.issparse(X) else _array(X)
    if X.ndim == 2 and X.shape[1] == np.count_nonzero(~forgotten):
        return widened(X, forgotten)
    return X


def _array(X):
    """Rows as an array that holds what they hold."""
    return X if isinstance(X, np.ndarray) else np.asarray(X, dtype=object)
