"""Tensors that modules keep beside parameters and buffers, as activations to show."""

from __future__ import annotations

import copy

import torch

#: What torch keeps there has names in the state of a module.
_REGISTERED = ("_parameters", "_buffers", "_modules")


def copied(module):
    """A deep copy; of tensors that a forward pass left, the values alone.

    Parameters
    ----------
    module : torch.nn.Module

    Returns
    -------
    torch.nn.Module
    """
    return copy.deepcopy(module, detached(module))


def detached(module):
    """A memo for deep copies, which torch refuses of tensors with a history.

    Parameters
    ----------
    module : torch.nn.Module

    Returns
    -------
    dict
    """
    return {
        id(each): each.detach().clone()
        for held in kept(module).values()
        for each in held
        if not each.is_leaf
    }


def kept(module):
    """Which tensors a module holds in which attributes.

    Parameters
    ----------
    module : torch.nn.Module

    Returns
    -------
    dict
        Of attributes, as names of a part of the module and in it, to lists of tensors.
    """
    return {
        (name, attribute): held
        for name, part in module.named_modules()
        # what recurrent layers list are their parameters
        if not isinstance(part, torch.nn.RNNBase)
        for attribute, value in vars(part).items()
        if attribute not in _REGISTERED and (held := list(_tensors(value)))
    }


def written(module, before):
    """Attributes that have other tensors now.

    Parameters
    ----------
    module : torch.nn.Module
    before : dict
        What it `kept`.

    Returns
    -------
    tuple of tuple of str
    """
    return tuple(
        place
        for place, held in kept(module).items()
        if list(map(id, held)) != list(map(id, before.get(place, [])))
    )


def blank(module, places):
    """Set tensors in these attributes to zero: they may tell of rows that left.

    Parameters
    ----------
    module : torch.nn.Module
        Changed.
    places : tuple of tuple of str
        As `written` gives them.
    """
    parts = dict(module.named_modules())
    for name, attribute in places:
        values = vars(parts[name])
        if attribute in values:
            values[attribute] = _zeros(values[attribute])


def _tensors(value):
    """Tensors in a value, or in containers of such."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _tensors(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _tensors(each)


def _zeros(value):
    if isinstance(value, torch.Tensor):
        return torch.zeros(value.shape, dtype=value.dtype, device=value.device)
    if isinstance(value, dict):
        return {name: _zeros(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        parts = [_zeros(each) for each in value]
        return parts if isinstance(value, list) else tuple(parts)
    return value
