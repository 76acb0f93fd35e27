"""A module as a function of a flat vector of parameters, in evaluation mode."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from threading import RLock
from typing import Any

import numpy as np
import torch
from skorch import NeuralNetClassifier
from torch.func import functional_call
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import cross_entropy

from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.neural_network._torch._arrays import ModuleTargets, Shape
from sklearn_unlearn.neural_network._torch._modules import copied
from sklearn_unlearn.neural_network._torch._selection import selected
from sklearn_unlearn.neural_network._torch._weights import (
    WeightsMixin,
    check_weighs,
    target_shares,
    weighted_loss,
    with_criterion,
)

#: The flags of torch are those of the process: who changes them holds this.
_FLAGS = RLock()


@dataclass(frozen=True, eq=False)
class ModuleFunction:
    """Outputs and losses of a net's module, for other parameters than it has.

    Dropout is off and batch norm uses its running statistics, which are constants:
    an objective must not depend on chance, or on which rows are read together.

    Attributes
    ----------
    net : skorch.NeuralNet
        With a module of its own, in evaluation mode.
    names : list of str
        The parameters that may change.
    decays : list of float
        Weight decay of each of them, as the optimiser has it.
    features : Shape
    targets : ModuleTargets
    """

    net: Any
    names: list
    decays: list
    features: Shape
    targets: ModuleTargets

    @staticmethod
    def of(net, params, features, targets):
        """The function of a net, which is not changed: its module is copied."""
        names = selected(net.module_, params)
        decay_of = {
            id(parameter): float(group.get("weight_decay", 0.0))
            for group in net.optimizer_.param_groups
            for parameter in group["params"]
        }
        named = dict(net.module_.named_parameters())
        decays = [decay_of.get(id(named[name]), 0.0) for name in names]
        return ModuleFunction(_copied(net), names, decays, features, targets)

    def copied(self):
        """The same function with a module of its own."""
        return replace(self, net=_copied(self.net))

    # Parameters -----------------------------------------------------------------------

    @property
    def module(self):
        """The module that the function works with."""
        return self.net.module_

    def theta(self):
        """The module's parameters that may change as a flat vector, copied."""
        with torch.no_grad():
            return torch.cat([each.reshape(-1) for each in self._parameters()])

    def load(self, theta):
        """Give the module these parameters."""
        with torch.no_grad():
            for parameter, part in zip(
                self._parameters(), self._parts(theta), strict=True
            ):
                parameter.copy_(part)

    def decay(self, n_rows, count):
        """Weight decay of the summed objective of so many rows, of each parameter.

        The optimiser adds ``weight_decay / 2`` times the squared parameters to the
        loss of a batch: to a mean loss per row so much, times what rows count, to a sum
        per batch of training so much.
        """
        times = count
        if not self.averages:
            size = self._batch_size("iterator_train", n_rows)
            times = max(1.0, n_rows / size)
        return torch.cat(
            [
                parameter.detach().new_full((parameter.numel(),), times * decay)
                for parameter, decay in zip(
                    self._parameters(), self.decays, strict=True
                )
            ]
        )

    def _parameters(self):
        named = dict(self.module.named_parameters())
        return [named[name] for name in self.names]

    def _parts(self, theta):
        parameters = self._parameters()
        parts = theta.split([each.numel() for each in parameters])
        return [
            part.view(each.shape).to(each.dtype)
            for part, each in zip(parts, parameters, strict=True)
        ]

    # Evaluation -----------------------------------------------------------------------

    @property
    def averages(self):
        """Whether the loss of several rows is a mean, as losses are by default."""
        return getattr(self.net.criterion_, "reduction", "mean") != "sum"

    def batch_size(self, n_rows):
        """Rows that are read at once: as many as in predictions."""
        return self._batch_size("iterator_valid", n_rows)

    def _batch_size(self, iterator, n_rows):
        params = self.net.get_params_for(iterator)
        size = params.get("batch_size", self.net.batch_size)
        return max(n_rows, 1) if size == -1 else size

    def batches(self, rows):
        """Features, targets and weights, batch after batch, where the net computes.

        Weights are None if all are one: then no loss of single rows is needed.
        """
        size, device = self.batch_size(rows.n_rows), self.net.device
        weighted = bool(np.any(rows.weight != 1.0))
        for start in range(0, rows.n_rows, size):
            part = slice(start, start + size)
            weight = torch.tensor(rows.weight[part]) if weighted else None
            yield (
                self.features.tensor(rows.X[part], device),
                self.targets.shape.tensor(rows.y[part], device),
                weight,
            )

    def outputs(self, theta, X):
        """What the module predicts with these parameters.

        What it writes into buffers meanwhile is lost: those of the model stay.
        """
        return functional_call(self.module, self._given(theta), (X,))

    def losses(self, theta, X, y, weight):
        """Summed loss of rows with these parameters.

        Which a net's own ``get_loss`` may read too, to penalise them.
        """
        given = {f"module.{name}": each for name, each in self._given(theta).items()}
        return functional_call(_Losses(self), given, (X, y, weight))

    def _given(self, theta):
        given = dict(zip(self.names, self._parts(theta), strict=True))
        given |= {name: each.clone() for name, each in self.module.named_buffers()}
        return given

    def labels(self, theta, rows):
        """Flat labels with the largest outputs; None if outputs are not of classes."""
        labels, largest = [], self.targets.labels.max()
        with torch.no_grad():
            for X, y, _ in self.batches(rows):
                outputs = self.outputs(theta, X)
                outputs = outputs if isinstance(outputs, torch.Tensor) else outputs[0]
                axis = _axis_of_classes(outputs, y, self.net.criterion_)
                if axis is None or outputs.shape[axis] <= largest:
                    return None
                labels.append(outputs.argmax(dim=axis).cpu().numpy())
        return np.concatenate(labels).reshape(rows.y.shape)

    def loss(self, outputs, X, y, weight):
        """Summed loss of rows with these outputs."""

        def loss(criterion):
            net = with_criterion(self.net, criterion)
            return net.get_loss(outputs, y, X=X, training=False)

        return self._summed(loss, y, weight)

    def _summed(self, loss, y, weight):
        """Summed loss of rows, of a function that gives it by a criterion."""
        criterion = self.net.criterion_
        if weight is None:
            found = loss(criterion)
        else:
            found = weighted_loss(criterion, loss, y, weight)
        if not self.averages:
            return found
        shares = self._row_shares(y)
        if weight is not None:
            shares = shares * weight
        return found * float(shares.sum())

    def _row_shares(self, y):
        """What rows count in means: one, unless targets are ignored or weighted."""
        shares = target_shares(self.net.criterion_, y)
        if shares is None:
            return torch.ones(y.shape[0], dtype=torch.float64)
        return shares.cpu().double().reshape(y.shape[0], -1).mean(dim=1)

    def counts(self, rows):
        """What each row counts in means of losses: its weight, times its share.

        A sum over batches of their means, times what their rows count, does not depend
        on which rows are read together.

        Returns
        -------
        ndarray of shape (n_rows,)
        """
        y = self.targets.shape.tensor(rows.y, "cpu")
        return rows.weight * self._row_shares(y).numpy()

    def counted(self, rows):
        """Which of the flat targets of rows the criterion counts."""
        y = self.targets.shape.tensor(rows.y, "cpu")
        shares = target_shares(self.net.criterion_, y)
        if shares is None:
            return np.ones(rows.y.shape, dtype=bool)
        return shares.numpy().reshape(rows.y.shape) > 0.0

    def check_weighs(self, rows):
        """Refuse rows with weights where the criterion cannot weigh them.

        Raises
        ------
        ValueError
        """
        few = rows.take(np.arange(min(rows.n_rows, 2)))
        for X, y, _ in self.batches(few.reweighted(np.ones(few.n_rows))):
            check_weighs(self.net, X, y)

    def raw(self, outputs):
        """Raw predictions: of probabilities, which NLLLoss takes, the logarithms.

        Gauss and Newton's matrix depends on where a model is cut into predictions and
        loss. The loss of logarithms has the curvature of a cross entropy; that of
        probabilities vanishes with the slope where a row is fitted.
        """
        if not self._probabilities:
            return outputs
        return torch.log(outputs + torch.finfo(outputs.dtype).eps)

    def raw_loss(self, raw, X, y, weight):
        """Summed loss of rows with these raw predictions."""
        if not self._probabilities:
            return self.loss(raw, X, y, weight)

        def loss(criterion):
            return cross_entropy(
                raw,
                y,
                weight=criterion.weight,
                ignore_index=criterion.ignore_index,
                reduction=criterion.reduction,
            )

        return self._summed(loss, y, weight)

    @property
    def _probabilities(self):
        net = self.net
        return (
            isinstance(net.criterion_, torch.nn.NLLLoss)
            and isinstance(net, NeuralNetClassifier)
            and type(net).get_loss is WeightsMixin.get_loss
        )

    def differentiable(self):
        """A context in which all kernels have the derivatives that are needed.

        Fused kernels of recurrent layers and of attention have no forward derivatives,
        nor second ones; the former, in evaluation mode on a GPU, not even the first.
        """
        layers = list(self.module.modules())
        recurrent = any(isinstance(each, torch.nn.RNNBase) for each in layers)
        return _unfused(recurrent)


