"""Several requests at once to a row model behind other steps, as one about raw rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sklearn_unlearn.base import Batch
from sklearn_unlearn.core.rows import Rows, joined
from sklearn_unlearn.row_models._array_rows import RowModel
from sklearn_unlearn.row_models._leaving import Leaving
from sklearn_unlearn.utils.given_rows import at_once
from sklearn_unlearn.utils.raw_rows import RawRows
from sklearn_unlearn.utils.sharing import once
from sklearn_unlearn.utils.validation import named


@dataclass(frozen=True, eq=False)
class JointRows:
    """What is known of the rows that come in several requests at once.

    Attributes
    ----------
    y : ndarray of shape (n_rows, n_targets)
        Encoded.
    weight : ndarray of shape (n_rows,)
    ids : ndarray or None
    replaced : ndarray of int of shape (n_rows,)
        Which of the rows that leave each is in the place of, -1 if of none.
    """

    y: Any
    weight: Any
    ids: Any
    replaced: Any

    def rows(self, X):
        """The rows, with these features."""
        return Rows(X, self.y, self.weight)


class FinalPartsMixin(RowModel):
    """Finds the raw rows of requests that are carried out together."""

    def _prepare_parts(self, asked):
        """The same with all rows of the parts of its request, as one.

        Where data are retained, rows that leave are found there, each among those that
        the parts before have left.
        """
        fitted, retained, parts = asked.fitted, asked.retained, asked.request.parts
        found, coming, start = [], [], 0
        for part in parts:
            self._check_classes(part.classes, fitted.encoding.classes)
            one = replace(asked, request=part, fitted=fitted)
            if retained is None:
                leaving, n_out = None, _n_rows(part.out)
            else:
                one = self._locate_part(one)
                leaving, n_out = one.leaving, 0
                if leaving is not None:
                    n_out = leaving.rows.n_rows
                    kept = fitted.model.retained
                    kept = kept.without(leaving.positions, leaving.rows.weight)
                    fitted = self._with_retained(fitted, kept)
            if part.into is not None:
                coming.append(self._part_coming(one, start, n_out))
            found.append(one)
            start += n_out
        joint = None
        if coming:
            known: dict[str, Any] = {
                name: [getattr(each, name) for each in coming]
                for name in ("y", "weight", "ids", "replaced")
            }
            joint = JointRows(
                **{
                    name: None if values[0] is None else np.concatenate(values)
                    for name, values in known.items()
                }
            )
        if retained is None:
            return replace(asked, request=at_once(asked.request), joint=joint)
        return self._all_located(asked, found, joint)

    def _locate_part(self, asked):
        """One of several requests, its rows found among the retained ones."""
        request, retained = asked.request, asked.retained
        origin = retained.chunks[0].origin
        X, X_in = asked.value_of("out", "X"), asked.value_of("into", "X")
        if request.out is not None:
            leaving = self._find(asked, X, None if X is None else origin.like(X))
            asked = replace(asked, leaving=leaving)
        if request.relabels:
            return replace(asked, origin_in=retained.origins_at(asked.positions))
        if X_in is not None:
            with named("X_new" if request.out is not None else "X"):
                origin_in = origin.like(X_in)
            if request.out is not None:
                asked.leaving.checked(origin_in.shape[0], "X_new")
                origin_in = origin_in.take(asked.leaving.source)
            asked = replace(asked, origin_in=origin_in)
        return asked

    def _part_coming(self, asked, start, n_out):
        """Rows that come in one of several requests, before which so many leave."""
        request, fitted = asked.request, asked.fitted
        rows, into, out = asked.rows, request.into, request.out
        if rows is not None:
            y, weight = self._targets_coming(asked), rows.weight
            ids = asked.retained.ids_at(asked.positions)
            return JointRows(y, weight, ids, start + np.arange(n_out))
        n_rows = _n_rows(into if into.X is not None else out)
        before, y = out or into, into.y
        y = before.y if y is None else y
        weight = before.sample_weight if self._knows_weights else None
        new = self._weighted(fitted, np.empty((n_rows, 0)), y, weight)
        ids = self._read_new_ids(fitted, into.row_ids, n_rows) if out is None else None
        places = start + np.arange(n_rows) if n_out else np.full(n_rows, -1)
        return JointRows(new.y, new.weight, ids, places)

    def _all_located(self, asked, found, joint):
        """Several requests as one, their rows found among the retained ones."""
        retained = asked.retained
        leaving = [one.leaving for one in found if one.leaving is not None]
        origins = [one.origin_in for one in found if one.origin_in is not None]
        out = into = None
        if leaving:
            rows = joined([each.rows for each in leaving])
            positions = np.concatenate([each.positions for each in leaving])
            every = np.arange(positions.size)
            asked = replace(
                asked, leaving=Leaving(rows, positions, every, positions.size)
            )
            out = Batch(retained.origins_at(positions).X, None, rows.weight)
        if origins:
            asked = replace(asked, origin_in=origins[0].joined(origins[1:]))
            into = Batch(asked.origin_in.X, None, joint.weight)
        if not self._knows_weights:
            out, into = (
                None if each is None else replace(each, sample_weight=None)
                for each in (out, into)
            )
        request = replace(asked.request, out=out, into=into, parts=(), paired=False)
        return replace(asked, request=request, joint=joint)

    @property
    def _knows_weights(self):
        """Whether retained rows have the weights that steps were fitted with."""
        return "sample_weight" in self._accepts

    def _find(self, asked, X, origin=None):
        """Rows that leave, by what this step got of them or by what they were."""
        out, into, fitted = asked.request.out, asked.request.into, asked.fitted
        keywords = {
            "on_unknown": out.on_unknown,
            "whole": into is None and out.whole,
            "interchangeable": into is None or (into.X is None and into.y is None),
        }
        weight = out.sample_weight if self._knows_weights else None

        def found():
            given = fitted, X, out.y, weight, out.row_ids
            return self._leaving(*given, origin=origin, **keywords)

        # models of the same rows find the same
        told = [fitted.model.retained, X, out.y, weight, out.row_ids]
        classes = fitted.encoding.classes
        labels = None if classes is None else tuple(classes.tolist())
        kind = type(self), labels, fitted.columns.n_features
        return once(found, told, "leaving", *kind, *keywords.values())

    def _targets_coming(self, asked):
        """Encoded targets of rows that come, or come back."""
        request, fitted = asked.request, asked.fitted
        if asked.joint is not None:
            return asked.joint.y
        if request.out is None:
            n_rows = asked.origin_in.shape[0]
            return self._read_targets(fitted.encoding, request.into.y, n_rows)
        if request.into.y is None:
            return asked.rows.y
        return self._new_targets(fitted, asked.leaving, request.into.y)


def _n_rows(batch):
    """How many rows were given."""
    return 0 if batch is None or batch.X is None else RawRows.of(batch.X).shape[0]
