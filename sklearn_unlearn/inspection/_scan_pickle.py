"""Walk through the opcodes of a pickle: no object is made, and nothing in it runs."""

from __future__ import annotations

import io
import pickletools
from typing import Any

import numpy as np

_MARK = object()
#: Opcodes that push their argument, or what their name says.
_PUSHED = {
    each.name
    for each in pickletools.opcodes
    if each.arg is not None and not each.stack_before and len(each.stack_after) == 1
}
_PLAIN = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_EMPTY = {"EMPTY_TUPLE": tuple, "EMPTY_LIST": list, "EMPTY_DICT": dict}
_OF_MARK = {"TUPLE": tuple, "LIST": list, "FROZENSET": list}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
#: What a walk meets where a file is cut off, no pickle, or of another kind.
_BROKEN = (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError)


class Made:
    """An object that is not made: what it would be made by, of, and be given.

    Parameters
    ----------
    name : str
        Of the function or class.
    arguments : object
    """

    def __init__(self, name, arguments=()):
        self.name = name
        self.arguments = arguments
        self.state: Any = None
        self.items: list = []


def made_of(data):
    """What a pickle would make.

    Parameters
    ----------
    data : bytes

    Returns
    -------
    made : list
        The objects that are made last, each inside none of the others; one, where the
        walk came to the end.
    """
    file, made = io.BytesIO(data), []
    while True:
        walk = _Walk(file)
        try:
            walk.run()
        except _BROKEN:
            made += [each for each in walk.stack if each is not _MARK]
            return made
        made.append(walk.stack[-1])
        if not file.read(1):
            return made
        file.seek(-1, io.SEEK_CUR)


class _Walk:
    """The stack and the memo of one pickle."""

    def __init__(self, file):
        self.file = file
        self.stack: list = []
        self.memo: dict = {}

    def run(self):
        for opcode, argument, _ in pickletools.genops(self.file):
            name = opcode.name
            step = getattr(self, f"_{name.lower()}", None)
            if name in _PLAIN:
                self.stack.append(_PLAIN[name])
            elif name in _EMPTY:
                self.stack.append(_EMPTY[name]())
            elif name in _OF_MARK:
                self.stack.append(_OF_MARK[name](self._to_mark()))
            elif name in _TUPLES:
                self.stack[-_TUPLES[name] :] = [tuple(self.stack[-_TUPLES[name] :])]
            elif "PUT" in name or name == "MEMOIZE":
                place = len(self.memo) if argument is None else argument
                self.memo[place] = self.stack[-1]
            elif "GET" in name:
                self.stack.append(self.memo[argument])
            elif step is not None:
                step(argument)
            elif name in _PUSHED:
                self.stack.append(argument)

    def _to_mark(self):
        """What is on the stack above the last mark, taken off with it."""
        place = len(self.stack) - 1
        while self.stack[place] is not _MARK:
            place -= 1
        above = self.stack[place + 1 :]
        del self.stack[place:]
        return above

    def _mark(self, argument):
        self.stack.append(_MARK)

    def _pop(self, argument):
        self.stack.pop()

    def _pop_mark(self, argument):
        self._to_mark()

    def _dup(self, argument):
        self.stack.append(self.stack[-1])

    def _global(self, argument):
        self.stack.append(Made(argument.partition(" ")[2]))

    def _stack_global(self, argument):
        name = self.stack.pop()
        self.stack[-1] = Made(name)

    def _ext1(self, argument):
        self.stack.append(Made("extension"))

    _ext2 = _ext4 = _persid = _next_buffer = _ext1

    def _binpersid(self, argument):
        self.stack[-1] = Made("persistent", (self.stack[-1],))

    def _reduce(self, argument):
        arguments = self.stack.pop()
        self.stack[-1] = Made(self.stack[-1].name, arguments)

    _newobj = _reduce

    def _newobj_ex(self, argument):
        keywords = self.stack.pop()
        self._reduce(argument)
        self.stack[-1].arguments = (*self.stack[-1].arguments, keywords)

    def _inst(self, argument):
        self.stack.append(Made(argument.partition(" ")[2], self._to_mark()))

    def _obj(self, argument):
        of, *arguments = self._to_mark()
        self.stack.append(Made(of.name, arguments))

    def _dict(self, argument):
        above = self._to_mark()
        self.stack.append(_pairs(above))

    def _empty_set(self, argument):
        self.stack.append([])

    def _append(self, argument):
        self._extend([self.stack.pop()])

    def _appends(self, argument):
        self._extend(self._to_mark())

    _additems = _appends

    def _setitem(self, argument):
        above = self.stack[-2:]
        del self.stack[-2:]
        self._update(above)

    def _setitems(self, argument):
        self._update(self._to_mark())

    def _extend(self, items):
        onto = self.stack[-1]
        (onto.items if isinstance(onto, Made) else onto).extend(items)

    def _update(self, flat):
        onto, pairs = self.stack[-1], _pairs(flat)
        if isinstance(onto, Made):
            onto.items.append(pairs)
        else:
            onto.update(pairs)

    def _build(self, argument):
        state = self.stack.pop()
        made = self.stack[-1]
        made.state = state
        if made.name == "NumpyArrayWrapper":  # joblib: numbers follow, unpickled
            self.stack[-1] = self._array_behind(state)

    def _array_behind(self, state):
        """The array that stands behind what joblib says of it."""
        dtype, shape = dtype_of(state["dtype"]), tuple(state["shape"])
        if dtype is None or dtype.hasobject:
            inside = _Walk(self.file)
            inside.run()
            return inside.stack[-1]
        if state.get("numpy_array_alignment_bytes") is not None:
            self.file.read(self.file.read(1)[0])
        n_bytes = int(np.prod(shape, dtype=object)) * dtype.itemsize
        content = self.file.read(n_bytes)
        return np.frombuffer(content, dtype).reshape(shape, order=state["order"])


