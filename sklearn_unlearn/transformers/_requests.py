"""From the rows of a request to a new fitted value, and what it does to other rows."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from sklearn.base import clone
from sklearn.utils import get_tags

from sklearn_unlearn.base import UnlearnerMixin
from sklearn_unlearn.core.affine import AffineMap
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.transformers._fitted import Edit, Fitted, ReadRows
from sklearn_unlearn.utils.export import configured_like
from sklearn_unlearn.utils.raw_rows import RawRows, read_as
from sklearn_unlearn.utils.rows import protected
from sklearn_unlearn.utils.tags import UnlearnerTags, UnlearningTags
from sklearn_unlearn.utils.validation import (
    DATA_DTYPES,
    check_columns,
    check_rows,
    check_sample_weight,
    check_training_rows,
    named,
    remaining_columns,
)

#: What the twins do not convert.
_FLOATS = [*DATA_DTYPES, np.float16]


class TransformerRequests(UnlearnerMixin):
    """How the verbs of a transformer are carried out, and its hooks."""

    _accepts: ClassVar[frozenset[str]] = frozenset({"out", "into", "columns"})
    #: scikit-learn's class.
    _twin_class: ClassVar[Any] = None
    #: Whether statistics are of each column by itself.
    _columnwise: ClassVar[bool] = False
    #: Parameters that may have an entry for each column.
    _by_column: ClassVar[tuple[str, ...]] = ()

    # Hooks --------------------------------------------------------------------------

    def _check_parameters(self, params):
        """Refuse parameters with which the twin learns what statistics cannot say."""

    def _tags(self, twin):
        """scikit-learn's tags of an estimator with the parameters of a twin."""
        return replace(get_tags(twin), array_api_support=False)

    def _read(self, X, twin, columns=None, dtype=_FLOATS):
        """Validated rows and their `Columns`, which are given save at fit.

        The twin, fitted save at fit, says with which parameters.
        """
        tags = self._tags(twin)
        if columns is None:
            return check_training_rows(self, X, tags, dtype)
        return check_rows(self, X, columns, tags, dtype), columns

    def _schema_of(self, X):
        """The `Schema` by which rows of requests are read, if any."""
        return RawRows.of(X).at_fit().schema

    def _n_rows(self, rows):
        """How many validated rows there are."""
        return rows.shape[0]

    def _outputs_of(self, fitted, read):
        """What the twin makes of `ReadRows`."""
        twin = copy.copy(fitted.twin)
        vars(twin).pop("feature_names_in_", None)  # names have been checked
        return twin.transform(protected(read.rows))

    def _collected(self, rows, weight, params):
        """The `RowStatistics` of validated rows."""
        raise NotImplementedError

    def _alike(self, statistics, fitted):
        """Statistics of a request's rows, in the dtypes of the rows at fit."""
        return statistics

    def _teach(self, twin, statistics):
        """Fit the twin to made-up rows, and give it what the real ones would have."""
        raise NotImplementedError

    def _retaught(self, before, statistics):
        """The twin for other statistics, where that of ``before`` need not be refitted.

        Parameters
        ----------
        before : Fitted
        statistics : RowStatistics
            Of the same columns.

        Returns
        -------
        estimator or None
            A copy, or the twin itself if nothing changes; None if only `_teach` can.
        """
        return None

    def _change(self, before, after, others):
        """How outputs of rows that are in ``before`` and ``after`` change.

        Parameters
        ----------
        before, after : Fitted
        others : RowStatistics
            Of the rows that stay, in the columns that ``after`` has.

        Returns
        -------
        AffineMap
        """
        raise NotImplementedError

    def _beyond(self, after, change, map_):
        """What is known of outputs of other rows of which their map is not.

        Parameters
        ----------
        after : transformer
            The same after a request.
        change : Change
            Of its inputs.
        map_ : AffineMap
            Of its outputs, as `_change` gave it; some are not known.

        Returns
        -------
        map : AffineMap
        more : dict
            What `Change` says beside a map; empty if no more is known.
        """
        return map_, {}

    # Carrying out -------------------------------------------------------------------

    def _fit(self, X, sample_weight=None):
        with self._exclusive():
            params = copy.deepcopy(self.get_params(deep=False))
            self._check_parameters(params)
            rows, columns = self._read(X, self._new_twin(params))
            columns = replace(columns, schema=self._schema_of(X))
            statistics = self._statistics(rows, sample_weight, params)
            if statistics is None:
                raise ValueError("sample_weight must hold a weight other than zero.")
            forgotten = np.zeros(columns.n_features, dtype=bool)
            self._fitted = self._made(statistics, columns, forgotten, params)
        return self

    def _carry_out(self, edit):
        """Validate, compute and swap; only the last line changes the estimator."""
        with self._request():
            self._fitted, _ = self._answer(edit)
        return self

    def _answer(self, edit: Edit) -> tuple[Fitted, AffineMap]:
        """The fitted value after a request, and how outputs of other rows change.

        The estimator stays as it is: assigning the value to ``_fitted`` carries the
        request out.

        Raises
        ------
        ValueError
            If the request is invalid.
        UnlearningError
            If it is refused.
        """
        before = self._checked()
        statistics = others = before.statistics
        edit = self._read_edit(before, edit)
        going = self._statistics_of(edit.rows_out, edit.weight_out, before)
        coming = self._statistics_of(edit.rows_in, edit.weight_in, before)
        if edit.in_first:
            statistics = others = statistics.plus(coming).minus(going)
            going = coming = None
        if going is not None:
            others = statistics.minus(going)
        if coming is not None:
            statistics = statistics.plus(coming)
        if going is not None:
            # last: values that both have need not be given up in between
            statistics = statistics.minus(going) if coming is not None else others
        if statistics.empty:
            raise UnlearningError("The request would leave no rows.")
        forgotten = before.forgotten
        if edit.columns is not None:
            columns = before.columns
            chosen = check_columns(edit.columns, columns.n_features, columns.names)
            forgotten = forgotten | chosen
            if forgotten.all():
                raise UnlearningError(
                    "columns names all that there are; nothing would be left."
                )
            kept = np.flatnonzero(~forgotten[~before.forgotten])
            statistics, others = statistics.columns(kept), others.columns(kept)
        parts = before.columns, forgotten, before.params
        same_columns = np.array_equal(forgotten, before.forgotten)
        after = self._made(statistics, *parts, before if same_columns else None)
        return after, self._change(before, after, others)

    def _answer_anew(self, X, sample_weight=None):
        """The same as `_answer` gives, from all rows after the request."""
        before = self._checked()
        rows = self._read_edit(before, Edit(rows_in=X)).rows_in
        statistics = self._statistics_of(rows, sample_weight, before)
        if statistics is None:
            raise UnlearningError("The request would leave no rows.")
        parts = before.columns, before.forgotten, before.params
        after = self._made(statistics, *parts, before)
        return after, self._change(before, after, statistics)

    def _made(self, statistics, columns, forgotten, params, before=None):
        """The fitted value; ``before`` is one of the same columns, if there is any."""
        twin = None if before is None else self._retaught(before, statistics)
        if twin is None:
            twin = self._new_twin(self._narrowed(params, forgotten))
            self._teach(twin, statistics)
            names = columns.select(~forgotten).names
            if names is not None:
                twin.feature_names_in_ = names
        for value in vars(twin).values():
            for array in value if isinstance(value, list) else [value]:
                if isinstance(array, np.ndarray):
                    array.flags.writeable = False
        return Fitted(statistics, columns, forgotten, params, twin)

    def _narrowed(self, params, forgotten):
        """Parameters for the columns that are not forgotten."""
        now = copy.deepcopy(params)
        for name in self._by_column if forgotten.any() else ():
            if not (now[name] is None or isinstance(now[name], str)):
                pairs = zip(now[name], forgotten, strict=True)
                now[name] = [value for value, gone in pairs if not gone]
        return now

    # Reading requests ---------------------------------------------------------------

    def _read_edit(self, fitted, edit):
        """The same with `ReadRows`."""
        schema = fitted.columns.schema
        if schema is not None:
            schema = schema.forgetting(fitted.forgotten)

        def read(X, argument="X"):
            if X is None or isinstance(X, ReadRows):
                return X
            X = read_as(schema, X, argument)
            X, columns = remaining_columns(X, fitted.columns, fitted.forgotten)
            return ReadRows(self._read(X, fitted.twin, columns)[0], X)

        going = read(edit.rows_out)
        argument = "X_new" if going is not None else "X"
        with named(argument):
            coming = read(edit.rows_in, argument)
        if going is not None and coming is not None:
            expected, found = self._n_rows(going.rows), self._n_rows(coming.rows)
            if expected != found:
                raise ValueError(
                    f"X_new has {found} rows, expected {expected} as in X."
                )
        return replace(edit, rows_out=going, rows_in=coming)

    def _statistics_of(self, read, sample_weight, fitted):
        """Statistics of `ReadRows`, if there are any."""
        if read is None:
            return None
        statistics = self._statistics(read.rows, sample_weight, fitted.params)
        return None if statistics is None else self._alike(statistics, fitted)

    def _statistics(self, rows, sample_weight, params):
        """Statistics of rows; None if all have weight zero."""
        weight = check_sample_weight(sample_weight, self._n_rows(rows))
        if not weight.all():
            some = np.flatnonzero(weight)
            if not some.size:
                return None
            rows, weight = rows[some], weight[some]
        if getattr(rows, "dtype", None) == np.float16:
            rows = rows.astype(np.float64)
        with named("X"):
            return self._collected(rows, weight, params)

    def _unfitted_twin(self):
        """The twin with the parameters as they are set now."""
        return configured_like(clone(self._new_twin(self.get_params(deep=False))), self)

    def _new_twin(self, params):
        """An unfitted twin with those of the parameters that it has."""
        twin = self._twin_class()
        known = twin.get_params(deep=False).keys()
        return twin.set_params(**{k: v for k, v in params.items() if k in known})

    def __sklearn_tags__(self):
        tags = self._tags(self._new_twin(self.get_params(deep=False)))
        return UnlearnerTags.extending(tags, UnlearningTags.of(self, exact=True))
