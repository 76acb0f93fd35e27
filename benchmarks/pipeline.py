"""People leave a pipeline: impute, scale, encode, classify, all from raw values."""

from __future__ import annotations

import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from benchmarks import data, figure
from benchmarks.effects import effects
from benchmarks.measure import Table
from benchmarks.preprocessing import Case, answers, errors, times
from sklearn_unlearn import (
    UnlearnableLogisticRegression,
    UnlearnableOneHotEncoder,
    UnlearnablePipeline,
    UnlearnableSimpleImputer,
    UnlearnableStandardScaler,
    make_unlearnable_column_transformer,
    make_unlearnable_pipeline,
)

#: Draws of people; the figures are medians over them, unless they say otherwise.
_DRAWS = 5
#: Names of errors in the table, and in the figure.
_CURVES = {
    "exact": "ours, with data",
    "ours": "ours, without data",
    "behind": "model alone, refitted",
    "frozen": "model alone, without data",
}
_NOTE = (
    "Ours, frozen, exact, behind: the largest difference of a predicted probability "
    "from that of a refit of the whole pipeline. Ours and exact: the pipeline "
    "unlearns, without and with retained data. Frozen and behind: its last step alone "
    "does, without data or by an exact refit, and the transformers forget nothing. "
    "Gain: frozen over ours, median and least over the draws; frozen wins: draws in "
    "which frozen is nearer. Refused: draws in which the step of ours or of frozen "
    "would be too large. Statistics: the largest relative difference of a mean, a "
    "variance or an imputed number from the refit's, infinite if a category differs. "
    "Influential people are the one in a hundred that move the statistics most, each "
    "left out alone: the norm of the changes of means and imputed numbers, in standard "
    "deviations, of variances, in variances, and of categories that vanish or are "
    "imputed instead of another, one each (no transformer here keeps extremes). The "
    "refit that is timed is scikit-learn's own pipeline with newton-cholesky, tol 1e-8."
)


def run(settings):
    table = Table("People leave a pipeline of raw Adult")
    loaded = data.real(data.adult_raw, table)
    if loaded is None:
        return table
    X, y = loaded
    if settings.quick:
        X, y = X[:3000], y[:3000]
    sizes = (1, 10, 100) if settings.quick else (1, 10, 100, 1000)
    measure(settings, table, fitted(X, y), sizes)
    return table


def fitted(X, y):
    """The case of a frame: pipelines of ours that are fitted, and scikit-learn's."""
    with_data = _ours(X, True).fit(X, y)
    with_data.partial_unfit(X[:1], y[:1])  # sorts the hashes, once and for all
    with_data.partial_fit(X[:1], y[:1])
    return Case(_ours(X, False).fit(X, y), with_data, _theirs(X), X, y)


def measure(settings, table, case, sizes):
    """A row for each number of ordinary and influential people, of all at most."""
    for who, people in people_of(case.X).items():
        for size in sorted({min(size, len(people)) for size in sizes}):
            _add(settings, table, case, who, people, size)
    table.notes.append(_NOTE)


