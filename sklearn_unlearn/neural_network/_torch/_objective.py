"""The objective of a module over rows, and its curvature, by automatic derivatives.

No Jacobian and no square matrix is made: a product costs about three gradients, and
the memory of a batch in training about twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch.func import grad, jvp, vjp

from sklearn_unlearn.core.rows import Rows
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.neural_network._torch._function import ModuleFunction

#: What torch says where a derivative is missing.
_NO_DERIVATIVE = ("not implemented", "forward AD", "autograd.Function with functorch")


@dataclass(frozen=True, eq=False)
class ModuleObjective:
    """Summed loss of rows plus half the squared parameters times their decay.

    Attributes
    ----------
    function : ModuleFunction
    rows : Rows
    decay : tensor of shape (n_parameters,)
    """

    function: ModuleFunction
    rows: Rows
    decay: Any

    @staticmethod
    def of(function, rows):
        """The objective that training minimises over so many rows."""
        return ModuleObjective(function, rows, function.decay(rows.n_rows))

    @property
    def n_rows(self):
        """Number of rows."""
        return self.rows.n_rows

    def value_and_gradient(self, theta):
        """The objective and its gradient."""
        value, gradient = self.data_value_and_gradient(theta)
        decayed = self.decay * theta
        return value + 0.5 * float(decayed @ theta), gradient + decayed

    def data_value_and_gradient(self, theta):
        """The same without the decay."""
        function, leaf = self.function, theta.detach().requires_grad_()
        value, gradient = 0.0, torch.zeros_like(theta)
        with function.differentiable():
            for X, y in function.batches(self.rows):
                loss = function.loss(function.outputs(leaf, X), X, y)
                gradient += torch.autograd.grad(loss, leaf)[0]
                value += float(loss.detach())
        return value, gradient

    def mean_loss(self, theta):
        """Mean of the losses of the rows."""
        function, value = self.function, 0.0
        with torch.no_grad():
            for X, y in function.batches(self.rows):
                value += float(function.loss(function.outputs(theta, X), X, y))
        return value / self.n_rows

    def curvature(self, theta, rows, kind):
        """The curvature at theta, estimated from some rows; None means all."""
        if rows is None:
            return ModuleCurvature(self, theta, self.rows, kind)
        return ModuleCurvature(self, theta, self.rows.take(rows), kind)


@dataclass(frozen=True, eq=False)
class ModuleCurvature:
    """Gauss and Newton's matrix, or the Hessian, of an objective at theta.

    Attributes
    ----------
    objective : ModuleObjective
    theta : tensor
    rows : Rows
        From which it is estimated.
    kind : {"gauss_newton", "hessian"}
    """

    objective: ModuleObjective
    theta: Any
    rows: Rows
    kind: str

    #: A diagonal would need a gradient a row.
    diagonal = None

    def dot(self, vector):
        """The matrix times a vector."""
        product = torch.zeros_like(vector)
        try:
            with self.objective.function.differentiable():
                for times in self._batches if self._kept is None else self._kept:
                    product += times(vector).detach()
        except RuntimeError as error:  # NotImplementedError is one
            known = isinstance(error, NotImplementedError)
            if not known and not any(each in str(error) for each in _NO_DERIVATIVE):
                raise
            raise UnlearningError(
                "An operation of the module or of the loss lacks a derivative that "
                "products with the curvature need: write it with others, or use "
                f"method='first_order' with a number as unlearning_rate. {error}"
            ) from error
        share = self.rows.n_rows / self.objective.n_rows
        return product / share + self.objective.decay * vector

    @cached_property
    def _kept(self):
        """Products of all batches, if there is one: what else is kept adds up."""
        n_rows = self.rows.n_rows
        if n_rows > self.objective.function.batch_size(n_rows):
            return None
        return list(self._batches)

    @property
    def _batches(self):
        """Products with the curvature of one batch after another."""
        make = self._hessian if self.kind == "hessian" else self._gauss_newton
        for X, y in self.objective.function.batches(self.rows):
            yield make(X, y)

    def _gauss_newton(self, X, y):
        """``J' L J v``: J of the raw predictions, L the curvature of the loss."""
        function, theta = self.objective.function, self.theta

        def predict(theta):
            return function.raw(function.outputs(theta, X))

        def loss(raw):
            return function.raw_loss(raw, X, y)

        raw, pull = vjp(predict, theta)
        bend = hessian_product(loss, raw)
        return lambda v: pull(bend(jvp(predict, (theta,), (v,))[1]))[0]

    def _hessian(self, X, y):
        function = self.objective.function

        def loss(theta):
            return function.loss(function.outputs(theta, X), X, y)

        return hessian_product(loss, self.theta)


def hessian_product(function, at):
    """The gradient's derivative along a vector, by two backward passes.

    A forward pass over a backward one would need less memory, and fails for losses as
    plain as the squared error (torch 2.13).
    """
    _, pull = vjp(grad(function), at)
    return lambda vector: pull(vector)[0]


def null_loss(function, rows):
    """Mean loss if the module predicted for all rows what it predicts on average."""
    total, value, theta = None, 0.0, function.theta()
    with torch.no_grad():
        for X, _ in function.batches(rows):
            summed = _each(lambda part: part.sum(dim=0), function.outputs(theta, X))
            total = summed if total is None else _added(total, summed)
        mean = _each(lambda part: part / rows.n_rows, total)
        for X, y in function.batches(rows):
            size = y.shape[0]
            outputs = _each(lambda part, n=size: part.expand(n, *part.shape), mean)
            value += float(function.loss(outputs, X, y))
    return value / rows.n_rows


def _each(change, outputs):
    """A tensor, or each of several, changed."""
    if isinstance(outputs, torch.Tensor):
        return change(outputs)
    return tuple(_each(change, part) for part in outputs)


def _added(first, second):
    if isinstance(first, torch.Tensor):
        return first + second
    return tuple(_added(*pair) for pair in zip(first, second, strict=True))
