"""Keyed digests of names, rows and states: what a record holds instead of them.

All are BLAKE2b under a secret key (RFC 7693), which makes each a message authentication
code. Who does not have the key can neither tell what was digested nor try values.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import lru_cache, partial
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from sklearn.base import BaseEstimator

from sklearn_unlearn.core.arrays import as_csr, is_sparse
from sklearn_unlearn.utils.raw_rows import RawRows
from sklearn_unlearn.utils.row_ids import names_in

#: Of a state, numbers of an array and members of a list that are looked at, those at
#: the ends among them; all of them where there are no more.
N_VALUES, N_PARTS = 2048, 16
_EVENLY = np.arange(N_VALUES)
_SIZE = 16
#: Rows up to which a frame is read as a whole, rather than column by column.
_FEW_ROWS = 64
#: Numbers of an array from which it pays to leave zeros out.
_MANY = 2**14
#: Objects within one another that are opened.
_DEPTH = 12
#: What a request may be given for its rows, in the order of digests.
_GIVEN = ("X", "X_new", "columns", "row_ids", "sample_weight", "y", "y_new")
_FLOAT64, _INT64 = np.dtype(np.float64), np.dtype(np.int64)
#: Digests without a key, which leave with what they are of, and are in no pickle.
_ALONE: WeakKeyDictionary[Any, bytes] = WeakKeyDictionary()
_PLAIN = frozenset({bool, int, float, str, type(None)})
_NUMBERS = (np.generic, str, bool, int, float)
#: What searches took, which is another each time.
_TIMES = {
    f"{kind}_{what}_time" for kind in ("mean", "std") for what in ("fit", "score")
}
#: Attributes of fitted values that tell what was learned, rather than from what.
_LEARNED = {
    "sklearn_estimator",
    "estimator",
    "model",
    "state",
    "theta",
    "trees",
    "models",
    "steps",
    "hidden",
    "labels",
    "feature",
    "below",
    "sums",
    "members",
    "fitted",
    "outcome",
    "results",
}


def digests_of_names(key: bytes, row_ids: Any) -> tuple[str, ...]:
    """The keyed hash of each identifier, in hexadecimal."""
    if row_ids is None:
        return ()
    names = names_in(row_ids).reshape(-1).tolist()
    return tuple(_digest(key, b"name", repr(name).encode()) for name in names)


def digest_of_rows(key: bytes, fields: dict[str, Any]) -> str:
    """A digest of what a request was given for its rows, by the names of arguments.

    Numbers of a kind are the same in any order of memory and precision; a frame is
    other than an array.
    """
    digest = _keyed(key, b"rows").copy()
    for name in _GIVEN:
        value = fields.get(name)
        if value is None:
            continue
        if type(value) is np.ndarray and value.size > _MANY:
            value = _without_zeros(value)
        if name == "row_ids":  # the same in any container, a single one too
            names = names_in(value).reshape(-1).tolist()
            digest.update(f"{name}:{names!r}".encode())
        elif type(value) is np.ndarray:
            digest.update(_heading(value.shape, value.dtype, name))
            digest.update(_values(value))
        else:
            digest.update(f"{name}:".encode())
            _feed_rows(digest, value)
    return digest.hexdigest()


def digest_of_state(key: bytes, fitted: Any) -> str:
    """A digest of what an estimator has learned, `N_VALUES` numbers of each array."""
    parts: list[bytes] = []
    _add_state(parts, fitted, 0)
    return _digest(key, b"state", b"".join(parts))


@lru_cache(maxsize=8)
def _keyed(key, person):
    return hashlib.blake2b(key=key, digest_size=_SIZE, person=person)


def _digest(key, person, data):
    digest = _keyed(key, person).copy()
    digest.update(data)
    return digest.hexdigest()


def _feed_rows(digest, value):
    if np.isscalar(value):
        _feed_values(digest, np.asarray(value))
        return
    if hasattr(value, "iloc") and value.ndim == 2 and len(value) <= _FEW_ROWS:
        digest.update(repr(value.to_numpy(dtype=object).tolist()).encode())
        return
    rows = RawRows.of(value)
    digest.update(str(rows.shape).encode())
    if is_sparse(rows.X):
        X = rows.X.sorted_indices()
        columns = [X.data, X.indices, X.indptr]
    else:
        columns = [rows.X] if isinstance(rows.X, np.ndarray) else rows.columns()
    for column in columns:
        _feed_values(digest, column)


def _without_zeros(array):
    """Rows of numbers of which few are not zero as CSR, which takes less time."""
    if array.ndim != 2 or array.dtype.kind != "f":
        return array
    if np.count_nonzero(array) * 6 >= array.size:
        return array
    # scipy.sparse holds neither halves of floats nor another order of bytes
    native = array.dtype in (np.float32, np.float64)
    return as_csr(array if native else array.astype(np.float64))


def _feed_values(digest, array):
    """All values of an array, equal ones alike if their kind is the same."""
    digest.update(_heading(array.shape, array.dtype))
    digest.update(_values(array))


@lru_cache(maxsize=256)
def _heading(shape, dtype, name=None):
    kind = f"{shape}{dtype.kind}"
    return (kind if name is None else f"{name}:{kind}").encode()


def _values(array):
    """The values of an array, row by row, equal ones alike if their kind is the same.

    Returns
    -------
    buffer
    """
    dtype = array.dtype
    if dtype is _FLOAT64 and array.ndim and array.flags.c_contiguous:
        return array + 0.0  # which makes -0.0 and 0.0 the same
    if dtype is _INT64 and array.flags.c_contiguous:
        return array
    kind = dtype.kind
    if kind == "f":
        return np.add(array, 0.0, dtype=np.float64, order="C")
    if kind in "iub":
        return array.astype(np.int64, order="C", copy=False)
    return repr(array.astype(object).tolist()).encode()


def _add_state(parts: list[Any], value: Any, depth: int) -> None:
    """Add what was learned of a value, as buffers."""
    kind: Any = type(value)
    if kind is np.ndarray:
        if value.size > N_VALUES:
            parts.append(repr(value.shape).encode())
            value = _spread(value)
        parts += (_heading(value.shape, value.dtype), _values(value))
    elif kind in _PLAIN:
        parts.append(repr(value).encode())
    elif depth < _DEPTH:
        _adding(kind)(parts, value, depth)


@lru_cache(maxsize=512)
def _adding(kind: Any) -> Callable[[list[Any], Any, int], None]:
    """What adds values of a kind that is neither an array nor plain."""
    if names := _learned_fields(kind):
        alone = getattr(kind, "tells_alone", False)
        return partial(_add_alone if alone else _add_fields, names)
    if issubclass(kind, np.ndarray):
        return lambda parts, value, depth: _add_state(parts, np.asarray(value), depth)
    if issubclass(kind, _NUMBERS):
        return _add_number
    if issubclass(kind, dict):
        return _add_dict
    if issubclass(kind, list | tuple):
        return _add_list
    if hasattr(kind, "detach"):  # a tensor
        return lambda parts, value, depth: _add_state(
            parts, value.detach().cpu().numpy(), depth
        )
    return _add_estimator if issubclass(kind, BaseEstimator) else _add_other


def _add_fields(
    names: tuple[str, ...], parts: list[Any], value: Any, depth: int
) -> None:
    for name in names:
        _add_state(parts, getattr(value, name), depth + 1)


def _add_alone(
    names: tuple[str, ...], parts: list[Any], value: Any, depth: int
) -> None:
    """A digest of an immutable value, as of a tree, that many requests leave alone."""
    known = _ALONE.get(value)
    if known is None:
        own: list[Any] = []
        _add_fields(names, own, value, depth)
        known = hashlib.blake2b(b"".join(own), digest_size=_SIZE).digest()
        _ALONE[value] = known
    parts.append(known)


def _add_number(parts: list[Any], value: Any, depth: int) -> None:
    parts.append(repr(getattr(value, "item", lambda: value)()).encode())


def _add_dict(parts: list[Any], value: Any, depth: int) -> None:
    for name in _some([name for name in value if name not in _TIMES]):
        parts.append(str(name).encode())
        _add_state(parts, value[name], depth + 1)


def _add_list(parts: list[Any], value: Any, depth: int) -> None:
    size = str(len(value)).encode()
    for part in _some(value):
        parts.append(size)
        _add_state(parts, part, depth + 1)


def _add_estimator(parts: list[Any], value: Any, depth: int) -> None:
    learned = vars(value)
    inner = learned.get("_fitted")
    if inner is not None:
        parts.append(type(value).__name__.encode())
        _add_state(parts, inner, depth + 1)
        return
    names = _learned_attributes(tuple(learned))
    for name, tag in names:
        parts.append(tag)
        _add_state(parts, learned[name], depth + 1)
    if not names:
        parts.append(b"steps")
        _add_state(parts, getattr(value, "steps", None), depth + 1)


def _add_other(parts: list[Any], value: Any, depth: int) -> None:
    if is_sparse(value):
        for part in (value.data, value.indices, value.indptr):
            _add_state(parts, part, depth)
        return
    version = getattr(value, "version", None)
    if isinstance(version, BaseEstimator):
        _add_estimator(parts, version, depth)


@lru_cache(maxsize=256)
def _learned_attributes(names: tuple[str, ...]) -> tuple[tuple[str, bytes], ...]:
    """Those in which scikit-learn's estimators keep what they learned, with tags."""
    return tuple(
        (name, name.encode()) for name in names if name.endswith("_") and name[0] != "_"
    )


@lru_cache(maxsize=256)
def _learned_fields(kind):
    """Names of what a fitted value of some class has learned."""
    if hasattr(kind, "node_count"):  # scikit-learn's trees
        return ("threshold", "value")
    if hasattr(kind, "tells"):  # what is a function of rows
        return kind.tells
    names = getattr(kind, "_fields", ())
    if is_dataclass(kind):
        names = [each.name for each in fields(kind)]
    return tuple(name for name in names if name in _LEARNED)


def _some(values):
    """Some members of a list, evenly spaced, the first and the last among them."""
    if len(values) <= N_PARTS:
        return values
    return [values[i] for i in np.linspace(0, len(values) - 1, N_PARTS).astype(int)]


def _spread(array):
    """Some numbers of an array, evenly spaced, the first and the last among them."""
    chosen = _EVENLY * (array.size - 1) // (N_VALUES - 1)
    # of an array that does not lie in one piece the flat view is slow, a copy slower
    return array.reshape(-1)[chosen] if array.flags.c_contiguous else array.flat[chosen]
