"""How a net carries out a request: what differs from a perceptron's way."""

from __future__ import annotations

import math
from dataclasses import replace
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import check_scalar

from sklearn_unlearn.core.linear.edits import DropColumns
from sklearn_unlearn.exceptions import (
    NotFiniteError,
    UnfinishedTrainingWarning,
    UnlearningError,
)
from sklearn_unlearn.neural_network._requests import RequestsMixin
from sklearn_unlearn.neural_network._torch._arrays import host_array, remaining
from sklearn_unlearn.neural_network._torch._change import change_objective
from sklearn_unlearn.neural_network._torch._columns import forget
from sklearn_unlearn.neural_network._torch._function import ModuleFunction
from sklearn_unlearn.neural_network._torch._modules import blank
from sklearn_unlearn.neural_network._torch._objective import ModuleObjective
from sklearn_unlearn.neural_network._torch._selection import check_params
from sklearn_unlearn.neural_network._torch._statistics import (
    layers_with_statistics,
    moving,
    reestimate,
)
from sklearn_unlearn.neural_network._torch._training import trained, without_training
from sklearn_unlearn.utils.messages import warn

#: Rows that the curvature of a step is estimated from, and its products, each of which
#: costs two gradients of these rows.
_SAMPLE, _PRODUCTS = 128, 8
#: With max_rows, of how many one is in the curvature; products, and seed of the rows.
_SHARE, _FEW_PRODUCTS, _SEED = 4, 6, 0


