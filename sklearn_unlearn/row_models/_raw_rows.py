"""Models that keep training rows of any kind: arrays, frames, sparse rows, texts."""

from __future__ import annotations

from dataclasses import replace
from operator import methodcaller

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import assert_all_finite, get_tags

from sklearn_unlearn.core.arrays import is_sparse
from sklearn_unlearn.core.linear.bookkeeping import ModelChange
from sklearn_unlearn.core.linear.edits import Edit
from sklearn_unlearn.core.rows import Rows
from sklearn_unlearn.core.training_rows.retained import RetainedRows
from sklearn_unlearn.core.training_rows.row_hash import RowHash
from sklearn_unlearn.exceptions import EmptyClassError
from sklearn_unlearn.row_models._array_rows import RowModel
from sklearn_unlearn.utils.export import exported
from sklearn_unlearn.utils.narrowing import Inputs
from sklearn_unlearn.utils.raw_rows import RawRows
from sklearn_unlearn.utils.row_hash import keys_of
from sklearn_unlearn.utils.row_ids import check_new_row_ids, check_row_ids
from sklearn_unlearn.utils.rows import columns_of
from sklearn_unlearn.utils.validation import (
    check_names,
    check_sample_weight,
    named,
    remaining_columns,
)

#: Entries of the first few rows, which mostly tell what there is.
HEAD_ENTRIES = 2**12


class RawRowModel(RowModel):
    """Reads rows as their caller has them, and finds them among those retained.

    The retained rows are `RawRows`; what `Rows` have for X are their keys. A subclass
    has in its fitted value ``model``, with ``retained``, ``forgotten`` and ``hashed``,
    by which keys are made, ``encoding`` and ``columns``; and provides ``_carried``.
    """

    def _retained_of(
        self,
        X,
        encoded,
        sample_weight,
        row_ids,
        keys,
        again=False,
        numbered=False,
    ):
        """Rows that are trained on, none of weight zero.

        Parameters
        ----------
        X : RawRows
        encoded : ndarray of shape (n_rows, n_targets)
        keys : RowHash or ndarray of shape (n_rows, 2)
            By which `keys_of` the rows are made, or the keys.
        again : bool, default=False
            Whether the rows were retained before, some perhaps in parts of one name.
        numbered : bool, default=False
            Whether places are kept of rows without names too.
        """
        weight = check_sample_weight(sample_weight, X.shape[0])
        ids = row_ids
        if row_ids is not None:
            read = check_row_ids if again else check_new_row_ids
            ids = read(row_ids, X.shape[0])
        some = np.flatnonzero(weight)
        if not some.size:
            raise ValueError("sample_weight must hold a weight other than zero.")
        if some.size < weight.size:
            X, encoded, weight = X.take(some), encoded[some], weight[some]
            ids = None if ids is None else ids[some]
            keys = keys if isinstance(keys, RowHash) else keys[some]
        if isinstance(keys, RowHash):
            keys = keys_of(X, ids, keys)
        none = np.zeros(keys.shape[1], dtype=bool)
        numbers = np.arange(weight.size) if numbered else None
        return RetainedRows.of(Rows(keys, encoded, weight), ids, none, X, numbers)

    def _new_keys(self, fitted, origin, ids, before=None):
        """Keys of rows that come, in the place of others that had some before."""
        return keys_of(origin, ids, fitted.model.hashed)

    def _dropping(self, fitted, plain, drop_forgotten):
        """A plain model of the columns that are left, behind what drops the others."""
        columns, forgotten = fitted.columns, fitted.forgotten
        if columns is None or (columns.names is not None and not forgotten.any()):
            return plain
        if columns.names is None:
            return exported(self, plain, columns, forgotten, drop_forgotten)
        if drop_forgotten:
            return plain
        gone = columns.names[forgotten].tolist()
        frame = fitted.model.retained.chunks[0].origin.X
        if hasattr(frame, "iloc"):
            drop = methodcaller("drop", columns=gone, errors="ignore")
        else:  # polars
            drop = methodcaller("drop", gone, strict=False)
        return make_pipeline(FunctionTransformer(drop), plain)

    def _raw(self, fitted, X, argument="X"):
        """Rows of a request, in the columns that the retained ones have."""
        X = self._of_columns(fitted, X)
        rows = fitted.model.retained.chunks[0].origin.like(X, argument)
        self._check_finite(rows.X)
        return rows

    def _of_columns(self, fitted, X):
        """X without forgotten columns, checked for the names and number of others."""
        if fitted.columns is None:
            return X
        if len(RawRows.of(X).shape) == 1:
            raise ValueError(
                "Expected 2D array, got 1D array instead. Reshape your data: a single "
                "row is X of shape (1, n_features)."
            )
        X, columns = remaining_columns(X, fitted.columns, fitted.model.forgotten)
        check_names(self, X, columns)
        return X

    def _check_finite(self, X):
        """Refuse numbers that no row may have, before any training."""
        values = X.data if is_sparse(X) else X
        kind = values.dtype.kind if isinstance(values, np.ndarray) else None
        if kind == "c":
            raise ValueError("X must hold real numbers. Complex data not supported.")
        if kind == "f":
            allowed = get_tags(self).input_tags.allow_nan
            assert_all_finite(values, allow_nan=allowed, input_name="X")

    def _narrowed(self, fitted, mask, keys=None):
        """Rows without some columns, and what tells estimators of that.

        Parameters
        ----------
        fitted : the fitted value
        mask : ndarray of bool
            Of the columns at fit; some may be gone already.
        keys : RowHash, optional
            By which the rows have new keys; by default they keep theirs.

        Returns
        -------
        RetainedRows
        Inputs
        """
        before = fitted.model.forgotten
        gone = mask[~before]
        chunk = fitted.model.retained.compacted().chunks[0]
        schema = chunk.origin.schema
        schema = None if schema is None else schema.forgetting(mask | before)
        left = columns_of(chunk.origin.X, np.flatnonzero(~gone))
        retained = self._retained_of(
            RawRows(left, schema=schema),
            chunk.rows.y,
            chunk.rows.weight,
            chunk.ids,
            chunk.rows.X if keys is None else keys,
            again=True,
        ).following(fitted.model.retained)
        names = fitted.columns.select(~before).names
        return retained, Inputs(gone, names, chunk.origin.X)

    def _without(self, fitted, asked, mask):
        if asked is not None:
            fitted = self._with_rows_edited(fitted, asked)
        return self._without_columns(fitted, mask)

    def _with_rows_edited(self, fitted, request):
        """The fitted value after a request, of which columns are forgotten next."""
        return self._carried(fitted, request)

    # Reading, where rows have an origin ---------------------------------------------

    def _leaving(self, fitted, X, *arguments, **keywords):
        if X is not None and keywords.get("origin") is None:
            keywords["origin"] = self._raw(fitted, X)
            if fitted.columns is not None:
                names = fitted.columns.names
                labels = (
                    np.arange(fitted.columns.n_features) if names is None else names
                )
                keywords["labels"] = labels[~fitted.model.forgotten]
        return super()._leaving(fitted, X, *arguments, **keywords)

    def _replacing(self, fitted, leaving, X_new):
        with named("X_new"):
            origin = self._raw(fitted, X_new, "X_new")
        leaving.checked(origin.shape[0], "X_new")
        origin = origin.take(leaving.source)
        ids = fitted.model.retained.ids_at(leaving.positions)
        keys = self._new_keys(fitted, origin, ids, leaving.rows.X)
        return replace(leaving.rows, X=keys), origin

    def _to_add(self, fitted, into, classes):
        self._check_classes(classes, fitted.encoding.classes)
        origin = self._raw(fitted, into.X)
        rows = self._weighted(fitted, origin, into.y, into.sample_weight)
        ids = self._read_new_ids(fitted, into.row_ids, rows.n_rows)
        rows = replace(rows, X=self._new_keys(fitted, origin, ids))
        some = np.flatnonzero(rows.weight)
        if not some.size:
            return None
        ids = None if ids is None else ids[some]
        edit = Edit(rows_in=rows.take(some))
        origin = origin.take(some)
        return ModelChange(edit, ids=ids, numbers=into.numbers, origin=origin)


