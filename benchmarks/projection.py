"""Time and bytes of fits past this machine, by a model that is checked here.

Four rates of one core are measured on the smallest of three sizes; the model says what
the other two take, and what problems take that are too large for here. BLAS is to have
one thread (``OPENBLAS_NUM_THREADS=1``). See ``doc/scale.rst``.
"""

from __future__ import annotations

import math
import time
import tracemalloc
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from benchmarks.measure import Table
from sklearn_unlearn.core.linear.factor import factorise
from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.linear.row_products import RowProducts
from sklearn_unlearn.core.losses.smooth import HalfBinomialLogistic
from sklearn_unlearn.core.rows import Rows
from sklearn_unlearn.core.threads import one_blas_thread

#: Rows and columns, dense: the first size gives the rates.
_DENSE = ((40_000, 500), (20_000, 1000), (10_000, 2000))
#: Rows, columns and entries of a row, sparse.
_SPARSE = ((50_000, 100_000, 50), (100_000, 300_000, 50), (100_000, 1_000_000, 100))
_QUICK_DENSE = ((4_000, 100), (4_000, 200), (2_000, 400))
_QUICK_SPARSE = ((2_000, 5_000, 20), (4_000, 10_000, 20), (8_000, 20_000, 20))
#: What a machine of the projection is: cores as this one's, bytes of memory, bytes a
#: second from disk and through the network.
_CORES, _MEMORY, _DISK, _NETWORK = 32, 256e9, 2e9, 1e9
#: Results that one task of a tree combines.
_BRANCHES = 8
#: Passes of a fit to 1e-8: gradients and the like, Hessians; and half-passes of
#: conjugate gradients, of a fit and of an exact request.
_GRADIENTS, _HESSIANS, _FIT_HALVES, _REQUEST_HALVES = 16, 2, 200, 40


@dataclass(frozen=True)
class Rates:
    """Of one core, in seconds: a dense entry of a gradient, a product of a Hessian, one
    of a factor, a stored entry of half a sparse pass."""

    gradient: float
    hessian: float
    factor: float
    sparse: float


def run(settings):
    table = Table("A model of time and bytes, one core: said and measured")
    dense, sparse = _DENSE, _SPARSE
    if settings.quick:
        dense, sparse = _QUICK_DENSE, _QUICK_SPARSE
    rates = None
    with one_blas_thread():
        for n_rows, n_columns in dense:
            found, held = _dense(n_rows, n_columns)
            rates = rates or found
            p = n_columns + 1
            said = {
                "gradient": rates.gradient * n_rows * p,
                "Hessian": rates.hessian * n_rows * p * p / 2.0,
                "factor": rates.factor * p**3 / 3.0,
            }
            measured = {
                "gradient": found.gradient * n_rows * p,
                "Hessian": found.hessian * n_rows * p * p / 2.0,
                "factor": found.factor * p**3 / 3.0,
            }
            size = f"{n_rows:,} x {n_columns:,}"
            for what, seconds in said.items():
                _add(table, size, what, seconds, measured[what], " s")
            _add(table, size, "bytes here", _driver(p) / 1e6, held / 1e6, " MB")
        first = None
        for n_rows, n_columns, per_row in sparse:
            found = _sparse(n_rows, n_columns, per_row)
            first = first or found
            size = f"{n_rows:,} x {n_columns:,}, {per_row} a row"
            entries = n_rows * per_row
            _add(table, size, "half a pass", first * entries, found * entries, " s")
    rates = replace(rates, sparse=first)
    for line in projections(rates):
        table.notes.append(line)
    return table


