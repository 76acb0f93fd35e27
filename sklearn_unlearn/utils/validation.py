"""Checks of what the caller passes, on top of scikit-learn's public ones."""

from __future__ import annotations

import numbers
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from sklearn_unlearn.core.arrays import is_sparse
from sklearn_unlearn.utils.rows import as_array
from sklearn_unlearn.utils.sharing import once, sharing

#: Dtypes of data that are kept as they are.
DATA_DTYPES = [np.float64, np.float32]
_FLOAT = [np.float64]
#: So many are looked through at once.
_FEW_VALUES = 1 << 14


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
    with named(name):
        is_array = isinstance(sample_weight, np.ndarray)
        if np.isscalar(sample_weight) or (is_array and sample_weight.ndim == 0):
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


def within_floats(name, check, *arguments, **keywords):
    """What a check of scikit-learn's gives, which lets integers overflow.

    Raises
    ------
    ValueError
        If one is beyond all floats.
    """
    try:
        return check(*arguments, **keywords)
    except OverflowError as error:
        raise ValueError(
            f"{name} holds an integer beyond the largest float."
        ) from error


@contextmanager
def named(argument):
    """Say which argument an error is about, where the message does not."""
    try:
        yield
    except (TypeError, ValueError, OverflowError) as error:
        if argument in str(error):
            raise
        raise ValueError(f"{argument}: {error}") from error


@dataclass(frozen=True, eq=False)
class Columns:
    """What a fitted estimator knows of the columns of X.

    Attributes
    ----------
    n_features : int
    names : ndarray of str of shape (n_features,) or None
    schema : Schema or None
        What fit saw in them, where requests are read by that.
    """

    n_features: int
    names: np.ndarray | None
    schema: Any = None

    def select(self, mask):
        """These columns alone."""
        names = None if self.names is None else self.names[mask]
        return Columns(int(np.count_nonzero(mask)), names)


class _Reader:
    """Stands in for an estimator in scikit-learn's validation of X.

    An estimator's own attributes may change between two reads, if another thread fits
    it: this holds those of one version, and its tags, which are asked for repeatedly.
    """

    def __init__(self, estimator, columns=None, tags=None):
        self._tags = tags or estimator.__sklearn_tags__()
        if columns is not None:
            self.n_features_in_ = columns.n_features
            if columns.names is not None:
                self.feature_names_in_ = columns.names

    def __sklearn_tags__(self):
        return self._tags


@lru_cache(maxsize=64)
def _reader_class(name):
    return type(name, (_Reader,), {})


def _reader(estimator, columns=None, tags=None):
    """A reader that error messages call by the estimator's name."""
    return _reader_class(type(estimator).__name__)(estimator, columns, tags)


def check_rows(estimator, X, columns, tags=None, dtype=DATA_DTYPES):
    """Rows as an ndarray or a canonical CSR matrix or array, float64 or float32.

    Sparse rows and NaN are refused if the estimator's tags say that it takes none;
    ``tags`` stand in for those that it has now, and ``dtype`` for floats.
    """
    if _passes(X, columns, dtype):
        return X
    reader = _reader(estimator, columns, tags)
    accepted = _accepted(reader, dtype)

    def checked():
        return _canonical(
            within_floats("X", validate_data, reader, X, reset=False, **accepted)
        )

    if not sharing():
        return checked()
    names = None if columns.names is None else tuple(columns.names.tolist())
    kind = type(reader), columns.n_features, names, *map(str, accepted.values())
    return once(checked, [X], "rows", *kind)


def _passes(X, columns, dtype):
    """Whether scikit-learn's validation would give rows back as they are.

    That takes it longer than many a request of a few rows takes.
    """
    return (
        isinstance(dtype, list)
        and _few_numbers(X, dtype)
        and X.ndim == 2
        and columns.names is None
        and X.shape[1] == columns.n_features
    )


def _few_numbers(values, dtypes):
    """Whether values are a small array of finite numbers of one of these dtypes."""
    return (
        type(values) is np.ndarray
        and values.dtype in dtypes
        and 0 < values.size <= _FEW_VALUES
        and bool(np.isfinite(values).all())
    )


def check_numeric_targets(y):
    """Targets as a float64 array of one or two dimensions, as given if they are one.

    Raises
    ------
    ValueError
        If they are none, or not finite.
    """
    if _few_numbers(y, _FLOAT) and y.ndim in (1, 2):
        return y
    return within_floats(
        "y", check_array, y, ensure_2d=False, dtype=np.float64, input_name="y"
    )


def check_training_data(estimator, X, y, **target_checks):
    """Rows as in `check_rows`, their targets, and the `Columns` of X."""
    reader = _reader(estimator)
    X, y = within_floats(
        "X or y", validate_data, reader, X, y, **_accepted(reader), **target_checks
    )
    return _canonical(X), y, _columns(reader)


def check_training_rows(estimator, X, tags=None, dtype=DATA_DTYPES):
    """Rows as in `check_rows`, and the `Columns` of X."""
    reader = _reader(estimator, None, tags)
    X = within_floats("X", validate_data, reader, X, **_accepted(reader, dtype))
    return _canonical(X), _columns(reader)


