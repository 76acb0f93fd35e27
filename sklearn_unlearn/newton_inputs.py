"""Newton models behind steps that change: the one formula with a map of the inputs."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import scipy.sparse as sp

from sklearn_unlearn.core.affine import AffineMap
from sklearn_unlearn.core.arrays import like
from sklearn_unlearn.core.linear.bookkeeping import ModelChange
from sklearn_unlearn.core.linear.edits import Edit, LinearMap
from sklearn_unlearn.exceptions import (
    EmptyClassError,
    NoBoundError,
    NotPositiveDefiniteError,
    UnlearningError,
    UnseenRowsWarning,
)
from sklearn_unlearn.row_models import FinalResidualMixin
from sklearn_unlearn.utils.input_change import say_magnified
from sklearn_unlearn.utils.messages import warn
from sklearn_unlearn.utils.sharing import once
from sklearn_unlearn.utils.validation import Columns, check_rows

#: By how much maps may magnify the rounding of retained rows before these are computed
#: from the raw ones again.
_MAGNIFIED = 2.0**10


class FollowsInputs(FinalResidualMixin):
    """A Newton model as the last step: rows and inputs change in one request or two."""

    def _with_other_inputs(self, asked, names):
        """The fitted value where the inputs of all rows change."""
        inputs, fitted = asked.inputs, asked.fitted
        self._check_forgot_nothing(asked)
        if fitted.model.state.objective.linear.any():
            raise UnlearningError(
                'mode="objective" perturbs coefficients of columns that the '
                "request changes for all rows: its noise does not change with them."
            )
        if inputs.map is None and inputs.lost is None:
            unchanged = AffineMap.unchanged(fitted.columns.n_features)
            asked = asked.with_inputs(replace(inputs, map=unchanged))
            inputs = asked.inputs
        if asked.retained is None and inputs.lost is not None:
            raise UnlearningError(
                f"What step {inputs.lost!r} makes of other rows changes in a way "
                "that only the rows themselves could tell: fit with "
                "retain_data=True in the last step."
            )
        known = fitted.columns.names is not None
        columns = Columns(inputs.n_columns, names()[1] if known else None)
        if asked.retained is None:
            return self._follow_without_data(asked, columns)
        return self._follow_with_data(asked, columns, names)

    def _feature_map(self, asked):
        """T of the one formula; None if there is none."""
        objective = asked.fitted.model.state.objective
        intercept, inputs = objective.fit_intercept, asked.inputs
        free = intercept and not objective.held[-1].any()
        if inputs.lost is not None or (inputs.map.shift.any() and not free):
            return None

        def feature_map():
            return LinearMap(inputs.map.sparse_matrix(intercept=intercept))

        return once(feature_map, [inputs.map], "feature map", intercept)

    def _follow_without_data(self, asked, columns):
        """One request or, where rows come in new columns, two."""
        feature_map, inputs, rows = self._feature_map(asked), asked.inputs, asked.rows
        if feature_map is None:
            raise UnlearningError(
                "The request shifts the inputs of the last step, which has no "
                "intercept to take that up: fit with fit_intercept=True or "
                "retain_data=True."
            )
        fitted = replace(asked.fitted, columns=columns)
        if inputs.unseen is not None:
            _say_unseen(inputs.unseen, fitted.lineage)
        edit, comes = Edit(feature_map=feature_map), inputs.into is not None
        map_alone = ModelChange(edit, unseen=inputs.unseen is not None)
        with_rows = replace(map_alone, edit=replace(edit, rows_out=rows))
        try:
            # a bound is smaller where a row and what replaces it change at once
            first = map_alone if comes and fitted.lineage is not None else with_rows
            try:
                after = self._carried(fitted, first)
            except (EmptyClassError, NotPositiveDefiniteError):
                if rows is None or not comes or first is map_alone:
                    raise
                first = map_alone  # those that come replace the last that there are
                after = self._carried(fitted, first)
        except NoBoundError as error:
            raise NoBoundError(_no_bound(asked.request)) from error
        say_magnified(inputs.map)
        if not comes:
            return after
        rows_in, _ = self._read_coming(asked, after)
        edit = Edit(rows_in=rows_in)
        if first is map_alone and rows is not None:
            gone = replace(rows, X=inputs.map.apply(rows.X))
            edit = replace(edit, rows_out=gone)
        return self._carried(after, ModelChange(edit))

    def _follow_with_data(self, asked, columns, names):
        """The retained rows mapped where that is exact, then refined or fitted."""
        inputs, fitted = asked.inputs, replace(asked.fitted, columns=columns)
        retained, rows_in, ids = asked.edited(), None, None
        if inputs.into is not None:
            rows_in, ids = self._read_coming(asked, fitted)
        # a certificate is of the rows that a refit would get, to the last bit
        mapped = inputs.lost is None and fitted.lineage is None
        mapped &= inputs.unseen is None or inputs.then is not None
        if mapped:
            growth = retained.magnified * inputs.map.magnification
            mapped = growth <= _MAGNIFIED
        if mapped:
            given = inputs.map, inputs.then
            after = partial(retained.mapped, *given)
            retained = once(after, [retained, *given], "mapped")
            if rows_in is not None:
                numbers = asked.numbers
                retained = retained.with_rows(rows_in, ids, asked.origin_in, numbers)
        else:
            X = check_rows(self, inputs.rest(), columns)
            X = like(X, asked.compacted().chunks[0].rows.X)
            forgotten = np.zeros(columns.n_features, dtype=bool)
            retained = self._retain_again(asked, X, forgotten, rows_in, ids)
        feature_map = self._feature_map(asked)
        if feature_map is not None and rows_in is None:
            edit = Edit(asked.rows, feature_map=feature_map)
            unseen = inputs.unseen is not None
            request = ModelChange(
                edit, asked.positions, retained=retained, unseen=unseen
            )
            return self._carried(fitted, request)
        start = self._start(asked, columns.n_features, names)
        # no map leads there: the columns alone are new
        n_before = fitted.model.state.theta.shape[0]
        width = LinearMap(sp.csr_array((start.shape[0], n_before)))
        edit = Edit(asked.rows, rows_in, feature_map=width)
        request = ModelChange(edit, asked.positions, retained=retained, start=start)
        return self._carried(fitted, request)

    def _start(self, asked, n_columns, names):
        """Coefficients to begin with: those of columns that are the same."""
        state, change = asked.fitted.model.state, asked.inputs.map
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
        if change is not None:
            known = np.append(change.known, [True] * intercept)
            whole = replace(change, known=np.ones(n_columns, dtype=bool))
            if intercept:
                matrix = whole.sparse_matrix(intercept=True)
                start[known] = LinearMap(matrix).preimage(theta)[known]
        return start


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
