"""The objective of a module over rows, and its curvature, by automatic derivatives.

No Jacobian and no square matrix is made: a product costs about two gradients of the
rows that it reads, and the memory of a batch in training about three times.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch.func import grad, jvp, vjp

from sklearn_unlearn.core.network.descent import Slope
from sklearn_unlearn.core.rows import Rows
from sklearn_unlearn.neural_network._torch._function import ModuleFunction
from sklearn_unlearn.neural_network._torch._modules import blank

#: So many batches or fewer say little of a diagonal.
_FEW_BATCHES = 4
#: So many batches or fewer keep between products what they computed at theta.
_KEPT_BATCHES = 2


@dataclass(frozen=True, eq=False)
class ModuleObjective:
    """Summed loss of rows plus half the squared parameters times their decay.

    Attributes
    ----------
    function : ModuleFunction
    rows : Rows
        Those with a weight, and a target that the loss counts.
    decay : tensor of shape (n_parameters,)
    """

    function: ModuleFunction
    rows: Rows
    decay: Any

    @staticmethod
    def of(function, rows):
        """The objective that training minimises over these rows."""
        if np.any(rows.weight != 1.0):
            function.check_weighs(rows)
        n_rows, counts = rows.weighted().n_rows, function.counts(rows)
        if not counts.all():
            rows = rows.take(np.flatnonzero(counts))
        decay = function.decay(n_rows, float(counts.sum()))
        return ModuleObjective(function, rows, decay)

    @property
    def n_rows(self):
        """Number of rows."""
        return self.rows.n_rows

    @cached_property
    def count(self):
        """What the rows count together."""
        return float(self.function.counts(self.rows).sum())

    def value(self, theta):
        """The objective."""
        decayed = self.decay * theta
        return self._data_value(theta) + 0.5 * float(decayed @ theta)

    def value_and_gradient(self, theta):
        """The objective and its gradient."""
        value, gradient, _ = self.slope(theta)
        return value, gradient

    def slope(self, theta):
        """Both, and the summed squares of the gradients of batches, if they are many.

        Of one batch they would be the gradient again.
        """
        value, gradient, squares = self._data_slope(theta)
        decayed = self.decay * theta
        few = self.n_rows <= _FEW_BATCHES * self.function.batch_size(self.n_rows)
        return Slope(
            value + 0.5 * float(decayed @ theta),
            gradient + decayed,
            None if few else squares,
        )

    def data_value_and_gradient(self, theta):
        """The objective and its gradient without the decay."""
        value, gradient, _ = self._data_slope(theta)
        return value, gradient

    def _data_slope(self, theta):
        function, leaf = self.function, theta.detach().requires_grad_()
        value, gradient = 0.0, torch.zeros_like(theta)
        squares = torch.zeros_like(theta)
        with function.differentiable():
            for X, *rest in function.batches(self.rows):
                loss = function.losses(leaf, X, *rest)
                part = torch.autograd.grad(loss, leaf)[0]
                gradient += part
                squares.addcmul_(part, part)
                value += float(loss.detach())
        return value, gradient, squares

    def mean_loss(self, theta):
        """Weighted mean of the losses of the rows; nan if none counts."""
        return self._data_value(theta) / self.count if self.count else math.nan

    def _data_value(self, theta):
        function, value = self.function, 0.0
        with torch.no_grad():
            for X, *rest in function.batches(self.rows):
                value += float(function.losses(theta, X, *rest))
        return value

    def curvature(self, theta, rows, kind, squares=None):
        """The curvature at theta, estimated from some rows; None means all."""
        rows = self.rows if rows is None else self.rows.take(rows)
        diagonal = None if squares is None else squares + self.decay
        return ModuleCurvature(self, theta, rows, kind, diagonal)


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
    diagonal : tensor or None
        An estimate of Gauss and Newton's, to precondition with.
    """

    objective: ModuleObjective
    theta: Any
    rows: Rows
    kind: str
    diagonal: Any = None

    def dot(self, vector):
        """The matrix times a vector."""
        product = torch.zeros_like(vector)
        with self.objective.function.differentiable():
            for times in self._batches if self._kept is None else self._kept:
                product += times(vector).detach()
        return product / self._share + self.objective.decay * vector

    @cached_property
    def _share(self):
        """What these rows count of those of the objective."""
        counts = self.objective.function.counts(self.rows)
        return float(counts.sum()) / self.objective.count

    @cached_property
    def _kept(self):
        """Products of all batches, if they are few: what is kept adds up."""
        n_rows = self.rows.n_rows
        if n_rows > _KEPT_BATCHES * self.objective.function.batch_size(n_rows):
            return None
        return list(self._batches)

    @property
    def _batches(self):
        """Products with the curvature of one batch after another."""
        make = self._hessian if self.kind == "hessian" else self._gauss_newton
        for batch in self.objective.function.batches(self.rows):
            yield make(*batch)

    def _gauss_newton(self, X, y, weight):
        """``J' L J v``: J of the raw predictions, L the curvature of the loss."""
        function = self.objective.function
        predictions = Predictions.at(function, self.theta, X)
        bend = hessian_product(
            lambda raw: function.raw_loss(raw, X, y, weight), predictions.raw
        )
        return lambda v: predictions.pulled(bend(predictions.pushed(v)))

    def _hessian(self, X, y, weight):
        function = self.objective.function

        def loss(theta):
            return function.losses(theta, X, y, weight)

        product = hessian_product(loss, self.theta)
        return lambda v: product([v])[0]


