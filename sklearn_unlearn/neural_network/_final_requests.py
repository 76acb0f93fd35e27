"""Networks as the last step of a pipeline, behind steps that change as well."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np

from sklearn_unlearn.core.arrays import is_sparse
from sklearn_unlearn.core.linear.bookkeeping import ModelChange
from sklearn_unlearn.core.linear.edits import DropColumns, Edit, Identity
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.row_models import FinalResidualMixin
from sklearn_unlearn.utils.messages import kind_of


class FinalNetwork(FinalResidualMixin):
    """A last step that lowers an objective of all rows, preprocessed anew.

    It has no closed form for a change of all rows: where the other steps change, its
    retained data are computed from the raw ones, and steps follow.
    """

    _fitted: Any

    _adopts_unseen = True
    #: Steps tell rows that come from those that stay: they are behind them.
    _keeps_places = False

    def _carried(self, fitted, request, now=None, *, measured=True) -> Any:
        """The fitted value after a request; ``now`` is what rows that left are now."""
        raise NotImplementedError

    def _answer_final(self, asked, names, front=None):
        asked = self._find_by_inputs(asked)
        request, inputs = asked.request, asked.inputs
        if request.out is None and request.into is not None:
            self._check_learns(asked.name)
        if inputs.nothing and request.columns is not None:
            # no step before this one used the columns
            return self._with_fitted(self._forget_raw_columns(asked, self._fitted))
        if inputs.map is None and inputs.lost is None and inputs.unseen is None:
            fitted = self._with_same_columns(asked)
        elif asked.retained is None:
            where = inputs.lost or inputs.unseen or inputs.moved
            where = "" if where is None else f"in step {where!r} "
            raise UnlearningError(
                f"The request changes {where}what step {asked.name!r} gets "
                "of all rows: fit with retain_data=True in the last step."
            )
        else:
            fitted = self._with_all_rows(asked, names, front)
        if fitted is asked.fitted:
            return copy.copy(self)
        return self._copy_with(self._forget_raw_columns(asked, fitted))

    def _with_fitted(self, fitted):
        """A copy with another fitted value of the same weights."""
        after = copy.copy(self)
        after._fitted = fitted
        return after

    def _check_learns(self, name):
        if not hasattr(self, "partial_fit"):
            raise UnlearningError(
                f"Step {name!r}, {kind_of(self)}, learns no rows later: fit again."
            )

    def _with_all_rows(self, asked, names, front):
        """The fitted value after its rows were preprocessed anew."""
        inputs, model = asked.inputs, asked.fitted.model
        gone = self._columns_gone(asked, names)
        forgotten = model.forgotten | gone
        fitted = replace(asked.fitted, model=replace(model, forgotten=forgotten))
        rows_in = ids = seen = None
        if inputs.into is not None:
            rows_in, ids = self._read_coming(asked, fitted)
        X = self._read_features(fitted, inputs.rest())
        retained = self._retain_again(asked, X, forgotten, rows_in, ids)
        features = DropColumns(gone) if gone.any() else Identity()
        replaced = None if asked.joint is None else asked.joint.replaced
        replaced = None if asked.rows is None or rows_in is None else replaced
        edit = Edit(asked.rows, rows_in, replaced, feature_map=features)
        request = ModelChange(edit, asked.positions, retained=retained)
        if asked.rows is not None:
            seen = self._rows_as_seen_now(asked, fitted, front)
        return self._carried(asked.fitted, request, seen, measured=seen is not None)

    def _rows_as_seen_now(self, asked, fitted, front):
        """Rows that left, as the other steps give them now; None if they cannot."""
        X = asked.request.out.X
        if X is None:
            X = asked.retained.origins_at(asked.positions).X
        try:
            inputs = front(X)
        except ValueError:  # a category that only these rows had
            return None
        return replace(asked.rows, X=self._read_features(fitted, inputs))

    def _columns_gone(self, asked, names):
        """Which columns of the inputs are there no longer."""
        inputs, model = asked.inputs, asked.fitted.model
        alive = np.flatnonzero(~model.forgotten)
        n_columns, source = inputs.n_columns, None
        n_before, (before, after) = alive.size, names()
        if inputs.map is not None:
            source, n_before = _sources(inputs.map), inputs.map.linear.shape[1]
        elif before is not None:
            n_before = len(before)
        if n_before != alive.size:
            raise UnlearningError(
                f"Step {asked.name!r} has forgotten columns by itself: call "
                "forget_features of the pipeline, in whose other steps they still are."
            )
        if source is None:
            if before is not None and after is not None:
                position = {name: place for place, name in enumerate(before)}
                source = np.array([position.get(name, -1) for name in after])
            elif n_columns == alive.size:
                source = np.arange(n_columns)
        if source is None or np.any(source < 0) or np.any(np.diff(source) <= 0):
            raise UnlearningError(
                f"The request changes the inputs of step {asked.name!r}, "
                f"{alive.size} before and {n_columns} after, otherwise than by leaving "
                "some out: a network has weights for each of them. Fit again."
            )
        gone = np.zeros(model.forgotten.size, dtype=bool)
        gone[np.delete(alive, source)] = True
        return gone


def _sources(change):
    """The one old column of each new one; None if that is not how they change."""
    linear = change.linear
    if not change.complete or not is_sparse(linear):
        return None
    if np.any(np.diff(linear.indptr) != 1):
        return None
    return linear.indices
