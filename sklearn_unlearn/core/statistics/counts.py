"""How many rows have each value of a column; a value without rows is forgotten."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from sklearn_unlearn.core.arrays import Array, Indices
from sklearn_unlearn.exceptions import InsufficientWeightError, RowNotFoundError

#: Values of one column with the number of rows that have them.
Column: TypeAlias = Mapping[Hashable, int]
Key = TypeVar("Key", bound=Hashable)


class Missing(Enum):
    """What stands for NaN, which is not equal to itself."""

    NAN = "nan"

    def __repr__(self) -> str:
        return "nan"


#: Kinds of arrays whose values are numbers of Python.
_NUMBERS = "biuf"
_OF_NUMBERS = (bool, int, float, np.bool_, np.integer, np.floating, Missing)
#: What values of other kinds are.
_OF_KIND = {"U": str, "S": bytes, "M": np.datetime64, "m": np.timedelta64}
_ANY = np.dtype(object)


def keys_of(values: npt.NDArray[Any]) -> list[Hashable]:
    """Values by which rows are counted; equal values have equal keys.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
        Of any kind; missing values are NaN or None.
    """
    return [_key(value) for value in _listed(values)]


def value_of(key: Hashable) -> Any:
    """The value that a key stands for."""
    return np.nan if key is Missing.NAN else key


def _key(value: Any) -> Hashable:
    key: Hashable = value
    if isinstance(value, float):
        # which of -0.0 and 0.0 came first is not to outlast the row that it was in
        key = Missing.NAN if value != value else value + 0.0
    return key


def _listed(values: npt.NDArray[Any]) -> list[Any]:
    known = values.dtype.kind in _NUMBERS + "OUS"
    return values.tolist() if known else list(values)


class _Derived:
    """What is computed of the counts of a column, and follows values that leave."""

    _total: int | None = None
    _floats: bool | None = None
    _in_order: tuple[Array, npt.NDArray[np.int64]] | None = None

    def total(self, column: Column) -> int:
        """How many rows have any of the values."""
        if self._total is None:
            self._total = sum(column.values())
        return self._total

    def floats(self, column: Column) -> bool:
        """Whether all values are floats."""
        if self._floats is None:
            self._floats = {*map(type, column)} <= {float}
        return self._floats

    def in_order(self, column: Column) -> tuple[Array, npt.NDArray[np.int64]]:
        """Values that are numbers, sorted, and how often each was counted."""
        if self._in_order is None:
            values = np.fromiter(column, np.float64, len(column))
            counts = np.fromiter(column.values(), np.int64, len(column))
            order = np.argsort(values, kind="stable")
            self._in_order = values[order], counts[order]
        return self._in_order

    def follow(self, before: _Derived, column: Column, gone: Column) -> None:
        """Be what ``before`` is of a column, without values that have gone."""
        self._total = before.total(column) - sum(gone.values())
        if not before._floats:
            return  # of whole numbers two may be one float
        self._floats = True
        if before._in_order is None:
            return
        values, counts = before._in_order
        places = np.searchsorted(values, np.fromiter(gone, np.float64, len(gone)))
        counts = counts.copy()
        counts[places] -= np.fromiter(gone.values(), np.int64, len(gone))
        left = places[counts[places] == 0]
        self._in_order = np.delete(values, left), np.delete(counts, left)


@dataclass(frozen=True, eq=False)
class Counts:
    """Values of columns, counted.

    Attributes
    ----------
    n_rows : int
    values : tuple of dict
        For each column the number of rows, above zero, that have a value; where it is
        missing, it may not be counted.
    dtypes : tuple of dtype
        Of each column at fit; strings have no length, which would be that of the
        longest.
    """

    n_rows: int
    values: tuple[Column, ...]
    dtypes: tuple[np.dtype[Any], ...]

    @staticmethod
    def of(columns: Sequence[npt.NDArray[Any]], n_rows: int | None = None) -> Counts:
        """Count the values of columns, of each of which some may be left out.

        Raises
        ------
        TypeError
            If a value cannot be counted, such as a dictionary.
        """
        try:
            values = [_counted(column) for column in columns]
        except TypeError as error:
            raise TypeError(
                f"X: each argument must be a string or a number: {error}"
            ) from error
        return Counts(
            columns[0].shape[0] if n_rows is None else n_rows,
            tuple(values),
            tuple(_without_length(column.dtype) for column in columns),
        )

    @property
    def empty(self) -> bool:
        """Whether these are the counts of no rows."""
        return self.n_rows == 0

    @property
    def held(self) -> tuple[np.dtype[Any], ...]:
        """Of each column the dtype at fit, a wider one if it cannot hold all values."""
        triples = zip(self.dtypes, self.values, self._derived, strict=True)
        return tuple(
            dtype
            if dtype == np.float64 and known.floats(column)
            # which all of these are
            else holding(dtype, column)
            for dtype, column, known in triples
        )

    def examples(self, *, repeated: bool = False) -> npt.NDArray[Any]:
        """Rows in which each value of each column occurs, as few as possible.

        Parameters
        ----------
        repeated : bool, default=False
            Whether it occurs as often as it was counted, if none is missing.
        """
        n_rows = max(len(column) for column in self.values)
        rows = np.empty((self.n_rows if repeated else n_rows, len(self.values)), "O")
        for place, column in enumerate(self.values):
            values = np.empty(len(column), dtype=object)
            values[:] = [value_of(key) for key in column]
            counts = np.ones(len(column), dtype=np.int64)
            if repeated:
                counts[:] = list(column.values())
            else:
                counts[0] += n_rows - len(column)
            rows[:, place] = np.repeat(values, counts)
        same = set(self.held)
        return rows.astype(same.pop()) if len(same) == 1 else rows

    def like(self, other: Counts) -> Counts:
        """The same counts, of rows that belong to those of others."""
        pairs = zip(self.values, other.dtypes, strict=True)
        values = tuple(_in_unit(column, dtype) for column, dtype in pairs)
        return Counts(self.n_rows, values, other.dtypes)

    def plus(self, other: Counts) -> Counts:
        """These counts with others added."""
        pairs = zip(self.values, other.values, strict=True)
        values = tuple(added(one, two) for one, two in pairs)
        return Counts(self.n_rows + other.n_rows, values, self.dtypes)

    def minus(self, other: Counts) -> Counts:
        """These counts with others taken away.

        Raises
        ------
        RowNotFoundError
            If no row has a value that is to go.
        InsufficientWeightError
            If more rows are to go than have it.
        """
        columns = enumerate(zip(self.values, other.values, strict=True))
        n_rows = self.n_rows - other.n_rows
        values = tuple(
            taken(one, two, f"Column {place} of X holds")
            for place, (one, two) in columns
        )
        fewer = Counts(n_rows, values, self.dtypes)
        triples = zip(fewer._derived, self._derived, other.values, strict=True)
        for place, (after, before, gone) in enumerate(triples):
            after.follow(before, self.values[place], gone)
            if after.total(values[place]) > n_rows:
                raise RowNotFoundError(
                    f"Column {place} of X lacks more values than are missing in what "
                    "the transformer was fitted on."
                )
        return fewer

    def spelt_out(self, place: int, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """Numbers of a column, sorted, each as often as it was counted."""
        values, counts = self._derived[place].in_order(self.values[place])
        return np.repeat(values, counts).astype(dtype)

    @cached_property
    def _derived(self) -> tuple[_Derived, ...]:
        """What is computed of each column, once."""
        return tuple(_Derived() for _ in self.values)

    def __getstate__(self) -> dict[str, Any]:
        return {name: each for name, each in vars(self).items() if name != "_derived"}

    def observed(self) -> npt.NDArray[np.int64]:
        """How many rows have a value that is counted, for each column."""
        pairs = zip(self.values, self._derived, strict=True)
        return np.array([known.total(column) for column, known in pairs])

    def without(self, keys: Container[Hashable]) -> Counts:
        """These counts, but not of some keys."""
        values = (
            {key: count for key, count in column.items() if key not in keys}
            for column in self.values
        )
        return replace(self, values=tuple(values))

    def columns(self, columns: Indices) -> Counts:
        """Some columns alone."""
        return Counts(
            self.n_rows,
            tuple(self.values[column] for column in columns),
            tuple(self.dtypes[column] for column in columns),
        )


def added(counts: Mapping[Key, int], others: Mapping[Key, int]) -> dict[Key, int]:
    """The sum of two counts."""
    total = dict(counts)
    for key, count in others.items():
        total[key] = total.get(key, 0) + count
    return total


def taken(
    counts: Mapping[Key, int], others: Mapping[Key, int], where: str
) -> dict[Key, int]:
    """Counts without others; what has no rows left is left out.

    Raises
    ------
    RowNotFoundError, InsufficientWeightError
        Whose messages begin with ``where``.
    """
    left = dict(counts)
    for key, count in others.items():
        if key not in left:
            raise RowNotFoundError(
                f"{where} {key!r}, which nothing that the transformer was fitted on "
                "has."
            )
        if left[key] < count:
            raise InsufficientWeightError(
                f"{where} {key!r} more often than what the transformer was fitted on."
            )
        left[key] -= count
        if not left[key]:
            del left[key]
    return left


def median(counts: Column) -> float:
    """Median of values that are numbers."""
    values = np.fromiter(counts, np.float64, len(counts))
    order = np.argsort(values, kind="stable")  # fast where most are sorted
    values = values[order]
    ends = np.cumsum(np.fromiter(counts.values(), np.int64, len(counts))[order])
    low, high = (
        values[np.searchsorted(ends, place, side="right")]
        for place in ((ends[-1] - 1) // 2, ends[-1] // 2)
    )
    return float((low + high) / 2)


def most_frequent(counts: Column) -> Any:
    """The value of most rows; of several the smallest.

    Values that cannot be compared are, by their types and as strings.
    """
    most = max(counts.values())
    values: list[Any] = [
        value_of(key) for key, count in counts.items() if count == most
    ]
    try:
        return min(values)
    except TypeError:
        return min(values, key=lambda value: (str(type(value)), str(value)))


def _counted(column: npt.NDArray[Any]) -> Column:
    """Values of a column with the number of rows; numbers are sorted."""
    if column.dtype.kind not in _NUMBERS:
        counted: dict[Hashable, int] = {}
        for value, count in Counter(_listed(column)).items():  # few, even of many rows
            key = _key(value)
            counted[key] = counted.get(key, 0) + count
        return counted
    values, counts = np.unique(column, return_counts=True)
    return dict(zip(keys_of(values), counts.tolist(), strict=True))


def _without_length(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return np.dtype(dtype.kind) if dtype.kind in "US" else dtype


def _in_unit(column: Column, dtype: np.dtype[Any]) -> Column:
    """Values of which times have the unit of a dtype, where it holds them."""
    if dtype.kind not in "mM":
        return column
    return {_as_time(key, dtype): count for key, count in column.items()}


def _as_time(key: Hashable, dtype: np.dtype[Any]) -> Hashable:
    same = np.datetime64 if dtype.kind == "M" else np.timedelta64
    if not isinstance(key, same):
        return key
    time: Hashable = key.astype(dtype)
    return time if time == key else key


def holding(dtype: np.dtype[Any], keys: Iterable[Hashable]) -> np.dtype[Any]:
    """A dtype that holds values: a given one if it does, without rounding."""
    keys = list(keys)
    kinds = {type(key) for key in keys}
    if dtype.kind not in _NUMBERS:
        fitting = _OF_KIND.get(dtype.kind, object)
        return dtype if all(issubclass(kind, fitting) for kind in kinds) else _ANY
    if not all(issubclass(kind, _OF_NUMBERS) for kind in kinds):
        return _ANY
    if not kinds or (dtype == np.float64 and kinds <= {float, Missing}):
        return dtype
    values = [value_of(key) for key in keys]
    wider = np.result_type(dtype, np.array(values).dtype)
    tried = (dtype, wider, np.dtype(np.uint64))
    return next((one for one in tried if _holds(one, values)), _ANY)


def _holds(dtype: np.dtype[Any], values: list[Any]) -> bool:
    """Whether a dtype of numbers holds values, compared as numbers of Python are."""
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        if not all(limits.min <= value <= limits.max for value in values):
            return False
    try:
        with np.errstate(invalid="ignore", over="ignore"):
            cast = np.array(values, dtype=object).astype(dtype).tolist()
    except (ValueError, OverflowError):
        return False
    pairs = zip(cast, values, strict=True)
    return all(one == other or (one != one and other != other) for one, other in pairs)