def projections(rates):
    """What the two problems take on machines of `_CORES` cores like this one."""
    n_rows, p, machines = 1e9, 1e4, 100
    share, cores = 8.0 * n_rows * p / machines, machines * _CORES
    read = share / _DISK if share > _MEMORY else 0.0
    gradient = max(rates.gradient * n_rows * p / cores, read)
    hessian = max(rates.hessian * n_rows * p * p / 2.0 / cores, read)
    levels = math.ceil(math.log(machines, _BRANCHES))
    tree = levels * _BRANCHES * 8.0 * p * p / _NETWORK
    factor = rates.factor * p**3 / 3.0 / _CORES
    whole = _GRADIENTS * gradient + _HESSIANS * (hessian + tree + factor)
    yield (
        f"n = 1e9, d = 1e4, {machines} machines of {_CORES} cores: "
        f"{share / 1e9:.0f} GB of rows each; a gradient {gradient:.0f} s, of which "
        f"reading {read:.0f} s; a Hessian {hessian:.0f} s, its sums by a tree "
        f"{tree:.0f} s, its factor {factor:.0f} s; the driver holds "
        f"{_driver(p) / 1e9:.1f} GB; a fit of "
        f"{_GRADIENTS} gradients and {_HESSIANS} Hessians {whole / 60:.0f} min; a "
        f"request without data {rates.gradient * 2.0 * p * p:.2f} s of one core."
    )
    n_texts, n_words, per_text = 1e8, 1e6, 100.0
    entries = n_texts * per_text
    held, half = 12.0 * entries, rates.sparse * entries
    yield (
        f"1e8 texts x 1e6 words, {per_text:.0f} a text: {held / 1e9:.0f} GB of rows; a "
        f"factor would have {8 * n_words**2 / 1e12:.0f} TB; half a pass "
        f"{half:.0f} s of one core, {half / _CORES:.1f} s of a machine that holds the "
        f"rows, {held / _DISK:.0f} s of one that reads them; an exact request of "
        f"{_REQUEST_HALVES} half-passes {_REQUEST_HALVES * half / _CORES / 60:.1f} min "
        f"in memory, {_REQUEST_HALVES * held / _DISK / 60:.0f} min from disk, a fit of "
        f"{_FIT_HALVES} {_FIT_HALVES * half / _CORES / 60:.0f} and "
        f"{_FIT_HALVES * held / _DISK / 60:.0f} min; vectors over texts "
        f"{6 * 8 * n_texts / 1e9:.1f} GB."
    )


def _driver(p):
    """Bytes here while Hessians of blocks are added and made a factor, and a buffer."""
    return 3.0 * 8.0 * p * p + 8.0 * 2**18


def _add(table, size, what, said, measured, unit):
    table.add(
        size=size,
        what=what,
        said=f"{said:.3g}{unit}",
        measured=f"{measured:.3g}{unit}",
        ratio=measured / said,
    )
    table.reach(f"{size}, {what}: measured / said", measured / said, at_most=2.0)


def _dense(n_rows, n_columns):
    """Rates of one size, and the most bytes that a Hessian and its factor took."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_rows, n_columns))
    rows = Rows(X, (X[:, :1] > 0.0) * 1.0, np.ones(n_rows))
    objective, theta = _objective(n_columns), np.zeros((n_columns + 1, 1))
    p = n_columns + 1
    gradient = _seconds(lambda: objective.value_and_gradient(rows, theta), 3)
    hessian = _seconds(lambda: objective.data_hessian(rows, theta), 2)
    matrix = objective.data_hessian(rows, theta)
    penalty, gauge, alive = objective.packed_penalty, objective.gauge, np.arange(p)
    copies = iter([matrix.copy(order="F") for _ in range(2)])
    factor = _seconds(lambda: factorise(next(copies), penalty, gauge, alive), 2)
    tracemalloc.start()
    matrix = objective.data_hessian(rows, theta)
    factorise(matrix, penalty, gauge, alive)
    _, held = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    rates = Rates(
        gradient / (n_rows * p),
        hessian / (n_rows * p * p / 2.0),
        factor / (p**3 / 3.0),
        0.0,
    )
    return rates, held


def _sparse(n_rows, n_columns, per_row):
    """Seconds of a stored entry in half a pass of conjugate gradients."""
    rng = np.random.default_rng(0)
    indices = (n_columns ** rng.random(n_rows * per_row)).astype(np.int32)
    ends = np.arange(0, indices.size + 1, per_row)
    X = sp.csr_array((rng.random(indices.size), indices, ends), (n_rows, n_columns))
    rows = Rows(X, np.zeros((n_rows, 1)), np.ones(n_rows))
    products = RowProducts(_objective(n_columns), rows)
    theta, values = rng.random((n_columns + 1, 1)), rng.random((n_rows, 1))

    def both():
        products.raw(theta)
        products.pull_roughly(values)

    return _seconds(both, 3) / 2.0 / indices.size


def _objective(n_columns):
    p = n_columns + 1
    return Objective(
        loss=HalfBinomialLogistic(),
        fit_intercept=True,
        penalty=np.ones((p, 1)),
        linear=np.zeros((p, 1)),
        held=np.zeros((p, 1), dtype=bool),
    )


def _seconds(call, times):
    """The fewest seconds of the processor, which others of it do not lengthen."""
    taken = []
    for _ in range(times):
        start = time.process_time()
        call()
        taken.append(time.process_time() - start)
    return min(taken)
