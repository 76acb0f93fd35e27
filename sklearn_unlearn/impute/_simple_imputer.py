"""Imputation of missing values that unlearns exactly."""

from __future__ import annotations

import copy
from dataclasses import replace
from itertools import chain, pairwise
from numbers import Real
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.impute import SimpleImputer

from sklearn_unlearn.base import Batch
from sklearn_unlearn.core.affine import AffineMap
from sklearn_unlearn.core.arrays import is_sparse
from sklearn_unlearn.core.statistics.counts import (
    Counts,
    Missing,
    holding,
    keys_of,
    median,
    most_frequent,
)
from sklearn_unlearn.core.statistics.moments import Moments
from sklearn_unlearn.sufficient_statistics import (
    InvertibleMixin,
    Learned,
    UnlearnableTransformer,
)
from sklearn_unlearn.transformers import Imputed
from sklearn_unlearn.utils.rows import protected

#: What is imputed, of counted values.
_OF_COUNTS = {"median": median, "most_frequent": most_frequent}


class UnlearnableSimpleImputer(InvertibleMixin, UnlearnableTransformer):
    """Imputation of missing values that unlearns rows, values and columns.

    A twin of :class:`sklearn.impute.SimpleImputer`. Requests are exact. For means, sums
    are kept without rounding; for medians and most frequent values, every distinct
    value of a column with the number of its rows, so that memory grows with them.

    Outputs of other rows change where a value was missing, if what is imputed changes.
    With ``add_indicator=True`` this is an affine map; without, the columns of which
    another row lacks a value have to be computed again.

    Parameters
    ----------
    missing_values : int, float, str, np.nan, None or pandas.NA, default=np.nan
        What stands for a missing value.
    strategy : {"mean", "median", "most_frequent", "constant"}, default="mean"
        What is imputed. A function is refused: it would need all rows.
    fill_value : str or number, default=None
        What "constant" imputes; 0 for numbers and "missing_value" by default.
    copy : bool, default=True
        If False, ``transform`` tries to work in place.
    add_indicator : bool, default=False
        Whether outputs are followed by indicators of missing values, one for each
        column in which there are any.
    keep_empty_features : bool, default=False
        Whether a column without values has an output.

    Attributes
    ----------
    indicator_ : MissingIndicator or None
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had string column names.
    statistics_ : ndarray of shape (n_columns,)
        What is imputed in each column that is not forgotten, NaN where it has no
        value.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_unlearn import UnlearnableSimpleImputer
    >>> imputer = UnlearnableSimpleImputer().fit([[1.0], [3.0], [8.0], [np.nan]])
    >>> imputer.partial_unfit([[8.0]]).transform([[np.nan]])
    array([[2.]])
    """

    _fitted: Any
    _read_batch: Any
    _request_statistics: Any

    _twin_class = SimpleImputer

    indicator_ = Learned()
    statistics_ = Learned()

    def __init__(
        self,
        *,
        missing_values: Any = np.nan,
        strategy: str = "mean",
        fill_value: Any = None,
        copy: bool = True,
        add_indicator: bool = False,
        keep_empty_features: bool = False,
    ) -> None:
        self.missing_values = missing_values
        self.strategy = strategy
        self.fill_value = fill_value
        self.copy = copy
        self.add_indicator = add_indicator
        self.keep_empty_features = keep_empty_features

    # Hooks --------------------------------------------------------------------------

    def _check_parameters(self, params):
        if callable(params["strategy"]):
            raise ValueError(
                "strategy must not be a function: it would need all rows, of which "
                "the imputer keeps statistics."
            )

    def _dtype_of(self, X, estimator):
        # SimpleImputer._validate_input
        if estimator.strategy in ("mean", "median"):
            return super()._dtype_of(X, estimator)
        strings = isinstance(X, list) and any(
            isinstance(value, str) for row in X for value in row
        )
        return object if strings else None

    def _tags(self, estimator):
        tags = super()._tags(estimator)
        tags.input_tags.sparse = True  # scikit-learn 1.6 does not set it
        return tags

    def _collect(self, rows, y, weight, params):
        missing = params["missing_values"]
        if params["strategy"] == "mean":
            return Moments.of(_blank(rows, missing), weight, "none")
        if params["strategy"] != "constant" and rows.dtype.kind == "O":
            return Counts.of(list(rows.T)).without(_missing_keys(missing))
        values = _observed_values(rows, missing)
        if params["strategy"] == "constant":
            values = [_same(column) for column in values]
        counts = Counts.of(values, rows.shape[0])
        return replace(counts, dtypes=(rows.dtype,) * rows.shape[1])

    def _match(self, statistics, fitted):
        if isinstance(statistics, Moments):
            return statistics
        return statistics.like(fitted.statistics)

    def _fill(self, estimator, statistics):
        observed, missing = _presence(statistics)
        estimator.fit(_example(estimator.missing_values, statistics, observed, missing))
        self._set_values(estimator, statistics, observed)

    def _refill(self, before, statistics):
        taught = before.statistics
        presence = observed, _ = _presence(statistics)
        if not all(map(np.array_equal, _presence(taught), presence)):
            return None
        if isinstance(taught, Counts) and taught.held != statistics.held:
            return None
        estimator = copy.copy(before.sklearn_estimator)
        self._set_values(estimator, statistics, observed)
        return estimator

    def _set_values(self, estimator, statistics, observed):
        """Give a twin the values that it imputes."""
        values, there = estimator.statistics_.copy(), np.flatnonzero(observed)
        if estimator.strategy == "mean":
            values[there] = statistics.mean()[there]
        elif estimator.strategy in _OF_COUNTS:
            for column in there:
                values[column] = _OF_COUNTS[estimator.strategy](
                    statistics.values[column]
                )
        estimator.statistics_ = values

    def _output_map(self, before, after, others):
        kept, old, new = (
            before.kept_by(after),
            before.sklearn_estimator,
            after.sklearn_estimator,
        )
        observed, missing = _presence(others)
        sources, indicators, n_old = _outputs(old)
        outputs, further, n_new = _outputs(new)
        values, places, ends = [], [], [0]  # of the matrix, row by row
        shift, known = np.zeros(n_new), np.ones(n_new, dtype=bool)
        for column, row in outputs.items():
            source, value = kept[column], new.statistics_[column]
            past = old.statistics_[source]
            same = not missing[column] or value == past
            number = isinstance(value, Real)
            moved = source in indicators and number and isinstance(past, Real)
            if source in sources and (same or moved):
                values.append(1.0)
                places.append(sources[source])
                if not same:
                    values.append(value - past)
                    places.append(indicators[source])
            elif observed[column] or not number:
                known[row] = False
            elif missing[column]:  # in all other rows
                shift[row] = value
            ends.append(len(values))
        for column in further:
            if missing[column]:
                values.append(1.0)
                places.append(indicators[kept[column]])
            ends.append(len(values))
        parts = np.array(values, dtype=np.float64), np.array(places, dtype=int), ends
        return AffineMap(sp.csr_array(parts, shape=(n_new, n_old)), shift, known)

    def _beyond(self, after, change, map_):
        # imputed values change, in rows of which their number is known
        old, new = self._fitted, after._fitted
        kept = old.kept_by(new)
        values_old, values = (
            old.sklearn_estimator.statistics_[kept],
            new.sklearn_estimator.statistics_,
        )
        shown, shown_old = _shown(new.sklearn_estimator), _shown(old.sklearn_estimator)
        if new.sklearn_estimator.add_indicator or map_.n_new != shown.sum():
            return map_, {}
        if np.any(shown & ~shown_old[kept]):
            return map_, {}
        places = (np.cumsum(shown_old) - 1)[kept][shown]
        map_ = AffineMap.of_columns(map_.n_old, places, np.ones(places.size))
        lacking = _missing(new.statistics)
        if change.into is not None:
            # they come with the new values
            batch = after._read_batch(new, Batch(change.into()))
            coming = after._request_statistics(new, batch)
            lacking = lacking - _missing(coming)
        changed = np.flatnonzero(shown & (lacking > 0) & (values_old != values))
        dtype = np.asarray(values).dtype
        for rows in (change.out, change.into):
            given = None if rows is None else after.transform(protected(rows()))
            dtype = getattr(given, "dtype", dtype)
        imputed = []
        for n_rows in np.unique(lacking[changed]):
            mine = changed[lacking[changed] == n_rows]
            then = values.copy()
            then[mine] = values_old[mine]
            before, now = (np.array([row[shown]], dtype) for row in (then, values))
            imputed.append(Imputed(before, now, int(n_rows)))
        return map_, {"imputed": tuple(imputed)}