def present_classes(encoding, retained, fewest=1):
    """Labels and rows without classes of which no row is left.

    Parameters
    ----------
    encoding : Labels
    retained : RetainedRows
    fewest : int, default=1
        Classes that have to be left, if any are gone.

    Returns
    -------
    Labels
    RetainedRows

    Raises
    ------
    EmptyClassError
        If that leaves fewer classes than ``fewest``.
    """
    head = next(retained.blocks(HEAD_ENTRIES))
    groups = encoding.groups(head.y)[head.weight > 0.0]
    if np.bincount(groups, minlength=encoding.n_groups).all():
        return encoding, retained
    counts = np.zeros(encoding.n_groups)
    for block in retained.blocks():
        groups = encoding.groups(block.y)
        counts += np.bincount(groups, block.weight, encoding.n_groups)
    gone = np.flatnonzero(counts == 0.0)
    if not gone.size:
        return encoding, retained
    if fewest > encoding.n_groups - gone.size:
        names = ", ".join(repr(encoding.classes.tolist()[group]) for group in gone)
        raise EmptyClassError(
            f"No row of class {names} would be left, and a model of fewer than "
            f"{fewest} classes does not exist.",
            tuple(gone.tolist()),
        )
    fewer = encoding.without(gone)
    retained = retained.compacted()
    chunk = retained.chunks[0]
    groups = encoding.groups(chunk.rows.y)
    groups -= np.searchsorted(gone, groups)
    rows = replace(chunk.rows, y=fewer.encode(groups))
    return fewer, replace(retained, chunks=(replace(chunk, rows=rows),))