class ModuleRequestsMixin(RequestsMixin):
    """The hooks of requests, for a module that is changed on a copy of the net."""

    #: Parameters.
    device: Any
    max_rows: Any
    params: Any
    #: The module.
    module_: Any

    def _steps(self):
        steps = super()._steps()
        if steps.kind == "hessian" or steps.linear_solver != "cg":
            return steps
        return replace(steps, sample=_SAMPLE, products=_PRODUCTS)

    def _answered(self, fitted, request, after, objective, start):
        """By what changes alone, if a request is to read so few rows."""
        if objective is not None and not objective.n_rows:
            raise UnlearningError("No target that the loss counts would remain.")
        rows = request.edit.rows_in
        all_rows = request.retained is not None or rows is request.edit.rows_out is None
        all_rows |= isinstance(request.edit.feature_map, DropColumns)
        if self.max_rows is None or all_rows or self.method != "levenberg_marquardt":
            if objective is not None and self.method == "levenberg_marquardt":
                objective = moving(objective)
            return super()._answered(fitted, request, after, objective, start)
        if layers_with_statistics(fitted.function.module):
            raise UnlearningError(
                "max_rows must be None for a module with running statistics: these are "
                "of all rows, and change the predictions that it is to keep."
            )
        change = self._change(fitted, request, after, None, start)
        changed = change_objective(
            fitted.function, objective.rows, rows, self.max_rows, change, _SEED
        )
        if changed is None:  # all rows change
            return self._descended(objective, start)
        sample = max(1, changed.n_rows // _SHARE)
        steps = replace(self._steps(), sample=sample, products=_FEW_PRODUCTS)
        n_read = changed.n_rows + (0 if rows is None else rows.n_rows)
        share = n_read / objective.rows.n_rows
        found, report = self._descended(changed, changed.origin, steps, share)
        report = replace(report, objective_before=None, objective=None)
        return changed.theta(found), report

    def _changed(self, fitted, request, objective, start, change, pull):
        """What a request changes; None with running statistics, which change all."""
        if layers_with_statistics(fitted.function.module):
            warn(
                "Training had stopped where the objective still falls, by more than "
                "the request changes. Running statistics change the predictions of "
                "all rows, so that the two cannot be told apart: the steps go on with "
                "training as well. Train to the end before requests.",
                UnfinishedTrainingWarning,
            )
            return None
        edit, rows = request.edit, objective.rows
        return change_objective(
            fitted.function,
            rows,
            edit.rows_in,
            rows.n_rows,
            change,
            _SEED,
            edit.rows_out,
            self._before(fitted, request),
            pull,
        )

    def _descended(
        self, objective, start, steps=None, share=1.0, first=None, overhead=0
    ):
        if isinstance(objective, ModuleObjective):
            objective = moving(objective)
        return super()._descended(objective, start, steps, share, first, overhead)

    def _updated(self, fitted, request, after, objective, start):
        if objective is not None:
            objective = moving(objective)
        return super()._updated(fitted, request, after, objective, start)

    def _check_parameters(self):
        super()._check_parameters()
        if self.max_rows is not None:
            check_scalar(self.max_rows, "max_rows", Integral, min_val=1)

    def _checked(self):
        """The fitted value with a copy of the module to work on."""
        fitted, version = super()._checked(), self._version()
        check_params(self.params)
        function = ModuleFunction.of(
            version, self.params, fitted.features, fitted.encoding
        )
        return self._with_theta(fitted, function)

    def _with_theta(self, fitted, function):
        model = replace(fitted.model, theta=function.theta())
        return replace(fitted, model=model, function=function)

    def _carried(self, fitted, request, now=None, *, measured=True):
        fitted.say_what_is_remembered()
        return super()._carried(fitted, request, now, measured=measured)

    def _attributes_of(self, fitted):
        """Module, optimiser and all that was learned."""
        net = fitted.function.net
        blank(net.module_, fitted.written)
        net.module_.train(self.module_.training)
        model = replace(fitted.model, theta=None)
        vars(net)["_fitted"] = replace(fitted, model=model, function=None)
        learned = trained(net)
        if fitted.adopted:
            learned["module"] = net.module_
        return learned

    def _objective(self, fitted, rows, forgotten=None):
        return ModuleObjective.of(fitted.function, rows)

    def _decay_change(self, fitted, after, edit):
        function = fitted.function
        came, left = (
            0.0 if rows is None else float(function.counts(rows).sum())
            for rows in (edit.rows_in, edit.rows_out)
        )
        old = function.decay(fitted.model.tally.n_rows, 0.0)
        new = function.decay(after.tally.n_rows, came - left)
        return (new - old) * fitted.model.theta

    def _left(self, fitted, edit):
        """Of targets that the loss counts."""
        rows = edit.rows_out
        return super()._left(fitted, edit) & fitted.function.counted(rows)

    def _known(self, fitted, rows, left):
        """Of sequences of labels the loss of the places that left, if it can."""
        if fitted.encoding.labels is None:
            return super()._known(fitted, rows, left)
        criterion = fitted.function.net.criterion_
        if hasattr(criterion, "ignore_index"):
            y = np.where(left, rows.y, criterion.ignore_index)
            rows = replace(rows, y=y)
        theta = fitted.model.theta
        loss = ModuleObjective.of(fitted.function, rows).mean_loss(theta)
        return loss, fitted.function.labels(theta, rows)

    def _prepared(self, fitted, rows):
        """With running statistics of these rows alone."""
        function = fitted.function
        if not layers_with_statistics(function.module):
            return fitted
        function = function.copied()
        reestimate(function, rows)
        return replace(fitted, function=function)

    def _reported(self, fitted, model, report, rows):
        """The fitted value with another model; the net of its function has it."""
        function = fitted.function
        function.load(model.theta)
        if np.any(model.forgotten != fitted.model.forgotten):
            forget(function.module, model.forgotten)
        if rows is not None and layers_with_statistics(function.module):
            reestimate(function, rows)
            if report.objective is None:
                report = replace(report, objective=_finite_value(function, rows))
        without_training(function.net)
        return replace(fitted, model=model, function=function, report=report)

    def _read_features(self, fitted, X):
        features, forgotten = fitted.features, fitted.model.forgotten
        X = host_array(X, self.device, "X", finite=not forgotten.any())
        if forgotten.any():
            X = remaining(X, features, forgotten, "X")
        return features.flat(X, "X")

    def _read_targets(self, encoding, y, n_rows, name="y"):
        if y is not None:
            y = host_array(y, self.device, name)
        return super()._read_targets(encoding, y, n_rows, name)

    def _without_columns(self, fitted, mask):
        if fitted.features.dtype.kind != "f":
            raise UnlearningError(
                f"Rows hold values of dtype {fitted.features.dtype}, as tokens do: a "
                "zero in the place of a forgotten column would be one of them."
            )
        return super()._without_columns(fitted, mask)


def _finite_value(function, rows):
    """The objective with the function's own parameters and statistics."""
    value = ModuleObjective.of(function, rows).value(function.theta())
    if not math.isfinite(value):
        raise NotFiniteError(
            "With running statistics of the corrected data the objective is not finite."
        )
    return value
