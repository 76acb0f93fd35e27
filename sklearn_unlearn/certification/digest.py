"""Hashes of what is published, and of arrays."""

from __future__ import annotations

import copyreg
import hashlib
from collections.abc import Iterable
from types import BuiltinFunctionType, FunctionType
from typing import Any

import numpy as np
import scipy.sparse as sp

from sklearn_unlearn.core.arrays import Array, Data, is_sparse

#: What scikit-learn notes in an estimator of the process that it is in or was read by.
_OF_A_PROCESS = frozenset({"_sklearn_version", "_stop_words_id"})
#: What a representation tells apart.
_SIMPLE = (bool, int, float, complex, str, bytes, type(None))


def model_hash(model: Any) -> str:
    """SHA-256 of an object and of all that it consists of.

    An object counts with its class and what a pickle of it would hold: a pipeline with
    its steps, parameters, labels and names. Functions and classes count by name. The
    layout of arrays and their byte order do not count, nor does the order of
    dictionaries and sets.

    Raises
    ------
    TypeError
        If something in it cannot be pickled.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn_unlearn.certification import model_hash
    >>> model_hash(Ridge()) == model_hash(Ridge()), len(model_hash(Ridge()))
    (True, 64)
    """
    return _Digest().of(model).hex()


def array_hash(values: Array) -> str:
    """SHA-256 of an array of float64 with its shape."""
    return model_hash(np.asarray(values, dtype=np.float64))


class _Digest:
    """Hashes of objects from those of their parts."""

    def __init__(self) -> None:
        self._around: list[int] = []
        self._known: dict[int, tuple[Any, bytes]] = {}  # an object keeps its id

    def of(self, value: Any) -> bytes:
        """The hash of an object."""
        place = id(value)
        if place in self._around:  # it refers to what it is in
            return _hashed("around", str(self._around[::-1].index(place)).encode())
        if place not in self._known:
            self._around.append(place)
            self._known[place] = value, self._of(value)
            self._around.pop()
        return self._known[place][1]

    def _of(self, value: Any) -> bytes:
        if isinstance(value, np.generic):
            value = np.asarray(value)
        if type(value) in (np.ndarray, np.memmap):
            if value.ndim == 0 and value.dtype.kind in "biufcU":
                return self.of(value.item())
            return self._of_array(value)
        if type(value) in _SIMPLE:
            return _hashed(type(value).__name__, repr(value).encode())
        if type(value) in (list, tuple):
            return self._of_parts(type(value).__name__, value)
        if type(value) in (set, frozenset):
            return _hashed("set", *sorted(map(self.of, value)))
        if type(value) is dict:
            return _hashed("dict", *sorted(map(self.of, value.items())))
        if isinstance(value, type | FunctionType | BuiltinFunctionType):
            package = str(value.__module__).partition(".")[0]
            return _hashed("name", f"{package}.{value.__qualname__}".encode())
        if sp.issparse(value):
            return self._of_sparse(value)
        return self._of_object(value)

    def _of_array(self, value: Any) -> bytes:
        if value.dtype.kind in "OSTU":  # however wide they are stored
            return self._of_parts("objects", [value.shape, *value.ravel().tolist()])
        little = value.astype(value.dtype.newbyteorder("<"), order="C")
        kind = self.of(str(little.dtype)), self.of(value.shape)
        return _hashed("array", *kind, little.tobytes())

    def _of_sparse(self, value: Any) -> bytes:
        entries = value.tocoo()
        rows, columns = entries.row, entries.col
        parts = [type(value), value.shape, rows, columns, entries.data]
        return self._of_parts("sparse", parts)

    def _of_object(self, value: Any) -> bytes:
        reduce = copyreg.dispatch_table.get(type(value))
        reduced = value.__reduce_ex__(4) if reduce is None else reduce(value)
        if isinstance(reduced, str):
            return _hashed("name", reduced.encode())
        make, arguments, state, items, pairs = [*reduced, None, None, None][:5]
        if isinstance(state, dict):
            state = {k: v for k, v in state.items() if k not in _OF_A_PROCESS}
        later = [[] if each is None else list(each) for each in (items, pairs)]
        return self._of_parts("object", [make, arguments, state, *later])

    def _of_parts(self, kind: str, parts: Iterable[Any]) -> bytes:
        return _hashed(kind, *map(self.of, parts))


def _hashed(kind: str, *parts: bytes) -> bytes:
    """The hash of something, made of parts of which only the last varies in length."""
    return hashlib.sha256(b"\0".join([kind.encode(), *parts])).digest()


def bytes_of(values: Data) -> list[bytes]:
    """Bytes of an array, or of those of a sparse matrix."""
    if is_sparse(values):
        arrays = (values.data, values.indices, values.indptr)
        return [np.ascontiguousarray(array).tobytes() for array in arrays]
    return [np.ascontiguousarray(values).tobytes()]