def people_of(X):
    """Positions of the one in a hundred that move the statistics most, and others."""
    order = np.argsort(-effects(X), kind="stable")
    few = max(len(X) // 100, 1)
    return {"ordinary": order[few:], "influential": order[:few]}


def plot(table, path):
    """Errors over the number of people, ordinary and influential."""
    panels = {}
    for row in table.rows:
        panel = panels.setdefault(f"{row['people']} people", {})
        for name, label in _CURVES.items():
            if np.isfinite(row[name]):
                panel.setdefault(label, []).append((row["size"], row[name]))
    figure.curves(
        path,
        panels,
        x="people deleted from Adult",
        y="largest error of a probability",
    )


def _add(settings, table, case, who, people, size):
    found, statistics, refused = [], [], 0
    # there is one draw of all people
    draws = 1 if size == len(people) else 2 if settings.quick else _DRAWS
    for draw in range(draws):
        out = np.random.default_rng(draw).choice(people, size, replace=False)
        models = answers(case, out)
        refused += models["ours"] is None or models["frozen"] is None
        found.append(errors(models, case.X))
        statistics += [
            difference(models[name], models["refit"])
            for name in ("ours", "exact")
            if models[name] is not None
        ]
    pairs = [each for each in found if {"ours", "frozen"} <= each.keys()]
    gains = [each["frozen"] / each["ours"] for each in pairs]
    row = {
        **{
            name: _median(found, name) for name in ("ours", "frozen", "exact", "behind")
        },
        "gain": np.median(gains) if gains else np.nan,
        "least_gain": min(gains, default=np.nan),
        "frozen_wins": f"{sum(gain < 1.0 for gain in gains)} of {len(gains)}",
        "refused": refused,
        "statistics": max(statistics),
        **times(settings, case, out, models),
    }
    table.add(people=who, size=size, **row)
    exact = max(each["exact"] for each in found)
    _reach(table, f"{size} {who}", who, size, row, exact)


def _reach(table, label, who, size, row, exact):
    table.reach(f"statistics, {label}", row["statistics"], at_most=1e-10)
    table.reach(f"exact, worst draw, {label}", exact, at_most=1e-8)
    if who == "ordinary":
        worst = 1.0 / row["least_gain"]
        table.reach(f"ours over frozen, worst draw, {label}", worst, at_most=1.1)
    else:
        table.reach(f"frozen over ours, {label}", row["gain"], at_least=5.0)
    if row["ours_times"]:
        faster = 20.0 if size == 1 else 15.0
        median = row["ours_times"].median
        table.reach(f"times faster than a refit, {label}", median, at_least=faster)
    median = row["exact_times"].median
    table.reach(f"exact, times faster, {label}", median, at_least=5.0)


def _median(found, name):
    return float(np.median([each[name] for each in found if name in each] or [np.nan]))


def difference(model, refit):
    """Largest relative difference of what the transformers know; infinite if other."""
    largest = 0.0
    ours, theirs = (each[0].named_transformers_ for each in (model, refit))
    for name, part in ours.items():
        if not isinstance(part, UnlearnablePipeline):
            continue
        for first, second in zip(part, theirs[name], strict=True):
            for known in ("mean_", "var_", "statistics_", "categories_"):
                if hasattr(second, known):
                    pair = getattr(first, known), getattr(second, known)
                    largest = max(largest, _gap(*pair))
    return largest


def _gap(one, two):
    if getattr(two, "dtype", np.dtype(object)).kind == "f":
        return float((np.abs(one - two) / np.maximum(np.abs(two), 1e-9)).max())
    return 0.0 if all(map(np.array_equal, one, two)) else np.inf


def _numbers(X):
    return [name for name in X if X[name].dtype.kind == "f"]


def _ours(X, retain_data):
    numbers = _numbers(X)
    words = [name for name in X if name not in numbers]
    return make_unlearnable_pipeline(
        make_unlearnable_column_transformer(
            (
                make_unlearnable_pipeline(
                    UnlearnableSimpleImputer(), UnlearnableStandardScaler()
                ),
                numbers,
            ),
            (
                make_unlearnable_pipeline(
                    UnlearnableSimpleImputer(strategy="most_frequent"),
                    UnlearnableOneHotEncoder(handle_unknown="ignore"),
                ),
                words,
            ),
        ),
        UnlearnableLogisticRegression(retain_data=retain_data),
    )


def _theirs(X):
    numbers = _numbers(X)
    words = [name for name in X if name not in numbers]
    return make_pipeline(
        make_column_transformer(
            (make_pipeline(SimpleImputer(), StandardScaler()), numbers),
            (
                make_pipeline(
                    SimpleImputer(strategy="most_frequent"),
                    OneHotEncoder(handle_unknown="ignore"),
                ),
                words,
            ),
        ),
        LogisticRegression(solver="newton-cholesky", tol=1e-8),
    )
