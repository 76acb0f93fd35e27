"""Sums over rows in segments against one product: what they cost, how they err."""

from __future__ import annotations

import math

import numpy as np
import scipy.sparse as sp

from benchmarks.measure import Call, Table, paired, ratio
from sklearn_unlearn.core.arrays import transposed_times
from sklearn_unlearn.core.linear.summation import products
from sklearn_unlearn.core.threads import one_blas_thread


def run(settings):
    table = Table("X' v by segments of rows against one product")
    sources = [(200_000, 10, 1.0), (42_000, 50, 1.0), (1000, 2000, 1.0)]
    sources += [(100_000, 100, 0.1), (30_000, 2000, 0.03)]
    for n_rows, n_columns, density in sources[:1] if settings.quick else sources:
        X = _rows(n_rows, n_columns, density)
        for n_outputs in (1, 3):
            # all terms alike: their rounding errors have one sign
            values = np.full((n_rows, n_outputs), 0.1)
            sums = {"one product": transposed_times, "segments": products}
            calls = [lambda f=f, X=X, v=values: f(X, v) for f in sums.values()]
            with one_blas_thread():
                times = paired(settings, *map(Call, calls))
                errors = [_error(X, values, call()) for call in calls]
            for name, taken, error in zip(sums, times, errors, strict=True):
                table.add(
                    rows=n_rows,
                    columns=n_columns,
                    density=density,
                    outputs=n_outputs,
                    sum=name,
                    time=taken,
                    ratio=ratio(taken, times[0]),
                    error=error,
                )
    table.notes.append(
        "error: of the first column's sum, relative. All terms of a column are equal "
        "or, sparse, equal or zero. One BLAS thread, as in a pass over blocks."
    )
    return table


def _rows(n_rows, n_columns, density):
    if density == 1.0:
        return np.ones((n_rows, n_columns))
    X = sp.csr_array(sp.random(n_rows, n_columns, density, "csr", random_state=0))
    X.data[:] = 1.0
    return X


def _error(X, values, found):
    n_terms = np.count_nonzero(X[:, [0]].toarray() if sp.issparse(X) else X[:, 0])
    true = math.fsum([values[0, 0]] * int(n_terms))
    return abs(float(found[0, 0]) - true) / true
