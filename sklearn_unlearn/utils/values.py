"""Values of any type: which are equal or missing, and conversions that lose nothing."""

from __future__ import annotations

import numbers

import numpy as np

#: Stands for a missing value among codes; no hash is that large.
_MISSING = 2.0**60
#: Hashes are cut to integers that floats hold exactly.
_BITS = 2**52 - 1


def as_dtype(values, dtype):
    """An array in another dtype of numbers or times, if that holds its values.

    Missing values are NaN then; integers beside one are floats.
    """
    if (
        values.dtype == dtype
        or dtype.kind not in "biufmM"
        or values.dtype.kind in "USc"
    ):
        return values
    missing = _missing(values)
    if missing.any():
        if dtype.kind in "iu":
            dtype = np.dtype(np.float64)
        if dtype.kind == "b":
            return values
    present = values[~missing]
    try:
        with np.errstate(invalid="ignore", over="ignore"):
            cast = present.astype(dtype)
            same = _all_equal(cast, present)
    except (TypeError, ValueError, OverflowError):  # it does not
        return values
    if not same:
        return values
    if not missing.any():
        return cast.reshape(values.shape)
    full = np.full(values.shape, np.array(None, dtype=dtype))
    full[~missing] = cast
    return full


def together(arrays):
    """One array after another, in a dtype that holds the values of all."""
    dtype = np.result_type(*arrays)
    if dtype.kind == "f":  # integers may be none that a float can be
        arrays = [as_dtype(array, dtype) for array in arrays]
        if any(array.dtype != dtype for array in arrays):
            arrays = [array.astype(object) for array in arrays]
    return np.concatenate(arrays)


def integers(values):
    """An array of integers of 64 bits; None if they have more.

    Parameters
    ----------
    values : list of int
    """
    if max(values) < 2**63 and min(values) >= -(2**63):
        return np.array(values, dtype=np.int64)
    if max(values) < 2**64 and min(values) >= 0:
        return np.array(values, dtype=np.uint64)
    return None


def _missing(values):
    """Where values of an array are missing."""
    if values.dtype.kind == "O":
        missing = [is_missing(value) for value in values.ravel()]
        return np.array(missing, dtype=bool).reshape(values.shape)
    return values != values


def _all_equal(cast, values):
    """Whether a cast has changed no value, rounding included."""
    if cast.dtype.kind in "mM":
        return bool(
            np.all(cast == values) and np.all(cast.astype(values.dtype) == values)
        )
    if cast.dtype.kind == values.dtype.kind:
        return np.array_equal(cast, values)
    return cast.tolist() == values.tolist()  # arrays would be compared as floats


def is_missing(value):
    """Whether a value among others of any kind is none."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float) and value != value


def codes_of(column, hashed):
    """A float for each value, the same for equal values.

    Parameters
    ----------
    column : ndarray
    hashed : RowHash
        Of strings.
    """
    kind = column.dtype.kind
    if kind in "mM":
        column, kind = column.astype(np.int64), "i"
    if kind in "biuf":
        codes = column.astype(np.float64)
        return np.where(np.isnan(codes), _MISSING, codes)
    codes = _each(lambda value: _code(_present(value), hashed), column)
    return np.array(codes, dtype=np.float64)


def _code(value, hashed):
    if value is None:
        return _MISSING
    if isinstance(value, numbers.Real):
        try:
            return float(value)
        except OverflowError:  # an integer beyond all floats
            return float(hash(value) & _BITS)
    try:
        code = hashed.of_text(value) if isinstance(value, str) else hash(value)
    except TypeError:  # whoever fits refuses what cannot be hashed
        code = hashed.of_text(repr(value))
    return float(code & _BITS)


def equal(one, other):
    """Where values are equal, or both are missing."""
    if one.dtype == other.dtype and one.dtype.kind in "biuf":
        return (one == other) | ((one != one) & (other != other))
    pairs = zip(_each(_present, one), _each(_present, other), strict=True)
    return np.fromiter((mine == others for mine, others in pairs), bool, one.size)


def close(one, other, rounding):
    """Where values are equal, both missing, or numbers that rounding may explain."""
    if not rounding or one.dtype.kind != "f" or other.dtype.kind != "f":
        return equal(one, other)
    one, other = one.astype(np.float64), other.astype(np.float64)
    with np.errstate(invalid="ignore"):  # infinity less infinity
        near = np.abs(one - other) <= rounding * np.abs(other)
    return near | equal(one, other)


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
    return None if is_missing(value) or value != value else value
