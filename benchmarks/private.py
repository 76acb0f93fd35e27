"""Private mode: what it costs to hide every row before and after it is deleted."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import normalize

from benchmarks import data
from benchmarks.measure import Table
from benchmarks.published import TestRows
from sklearn_unlearn import GaussianCertification, UnlearnableLogisticRegression
from sklearn_unlearn.certification import kappa

EPSILON, DELTA = 1.0, 1e-5
#: Noise over the least that hides a row: what is left is for minimising.
_MORE = 1.001


def run(settings):
    table = Table(f"Private mode at epsilon={EPSILON:g}, delta={DELTA:g}")
    draws = 20 if settings.quick else 400
    for name, train, test in _sources(settings, table):
        X, y = train
        rows = TestRows(*test, False)
        plain = LogisticRegression(fit_intercept=False).fit(X, y).coef_.T
        for C, planned in product((0.1, 0.01, 0.001), (1, 100)):
            sigma = _MORE * kappa(EPSILON, DELTA) * math.sqrt(planned) * C
            model = UnlearnableLogisticRegression(
                C=C,
                fit_intercept=False,
                retain_data=True,
                certification=GaussianCertification(
                    EPSILON,
                    DELTA,
                    sigma,
                    mode="private",
                    row_norm=1.0,
                    n_publications=planned,
                ),
            ).fit(X, y)
            coefficients = model._fitted.model.state.theta
            table.add(
                data=name,
                rows=f"{len(y):,}",
                C=C,
                publications=planned,
                sigma=sigma,
                at_C_1=f"{rows.accuracy(plain, 0.0):.3f}",
                without_noise=f"{rows.accuracy(coefficients, 0.0):.3f}",
                with_noise=f"{rows.accuracy(coefficients, sigma, n_noise=draws):.3f}",
            )
    table.notes.append(
        "Rows are standardised, with a column of ones, and divided by their norm; "
        "means and scales are taken for public, as C is. Accuracy on test rows: of a "
        "fit at C=1, of one at this C, and of the same with noise, the mean of "
        f"{draws} draws."
    )
    return table


def _sources(settings, table):
    X, y = data.breast_cancer()
    train, test = data.split(X, y)
    yield "breast cancer", _unit(*train), _unit(*test)
    loaded = data.real(lambda: (data.adult(), data.adult_test()), table)
    if loaded is not None:
        train, test = loaded
        if settings.quick:
            train = train[0][:5000], train[1][:5000]
        yield "Adult", _unit(*train), _unit(*test)
    n_rows = 5000 if settings.quick else 200_000
    X, y = data.synthetic(n_rows + 10_000, 20)
    yield (
        "synthetic, 20 columns",
        _unit(X[:n_rows], y[:n_rows]),
        _unit(X[n_rows:], y[n_rows:]),
    )


def _unit(X, y):
    return normalize(np.column_stack([X, np.ones(len(y))])), y
