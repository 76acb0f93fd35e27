"""A request carried out by the last step, behind steps that change as well."""

from __future__ import annotations

import copy
from dataclasses import replace
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from sklearn_unlearn import base
from sklearn_unlearn.core.affine import AffineMap
from sklearn_unlearn.core.arrays import like
from sklearn_unlearn.core.edits import Edit, LinearMap
from sklearn_unlearn.core.model import Request
from sklearn_unlearn.core.retained import RetainedRows
from sklearn_unlearn.core.rows import Rows
from sklearn_unlearn.core.steps import LARGE_LOSS
from sklearn_unlearn.exceptions import (
    EmptyClassError,
    NoBoundError,
    NotPositiveDefiniteError,
    PrecisionLossWarning,
    UnlearningError,
    UnseenRowsWarning,
)
from sklearn_unlearn.pipeline._raw_requests import parts_of_request
from sklearn_unlearn.row_models import relabelled
from sklearn_unlearn.transformers import Change, as_given
from sklearn_unlearn.utils.messages import warn
from sklearn_unlearn.utils.raw_rows import taken
from sklearn_unlearn.utils.validation import (
    Columns,
    check_rows,
    check_sample_weight,
    named,
)

#: By how much maps may magnify the rounding of retained rows before these are computed
#: from the raw ones again.
_MAGNIFIED = 2.0**10
#: Share of a weight that is none.
_SLACK = 1e-12


def _say_magnified(map_):
    """Warn where a map brings to light what rounding took from rows as they were."""
    error = float(np.finfo(np.float64).eps) * map_.magnification
    if error > LARGE_LOSS:
        warn(
            f"An input of the last step is {map_.magnification:.1g} times as large as "
            "before: what was scaled then has lost digits, and coefficients have a "
            f"relative error of {error:.1g} or more. Fit with retain_data=True, or "
            "call refine with the remaining data.",
            PrecisionLossWarning,
        )


