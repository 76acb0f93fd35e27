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
    try:
        result: F = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:  # nowhere to keep it: compiled anew in each process
        result = numba.njit(nogil=True, error_model="numpy")(function)
    return result
