"""Names of rows: one key, or that of a subject and one for each of its rows.

Names of one key are an array of integers or strings. Those of two are a structured
array with the fields of `FIELDS`; a subject alone then names all of its rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sklearn_unlearn.core.arrays import Indices, Mask

#: The key of a subject, and that of one of its rows.
FIELDS = ("subject", "row")


def are_pairs(names: Any) -> bool:
    """Whether names have two keys."""
    return names.dtype.names is not None


def subjects_of(names: Any) -> Any:
    """The key of each name's subject, which is the name where there is one key."""
    return names["subject"] if are_pairs(names) else names


def paired(subjects: Any, rows: Any) -> Any:
    """Names of two keys."""
    dtype = [("subject", subjects.dtype), ("row", rows.dtype)]
    pairs = np.empty(subjects.shape[0], dtype=dtype)
    pairs["subject"], pairs["row"] = subjects, rows
    return pairs


def are_named(held: Any, asked: Any) -> Mask:
    """Where names are those that are asked for, by their subjects if these are."""
    same: Mask = subjects_of(held) == subjects_of(asked)
    if are_pairs(asked):
        same = same & (held["row"] == asked["row"])
    return same


def groups_of(names: Any) -> Indices:
    """A number for each name, equal for equal ones."""
    _, groups = np.unique(subjects_of(names), return_inverse=True)
    if are_pairs(names):
        _, rows = np.unique(names["row"], return_inverse=True)
        _, groups = np.unique(groups * (rows.size + 1) + rows, return_inverse=True)
    found: Indices = groups
    return found


def first_repeated(names: Any) -> int | None:
    """The place of the first name that is there a second time, None if none is."""
    if names.size < 2:
        return None
    _, first = np.unique(groups_of(names), return_index=True)
    repeated = np.setdiff1d(np.arange(names.size), first)
    return int(repeated[0]) if repeated.size else None


def texts_of(name: Any) -> list[str]:
    """Texts that are equal for equal names: of one, and of its subject if it has one.

    Parameters
    ----------
    name : int, str, or tuple of two
    """
    if not isinstance(name, tuple):
        return [str(name)]
    return [f"\0{name!r}", str(name[0])]
