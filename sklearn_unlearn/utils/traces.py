"""Which numbers and texts an object holds, however deep, and where.

What is looked at is what a pickle would hold, so that `traces` finds in a model what
would leave with its file. No value is ever part of an answer: only where it stands.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pickle import PicklingError
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

#: Roundings by which a number may differ from one that is looked for.
_ROUNDINGS = 8.0
#: Share by which a difference of larger numbers may: what is less like it says nothing.
_VAGUE = 1e-3
#: Encodings in which texts stand in bytes and arrays.
_ENCODINGS = ("utf-8", "utf-16-le", "utf-32-le")
#: What is kept by name, or says nothing.
_BY_NAME = bool | np.bool_ | type | BuiltinFunctionType | ModuleType | None


@dataclass(frozen=True)
class Trace:
    """Something that was looked for, and a place where it stands.

    Attributes
    ----------
    name : str
        As it was called by who looked for it.
    place : str
        Attributes and positions that lead there; entries of dictionaries and sets are
        numbered.
    """

    name: str
    place: str


def traces(value, wanted: Mapping[str, Any], *, differences=False):
    """Where numbers or texts stand in an object.

    Parameters
    ----------
    value : object
    wanted : dict of str to float or str
        What to look for, by the name that it has in the answer. Numbers are found up
        to rounding, in float32 as well, and whatever their sign; texts in longer ones.
    differences : bool, default=False
        Whether numbers are also looked for in differences of two arrays of one shape,
        both of float64.

    Returns
    -------
    list of Trace
        Each name once a place that holds it, an array being one place.
    """
    numbers = {name: each for name, each in wanted.items() if not isinstance(each, str)}
    texts = {name: each for name, each in wanted.items() if isinstance(each, str)}
    found, arrays = [], []
    for place, leaf in leaves(value):
        if isinstance(leaf, np.ndarray) and leaf.dtype.kind in "fiucmM":
            arrays.append((place, leaf))
            found += _numbers_in(place, leaf, numbers)
        elif isinstance(leaf, np.ndarray):
            found += _texts_in(place, leaf.tobytes(), texts)
        elif isinstance(leaf, str):
            found += [Trace(name, place) for name in texts if texts[name] in leaf]
            written = {name: repr(float(each)) for name, each in numbers.items()}
            found += [Trace(name, place) for name in written if written[name] in leaf]
        else:
            found += _texts_in(place, leaf, texts) + _packed_in(place, leaf, numbers)
    if differences:
        # those of float32 would hit any number by chance
        arrays = [each for each in arrays if each[1].dtype == np.float64]
        for (place, one), (other_place, other) in itertools.combinations(arrays, 2):
            if one.shape == other.shape and one.size > 1:
                places = f"{place} - {other_place}"
                found += _numbers_in(places, one - other, numbers, coarse=True)
    return found


def leaves(value, place=""):
    """Arrays, numbers, texts and bytes in an object, with the place of each.

    Yields
    ------
    place : str
    leaf : ndarray, str or bytes
        Numbers are arrays without dimensions.
    """
    waiting, seen = [(place, value)], {}
    while waiting:
        place, each = waiting.pop()
        if isinstance(each, _BY_NAME):
            continue
        if isinstance(each, str | bytes):
            yield place, each
        elif isinstance(each, int | float | complex | np.generic):
            yield place, np.asarray(each, float if isinstance(each, int) else None)
        elif id(each) not in seen:
            seen[id(each)] = each  # kept, so that no other takes its number
            if isinstance(each, np.ndarray) and not each.dtype.hasobject:
                yield place, np.asarray(each)  # of a masked one, what is masked too
            elif isinstance(each, bytearray | memoryview):
                yield place, bytes(each)
            elif _is_tensor(each):
                yield place, _as_array(each)
            else:
                waiting += _parts(place, each)


def _parts(place, value):
    """What an object consists of, with the place of each part."""
    if isinstance(value, np.ndarray | list | tuple):
        flat = value.ravel().tolist() if isinstance(value, np.ndarray) else value
        return [(f"{place}[{i}]", each) for i, each in enumerate(flat)]
    if isinstance(value, dict):
        pairs = enumerate(value.items())
        return [
            part
            for i, (key, each) in pairs
            for part in ((f"{place}.keys[{i}]", key), (f"{place}.values[{i}]", each))
        ]
    if isinstance(value, set | frozenset):
        return [(f"{place}[{i}]", each) for i, each in enumerate(value)]
    if isinstance(value, FunctionType):
        held = {
            name: cell.cell_contents
            for name, cell in zip(
                value.__code__.co_freevars, value.__closure__ or (), strict=True
            )
        }
        named = held | vars(value) | (value.__kwdefaults__ or {})
        return _named(place, named) + _parts(
            f"{place}.defaults", value.__defaults__ or ()
        )
    if isinstance(value, MethodType):
        return [(f"{place}.self", value.__self__), (place, value.__func__)]
    return _reduced(place, value)


def _reduced(place, value):
    """Parts of an object by what a pickle holds of it."""
    try:
        reduced = value.__reduce_ex__(4)
    except (TypeError, AttributeError, PicklingError):  # it has no pickle
        return _named(place, getattr(value, "__dict__", {}))
    if isinstance(reduced, str):
        return []
    _, arguments, *rest = reduced
    state, items, pairs = [*rest, None, None, None][:3]
    found = [(f"{place}.args[{i}]", each) for i, each in enumerate(arguments)]
    for part in state if isinstance(state, tuple) else (state,):
        named = isinstance(part, dict)
        found += _named(place, part) if named else [(f"{place}.state", part)]
    found += _parts(place, list(items or ()))
    return found + _parts(place, dict(pairs or ()))


def _named(place, attributes):
    return [(f"{place}.{name}", each) for name, each in attributes.items()]


def _is_tensor(value):
    """Whether this is a tensor of PyTorch, which need not be installed."""
    return hasattr(value, "detach") and hasattr(value, "untyped_storage")


def _as_array(tensor):
    tensor = tensor.detach().cpu()
    if tensor.is_sparse:
        tensor = tensor.to_dense()
    if tensor.is_floating_point() and tensor.element_size() < 4:
        tensor = tensor.float()
    return tensor.numpy()


def _numbers_in(place, array, wanted, coarse=False):
    """Traces of numbers in an array of them."""
    if array.dtype.kind == "c":
        parts = array.real, array.imag
        return [each for part in parts for each in _numbers_in(place, part, wanted)]
    kind = array.dtype if array.dtype.kind == "f" else np.dtype(np.float64)
    sizes = np.sort(np.abs(array.astype(np.float64, copy=False).ravel()))
    eps = max(float(np.finfo(kind).eps), 2.0**-52)
    largest = sizes[np.isfinite(sizes)].max(initial=0.0) if coarse else 0.0
    error = _ROUNDINGS * eps * largest
    found = []
    for name, number in wanted.items():
        size = abs(float(number))
        slack = min(error, _VAGUE * size) + _ROUNDINGS * eps * size
        low, high = np.searchsorted(sizes, (size - slack, size + slack), side="left")
        if high > low:
            found.append(Trace(name, place))
    return found


def _texts_in(place, data, wanted):
    """Traces of texts in bytes."""
    return [
        Trace(name, place)
        for name, text in wanted.items()
        if any(text.encode(encoding) in data for encoding in _ENCODINGS)
    ]


def _packed_in(place, data, wanted):
    """Traces of numbers in bytes, as computers keep them or as they are written."""
    return [
        Trace(name, place)
        for name, number in wanted.items()
        if any(form in data for form in packed(number))
    ]


def packed(number, kinds=("<f8", "<f4")):
    """A number as computers keep it, of either sign, and as it is written.

    Parameters
    ----------
    number : float
    kinds : tuple of str
        Of floating-point numbers, as NumPy names them.

    Returns
    -------
    list of bytes
    """
    forms = [
        np.array(sign * number, kind).tobytes() for sign in (1, -1) for kind in kinds
    ]
    return [*forms, repr(float(number)).encode()]
