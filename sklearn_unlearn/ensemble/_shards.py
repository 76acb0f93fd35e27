"""The shards of a model: whose rows are where, and what has to be trained of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sklearn_unlearn.core.linear.edits import Edit
from sklearn_unlearn.core.training_rows.retained import RetainedRows
from sklearn_unlearn.core.training_rows.row_hash import RowHash
from sklearn_unlearn.ensemble._training import Recipe, Slice
from sklearn_unlearn.utils.row_hash import cells_of, keys_of


@dataclass(frozen=True, eq=False)
class Job:
    """Training of a shard from one of its slices on.

    Attributes
    ----------
    shard, first : int
    classes : ndarray or None
        Labels of the shard; None for a regressor.
    model : estimator or None
        Of the slices before.
    slices : list of Slice or None
        None where there is no row.
    """

    shard: int
    first: int
    classes: Any
    model: Any
    slices: list[Slice | None]


@dataclass(frozen=True, eq=False)
class Shards:
    """Models, and the rows that they were trained on.

    Attributes
    ----------
    retained : RetainedRows
    forgotten : ndarray of bool of shape (n_features,) or None
        Columns at fit that no model has; None of rows without columns.
    hashed : RowHash
        From which shards and slices follow.
    recipe : Recipe
    models : tuple of tuple of estimator or None
        After each slice of each shard.
    classes : tuple of ndarray or None
        Labels of each shard; None for regressors.
    """

    retained: RetainedRows
    forgotten: np.ndarray | None
    hashed: RowHash
    recipe: Recipe
    models: tuple[tuple[Any, ...], ...]
    classes: tuple[Any, ...]

    @property
    def final(self):
        """The model of each shard; None of one without rows."""
        return [after[-1] for after in self.models]

    @property
    def n_slices(self):
        """Slices of a shard."""
        return len(self.models[0])

    @property
    def in_order(self):
        """Whether rows are trained on in the order in which they came.

        All of them are trained on together, whichever leave; the model is a plain fit.
        """
        return len(self.models) * self.n_slices == 1

    def changing(self, request):
        """The edit of a request, without rows that are replaced by the same values.

        Returns
        -------
        Edit
        """
        edit = request.edit
        if edit.rows_out is None or edit.rows_in is None or edit.replaced is not None:
            return edit
        before = self.retained.origins_at(request.positions)
        after = before if request.origin is None else request.origin
        same = np.all(edit.rows_out.y == edit.rows_in.y, axis=1) & before.same(after)
        rows = np.flatnonzero(~same)
        return Edit(edit.rows_out.take(rows), edit.rows_in.take(rows))

    def touched_by(self, edit):
        """The first slice of each shard in which rows leave or come.

        Returns
        -------
        dict of int to int
        """
        first: dict[int, int] = {}
        for rows in (edit.rows_out, edit.rows_in):
            if rows is not None:
                cells = self._cells(rows.X[rows.weight > 0.0])
                for cell in np.unique(cells).tolist():
                    shard, slice_ = divmod(cell, self.n_slices)
                    first[shard] = min(slice_, first.get(shard, slice_))
        return first

    def jobs(self, first, encoding):
        """What has to be trained of shards whose rows have changed from a slice on.

        Parameters
        ----------
        first : dict of int to int
        encoding : Labels or Targets

        Returns
        -------
        list of Job
        """
        blocks = list(self.retained.blocks())
        weight = np.concatenate([block.weight for block in blocks])
        keys = np.concatenate([block.X for block in blocks])
        alive = np.flatnonzero(weight)
        cells = self._cells(keys[alive])
        order = np.argsort(cells, kind="stable")
        ends = np.arange(1, len(self.models) * self.n_slices)
        parts = np.split(alive[order], np.searchsorted(cells[order], ends))
        return [
            self._job(shard, first[shard], parts[shard * self.n_slices :], encoding)
            for shard in sorted(first)
        ]

    def _job(self, shard, first, parts, encoding):
        parts, classes = parts[: self.n_slices], None
        if encoding.classes is not None:
            y = self.retained.take(np.concatenate(parts)).y
            classes = encoding.classes[np.unique(encoding.groups(y))]
            if not np.array_equal(classes, self.classes[shard]):
                first = 0  # partial_fit is told of all classes when it begins
        model = self.models[shard][first - 1] if first else None
        slices = [self._slice(part, encoding) for part in parts[first:]]
        return Job(shard, first, classes, model, slices)

    def _cells(self, keys):
        return cells_of(keys, len(self.models) * self.n_slices)

    def _slice(self, positions, encoding):
        if not positions.size:
            return None
        rows = self.retained.take(positions)
        by = (rows.weight, *rows.y.T, *rows.X.T[::-1])
        if np.unique(rows.X, axis=0).shape[0] < rows.n_rows and self.retained.has_ids:
            # whichever of the rows of an identifier came first
            origin = self.retained.origins_at(positions)
            by = (*keys_of(origin, None, self.hashed).T, *by)
        if self.in_order:  # rows that have come back are where they were
            by = (*by, self.retained.numbers_at(positions))
        order = np.lexsort(by)
        rows = rows.take(order)
        weight = None if np.all(rows.weight == 1.0) else rows.weight
        if weight is not None and not self.recipe.weighs:
            raise ValueError(
                f"sample_weight: {type(self.recipe.estimator).__name__}."
                f"{self.recipe.method} takes no weights other than 1."
            )
        X = self.retained.origins_at(positions[order]).X
        if isinstance(X, np.ndarray):  # sums may depend on the layout
            X = np.ascontiguousarray(X)
        return Slice(X, encoding.decoded(rows.y), weight)
