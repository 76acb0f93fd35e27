"""A fitted model as one immutable value, and its rows and sums after a request."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sklearn_unlearn.core.arrays import Array, Indices, Mask
from sklearn_unlearn.core.linear.data_checksum import Marks, Tally
from sklearn_unlearn.core.linear.edits import DropColumns, Edit, LinearMap
from sklearn_unlearn.core.linear.state import State
from sklearn_unlearn.core.training_rows.retained import RetainedRows


@dataclass(frozen=True, eq=False)
class Model:
    """Everything a fitted estimator knows.

    Attributes
    ----------
    state : State
    tally : Tally
    marks : callable
        What the tally looks at in encoded targets; see `tally`.
    retained : RetainedRows or None
    """

    state: State
    tally: Tally
    marks: Marks
    retained: RetainedRows | None

    @property
    def forgotten(self) -> Mask:
        """Which columns (the intercept not among them) are forgotten."""
        objective = self.state.objective
        mask = objective.forgotten
        return mask[:-1] if objective.fit_intercept else mask


@dataclass(frozen=True, eq=False)
class ModelChange:
    """What a request changes of a model: an edit, and which of the rows it keeps.

    Attributes
    ----------
    edit : Edit
    positions : ndarray of int or None
        Where the rows that leave lie in the retained data.
    ids : ndarray or None
        Identifiers of rows that come and replace none; where some replace others, of
        all.
    numbers : ndarray of int or None
        Numbers of rows that come back and replace none.
    origin : Origin or None
        What rows that come were made of.
    retained : RetainedRows or None
        The retained rows after the request, where they are not the old ones edited.
    start : ndarray of shape (p_new, n_outputs) or None
        Coefficients from which ``retained`` is fitted, where no map leads there.
    unseen : bool
        Whether some rows change otherwise than by the map of the features.
    tally : Tally or None
        The sums after it, where they are known.
    """

    edit: Edit
    positions: Indices | None = None
    ids: Any = None
    numbers: Any = None
    origin: Any = None
    retained: RetainedRows | None = None
    start: Array | None = None
    unseen: bool = False
    tally: Tally | None = None


def edited_tally(model: Model, request: ModelChange) -> Tally:
    """The sums after a request, not checked.

    Without retained data a row out is a whole row, whatever weight is given.
    """
    edit, retained = request.edit, model.retained
    if request.tally is not None:
        return request.tally
    if request.retained is not None:
        return Tally.of(request.retained, model.marks, model.tally.n_groups)
    forgotten, stay = model.forgotten, None
    if isinstance(edit.feature_map, DropColumns):
        forgotten = forgotten | edit.feature_map.columns[: forgotten.size]
    if retained is not None and edit.rows_out is not None:
        assert request.positions is not None
        stay = retained.left(request.positions, edit.rows_out.weight) > 0.0
    tally = model.tally.changed(
        edit.rows_in, edit.rows_out, model.marks, forgotten, stay
    )
    if isinstance(edit.feature_map, LinearMap):
        intercept = model.state.objective.fit_intercept
        tally = tally.mapped(edit.feature_map.matrix, intercept)
    if request.unseen:
        tally = replace(tally, noise=np.inf)
    return tally


def edited_rows(model: Model, request: ModelChange) -> RetainedRows:
    """The retained rows after a request."""
    if request.retained is not None:
        return request.retained
    retained, edit = model.retained, request.edit
    assert retained is not None
    ids, origin, numbers = request.ids, request.origin, request.numbers
    if edit.rows_out is not None:
        positions = request.positions
        assert positions is not None
        if edit.replaced is None:
            ids, numbers = retained.ids_at(positions), retained.numbers_at(positions)
            if origin is None:
                origin = retained.origins_at(positions)
        else:
            numbers = retained.numbers_of(positions, edit.replaced)
        retained = retained.without(positions, edit.rows_out.weight)
    if edit.rows_in is not None:
        retained = retained.with_rows(edit.rows_in, ids, origin, numbers)
    if isinstance(edit.feature_map, DropColumns):
        n_columns = retained.forgotten.size
        retained = retained.forgetting(edit.feature_map.columns[:n_columns])
    return retained
