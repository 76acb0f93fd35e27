"""Requests taken back: their opposites, and whether the model is the one before."""

from __future__ import annotations

from typing import Any

import numpy as np

from sklearn_unlearn._carrying import CarryingMixin
from sklearn_unlearn.core.training_rows.names import are_pairs, subjects_of
from sklearn_unlearn.exceptions import UndoError, UndoOrderError, UndoRowsError
from sklearn_unlearn.utils.digests import digest_of_rows, digest_of_state
from sklearn_unlearn.utils.notes import Answering
from sklearn_unlearn.utils.raw_rows import RawRows
from sklearn_unlearn.utils.request import Batch, Request
from sklearn_unlearn.utils.row_ids import check_row_ids, distinct

_OTHERS = (
    "These are not the rows of the request, in values, targets, weights and row_ids as "
    "it was given them."
)


class UndoingMixin(CarryingMixin):
    """What `RequestRecord.undo` and `undo_requests` ask for."""

    _keeps_places_of_one: Any
    _digest_of_named: Any
    _order_counts: Any
    _shows_rounding: Any

    def _undo(self, records: list[Any], given: list[dict[str, Any]]) -> Any:
        """Take back requests, the last one that stands among them.

        Parameters
        ----------
        records : list of RequestRecord
            In the order in which they were carried out.
        given : list of dict
            What each was given.
        """
        with self._exclusive(), Answering() as answering:
            fitted, last, log = self._checked(), self._last_record(), self._request_log
            self._check_undone(records, log)
            if last.state_after != digest_of_state(log.key, fitted):
                raise UndoError(
                    "The key of the model is another than at the request, as after "
                    "loading it: use_record_key gives it the one it had."
                )
            whole = len(records) == records[0].n_together
            names = [
                _check_given(record, log.key, each)
                for record, each in zip(records, given, strict=True)
            ]
            asked = [
                self._opposite(record, each, by_name, log, fitted, whole)
                for record, each, by_name in zip(records, given, names, strict=True)
            ][::-1]
            for request in asked:
                self._check_accepted(request)
            if len(asked) == 1:
                edited = self._apply(fitted, asked[0]).fitted
            else:
                edited = self._answered_together(fitted, asked)
            if whole:  # else others of the list are in the state before them
                self._check_restored(records, names, log.key, edited)
            self._put(answering, asked, fitted, edited, undoes=records[::-1])
        return self

    def _check_undone(self, records, log):
        """Refuse what is not the last request, or has no exact opposite.

        Raises
        ------
        UndoError
        """
        standing = log.standing
        for record in reversed(records):
            if standing != record.identity:
                raise UndoOrderError(
                    "The request is not the last of this model that stands: take back "
                    "those after it first."
                )
            standing = record.follows
            if record.verb in ("forget_features", "refine"):
                raise UndoError(
                    f"{record.verb} has no opposite: fit again, or go on with a copy "
                    "from before."
                )
            listed = record.n_together > 1 and record.verb == "partial_unfit"
            if listed and self._keeps_places_of_one():
                raise UndoError(
                    "In which folds rows were that left in a list is not remembered: "
                    "with them back the model would be another than before. Fit again, "
                    "or go on with a copy from before."
                )
            if record.method not in ("exact", "refined"):
                closed = record.method == "one step"
                way = "with retain_data=True" if closed else "go on with a copy"
                raise UndoError(
                    "The model is not exact: after the opposite request it would be "
                    f"another than before. Fit again, or {way}."
                )

    def _opposite(self, record, given, by_name, log, fitted, whole):
        """The request that takes another back, which may have named rows alone."""
        alone = by_name is not None
        if alone and not whole:
            raise UndoError(
                "The request named its rows by row_ids alone and was carried out "
                "together with others: take all of them back with undo_requests."
            )
        if not (alone and record.verb.startswith("replace")):
            self._check_weights_given(fitted, given)
        X, y, X_new, y_new, weight, ids = (
            given.get(name)
            for name in ("X", "y", "X_new", "y_new", "sample_weight", "row_ids")
        )
        if record.verb == "partial_unfit":
            places = log.left.get(record.identity)
            if alone and places is not None:
                _check_all_are_back(X, places)
            return Request(into=Batch(X, y, weight, ids, numbers=places))
        if record.verb == "partial_fit":
            return Request(out=Batch(X, y, weight, ids, whole=False))
        if alone:
            named = Batch(row_ids=by_name)
            if record.verb == "replace_labels":
                return Request(out=named, into=Batch(y=y))
            return Request(out=named, into=Batch(X, None if y_new is None else y))
        if record.verb == "replace_labels":
            return Request(out=Batch(X, y_new, weight, ids), into=Batch(y=y))
        now = Batch(X_new, y if y_new is None else y_new, weight, ids)
        return Request(out=now, into=Batch(X, None if y_new is None else y))

    def _check_weights_given(self, fitted, given):
        """Refuse rows back without the weights that they had.

        Raises
        ------
        UndoError
        """
        model = getattr(fitted, "model", fitted)
        retained = getattr(model, "retained", None)
        if given.get("sample_weight") is not None or retained is None:
            return
        for block in retained.blocks():
            if not np.isin(block.weight, (0.0, 1.0)).all():
                raise UndoError(
                    "The rows of the model have weights: give sample_weight in the "
                    "request, and to undo it."
                )

    def _check_restored(self, records, names, key, edited):
        """Refuse a model that is not the one before, as far as that is known.

        Raises
        ------
        UndoRowsError
        """
        first, after = records[0], self._copy_with(edited)
        exact = all(record.method == "exact" for record in records)
        exact = exact and not after._shows_rounding()
        if exact and digest_of_state(key, edited) != first.state_before:
            lost = len(records) > 1 and self._order_counts()
            raise UndoRowsError(
                "Where rows stood among the others that left in a list is not "
                "remembered, and their order counts: with them back the model would "
                "be another than before. Fit again, or go on with a copy from before."
                if lost
                else "With these rows back the model would not be the one before the "
                "request to the last bit."
            )
        for record, ids in zip(records, names, strict=True):
            if ids is not None and after._digest_of_named(key, ids) != record.named:
                raise UndoRowsError(
                    "These are not the values, targets or weights that the rows of "
                    "row_ids had, in the order in which the rows came."
                )


