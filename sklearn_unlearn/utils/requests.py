"""From what a verb is given to a validated request."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sklearn_unlearn.core.arrays import like
from sklearn_unlearn.core.edits import DropColumns, Edit
from sklearn_unlearn.core.model import Request
from sklearn_unlearn.core.rows import Rows
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.utils.validation import (
    check_columns,
    check_remaining_rows,
    check_row_ids,
    check_sample_weight,
    named,
)


class RequestMixin:
    """Reads what the verbs of `UnlearnerMixin` are given."""

    def _to_unfit(self, fitted, X, y, sample_weight, row_ids):
        rows, positions = self._leaving(fitted, X, y, sample_weight, row_ids)
        return Request(Edit(rows_out=rows), positions)

    def _to_replace_features(self, fitted, X, y, X_new, sample_weight, y_new=None):
        rows, positions = self._leaving(fitted, X, y, sample_weight)
        with named("X_new"):
            new, complete = self._read_features(fitted, X_new)
        if new.shape[0] != rows.n_rows:
            raise ValueError(
                f"X_new has {new.shape[0]} rows, expected {rows.n_rows} as in X."
            )
        target = rows.y
        if y_new is not None:
            target = self._read_targets(fitted.encoding, y_new, rows.n_rows, "y_new")
        coming = Rows(new, target, rows.weight, complete)
        return Request(Edit(rows_out=rows, rows_in=coming), positions)

    def _to_replace_labels(self, fitted, X, y, y_new, sample_weight):
        rows, positions = self._leaving(fitted, X, y, sample_weight)
        return Request(self._relabelled(fitted, rows, y_new), positions)

    def _relabelled(self, fitted, rows, y_new):
        """The edit that gives rows other targets."""
        target = self._read_targets(fitted.encoding, y_new, rows.n_rows, "y_new")
        return Edit(rows_out=rows, rows_in=replace(rows, y=target), same_features=True)

    def _to_forget(self, fitted, columns):
        objective = fitted.model.state.objective
        n_features = fitted.columns.n_features
        mask = np.zeros(objective.shape[0], dtype=bool)
        mask[:n_features] = check_columns(columns, n_features, fitted.columns.names)
        if np.all((mask | objective.forgotten)[:n_features]):
            raise UnlearningError(
                "columns names all that the model has; nothing would be left."
            )
        return Request(Edit(feature_map=DropColumns(mask)))

    def _to_add(self, fitted, X, y, classes, sample_weight, row_ids):
        self._check_classes(classes, fitted.encoding.classes)
        rows = self._read_rows(fitted, X, y, sample_weight)
        ids = self._read_new_ids(fitted, row_ids, rows.n_rows)
        return Request(Edit(rows_in=rows), ids=ids)

    def _read_new_ids(self, fitted, row_ids, n_rows):
        """Identifiers of rows that come, None if the model knows none."""
        retained = fitted.model.retained
        has_ids = retained is not None and retained.has_ids
        if (row_ids is not None) and not has_ids:
            raise ValueError("row_ids needs a model fitted with row_ids.")
        if row_ids is None and has_ids:
            raise ValueError("The model was fitted with row_ids: pass row_ids.")
        if not has_ids:
            return None
        ids = check_row_ids(row_ids, n_rows, like=retained.chunks[0].ids)
        if retained.living(ids)[0].size:
            raise ValueError("row_ids names a row that is in the model.")
        return ids

    def _leaving(self, fitted, X, y, sample_weight, row_ids=None, origin=None):
        """Rows that are to leave, and where they lie in retained data.

        Rows that were preprocessed are found by their ``origin``, whatever X is.
        """
        retained = fitted.model.retained
        if row_ids is None:
            if X is None or y is None:
                raise ValueError("Pass X and y of the rows, or row_ids.")
            if origin is None:
                rows = self._read_rows(fitted, X, y, sample_weight)
            else:
                rows = self._weighted(fitted, origin, y, sample_weight)
            if retained is None:
                return rows, None
            positions = retained.locate(rows, sample_weight is None, origin)
            weight = rows.weight
        else:
            if X is not None or y is not None:
                raise ValueError("Pass either X and y or row_ids, not both.")
            if retained is None:
                raise ValueError("row_ids needs retain_data=True at fit.")
            ids = check_row_ids(row_ids, like=retained.chunks[0].ids)
            positions = retained.locate_ids(ids)
            if sample_weight is not None and positions.size > ids.size:
                raise ValueError(
                    "row_ids names a row that was replaced in part: leave "
                    "sample_weight out, or name its parts by X and y."
                )
            weight = check_sample_weight(sample_weight, positions.size)
        held = retained.take(positions)
        return (held if sample_weight is None else held.reweighted(weight)), positions

    def _read_features(self, fitted, X):
        """Validated features in the format of retained data, and which are complete."""
        model = fitted.model
        X, complete = check_remaining_rows(self, X, fitted.columns, model.forgotten)
        if model.retained is not None:
            X = like(X, model.retained.chunks[0].rows.X)
        return X, complete

    def _read_targets(self, encoding, y, n_rows, name="y"):
        if y is None:
            raise ValueError(f"{name} must be given: it is None.")
        with named(name):
            target = encoding.read(y)
        if target.shape[0] != n_rows:
            raise ValueError(f"{name} has {target.shape[0]} rows, expected {n_rows}.")
        return target

    def _read_rows(self, fitted, X, y, sample_weight):
        """Validated and encoded rows."""
        X, complete = self._read_features(fitted, X)
        rows = self._weighted(fitted, X, y, sample_weight)
        return replace(rows, complete=complete)

    def _weighted(self, fitted, X, y, sample_weight):
        """Rows with encoded targets."""
        target = self._read_targets(fitted.encoding, y, X.shape[0])
        weight = check_sample_weight(sample_weight, X.shape[0])
        return Rows(X, target, weight)
