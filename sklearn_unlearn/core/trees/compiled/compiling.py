"""Whether and how functions are compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numba

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """The function, compiled when it is first called and kept on disk.

    Each operation on floats is that of IEEE 754 in the order written, and the lock of
    the interpreter is free meanwhile.
    """
    return _compiled(function)


def loop(function: F) -> F:
    """The same of a function that makes no arrays and gives none back.

    It counts no references to those that it is given: that took a fifth of a request.
    """
    return _compiled(function, _nrt=False)


def _compiled(function: F, **options: bool) -> F:
    options |= {"nogil": True}
    try:
        result: F = numba.njit(cache=True, error_model="numpy", **options)(function)
    except RuntimeError:  # nowhere to keep it: compiled anew in each process
        result = numba.njit(error_model="numpy", **options)(function)
    return result
