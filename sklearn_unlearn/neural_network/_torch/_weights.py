"""Losses of batches whose rows have weights, in training and in objectives."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import Any

import torch
from skorch import NeuralNet

#: What a batch of weighted rows holds: skorch divides and orders both alike.
ROWS, WEIGHT = "X", "sample_weight"


class WeightsMixin(NeuralNet):
    """A skorch net that weighs the losses of rows, if they come with weights."""

    def infer(self, x: Any, **fit_params: Any) -> Any:
        """Outputs of the module for a batch.

        Parameters
        ----------
        x : tensor, or dict of a tensor and weights
        **fit_params : dict

        Returns
        -------
        tensor
        """
        x = x[ROWS] if isinstance(x, Mapping) else x
        return super().infer(x, **fit_params)

    def get_loss(
        self, y_pred: Any, y_true: Any, X: Any = None, training: bool = False
    ) -> Any:
        """Loss of a batch.

        Parameters
        ----------
        y_pred, y_true : tensor
        X : tensor, or dict of a tensor and weights
        training : bool, default=False

        Returns
        -------
        tensor
        """
        if not isinstance(X, Mapping):
            return super().get_loss(y_pred, y_true, X=X, training=training)

        def loss(criterion):
            net: Any = super(WeightsMixin, with_criterion(self, criterion))
            return net.get_loss(y_pred, y_true, X=X[ROWS], training=training)

        return weighted_loss(self.criterion_, loss, y_true, X[WEIGHT])


def check_weighs(net, X, y):
    """Refuse weights where losses could not be told of them.

    Parameters
    ----------
    net : NeuralNet
        In evaluation mode.
    X, y : tensor
        A few rows and their targets, to try it on.

    Raises
    ------
    ValueError
    """
    if type(net).get_loss is not WeightsMixin.get_loss:
        raise ValueError(
            f"sample_weight must be None: {type(net).__name__} computes losses by a "
            "get_loss of its own, which knows no weights."
        )
    with torch.no_grad():
        outputs = net.infer(X)
        known = float(net.get_loss(outputs, y, X=X))
        weighted = {ROWS: X, WEIGHT: torch.ones(y.shape[0])}
        found = float(net.get_loss(outputs, y, X=weighted))
    if math.isfinite(known) and not math.isclose(
        found, known, rel_tol=1e-3, abs_tol=1e-6
    ):
        raise ValueError(
            "sample_weight needs a criterion whose losses of rows, given with "
            "reduction='none', have its loss as their mean or sum: those of "
            f"{type(net.criterion_).__name__} have not."
        )


def with_criterion(net, criterion):
    """The same net with another criterion."""
    changed = object.__new__(type(net))
    vars(changed).update(vars(net), criterion_=criterion)
    return changed


def weighted_loss(criterion, loss, y, weight):
    """What the criterion gives for a batch in which a row of weight w is w rows.

    Parameters
    ----------
    criterion : torch.nn.Module
        With an attribute ``reduction``.
    loss : callable
        The loss of the batch by another criterion, of the losses of single rows.
    y : tensor of shape (n_rows, ...)
    weight : tensor of shape (n_rows,)

    Raises
    ------
    ValueError
        If the criterion has no losses of single rows.
    """
    reduction = getattr(criterion, "reduction", None)
    name = type(criterion).__name__
    if reduction not in ("mean", "sum", "batchmean"):
        raise ValueError(
            f"sample_weight needs a criterion that sums or averages losses of rows, "
            f"as its attribute reduction says: {name} has "
            f"{'none' if reduction is None else repr(reduction)}."
        )
    single = copy.copy(criterion)
    single.reduction = "none"
    losses = loss(single)
    n_rows = y.shape[0]
    if losses.ndim == 0 or losses.shape[0] != n_rows:
        raise ValueError(
            f"sample_weight needs a loss of each row: with reduction='none' {name} "
            f"gives shape {tuple(losses.shape)} for {n_rows} rows."
        )
    losses = losses.reshape(n_rows, -1)
    weight = weight.to(losses)
    total = weight @ losses.sum(dim=1)
    if reduction == "sum":
        return total
    if reduction == "batchmean":
        count = weight.sum()
    else:
        shares = target_shares(criterion, y.to(losses.device))
        if shares is None:
            shares = torch.ones_like(losses)
        count = weight @ shares.to(losses).reshape(losses.shape).sum(dim=1)
    # of rows of weight zero alone the mean is zero
    return total / count.clamp_min(torch.finfo(count.dtype).tiny)


def target_shares(criterion, y):
    """How much each target counts in the mean that the criterion takes.

    Parameters
    ----------
    criterion : torch.nn.Module
    y : tensor of shape (n_rows, ...)

    Returns
    -------
    tensor of shape (n_rows, ...) or None
        Zero where a target is ignored, and else the weight of its class. None if all
        count alike.
    """
    of_classes = isinstance(criterion, (torch.nn.NLLLoss, torch.nn.CrossEntropyLoss))
    if not of_classes or y.is_floating_point():
        return None
    counted = y != criterion.ignore_index
    if criterion.weight is None:
        return counted.float()
    weight = criterion.weight.to(y.device)
    return counted * weight[torch.where(counted, y, 0).long()]
