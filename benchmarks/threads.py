"""One BLAS thread against all, for the operations of a request and of a refactor."""

from __future__ import annotations

import numpy as np
from scipy.linalg.blas import dtrsv
from scipy.linalg.lapack import dpotrf
from threadpoolctl import threadpool_limits

from benchmarks.measure import Call, Spread, Table, paired, ratio
from sklearn_unlearn.core.threads import CROSSOVER, controller, suited_to


def run(settings):
    n_threads = max(
        (
            lib["num_threads"]
            for lib in controller().info()
            if lib["user_api"] == "blas"
        ),
        default=1,
    )
    table = Table(f"One BLAS thread against {n_threads}")
    orders = (50, 200, 500, 1000, 1500, 2000, 3000, 4000)
    rng = np.random.default_rng(0)
    crossings = {}
    for order in orders[:3] if settings.quick else orders:
        A = rng.standard_normal((order, order))
        A = np.asfortranarray(A @ A.T + order * np.eye(order))
        L, _ = dpotrf(A, lower=1)
        right = np.ones(order)
        operations = {
            "two dtrsv": lambda L=L, b=right: dtrsv(
                L, dtrsv(L, b, lower=1), lower=1, trans=1
            ),
            "dpotrf": lambda A=A: dpotrf(A, lower=1, clean=0),
        }
        for name, operation in operations.items():
            one, many = _both(settings, operation)
            gain = ratio(one, many)
            table.add(order=order, what=name, one=one, all=many, one_over_all=gain)
            if gain.median > 1.1:
                crossings.setdefault(name, order)
    _cost_of_limit(settings, table)
    if n_threads == 1:
        table.notes.append("BLAS has one thread here: nothing to compare.")
        return table
    for name in ("two dtrsv", "dpotrf"):
        table.notes.append(
            f"{name}: more threads are faster by a tenth or more from order "
            f"{crossings.get(name, 'none of these')}; "
            f"CROSSOVER is {CROSSOVER}."
        )
    return table


def _both(settings, operation):
    """Seconds with one thread and with all; so often that the limit costs nothing."""
    times = max(1, int(5e-3 / Call(operation).warm()))

    def repeated():
        for _ in range(times):
            operation()

    def limited():
        with controller().limit(limits=1, user_api="blas"):
            repeated()

    taken = paired(settings, Call(limited), Call(repeated))
    return [Spread(spread.values / times) for spread in taken]


def _cost_of_limit(settings, table):
    """What a limit to one thread costs by itself: kept controller or a new one."""

    def limited():
        with suited_to(1):
            pass

    def anew():
        with threadpool_limits(limits=1, user_api="blas"):
            pass

    def free():
        with suited_to(CROSSOVER):
            pass

    *limits, none = paired(settings, *map(Call, (limited, anew, free)))
    for name, taken in zip(("suited_to", "threadpool_limits"), limits, strict=True):
        table.add(
            order=1,
            what=f"{name} alone",
            one=taken,
            all=none,
            one_over_all=ratio(taken, none),
        )
    table.notes.append(
        f"A limit costs {limits[0]} with the controller that the package keeps, "
        f"{limits[1]} with threadpool_limits, which looks for the libraries each time."
    )