@dataclass(frozen=True, eq=False)
class Predictions:
    """Raw predictions of a batch, and products with their derivatives.

    Attributes
    ----------
    predict : callable
        The raw predictions with other parameters.
    theta : tensor
    raw : tensor, or tuple of such
        The predictions at theta.
    """

    predict: Any
    theta: Any
    raw: Any

    @staticmethod
    def at(function, theta, X):
        """Those of a function at theta."""

        def predict(theta):
            return function.raw(function.outputs(theta, X))

        theta = theta.detach().requires_grad_()
        return Predictions(predict, theta, predict(theta))

    def pulled(self, vectors):
        """One vector for each tensor of the predictions, times their Jacobian."""
        return _pulled(parts(self.raw), [self.theta], vectors)[0]

    def pushed(self, vector):
        """Their derivative along a vector, tensor after tensor."""
        if "_back" in vars(self):
            return self._pushed_back(vector)
        try:
            at = self.theta.detach()
            return parts(jvp(self.predict, (at,), (vector,))[1])
        except torch.cuda.OutOfMemoryError:
            raise
        except RuntimeError:  # not all that has derivatives has forward ones
            found = self._pushed_back(vector)
            self._check_adjoint(vector, found)
            return found

    def _pushed_back(self, vector):
        """The same by a backward pass over a backward one."""
        dummies, back = self._back
        return _pulled([back], dummies, [vector])

    def _check_adjoint(self, vector, pushed):
        """Refuse operations that torch differentiates twice wrongly, and in silence."""
        generator = torch.Generator().manual_seed(0)
        drawn = [
            torch.randn(each.shape, generator=generator).to(each) for each in pushed
        ]
        pulled = self.pulled(drawn)
        one = sum(
            float((u * each).sum()) for u, each in zip(drawn, pushed, strict=True)
        )
        other = float(pulled @ vector)
        scale = float(pulled.norm() * vector.norm())
        if abs(one - other) > torch.finfo(vector.dtype).eps ** 0.5 * scale:
            raise RuntimeError("an operation lacks a derivative of its derivative")

    @cached_property
    def _back(self):
        """Vectors, and their product with the Jacobian, which is linear in them."""
        outputs = parts(self.raw)
        dummies = [torch.zeros_like(each).requires_grad_() for each in outputs]
        pairs = zip(outputs, dummies, strict=True)
        used = [pair for pair in pairs if pair[0].requires_grad]
        outputs, seeds = zip(*used, strict=True)
        back = torch.autograd.grad(outputs, self.theta, seeds, create_graph=True)
        return dummies, back[0]


