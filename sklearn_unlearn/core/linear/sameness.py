"""Whether an edit leaves the data as they are."""

from __future__ import annotations

import math

import numpy as np

from sklearn_unlearn.core.arrays import Mask, densify
from sklearn_unlearn.core.linear.edits import DropColumns, Edit, Identity
from sklearn_unlearn.core.rows import Rows


def changes_nothing(edit: Edit, forgotten: Mask) -> bool:
    """Whether the rows that come are those that leave, and no column is new to forget.

    A function of the edit alone: of row values and weights, not of any coefficients.

    Parameters
    ----------
    edit : Edit
    forgotten : ndarray of bool of shape (p,)
        Columns forgotten before, the intercept among them.
    """
    if edit.penalty is not None or edit.linear is not None or edit.loss is not None:
        return False
    if isinstance(edit.feature_map, DropColumns):
        if np.any(edit.feature_map.columns & ~forgotten):
            return False
    elif not isinstance(edit.feature_map, Identity):
        return False
    gone, come = _weighty(edit.rows_out), _weighty(edit.rows_in)
    if gone is None or come is None:
        return gone is come
    return _same_targets(gone, come) and _weights(gone) == _weights(come)


def _weighty(rows: Rows | None) -> Rows | None:
    """The rows of positive weight, None if there are none."""
    if rows is None or not rows.weight.any():
        return None
    return rows.take(np.flatnonzero(rows.weight))


def _same_targets(gone: Rows, come: Rows) -> bool:
    """Targets in an order of their own: a quick look before the long one."""
    return np.array_equal(np.unique(gone.y, axis=0), np.unique(come.y, axis=0))


def _weights(rows: Rows) -> dict[bytes, float]:
    """Summed weight of each different row, by the bytes of its values and targets."""
    found: dict[bytes, list[float]] = {}
    targets = np.ascontiguousarray(rows.y + 0.0)  # -0.0 is 0.0
    for at, weight in enumerate(rows.weight.tolist()):
        values = densify(rows.X[[at]]).ravel().astype(np.float64)
        columns = np.flatnonzero(values)
        key = columns.tobytes() + values[columns].tobytes() + targets[at].tobytes()
        found.setdefault(key, []).append(weight)
    return {key: math.fsum(weights) for key, weights in found.items()}
