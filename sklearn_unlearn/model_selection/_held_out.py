"""Outputs of first steps for rows held out, kept up to date by maps of requests.

A request changes the outputs of a scaler or an encoder by a map of columns, which costs
less than to transform all rows held out again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from sklearn_unlearn.core.arrays import is_sparse
from sklearn_unlearn.pipeline import change_of_outputs
from sklearn_unlearn.transformers import maps_all_rows
from sklearn_unlearn.utils.sharing import known, once

#: By how much maps may magnify the rounding of outputs before rows are read again.
_MAGNIFIED = 2.0**10


@dataclass(frozen=True, eq=False)
class Outputs:
    """Outputs of fitted steps for the rows held out in a split.

    Attributes
    ----------
    steps : tuple of transformer
    numbers : ndarray of int
        Of the rows.
    values : ndarray or sparse matrix
    growth : float
        By how much maps have magnified rounding since they were computed from rows.
    """

    steps: tuple[Any, ...]
    numbers: Any
    values: Any
    growth: float = 1.0

    @property
    def n_bytes(self):
        """What they take."""
        if not is_sparse(self.values):
            return self.values.nbytes
        parts = (getattr(self.values, name) for name in ("data", "indices", "indptr"))
        return sum(part.nbytes for part in parts)

    def after(self, steps, change, numbers):
        """Those after a request; None where rows have to be read.

        Parameters
        ----------
        steps : tuple of transformer
            After the request.
        change : InputChange or None
            Of their outputs; None if the request did not reach them.
        numbers : ndarray of int
            Of rows that are held out now, none of which has changed.
        """
        kept = np.flatnonzero(np.isin(self.numbers, numbers))
        if not np.array_equal(self.numbers[kept], numbers):
            return None
        values, growth = self.values, self.growth
        if kept.size < self.numbers.size:
            values = values[kept]
        if change is not None:
            if change.lost or change.unseen or change.imputed:
                return None
            if change.map is not None:
                map_ = change.map
                growth *= max(1.0, map_.magnification)
                narrow = not map_.complete or map_.n_old != map_.n_new
                if narrow or growth > _MAGNIFIED:
                    return None
                values = map_.apply(values)
        return Outputs(steps, numbers, values, growth)


@dataclass(frozen=True, eq=False)
class HeldOut:
    """All such outputs of a search.

    Attributes
    ----------
    fronts : tuple of str
        Which candidates have equal first steps, from `fronts_of`.
    max_bytes : float
        What they may take together.
    made : dict of (int, str) to Outputs
        By split and front.
    """

    fronts: tuple[str, ...]
    max_bytes: float
    made: dict[tuple[int, str], Outputs] = field(default_factory=dict)

    def __getstate__(self):
        """Without outputs, which are computed again when they are needed."""
        return {"fronts": self.fronts, "max_bytes": self.max_bytes, "made": {}}

    def watch(self, cell, before):
        """What a request that a pipeline has just answered changes in outputs."""
        number, split = cell
        if not self.fronts or (split, self.fronts[number]) not in self.made:
            return None
        return change_of_outputs(before)

    def after(self, members, living, change):
        """Outputs that can be followed through a request.

        Parameters
        ----------
        members : Members
            After it, with what `watch` gave.
        living : Living
        change : RowChange or None
            None of a request about columns.
        """
        made = {}
        for (split, front), outputs in self.made.items():
            cell = self.fronts.index(front), split
            comes = change is None or change.request.edit.rows_in is not None
            if comes and (change is None or change.held_out(split)):
                continue
            model, seen = members.fitted[cell].estimator, members.watched.get(cell)
            if model is None or (cell in members.watched) != (seen is not None):
                continue
            steps = tuple(step for _, step in model.steps[:-1])
            same = len(steps) == len(outputs.steps) and all(
                a is b for a, b in zip(steps, outputs.steps, strict=True)
            )
            if seen is None and not same:
                continue
            numbers = living.held_out_numbers(split)
            found = outputs.after(steps, seen, numbers)
            if found is not None:
                made[split, front] = found
        return replace(self, made=made)

    def tell(self, split, X, numbers):
        """Tell models that are about to be asked what is known of these rows."""
        for (each, _), outputs in self.made.items():
            if each == split and np.array_equal(outputs.numbers, numbers):
                given = [*outputs.steps, X]
                once(lambda values=outputs.values: values, given, "outputs")

    def learned(self, members, split, X, numbers):
        """These, and what models that were asked have found of rows."""
        made = dict(self.made)
        taken = sum(outputs.n_bytes for outputs in made.values())
        for front in set(self.fronts):
            model = members.fitted[self.fronts.index(front), split].estimator
            if model is None or (split, front) in made:
                continue
            steps = tuple(step for _, step in model.steps[:-1])
            values = known([*steps, X], "outputs")
            plain = isinstance(values, np.ndarray) or is_sparse(values)
            if not plain or values.dtype != np.float64:
                continue
            outputs = Outputs(steps, numbers, values)
            taken += outputs.n_bytes
            if taken <= self.max_bytes and steps and all(map(maps_all_rows, steps)):
                made[split, front] = outputs
        return replace(self, made=made)