def _is_missing(values, missing):
    """Where values are missing; the twin refuses what cannot be compared."""
    if values.dtype.kind != "O":
        if isinstance(missing, Real) and missing == missing:  # not NaN
            return values == missing
        return np.isnan(values) if values.dtype.kind == "f" else values != values
    gone = _missing_keys(missing)
    mask = [key in gone for key in keys_of(values.ravel())]
    return np.array(mask, dtype=bool).reshape(values.shape)


def _missing_keys(missing):
    """Keys of missing values among objects."""
    keys = set(keys_of(np.array([missing], dtype=object)))
    if missing is not None and not isinstance(missing, (Real, str)):  # pandas.NA
        keys |= {None, Missing.NAN}
    return keys


def _blank(rows, missing):
    """Rows in which NaN is what is missing."""
    if not is_sparse(rows):
        mask = _is_missing(rows, missing)
        return np.where(mask, np.nan, rows) if mask.any() else rows
    values = np.where(_is_missing(rows.data, missing), np.nan, rows.data)
    return sp.csr_array((values, rows.indices, rows.indptr), shape=rows.shape)


def _observed_values(rows, missing):
    """Values of each column that are not missing."""
    if not is_sparse(rows):
        for column, gone in zip(rows.T, _is_missing(rows, missing).T, strict=True):
            yield column[~gone] if gone.any() else column
        return
    stored = sp.csc_array(rows)
    for start, end in pairwise(stored.indptr):
        values = stored.data[start:end]
        zeros = np.zeros(rows.shape[0] - values.size, dtype=values.dtype)
        yield np.concatenate([values[~_is_missing(values, missing)], zeros])