def check_names(estimator, X, columns=None, tags=None):
    """The `Columns` of X, whose values are not read; at fit none are given."""
    if (
        columns is not None
        and columns.names is None
        and type(X) is np.ndarray
        and X.shape[1:] == (columns.n_features,)
    ):
        return columns  # for which scikit-learn would ask the tags first
    reader = _reader(estimator, columns, tags)
    validate_data(reader, X, reset=columns is None, skip_check_array=True)
    return _columns(reader)


def _columns(reader):
    names = getattr(reader, "feature_names_in_", None)
    return Columns(reader.n_features_in_, names)


def _accepted(reader, dtype=DATA_DTYPES):
    tags = reader.__sklearn_tags__().input_tags
    return {
        "accept_sparse": "csr" if tags.sparse else False,
        "dtype": dtype,
        "ensure_all_finite": "allow-nan" if tags.allow_nan else True,
    }


def _canonical(X):
    if is_sparse(X) and not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    return X


def check_remaining_rows(estimator, X, columns, forgotten):
    """Rows of an estimator that has forgotten columns.

    A frame lacks such a column by name, an array by holding only the others.

    Parameters
    ----------
    estimator : estimator
    X : array-like of shape (n_rows, n_features) or (n_rows, n_remaining)
    columns : Columns
    forgotten : ndarray of bool of shape (n_features,)

    Returns
    -------
    ndarray or CSR of shape (n_rows, n_features)
        Zero in forgotten columns, whatever stands there.

    Raises
    ------
    ValueError
        From scikit-learn's validation; also if a frame has a forgotten column twice,
        where nobody can tell which of them it was.
    """
    if not forgotten.any():
        return check_rows(estimator, X, columns)
    remaining = _without(X, forgotten, columns.names)
    if remaining is None:  # neither width fits: the usual error
        return check_rows(estimator, X, columns)
    remaining = check_rows(estimator, remaining, columns.select(~forgotten))
    alive = np.flatnonzero(~forgotten)
    shape = remaining.shape[0], forgotten.size
    if is_sparse(remaining):
        places = alive[remaining.indices]
        return sp.csr_array((remaining.data, places, remaining.indptr), shape=shape)
    full = np.zeros(shape, dtype=remaining.dtype)
    full[:, alive] = remaining
    return full


def remaining_columns(X, columns, forgotten):
    """X without the columns that are forgotten, and the `Columns` that it has then.

    A frame lacks such a column by name, an array by holding only the others. An X of
    another width is returned as it is, with all columns, for the usual error.
    """
    if forgotten.any():
        remaining = _without(X, forgotten, columns.names)
        if remaining is not None:
            return remaining, columns.select(~forgotten)
    return X, columns


def _without(X, forgotten, names):
    """X in the columns that remain; None if it is of another width."""
    columns, select = getattr(X, "columns", ()), lambda chosen: X[chosen]
    if hasattr(X, "column_names"):  # of a pyarrow table, whose columns are values
        columns, select = X.column_names, X.select
    if names is not None and len(columns) and all(isinstance(c, str) for c in columns):
        gone = set(names[forgotten])
        columns = list(columns)
        there = [column for column in columns if column in gone]
        if len(set(there)) < len(there):
            twice = next(column for column in there if there.count(column) > 1)
            raise ValueError(f"X has more than one column named {twice!r}.")
        return select([column for column in columns if column not in gone])
    X = sp.csr_array(X) if is_sparse(X) else as_array(X)
    if X.ndim != 2:
        return None
    if X.shape[1] == forgotten.size:
        return X[:, np.flatnonzero(~forgotten)]
    return X if X.shape[1] == np.count_nonzero(~forgotten) else None


def check_columns(columns, n_features, feature_names):
    """Columns by index, name, a list of these, or a bool mask, as a bool mask.

    Raises
    ------
    ValueError
        If there is none, or one is unknown or the name of several; it is named.
    """
    if isinstance(columns, (str, numbers.Integral)) and not isinstance(columns, bool):
        columns = [columns]
    if isinstance(columns, (list, tuple, set, frozenset)):
        columns = np.array([*columns, None], dtype=object)[:-1]
        if columns.size and all(isinstance(c, (bool, np.bool_)) for c in columns):
            columns = columns.astype(bool)
    columns = np.asarray(columns)
    if columns.ndim != 1 or columns.size == 0:
        raise ValueError(
            "columns must be an index, a name, or a non-empty list of either; got "
            f"{columns!r}"
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
        if found.size > 1:
            raise ValueError(
                f"columns names {column!r}, which {found.size} features are called: "
                "give the index."
            )
        return found[0]
    if not isinstance(column, numbers.Integral) or isinstance(column, bool):
        raise ValueError(f"columns holds {column!r}: neither an index nor a name.")
    if not -n_features <= column < n_features:
        raise ValueError(
            f"columns holds index {column}, out of range for {n_features} features."
        )
    return column % n_features
