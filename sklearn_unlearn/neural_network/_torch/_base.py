"""What both nets share: fit by skorch, requests, export."""

from __future__ import annotations

import math
from dataclasses import replace
from numbers import Integral

import numpy as np
import torch
from sklearn.utils import check_scalar
from skorch import NeuralNet

from sklearn_unlearn.core.retained import RetainedRows
from sklearn_unlearn.core.rows import Rows
from sklearn_unlearn.core.tally import Tally
from sklearn_unlearn.exceptions import (
    NotFiniteError,
    UnlearningError,
)
from sklearn_unlearn.neural_network._columns import ColumnsMixin
from sklearn_unlearn.neural_network._fitted import NetworkModel
from sklearn_unlearn.neural_network._parameters import ParametersMixin
from sklearn_unlearn.neural_network._requests import RequestsMixin
from sklearn_unlearn.neural_network._torch._adoption import PRIVATE, AdoptionMixin
from sklearn_unlearn.neural_network._torch._arrays import (
    ModuleTargets,
    Shape,
    host_array,
    readable,
    remaining,
)
from sklearn_unlearn.neural_network._torch._change import change_objective
from sklearn_unlearn.neural_network._torch._columns import forget
from sklearn_unlearn.neural_network._torch._fitted import ModuleFitted
from sklearn_unlearn.neural_network._torch._function import ModuleFunction
from sklearn_unlearn.neural_network._torch._modules import blank, kept, written
from sklearn_unlearn.neural_network._torch._objective import ModuleObjective, null_loss
from sklearn_unlearn.neural_network._torch._selection import check_params, selected
from sklearn_unlearn.neural_network._torch._statistics import (
    check_statistics,
    layers_with_statistics,
    moving,
    reestimate,
)
from sklearn_unlearn.neural_network._torch._training import (
    TrainingMixin,
    trained,
    without_training,
)
from sklearn_unlearn.neural_network._torch._weights import (
    ROWS,
    WEIGHT,
    WeightsMixin,
    check_weighs,
)
from sklearn_unlearn.neural_network._verbs import NetworkVerbs
from sklearn_unlearn.utils.tags import UnlearnerTags, UnlearningTags
from sklearn_unlearn.utils.validation import (
    Columns,
    check_row_ids,
    check_sample_weight,
)

#: Rows that the curvature of a step is estimated from, and its products, each of which
#: costs two gradients of these rows.
_SAMPLE, _PRODUCTS = 128, 8
#: With max_rows, of how many one is in the curvature; products, and seed of the rows.
_SHARE, _FEW_PRODUCTS, _SEED = 4, 6, 0


