"""The schema of the columns at fit, by which rows of requests are read."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from importlib import import_module
from numbers import Real
from typing import Any

import numpy as np
import scipy.sparse as sp

from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.utils.values import as_dtype, is_missing

#: What values of a type are; those of another are a kind of their own.
_OF_TYPES = {
    "text": str,
    "bytes": bytes,
    "numbers": Real | np.bool_,
    "times": datetime.datetime | np.datetime64,
    "durations": datetime.timedelta | np.timedelta64,
}
#: What values of a dtype of NumPy are.
_OF_DTYPES = {
    **dict.fromkeys("biufc", "numbers"),
    "U": "text",
    "S": "bytes",
    "M": "times",
    "m": "durations",
}
#: What values of a dtype of polars are, if not the name of the dtype.
_OF_POLARS = {
    "Boolean": "numbers",
    "Datetime": "times",
    "Duration": "durations",
    "Null": "",
    "Object": None,
    "String": "text",
}


@dataclass(frozen=True, eq=False)
class Column:
    """What fit saw in a column.

    Attributes
    ----------
    dtype : dtype of NumPy, pandas or polars
        Of categories that of their values, which are not kept.
    categories : bool
        Whether they were categories.
    kinds : frozenset of str
        What values were, those that were missing left out.
    """

    dtype: Any
    categories: bool
    kinds: frozenset[str]

    @staticmethod
    def of(column):
        """What there is to see in an array or a series."""
        dtype, categories = column.dtype, False
        if hasattr(dtype, "categories") and hasattr(column, "iloc"):
            dtype, categories = dtype.categories.dtype, True
        elif _named(dtype) in ("Categorical", "Enum"):
            dtype, categories = import_module("polars").String, True
        elif isinstance(dtype, np.dtype) and dtype.kind in "US":
            dtype = np.dtype(dtype.kind)  # not as long as the longest string
        kind = _kind_of(dtype)
        if kind is None:
            return Column(dtype, categories, _kinds_of(column.tolist()))
        return Column(dtype, categories, frozenset([kind] if kind else []))

    def __str__(self):
        kinds = " and ".join(sorted(self.kinds)) or "no values"
        return f"{kinds} ({'category of ' * self.categories}{self.dtype})"

    def check(self, column, name):
        """Refuse a column of a request, called ``name``, that holds something else."""
        seen = Column.of(column)
        other = self.kinds and not seen.kinds <= self.kinds
        if other and not all(map(is_missing, np.asarray(column).tolist())):
            raise UnlearningError(
                f"{name} holds {seen}, but held {self} at fit: pass it as it was then."
            )

    def cast(self, column, name):
        """A column of a request in this dtype, if that holds its values.

        Parameters
        ----------
        column : series
        name : str
            What the caller calls it.
        """
        self.check(column, name)
        seen = Column.of(column)
        if (seen.dtype, seen.categories) == (self.dtype, self.categories):
            return column
        if hasattr(column, "cast"):  # of polars
            return self._of_polars(column)
        return self._of_pandas(column, seen)

    def _of_polars(self, column):
        if column.dtype.is_float() and self.kinds != {"numbers"}:
            column = column.fill_nan(None)  # missing, in a column of anything else
        cast = column.cast(self.dtype, strict=False)
        same = cast.to_list() == column.to_list()
        if same and column.dtype.is_temporal():  # lists have microseconds at most
            same = cast.eq_missing(column).all()
        if not same:
            return column
        return (
            cast.cast(import_module("polars").Categorical) if self.categories else cast
        )

    def _of_pandas(self, column, seen):
        missing = column.isna()
        if self.dtype == object and not self.categories:
            values = column.astype(object)
            return values.mask(missing, np.nan) if missing.any() else values
        present = column[~missing]
        try:
            if seen.categories:
                present = present.astype(seen.dtype)
            cast = present.astype(self.dtype)
        except (TypeError, ValueError, OverflowError, NotImplementedError):
            return column
        if cast.tolist() != present.tolist():
            return column
        if self.categories:
            cast = cast.astype("category")
        return cast.reindex(column.index) if missing.any() else cast


@dataclass(frozen=True, eq=False)
class Schema:
    """What fit saw in the columns of X.

    Attributes
    ----------
    frame : type or None
        Of X, if it was a frame.
    names : list
        Of the columns; their numbers if they have none.
    columns : list of Column or None
        None for those that are forgotten, which may hold anything.
    """

    frame: Any
    names: list[Any]
    columns: list[Any]

    @staticmethod
    def of(X):
        """What there is to see in X; None of texts and sparse rows.

        Parameters
        ----------
        X : DataFrame, ndarray or sparse matrix
        """
        if sp.issparse(X) or len(X.shape) != 2:
            return None
        if is_frame(X):
            columns = [Column.of(column) for column in _series(X)]
            return Schema(type(X), list(X.columns), columns)
        if X.dtype.kind == "O":
            columns = [Column.of(column) for column in X.T]
        else:
            columns = [Column.of(X)] * X.shape[1]
        return Schema(None, list(range(X.shape[1])), columns)

    def forgetting(self, mask):
        """The same without what is known of some columns."""
        pairs = zip(self.columns, mask, strict=True)
        return replace(self, columns=[None if gone else one for one, gone in pairs])

    def read(self, X, argument="X"):
        """Rows of a request in the dtypes at fit, where these hold their values.

        A missing value becomes what stands for one in such a column.

        Parameters
        ----------
        X : DataFrame, ndarray or sparse matrix
            A frame may have other columns as well, or lack some.
        argument : str
            What the caller calls it.

        Raises
        ------
        UnlearningError
            If a column holds something else than at fit, numbers for text perhaps.
        """
        if sp.issparse(X) or len(X.shape) != 2:
            return X
        if not is_frame(X):
            return self._array(X, argument)
        if self.frame is None:
            return self._array(np.asarray(X), argument)
        if not isinstance(X, self.frame):
            X = self._of_another_library(X)
        known = dict(zip(self.names, self.columns, strict=True))
        for place, (name, column) in enumerate(zip(X.columns, _series(X), strict=True)):
            if known.get(name) is None:
                continue
            cast = known[name].cast(column, f"Column {name!r} of {argument}")
            if cast is not column:
                X = _with(X, place, cast)
        return X

    def _of_another_library(self, X):
        """A frame of another library, as far as it has the columns of these."""
        return self.frame(
            {
                name: [
                    None if is_missing(value) else value for value in column.to_list()
                ]
                for name, column in zip(X.columns, _series(X), strict=True)
                if name in self.names
            }
        )

    def _array(self, X, argument):
        pairs = list(zip(self.names, self.columns, strict=True))
        if X.shape[1] != len(pairs):  # those that are forgotten may be absent
            pairs = [pair for pair in pairs if pair[1] is not None]
        there = [place for place, (_, known) in enumerate(pairs) if known is not None]
        if X.shape[1] != len(pairs) or not there:
            return X
        frame, dtype = self.frame is not None, pairs[there[0]][1].dtype
        if frame and (X.dtype.kind != "O" or _library(self.frame) != "pandas"):
            return X
        if X.dtype.kind != "O" and dtype.kind != "O":
            there = there[:1]  # one column stands for all
        read = X.copy() if frame else X
        for place in there:
            name, known = pairs[place]
            name, column = f"Column {name!r} of {argument}", X[:, place]
            if frame:
                column = import_module("pandas").Series(column)
                read[:, place] = known.cast(column, name)
            else:
                known.check(column, name)
        return read if frame else as_dtype(X, dtype)


def is_frame(X):
    """Whether rows are a frame of pandas or polars."""
    return hasattr(X, "columns") and (hasattr(X, "iloc") or hasattr(X, "vstack"))


def _library(frame):
    return frame.__module__.split(".")[0]


def _series(X):
    """The columns of a frame."""
    if hasattr(X, "iloc"):
        return [column for _, column in X.items()]
    return X.get_columns()


def _with(X, place, column):
    """A frame with another column in the place of one."""
    if not hasattr(X, "iloc"):
        return X.with_columns(column)
    X = X.copy(deep=False)
    X.isetitem(place, column)
    return X


def _kind_of(dtype):
    """What values of a dtype are; None if it does not say, "" if there are none."""
    if hasattr(dtype, "is_numeric"):  # of polars
        name = _named(dtype)
        return "numbers" if dtype.is_numeric() else _OF_POLARS.get(name, name)
    if dtype.kind in _OF_DTYPES:
        return _OF_DTYPES[dtype.kind]
    if dtype.name == "object":
        return None
    return "text" if dtype.name.startswith("str") else dtype.name


def _named(dtype):
    """Name of a dtype, without what it was made with."""
    return str(dtype).partition("(")[0]


def _kinds_of(values):
    """What values are, those that are missing left out."""
    kinds = set()
    for each in set(map(type, values)):
        if issubclass(each, float):
            there = any(value == value for value in values if type(value) is each)
            kinds |= {"numbers"} if there else set()
        elif each is not type(None) and each.__name__ not in ("NAType", "NaTType"):
            known = (kind for kind, one in _OF_TYPES.items() if issubclass(each, one))
            kinds.add(next(known, each.__name__))
    return frozenset(kinds)
