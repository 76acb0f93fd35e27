"""Scan of the file of a model, which is read and never loaded: nothing in it runs."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import zipfile
import zlib
from contextlib import suppress
from os import PathLike

import numpy as np

from sklearn_unlearn.inspection._scan_pickle import made_leaves, made_of

#: The place of the bytes of a file, as a whole.
BYTES = "bytes"
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
#: In which skops says what its files are.
_SCHEMA = "schema.json"
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
    packed is unpacked. A pickle is walked, opcode by opcode, and nothing is run: what
    it would make has the places that it has in the object. All bytes come last.

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
            names = archive.namelist()
            known = _named_by_schema(archive.read(_SCHEMA)) if _SCHEMA in names else {}
            for name in names:
                yield from _member(known.get(name, name), name, archive.read(name))
        return
    data = _unpacked(data)
    made = made_of(data)
    for number, each in enumerate(made):
        yield from made_leaves(each, f"[{number}]" if len(made) > 1 else "")
    yield BYTES, data


def _member(place, name, data):
    if name.endswith(".npy"):
        try:
            yield place, np.load(io.BytesIO(data), allow_pickle=False)
            return
        except (ValueError, EOFError):  # objects, which are pickled, or cut off
            data = data.partition(b"\n")[2]
    if name.endswith(".json"):
        yield from _json_leaves(place, json.loads(data))
    else:
        for inside, leaf in file_leaves(data):
            yield f"{place}: {inside}", leaf


def _named_by_schema(schema):
    """Places of the arrays of a skops file, by the names of their files.

    Attributes are named; keys of dictionaries, which may be of the data, are not.
    """
    found, waiting = {}, [("", json.loads(schema), False)]
    while waiting:
        place, node, named = waiting.pop()
        if not isinstance(node, dict):
            continue
        if isinstance(node.get("file"), str):
            found[node["file"]] = place
        inside = node.get("content", node.get("attrs"))
        if isinstance(inside, list):
            waiting += [(f"{place}[{i}]", each, False) for i, each in enumerate(inside)]
        elif isinstance(inside, dict) and "__loader__" in inside:
            waiting.append((place, inside, node.get("__loader__") == "ObjectNode"))
        elif isinstance(inside, dict):
            waiting += [
                (f"{place}.{key}" if named else f"{place}.values[{i}]", each, False)
                for i, (key, each) in enumerate(inside.items())
            ]
    return found


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
