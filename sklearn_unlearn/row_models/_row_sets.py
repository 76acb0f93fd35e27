"""Models that are a function of the rows that they keep, in the order of these."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils import get_tags
from sklearn.utils.validation import has_fit_parameter

from sklearn_unlearn.core.arrays import like
from sklearn_unlearn.core.linear.bookkeeping import ModelChange, edited_rows
from sklearn_unlearn.core.linear.edits import Edit
from sklearn_unlearn.core.rows import Rows, fitting
from sklearn_unlearn.core.training_rows.retained import RetainedRows
from sklearn_unlearn.exceptions import InsufficientWeightError
from sklearn_unlearn.row_models._adopted import AdoptedRowSet
from sklearn_unlearn.row_models._final_requests import FinalRowModel
from sklearn_unlearn.row_models._fingerprint import fingerprint, followed
from sklearn_unlearn.row_models._raw_rows import HEAD_ENTRIES
from sklearn_unlearn.utils.export import exported
from sklearn_unlearn.utils.learned import LearnedColumns
from sklearn_unlearn.utils.notes import rehearsing
from sklearn_unlearn.utils.row_ids import check_new_row_ids
from sklearn_unlearn.utils.rows import columns_of
from sklearn_unlearn.utils.tags import UnlearnerTags, UnlearningTags
from sklearn_unlearn.utils.validation import (
    Columns,
    check_rows,
    check_sample_weight,
    check_training_data,
    remaining_columns,
)


@dataclass(frozen=True, eq=False)
class KeptRows:
    """Rows in the order in which they came; one that is corrected keeps its place.

    Attributes
    ----------
    retained : RetainedRows
        With numbers.
    """

    retained: RetainedRows
    #: What a digest of the state reads.
    tells: ClassVar[tuple[str, ...]] = ("fingerprint",)

    @property
    def forgotten(self):
        """Columns at fit that do not count."""
        return self.retained.forgotten

    @cached_property
    def fingerprint(self):
        """What stands for the rows in digests, and is followed through requests."""
        retained = self.retained
        alive = retained.alive
        rows, numbers = retained.take(alive), retained.numbers_at(alive)
        return fingerprint(rows, numbers, self.forgotten)

    def after(self, retained, request):
        """What a request has made of these rows."""
        rows = KeptRows(retained)
        if rehearsing():  # of which no record is written
            return rows
        found = followed(self.fingerprint, self.retained, retained, request)
        if found is not None:
            vars(rows)["fingerprint"] = found
        return rows

    @cached_property
    def order(self):
        """Positions of the rows in the retained ones."""
        alive = self.retained.alive
        numbers = self.retained.numbers_at(alive)
        if np.all(np.diff(numbers) >= 0):
            return alive
        return alive[np.argsort(numbers, kind="stable")]

    def rows(self):
        """The rows, in the columns that count."""
        retained = self.retained
        rows = retained.chunks[0].rows
        if retained.changed or not np.array_equal(self.order, np.arange(rows.n_rows)):
            rows = retained.take(self.order)
        if not self.forgotten.any():
            return rows
        return replace(rows, X=columns_of(rows.X, np.flatnonzero(~self.forgotten)))

    def __getstate__(self):
        """Positions change when what left is left out."""
        return {"retained": self.retained}


@dataclass(frozen=True, eq=False)
class RowSet:
    """All that was learned: the rows, and what reads them.

    Attributes
    ----------
    model : KeptRows
    encoding : Labels or Targets
    columns : Columns
    twin : estimator
        scikit-learn's, with the parameters at fit; not fitted.
    single : bool
        Whether targets were given in single precision, in which the twin answers then.
    made : dict
        The same fitted to the rows, once it was asked for. It is not pickled.
    """

    model: KeptRows
    encoding: Any
    columns: Columns
    twin: Any
    single: bool = False
    made: dict = field(default_factory=dict)

    @property
    def forgotten(self):
        """Columns at fit that do not count."""
        return self.model.forgotten

    @property
    def sklearn_estimator(self):
        """scikit-learn's estimator of the rows."""
        if "estimator" not in self.made:
            self.made["estimator"] = self.trained()
        return self.made["estimator"]

    def trained(self, **params):
        """scikit-learn's estimator, fitted to the rows.

        Parameters
        ----------
        **params : dict
            Instead of those that it has.
        """
        rows, twin = self.model.rows(), clone(self.twin).set_params(**params)
        weights = {}
        if np.any(rows.weight != 1.0) and has_fit_parameter(twin, "sample_weight"):
            weights = {"sample_weight": rows.weight}
        with fitting():
            return twin.fit(rows.X, self.targets(rows.y), **weights)

    def targets(self, encoded):
        """Targets as the caller gave them."""
        if self.encoding.classes is not None:
            return self.encoding.classes[self.encoding.groups(encoded)]
        y = encoded[:, 0] if self.encoding.is_vector else encoded
        # corrected ones may need more digits
        single = y.astype(np.float32) if self.single else y
        return single if np.array_equal(single, y) else y

    def with_rows(self, retained, encoding, request):
        """The same of the rows that a request has led to."""
        rows = KeptRows(retained)
        if encoding is self.encoding:  # so that targets are read as before
            rows = self.model.after(retained, request)
        return replace(self, model=rows, encoding=encoding, made={})

    def __getstate__(self):
        return {**vars(self), "made": {}}


