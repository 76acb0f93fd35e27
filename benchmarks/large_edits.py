"""How far a closed-form step may be trusted: its own size against what it left."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from sklearn.datasets import load_iris, load_wine, make_classification
from sklearn.preprocessing import scale

from benchmarks import data
from benchmarks.measure import Table
from sklearn_unlearn import UnlearnableLogisticRegression
from sklearn_unlearn.core.linear.edits import Edit
from sklearn_unlearn.core.linear.model import REFUSED_CHANGE
from sklearn_unlearn.core.linear.step_sizes import LARGE_CHANGE
from sklearn_unlearn.core.linear.steps import unlearn
from sklearn_unlearn.exceptions import NotPositiveDefiniteError

_EDGES = (0.0, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 10.0, np.inf)


def run(settings):
    table = Table("Size of a data-free step against the residual after / before")
    steps = np.array(list(_steps(settings)))
    for low, high in pairwise(_EDGES):
        chosen = steps[(steps[:, 0] >= low) & (steps[:, 0] < high)]
        if not chosen.size:
            continue
        residual, worse, largest = chosen[:, 1:].T
        table.add(
            t_D=f"{low:g} to {high:g}",
            requests=len(chosen),
            warned=f"{100 * np.mean(largest > LARGE_CHANGE):.0f} %",
            median=float(np.median(residual)),
            ninth_decile=float(np.quantile(residual, 0.9)),
            residual_worse=f"{100 * np.mean(residual > 1.0):.1f} %",
            objective_worse=f"{100 * np.mean(worse):.1f} %",
        )
    trusted = steps[steps[:, 0] < REFUSED_CHANGE]
    table.notes.append(
        "t_D: largest change of a raw prediction among the rows that come or remain, "
        f"refused from {REFUSED_CHANGE:g}; warned where that of any row, one that "
        f"leaves included, is above {LARGE_CHANGE:.2g}. Worse: than doing nothing. Of "
        f"the {len(trusted)} steps below the refusal "
        f"{100 * np.mean(trusted[:, 2]):.1f} % raised the objective. Rows out and "
        "labels shuffled; breast cancer, iris, wine, synthetic 2000 x 20; C from 0.01 "
        "to 100; 1 to 400 rows."
    )
    return table


def _steps(settings):
    """Random edits: t_D, residual after / before, objective worse, largest change."""
    rng = np.random.default_rng(0)
    iris, wine = load_iris(return_X_y=True), load_wine(return_X_y=True)
    sources = [
        data.breast_cancer(),
        iris,
        (scale(wine[0]), wine[1]),
        make_classification(2000, 20, flip_y=0.1, random_state=0),
    ]
    strengths = (0.1, 10.0) if settings.quick else (0.01, 0.1, 1.0, 10.0, 100.0)
    sizes = (1, 10, 50) if settings.quick else (1, 2, 5, 10, 20, 50, 100, 200, 400)
    for X, y in sources:
        for C in strengths:
            clf = UnlearnableLogisticRegression(C=C).fit(X, y)
            for size in sizes:
                if size > len(y) // 3:
                    continue
                for _ in range(2 if settings.quick else 6):
                    out = rng.choice(len(y), size, replace=False)
                    for edited in (_relabelled(X, y, out, rng), _without(X, y, out)):
                        yield from _effect(clf, X, y, out, *edited)


def _relabelled(X, y, out, rng):
    new = y.copy()
    new[out] = rng.permutation(y)[: out.size]
    if out.size == 1:
        new[out] = (y[out] + 1) % np.unique(y).size
    return X, new, new[out]


def _without(X, y, out):
    keep = np.delete(np.arange(len(y)), out)
    return X[keep], y[keep], None


def _effect(clf, X, y, out, X_after, y_after, labels):
    if np.unique(y_after).size < np.unique(y).size:
        return
    fitted = clf._fitted
    state, objective = fitted.model.state, fitted.model.state.objective
    rows = clf._read_rows(fitted, X[out], y[out], None)
    edit = Edit(rows_out=rows)
    if labels is not None:
        coming = clf._read_rows(fitted, X[out], labels, None)
        edit = Edit(rows_out=rows, rows_in=coming, same_features=True)
    try:
        step = unlearn(state, edit)
    except NotPositiveDefiniteError:
        return
    after = clf._read_rows(fitted, X_after, y_after, None)
    values, residuals = zip(
        *(
            (
                objective.value(after, theta),
                np.linalg.norm(objective.gradient(after, theta)),
            )
            for theta in (state.theta, step.state.theta)
        ),
        strict=True,
    )
    if residuals[0] > 0.0:
        yield (
            step.remaining_change,
            residuals[1] / residuals[0],
            values[1] > values[0] * (1.0 + 1e-12),  # beyond rounding
            step.largest_change,
        )
