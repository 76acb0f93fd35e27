"""`StatisticsUnlearner`: from the rows of a request to a new fitted value."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from sklearn_unlearn.base import Answer, Batch, Request, UnlearnerMixin
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.row_blocks import DataBlocks
from sklearn_unlearn.sufficient_statistics._fitted import (
    Fitted,
    ReadRows,
    SufficientStatistics,
)
from sklearn_unlearn.sufficient_statistics._from_blocks import BlockReadingMixin
from sklearn_unlearn.utils.callbacks import with_callbacks
from sklearn_unlearn.utils.raw_rows import read_as
from sklearn_unlearn.utils.validation import (
    Columns,
    check_columns,
    check_sample_weight,
    named,
    remaining_columns,
)


class StatisticsUnlearner(BlockReadingMixin, UnlearnerMixin):
    """An estimator that is a function of sufficient statistics of its rows."""

    #: scikit-learn's class.
    _twin_class: ClassVar[Any] = None
    #: Parameters that may have an entry for each column.
    _by_column: ClassVar[tuple[str, ...]] = ()
    _at_once: ClassVar[Any] = True
    _reads_blocks = True
    #: Of `BaseEstimator`.
    get_params: Any

    # Hooks --------------------------------------------------------------------------

    def _check_parameters(self, params: dict) -> None:
        """Refuse parameters of models that no statistics give."""

    def _read_training(
        self, batch: Batch, classes: Any, params: dict
    ) -> tuple[Batch, Columns, Any]:
        """Validated rows of ``fit``, their `Columns`, and labels that rows may have."""
        raise NotImplementedError

    def _labels_of_blocks(self, data: DataBlocks) -> Any:
        """Labels that rows of blocks may have, None where none are learned from."""
        return None

    def _read_block(
        self, batch: Batch, labels: Any, params: dict
    ) -> tuple[Batch, Columns]:
        """Validated rows of a block at ``fit``, and their `Columns`."""
        batch, columns, _ = self._read_training(batch, labels, params)
        return batch, columns

    def _read(self, X: Any, estimator: Any, columns: Columns) -> Any:
        """Validated rows of a request.

        Parameters
        ----------
        X : rows in the columns that are not forgotten
        estimator : estimator
            scikit-learn's, fitted; it says with which parameters.
        columns : Columns
        """
        raise NotImplementedError

    def _read_targets(self, fitted: Fitted, y: Any, n_rows: int, name: str = "y"):
        """Validated targets, None where none are learned from."""
        return None

    def _n_rows(self, rows: Any) -> int:
        """How many validated rows there are."""
        return rows.shape[0]

    def _collect(
        self, rows: Any, y: Any, weight: np.ndarray, params: dict
    ) -> SufficientStatistics:
        """Statistics of validated rows, of positive weight."""
        raise NotImplementedError

    def _keep_at_fit(self, statistics: Any, labels: Any) -> SufficientStatistics:
        """Statistics of all rows at fit, as they are kept."""
        return statistics

    def _match(self, statistics: Any, fitted: Fitted) -> SufficientStatistics:
        """Statistics of a request's rows, as those of a fitted value are kept."""
        return statistics

    def _settle(self, statistics: Any, params: dict) -> SufficientStatistics:
        """Statistics with nothing that will not be used."""
        return statistics

    def _sklearn_estimator(self, after: Fitted, before: Fitted | None) -> Any:
        """scikit-learn's estimator of a fitted value that has none yet.

        Parameters
        ----------
        after : Fitted
        before : Fitted or None
            One of the same columns, of which parts may be taken over.
        """
        raise NotImplementedError

    def _output_map(self, before: Fitted, after: Fitted, others: Any) -> Any:
        """How outputs of rows that are in both values change.

        Parameters
        ----------
        before, after : Fitted
        others : SufficientStatistics
            Of the rows that stay, in the columns that ``after`` has.

        Returns
        -------
        AffineMap or None
            None of a model.
        """
        return None

    def _edit(self, statistics: Any, coming: Any, going: Any) -> tuple[Any, Any]:
        """Statistics after rows came and went, and those of the rows that stay."""
        others = statistics if going is None else statistics.minus(going)
        if coming is None:
            return others, others
        after = statistics.plus(coming)
        # last: values that both have need not be given up in between
        return (after if going is None else after.minus(going)), others

    def _way(self):
        if getattr(self, "retain_data", False):
            costs = "its rows; a pass where all rows change"
            return "exact, from sums", "rows, sums", costs
        return "exact, from sums", "sums", "its rows"

    # Carrying out -------------------------------------------------------------------

    def _retaining(self, fitted: Fitted, batch: Batch) -> Fitted:
        """The fitted value with the rows of ``fit``, if it is to keep them."""
        return fitted

    @with_callbacks
    def _fit(self, X, y=None, sample_weight=None, classes=None, row_ids=None):
        with self._exclusive():
            params = copy.deepcopy(self.get_params(deep=False))
            self._check_parameters(params)
            if isinstance(X, DataBlocks):
                given = {"y": y, "sample_weight": sample_weight, "row_ids": row_ids}
                with self._telling_callbacks(X) as X:
                    after = self._fitted_to_blocks(X, given, params)
                self._swap(self._complete(after, None))
                return self
            batch = Batch(X, y, sample_weight)
            batch, columns, labels = self._read_training(batch, classes, params)
            statistics = self._statistics(batch, params)
            if statistics is None:
                raise ValueError("sample_weight must hold a weight other than zero.")
            statistics = self._keep_at_fit(statistics, labels)
            forgotten = np.zeros(columns.n_features, dtype=bool)
            after = Fitted(statistics, columns, forgotten, params, labels)
            after = self._retaining(after, replace(batch, row_ids=row_ids))
            self._swap(self._complete(after, None))
        return self

    def _apply(self, fitted: Fitted, request: Request) -> Answer:
        parts = request.parts or (request,)
        for part in parts:
            self._check_classes(part.classes, fitted.labels)
        read = [self._read_request(fitted, part) for part in parts]
        coming, going = (
            [self._request_statistics(fitted, getattr(part, rows)) for part in read]
            for rows in ("into", "out")
        )
        statistics, others = self._edit_all(
            fitted.statistics,
            *([one for one in each if one is not None] for each in (coming, going)),
        )
        if statistics.empty:
            raise UnlearningError("The request would leave no rows.")
        forgotten = fitted.forgotten
        if request.columns is not None:
            statistics, others, forgotten = self._fewer_columns(
                fitted, request.columns, statistics, others
            )
        return self._answer(fitted, statistics, others, forgotten)

    def _fewer_columns(self, fitted, columns, statistics, others=None):
        """Statistics without some columns, and all that are forgotten then."""
        known = fitted.columns
        chosen = check_columns(columns, known.n_features, known.names)
        forgotten = fitted.forgotten | chosen
        if forgotten.all():
            raise UnlearningError(
                "columns names all that there are; nothing would be left."
            )
        kept = np.flatnonzero(~forgotten[~fitted.forgotten])
        others = None if others is None else others.columns(kept)
        return statistics.columns(kept), others, forgotten

    def _answer(self, before, statistics, others, forgotten) -> Answer:
        """The fitted value of other statistics, and what it does to outputs."""
        after = replace(before, statistics=statistics, forgotten=forgotten)
        same_columns = np.array_equal(forgotten, before.forgotten)
        after = self._complete(after, before if same_columns else None)
        return Answer(after, self._output_map(before, after, others))

    def _complete(self, after: Fitted, before: Fitted | None) -> Fitted:
        """A fitted value with the estimator that its statistics give, read-only."""
        after = replace(after, statistics=self._settle(after.statistics, after.params))
        estimator = self._sklearn_estimator(after, before)
        for value in vars(estimator).values():
            for array in value if isinstance(value, list) else [value]:
                if isinstance(array, np.ndarray):
                    array.flags.writeable = False
        return replace(after, sklearn_estimator=estimator)

    def _request_statistics(self, fitted, batch):
        """Statistics of rows that were read, if there are any."""
        found = None if batch is None else self._statistics(batch, fitted.params)
        return None if found is None else self._match(found, fitted)

    def _edit_all(self, statistics, comings, goings):
        """As `_edit`, after several batches of rows came and then as many went."""
        if len(comings) < 2 and len(goings) < 2:
            return self._edit(
                statistics, *(each[0] if each else None for each in (comings, goings))
            )
        others = after = statistics
        for going in goings:
            others = None if others is None else self._edit(others, None, going)[1]
        for coming in comings:
            after, _ = self._edit(after, coming, None)
        for going in goings:
            after, _ = self._edit(after, None, going)
        return after, others

    def _statistics(self, batch, params):
        """Statistics of rows that were read; None if all have weight zero."""
        rows, y, weight = batch.X.rows, batch.y, batch.sample_weight
        if not weight.all():
            some = np.flatnonzero(weight)
            if not some.size:
                return None
            rows, y, weight = rows[some], None if y is None else y[some], weight[some]
        if getattr(rows, "dtype", None) == np.float16:
            rows = rows.astype(np.float64)
        with named("X"):
            return self._collect(rows, y, weight, params)

    def _narrow(self, params, forgotten):
        """Parameters for the columns that are not forgotten."""
        now = copy.deepcopy(params)
        for name in self._by_column if forgotten.any() else ():
            value = now[name]
            if value is None or np.isscalar(value) or getattr(value, "ndim", 1) == 0:
                continue
            if isinstance(value, np.ndarray):
                now[name] = value[~forgotten]
                continue
            pairs = zip(value, forgotten, strict=True)
            now[name] = [entry for entry, gone in pairs if not gone]
        return now

    # Reading requests ---------------------------------------------------------------

    def _read_request(self, fitted: Fitted, request: Request) -> Request:
        """The same with `ReadRows`, validated targets and weights."""
        out, into = request.out, request.into
        if out is not None:
            out = self._read_batch(fitted, out)
        if into is not None and out is None:
            into = self._read_batch(fitted, into)
        elif into is not None and not request.paired:
            with named("X_new"):
                into = self._read_batch(fitted, into, "X_new")
        elif into is not None:
            into = self._read_replacement(fitted, out, into)
        return replace(request, out=out, into=into)

    def _read_batch(self, fitted, batch, argument="X"):
        X = self._read_given(fitted, batch.X, argument)
        n_rows = self._n_rows(X.rows)
        y = self._read_targets(fitted, batch.y, n_rows)
        return Batch(X, y, check_sample_weight(batch.sample_weight, n_rows))

    def _read_replacement(self, fitted, out, into):
        """Rows in the place of others, with what changes in them."""
        X, y, weight = out.X, out.y, out.sample_weight
        n_rows = self._n_rows(X.rows)
        if into.X is not None:
            with named("X_new"):
                X = self._read_given(fitted, into.X, "X_new")
            if self._n_rows(X.rows) != n_rows:
                raise ValueError(
                    f"X_new has {self._n_rows(X.rows)} rows, expected {n_rows} as in X."
                )
        if into.y is not None:
            y = self._read_targets(fitted, into.y, n_rows, "y_new")
        if into.sample_weight is not None:
            weight = check_sample_weight(into.sample_weight, n_rows)
        return Batch(X, y, weight)

    def _read_given(self, fitted, X, argument="X"):
        if isinstance(X, ReadRows):
            return X
        schema = fitted.columns.schema
        if schema is not None:
            X = read_as(schema.forgetting(fitted.forgotten), X, argument)
        X, columns = remaining_columns(X, fitted.columns, fitted.forgotten)
        return ReadRows(self._read(X, fitted.sklearn_estimator, columns), X)
