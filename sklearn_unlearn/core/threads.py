"""The one place that decides on threads: BLAS threads, and blocks of rows on threads.

Small factors are faster on a single BLAS thread. Passes over rows give each thread a
block, and BLAS one thread a block: no thread waits for another within a product, where
threads that wait for a busy core cost far more than they save.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from itertools import chain, islice
from threading import Lock, get_ident
from typing import ClassVar, TypeVar

from threadpoolctl import ThreadpoolController

Item = TypeVar("Item")
Result = TypeVar("Result")

#: Order of the factor below which one thread is at least as fast
#: (``python -m benchmarks threads``).
CROSSOVER = 512


@cache
def controller() -> ThreadpoolController:
    """The controller of the BLAS libraries loaded now, made once (about 1 ms)."""
    # those of NumPy and SciPy both, whichever the caller has needed so far
    for module in ("numpy.linalg", "scipy.linalg.blas"):
        import_module(module)
    return ThreadpoolController().select(user_api="blas")


class _Limit:
    """Which thread limits BLAS now, and how many threads each library had before.

    Only the thread that holds ``taken`` changes these numbers, and it puts them back
    before it lets go: whoever else comes and goes meanwhile, no limit is left behind.
    """

    taken = Lock()
    holder: int | None = None
    before: ClassVar[list[int]] = []


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Limit BLAS to one thread, unless another user does so already.

    Of two that overlap, the second would note the limit of the first as the number
    of threads to go back to. The limit is one of the process: other threads that use
    BLAS meanwhile have it too.
    """
    mine = False
    try:
        mine = _Limit.taken.acquire(blocking=False)
        if mine:
            _Limit.before = _threads_now()
            _Limit.holder = get_ident()
            if max(_Limit.before, default=1) == 1:  # to set it takes a while
                yield
            else:
                with controller().limit(limits=1):
                    yield
        else:
            yield
    finally:
        if mine:
            _Limit.before, _Limit.holder = [], None
            _Limit.taken.release()


@contextmanager
def suited_to(order: int) -> Iterator[None]:
    """One BLAS thread to factor a small matrix, all threads for a large one.

    The limit of another thread stays in place.
    """
    if order < CROSSOVER:
        with one_blas_thread():
            yield
    elif _Limit.holder != get_ident():
        yield
    else:
        with controller().limit(limits=n_threads()):
            yield


def n_threads() -> int:
    """Threads that BLAS has when nothing here limits it; passes use as many."""
    return max(_Limit.before or _threads_now(), default=1)


def _threads_now() -> list[int]:
    return [library.num_threads for library in controller().lib_controllers]


def in_order(
    function: Callable[[Item], Result], items: Iterable[Item]
) -> Iterator[Result]:
    """Results of all items in their order, computed on as many threads as BLAS has.

    Sums over the results therefore do not depend on the number of threads. No more
    than one item a thread is read ahead.
    """
    items = iter(items)
    head = list(islice(items, 2))
    n_workers = n_threads() if len(head) > 1 else 1
    if n_workers == 1:
        yield from map(function, chain(head, items))
        return
    waiting: deque[Future[Result]] = deque()
    pool = _pool(n_workers)
    with one_blas_thread():
        try:
            for item in chain(head, items):
                waiting.append(pool.submit(function, item))
                if len(waiting) > n_workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


@cache
def _pool(n_workers: int) -> ThreadPoolExecutor:
    """Idle threads, made once: starting them costs as much as a pass over a few MB."""
    return ThreadPoolExecutor(n_workers, thread_name_prefix="sklearn_unlearn")


def _begin_child() -> None:
    """Let go of what other threads held: a forked child has none of them.

    It would wait for workers for ever, and a limit would stay with nobody to lift it.
    """
    _pool.cache_clear()
    if _Limit.holder == get_ident():  # it goes on inside its limit
        return
    libraries = controller().lib_controllers
    for library, threads in zip(libraries, _Limit.before, strict=False):
        library.set_num_threads(threads)
    _Limit.taken, _Limit.holder, _Limit.before = Lock(), None, []


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_child)
