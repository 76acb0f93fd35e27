"""Models of sums that may keep their rows: found in requests, and summed again.

Behind steps whose outputs move the sums are those of the rows as they are then: of
retained rows computed from these, otherwise mapped where the change is affine.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.utils.validation import has_fit_parameter

from sklearn_unlearn.base import Answer, Batch
from sklearn_unlearn.base import Request as Asked
from sklearn_unlearn.core.affine import AffineMap
from sklearn_unlearn.core.arrays import Array
from sklearn_unlearn.core.linear.bookkeeping import edited_rows
from sklearn_unlearn.core.rows import Rows
from sklearn_unlearn.core.training_rows.retained import RetainedRows
from sklearn_unlearn.exceptions import EmptyClassError, UnlearningError
from sklearn_unlearn.row_models import FinalRowModel
from sklearn_unlearn.sufficient_statistics._base import StatisticsUnlearner
from sklearn_unlearn.sufficient_statistics._fitted import Fitted, ReadRows
from sklearn_unlearn.utils.input_change import say_magnified
from sklearn_unlearn.utils.row_ids import check_new_row_ids
from sklearn_unlearn.utils.steps import StepMixin
from sklearn_unlearn.utils.validation import (
    Columns,
    check_rows,
)


class RetainsRows(StatisticsUnlearner, FinalRowModel):
    """A model of `ClassStatistics`, with its rows if ``retain_data=True``."""

    def _follows(self, change: AffineMap, params: dict) -> bool:
        """Whether what is summed of rows maps as they do."""
        return True

    def _is_function_of_rows(self):
        return super()._is_function_of_rows() and not self._checked().mapped

    # Fitting ------------------------------------------------------------------------

    def _retaining(self, fitted: Fitted, batch: Batch) -> Fitted:
        if not fitted.params["retain_data"]:
            if batch.row_ids is not None:
                raise ValueError("row_ids needs retain_data=True.")
            return fitted
        X, ids = batch.X.rows, batch.row_ids
        if ids is not None:
            ids = check_new_row_ids(ids, X.shape[0])
        some = np.flatnonzero(batch.sample_weight)
        rows = Rows(X, _in_columns(batch.y), batch.sample_weight)
        if some.size < rows.n_rows:
            rows, ids = rows.take(some), None if ids is None else ids[some]
        retained = RetainedRows.of(rows, ids, np.zeros(X.shape[1], dtype=bool))
        return replace(fitted, retained=retained)

    # Requests -----------------------------------------------------------------------

    def _apply(self, fitted, request):
        if fitted.retained is None:
            for part in request.parts or (request,):
                for batch in (part.out, part.into):
                    if batch is not None and batch.row_ids is not None:
                        raise ValueError("row_ids needs retain_data=True at fit.")
            return super()._apply(fitted, request)
        if request.parts:
            asked, columns = self._model_request(fitted, request), request.columns
            if asked is not None:
                return self._answer_rows(fitted, asked, columns)
        if request.columns is not None:
            after = super()._apply(fitted, request).fitted
            retained = fitted.retained.forgetting(after.forgotten)
            return Answer(replace(after, retained=retained))
        asked = self._model_request(fitted, request)
        return Answer(fitted if asked is None else self._carried(fitted, asked))

    def _carried(self, fitted, request):
        return self._answer_rows(fitted, request).fitted

    def _without(self, fitted, asked, mask):
        return self._answer_rows(fitted, asked, mask).fitted

    def _answer_rows(self, fitted, request, columns=None):
        """The answer to a request about rows, and perhaps about columns as well."""
        retained, edit = edited_rows(fitted, request), request.edit
        after = replace(fitted, retained=retained)
        if edit.rows_out is not None and self._counts_parts(fitted, request):
            after = self._summed(after)
            if columns is None:
                return Answer(after)
            return self._apply(after, Asked(columns=columns))
        coming, going = (
            None if rows is None else self._sums_of(fitted, rows)
            for rows in (edit.rows_in, edit.rows_out)
        )
        statistics, _ = self._edit(fitted.statistics, coming, going)
        forgotten = fitted.forgotten
        if columns is not None:
            statistics, _, forgotten = self._fewer_columns(fitted, columns, statistics)
            after = replace(after, retained=retained.forgetting(forgotten))
        return self._answer(after, statistics, None, forgotten)

    def _counts_parts(self, fitted: Fitted, request: Any) -> bool:
        """Whether rows leave in part, and sums of rows without weights count them."""
        if fitted.statistics.rows is None:
            return False
        weight = request.edit.rows_out.weight
        return bool(np.any(fitted.retained.left(request.positions, weight) > 0.0))

    def _sums_of(self, fitted: Fitted, rows: Rows) -> Any:
        """Statistics of rows as `RetainedRows` have them, none of weight zero."""
        X = rows.X[:, np.flatnonzero(~fitted.forgotten)]
        y = self._from_columns(fitted, rows.y)
        return self._request_statistics(fitted, Batch(ReadRows(X, X), y, rows.weight))

    def _summed(self, fitted: Fitted) -> Fitted:
        """The fitted value that all its retained rows give."""
        rows = fitted.retained.whole()
        if not rows.n_rows:
            raise EmptyClassError("The request would leave no rows.", (0,))
        statistics = self._sums_of(fitted, rows)
        before = fitted.statistics.present().labels.size
        if statistics.labels.size < min(before, 2):
            raise EmptyClassError(
                "The request would leave rows of fewer than two classes, or of none.",
                tuple(np.setdiff1d(fitted.statistics.labels, statistics.labels)),
            )
        statistics = self._keep_at_fit(statistics, fitted.labels)
        return self._complete(replace(fitted, statistics=statistics), None)

    # The last step of a pipeline ----------------------------------------------------

    def _answer_final(self, asked, names, front=None):
        inputs, fitted = asked.inputs, asked.fitted
        same = inputs.map is None and inputs.lost is None and inputs.unseen is None
        if fitted.retained is None:
            if inputs.unseen is None and inputs.kept is not None:
                # by its verbs alone, as nothing but columns changes for other rows
                return StepMixin._answer_final(self, asked, names, front)
            return self._copy_with(self._mapped(asked, names))
        asked = self._find_by_inputs(asked)
        if same and not (inputs.nothing and asked.request.columns is not None):
            fitted = self._with_same_columns(asked)
        elif not same:
            fitted = self._summed_again(asked, names)
        return self._copy_with(self._forget_raw_columns(asked, fitted))

    def _summed_again(self, asked, names):
        """The fitted value of the retained rows as they are after the request."""
        inputs = asked.inputs
        X = inputs.rest()
        later = self._with_inputs(asked, X.shape[1], names)
        X = check_rows(self, X, later.columns)
        self._check_values(X)
        rows_in = ids = None
        if inputs.into is not None:
            rows_in, ids = self._read_coming(asked, later)
        retained = self._retain_again(asked, X, later.forgotten, rows_in, ids)
        return self._summed(replace(later, retained=retained))

    def _mapped(self, asked, names):
        """The fitted value where all rows change by an affine map, without the rows."""
        request, inputs, fitted = asked.request, asked.inputs, asked.fitted
        found = None
        if (
            inputs.lost is None
            and inputs.unseen is None
            and self._follows(inputs.map, fitted.params)
        ):
            alive = np.flatnonzero(~fitted.forgotten)
            if alive.size != inputs.map.n_old:
                raise UnlearningError(
                    f"Step {asked.name!r} has forgotten columns by itself: call "
                    "forget_features of the pipeline, in whose other steps they still "
                    "are."
                )
            found = fitted.statistics.mapped(inputs.map)
        if found is None:
            where = inputs.lost or inputs.unseen or inputs.moved
            raise UnlearningError(
                f"Step {asked.name!r} keeps sums of its inputs, which the request "
                f"changes for all rows in step {where!r} in a way that sums cannot "
                "follow: fit with retain_data=True in the last step."
            )
        later = self._with_inputs(asked, inputs.map.n_new, names)
        magnified = fitted.magnified * max(1.0, inputs.map.magnification)
        later = replace(later, magnified=magnified, mapped=True)
        self._check_classes(request.classes, fitted.labels)
        weight = request.weight if has_fit_parameter(self, "sample_weight") else None
        coming = going = out = None
        if inputs.out is not None:
            batch = Batch(inputs.out(), request.out.y, weight)
            out = self._read_batch(fitted, batch)
            going = self._request_statistics(fitted, out)
            going = None if going is None else going.mapped(inputs.map)
        if inputs.into is not None:
            batch = Batch(inputs.into(), request.into.y, weight)
            if not request.paired:
                batch = replace(batch, sample_weight=request.into.sample_weight)
            if out is None or not request.paired:
                batch = self._read_batch(later, batch)
            else:
                batch = self._read_replacement(
                    later, out, replace(batch, sample_weight=None)
                )
            coming = self._request_statistics(later, batch)
        statistics, _ = self._edit(found, coming, going)
        after = self._complete(replace(later, statistics=statistics), None)
        say_magnified(inputs.map, later.magnified)
        return after

    def _with_inputs(self, asked, n_columns, names):
        """The fitted value with other columns, of which no sums are known yet."""
        fitted = asked.fitted
        known = fitted.columns.names is not None
        columns = Columns(n_columns, names()[1] if known else None)
        params = self._narrow(fitted.params, fitted.forgotten)
        for name in self._by_column:
            if np.ndim(params[name]):
                places = self._places(asked, n_columns, names)
                params[name] = np.asarray(params[name])[places]
        nothing = np.zeros(n_columns, dtype=bool)
        return replace(fitted, columns=columns, forgotten=nothing, params=params)

    def _places(self, asked, n_columns, names):
        """The old column of each new one, for parameters of columns."""
        before, after = names()
        if before is not None and after is not None:
            places = {name: place for place, name in enumerate(before)}
            if all(name in places for name in after):
                return [places[name] for name in after]
        elif asked.inputs.lost is None:
            linear = np.abs(asked.inputs.map.matrix(intercept=False))
            if np.all(np.count_nonzero(linear, axis=1) == 1):
                return linear.argmax(axis=1)
        raise UnlearningError(
            f"Step {asked.name!r} has parameters with an entry for each column, and "
            "the request gives it other columns: fit again, or with one number for all."
        )

    # Reading ------------------------------------------------------------------------

    def _check_values(self, X: Any) -> None:
        """Refuse values that the model cannot have."""

    def _read_features(self, fitted, X):
        X = super()._read_features(fitted, X)
        self._check_values(X)
        return X

    def _weighted(self, fitted, X, y, sample_weight):
        rows = super()._weighted(fitted, X, y, sample_weight)
        return replace(rows, y=_in_columns(rows.y))

    def _new_targets(self, fitted, leaving, y_new):
        return _in_columns(super()._new_targets(fitted, leaving, y_new))

    def _from_columns(self, fitted: Fitted, y: Array) -> Any:
        """Targets of rows that are kept, as `_read_targets` gives them."""
        raise NotImplementedError

    def _decoded(self, fitted, y):
        return self._from_columns(fitted, y)

    def _with_retained(self, fitted, retained):
        return replace(fitted, retained=retained)


def _in_columns(targets):
    """Targets as `Rows` have them."""
    columns = targets[:, None] if targets.ndim == 1 else targets
    return columns.astype(np.float64)