class LastModel:
    """A last step that keeps a factor, and perhaps retained data."""

    def __init__(self, name, step, request):
        self.name, self.step, self.request = name, step, request
        self.out, self.into, self.weight = parts_of_request(request)
        self.leaves = request.out is not None
        self.fitted = step._checked()
        self.retained = self.fitted.model.retained
        if self.out.row_ids is not None and self.retained is None:
            raise ValueError("row_ids needs retain_data=True at fit.")
        self.leaving = self.origin_in = None
        if self.retained is None:
            return
        base = self.retained.chunks[0].origin
        if self.leaves:
            X = self.out.X
            self.leaving = self._leaving(X, None if X is None else base.like(X))
        if self.into.X is not None:
            with named("X_new" if self.leaves else "X"):
                self.origin_in = base.like(self.into.X)
        if self.leaves and self.into.X is not None:
            self.leaving.checked(self.origin_in.shape[0], "X_new")
            if not self.leaving.as_asked:
                source = self.leaving.source
                self.origin_in = self.origin_in.take(source)
                self.into = replace(self.into, X=taken(self.into.X, source))

    def found(self, inputs):
        """Rows that leave, found by what ``inputs`` gives of them if need be."""
        if self.leaving is None and self.leaves:
            self.leaving = self._leaving(inputs())
        return self.leaving

    def _leaving(self, X, origin=None):
        """Rows that leave, by what this step got of them or by what they were."""
        return self.step._leaving(
            self.fitted,
            X,
            self.out.y,
            self.weight,
            self.out.row_ids,
            origin=origin,
            interchangeable=self.into.X is None and self.into.y is None,
        )

    @property
    def rows(self):
        """Rows that leave, once they are known."""
        return None if self.leaving is None else self.leaving.rows

    @property
    def positions(self):
        """Where these are in the retained data, if there are any."""
        return None if self.leaving is None else self.leaving.positions

    # Before the other steps -----------------------------------------------------------

    @property
    def stays_in_part(self):
        """Whether some of the weight of a row that leaves is known to stay."""
        if self.rows is None:
            return False
        held = self.retained.weights(self.positions)
        return bool(np.any(held - self.rows.weight > _SLACK * held))

    def change(self):
        """What the request changes in the raw input."""
        out, weight_out, weight_in = self.out.X, self.weight, self.weight
        if self.rows is not None:
            weight_out = weight_in = self.rows.weight
            if out is None:
                out = self.retained.origins_at(self.positions).X
        change = Change(
            as_given(out),
            as_given(self.into.X),
            weight_out,
            weight_in,
            self.request.columns,
        )
        if self.retained is None:
            return change

        def rest():
            others = [] if self.origin_in is None else [self.origin_in]
            return self._kept.chunks[0].origin.joined(others).X

        def weights():
            kept = self._kept.chunks[0].rows.weight
            if self.origin_in is None:
                return kept
            n_in = self.origin_in.shape[0]
            return np.concatenate([kept, check_sample_weight(weight_in, n_in)])

        return replace(change, rest=rest, weight_rest=weights)

    @cached_property
    def _edited(self):
        """Retained rows without those that leave."""
        if self.rows is None:
            return self.retained
        return self.retained.without(self.positions, self.rows.weight)

    @cached_property
    def _kept(self):
        return self._edited.compacted()

    # Behind the other steps -----------------------------------------------------------

    def after(self, change, names, front=None):
        """The step after the request.

        Parameters
        ----------
        change : Change
            Of its inputs.
        names : callable
            Gives names of its inputs before and after.
        front : callable, optional
            Gives inputs of rows by the other steps after the request; not used here.
        """
        self.found(change.out)
        if change.nothing and self.request.columns is not None:
            fitted = self.fitted  # no step before this one used the columns
        elif change.map is None and change.lost is None and change.unseen is None:
            fitted = self._with_same_columns(change)
        else:
            if self.fitted.model.forgotten.any():
                raise UnlearningError(
                    f"Step {self.name!r} has forgotten columns by itself: call "
                    "forget_features of the pipeline, in whose other steps they still "
                    "are."
                )
            if self.fitted.model.state.objective.linear.any():
                raise UnlearningError(
                    'mode="objective" perturbs coefficients of columns that the '
                    "request changes for all rows: its noise does not change with them."
                )
            if change.map is None and change.lost is None:
                n_columns = self.fitted.columns.n_features
                change = replace(change, map=AffineMap.unchanged(n_columns))
            if self.retained is None and change.lost is not None:
                raise UnlearningError(
                    f"What step {change.lost!r} makes of other rows changes in a way "
                    "that only the rows themselves could tell: fit with "
                    "retain_data=True in the last step."
                )
            n_columns = self._n_columns(change)
            known = self.fitted.columns.names is not None
            columns = Columns(n_columns, names()[1] if known else None)
            if self.retained is None:
                fitted = self._without_data(change, columns)
            else:
                fitted = self._with_data(change, columns, names)
        after = copy.copy(self.step)
        after._fitted = self._forgetting(fitted)
        return after

    def _with_same_columns(self, change):
        """The fitted value where the inputs of all other rows are as they were."""
        if change.forgotten is not None:
            asked = base.Request(columns=change.forgotten)
            return self.step._apply(self.fitted, asked).fitted
        return self.step._carried(self.fitted, self._same_columns(change))

    def _same_columns(self, change):
        """A request about rows that leaves the inputs of all others as they are."""
        step, fitted = self.step, self.fitted
        if self.request.relabels:
            target = step._new_targets(fitted, self.leaving, self.into.y)
            return Request(relabelled(self.rows, target), self.positions)
        if not self.leaves:
            rows, ids = self._coming(fitted, change.into())
            return Request(Edit(rows_in=rows), ids=ids, origin=self.origin_in)
        rows_in = None
        if change.into is not None:
            rows_in, _ = self._coming(fitted, change.into())
        edit = Edit(self.rows, rows_in)
        return Request(edit, self.positions, origin=self.origin_in)

    def _coming(self, fitted, X):
        """Rows that come, and their identifiers."""
        step, into = self.step, self.into
        if self.leaves:
            with named("X_new"):
                X = step._read_features(fitted, X)
            ids = None
            if self.positions is not None:
                ids = self.retained.ids_at(self.positions)
            return replace(self.rows, X=X), ids
        step._check_classes(self.request.classes, fitted.encoding.classes)
        rows = step._read_rows(fitted, X, into.y, self.weight)
        return rows, step._read_new_ids(fitted, into.row_ids, rows.n_rows)

    def _n_columns(self, change):
        return change.rest().shape[1] if change.map is None else change.map.n_new

    def _matrix(self, change):
        """T of the one formula; None if there is none."""
        objective = self.fitted.model.state.objective
        intercept = objective.fit_intercept
        free = intercept and not objective.held[-1].any()
        if change.lost is not None or (change.map.shift.any() and not free):
            return None
        return sp.csr_array(change.map.matrix(intercept=intercept))

    def _without_data(self, change, columns):
        """One request or, where rows come in new columns, two."""
        matrix = self._matrix(change)
        if matrix is None:
            raise UnlearningError(
                "The request shifts the inputs of the last step, which has no "
                "intercept to take that up: fit with fit_intercept=True or "
                "retain_data=True."
            )
        step, fitted = self.step, replace(self.fitted, columns=columns)
        if change.unseen is not None:
            _say_unseen(change.unseen, fitted.lineage)
        edit, comes = Edit(feature_map=LinearMap(matrix)), change.into is not None
        map_alone = Request(edit, unseen=change.unseen is not None)
        with_rows = replace(map_alone, edit=replace(edit, rows_out=self.rows))
        try:
            # a bound is smaller where a row and what replaces it change at once
            first = map_alone if comes and fitted.lineage is not None else with_rows
            try:
                after = step._carried(fitted, first)
            except (EmptyClassError, NotPositiveDefiniteError):
                if self.rows is None or not comes or first is map_alone:
                    raise
                first = map_alone  # those that come replace the last that there are
                after = step._carried(fitted, first)
        except NoBoundError as error:
            raise NoBoundError(_no_bound(self.request)) from error
        _say_magnified(change.map)
        if not comes:
            return after
        rows, _ = self._coming(after, change.into())
        edit = Edit(rows_in=rows)
        if first is map_alone and self.rows is not None:
            gone = replace(self.rows, X=change.map.apply(self.rows.X))
            edit = replace(edit, rows_out=gone)
        return step._carried(after, Request(edit))

    def _with_data(self, change, columns, names):
        """The retained rows mapped where that is exact, then refined or fitted."""
        step, fitted = self.step, replace(self.fitted, columns=columns)
        retained, rows_in, ids = self._edited, None, None
        if change.into is not None:
            rows_in, ids = self._coming(fitted, change.into())
        # a certificate is of the rows that a refit would get, to the last bit
        mapped = change.lost is None and fitted.lineage is None
        mapped &= change.unseen is None or change.then is not None
        if mapped:
            growth = retained.magnified * change.map.magnification
            mapped = growth <= _MAGNIFIED
        if mapped:
            retained = retained.mapped(change.map, change.then)
            if rows_in is not None:
                retained = retained.with_rows(rows_in, ids, self.origin_in)
        else:
            retained = self._derived(change, columns, rows_in, ids)
        matrix = self._matrix(change)
        if matrix is not None and rows_in is None:
            edit = Edit(self.rows, feature_map=LinearMap(matrix))
            unseen = change.unseen is not None
            request = Request(edit, self.positions, retained=retained, unseen=unseen)
            return step._carried(fitted, request)
        start = self._start(change, columns.n_features, names)
        # no map leads there: the columns alone are new
        width = LinearMap(sp.csr_array((start.shape[0], self._order)))
        edit = Edit(self.rows, rows_in, feature_map=width)
        request = Request(edit, self.positions, retained=retained, start=start)
        return step._carried(fitted, request)

    @property
    def _order(self):
        return self.fitted.model.state.theta.shape[0]

    def _derived(self, change, columns, rows_in, ids):
        """The retained rows, computed from the raw ones by the other steps."""
        X = check_rows(self.step, change.rest(), columns)
        X = like(X, self._kept.chunks[0].rows.X)
        return self._of_rows(X, np.zeros(columns.n_features, dtype=bool), rows_in, ids)

    def _of_rows(self, X, forgotten, rows_in, ids):
        """Retained rows with other features, those that come behind the others."""
        kept = self._kept.chunks[0]
        y, weight = kept.rows.y, kept.rows.weight
        origin, all_ids = kept.origin, kept.ids
        if rows_in is not None:
            y = np.concatenate([y, rows_in.y])
            weight = np.concatenate([weight, rows_in.weight])
            origin = origin.joined([self.origin_in])
            if all_ids is not None:
                all_ids = np.concatenate([all_ids, ids])
        rows = RetainedRows.of(Rows(X, y, weight), all_ids, forgotten, origin)
        return rows.following(self._edited)

    def _start(self, change, n_columns, names):
        """Coefficients to begin with: those of columns that are the same."""
        state = self.fitted.model.state
        theta, intercept = state.theta, int(state.objective.fit_intercept)
        n_old = theta.shape[0] - intercept
        start = np.zeros((n_columns + intercept, theta.shape[1]))
        start[n_columns:] = theta[n_old:]
        before, after = names()
        if before is not None and after is not None:
            _, new, old = np.intersect1d(after, before, return_indices=True)
            start[new] = theta[old]
        elif n_columns == n_old:
            start = theta.copy()
        if change.map is not None:
            known = np.append(change.map.known, [True] * intercept)
            whole = replace(change.map, known=np.ones(n_columns, dtype=bool))
            if intercept:
                matrix = sp.csr_array(whole.matrix(intercept=True))
                start[known] = LinearMap(matrix).preimage(theta)[known]
        return start

    def _forgetting(self, fitted):
        """No raw column that was forgotten is retained."""
        request, model = self.request, fitted.model
        if request.columns is None or model.retained is None:
            return fitted
        retained = model.retained.made_of(
            lambda chunk: chunk.origin.forgetting(request.columns)
        )
        return replace(fitted, model=replace(model, retained=retained))


def _no_bound(request):
    """What to do about a request without data that has no bound."""
    what = "Without data there is no bound on what this does to the last step"
    if request.columns is not None:
        return f"{what}: fit with retain_data=True to forget columns."
    return (
        f"{what}, whose inputs change for all rows. Call refine of the pipeline with "
        "the raw data that are in it now, ask again, and for fewer rows at once if "
        "that does not do, or fit with retain_data=True."
    )


def _say_unseen(name, lineage):
    """Warn of what a request without data cannot see, or refuse to certify it."""
    what = (
        f"What step {name!r} makes of other rows changed, and in some of them more "
        "than can be known without them"
    )
    if lineage is not None:
        raise NoBoundError(f"{what}: no bound covers that. Fit with retain_data=True.")
    warn(
        f"{what}: the coefficients do not follow that. Call refine with the remaining "
        "data, or fit with retain_data=True in the last step.",
        UnseenRowsWarning,
    )
