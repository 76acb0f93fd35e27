"""The objective of what a request changes, read from a sample of the other rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch

from sklearn_unlearn.core.network.variance_reduced_objective import (
    ChangeObjective,
    sampled,
)
from sklearn_unlearn.neural_network._torch._objective import (
    ModuleObjective,
    Predictions,
    each_part,
    hessian_product,
    parts,
)

#: Rows that share one probe of the diagonal.
_GROUP = 16


def change_objective(
    function,
    rows,
    coming,
    max_rows,
    change,
    seed,
    leaving=None,
    before=None,
    pull=0.0,
):
    """What a request changes, beside a sample of the rows that stay.

    Parameters
    ----------
    function : ModuleFunction
    rows : Rows
        The corrected data; those that come are the last.
    coming : Rows or None
    max_rows : int
        Size of the sample.
    change : tensor
        Gradient of the new objective less that of the old.
    seed : int
        Of sample and probes.
    leaving : Rows, optional
        Those whose slopes leave in what is predicted of them, and not in ``change``
        alone.
    before : Rows, optional
        All that stay, as they were, if the features of all change.
    pull : float, default=0.0
        Of the parameters to where they are.

    Returns
    -------
    ChangeObjective or None
        None if no row stays.
    """
    if coming is not None:
        coming = ModuleObjective.of(function, coming)
    n_staying = rows.n_rows - (0 if coming is None else coming.n_rows)
    if n_staying == 0:
        return None
    places = sampled(n_staying, max_rows, seed)
    staying, times = rows.take(places), n_staying / places.size
    theta = function.theta()
    decay = function.decay(staying.n_rows, float(function.counts(staying).sum()))
    if before is not None:
        before = ModuleObjective.of(function, before).rows.take(places)
    staying = Divergence(function, staying, decay, theta, before)
    diagonal = diagonal_estimate(staying, theta, seed) * times
    if coming is not None:
        diagonal += diagonal_estimate(coming, theta, seed)
    if leaving is not None:
        leaving = ModuleObjective.of(function, leaving)
        leaving = Departure(function, leaving.rows, theta * 0.0, theta)
    return ChangeObjective.of(
        coming, staying, times, theta, change, diagonal, leaving, pull
    )


@dataclass(frozen=True, eq=False)
class Divergence(ModuleObjective):
    """How far predictions are from those at the start: zero there, positive elsewhere.

    The Bregman divergence of the loss in the predictions, ``loss(f) - loss(f0)`` less
    the loss's slope at ``f0`` times ``f - f0``: of a cross entropy the divergence of
    Kullback and Leibler, of a squared error the squared change. Training that stopped
    early is not what a request should go on with (Bae, Ng, Lo, Ghassemi and Grosse, If
    influence functions are the answer, then what is the question?, NeurIPS 2022). Its
    Gauss-Newton matrix is the loss's.

    Attributes
    ----------
    start : tensor
        The parameters that give ``f0``.
    before : Rows or None
        The rows of which they give it, if these are others.
    """

    start: Any
    before: Any = None

    def _data_slope(self, theta):
        leaf = theta.detach().requires_grad_()
        value, gradient = 0.0, torch.zeros_like(theta)
        with self.function.differentiable():
            for loss in self._losses(leaf):
                gradient += torch.autograd.grad(loss, leaf)[0]
                value += float(loss.detach())
        return value, gradient, None

    def _data_value(self, theta):
        with torch.no_grad():
            return sum(map(float, self._losses(theta)))

    def _losses(self, theta):
        """Summed divergences of one batch after another."""
        function = self.function
        batches = zip(function.batches(self.rows), self._slopes, strict=True)
        for (X, *rest), (start, slopes) in batches:
            raw = function.raw(function.outputs(theta, X))
            tilt = -start
            for part, slope in zip(parts(raw), slopes, strict=True):
                tilt = tilt - (part * slope).sum()
            yield self._tilted(tilt, raw, X, *rest)

    def _tilted(self, tilt, raw, X, *rest):
        """The loss of a batch with what makes it relative to the start."""
        return self.function.raw_loss(raw, X, *rest) + tilt

    @cached_property
    def _slopes(self):
        """Of each batch, the loss less its slopes times the predictions; the slopes."""
        found, function = [], self.function
        rows = self.rows if self.before is None else self.before
        for X, *rest in function.batches(rows):
            with torch.no_grad():
                raw = function.raw(function.outputs(self.start, X))
            raw = each_part(lambda part: part.requires_grad_(), raw)
            loss = function.raw_loss(raw, X, *rest)
            slopes = torch.autograd.grad(loss, parts(raw), materialize_grads=True)
            start = loss.detach()
            for part, slope in zip(parts(raw), slopes, strict=True):
                start = start - (part.detach() * slope).sum()
            found.append((start, slopes))
        return found


@dataclass(frozen=True, eq=False)
class Departure(Divergence):
    """Minus the slopes that rows leave with, times their predictions.

    It has no curvature: that of the rows leaves with them.
    """

    def _tilted(self, tilt, raw, X, *rest):
        return tilt


def diagonal_estimate(objective, theta, seed):
    """An estimate of the diagonal of Gauss and Newton's matrix, nowhere negative.

    With random signs e, ``e * (L e)`` estimates the diagonal of the loss's curvature L
    in the predictions, and the square of ``J' (sqrt(diag L) * e)`` that of
    ``J' diag(L) J``: one backward pass a group of rows (Bekas, Kokiopoulou and Saad,
    An estimator for the diagonal of a matrix, 2007).

    Parameters
    ----------
    objective : ModuleObjective
    theta : tensor
    seed : int

    Returns
    -------
    tensor
    """
    function, rows = objective.function, objective.rows
    generator = torch.Generator().manual_seed(seed)
    diagonal = objective.decay.clone()
    with function.differentiable():
        for start in range(0, rows.n_rows, _GROUP):
            group = rows.take(np.arange(start, min(start + _GROUP, rows.n_rows)))
            for batch in function.batches(group):
                diagonal += _squares(function, theta, batch, generator)
    return diagonal


def _squares(function, theta, batch, generator):
    """One probe of the diagonal of a group of rows."""
    X, *rest = batch
    predictions = Predictions.at(function, theta, X)
    raw = predictions.raw
    signs = [_signs(part, generator) for part in parts(raw)]
    bent = hessian_product(lambda raw: function.raw_loss(raw, X, *rest), raw)(signs)
    back = predictions.pulled(list(map(_probe, signs, bent))).detach()
    return back * back


def _probe(signs, bent):
    return (signs * bent).clamp(min=0.0).sqrt() * signs


def _signs(part, generator):
    """Random signs in the shape of predictions."""
    signs = torch.randint(0, 2, part.shape, generator=generator) * 2 - 1
    return signs.to(part)
