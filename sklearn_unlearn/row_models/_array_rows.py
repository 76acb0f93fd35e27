"""Models that may keep their training rows: requests read, and rows found in them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from sklearn_unlearn.base import Answer, UnlearnerMixin
from sklearn_unlearn.core.arrays import like
from sklearn_unlearn.core.linear.bookkeeping import ModelChange
from sklearn_unlearn.core.linear.edits import DropColumns, Edit
from sklearn_unlearn.core.rows import Rows
from sklearn_unlearn.core.training_rows.names import are_pairs
from sklearn_unlearn.core.training_rows.search import check_named_once
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.row_blocks import (
    DataBlocks,
    check_blocks_alone,
    without_names,
)
from sklearn_unlearn.row_models._joint import joint_request
from sklearn_unlearn.row_models._leaving import (
    Leaving,
    check_complete,
    check_names,
    note_leaving,
    weightless,
)
from sklearn_unlearn.row_models._names import NamedRowsMixin
from sklearn_unlearn.utils.not_found import explanation
from sklearn_unlearn.utils.notes import note
from sklearn_unlearn.utils.row_ids import check_new_row_ids, check_row_ids
from sklearn_unlearn.utils.validation import (
    check_columns,
    check_remaining_rows,
    check_sample_weight,
    named,
)


class RowModel(NamedRowsMixin, UnlearnerMixin):
    """A model that may keep its training rows, and finds those of a request in them.

    It has in its fitted value ``model``, with ``retained`` (None if nothing is kept)
    and ``forgotten``, ``encoding``, which reads targets, and ``columns``; and provides
    ``_carried``, which gives the fitted value after a request to the model.
    """

    _accepts: ClassVar[Any] = frozenset(
        {"out", "into", "columns", "y", "sample_weight", "row_ids"}
    )
    _at_once: ClassVar[Any] = True
    _ends_at_once: ClassVar[bool] = True

    def _carried(self, fitted: Any, request: ModelChange) -> Any:
        """The fitted value after a request to the model."""
        raise NotImplementedError

    def _apply(self, fitted, request):
        if request.columns is not None:
            mask = self._columns_asked(fitted, request.columns)
            asked = self._model_request(fitted, request) if request.parts else None
            return Answer(self._without(fitted, asked, mask))
        asked = self._model_request(fitted, request)
        return Answer(fitted if asked is None else self._carried(fitted, asked))

    def _columns_asked(self, fitted, columns):
        """A mask of columns to forget.

        Raises
        ------
        UnlearningError
            If there are none, or none would be left.
        """
        known, forgotten = fitted.columns, fitted.model.forgotten
        if known is None:
            raise UnlearningError("X had no columns at fit: there is none to forget.")
        mask = check_columns(columns, known.n_features, known.names)
        if np.all(mask | forgotten):
            raise UnlearningError(
                "columns names all that the model has; nothing would be left."
            )
        return mask

    def _without(self, fitted, asked, mask):
        """The fitted value after a request about rows, None for none, and columns."""
        if asked is None:
            return self._without_columns(fitted, mask)
        edit = replace(asked.edit, feature_map=self._dropping_columns(fitted, mask))
        return self._carried(fitted, replace(asked, edit=edit))

    def _without_columns(self, fitted, mask):
        """The fitted value after some columns are forgotten."""
        edit = Edit(feature_map=self._dropping_columns(fitted, mask))
        return self._carried(fitted, ModelChange(edit))

    def _dropping_columns(self, fitted, mask):
        """What becomes of rows without some columns."""
        return DropColumns(mask)

    def _model_request(self, fitted, request):
        """What a request asks of the model; None if no row of it counts."""
        if request.parts:
            return self._joint_request(fitted, request.parts)
        out, into = request.out, request.into
        if out is None:
            return self._to_add(fitted, into, request.classes)
        leaving = self._leaving(
            fitted,
            out.X,
            out.y,
            out.sample_weight,
            out.row_ids,
            on_unknown=out.on_unknown,
            interchangeable=into is None,
            whole=into is None and out.whole,
        )
        coming = origin = None
        if into is not None:
            coming = leaving.rows
            if into.X is not None:
                coming, origin = self._replacing(fitted, leaving, into.X)
            if into.y is not None:
                coming = replace(coming, y=self._new_targets(fitted, leaving, into.y))
        if not leaving.rows.n_rows:
            return None
        same_features = into is not None and into.X is None
        edit = Edit(leaving.rows, coming, same_features=same_features)
        return ModelChange(edit, leaving.positions, origin=origin)

    def _joint_request(self, fitted, parts):
        """What several requests ask, each of what those before it have left."""
        asked, current = [], fitted
        for part in parts:
            one = self._model_request(current, part)
            if one is None:
                continue
            asked.append(one)
            if one.positions is not None:
                retained = current.model.retained
                retained = retained.without(one.positions, one.edit.rows_out.weight)
                current = self._with_retained(current, retained)
        return joint_request(fitted.model.retained, asked)

    def _with_retained(self, fitted, retained):
        """The fitted value with other retained rows."""
        return replace(fitted, model=replace(fitted.model, retained=retained))

    def _replacing(self, fitted, leaving, X_new):
        """Rows that come in the place of others, and their origins if they have any."""
        with named("X_new"):
            X = self._read_features(fitted, X_new)
        leaving.checked(X.shape[0], "X_new")
        return replace(leaving.rows, X=leaving.of_each(X)), None

    def _new_targets(self, fitted, leaving, y_new):
        """Targets that come in the place of others."""
        target = self._read_targets(fitted.encoding, y_new, None, "y_new")
        leaving.checked(target.shape[0], "y_new")
        return leaving.of_each(target)

    def _to_add(self, fitted, into, classes):
        """The request to learn rows; None if none of them counts."""
        self._check_classes(classes, fitted.encoding.classes)
        rows = self._read_rows(fitted, into.X, into.y, into.sample_weight)
        ids = self._read_new_ids(fitted, into.row_ids, rows.n_rows)
        some = np.flatnonzero(rows.weight)
        if not some.size:
            return None
        ids = None if ids is None else ids[some]
        edit = Edit(rows_in=rows.weighted())
        return ModelChange(edit, ids=ids, numbers=into.numbers)

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
        ids = check_new_row_ids(row_ids, n_rows, like=retained.chunks[0].ids)
        if are_pairs(ids):
            for place in np.flatnonzero(retained.holds(ids)):
                raise ValueError(
                    f"row_ids[{place}] is {ids.tolist()[place]!r}, which names a row "
                    "that is in the model."
                )
        return ids

    def _leaving(
        self,
        fitted,
        X,
        y,
        sample_weight,
        row_ids=None,
        origin=None,
        interchangeable=True,
        labels=None,
        on_unknown="raise",
        whole=False,
    ):
        """Rows that are to leave, those of weight zero left out.

        Parameters
        ----------
        fitted : the fitted value
        X, y, sample_weight, row_ids
            As for the verbs: by values, by names, or by both, which must agree.
        origin : Origin, optional
            Of X. Rows that were preprocessed are found by it, whatever X is.
        interchangeable : bool, default=True
            Whether the same is asked of all rows.
        labels : ndarray, optional
            What columns of the origin are called, if it does not say.
        on_unknown : {"raise", "skip"}, default="raise"
            What to do about identifiers that no row has.
        whole : bool, default=False
            Whether rows of a subject have to be all that it has, unless weights say
            what is meant.

        Returns
        -------
        Leaving
        """
        retained: Any = fitted.model.retained
        ids: Any = None
        rows: Any = None
        if row_ids is None and (X is None or y is None):
            raise ValueError(
                "Pass X and y of the rows, or row_ids. To name rows write "
                "row_ids=[...]."
            )
        if row_ids is not None:
            check_names(retained)
            ids = check_row_ids(row_ids, like=retained.chunks[0].ids)
        if (X is None) != (y is None):
            raise ValueError("With row_ids pass both of X and y, or neither.")
        skips = on_unknown == "skip"
        if X is None:
            return self._leaving_subjects(retained, ids, sample_weight, skips)
        if origin is None:
            rows = self._read_rows(fitted, X, y, sample_weight)
        else:
            no_columns = np.empty((origin.shape[0], 0))
            rows = self._weighted(fitted, no_columns, y, sample_weight)
        n_asked = rows.n_rows
        if ids is not None:
            ids = check_row_ids(row_ids, n_asked, like=ids)
            if skips:
                rows = rows.reweighted(np.where(retained.holds(ids), rows.weight, 0.0))
        source = np.flatnonzero(rows.weight)
        ids = None if ids is None else ids[source]
        rows = rows.weighted()
        if origin is not None and source.size < n_asked:
            origin = origin.take(source)
        if retained is None:
            return Leaving(rows, None, source, n_asked)
        labels = fitted.columns.names if origin is None else labels
        named_rows = None if ids is None else retained.check_living(ids, source)
        positions = retained.locate(
            rows,
            sample_weight is None,
            origin,
            ids,
            interchangeable,
            explanation(retained, rows, origin, X, labels, named_rows, source),
            source,
        )
        if whole and ids is not None and sample_weight is None:
            check_complete(retained, ids, positions)
        note_leaving(retained, positions)
        held = retained.take(positions)
        held = held if sample_weight is None else held.reweighted(rows.weight)
        return Leaving(held, positions, source, n_asked)

    def _leaving_subjects(self, retained, ids, sample_weight, skips):
        """All rows of some subjects, which are the rows of the request.

        Those of one subject follow one another in the order in which they came. A
        subject that is skipped, or of weight zero and unknown, counts as one row.
        """
        check_named_once(ids)
        unknown = np.zeros(ids.size, dtype=bool)
        zero = weightless(sample_weight, ids.size)
        if skips or zero.any():
            unknown = ~retained.holds(ids) & (zero | skips)
        some = np.flatnonzero(~unknown)
        owner, positions = retained.locate_ids(ids[some], some)
        owner = some[owner]
        numbers = retained.numbers_at(positions)
        another = np.diff(owner, prepend=-1) != 0
        another |= np.diff(numbers, prepend=-1) != 0  # parts of a row are one row
        source = np.cumsum(another) - 1 + np.cumsum(unknown)[owner]
        n_rows = int(np.count_nonzero(another))
        n_asked = n_rows + int(np.count_nonzero(unknown))
        note(n_rows_out=n_rows)
        if sample_weight is None:
            note_leaving(retained, positions)
        if sample_weight is None:
            held = retained.take(positions)
            return Leaving(held, positions, source, n_asked, by_name=True)
        if np.ndim(sample_weight) == 1:
            asked = Leaving(retained.take(positions), positions, source, n_asked, True)
            asked.checked(len(sample_weight), "sample_weight")
        weight = check_sample_weight(sample_weight, n_asked)[source]
        if n_rows < positions.size:
            raise ValueError(
                "row_ids names a row that was replaced in part: leave sample_weight "
                "out, or name its parts by X and y as well."
            )
        some = np.flatnonzero(weight)
        held = retained.take(positions[some]).reweighted(weight[some])
        return Leaving(held, positions[some], source[some], n_asked, by_name=True)

    def _named_rows(self):
        retained = self._checked().model.retained
        check_names(retained)
        return retained

    def _all_rows(self, fitted, X, y, sample_weight):
        """All rows of the model: those that are given, or else those it retains."""
        if isinstance(X, DataBlocks):
            check_blocks_alone({"y": y, "sample_weight": sample_weight}, {})
            known = without_names(X, fitted.columns, fitted.model.forgotten)
            asked = replace(fitted, columns=known)
            return X.watched().rows(lambda block: self._read_rows(asked, *block))
        if X is not None and y is not None:
            return self._read_rows(fitted, X, y, sample_weight)
        if X is not None or y is not None or sample_weight is not None:
            raise ValueError("Pass both of X and y, or nothing for the retained data.")
        if fitted.model.retained is None:
            raise ValueError(
                "Pass X and y of all rows that remain: the model was fitted with "
                "retain_data=False and has none."
            )
        return fitted.model.retained

    def _read_features(self, fitted, X):
        """Validated features in the format of retained data."""
        model = fitted.model
        X = check_remaining_rows(self, X, fitted.columns, model.forgotten)
        if model.retained is not None:
            X = like(X, model.retained.chunks[0].rows.X)
        return X

    def _read_targets(self, encoding, y, n_rows, name="y"):
        if y is None:
            raise ValueError(f"{name} must be given: it is None.")
        with named(name):
            target = encoding.read(y)
        if n_rows is not None and target.shape[0] != n_rows:
            raise ValueError(f"{name} has {target.shape[0]} rows, expected {n_rows}.")
        return target

    def _read_rows(self, fitted, X, y, sample_weight):
        """Validated and encoded rows."""
        X = self._read_features(fitted, X)
        return self._weighted(fitted, X, y, sample_weight)

    def _weighted(self, fitted, X, y, sample_weight):
        """Rows with encoded targets."""
        target = self._read_targets(fitted.encoding, y, X.shape[0])
        weight = check_sample_weight(sample_weight, X.shape[0])
        return Rows(X, target, weight)


def relabelled(rows, target):
    """The edit that gives rows other targets."""
    return Edit(rows_out=rows, rows_in=replace(rows, y=target), same_features=True)
