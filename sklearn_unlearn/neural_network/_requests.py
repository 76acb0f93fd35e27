"""How a network carries out a request, and measures what it forgot."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import Any

import numpy as np

from sklearn_unlearn.core.linear.bookkeeping import edited_rows, edited_tally
from sklearn_unlearn.core.linear.edits import DropColumns
from sklearn_unlearn.core.network.descent import Outcome
from sklearn_unlearn.core.network.krylov import spectrum
from sklearn_unlearn.core.network.levenberg_marquardt import descend
from sklearn_unlearn.core.network.one_shot import (
    first_order_update,
    second_order_update,
)
from sklearn_unlearn.exceptions import (
    LargeStepWarning,
    NotFiniteError,
    NotForgottenWarning,
    UnlearningError,
)
from sklearn_unlearn.neural_network._fitted import UnlearningReport
from sklearn_unlearn.neural_network._network import NetworkUnlearner
from sklearn_unlearn.utils.messages import warn

#: A loss that rose by a smaller share of itself did not rise.
_RISE = 0.01
#: Rows of which a smaller share is predicted, at the loss of a guess, are not known.
_KNOWN = 0.5
#: Steps on the objective are a request where it changes its slope by so many times what
#: training has left of it.
_CHANGES = 2.0
#: A request is carried out where a step promises this share of what the first did.
_SETTLED = 0.1
#: What it must promise at least, as a share of what a guess of its rows would lose:
#: rows that a network has by heart have slopes and curvatures of nothing.
_LEAST = 1e-4
#: Passes that a `ChangeObjective` takes beside its steps: the slope of the objective,
#: that of its rows, an estimate of the curvature's diagonal, and the value at the end.
_OVERHEAD = 4


class RequestsMixin(NetworkUnlearner):
    """From a request to a new fitted value."""

    #: The parameter that draws weights to zero.
    _decay: str

    # Hooks --------------------------------------------------------------------------

    def _changed(self, fitted, request, objective, start, change, pull) -> Any:
        """The `ChangeObjective` of a request; None where there is none."""
        raise NotImplementedError

    def _decay_change(self, fitted, after, edit) -> Any:
        """What a request changes in the gradient of the decay."""
        raise NotImplementedError

    def _reported(self, fitted, model, report, rows) -> Any:
        """The fitted value with new parameters, and what is said of them."""
        raise NotImplementedError

    # Carrying out -------------------------------------------------------------------

    def _carried(self, fitted, request, now=None, *, measured=True):
        """The fitted value after a request; the estimator stays as it is.

        ``now`` are the rows that left, where other steps give them otherwise now; if
        they cannot be ``measured`` at all, nothing is said of them.
        """
        self._check_parameters()
        model, edit = fitted.model, request.edit
        tally = edited_tally(model, request)
        model.tally.check_left(tally)
        # without what left: a copy, which costs less than one pass of a descent
        retained = None
        if model.retained is not None:
            retained = edited_rows(model, request).compacted()
        forgotten = model.forgotten
        if isinstance(edit.feature_map, DropColumns):
            forgotten = forgotten | edit.feature_map.columns
        after = replace(model, tally=tally, retained=retained, forgotten=forgotten)
        prepared, objective, rows = fitted, None, None
        if retained is None and self.method != "first_order":
            raise UnlearningError(
                f"method={self.method!r} needs the data, and the model was fitted with "
                "retain_data=False: use method='first_order' and then refine(X, y)."
            )
        if retained is not None:
            rows = retained.chunks[0].rows
            prepared = self._prepared(fitted, rows)
            objective = self._objective(prepared, rows, forgotten)
        start = self._start(fitted, forgotten)
        theta, report = self._answered(prepared, request, after, objective, start)
        after = replace(after, theta=theta)
        changed = self._reported(prepared, after, report, rows)
        if edit.rows_out is None or not measured:
            return changed
        return self._measured(fitted, changed, edit, now)

    def _refined(self, fitted, rows):
        """The fitted value after a descent on all remaining rows."""
        self._check_parameters()
        fitted = self._prepared(fitted, rows)
        objective = self._objective(fitted, rows)
        theta, report = self._descended(objective, fitted.model.theta)
        model = replace(fitted.model, theta=theta)
        return self._reported(fitted, model, report, rows)

    def _prepared(self, fitted, rows):
        """The fitted value with what is counted, not minimised, over these rows."""
        return fitted

    def _start(self, fitted, forgotten):
        """Where a descent starts."""
        return fitted.model.theta

    def _answered(self, fitted, request, after, objective, start):
        """New parameters, and how they were found.

        Training that stopped early has left a slope of the objective that the request
        has nothing to do with. Steps on the objective itself would go on with it: they
        are taken where the request changes far more than that. Elsewhere they are those
        of a `ChangeObjective`, which pulls to the start as much as stopping early did:
        it ended where a decay towards the first weights would balance that slope, and
        these are small.
        """
        if self.method != "levenberg_marquardt":
            return self._updated(fitted, request, after, objective, start)
        change = self._change(fitted, request, after, objective, start)
        first = objective.slope(start)
        left = first.gradient - change
        changed = None
        if not _norm(change) >= _CHANGES * _norm(left):
            pull = _norm(left) / (_norm(start) or 1.0)
            changed = self._changed(fitted, request, objective, start, change, pull)
        if changed is None:
            return self._descended(objective, start, first=first)
        edit = request.edit
        asked = [rows for rows in (edit.rows_out, edit.rows_in) if rows is not None]
        weight = max((float(rows.weight.sum()) for rows in asked), default=0.0)
        least = _LEAST * fitted.null_loss * weight
        steps = replace(self._steps(), settled=_SETTLED, least=least)
        found, report = self._descended(
            changed, changed.origin, steps, overhead=_OVERHEAD
        )
        theta = changed.theta(found)
        return theta, replace(
            report,
            objective_before=first.value,
            objective=_finite(objective.value(theta)),
        )

    def _before(self, fitted, request):
        """Rows that stay, as they were, if a request changes the features of all."""
        edit, retained = request.edit, fitted.model.retained
        if request.retained is None and not isinstance(edit.feature_map, DropColumns):
            return None
        if edit.rows_out is not None:
            retained = retained.without(request.positions, edit.rows_out.weight)
        return retained.compacted().chunks[0].rows

    def _descended(
        self, objective, start, steps=None, share=1.0, first=None, overhead=0
    ):
        """By steps on an objective of which a pass reads this share of all rows.

        So many passes are read beside them.
        """
        budget, steps = self._budget(), self._steps() if steps is None else steps
        if budget.passes is not None:
            budget = replace(budget, passes=budget.passes / share - overhead)
        steps = replace(steps, kind="gauss_newton")
        with np.errstate(over="ignore", invalid="ignore"):
            found = descend(objective, start, budget=budget, steps=steps, first=first)
        return found.theta, UnlearningReport(
            found.outcome.value,
            found.n_steps,
            (found.passes + overhead) * share,
            found.seconds,
            found.value_before,
            found.value,
        )

    def _updated(self, fitted, request, after, objective, start):
        """One of the paper's updates, from the gradient of what changes."""
        began = time.monotonic()
        change = self._change(fitted, request, after, objective, start)
        with np.errstate(over="ignore", invalid="ignore"):
            if self.method == "first_order":
                rate = self.unlearning_rate
                if isinstance(rate, str):
                    rate = fitted.rate
                if rate is None:
                    raise ValueError(
                        "unlearning_rate must be a number, unless the model was fitted "
                        "with method='first_order'."
                    )
                theta = first_order_update(start, change, float(rate))
            else:
                theta = second_order_update(objective, start, change, self._steps())
            before: Any = None
            value: Any = None
            if objective is not None:
                before, _ = objective.value_and_gradient(start)
                value, _ = objective.value_and_gradient(theta)
        largest = float(abs(theta).max())
        if not math.isfinite(largest) or not math.isfinite(value or 0.0):
            raise NotFiniteError(
                "The update gives weights or an objective that are not finite: use a "
                "smaller unlearning_rate, or method='levenberg_marquardt'."
            )
        if objective is not None and value > before:
            warn(
                "The update raised the objective of the corrected data from "
                f"{before:.4g} to {value:.4g}. Use method='levenberg_marquardt', "
                "whose steps lower it, or call refine.",
                LargeStepWarning,
            )
        seconds = time.monotonic() - began
        return theta, UnlearningReport(
            Outcome.ONE_SHOT.value, 1, None, seconds, before, value
        )

    def _known(self, fitted, rows, left):
        """Mean loss of rows, and the encoded labels predicted, if there are any.

        An estimator may look at the loss of the targets that left alone.
        """
        return self._objective(fitted, rows).mean_loss(fitted.model.theta), None

    def _left(self, fitted, edit):
        """Which targets of the rows out left: those that others replace, or all.

        All of a row whose features alone changed, or of all rows if nothing did.
        """
        old, new = edit.rows_out.y, edit.rows_in
        left = np.ones(old.shape, dtype=bool)
        if edit.replaced is not None:  # others leave for good
            return left
        if new is not None and np.any(old != new.y):
            left = old != new.y
            if not edit.same_features:
                left |= ~left.any(axis=1, keepdims=True)
        return left

    def _change(self, fitted, request, after, objective, start):
        """Gradient, at the start, of the new objective minus that of the old."""
        theta, edit = fitted.model.theta, request.edit
        about_rows = edit.rows_out is not None or edit.rows_in is not None
        narrower = isinstance(edit.feature_map, DropColumns) and objective is not None
        if request.retained is not None or narrower or not about_rows:  # all change
            if objective is None:  # nothing is known of them in the other columns
                return start * 0.0
            rows = fitted.model.retained.compacted().chunks[0].rows
            old = self._objective(fitted, rows)
            new, old = (
                each.value_and_gradient(at)[1]
                for each, at in ((objective, start), (old, theta))
            )
            return new - old
        change = self._decay_change(fitted, after, edit)
        for sign, rows in ((1.0, edit.rows_in), (-1.0, edit.rows_out)):
            if rows is not None:
                part = self._objective(fitted, rows)
                change = change + part.data_value_and_gradient(theta)[1] * sign
        return change

    def _automatic_rate(self, objective, theta):
        """One over the largest eigenvalue of Gauss and Newton's matrix."""
        _, gradient = objective.value_and_gradient(theta)
        matrix = objective.curvature(theta, None, "gauss_newton")
        _, largest = spectrum(matrix, gradient)
        return 1.0 / largest if largest > 0.0 else 1.0

    def _measured(self, fitted, changed, edit, now=None):
        """The changed value with what is known of targets that left."""
        rows, left = edit.rows_out, self._left(fitted, edit)
        if not left.any():  # of no target was anything learned
            return changed
        versions = ((fitted, rows), (changed, rows if now is None else now))
        (before, old), (after, new) = (self._known(*each, left) for each in versions)
        forgotten = after > (1.0 + _RISE) * before and after >= fitted.null_loss
        shares: Any = (None, None)
        labels = ""
        if old is not None:
            shares = tuple(_share(each, rows, left) for each in (old, new))
            forgotten = forgotten and (shares[1] < shares[0] or shares[1] < _KNOWN)
            labels = f", and {shares[1]:.0%} of their labels are predicted"
        if not forgotten:
            warn(
                "The rows that left are still known: their mean loss was "
                f"{before:.3g} and is {after:.3g}, where a constant prediction has "
                f"{fitted.null_loss:.3g}{labels}. Either other rows teach the same, or "
                "the network has them by heart and nothing draws its weights away. "
                f"Replacing their labels or values does, or a larger {self._decay}.",
                NotForgottenWarning,
            )
        report = replace(
            changed.report,
            loss_before=before,
            loss_after=after,
            predicted_before=shares[0],
            predicted_after=shares[1],
            forgotten=bool(forgotten),
        )
        return replace(changed, report=report)


def _norm(vector):
    """Of an array or a tensor."""
    return math.sqrt(float(vector @ vector))


def _finite(value):
    """An objective that is a number."""
    if not math.isfinite(value):
        raise NotFiniteError(
            "The request would leave an objective that is not finite: use fewer steps."
        )
    return value


def _share(predicted, rows, left):
    """Share of the rows of which all targets that left are predicted."""
    known = np.all((predicted == rows.y) | ~left, axis=1)
    some = left.any(axis=1)
    return float(np.average(known[some], weights=rows.weight[some]))