def hessian_product(function, at):
    """The gradient's derivative along vectors, by two backward passes.

    A forward pass over a backward one would need less memory, and fails for losses as
    plain as the squared error (torch 2.13).

    Parameters
    ----------
    function : callable
    at : tensor, or tuple of such

    Returns
    -------
    callable
        Of lists of tensors, one for each of ``at``.
    """
    at = each_part(torch.Tensor.detach, at)
    _, pull = vjp(grad(function), at)

    def product(vectors):
        each = iter(vectors)
        return parts(pull(each_part(lambda part: next(each), at))[0])

    return product


def _pulled(outputs, inputs, vectors):
    """Vectors times the Jacobian of outputs; zero where nothing depends on inputs."""
    pairs = zip(outputs, vectors, strict=True)
    used = [pair for pair in pairs if pair[0].requires_grad]
    if not used:
        return [torch.zeros_like(each) for each in inputs]
    outputs, vectors = zip(*used, strict=True)
    return torch.autograd.grad(
        outputs, inputs, vectors, retain_graph=True, materialize_grads=True
    )


def null_loss(function, rows):
    """Mean loss if the module predicted for all rows what it predicts on average."""
    rows, theta = ModuleObjective.of(function, rows).rows, function.theta()
    value, total = 0.0, tuple[Any, ...]()
    with torch.no_grad():
        for X, _, weight in function.batches(rows):
            outputs = parts(function.outputs(theta, X))
            sums = [_summed(part, X.shape[0], weight) for part in outputs]
            total = tuple(map(_added, total, sums)) if total else tuple(sums)
        weight = float(rows.weight.sum())
        means = [None if each is None else each / weight for each in total]
        for X, y, weight in function.batches(rows):
            each = iter(means)
            outputs = each_part(
                lambda part, each=each, X=X: _expanded(next(each), part, X.shape[0]),
                function.outputs(theta, X),
            )
            value += float(function.loss(outputs, X, y, weight))
    return value / float(function.counts(rows).sum())


def predicts_by(function, place, rows):
    """Whether the module predicts otherwise, or not, without what is in an attribute.

    Parameters
    ----------
    function : ModuleFunction
    place : tuple of str
        As `blank` takes it.
    rows : Rows

    Returns
    -------
    bool
    """
    few = rows.take(np.arange(min(rows.n_rows, 2)))
    X, theta = function.features.tensor(few.X, function.net.device), function.theta()
    emptied = function.copied()
    blank(emptied.module, [place])
    with torch.no_grad():
        expected = parts(function.outputs(theta, X))
        try:
            found = parts(emptied.outputs(theta, X))
        except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError):
            return True
    return not all(map(torch.equal, expected, found))


def parts(outputs):
    """The tensors that a module gives, one after another."""
    if isinstance(outputs, torch.Tensor):
        return [outputs]
    return [part for each in outputs for part in parts(each)]


def each_part(change, outputs):
    """A tensor, or each of several, changed."""
    if isinstance(outputs, torch.Tensor):
        return change(outputs)
    return tuple(each_part(change, part) for part in outputs)


def _summed(part, n_rows, weight):
    """The sum over rows of what a module gives for them, if it gives it row by row."""
    if not part.ndim or part.shape[0] % n_rows:
        return None
    part = part.reshape(n_rows, -1)
    if weight is not None:
        part = part * weight.to(part)[:, None]
    return part.sum(dim=0)


def _added(first, second):
    """The sum of two sums over rows; None if they are not of the same places."""
    if first is None or second is None or first.shape != second.shape:
        return None
    return first + second


def _expanded(mean, part, n_rows):
    """What a module gives, with the mean over rows for each of them."""
    return part if mean is None else mean.expand(n_rows, -1).reshape(part.shape)