class Key:
    """A key of a dictionary that has no hash as long as it is not made."""

    def __init__(self, made):
        self.made = made


def _pairs(flat):
    keys = [each if _hashable(each) else Key(each) for each in flat[::2]]
    return dict(zip(keys, flat[1::2], strict=True))


def _hashable(value):
    if isinstance(value, tuple):
        return all(map(_hashable, value))
    return isinstance(value, str | bytes | int | float | None)


def dtype_of(made):
    """The dtype that is meant, None if none of numbers, texts and their fields."""
    if isinstance(made, Key):
        made = made.made
    if not isinstance(made, Made) or made.name != "dtype":
        return None
    kind: str = made.arguments[0]
    state: Any = made.state or (3, "|", None, None, None)
    if len(state) > 4 and state[4]:  # of several fields
        names = list(state[3])
        parts = [state[4][name] for name in names]
        formats = [dtype_of(part[0]) for part in parts]
        if any(each is None for each in formats):
            return None
        size = int(state[5]) if state[5] > 0 else int(kind[1:])
        offsets = [int(part[1]) for part in parts]
        return np.dtype(
            {"names": names, "formats": formats, "offsets": offsets, "itemsize": size}
        )
    return np.dtype(kind).newbyteorder(state[1] if state[1] in "<>" else "=")


def _content_of(value):
    """Bytes, which older protocols write as a text that is to be encoded."""
    if isinstance(value, Made) and value.name == "encode":
        return value.arguments[0].encode("latin-1")
    return value if isinstance(value, bytes | bytearray) else None


def array_of(made):
    """The array or number of NumPy that is meant, None if it is none."""
    if isinstance(made, np.ndarray):
        return made
    if not isinstance(made, Made):
        return None
    order: Any = "C"
    try:
        if made.name == "_reconstruct":
            _, shape, dtype, fortran, content = made.state
            order = "F" if fortran else "C"
        elif made.name == "_frombuffer":
            content, dtype, shape, order = made.arguments
        elif made.name == "scalar":
            (dtype, content), shape = made.arguments, ()
        else:
            return None
        dtype, content = dtype_of(dtype), _content_of(content)
        if dtype is None or content is None or dtype.hasobject:
            return None
        return np.frombuffer(content, dtype).reshape(tuple(shape), order=order)
    except _BROKEN:
        return None


def made_leaves(value, place=""):
    """Arrays, numbers, texts and bytes in what is not made, with the place of each.

    Yields
    ------
    place : str
        As `leaves` names places in an object that was made.
    leaf : ndarray, str or bytes
    """
    waiting, seen = [(place, value)], {}
    while waiting:
        place, each = waiting.pop()
        if each is None or isinstance(each, bool):
            continue
        if isinstance(each, int | float):
            if abs(each) < 2**1000:
                yield place, np.asarray(float(each))
            continue
        if isinstance(each, str | bytes):
            yield place, each
            continue
        if id(each) in seen:
            continue
        seen[id(each)] = each
        array = array_of(each)
        content = None if isinstance(each, np.ndarray) else _content_of(each)
        if array is not None:
            yield place, array
        elif content is not None:
            yield place, bytes(content)
        else:
            waiting += _parts(place, each)


def _parts(place, value):
    if isinstance(value, list | tuple):
        return [(f"{place}[{i}]", each) for i, each in enumerate(value)]
    if isinstance(value, Key):
        return [(place, value.made)]
    if isinstance(value, dict):
        return [
            part
            for i, (key, each) in enumerate(value.items())
            for part in ((f"{place}.keys[{i}]", key), (f"{place}.values[{i}]", each))
        ]
    parts = _parts(f"{place}.args", value.arguments)
    for state in value.state if isinstance(value.state, tuple) else (value.state,):
        if isinstance(state, dict):
            parts += [(f"{place}.{key}", each) for key, each in state.items()]
        elif state is not None:
            parts.append((f"{place}.state", state))
    return parts + _parts(place, value.items)
