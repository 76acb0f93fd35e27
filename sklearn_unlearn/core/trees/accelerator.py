"""Whether trees are grown and edited by compiled code."""

from __future__ import annotations

import os
from functools import cache
from types import ModuleType

#: The environment variable that turns compiled code off where it is "0".
VARIABLE = "SKLEARN_UNLEARN_NUMBA"


def compiled_trees() -> ModuleType | None:
    """The compiled code; None without Numba, or where it is turned off."""
    return None if os.environ.get(VARIABLE) == "0" else _loaded()


@cache
def _loaded() -> ModuleType | None:
    # Numba takes half a second, which only who has trees should wait for
    try:
        import numba
    except ImportError:  # not there, or too old for this NumPy
        return None
    if numba.config.DISABLE_JIT:
        return None
    from sklearn_unlearn.core.trees.compiled import trees

    return trees