class _Losses(torch.nn.Module):
    """The summed loss of rows as a module, in which the net's own one is a part."""

    def __init__(self, function):
        super().__init__()
        self.module, self.function = function.module, function

    def forward(self, X, y, weight):
        return self.function.loss(self.module(X), X, y, weight)


def _axis_of_classes(outputs, y, criterion):
    """The axis that outputs have beside those of targets; None if none or two may be.

    Outputs may also be those of all places of all rows, one after another.
    """
    if outputs.ndim == 2 and outputs.shape[0] == y.numel():
        return 1
    if outputs.ndim != y.ndim + 1:
        return None
    axes = [
        axis
        for axis in (1, outputs.ndim - 1)
        if outputs.shape[:axis] + outputs.shape[axis + 1 :] == y.shape
    ]
    if type(criterion) in (torch.nn.NLLLoss, torch.nn.CrossEntropyLoss):
        axes = [axis for axis in axes if axis == 1]
    return axes[0] if len(set(axes)) == 1 else None


def _copied(net):
    """The same net with a copy of its module, in evaluation mode."""
    version = object.__new__(type(net))
    vars(version).update(vars(net), module_=copied(net.module_).eval())
    return version


@contextmanager
def _explained():
    """Say what can be done where torch fails."""
    try:
        yield
    except torch.cuda.OutOfMemoryError:
        raise
    except RuntimeError as error:  # NotImplementedError is one
        raise UnlearningError(
            f"The module or the loss could not be differentiated: {error}. An "
            "operation that lacks a derivative can be written with others; "
            "method='first_order' with a number as unlearning_rate needs first "
            "derivatives alone."
        ) from error


@contextmanager
def _unfused(recurrent):
    """Without fused attention and, if there are such layers, fused recurrent ones."""
    mha, mkldnn = torch.backends.mha, torch.backends.mkldnn
    with _FLAGS, ExitStack() as stack:
        stack.enter_context(_explained())
        stack.enter_context(torch.enable_grad())
        stack.callback(mha.set_fastpath_enabled, mha.get_fastpath_enabled())
        mha.set_fastpath_enabled(False)
        stack.enter_context(sdpa_kernel(SDPBackend.MATH))
        if recurrent:
            # its other flags stay: to set them warns on most machines
            stack.callback(mkldnn.set_flags, mkldnn.set_flags(False)[0])
            stack.enter_context(torch.backends.cudnn.flags(enabled=False))
        yield
