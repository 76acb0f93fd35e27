"""Some rows, or some columns of rows, whatever holds them."""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np
import scipy.sparse as sp

from sklearn_unlearn.core.arrays import is_sparse


def take(X, rows):
    """Rows of an array, a sparse matrix, a frame or a list, by position."""
    if hasattr(X, "iloc"):
        return X.iloc[rows]
    if is_sparse(X):
        return sp.csr_array(X)[rows]
    return X[rows] if hasattr(X, "shape") else np.asarray(X)[rows]


def protected(X):
    """The same rows, to be given to what may overwrite them; these it does not reach.

    Transformers with ``copy=False`` write into what they are given, and so may any
    function. Those of scikit-learn copy a read-only array, but unlock that of a frame
    and refuse that of a sparse matrix: these are copied here.
    """
    if is_sparse(X) or hasattr(X, "iloc"):
        return X.copy()
    if hasattr(X, "clone"):  # of polars, whose values stay as they are
        return X.clone()
    if not isinstance(X, np.ndarray):
        return X
    view = X.view()
    view.flags.writeable = False
    return view


@contextmanager
def overwriting_refused():
    """Say what a step does that needs more than what `protected` gives."""
    try:
        yield
    except ValueError as error:
        if "read-only" not in str(error):
            raise
        raise ValueError(
            "A step overwrites the rows that it is given, which requests need as they "
            "were: take a function or a transformer that returns others."
        ) from error


def columns_of(X, kept):
    """Some columns of rows."""
    if hasattr(X, "iloc"):
        return X.iloc[:, kept]
    return X[:, kept]


def positions(columns, transformer):
    """Positions of columns, however ``transformers_`` says which they are."""
    n_columns = transformer.n_features_in_
    names = list(getattr(transformer, "feature_names_in_", ()))
    if isinstance(columns, slice):
        start, stop, step = columns.start, columns.stop, columns.step
        start = names.index(start) if isinstance(start, str) else start
        if isinstance(stop, str):
            stop = names.index(stop) + 1  # the last is meant too
        return np.arange(n_columns)[start:stop:step]
    columns = np.atleast_1d(np.asarray(columns, dtype=object))
    if columns.size and all(isinstance(each, bool | np.bool_) for each in columns):
        return np.flatnonzero(columns.astype(bool))
    places = [names.index(c) if isinstance(c, str) else int(c) for c in columns]
    return np.array(places, dtype=np.intp) % max(n_columns, 1)


def as_array(X):
    """An array of what is no frame; numbers beside strings stay numbers."""
    array = np.asarray(X)
    if array.dtype.kind in "US" and not hasattr(X, "dtype"):
        return np.asarray(X, dtype=object)
    return array


def widened(X, forgotten):
    """An array with columns of zeros in the place of those that it lacks."""
    if is_sparse(X):
        alive = np.flatnonzero(~forgotten)
        X = X.tocoo()
        shape = (X.shape[0], forgotten.size)
        return sp.csr_array((X.data, (X.row, alive[X.col])), shape=shape)
    full = np.zeros((X.shape[0], forgotten.size), dtype=X.dtype)
    full[:, ~forgotten] = X
    return full


def check_there(names, X, argument="X"):
    """Refuse a frame that lacks columns."""
    missing = [name for name in names if name not in X.columns]
    if missing:
        raise ValueError(f"{argument} lacks the columns {missing}.")


def split(n_rows, rows, argument="rows"):
    """Positions of the rows that a request is about, and of all others.

    Parameters
    ----------
    n_rows : int
        Of the training data.
    rows : int, or array-like of int or bool
        Positions, or a mask.
    argument : str, default="rows"
        What the caller is given rows by, for messages.

    Raises
    ------
    TypeError
        If they are neither numbers of rows nor a mask.
    ValueError
        If there is none, or no other, or not that many.
    """
    places = _places(rows, argument)
    chosen = np.zeros(n_rows, dtype=bool)
    if places.dtype.kind == "b":
        if places.shape != chosen.shape:
            raise ValueError(
                f"A mask in {argument} has shape {places.shape}, not ({n_rows},)."
            )
    elif places.size and not -n_rows <= places.min() <= places.max() < n_rows:
        raise ValueError(
            f"{argument} must name rows below {n_rows}: there are no more."
        )
    if places.size:
        chosen[places] = True
    if not chosen.any() or chosen.all():
        raise ValueError(f"{argument} must name at least one row, and not all of them.")
    return np.flatnonzero(chosen), np.flatnonzero(~chosen)


def _places(rows, argument):
    """Numbers of rows or a mask, as an array."""
    try:
        places = np.asarray(rows)
    except ValueError:  # lists of unequal lengths
        places = None
    if places is None or (places.size and places.dtype.kind not in "biu"):
        raise TypeError(
            f"{argument} must name rows by their numbers or by a mask; "
            f"{type(rows).__name__} was passed. A verb with its arguments is for plan, "
            "which tells what it would do."
        )
    return places
