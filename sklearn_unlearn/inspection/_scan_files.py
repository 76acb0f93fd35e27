"""What stands in the file of a model, read and never loaded: nothing of it is run."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import pickletools
import zipfile
import zlib
from contextlib import suppress
from os import PathLike

import numpy as np

#: First bytes of what is packed, and what unpacks it.
_PACKED = (
    (b"\x1f\x8b", gzip.decompress),
    (b"BZh", bz2.decompress),
    (b"\xfd7zXZ", lzma.decompress),
    (b"\x5d\x00\x00", lzma.decompress),
    (b"\x78\x01", zlib.decompress),
    (b"\x78\x5e", zlib.decompress),
    (b"\x78\x9c", zlib.decompress),
    (b"\x78\xda", zlib.decompress),
)
#: What opcodes with a value leave on the stack.
_VALUES = ("int", "int_or_bool", "float", "bytes", "bytearray", "str", "bytes_or_str")
#: Opcodes whose argument is a value, and no place or length.
_ARGUMENTS = {
    each.name
    for each in pickletools.opcodes
    if any(kind.name in _VALUES for kind in each.stack_after)
}
_ERRORS = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError)


def content(model):
    """Bytes of a file, given as such or by its path; None of any other object."""
    if isinstance(model, bytes | bytearray | memoryview):
        return bytes(model)
    if isinstance(model, str | PathLike):
        with open(model, "rb") as file:
            return file.read()
    return None


def file_leaves(data):
    """Arrays, texts and bytes in a file, with the place of each.

    Members of archives (those of skops, whose arrays are files) are opened, what is
    packed is unpacked. A pickle is walked, opcode by opcode, and nothing is run.

    Parameters
    ----------
    data : bytes

    Yields
    ------
    place : str
    leaf : ndarray, str or bytes
    """
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield from _member(name, archive.read(name))
        return
    data = _unpacked(data)
    yield "bytes", data
    yield from _opcodes(data)


def _member(name, data):
    if name.endswith(".npy"):
        yield name, np.load(io.BytesIO(data), allow_pickle=False)
    elif name.endswith(".json"):
        yield from _json_leaves(name, json.loads(data))
    else:
        for place, leaf in file_leaves(data):
            yield f"{name}: {place}", leaf


def _json_leaves(place, value):
    if isinstance(value, dict):
        for number, (key, each) in enumerate(value.items()):
            yield f"{place}.keys[{number}]", key
            yield from _json_leaves(f"{place}.values[{number}]", each)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _json_leaves(f"{place}[{number}]", each)
    elif isinstance(value, str):
        yield place, value
        for quote in "\"'":  # texts are written in texts
            if value[:1] == value[-1:] == quote:
                yield place, value[1:-1]
        with suppress(ValueError):
            yield place, np.asarray(float(value))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield place, np.asarray(float(value))


def _unpacked(data):
    for first, unpack in _PACKED:
        if data.startswith(first):
            try:
                return _unpacked(unpack(data))
            except _ERRORS as error:
                raise ValueError(
                    "model is packed and cannot be unpacked, so that nothing in it "
                    f"could be looked through: is the file whole? {error}"
                ) from error
    return data


def _opcodes(data):
    """What a pickle would make objects of; where it is none, what comes before that."""
    steps = pickletools.genops(data)
    while True:
        try:
            opcode, argument, position = next(steps)
        except StopIteration:
            return
        except (ValueError, IndexError):
            return  # joblib writes arrays between opcodes; they are searched as bytes
        place = f"byte {position}"
        if opcode.name not in _ARGUMENTS or isinstance(argument, bool):
            continue
        if isinstance(argument, str):
            yield place, argument
            if argument and max(argument) < "\u0100":
                # protocols 0 to 2 write bytes as texts
                yield from _arrays(place, argument.encode("latin-1"))
        elif isinstance(argument, bytes | bytearray):
            yield from _arrays(place, bytes(argument))
        elif isinstance(argument, int | float):
            with suppress(OverflowError):  # of integers that are no values
                yield place, np.asarray(float(argument))


def _arrays(place, data):
    """Bytes as the numbers that they may be."""
    for kind in ("<f8", "<i8"):
        if data and len(data) % 8 == 0:
            yield place, np.frombuffer(data, kind)
