"""The retained row that comes closest to one that is not found, and the difference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sklearn_unlearn.core.arrays import (
    Data,
    Indices,
    Mask,
    as_float64,
    densify,
    take_rows,
    without_columns,
)
from sklearn_unlearn.core.rows import BLOCK_ENTRIES, Rows, row_slices
from sklearn_unlearn.core.training_rows.chunks import Origin
from sklearn_unlearn.core.training_rows.retained import RetainedRows

#: Relative difference that rounding to single precision, or to the digits of a text
#: file, may explain.
ROUNDING = 1e-5
#: Columns that origins are taken to have, if those of the features are not as many.
_WIDTH = 16


@dataclass(frozen=True, eq=False)
class Difference:
    """What keeps a retained row from being the one that was asked for.

    Attributes
    ----------
    position : int
        Of the retained row.
    columns : ndarray of int
        Of the features, or of the origin, in which they differ.
    target : bool
        Whether their targets do.
    """

    position: int
    columns: Indices
    target: bool

    @property
    def size(self) -> int:
        """In how many values they differ."""
        return self.columns.size + self.target


def least_difference(
    retained: RetainedRows,
    row: Rows,
    origin: Origin | None,
    positions: Indices,
    rounding: float = 0.0,
) -> Difference | None:
    """What keeps the closest of some retained rows from being this one.

    Parameters
    ----------
    retained : RetainedRows
    row : Rows
        A single one.
    origin : Origin or None
        Of the row, if rows are known by theirs.
    positions : ndarray of int
        Of the rows to compare with.
    rounding : float, default=0
        Relative difference of features that is none.

    Returns
    -------
    Difference or None
        None if there is nothing to compare with.
    """
    found: Difference | None = None
    width = max(retained.chunks[0].rows.X.shape[1], _WIDTH)
    for part in row_slices(positions.size, positions.size * width, BLOCK_ENTRIES):
        here = positions[part]
        held, same = retained.take(here), np.zeros(here.size, dtype=np.intp)
        if origin is None:
            X = take_rows(row.X, same)
            unequal = _unequal(X, held.X, retained.forgotten, rounding)
        else:
            unequal = origin.take(same).unequal(retained.origins_at(here), rounding)
        target: Mask = np.any(held.y != row.y, axis=1)
        n_unequal = np.asarray(unequal.sum(axis=1)).ravel() + target
        best = int(np.argmin(n_unequal))
        if found is None or n_unequal[best] < found.size:
            columns = np.flatnonzero(densify(unequal[[best]]))
            found = Difference(int(here[best]), columns, bool(target[best]))
    return found


def _unequal(X: Data, others: Data, ignored: Mask, rounding: float) -> Data:
    """Where entries differ by more than rounding, in columns that are not ignored."""
    X = without_columns(as_float64(X), ignored)
    others = without_columns(as_float64(others), ignored)
    if not rounding:
        return others != X
    return abs(X - others) > abs(others) * rounding
