"""How a network carries out a request, and measures what it forgot."""

from __future__ import annotations

import time
import warnings
from dataclasses import replace

import numpy as np

from sklearn_unlearn.core.edits import DropColumns
from sklearn_unlearn.core.levenberg_marquardt import Outcome, descend
from sklearn_unlearn.core.model import edited_rows, edited_tally
from sklearn_unlearn.core.one_shot import first_order_update, second_order_update
from sklearn_unlearn.exceptions import (
    LargeStepWarning,
    NotFiniteError,
    NotForgottenWarning,
    UnlearningError,
)
from sklearn_unlearn.neural_network._fitted import UnlearningReport, decay_of
from sklearn_unlearn.neural_network._targets import share_predicted

#: A loss that rose by a smaller share of itself did not rise.
_RISE = 0.01


class RequestsMixin:
    """From a request to a new fitted value."""

    def _carried(self, fitted, request):
        """The fitted value after a request; the estimator stays as it is."""
        self._check_parameters()
        model, edit = fitted.model, request.edit
        tally = edited_tally(model, request)
        model.tally.check_left(tally)
        # without what left: a copy, which costs less than one pass of a descent
        retained = None
        if model.retained is not None:
            retained = edited_rows(model, request).compacted()
        forgotten, start = model.forgotten, model.theta
        if isinstance(edit.feature_map, DropColumns):
            forgotten = forgotten | edit.feature_map.columns
            start = start.copy()
            fitted.network.split(start)[0][0][forgotten] = 0.0
        after = replace(model, tally=tally, retained=retained, forgotten=forgotten)
        objective = None
        if retained is None and self.method != "first_order":
            raise UnlearningError(
                f"method={self.method!r} needs the data, and the model was fitted with "
                "retain_data=False: use method='first_order' and then refine(X, y)."
            )
        if retained is not None:
            rows = retained.chunks[0].rows
            objective = self._objective(fitted, rows, forgotten)
        if self.method == "levenberg_marquardt":
            theta, report = self._descended(objective, start)
        else:
            theta, report = self._updated(fitted, edit, after, objective, start)
        if edit.rows_out is not None:
            report = self._measured(fitted, edit.rows_out, theta, report)
        return self._reported(fitted, replace(after, theta=theta), report)

    def _refined(self, fitted, rows):
        """The fitted value after a descent on all remaining rows."""
        self._check_parameters()
        objective = self._objective(fitted, rows)
        theta, report = self._descended(objective, fitted.model.theta)
        return self._reported(fitted, replace(fitted.model, theta=theta), report)

    def _descended(self, objective, start):
        budget, steps = self._budget(), self._steps()
        steps = replace(steps, kind="gauss_newton")
        with np.errstate(over="ignore", invalid="ignore"):
            found = descend(objective, start, budget=budget, steps=steps)
        return found.theta, UnlearningReport(
            found.outcome.value,
            found.n_steps,
            found.passes,
            found.seconds,
            found.value_before,
            found.value,
        )

    def _updated(self, fitted, edit, after, objective, start):
        """One of the paper's updates, from the gradient of what changes."""
        began = time.monotonic()
        change = self._change(fitted, edit, after, objective, start)
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
            before = value = None
            if objective is not None:
                before, _ = objective.value_and_gradient(start)
                value, _ = objective.value_and_gradient(theta)
        if not np.isfinite(theta).all() or not np.isfinite(value or 0.0):
            raise NotFiniteError(
                "The update gives weights or an objective that are not finite: use a "
                "smaller unlearning_rate, or method='levenberg_marquardt'."
            )
        if objective is not None and value > before:
            warnings.warn(
                "The update raised the objective of the corrected data from "
                f"{before:.4g} to {value:.4g}. Use method='levenberg_marquardt', "
                "whose steps lower it, or call refine.",
                LargeStepWarning,
                stacklevel=5,
            )
        seconds = time.monotonic() - began
        return theta, UnlearningReport(
            Outcome.ONE_SHOT.value, 1, None, seconds, before, value
        )

    def _change(self, fitted, edit, after, objective, start):
        """Gradient, at the start, of the new objective minus that of the old."""
        theta, network = fitted.model.theta, fitted.network
        if edit.rows_out is None and edit.rows_in is None:
            if objective is None:  # nothing is known of rows in the other columns
                return np.zeros_like(theta)
            rows = fitted.model.retained.compacted().chunks[0].rows
            _, change = objective.value_and_gradient(start)
            change -= self._objective(fitted, rows).value_and_gradient(theta)[1]
        else:
            old, new = (
                decay_of(fitted.params, model.tally.n_rows)
                for model in (fitted.model, after)
            )
            change = np.zeros_like(theta)
            change[: network.n_weights] = (new - old) * theta[: network.n_weights]
            for sign, rows in ((1.0, edit.rows_in), (-1.0, edit.rows_out)):
                if rows is not None:
                    part = self._objective(fitted, rows)
                    change += sign * part.data_value_and_gradient(theta)[1]
        network.split(change)[0][0][after.forgotten] = 0.0
        return change

    def _measured(self, fitted, rows_out, theta, report):
        """The report with what is known of rows that left, before and after."""
        objective = self._objective(fitted, rows_out)
        before = objective.mean_loss(fitted.model.theta)
        after = objective.mean_loss(theta)
        moved = self._moved(fitted.twin, fitted.network, theta, None)
        shares = [
            share_predicted(twin, fitted.encoding, rows_out)
            for twin in (fitted.twin, moved)
        ]
        forgotten = after > (1.0 + _RISE) * before and after >= fitted.null_loss
        labels = ""
        if shares[1] is not None:
            forgotten = forgotten and (shares[1] < shares[0] or shares[1] == 0.0)
            labels = f", and {shares[1]:.0%} of their labels are predicted"
        if not forgotten:
            warnings.warn(
                "The rows that left are still known: their mean loss was "
                f"{before:.3g} and is {after:.3g}, where a constant prediction has "
                f"{fitted.null_loss:.3g}{labels}. Either other rows teach the same, or "
                "the network has them by heart and nothing draws its weights away. "
                "Replacing their labels or values does, or a larger alpha.",
                NotForgottenWarning,
                stacklevel=5,
            )
        return replace(
            report,
            loss_before=before,
            loss_after=after,
            predicted_before=shares[0],
            predicted_after=shares[1],
            forgotten=bool(forgotten),
        )

    def _reported(self, fitted, model, report):
        """The fitted value with another model."""
        mean = None
        if report.objective is not None:
            mean = report.objective / model.tally.n_rows
        twin = self._moved(fitted.twin, fitted.network, model.theta, mean)
        return replace(fitted, model=model, twin=twin, report=report)
