"""Finding rows among those that are retained: by their content, or by their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp

from sklearn_unlearn.core.arrays import (
    Array,
    Data,
    Indices,
    Mask,
    is_sparse,
    like,
    take_rows,
    without_columns,
)
from sklearn_unlearn.core.rows import BLOCK_ENTRIES, Rows, row_slices
from sklearn_unlearn.core.training_rows.chunks import Origin
from sklearn_unlearn.core.training_rows.names import (
    are_named,
    are_pairs,
    first_repeated,
    groups_of,
    subjects_of,
)
from sklearn_unlearn.core.training_rows.stored import StoredRows
from sklearn_unlearn.exceptions import AmbiguousRowError, RowNotFoundError

#: Relative difference of weights that rounding may explain.
WEIGHT_ROUNDING = 1e-12


def locate(
    stored: StoredRows,
    rows: Rows,
    all_weight: bool = False,
    origin: Origin | None = None,
    ids: Any = None,
    interchangeable: bool = True,
    explain: Callable[[int], str] | None = None,
    numbers: Any = None,
) -> Indices:
    """Positions of rows with these features, or this origin, and these targets.

    Equal rows are told apart: a row asked for twice must be there twice. Of equal
    rows without names the lightest that holds the weight asked for is taken, or
    with ``all_weight`` the first; of those that have names the one of ``ids``.

    Parameters
    ----------
    stored : StoredRows
    rows : Rows
    all_weight : bool, default=False
        Whether all weight that a row has is meant, whatever the weight here.
    origin : Origin, optional
    ids : ndarray, optional
        Names that the rows must have as well.
    interchangeable : bool, default=True
        Whether the same is asked of all rows here. If not, it matters which of
        equal rows is which, even if all of them are here.
    explain : callable, optional
        Says more of a row that is not found.
    numbers : ndarray of int, optional
        What messages call the rows; by default their positions here.

    Raises
    ------
    RowNotFoundError
    AmbiguousRowError
        If a row equals several that have names, and no ``ids`` say which is meant.
    """
    keys = stored.chunks[0].hashes(rows, origin)
    if origin is None:
        indexes = [chunk.by_content for chunk in stored.chunks]
    else:
        indexes = [chunk.by_origin for chunk in stored.chunks]
    owner, position = _candidates(keys, indexes)
    same = _same(stored, rows, origin, owner, position)
    if ids is not None:
        same &= are_named(stored.ids_at(position), ids[owner])
    owner, position = owner[same], position[same]
    needed = np.zeros(rows.n_rows) if all_weight else rows.weight
    numbers = np.arange(rows.n_rows) if numbers is None else numbers
    if stored.has_ids and ids is None:
        _check_unambiguous(stored, owner, position, needed, interchangeable, numbers)
    return _claimed(stored, owner, position, needed, explain, numbers)


def living(stored: StoredRows, ids: Any) -> tuple[Indices, Indices]:
    """For each living row of these identifiers: whose it is, and where."""
    indexes = [chunk.by_id for chunk in stored.chunks]
    owner, position = _candidates(subjects_of(ids), indexes)
    alive = stored.weights(position) > 0.0
    if are_pairs(ids):
        alive &= are_named(stored.ids_at(position), ids[owner])
    return owner[alive], position[alive]


def check_named_once(ids: Any) -> None:
    """Refuse identifiers of which one is there twice.

    Raises
    ------
    RowNotFoundError
    """
    order = first_repeated(ids)
    if order is not None:
        raise RowNotFoundError(
            f"row_ids[{order}] is {ids.tolist()[order]!r}, which was named before: "
            "name each once."
        )


def _candidates(
    keys: Any, indexes: list[tuple[Any, Indices]]
) -> tuple[Indices, Indices]:
    """All rows that have these keys: whose key, and where; sorted by key."""
    owners, positions, start = [], [], 0
    for ordered, row in indexes:
        low = np.searchsorted(ordered, keys, side="left")
        n_found = np.searchsorted(ordered, keys, side="right") - low
        owners.append(np.repeat(np.arange(len(keys)), n_found))
        offset = np.arange(n_found.sum()) - np.repeat(
            np.cumsum(n_found) - n_found, n_found
        )
        positions.append(row[np.repeat(low, n_found) + offset] + start)
        start += row.size
    if len(indexes) == 1:
        return owners[0], positions[0]
    owner, position = np.concatenate(owners), np.concatenate(positions)
    order = np.lexsort((position, owner))
    return owner[order], position[order]


def _check_unambiguous(
    stored: StoredRows,
    owner: Indices,
    position: Indices,
    needed: Array,
    interchangeable: bool,
    numbers: Indices,
) -> None:
    """Refuse rows that equal several with names, unless it is the same which.

    That it is if all of them are asked for, and the same is asked of each.
    """
    first = np.searchsorted(owner, np.arange(needed.size + 1))
    several = np.flatnonzero(np.diff(first) > 1)
    names = stored.ids_at(position)
    asked: dict[int, list[int]] = {}  # rows here that equal the same ones
    for row in several.tolist():
        asked.setdefault(int(position[first[row]]), []).append(row)
    for rows in asked.values():
        equal = slice(first[rows[0]], first[rows[0] + 1])
        n_names = np.unique(groups_of(names[equal])).size
        asks, have = np.sort(needed[rows]), np.sort(stored.weights(position[equal]))
        alike = asks[0] == asks[-1] or np.array_equal(asks, have)
        alike = interchangeable and len(rows) == have.size and alike
        if n_names > 1 and not alike:
            raise AmbiguousRowError(
                f"Row {numbers[rows[0]]} of X, with its y, equals {n_names} rows of "
                "the model that have different names: say by row_ids which is meant."
            )


def _same(
    stored: StoredRows,
    rows: Rows,
    origin: Origin | None,
    owner: Indices,
    position: Indices,
) -> Mask:
    """Where candidates live and equal their row, of which they have the hash."""
    same = stored.weights(position) > 0.0
    width = stored.chunks[0].rows.X.shape[1]
    for part in row_slices(position.size, position.size * width, BLOCK_ENTRIES):
        mine, held = owner[part], stored.take(position[part])
        same[part] &= np.all(held.y == rows.y[mine], axis=1)
        if origin is None:
            X = take_rows(rows.X, mine)
            same[part] &= _equal_rows(X, held.X, stored.forgotten)
        else:
            origins = stored.origins_at(position[part])
            same[part] &= origin.take(mine).same(origins)
    return same


def _claimed(
    stored: StoredRows,
    owner: Indices,
    position: Indices,
    needed: Array,
    explain: Callable[[int], str] | None,
    numbers: Indices,
) -> Indices:
    """A different row for each owner, of several the one that suits best."""
    weight, n_keys = stored.weights(position), needed.size
    first = np.searchsorted(owner, np.arange(n_keys + 1))
    found = np.full(n_keys, -1)
    single = np.flatnonzero(np.diff(first) == 1)
    found[single] = position[first[single]]
    taken: set[int] = set()
    for key in np.flatnonzero(np.diff(first) > 1).tolist():
        mine = range(first[key], first[key + 1])
        free = [at for at in mine if int(position[at]) not in taken]
        holding = [
            at for at in free if weight[at] >= needed[key] * (1.0 - WEIGHT_ROUNDING)
        ]
        if not free:
            continue
        if needed[key] == 0.0:
            best = free[0]
        elif holding:
            best = min(holding, key=weight.__getitem__)
        else:
            best = max(free, key=weight.__getitem__)
        found[key] = position[best]
        taken.add(int(position[best]))
    _, first_use = np.unique(found, return_index=True)
    again = np.ones(n_keys, dtype=bool)
    again[first_use] = False
    for lost in np.flatnonzero((found < 0) | again).tolist():
        if first[lost] < first[lost + 1]:
            raise RowNotFoundError(
                f"Row {numbers[lost]} of X, with its y, is asked for more often than "
                "it is in the retained training data."
            )
        raise RowNotFoundError(
            f"Row {numbers[lost]} of X, with its y, is not (or no longer) in the "
            "retained training data." + ("" if explain is None else explain(lost))
        )
    return found


def _equal_rows(X: Data, others: Data, ignored: Mask) -> Mask:
    """Where rows equal others of as many, but for columns that are ignored."""
    X = without_columns(like(X, others), ignored)
    others = without_columns(others, ignored)
    if is_sparse(others):
        unequal = sp.csr_array(others != X)
        unequal.eliminate_zeros()
        none_unequal: Mask = np.diff(unequal.indptr) == 0
        return none_unequal
    equal: Mask = np.all(others == X, axis=1)
    return equal