class RowSetModel(AdoptedRowSet, FinalRowModel, LearnedColumns, BaseEstimator):
    """A model of which scikit-learn's estimator, fitted to the rows left, is the rest.

    A request edits the rows. What has to be computed of them is, when it is asked for;
    a subclass that knows better says so in `_settled`. It gives the constructor and
    ``fit``, the twin's class, and the hooks `_encoding` and `_left`.
    """

    #: scikit-learn's class.
    _twin_class: ClassVar[Any]
    #: Whether the twin takes sparse rows, which its tags may not say.
    _takes_sparse: ClassVar[bool] = True
    #: Parameters of the twin of which one value is refused, with the reason.
    _refused: ClassVar[dict[str, dict[str, str]]] = {}
    #: Keyword arguments with which targets are validated at fit.
    _target_checks: ClassVar[dict[str, object]] = {}
    #: What a fitted value is.
    _fitted_class: ClassVar[type[RowSet]] = RowSet

    def __sklearn_tags__(self):
        promised = UnlearningTags.of(self, exact=True, row_ids=True)
        tags = UnlearnerTags.extending(super().__sklearn_tags__(), promised)
        theirs = get_tags(self._twin())
        tags.input_tags = replace(
            theirs.input_tags,
            sparse=self._takes_sparse,
            pairwise=False,
            allow_nan=False,
        )
        tags.target_tags = theirs.target_tags
        return tags

    def predict(self, X: Any) -> Any:
        """Class labels, or targets.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
        """
        return self._asked("predict", X)

    def to_sklearn(self, drop_forgotten: bool = False) -> Any:
        """A plain fitted scikit-learn model, which can no longer unlearn, to deploy.

        It holds what it predicts by of the rows that are left.

        Parameters
        ----------
        drop_forgotten : bool, default=False
            After columns were forgotten: whether the model takes only those that
            remain. If False it is a pipeline whose first step drops the others.

        Returns
        -------
        estimator
            scikit-learn's twin of this estimator.
        """
        fitted = self._checked()
        columns = fitted.columns, fitted.forgotten
        return exported(self, fitted.sklearn_estimator, *columns, drop_forgotten)

    # Hooks ----------------------------------------------------------------------------

    def _encoding(self, y: Any) -> Any:
        """How targets are encoded."""
        raise NotImplementedError

    def _left(self, encoding: Any, retained: RetainedRows) -> tuple[Any, RetainedRows]:
        """Encoding and rows, without classes of which no row is left."""
        return encoding, retained

    def _begun(self, fitted: Any) -> Any:
        """The fitted value with its estimator, at fit."""
        return replace(fitted, made={"estimator": fitted.trained()})

    def _settled(self, before: Any, after: Any, request: ModelChange) -> Any:
        """The fitted value after a request that has edited the rows."""
        return after

    def _order_counts(self):
        return True  # of rows that are equally near, for one

    def _way(self):
        return "exact, the rows are the model", "rows", "its rows"

    # Fitting and asking ---------------------------------------------------------------

    def _fit(self, X, y, sample_weight=None, row_ids=None):
        with self._exclusive():
            fitted = self._read_training(X, y, sample_weight, row_ids)
            self._fitted = self._begun(fitted)  # which checks the parameters
        return self

    def _read_training(self, X, y, sample_weight, row_ids):
        """The fitted value of rows that are not trained on yet."""
        for name, refused in self._refused.items():
            value = getattr(self, name)
            if isinstance(value, str) and value in refused:
                raise ValueError(f"{name}={value!r} is refused: {refused[value]}")
        X, y, columns = check_training_data(self, X, y, **self._target_checks)
        weight = check_sample_weight(sample_weight, X.shape[0])
        ids = None if row_ids is None else check_new_row_ids(row_ids, X.shape[0])
        some = np.flatnonzero(weight)
        if not some.size:
            raise ValueError("sample_weight must hold a weight other than zero.")
        if some.size < weight.size:
            X, y, weight = X[some], y[some], weight[some]
            ids = None if ids is None else ids[some]
        encoding, none = self._encoding(y), np.zeros(columns.n_features, dtype=bool)
        rows, numbers = Rows(X, encoding.read(y), weight), np.arange(weight.size)
        retained = RetainedRows.of(rows, ids, none, numbers=numbers)
        single, twin = y.dtype == np.float32, clone(self._twin())
        return self._fitted_class(KeptRows(retained), encoding, columns, twin, single)

    def _twin(self):
        """scikit-learn's estimator with the same parameters, not fitted."""
        params = vars(self)
        return self._twin_class(
            **{
                name: params[name]
                for name in _names(self._twin_class)
                if name in params  # some releases have more, which are deprecated
            }
        )

    def _asked(self, method, X, **keywords):
        """What scikit-learn's estimator answers, all from one version of the model."""
        fitted = self._checked()
        X, columns = remaining_columns(X, fitted.columns, fitted.forgotten)
        answer = getattr(fitted.sklearn_estimator, method)
        return answer(check_rows(self, X, columns), **keywords)

    # Requests -------------------------------------------------------------------------

    def _carried(self, fitted, request):
        encoding, retained = self._left(
            fitted.encoding, edited_rows(fitted.model, request)
        )
        if not any(block.weight.any() for block in retained.blocks(HEAD_ENTRIES)):
            raise InsufficientWeightError("The request would leave no row to train on.")
        return self._settled(
            fitted, fitted.with_rows(retained, encoding, request), request
        )

    def _with_other_inputs(self, asked, names):
        """The fitted value where the inputs of all rows change."""
        self._check_forgot_nothing(asked)
        inputs, known = asked.inputs, asked.fitted.columns.names is not None
        columns = Columns(inputs.n_columns, names()[1] if known else None)
        fitted = replace(asked.fitted, columns=columns)
        rows_in = ids = None
        if inputs.into is not None:
            rows_in, ids = self._read_coming(asked, fitted)
        X = check_rows(self, inputs.rest(), columns)
        X = like(X, asked.compacted().chunks[0].rows.X)
        forgotten = np.zeros(columns.n_features, dtype=bool)
        retained = self._retain_again(asked, X, forgotten, rows_in, ids)
        edit = Edit(asked.rows, rows_in)
        return self._carried(
            fitted, ModelChange(edit, asked.positions, retained=retained)
        )


@lru_cache(maxsize=64)
def _names(twin_class):
    """Names of the parameters of a class."""
    return tuple(twin_class().get_params(deep=False))