def _same(values):
    """Values of which only the kind counts: numbers, or others."""
    if values.dtype.kind in "biuf":
        return np.zeros(values.size, dtype=bool)
    numbers = (isinstance(value, Real | np.bool_) for value in values)
    same = [False if number else "" for number in numbers]
    return np.array(same, dtype=object)


def _presence(statistics):
    """In which columns there are values, and in which some are missing."""
    if isinstance(statistics, Moments):
        return statistics.observed() > 0.0, statistics.missing.rounded()[0] > 0.0
    observed = statistics.observed()
    return observed > 0, observed < statistics.n_rows


def _example(missing_values, statistics, observed, missing):
    """Two rows that have and lack values in the same columns as the real ones."""
    dtype = np.dtype(np.float64)
    if isinstance(statistics, Counts):
        dtype = holding(statistics.dtypes[0], chain.from_iterable(statistics.values))
    # neither value is missing
    there = 2 if isinstance(missing_values, Real) and missing_values == 1 else 1
    if dtype.kind == "f" and not isinstance(missing_values, Real):  # pandas.NA
        missing_values = np.nan
    if missing.any() and isinstance(statistics, Counts):
        dtype = holding(dtype, keys_of(np.array([missing_values], dtype=object)))
    rows = np.full((2, observed.size), there, dtype=dtype)
    if missing.any():
        rows[0, ~observed] = rows[1, missing] = missing_values
    return rows


def _outputs(estimator):
    """Columns with an output, those with an indicator, and the number of outputs."""
    columns = np.arange(estimator.statistics_.shape[0])
    if not estimator.keep_empty_features:
        isnan = [value != value for value in estimator.statistics_]
        columns = np.flatnonzero(~np.array(isnan))
    places = {column: place for place, column in enumerate(columns)}
    further = estimator.indicator_.features_ if estimator.add_indicator else ()
    indicators = {column: len(places) + place for place, column in enumerate(further)}
    return places, indicators, len(places) + len(further)


def _shown(estimator):
    """Which columns have an output."""
    there = np.array([value == value for value in estimator.statistics_], dtype=bool)
    return there | bool(estimator.keep_empty_features)


def _missing(statistics):
    """In how many rows a value of each column is missing."""
    if isinstance(statistics, Moments):
        return statistics.missing.rounded()[0]
    return statistics.n_rows - statistics.observed()
