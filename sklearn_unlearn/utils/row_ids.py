"""Identifiers of rows as the caller gives them: of one key, or of subject and row."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from sklearn_unlearn.core.training_rows.names import (
    are_pairs,
    first_repeated,
    groups_of,
    paired,
    subjects_of,
)
from sklearn_unlearn.exceptions import RowIdKindError
from sklearn_unlearn.utils.schema import is_frame
from sklearn_unlearn.utils.values import as_dtype, integers, is_missing


def check_row_ids(row_ids, n_rows=None, *, like=None):
    """Identifiers as a 1-D array of integers or strings, or of pairs of these.

    Parameters
    ----------
    row_ids : array-like of shape (n_ids,) or (n_ids, 2), str or int
        A single one is that of all rows, of one where there were none before. Of two
        columns the first is the key of a subject, the second that of one of its rows.
    n_rows : int, optional
        How many there must be, where each is the name of a row that is there.
    like : ndarray, optional
        Identifiers whose kind they must have; subjects alone are of the kind of pairs,
        save of rows that come.

    Returns
    -------
    ndarray
        See :mod:`~sklearn_unlearn.core.training_rows.names`.

    Raises
    ------
    RowIdKindError
        If they are of another kind.
    ValueError
        If they are not one a row, or none.
    """
    columns = _columns(row_ids)
    if columns is None and _is_single(row_ids):
        if like is None and n_rows is not None and n_rows > 1:
            raise ValueError(
                f"row_ids is {np.asarray(row_ids).item()!r}, one name for {n_rows} "
                "rows: pass the column itself, e.g. frame['customer']."
            )
        row_ids = [row_ids] * (1 if n_rows is None else n_rows)
    if columns is None:
        alike = None if like is None else subjects_of(like)
        ids = _one_key(row_ids, "row_ids", alike)
    else:
        if like is not None and not are_pairs(like):
            raise RowIdKindError(
                "row_ids has two columns, of subjects and their rows, and had one at "
                "fit: pass the identifiers alone."
            )
        keys = [
            _one_key(
                column, f"row_ids[:, {place}]", None if like is None else like[name]
            )
            for place, (column, name) in enumerate(
                zip(columns, ("subject", "row"), strict=True)
            )
        ]
        ids = paired(*keys)
    if n_rows is not None and ids.size != n_rows:
        raise ValueError(f"row_ids has {ids.size} identifiers, expected {n_rows}.")
    return ids


def check_new_row_ids(row_ids, n_rows, like=None):
    """Identifiers of rows that come, each with one of its own if they have two keys.

    Parameters
    ----------
    row_ids, n_rows, like
        As for `check_row_ids`.
    """
    ids = check_row_ids(row_ids, n_rows, like=like)
    if like is not None and are_pairs(like) and not are_pairs(ids):
        raise RowIdKindError(
            "row_ids had two columns at fit, of subjects and their rows: pass both of "
            "rows that come."
        )
    if are_pairs(ids):
        place = first_repeated(ids)
        if place is not None:
            raise ValueError(
                f"row_ids[{place}] is {ids.tolist()[place]!r}, which names another row "
                "too: of two columns the second tells the rows of a subject apart."
            )
    return ids


def names_in(row_ids):
    """Identifiers as an array that has one of each, or a single one as it is."""
    if _columns(row_ids) is None and _is_single(row_ids):
        return np.asarray(row_ids)
    return check_row_ids(row_ids)


def distinct(row_ids):
    """Identifiers, each once, in the order in which they are there first."""
    ids = check_row_ids(row_ids)
    return ids[np.sort(np.unique(groups_of(ids), return_index=True)[1])]


def some_row_ids(row_ids, some):
    """Identifiers of some rows; a single one is that of any."""
    if row_ids is None or (_columns(row_ids) is None and _is_single(row_ids)):
        return row_ids
    return check_row_ids(row_ids)[some]


def listed(ids):
    """Identifiers as a caller has them: pairs as an array of two columns."""
    if not are_pairs(ids):
        return ids
    subjects, rows = ids["subject"], ids["row"]
    if subjects.dtype.kind == rows.dtype.kind:
        return np.column_stack([subjects, rows])
    return np.array([*map(list, ids.tolist())], dtype=object).reshape(-1, 2)


def _is_single(row_ids):
    return isinstance(row_ids, str | numbers.Number) or (
        hasattr(row_ids, "shape") and row_ids.shape == ()
    )


def _columns(row_ids):
    """The two columns that identifiers have, None if they have one."""
    names = getattr(getattr(row_ids, "dtype", None), "names", None)
    if names is not None and len(names) == 2:
        return row_ids[names[0]], row_ids[names[1]]
    if is_frame(row_ids) and len(row_ids.columns) == 2:
        return [np.asarray(row_ids[name]) for name in row_ids.columns]
    if isinstance(row_ids, list | tuple):
        if not row_ids or not all(map(_is_pair, row_ids)):
            return None
        return [[pair[place] for pair in row_ids] for place in (0, 1)]
    values: Any = None if _is_single(row_ids) else np.asarray(row_ids)
    if values is None or not values.size:
        return None
    if values.ndim == 2 and values.shape[1] == 2:
        return values[:, 0], values[:, 1]
    if values.ndim == 1 and values.dtype == object and all(map(_is_pair, values)):
        return [[pair[place] for pair in values] for place in (0, 1)]
    return None


def _is_pair(value):
    """Whether a value is a subject and a row."""
    if isinstance(value, np.ndarray):
        return value.shape == (2,)
    return isinstance(value, list | tuple) and len(value) == 2


def _one_key(keys, argument, like):
    """Identifiers of one key as an array of integers or strings."""
    if isinstance(keys, list | tuple):  # in an array, numbers beside texts are texts
        kinds = {isinstance(key, str) for key in keys}
        if kinds == {True, False}:
            raise RowIdKindError(
                f"{argument} must be integers or strings, all of one kind; got both. "
                "One row of a subject is [(subject, row)]."
            )
    ids = np.asarray(keys)
    if not ids.ndim:
        raise ValueError(f"{argument} is a {type(keys).__name__}: pass a list.")
    if ids.ndim == 2 and ids.shape[1] == 1:
        ids = ids[:, 0]
    if ids.ndim != 1:
        raise ValueError(
            f"{argument} must be one identifier for each row, or two columns, of "
            f"subjects and their rows; got an array of shape {ids.shape}."
        )
    if ids.dtype.kind == "f" and not hasattr(keys, "dtype"):
        ids = np.asarray(keys, dtype=object)  # perhaps of integers up to 2**64
    if ids.size == 0:
        raise ValueError(f"{argument} is empty.")
    if ids.dtype == object:
        for kind in (str, numbers.Integral):
            if all(isinstance(key, kind) and not isinstance(key, bool) for key in ids):
                ids = ids.tolist()
                ids = np.array(ids) if kind is str else integers(ids)
                if ids is None:
                    raise ValueError(
                        f"{argument} beyond 64 bits: pass them as strings."
                    )
    is_kind = np.issubdtype(ids.dtype, np.integer) or ids.dtype.kind == "U"
    if not is_kind or (
        like is not None and (ids.dtype.kind == "U") != (like.dtype.kind == "U")
    ):
        raise RowIdKindError(_of_another_kind(ids, argument, like))
    if ids.dtype.kind in "iu":
        ids = as_dtype(ids, np.dtype(np.int64) if like is None else like.dtype)
        if like is not None and ids.dtype != like.dtype:
            raise RowIdKindError(
                f"{argument} are not all {like.dtype}, as they were at fit."
            )
    return ids


def _of_another_kind(ids, argument, like):
    """What is said of identifiers that are of no kind, or not of that at fit."""
    if like is None:
        wanted, then = "integers or strings", ": convert them, e.g. by .astype(str)"
    else:
        wanted, then = f"{_kind_of(like.dtype)} as at fit", ""
    got = _kind_of(ids.dtype)
    if ids.dtype == object:
        kinds = [isinstance(key, str | numbers.Integral) for key in ids]
        place = kinds.index(False) if False in kinds else 0
        got = f"{argument}[{place}] of type {type(ids[place]).__name__}"
        if is_missing(ids[place]):
            then = ": give each row a name, none may be missing"
    return f"{argument} must be {wanted}; got {got}{then}."


def _kind_of(dtype):
    """What identifiers of a dtype are, in words."""
    return "strings" if dtype.kind == "U" else str(dtype)
