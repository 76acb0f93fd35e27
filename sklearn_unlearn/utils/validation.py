"""Checks of what the caller passes, on top of scikit-learn's public ones."""

from __future__ import annotations

import numbers

import numpy as np
import scipy.sparse as sp
from sklearn.utils import check_array, check_consistent_length, column_or_1d
from sklearn.utils.validation import validate_data

#: Dtypes of data that are kept as they are.
DATA_DTYPES = [np.float64, np.float32]


def check_sample_weight(sample_weight, n_rows, *, name="sample_weight"):
    """Weights as a float64 vector.

    Parameters
    ----------
    sample_weight : float, array-like of shape (n_rows,) or None
        None means ones.
    n_rows : int
    name : str

    Returns
    -------
    ndarray of shape (n_rows,)

    Raises
    ------
    ValueError
        If the shape is wrong, or a weight is negative or not finite.
    """
    if sample_weight is None:
        return np.ones(n_rows)
    if isinstance(sample_weight, numbers.Number):
        sample_weight = np.full(n_rows, sample_weight)
    weight = check_array(
        sample_weight, ensure_2d=False, dtype=np.float64, input_name=name
    )
    if weight.ndim != 1:
        raise ValueError(f"{name} must be 1D array or scalar, got {weight.ndim}D array")
    if weight.shape[0] != n_rows:
        raise ValueError(
            f"{name}.shape == {weight.shape}, expected ({n_rows},): one weight a row"
        )
    if np.any(weight < 0.0):
        raise ValueError(f"Negative values in {name}: weights must be at least 0.")
    return weight


def check_rows(estimator, X):
    """Rows as a float64 or float32 ndarray or a canonical CSR matrix or array."""
    X = validate_data(estimator, X, reset=False, accept_sparse="csr", dtype=DATA_DTYPES)
    return _canonical(X)


def check_training_data(estimator, X, y, **target_checks):
    """Rows as in `check_rows` and their targets; sets ``n_features_in_`` and names."""
    X, y = validate_data(
        estimator, X, y, accept_sparse="csr", dtype=DATA_DTYPES, **target_checks
    )
    return _canonical(X), y


def _canonical(X):
    if sp.issparse(X) and not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    return X


def check_remaining_rows(estimator, X, forgotten):
    """Rows of an estimator that has forgotten columns.

    Values of forgotten columns may be absent or not finite; they are stored as zero.
    A frame lacks such a column by name, an array by holding only the others.

    Parameters
    ----------
    estimator : estimator
        Fitted; of `n_features_in_` columns.
    X : array-like of shape (n_rows, n_features_in_) or (n_rows, n_remaining)
    forgotten : ndarray of bool of shape (n_features_in_,)

    Returns
    -------
    X : ndarray or CSR of shape (n_rows, n_features_in_)
    complete : ndarray of bool of shape (n_rows,) or None
        Where all values of forgotten columns were given; None if everywhere.
    """
    if not forgotten.any():
        return check_rows(estimator, X), None
    names = getattr(estimator, "feature_names_in_", None)
    remaining, values, where = _split_columns(X, forgotten, names)
    if remaining is None:  # neither width fits: the usual error
        return check_rows(estimator, X), None
    reader = type(estimator)()
    reader.n_features_in_ = int(np.count_nonzero(~forgotten))
    if names is not None:
        reader.feature_names_in_ = names[~forgotten]
    remaining = check_rows(reader, remaining)
    n_rows = remaining.shape[0]
    complete = np.full(n_rows, where.size == np.count_nonzero(forgotten))
    full = np.zeros((n_rows, forgotten.size), dtype=remaining.dtype)
    if where.size:
        values = check_array(
            values, accept_sparse="csr", dtype=np.float64, ensure_all_finite=False
        )
        values = values.toarray() if sp.issparse(values) else values
        known = np.isfinite(values)
        complete &= known.all(axis=1)
        full[:, where] = np.where(known, values, 0.0)
    if sp.issparse(remaining):
        alive = np.flatnonzero(~forgotten)
        ones, ends = np.ones(alive.size), np.arange(alive.size + 1)
        places = sp.csr_array((ones, alive, ends), shape=(alive.size, forgotten.size))
        full = sp.csr_array(remaining @ places + sp.csr_array(full))
    else:
        full[:, ~forgotten] = remaining
    return full, None if complete.all() else complete


def _split_columns(X, forgotten, names):
    """Remaining columns, the forgotten ones that are there, and which those are."""
    if names is not None and hasattr(X, "columns"):
        gone = set(names[forgotten])
        columns = list(X.columns)
        there = [column for column in columns if column in gone]
        position = {name: index for index, name in enumerate(names)}
        where = np.array([position[column] for column in there], dtype=np.intp)
        rest = [column for column in columns if column not in gone]
        return X[rest], X[there] if there else None, where
    X = sp.csr_array(X) if sp.issparse(X) else np.asarray(X)
    if X.ndim != 2:
        return None, None, None
    if X.shape[1] == forgotten.size:
        where = np.flatnonzero(forgotten)
        return X[:, np.flatnonzero(~forgotten)], X[:, where], where
    if X.shape[1] == np.count_nonzero(~forgotten):
        return X, None, np.zeros(0, dtype=np.intp)
    return None, None, None


def check_columns(columns, n_features, feature_names):
    """Columns by index, name, slice of bools or a list of either, as a bool mask.

    Raises
    ------
    ValueError
        If there is none, or one is unknown; it is named.
    """
    if isinstance(columns, (str, numbers.Integral)) and not isinstance(columns, bool):
        columns = [columns]
    columns = np.asarray(columns)
    if columns.ndim != 1 or columns.size == 0:
        raise ValueError(
            "columns must be an index, a name, or a non-empty list of either; got "
            f"shape {columns.shape}"
        )
    mask = np.zeros(n_features, dtype=bool)
    if columns.dtype == bool:
        if columns.size != n_features:
            raise ValueError(
                f"columns is a mask of length {columns.size}, expected {n_features}"
            )
        if not columns.any():
            raise ValueError("columns is a mask that chooses no column.")
        return columns.copy()
    for column in columns.tolist():
        mask[_column_index(column, n_features, feature_names)] = True
    return mask


def _column_index(column, n_features, feature_names):
    if isinstance(column, str):
        if feature_names is None:
            raise ValueError(
                f"columns names {column!r}, but the model was fitted without feature "
                "names: give its index."
            )
        found = np.flatnonzero(np.asarray(feature_names, dtype=object) == column)
        if found.size == 0:
            raise ValueError(f"columns names {column!r}, which is not a feature.")
        return found[0]
    if not isinstance(column, numbers.Integral):
        raise ValueError(f"columns holds {column!r}: neither an index nor a name.")
    if not -n_features <= column < n_features:
        raise ValueError(
            f"columns holds index {column}, out of range for {n_features} features."
        )
    return column % n_features


def check_row_ids(row_ids, n_rows=None):
    """Identifiers as a 1-D array of numbers or strings.

    Raises
    ------
    ValueError
        If they are not one a row, or repeat.
    """
    ids = column_or_1d(np.asarray(row_ids))
    if ids.dtype == object:
        ids = ids.astype(str)
    if n_rows is not None:
        check_consistent_length(ids, np.empty(n_rows))
    if np.unique(ids).size != ids.size:
        raise ValueError("row_ids must not repeat an identifier.")
    return ids
