"""Row models as the last step of a pipeline, which find raw rows in retained data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any, ClassVar

import numpy as np

from sklearn_unlearn.base import Request
from sklearn_unlearn.core.linear.bookkeeping import ModelChange
from sklearn_unlearn.core.linear.edits import Edit
from sklearn_unlearn.core.rows import Rows, count_pass
from sklearn_unlearn.core.training_rows.retained import RetainedRows
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.row_models._array_rows import relabelled
from sklearn_unlearn.row_models._final_parts import FinalPartsMixin
from sklearn_unlearn.utils.final_parts import LocatedRows, raw_inputs
from sklearn_unlearn.utils.input_change import as_given
from sklearn_unlearn.utils.raw_rows import taken
from sklearn_unlearn.utils.sharing import once
from sklearn_unlearn.utils.validation import check_sample_weight, named

#: Share of a weight that is none.
_SLACK = 1e-12


@dataclass(frozen=True, eq=False)
class LocatedRetainedRows(LocatedRows):
    """The same of a last step that may keep its training rows.

    Attributes
    ----------
    fitted : the fitted value
    leaving : Leaving or None
        None where no row leaves, or they are not found yet.
    origin_in : RawRows or None
        The raw rows that come, where data are retained.
    edited, compacted : callable
        Give the retained rows without those that leave, and a copy of these alone.
    in_place : bool
        Whether rows that are corrected keep their place among the others.
    joint : JointRows or None
        Of several requests at once, the rows that come.
    """

    fitted: Any = None
    leaving: Any = None
    origin_in: Any = None
    edited: Callable[[], Any] = tuple
    compacted: Callable[[], Any] = tuple
    in_place: bool = True
    joint: Any = None

    @property
    def retained(self):
        return self.fitted.model.retained

    @property
    def rows(self):
        return None if self.leaving is None else self.leaving.rows

    @property
    def positions(self):
        """Where these are in the retained data, if there are any."""
        return None if self.leaving is None else self.leaving.positions

    @property
    def numbers(self):
        """Of rows that come in the place of these, if they have names."""
        if self.request.into is not None and self.request.into.numbers is not None:
            return self.request.into.numbers
        if self.positions is None or self.origin_in is None:
            return None
        if self.joint is not None:
            return self.retained.numbers_of(self.positions, self.joint.replaced)
        return self.retained.numbers_at(self.positions)

    def order(self):
        """In which order rows that are kept, and behind them those that come, belong.

        A row that is corrected keeps its place, if ``in_place``.
        """
        kept, n_coming = self.edited().alive, self.origin_in.shape[0]
        if self.positions is None and self.numbers is not None and self.in_place:
            numbers = self.retained.numbers_at(kept)
            return np.argsort(np.concatenate([numbers, self.numbers]), kind="stable")
        if self.positions is None or not self.in_place:
            return np.arange(kept.size + n_coming)
        places = self.positions
        if self.joint is not None:
            replaced = self.joint.replaced
            behind = np.full(replaced.size, self.retained.n_rows)
            places = np.where(replaced < 0, behind, np.append(places, 0)[replaced])
        return np.argsort(np.concatenate([kept, places]), kind="stable")

    @property
    def stays_in_part(self):
        if self.rows is None:
            return False
        held = self.retained.weights(self.positions)
        return bool(np.any(held - self.rows.weight > _SLACK * held))


class FinalRowModel(FinalPartsMixin):
    """A row model that knows, as a last step, the raw rows of those that it keeps."""

    #: Whether rows that are corrected keep their place among the others.
    _keeps_places: ClassVar[bool] = True
    _ends_named_and_given = True
    #: Gives the fitted value where the inputs of all rows change.
    _with_other_inputs: Any

    def _decoded(self, fitted, y):
        """Targets as ``fit`` was given them."""
        return fitted.encoding.decoded(y)

    def _retains_rows(self):
        return self._checked().model.retained is not None

    def _keep_raw(self, raw):
        fitted = self._checked()
        retained = fitted.model.retained
        if retained is not None:
            retained = retained.made_of(lambda chunk: raw)
            self._fitted = self._with_retained(fitted, retained)

    def _prepare_final(self, name, request):
        fitted = self._checked()
        asked = LocatedRetainedRows(
            name, request, fitted=fitted, in_place=self._keeps_places
        )
        retained, leaves = asked.retained, request.out is not None
        X, X_in = asked.value_of("out", "X"), asked.value_of("into", "X")
        if asked.value_of("out", "row_ids") is not None and retained is None:
            raise ValueError("row_ids needs retain_data=True at fit.")
        if request.parts:
            asked = self._prepare_parts(asked)
            request, leaves = asked.request, asked.request.out is not None
            X, X_in = asked.value_of("out", "X"), asked.value_of("into", "X")
        if retained is None:
            inputs = raw_inputs(request, X, request.weight)
            return asked.with_inputs(inputs)
        origin = retained.chunks[0].origin
        if leaves and asked.leaving is None:  # else those of all parts were found
            leaving = self._find(asked, X, None if X is None else origin.like(X))
            asked = replace(asked, leaving=leaving)
        if request.relabels:  # the same rows come back
            asked = replace(asked, origin_in=retained.origins_at(asked.positions))
            X_in = asked.origin_in.X
        elif X_in is not None and asked.joint is None:
            with named("X_new" if leaves else "X"):
                asked = replace(asked, origin_in=origin.like(X_in))
        if leaves and X_in is not None and request.paired and not request.relabels:
            asked.leaving.checked(asked.origin_in.shape[0], "X_new")
            if not asked.leaving.as_asked:
                source = asked.leaving.source
                asked = replace(asked, origin_in=asked.origin_in.take(source))
                into = replace(request.into, X=taken(X_in, source))
                request = replace(request, into=into)
        rows, positions, origin_in = asked.rows, asked.positions, asked.origin_in

        @cache
        def edited():
            if rows is None:
                return retained
            left = partial(retained.without, positions, rows.weight)
            return once(left, [retained, rows, positions], "edited")

        @cache
        def compacted():
            return once(edited().compacted, [edited()], "compacted")

        @cache
        def rest():
            count_pass()
            if origin_in is None:
                return compacted().chunks[0].origin.X
            return compacted().chunks[0].origin.joined([origin_in]).take(order()).X

        def weights():
            kept = compacted().chunks[0].rows.weight
            if origin_in is None:
                return kept
            coming = check_sample_weight(weight, origin_in.shape[0])
            if asked.joint is not None:
                coming = asked.joint.weight
            return np.concatenate([kept, coming])[order()]

        def targets():
            y = compacted().chunks[0].rows.y
            if origin_in is not None:
                y = np.concatenate([y, self._targets_coming(asked)])[order()]
            return self._decoded(asked.fitted, y)

        @cache
        def order():
            return asked.order()

        if not self._knows_weights:
            weight, weights = request.weight, _unknown_weights
        else:
            weight = request.weight if rows is None else rows.weight
        if rows is not None and (X is None or not asked.leaving.as_asked):
            X = retained.origins_at(positions).X
        inputs = raw_inputs(request, X, weight)
        if request.relabels:
            inputs = replace(inputs, into=as_given(X_in))
        inputs = replace(
            inputs,
            rest=rest,
            weight_rest=weights,
            targets=targets,
            targets_out=lambda: self._decoded(fitted, rows.y),
            targets_in=lambda: self._decoded(fitted, self._targets_coming(asked)),
        )
        request = replace(request, inputs=inputs)
        asked = replace(asked, request=request, edited=edited, compacted=compacted)
        if origin_in is None:
            return asked
        coming = np.argsort(order())[edited().alive.size :]
        inputs = replace(inputs, coming=coming)
        return asked.with_inputs(inputs)

    def _answer_final(self, asked, names, front=None):
        asked = self._find_by_inputs(asked)
        inputs, fitted = asked.inputs, asked.fitted
        if inputs.nothing and asked.request.columns is not None:
            pass  # no step before this one used the columns
        elif inputs.map is None and inputs.lost is None and inputs.unseen is None:
            fitted = self._with_same_columns(asked)
        else:
            fitted = self._with_other_inputs(asked, names)
        return self._copy_with(self._forget_raw_columns(asked, fitted))

    def _check_forgot_nothing(self, asked):
        """Refuse other inputs where columns of those before are forgotten here alone.

        Raises
        ------
        UnlearningError
        """
        if asked.fitted.model.forgotten.any():
            raise UnlearningError(
                f"Step {asked.name!r} has forgotten columns by itself: call "
                "forget_features of the pipeline, in whose other steps they still "
                "are."
            )

    def _find_by_inputs(self, asked):
        """The request with the rows that leave, found by their inputs if need be."""
        if asked.leaving is not None or asked.request.out is None:
            return asked
        return replace(asked, leaving=self._find(asked, asked.inputs.out()))

    def _with_same_columns(self, asked):
        """The fitted value where the inputs of all other rows are as they were."""
        request, inputs, fitted = asked.request, asked.inputs, asked.fitted
        if inputs.forgotten is not None:
            return self._forgetting(asked)
        if request.relabels:
            target = self._new_targets(fitted, asked.leaving, request.into.y)
            edit = relabelled(asked.rows, target)
            return self._carried(fitted, ModelChange(edit, asked.positions))
        return self._carried(fitted, self._edit_of_rows(asked))

    def _forgetting(self, asked):
        """The fitted value without columns that no step before this one used."""
        fitted, columns = asked.fitted, asked.inputs.forgotten
        if asked.rows is None and asked.inputs.into is None:
            return self._apply(fitted, Request(columns=columns)).fitted
        mask = self._columns_asked(fitted, columns)
        return self._without(fitted, self._edit_of_rows(asked), mask)

    def _edit_of_rows(self, asked):
        """The request to the model about rows that leave and rows that come."""
        request, inputs, fitted = asked.request, asked.inputs, asked.fitted
        rows_in = ids = None
        if inputs.into is not None:
            rows_in, ids = self._read_coming(asked, fitted)
        replaced = None if asked.joint is None else asked.joint.replaced
        replaced = None if asked.rows is None or rows_in is None else replaced
        edit, origin = Edit(asked.rows, rows_in, replaced), asked.origin_in
        ids = None if request.out is not None and asked.joint is None else ids
        numbers = None if asked.rows is not None else asked.numbers
        return ModelChange(
            edit, asked.positions, ids=ids, numbers=numbers, origin=origin
        )

    def _read_coming(self, asked, fitted):
        """Rows that come, and their identifiers."""
        X, request = asked.inputs.into(), asked.request
        if asked.joint is not None:
            return asked.joint.rows(self._read_features(fitted, X)), asked.joint.ids
        if request.out is not None:
            with named("X_new"):
                X = self._read_features(fitted, X)
            ids = None
            if asked.positions is not None:
                ids = asked.retained.ids_at(asked.positions)
            if request.relabels:
                return replace(asked.rows, X=X, y=self._targets_coming(asked)), ids
            return replace(asked.rows, X=X), ids
        self._check_classes(request.classes, fitted.encoding.classes)
        weight = request.weight if self._knows_weights else None
        rows = self._read_rows(fitted, X, request.into.y, weight)
        return rows, self._read_new_ids(fitted, request.into.row_ids, rows.n_rows)

    def _retain_again(self, asked, X, forgotten, rows_in, ids):
        """Retained rows with other features; what is corrected keeps its place."""
        retained = asked.compacted()
        kept = retained.chunks[0]
        if rows_in is None:  # found by what was sorted before
            chunk = kept.with_features(X, forgotten)
            return replace(retained, chunks=(chunk,), magnified=1.0)
        y, weight = kept.rows.y, kept.rows.weight
        order = asked.order()
        y = np.concatenate([y, rows_in.y])[order]
        weight = np.concatenate([weight, rows_in.weight])[order]
        origin = kept.origin.joined([asked.origin_in]).take(order)
        all_ids = kept.ids
        if all_ids is not None:
            all_ids = np.concatenate([all_ids, ids])[order]
        rows = RetainedRows.of(Rows(X, y, weight), all_ids, forgotten, origin)
        return rows.following(asked.edited(), asked.numbers, order)

    def _forget_raw_columns(self, asked, fitted):
        """The fitted value, which retains no raw column that was forgotten."""
        columns, model = asked.request.columns, fitted.model
        if columns is None or model.retained is None:
            return fitted
        retained = model.retained.made_of(
            lambda chunk: chunk.origin.forgetting(columns)
        )
        return self._with_retained(fitted, retained)


class FinalResidualMixin(FinalRowModel):
    """A model with an objective, whose gradient at its rows can be asked for."""

    def _residual(self, fitted, rows):
        """Norm of the gradient of the summed objective at rows that have been read."""
        raise NotImplementedError

    def _final_residual(self, X, y, sample_weight, front):
        """`gradient_residual` at inputs; ``front`` makes them of retained raw rows."""
        fitted = self._checked()
        rows = self._all_rows(fitted, X, y, sample_weight)
        if rows is fitted.model.retained and front is not None:
            # not as they are retained: of what the others make of the raw ones
            kept = rows.compacted().chunks[0]
            rows = replace(
                kept.rows, X=self._read_features(fitted, front(kept.origin.X))
            )
        return self._residual(fitted, rows)


def _unknown_weights():
    raise UnlearningError(
        "A step was fitted with weights and has to be fitted again, but the last step "
        "takes no weights and has kept none: fit again."
    )
