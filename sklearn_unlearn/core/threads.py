"""The one place that limits BLAS threads: small solves are faster on a single one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController

#: Order of the factor below which one thread is at least as fast
#: (``python -m benchmarks threads``).
CROSSOVER = 1024


@cache
def controller() -> ThreadpoolController:
    """The controller of the BLAS libraries loaded now, made once (about 1 ms)."""
    return ThreadpoolController()


@contextmanager
def suited_to(order: int) -> Iterator[None]:
    """Limit BLAS to one thread while a small factor is at work.

    The limit is one of the process: other threads that use BLAS meanwhile have it
    too, for the fraction of a millisecond that a request takes.
    """
    if order >= CROSSOVER:
        yield
        return
    with controller().limit(limits=1, user_api="blas"):
        yield
