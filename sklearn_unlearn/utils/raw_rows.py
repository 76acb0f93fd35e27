"""Rows as the caller gave them: frames, arrays, sparse rows, texts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import numpy as np
import scipy.sparse as sp

from sklearn_unlearn.core.arrays import is_sparse, like, take_rows, without_columns
from sklearn_unlearn.utils.rows import as_array, check_there, widened
from sklearn_unlearn.utils.schema import Schema, is_frame
from sklearn_unlearn.utils.values import close, codes_of, equal, together


@dataclass(frozen=True, eq=False)
class RawRows:
    """Rows before preprocessing, kept by reference.

    Attributes
    ----------
    X : DataFrame, ndarray, CSR, or ndarray of objects of shape (n_rows,)
        The last for texts. A frame lacks the columns that are forgotten.
    forgotten : ndarray of bool of shape (n_columns,) or None
        Columns at fit that do not count; None if there are none.
    schema : Schema or None
        What fit saw in the columns; None if these are not the rows at fit, nor some of
        them, or there was nothing to see.
    """

    X: Any
    forgotten: np.ndarray | None = None
    schema: Schema | None = None

    @staticmethod
    def of(X, argument="X"):
        """Rows of any kind that scikit-learn takes.

        Parameters
        ----------
        X : rows of any kind
        argument : str
            What the caller calls them.

        Raises
        ------
        ValueError
            If these are no rows.
        """
        if is_frame(X):
            return RawRows(_bare(X))
        if is_sparse(X):
            return RawRows(X.tocsr())
        if isinstance(X, list | tuple) and any(isinstance(row, str) for row in X):
            X = np.array([*X, None], dtype=object)[:-1]
        X = as_array(X)
        if not X.ndim:
            raise ValueError(
                f"{argument} must be rows. Expected 2D array, got scalar array instead."
            )
        return RawRows(X)

    def at_fit(self):
        """The same rows, as which those of requests will be read."""
        return replace(self, schema=Schema.of(self.X))

    @property
    def shape(self):
        """Number of rows, and of columns if there are any."""
        return self.X.shape

    def like(self, X, argument="X"):
        """The rows of a request, in the columns of these, and in the dtypes at fit.

        Parameters
        ----------
        X : rows of any kind
        argument : str
            What the caller calls them.

        Raises
        ------
        ValueError
            If a column is missing, or these are a frame and those are none.
        UnlearningError
            If a column holds something else than at fit.
        """
        rows = RawRows.of(X, argument)
        if rows.X.shape[:1] == (0,):
            raise ValueError(f"{argument} holds no row.")
        rows = RawRows(read_as(self.schema, rows.X, argument))
        if not is_frame(self.X):
            if is_frame(rows.X):
                rows = RawRows(np.asarray(rows.X))
            if is_sparse(self.X) != is_sparse(rows.X):
                rows = RawRows(like(rows.X, self.X))
            if rows.X.ndim != self.X.ndim:
                raise ValueError(
                    f"Expected {self.X.ndim}D array, got {rows.X.ndim}D array instead: "
                    f"{argument} must have as many dimensions as at fit."
                )
            if self.forgotten is None:
                return self._as_wide(rows)
            if rows.X.shape[1:] == (np.count_nonzero(~self.forgotten),):
                rows = RawRows(widened(rows.X, self.forgotten))
            return self._as_wide(replace(rows, forgotten=self.forgotten))
        if not is_frame(X):
            raise ValueError(
                f"{argument} must be a frame, as at fit: its columns are known by name."
            )
        names, X = list(self.X.columns), rows.X
        check_there(names, X, argument)
        return replace(self, X=X if names == list(X.columns) else X[names])

    def _as_wide(self, rows):
        if rows.X.shape[1:] != self.X.shape[1:]:
            raise ValueError(
                f"X has {rows.X.shape[1]} features, but had {self.X.shape[1]} at fit."
            )
        return rows

    def forgetting(self, mask):
        """The same rows without some columns, given by a mask of those at fit."""
        before = np.zeros(mask.size, bool) if self.forgotten is None else self.forgotten
        X = self.X
        if is_frame(X):
            X = X[
                [
                    c
                    for c, gone in zip(X.columns, mask[~before], strict=True)
                    if not gone
                ]
            ]
        schema = None if self.schema is None else self.schema.forgetting(before | mask)
        return RawRows(X, before | mask, schema)

    # Finding rows ---------------------------------------------------------------------

    def codes(self, hashed):
        """Numbers that are equal for equal rows, shape (n_rows, n_columns).

        Parameters
        ----------
        hashed : RowHash
            Of strings.
        """
        if is_sparse(self.X):
            return sp.csr_array(self._counting()).astype(np.float64)
        columns = [codes_of(column, hashed) for column in self.columns()]
        return np.column_stack(columns) if columns else np.zeros((self.shape[0], 0))

    def same(self, other):
        """Where these rows equal those of another of as many."""
        if is_sparse(self.X):
            difference = sp.csr_array(self._counting() != other._counting())
            return np.diff(difference.indptr) == 0
        same = np.ones(self.shape[0], dtype=bool)
        for mine, others in zip(self.columns(), other.columns(), strict=True):
            same &= equal(mine, others)
        return same

    def unequal(self, other, rounding=0.0):
        """Where values of another of as many rows differ by more than rounding.

        Returns
        -------
        ndarray of bool or CSR of shape (n_rows, n_columns)
            Columns are those of `columns`, or of sparse rows all.
        """
        if is_sparse(self.X):
            mine, others = self._counting(), other._counting()
            return abs(mine - others) > abs(others) * rounding
        pairs = zip(self.columns(), other.columns(), strict=True)
        unequal = [~close(mine, others, rounding) for mine, others in pairs]
        return np.column_stack(unequal) if unequal else np.zeros((self.shape[0], 0))

    def column_at(self, place):
        """Name or number of a column of `unequal`, and its dtype at fit or here."""
        X = self.X
        if is_frame(X):
            name = list(X.columns)[place]
            known = dict(zip(X.columns, X.dtypes, strict=True))[name]
        else:
            name, known = place, X.dtype
            if self.forgotten is not None and not is_sparse(X):
                name = int(np.flatnonzero(~self.forgotten)[place])
        seen = None
        if self.schema is not None:
            seen = self.schema.columns[self.schema.names.index(name)]
        if seen is None:
            return name, known
        return name, "category" if seen.categories else seen.dtype

    # Changing -------------------------------------------------------------------------

    def take(self, rows):
        """Copies of these rows, without forgotten values."""
        X = self.X
        if hasattr(X, "iloc"):
            return replace(self, X=_bare(X.iloc[rows]))
        if is_frame(X):
            return replace(self, X=_bare(X[rows]))
        taken = replace(self, X=take_rows(X, rows))
        return replace(taken, X=taken._counting())

    def joined(self, others):
        """These rows and then those of others."""
        if not others:
            return self
        parts = [self.X, *(other.X for other in others)]
        if hasattr(self.X, "iloc"):
            X = _joined_pandas(parts)
        elif hasattr(self.X, "vstack"):
            X = _joined_polars(parts)
        elif is_sparse(self.X):
            X = sp.vstack(parts, format="csr")
        else:
            X = together(parts)
        return RawRows(X, self.forgotten, self.schema)

    # Internals ------------------------------------------------------------------------

    def _counting(self):
        """An array with zeros in the columns that do not count."""
        if self.forgotten is None:
            return self.X
        if is_sparse(self.X):
            return without_columns(self.X, self.forgotten)
        X = self.X.copy()
        X[:, self.forgotten] = 0
        return X

    def columns(self):
        """Columns that count, as arrays."""
        X = self.X
        if hasattr(X, "iloc"):
            return [np.asarray(column) for _, column in X.items()]
        if hasattr(X, "to_numpy"):
            return [column.to_numpy() for column in X.get_columns()]
        if X.ndim == 1:
            return [X]
        counting = np.ones(X.shape[1], bool)
        if self.forgotten is not None:
            counting = ~self.forgotten
        return list(X[:, counting].T)


def read_as(schema, X, argument="X"):
    """Rows of a request in the dtypes that fit saw, if it saw any."""
    return X if schema is None else schema.read(RawRows.of(X).X, argument)


def taken(X, rows):
    """Some rows, or their targets."""
    return None if X is None else RawRows.of(X).take(rows).X


def _bare(X):
    """A frame that refers to the values of its own rows alone, not copied.

    Levels of an index and categories may name other rows, attributes may say anything.
    """
    if not hasattr(X, "iloc"):
        named = {name: [dtype] for name, dtype in X.schema.items() if _names(dtype)}
        return _with_categories(X, named)
    X = X.copy(deep=False)
    X.index, X.attrs = range(len(X)), {}
    for place, dtype in enumerate(X.dtypes):
        if hasattr(dtype, "categories"):
            X.isetitem(place, X.iloc[:, place].cat.remove_unused_categories())
        arrow: Any = getattr(dtype, "pyarrow_dtype", None)
        if hasattr(arrow, "index_type"):  # codes of values in a dictionary
            X.isetitem(place, X.iloc[:, place].astype(type(dtype)(arrow.value_type)))
    return X


def _joined_pandas(parts):
    """Frames after one another; a column has categories if it has them in the first."""
    pd = import_module("pandas")
    dtypes = [part.dtypes.tolist() for part in parts]
    plain = not any(hasattr(dtype, "categories") for dtype in dtypes[0])
    if plain and all(each == dtypes[0] for each in dtypes):
        return pd.concat(parts, ignore_index=True)
    parts = [part.copy(deep=False) for part in parts]
    for place, dtype in enumerate(parts[0].dtypes):
        if hasattr(dtype, "categories"):
            columns = [part.iloc[:, place].astype("category") for part in parts]
            categories = dtype.categories
            for column in columns[1:]:
                categories = categories.union(column.cat.categories, sort=False)
            if dtype.categories.is_monotonic_increasing and not dtype.ordered:
                categories = _sorted(categories)
            shared = pd.CategoricalDtype(categories, dtype.ordered)
            for part, column in zip(parts, columns, strict=True):
                part.isetitem(place, column.astype(shared))
        elif len({part.dtypes.iloc[place] for part in parts}) > 1:
            columns = [part.iloc[:, place].to_numpy() for part in parts]
            if together(columns).dtype == object:
                for part, column in zip(parts, columns, strict=True):
                    part.isetitem(place, column.astype(object))
    return pd.concat(parts, ignore_index=True)


def _sorted(categories):
    try:
        return categories.sort_values()
    except TypeError:  # numbers beside strings
        return categories


def _joined_polars(parts):
    """The same of frames of polars, in whose dtype other values may be categories."""
    pl = import_module("polars")
    schemas = [part.schema for part in parts]
    named = {name for schema in schemas for name in schema if _names(schema[name])}
    texts = [part.with_columns(pl.col(sorted(named)).cast(pl.String)) for part in parts]
    texts = _of_shared_dtypes(texts)
    X = texts[0]
    for part in texts[1:]:
        X = X.vstack(part)
    first = {name for name in named if _names(schemas[0][name])}
    return _with_categories(X, {name: [s[name] for s in schemas] for name in first})


def _of_shared_dtypes(parts):
    """Frames of polars with columns in dtypes that hold the values of all."""
    for name, dtype in parts[0].schema.items():
        columns = [part[name] for part in parts]
        if any(column.dtype != dtype for column in columns):
            shared = _of_shared_dtype(columns)
            pairs = zip(parts, shared, strict=True)
            parts = [part.with_columns(column) for part, column in pairs]
    return parts


def _of_shared_dtype(columns):
    """Columns of polars in a dtype that holds the values of all, or as objects."""
    pl = import_module("polars")
    frames = [column.to_frame() for column in columns]
    try:
        dtype = pl.concat(frames, how="vertical_relaxed").dtypes[0]
        cast = [column.cast(dtype) for column in columns]
        back = [
            one.cast(column.dtype, strict=False)
            for one, column in zip(cast, columns, strict=True)
        ]
    except pl.exceptions.PolarsError:
        back = []
    pairs = list(zip(back, columns, strict=False))
    same = pairs and all(one.eq_missing(column).all() for one, column in pairs)
    if same and dtype != getattr(pl, "Int128", None):  # which NumPy does not have
        return cast
    return [pl.Series(each.name, each.to_list(), dtype=pl.Object) for each in columns]


def _names(dtype):
    """Whether a dtype of polars has categories."""
    pl = import_module("polars")
    return dtype in (pl.Categorical, pl.Enum)


def _with_categories(X, dtypes):
    """A frame of polars with categories in some columns, none of which no row has.

    What a column had before, the values of an enumeration or a table of texts, names
    values of other rows.

    Parameters
    ----------
    dtypes : dict of str to list of DataType
        By name of a column: those whose values it may have, the first as it is to be.
    """
    pl = import_module("polars")
    columns = []
    for name, several in dtypes.items():
        texts, dtype = X[name].cast(pl.String), several[0]
        if dtype == pl.Enum:
            there = set(texts) - {None}
            order = dict.fromkeys(
                value
                for one in several
                for value in (one.categories if one == pl.Enum else texts)
            )
            dtype = pl.Enum([value for value in order if value in there])
        columns.append(texts.cast(dtype))
    return X.with_columns(columns)