def _check_given(record, key, given):
    """The names by which a request named its rows alone; None if it gave their values.

    A subject that it named may be given with the second key of each row.

    Raises
    ------
    UndoError
        If these are not what it was given, or are no values.
    """
    ids = given.get("row_ids")
    several = [] if ids is None else _spellings(ids)
    for each in [ids, *several]:
        if record.asked == digest_of_rows(key, given | {"row_ids": each}):
            if given.get("X") is None and record.verb != "partial_fit":
                raise UndoRowsError(
                    "The request named its rows by row_ids alone, and no record tells "
                    "their values: pass X and y of them too, with row_ids of each."
                )
            return None
    if record.named is None or ids is None:
        raise UndoRowsError(_OTHERS)
    named = {name: given.get(name) for name in ("X_new", "y_new", "sample_weight")}
    for each in several:
        for weight in (named["sample_weight"], None):
            asked = named | {"row_ids": each, "sample_weight": weight}
            if record.asked == digest_of_rows(key, asked):
                needed = "y" if record.verb == "replace_labels" else "X"
                if given.get(needed) is None:
                    raise UndoRowsError(
                        f"Pass {needed} of the rows, as it was before the request."
                    )
                return each
    raise UndoRowsError(_OTHERS)


def _check_all_are_back(X, places):
    """Refuse some rows of names that stood for more, or rows beside these.

    Raises
    ------
    UndoRowsError
    """
    numbers = getattr(places, "numbers", places)
    n_rows = RawRows.of(X).shape[0]
    if numbers is not None and n_rows not in (numbers.size, np.unique(numbers).size):
        raise UndoRowsError(
            f"X must hold the {np.unique(numbers).size} rows that left by row_ids; it "
            f"holds {n_rows}."
        )


def _spellings(row_ids):
    """How a request may have named the rows that have these names."""
    ids = check_row_ids(row_ids)
    if not are_pairs(ids):
        return [distinct(ids)]
    subjects = subjects_of(ids)
    return [distinct(ids), subjects, distinct(subjects)]
