"""The one place that decides on threads: BLAS threads, and blocks of rows on threads.

Small solves are faster on a single BLAS thread. Passes over rows give each thread a
block and BLAS one thread a block: no thread waits for another within a product.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from itertools import chain, islice
from threading import Lock
from typing import TypeVar

from threadpoolctl import ThreadpoolController

Item = TypeVar("Item")
Result = TypeVar("Result")

#: Order of the factor below which one thread is at least as fast
#: (``python -m benchmarks threads``).
CROSSOVER = 1024


@cache
def controller() -> ThreadpoolController:
    """The controller of the BLAS libraries loaded now, made once (about 1 ms)."""
    return ThreadpoolController()


_LIMITED = Lock()


@contextmanager
def _one_blas_thread() -> Iterator[None]:
    """Limit BLAS to one thread, unless another user does so already.

    Of two that overlap, the second would note the limit of the first as the number
    of threads to go back to.
    """
    if not _LIMITED.acquire(blocking=False):
        yield
        return
    try:
        with controller().limit(limits=1, user_api="blas"):
            yield
    finally:
        _LIMITED.release()


@contextmanager
def suited_to(order: int) -> Iterator[None]:
    """Limit BLAS to one thread while a small factor is at work.

    The limit is one of the process: other threads that use BLAS meanwhile have it
    too, for the fraction of a millisecond that a request takes.
    """
    if order >= CROSSOVER:
        yield
        return
    with _one_blas_thread():
        yield


def n_threads() -> int:
    """Threads that BLAS may use now, which passes over rows use too."""
    libraries = controller().select(user_api="blas").lib_controllers
    return max((library.num_threads for library in libraries), default=1)


def in_order(
    function: Callable[[Item], Result], items: Iterable[Item]
) -> Iterator[Result]:
    """Results of all items in their order, computed on as many threads as BLAS has.

    Sums over the results therefore do not depend on the number of threads. No more
    than two items a thread are read ahead.
    """
    items = iter(items)
    head = list(islice(items, 2))
    n_workers = n_threads() if len(head) > 1 else 1
    if n_workers == 1:
        yield from map(function, chain(head, items))
        return
    waiting: deque[Future[Result]] = deque()
    with _one_blas_thread(), ThreadPoolExecutor(n_workers) as pool:
        for item in chain(head, items):
            waiting.append(pool.submit(function, item))
            if len(waiting) > 2 * n_workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
