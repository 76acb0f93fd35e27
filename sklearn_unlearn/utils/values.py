"""Values of any type: which are equal or missing, and conversions that lose nothing."""

from __future__ import annotations

import numbers
from hashlib import blake2b

import numpy as np

#: Stands for a missing value among codes; no hash is that large.
_MISSING = 2.0**60
#: Hashes are cut to integers that floats hold exactly.
_BITS = 2**52 - 1


def as_dtype(column, dtype):
    """Values in another dtype, if it holds them all; not in one of categories."""
    if column.dtype == dtype:
        return column
    if hasattr(column, "cast"):  # of polars
        cast = column.cast(dtype, strict=False)
        return cast if cast.eq_missing(column).all() else column
    if dtype.kind not in "biufmM" and dtype.name not in ("str", "string"):
        return column
    try:
        with np.errstate(invalid="ignore", over="ignore"):
            cast = column.astype(dtype)
        same = (cast == column) | ((cast != cast) & (column != column))
        return cast if np.all(same) else column
    except (TypeError, ValueError, OverflowError):  # it does not
        return column


def codes_of(column):
    """A float for each value, the same for equal values."""
    kind = column.dtype.kind
    if kind in "mM":
        column, kind = column.astype(np.int64), "i"
    if kind in "biuf":
        codes = column.astype(np.float64)
        return np.where(np.isnan(codes), _MISSING, codes)
    codes = _each(lambda value: _code(_present(value)), column)
    return np.array(codes, dtype=np.float64)


def _code(value):
    if value is None:
        return _MISSING
    if isinstance(value, numbers.Real):
        return float(value)
    try:
        code = text_hash(value) if isinstance(value, str) else hash(value)
    except TypeError:  # whoever fits refuses what cannot be hashed
        code = text_hash(repr(value))
    return float(code & _BITS)


def text_hash(text):
    """A 64-bit hash of a string, the same in each process."""
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def equal(one, other):
    """Where values are equal, or both are missing."""
    if one.dtype == other.dtype and one.dtype.kind in "biuf":
        return (one == other) | ((one != one) & (other != other))
    pairs = zip(_each(_present, one), _each(_present, other), strict=True)
    return np.fromiter((mine == others for mine, others in pairs), bool, one.size)


def _each(function, column):
    """A function of each value, called once for equal ones."""
    values = column.tolist()
    try:
        answers = {value: function(value) for value in set(values)}
    except TypeError:  # as above
        return [function(value) for value in values]
    return [answers[value] for value in values]


def _present(value):
    """None if a value is missing."""
    return None if type(value).__name__ == "NAType" or value != value else value