class ModuleUnlearner(
    AdoptionMixin,
    ColumnsMixin,
    ParametersMixin,
    RequestsMixin,
    NetworkVerbs,
    WeightsMixin,
    TrainingMixin,
    NeuralNet,
):
    """A skorch net that unlearns.

    A subclass gives the constructor, ``_plain_class`` and the hook `_encoding`.
    """

    _decay = "optimizer__weight_decay"

    # Reading the net ------------------------------------------------------------------

    def get_params(self, deep=True, **kwargs):
        """Parameters of this net, and of its callbacks.

        Parameters
        ----------
        deep : bool, default=True
        **kwargs : dict
            As skorch's.

        Returns
        -------
        dict
        """
        params = super().get_params(deep=deep, **kwargs)
        return {name: params[name] for name in params if name not in PRIVATE}

    def forward_iter(self, X, training=False, device="cpu"):
        """Outputs of the module, batch after batch, all of one version of the model.

        Parameters
        ----------
        X : array-like, tensor or Dataset of shape (n_samples, ...)
            Lists and frames get the type of fit's values.
        training : bool, default=False
        device : str, default="cpu"
            Where the outputs are stored.

        Returns
        -------
        iterator of tensors
        """
        version = self._version()
        fitted = vars(version).get("_fitted")
        X = readable(X, dtype=None if fitted is None else fitted.features.dtype)
        return super(ModuleUnlearner, version).forward_iter(
            X, training=training, device=device
        )

    @property
    def partial_fit(self):
        """Not supported, as it would train on rows that no request could name."""
        raise AttributeError(
            "A net that unlearns has no partial_fit: it would train on rows that no "
            "request could name. Fit anew."
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        retains = isinstance(self.retain_data, (bool, np.bool_)) and self.retain_data
        promised = UnlearningTags.empirical(self, row_ids=bool(retains))
        return UnlearnerTags.extending(tags, promised)

    # Fitting --------------------------------------------------------------------------

    def fit(self, X, y, sample_weight=None, *, row_ids=None):
        """Train the module as skorch does.

        Parameters
        ----------
        X : array-like or tensor of shape (n_samples, ...)
            With ``retain_data=True`` an array is kept by reference, until a request
            makes a copy of what remains: do not change it afterwards.
        y : array-like or tensor of shape (n_samples, ...)
        sample_weight : array-like of shape (n_samples,) or float, optional
            Weights of the losses of rows, for criteria that have such: the loss of a
            batch is their weighted mean, or sum.
        row_ids : array-like of shape (n_samples,), optional
            With ``retain_data=True``, identifiers by which `partial_unfit` can name
            rows; numbers or strings, none twice.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a parameter or the data are invalid, or the module has no parameters.
        NotFiniteError
            If training ends with weights or a loss that are not finite.
        """
        with self._exclusive():
            net = self._trained(X, y, sample_weight, row_ids)
            vars(self).update(vars(net))
        return self

    def initialize_module(self):
        """Make the module anew; what was fitted is gone."""
        super().initialize_module()
        vars(self).pop("_fitted", None)
        selected(self.module_, self.params)
        check_statistics(self.module_)
        return self

    def _trained(self, X, y, sample_weight, row_ids):
        """A version of the net that was trained on these data."""
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is "
                "None."
            )
        X, y = readable(X), readable(y, "y")
        X, y = host_array(X, self.device, "X"), host_array(y, self.device, "y")
        data = self._read_training(X, y, sample_weight, row_ids)
        net = self._version()
        net.initialize()
        if sample_weight is not None:
            net.module_.eval()
            few = (torch.tensor(each[:2], device=net.device) for each in (X, y))
            check_weighs(net, *few)
            X = {ROWS: X, WEIGHT: data[0].weight}
        super(ModuleUnlearner, net).partial_fit(X, y)
        net._fitted = net._made(*data)
        return net

    def _read_training(self, X, y, sample_weight, row_ids):
        self._check_parameters()
        check_params(self.params)
        X, y = host_array(X, self.device, "X"), host_array(y, self.device, "y")
        if X.shape[0] != y.shape[0]:
            raise ValueError(f"X has {X.shape[0]} rows, but y has {y.shape[0]}.")
        if row_ids is not None:
            if not self.retain_data:
                raise ValueError("row_ids needs retain_data=True.")
            row_ids = check_row_ids(row_ids, X.shape[0])
        weight = check_sample_weight(sample_weight, X.shape[0])
        if not weight.any():
            raise ValueError("sample_weight must hold a weight other than zero.")
        features, encoding = Shape.of(X), self._encoding(y)
        rows = Rows(features.flat(X, "X"), encoding.read(y), weight)
        return rows, features, encoding, row_ids

    def _made(self, rows, features, encoding, row_ids):
        """What requests need to know of a trained net and its data."""
        check_statistics(self.module_)
        forgotten = np.zeros(rows.X.shape[1], dtype=bool)
        function = ModuleFunction.of(self, self.params, features, encoding)
        before = kept(function.module)
        objective = ModuleObjective.of(function, rows)
        theta = function.theta()
        if not math.isfinite(objective.mean_loss(theta)):
            raise NotFiniteError(
                "Training ended with a loss that is infinite or not a number: use a "
                "smaller learning rate, or other data."
            )
        rate = None
        if self.method == "first_order" and isinstance(self.unlearning_rate, str):
            rate = self._automatic_rate(objective, theta)
        retained = None
        if self.retain_data:
            retained = RetainedRows.of(rows, row_ids, forgotten)
        tally = Tally.of(rows, encoding.marks, encoding.n_groups)
        model = NetworkModel(None, tally, encoding.marks, retained, forgotten)
        null = null_loss(function, rows)
        places = written(function.module, before)
        blank(self.module_, places)
        return ModuleFitted(model, features, encoding, rate, null, written=places)

    # Requests -------------------------------------------------------------------------

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
        if self.max_rows is None or all_rows or self.method != "levenberg_marquardt":
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

    def _descended(self, objective, start, steps=None, share=1.0):
        if isinstance(objective, ModuleObjective):
            objective = moving(objective)
        return super()._descended(objective, start, steps, share)

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

    def _swap(self, fitted):
        """Put module, optimiser and all that was learned in the place of the old."""
        net = fitted.function.net
        blank(net.module_, fitted.written)
        net.module_.train(self.module_.training)
        model = replace(fitted.model, theta=None)
        vars(net)["_fitted"] = replace(fitted, model=model, function=None)
        learned = trained(net)
        if fitted.adopted:
            learned["module"] = net.module_
        vars(self).update(learned)

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
        return features.flat(X, "X"), None

    def _read_targets(self, encoding, y, n_rows, name="y"):
        if y is not None:
            y = host_array(y, self.device, name)
        return super()._read_targets(encoding, y, n_rows, name)

    def _columns(self, fitted):
        return Columns(int(np.prod(fitted.features.sizes, dtype=int)), None)

    def _to_forget(self, fitted, columns):
        if fitted.features.dtype.kind != "f":
            raise UnlearningError(
                f"Rows hold values of dtype {fitted.features.dtype}, as tokens do: a "
                "zero in the place of a forgotten column would be one of them."
            )
        return super()._to_forget(fitted, columns)

    def _encoding(self, y):
        """Targets as numbers."""
        return ModuleTargets(Shape.of(y), None)


def _finite_value(function, rows):
    """The objective with the function's own parameters and statistics."""
    value = ModuleObjective.of(function, rows).value(function.theta())
    if not math.isfinite(value):
        raise NotFiniteError(
            "With running statistics of the corrected data the objective is not finite."
        )
    return value
