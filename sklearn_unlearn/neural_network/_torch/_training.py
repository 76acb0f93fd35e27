"""Training by skorch, from the start or apart from a net that is trained already."""

from __future__ import annotations

import copy

from skorch import NeuralNet
from skorch.callbacks import Callback
from skorch.history import History

from sklearn_unlearn.neural_network._torch._modules import copied


class TrainingMixin(NeuralNet):
    """A skorch net whose versions share nothing that training changes."""

    def initialized_instance(self, instance_or_cls, kwargs):
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

    def set_params(self, **params):
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

    def initialize_history(self):
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
