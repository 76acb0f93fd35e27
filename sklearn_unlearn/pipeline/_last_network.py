"""A request carried out by a network, behind steps that change as well."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from sklearn_unlearn.core.edits import DropColumns, Edit, Identity
from sklearn_unlearn.core.model import Request
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.pipeline._last_model import LastModel
from sklearn_unlearn.utils.messages import kind_of


class LastNetwork(LastModel):
    """A last step that lowers an objective of all rows, preprocessed anew.

    It has no closed form for a change of all rows: where the other steps change, its
    retained data are computed from the raw ones, and steps follow.
    """

    def after(self, change, names, front=None):
        """The step after the request.

        Parameters
        ----------
        change : Change
            Of its inputs.
        names : callable
            Gives names of its inputs before and after.
        front : callable, optional
            Gives inputs of rows by the other steps after the request.
        """
        step, fitted, request = self.step, self.fitted, self.request
        if self.into.X is not None and not self.leaves:
            self._check_learns()
        self.found(change.out)
        after = copy.copy(step)
        if change.nothing and request.columns is not None:
            # no step before this one used the columns
            after._fitted = self._forgetting(step._fitted)
            return after
        if change.map is None and change.lost is None and change.unseen is None:
            carried = self._with_same_columns(change)
        elif self.retained is None:
            where = change.lost or change.unseen or change.moved
            where = "" if where is None else f"in step {where!r} "
            raise UnlearningError(
                f"The request changes {where}what step {self.name!r} gets "
                "of all rows: fit with retain_data=True in the last step."
            )
        else:
            carried = self._with_all_rows(change, names, front)
        if carried is not fitted:
            after._swap(self._forgetting(carried))
        return after

    def _check_learns(self):
        if not hasattr(self.step, "partial_fit"):
            raise UnlearningError(
                f"Step {self.name!r}, {kind_of(self.step)}, learns no rows later: fit "
                "again."
            )

    def _with_all_rows(self, change, names, front):
        """The step after its rows were preprocessed anew."""
        step, model = self.step, self.fitted.model
        gone = self._gone(change, names)
        forgotten = model.forgotten | gone
        fitted = replace(self.fitted, model=replace(model, forgotten=forgotten))
        rows_in = ids = seen = None
        if change.into is not None:
            rows_in, ids = self._coming(fitted, change.into())
        X = step._read_features(fitted, change.rest())
        retained = self._of_rows(X, forgotten, rows_in, ids)
        features = DropColumns(gone) if gone.any() else Identity()
        edit = Edit(self.rows, rows_in, feature_map=features)
        request = Request(edit, self.positions, retained=retained)
        if self.rows is not None:
            seen = self._seen(fitted, front)
        return step._carried(self.fitted, request, seen, measured=seen is not None)

    def _seen(self, fitted, front):
        """Rows that left, as the other steps give them now; None if they cannot."""
        X = self.out.X
        if X is None:
            X = self.retained.origins_at(self.positions).X
        try:
            inputs = front(X)
        except ValueError:  # a category that only these rows had
            return None
        X = self.step._read_features(fitted, inputs)
        return replace(self.rows, X=X)

    def _gone(self, change, names):
        """Which columns of the inputs are there no longer."""
        alive = np.flatnonzero(~self.fitted.model.forgotten)
        n_columns, source = self._n_columns(change), None
        n_before, (before, after) = alive.size, names()
        if change.map is not None:
            source, n_before = _sources(change.map), change.map.linear.shape[1]
        elif before is not None:
            n_before = len(before)
        if n_before != alive.size:
            raise UnlearningError(
                f"Step {self.name!r} has forgotten columns by itself: call "
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
                f"The request changes the inputs of step {self.name!r}, "
                f"{alive.size} before and {n_columns} after, otherwise than by leaving "
                "some out: a network has weights for each of them. Fit again."
            )
        gone = np.zeros(self.fitted.model.forgotten.size, dtype=bool)
        gone[np.delete(alive, source)] = True
        return gone


def _sources(change):
    """The one old column of each new one; None if that is not how they change."""
    linear = change.linear
    if not change.complete or not sp.issparse(linear):
        return None
    if np.any(np.diff(linear.indptr) != 1):
        return None
    return linear.indices
