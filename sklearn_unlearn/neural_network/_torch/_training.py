"""Training by skorch, from the start or apart from a net that is trained already."""

from __future__ import annotations

import copy
from numbers import Integral
from typing import Any, Self

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import Callback
from skorch.dataset import ValidSplit
from skorch.history import History
from torch.utils.data import DataLoader, Sampler, Subset

from sklearn_unlearn.neural_network._named_order import NamedOrder
from sklearn_unlearn.neural_network._torch._modules import copied
from sklearn_unlearn.utils.row_names import hashes_of_rows


class EpochsByName(Sampler):
    """The order of each epoch in turn, drawn from the names of rows."""

    def __init__(self, order: NamedOrder):
        self.order, self.epoch = order, -1

    def __iter__(self):
        self.epoch += 1
        return iter(self.order.of_epoch(self.epoch).tolist())

    def __len__(self):
        return self.order.names.size


class TrainingMixin(NeuralNet):
    """A skorch net whose versions share nothing that training changes."""

    #: From which epochs are shuffled and rows held out, while rows have names.
    _named_order: Any = None

    def get_split_datasets(self, X: Any, y: Any = None, **fit_params: Any) -> Any:
        """Rows to train on and rows that are held out, drawn from names if they can be.

        Parameters
        ----------
        X, y, **fit_params
            As skorch's.

        Returns
        -------
        tuple of Dataset
        """
        split, order = self.train_split, self._named_order
        drawn = isinstance(split, ValidSplit) and isinstance(split.cv, Integral | float)
        if order is None or not drawn:
            return super().get_split_datasets(X, y, **fit_params)
        share = 1.0 / split.cv if isinstance(split.cv, Integral) else split.cv
        strata = np.zeros(order.names.size, dtype=np.intp)
        if split.stratified:
            _, strata = np.unique(np.asarray(y), return_inverse=True)
        held = order.held_out(share, strata)
        data = self.get_dataset(X, y)
        return tuple(Subset(data, np.flatnonzero(each)) for each in (~held, held))

    def get_iterator(self, dataset: Any, training: bool = False) -> Any:
        """Batches of rows; shuffled ones by names, if they have some.

        Parameters
        ----------
        dataset : Dataset
        training : bool, default=False

        Returns
        -------
        iterable
        """
        order = self._named_order
        given = self.get_params_for("iterator_train")
        loads = isinstance(self.iterator_train, type)
        loads = loads and issubclass(self.iterator_train, DataLoader)
        if order is None or not (training and loads and given.get("shuffle")):
            return super().get_iterator(dataset, training=training)
        rows = getattr(dataset, "indices", slice(None))
        sampler = EpochsByName(order.take(rows))
        size = given.pop("batch_size", self.batch_size)
        size = len(dataset) if size == -1 else size
        given |= {"shuffle": False, "sampler": sampler, "batch_size": size}
        return self.iterator_train(dataset, **given)

    def initialized_instance(self, instance_or_cls: Any, kwargs: Any) -> Any:
        """A module, or a criterion, to train.

        Parameters
        ----------
        instance_or_cls : torch.nn.Module, class or callable
            An instance is copied: it stays as it was passed, so that each fit starts
            there and no request has to change it.
        kwargs : dict

        Returns
        -------
        torch.nn.Module
        """
        made = super().initialized_instance(instance_or_cls, kwargs)
        return copied(made) if made is instance_or_cls else made

    def set_params(self, **params: Any) -> Self:
        """Set parameters; those of the optimiser also for optimisers to come.

        Parameters
        ----------
        **params : dict
            As skorch's, which sets them in the present optimiser alone.

        Returns
        -------
        self : object
        """
        super().set_params(**params)
        for name, value in params.items():
            if name.startswith("optimizer__") and name.count("__") == 1:
                setattr(self, name, value)
        return self

    def initialize_history(self) -> Self:
        """Start a new history; other versions of the net keep theirs."""
        self.history_ = History()
        return self


def without_training(net):
    """Start anew what knows rows that may have left, but for the module.

    The moments of the optimiser do, the figures of the epochs, and callbacks.

    Parameters
    ----------
    net : NeuralNet
        A version of a net that nobody else has.
    """
    decays = [group.get("weight_decay") for group in net.optimizer_.param_groups]
    net.initialize_optimizer()
    groups = net.optimizer_.param_groups
    if len(groups) == len(decays):
        for group, decay in zip(groups, decays, strict=True):
            if decay is not None:  # may have been set for the group alone
                group["weight_decay"] = decay
    net.initialize_history()
    if net.callbacks == "disable":
        return
    own = {
        name: copy.copy(each)
        for name, each in vars(net).items()
        if name.startswith("callbacks__") and isinstance(each, Callback)
    }
    passed = net.callbacks and [_shallow(each) for each in net.callbacks]
    vars(net).update(own, callbacks=passed)
    net.initialize_callbacks()


def named_order(ids, X, y):
    """How rows of these names are visited, from a seed that torch draws."""
    seed = int(torch.randint(2**31, ()))
    return NamedOrder(seed, hashes_of_rows(ids, X, y))


def trained(net):
    """What training leaves in a net, and requests put in its place.

    Parameters
    ----------
    net : NeuralNet

    Returns
    -------
    dict
    """
    names = ("module_", "optimizer_", "history_", "callbacks_", "callbacks", "_fitted")
    return {
        name: each
        for name, each in vars(net).items()
        if name in names or isinstance(each, Callback)
    }


def _shallow(callback):
    """The callback, or its name and it; what it holds is shared, as a file would be."""
    if isinstance(callback, tuple):
        return tuple(copy.copy(each) for each in callback)
    return copy.copy(callback)
