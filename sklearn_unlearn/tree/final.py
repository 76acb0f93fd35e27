"""Trees as the last step of a pipeline, whose raw rows name and find them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sklearn_unlearn.core.linear.bookkeeping import ModelChange
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.row_models import FinalRowModel, relabelled
from sklearn_unlearn.tree.state import singles
from sklearn_unlearn.utils.validation import Columns, check_rows


@dataclass(frozen=True, eq=False)
class Inputs:
    """What trees compare of rows that are retained raw, after a request.

    Attributes
    ----------
    moved : ndarray of float32 of shape (n_moved, n_positions) or None
        Of the rows before, by position; None if it has not changed.
    new : ndarray of float32 of shape (n_features, n_rows)
        Of the rows that come.
    forgotten : ndarray of bool
        Columns at fit that no tree has.
    chosen : ndarray of int, or ... for all
        Columns of these that are left.
    comparable : bool
        Whether rows have the names and the columns that they had before.
    features : ndarray of int of shape (n_moved,) or None
        Which features may have changed in the rows before; None for all.
    """

    moved: np.ndarray | None
    new: np.ndarray
    forgotten: np.ndarray
    chosen: Any = ...
    comparable: bool = True
    features: np.ndarray | None = None

    @classmethod
    def unchanged(cls, model, request):
        """Those of a request that gives no row other values."""
        edit, columns = request.edit, model.rows.columns
        new = columns[:, :0]
        if edit.rows_in is not None:
            if request.origin is not None:
                raise UnlearningError(
                    "The rows are raw ones of a pipeline: state the request there."
                )
            new = columns[:, model.place[request.positions]]
        return cls(None, new, model.forgotten)

    def at(self, model, positions):
        """Those of rows at positions after the request, of shape (n_features, any)."""
        n_before = model.retained.n_rows
        old = positions < n_before
        columns = np.empty((len(self.new), positions.size), dtype=np.float32)
        if self.moved is None or self.features is not None:
            columns[:, old] = model.rows.columns[:, model.place[positions[old]]]
        if self.moved is not None:
            which = slice(None) if self.features is None else self.features[:, None]
            columns[which, old if self.features is None else np.flatnonzero(old)] = (
                self.moved[:, positions[old]]
            )
        columns[:, ~old] = self.new[:, positions[~old] - n_before]
        return columns


class FinalTrees(FinalRowModel):
    """A model of trees that follows what other steps of a pipeline make of its rows.

    Where that keeps the order of the rows in each column, thresholds move along and
    nothing grows again but what the rows of the request change.
    """

    _at_fit: Any
    _answered: Any
    _check_finite: Any
    _grown: Any

    def _expect_raw(self, raw):
        """The next fit is to what other steps make of these rows."""
        vars(self)["_raw_rows"] = raw

    def _keep_raw(self, raw):
        fitted = self._checked()
        model = fitted.model
        origin = model.retained.chunks[0].origin
        if model.raw and origin.shape == raw.shape and origin.same(raw).all():
            return  # which a pipeline in this one, that has other rows, did not know
        retained = model.retained.made_of(lambda chunk: raw)
        columns, seed = model.rows.columns, model.rules.seed
        grown = self._grown(retained, model.forgotten, seed, fitted.encoding, columns)
        self._fitted = replace(fitted, model=grown)

    def _read_coming(self, asked, fitted):
        rows, ids = super()._read_coming(asked, fitted)
        check_single(rows.X)
        return rows, ids

    def _answer_final(self, asked, names, front=None):
        inputs, request, fitted = asked.inputs, asked.request, asked.fitted
        model, n_before = fitted.model, asked.retained.n_rows
        forgotten, moved, features = model.forgotten, None, None
        chosen: Any = ...
        moves = any(
            each is not None for each in (inputs.map, inputs.lost, inputs.unseen)
        )
        if inputs.forgotten is not None:  # no step before this one
            mask = self._columns_asked(fitted, request.columns)
            chosen = np.flatnonzero(~mask[~forgotten])
            forgotten = forgotten | mask
        elif moves:
            self._check_forgot_nothing(asked)
            known = fitted.columns.names is not None
            some = inputs.changed_columns
            n_columns = inputs.n_columns if some is None else len(forgotten)
            columns = Columns(n_columns, names()[1] if known else None)
            if some is None:
                X = check_rows(self, inputs.rest(), columns)
                check_single(X)
            else:
                features, X = some
                self._check_finite(X)
            forgotten = np.zeros(n_columns, dtype=bool)
            fitted = replace(
                fitted, columns=columns, model=replace(model, forgotten=forgotten)
            )
            kept = asked.edited().alive
            held = np.empty((X.shape[1], X.shape[0]), dtype=np.float32)
            held[:, self._order(asked, kept)] = singles(X)
            moved = np.empty((X.shape[1], n_before), dtype=np.float32)
            moved[:, kept] = held[:, : kept.size]
        whole = moved is not None and features is None
        new = held[:, kept.size :] if whole else model.rows.columns[:, :0]
        if inputs.into is None and request.relabels:
            target = self._new_targets(fitted, asked.leaving, request.into.y)
            edit = relabelled(asked.rows, target)
            new = model.rows.columns[:, model.place[asked.positions]]
            about = ModelChange(edit, asked.positions)
        else:
            about = self._edit_of_rows(replace(asked, fitted=fitted))
            rows_in = about.edit.rows_in
            if rows_in is not None:
                new = new if whole else singles(rows_in.X)
                if features is not None:
                    new[features] = held[:, kept.size :]
                rows_in = replace(rows_in, X=no_keys(rows_in.X))
                edit = replace(about.edit, rows_in=rows_in)
                about = replace(about, edit=edit)
        comparable = request.columns is None and len(new) == len(model.rows.columns)
        fitted = replace(fitted, model=model)
        if request.columns is not None:
            fitted = self._forget_raw_columns(asked, fitted)
            if about.origin is not None:
                about = replace(about, origin=about.origin.forgetting(request.columns))
        after = Inputs(moved, new, forgotten, chosen, comparable, features)
        then = self._at_fit(fitted)
        return self._copy_with(then._answered(fitted, about, after))

    def _order(self, asked, kept):
        """For each row after the request, its number among those kept and coming."""
        return np.arange(kept.size) if asked.origin_in is None else asked.order()


def no_keys(rows):
    """Keys of rows whose names `Trees` has."""
    return np.zeros((rows.shape[0], 0))


def check_single(X):
    """Refuse values that single precision cannot hold."""
    if np.any(np.abs(X) > np.finfo(np.float32).max):
        raise ValueError(
            "X contains a value too large for dtype('float32'), in which trees compare "
            "values."
        )
