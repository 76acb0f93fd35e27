"""Attributes of modules beside parameters and buffers, such as activations to show."""

from __future__ import annotations

import copy
from array import array
from collections import deque
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any

import numpy as np
import torch

#: What torch itself keeps in attributes: parts with names of their own, and hooks.
_OWN = frozenset(vars(torch.nn.Module()))
_SEQUENCES = (list, tuple, deque)
_SETS = (set, frozenset)
_PLAIN = (int, float, complex, np.generic, Decimal, Fraction, str, bytes)
_BUFFERS = (bytearray, array)


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
        for each, _ in held
        if isinstance(each, torch.Tensor) and not each.is_leaf
    }


def kept(module):
    """What a module holds in which attributes, beside parameters and buffers.

    Parameters
    ----------
    module : torch.nn.Module

    Returns
    -------
    dict
        Of attributes, as names of a part of the module and in it, to lists of tensors,
        arrays, numbers and texts, each with its value.
    """
    own = {id(each) for each in (*module.parameters(), *module.buffers())}
    return {
        (name, attribute): [(each, _value(each)) for each in held]
        for name, part in module.named_modules()
        # what recurrent layers list are their parameters
        if not isinstance(part, torch.nn.RNNBase)
        for attribute, value in vars(part).items()
        if attribute not in _OWN and (held := list(_leaves(value, set(own))))
    }


def written(module, before):
    """Attributes that were written since, be it with the same values.

    Parameters
    ----------
    module : torch.nn.Module
    before : dict
        What it `kept`.

    Returns
    -------
    tuple of tuple of str
    """

    def seen(held):
        return [(id(each), value) for each, value in held]

    return tuple(
        place
        for place, held in kept(module).items()
        if seen(held) != seen(before.get(place, []))
    )


def other(module, before):
    """Attributes with other values than those of a module of which this is a copy.

    Parameters
    ----------
    module : torch.nn.Module
    before : dict
        What that `kept`.

    Returns
    -------
    tuple of tuple of str
    """

    def values(held):
        return [value for _, value in held]

    return tuple(
        place
        for place, held in kept(module).items()
        if values(held) != values(before.get(place, []))
    )


def blank(module, places):
    """Set what is in these attributes to zero: it may tell of rows that left.

    Parameters
    ----------
    module : torch.nn.Module
        Changed.
    places : tuple of tuple of str
        As `written` gives them.
    """
    parts = dict(module.named_modules())
    for name, attribute in places:
        values: Any = vars(parts[name])
        if attribute in values:
            values[attribute] = _zeros(values[attribute])


def _leaves(value, seen):
    """Tensors, arrays, numbers and texts in a value, or in what it consists of."""
    if isinstance(value, bool):
        return
    if isinstance(value, _PLAIN):
        yield value
    elif id(value) not in seen:
        seen.add(id(value))
        if isinstance(value, (torch.Tensor, np.ndarray, *_BUFFERS)):
            yield value
            return
        for each in _parts(value):
            yield from _leaves(each, seen)


def _parts(value):
    """What a container or an object consists of."""
    if isinstance(value, dict):
        return [part for pair in value.items() for part in pair]
    if isinstance(value, (*_SEQUENCES, *_SETS)):
        return list(value)
    return list(_attributes(value).values())


def _attributes(value):
    """What an object holds of its own, by the names of its attributes."""
    if isinstance(value, type | torch.nn.Module | Enum) or callable(value):
        return {}
    found = dict(getattr(value, "__dict__", {}))
    for cls in type(value).__mro__:
        slots = vars(cls).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            hidden = name.startswith("__") and not name.endswith("__")
            name = f"_{cls.__name__.lstrip('_')}{name}" if hidden else name
            if name not in ("__dict__", "__weakref__") and hasattr(value, name):
                found[name] = getattr(value, name)
    return found


def _value(leaf):
    """What tells one value from another."""
    if isinstance(leaf, torch.Tensor):
        data = leaf.detach().to_dense() if leaf.is_sparse else leaf.detach()
        data = data.cpu().contiguous().reshape(-1).view(torch.uint8)
        return leaf.dtype, leaf.shape, data.numpy().tobytes()
    if isinstance(leaf, np.ndarray):
        data = repr(leaf.tolist()) if leaf.dtype.hasobject else leaf.tobytes()
        return leaf.dtype, leaf.shape, data
    if isinstance(leaf, _BUFFERS):
        return type(leaf), bytes(leaf)
    return type(leaf), repr(leaf)


def _zeros(value, made=None):
    """The same without what it tells: zeros, empty texts and sets.

    What holds itself is as it was in that; ``made`` has what was made of such.
    """
    made = {} if made is None else made
    if id(value) in made:
        return made[id(value)][0]
    if isinstance(value, torch.Tensor):
        return torch.zeros(value.shape, dtype=value.dtype, device=value.device)
    if isinstance(value, np.ndarray):
        return np.zeros(value.shape, value.dtype)
    if isinstance(value, bool):
        return value
    if isinstance(value, (*_PLAIN, *_SETS)):
        return type(value)()
    if isinstance(value, bytearray):
        return bytearray(len(value))
    if isinstance(value, array):
        return array(value.typecode, bytes(len(value) * value.itemsize))
    if isinstance(value, tuple):
        parts = [_zeros(each, made) for each in value]
        return value._make(parts) if hasattr(value, "_make") else tuple(parts)
    attributes = _attributes(value)
    if not attributes and not isinstance(value, (dict, *_SEQUENCES)):
        return value
    emptied = copy.copy(value)
    made[id(value)] = emptied, value  # which lives on, so that nothing has its id
    if isinstance(value, dict):
        # keys that are no names may be values of rows
        emptied.clear()
        named = {name: each for name, each in value.items() if isinstance(name, str)}
        emptied.update({name: _zeros(each, made) for name, each in named.items()})
    elif isinstance(value, _SEQUENCES):
        emptied.clear()
        emptied.extend(_zeros(each, made) for each in value)
    for name, each in attributes.items():
        object.__setattr__(emptied, name, _zeros(each, made))
    return emptied
