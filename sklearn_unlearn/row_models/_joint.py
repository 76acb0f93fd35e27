"""Requests to a model about different rows, as one edit."""

from __future__ import annotations

from typing import Any

import numpy as np

from sklearn_unlearn.core.linear.bookkeeping import ModelChange
from sklearn_unlearn.core.linear.edits import Edit
from sklearn_unlearn.core.rows import joined


def joint_request(retained: Any, requests: list[ModelChange]) -> ModelChange | None:
    """One request to the model instead of several; None instead of none.

    Parameters
    ----------
    retained : RetainedRows or None
        Before all of them.
    requests : list of ModelChange
        About rows alone, and different ones.
    """
    if len(requests) < 2:
        return requests[0] if requests else None
    edits = [one.edit for one in requests]
    out = [edit.rows_out for edit in edits if edit.rows_out is not None]
    into = [edit.rows_in for edit in edits if edit.rows_in is not None]
    places = [one.positions for one in requests if one.positions is not None]
    positions = np.concatenate(places) if places else None
    edit = Edit(
        joined(out) if out else None,
        joined(into) if into else None,
        _replaced(edits) if out and into else None,
    )
    ids, origin = _names_and_origins(retained, requests)
    return ModelChange(edit, positions, ids=ids, origin=origin)


def _replaced(edits):
    """Which of all rows that leave each of those that come is in the place of."""
    parts, start = [], 0
    for edit in edits:
        n_out = 0 if edit.rows_out is None else edit.rows_out.n_rows
        if edit.rows_in is not None:
            n_in = edit.rows_in.n_rows
            parts.append(start + np.arange(n_in) if n_out else np.full(n_in, -1))
        start += n_out
    return np.concatenate(parts)


def _names_and_origins(retained, requests):
    """Identifiers and origins of all rows that come, None where there are none."""
    ids: list[Any] = []
    origins: list[Any] = []
    for one in requests:
        if one.edit.rows_in is None:
            continue
        name, origin = one.ids, one.origin
        if one.positions is not None:
            name = retained.ids_at(one.positions)
            origin = retained.origins_at(one.positions) if origin is None else origin
        ids.append(name)
        origins.append(origin)
    known = bool(ids) and ids[0] is not None
    made = bool(origins) and origins[0] is not None
    return (
        np.concatenate(ids) if known else None,
        origins[0].joined(origins[1:]) if made else None,
    )
