"""People leave a pipeline: impute, scale, encode, classify, all from raw values."""

from __future__ import annotations

import copy

import numpy as np
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from benchmarks import data
from benchmarks.measure import Call, Table, paired, ratio
from sklearn_unlearn import (
    UnlearnableLogisticRegression,
    UnlearnableOneHotEncoder,
    UnlearnablePipeline,
    UnlearnableSimpleImputer,
    UnlearnableStandardScaler,
    make_unlearnable_column_transformer,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import StepTooLargeError

#: Draws of people; the figures are medians over them.
_DRAWS = 5


def run(settings):
    table = Table("People leave a pipeline of raw Adult")
    loaded = data.real(data.adult_raw, table)
    if loaded is None:
        return table
    X, y = loaded
    if settings.quick:
        X, y = X[:3000], y[:3000]
    keeps_nothing = _ours(X, False).fit(X, y)
    keeps_rows = _ours(X, True).fit(X, y)
    keeps_rows.partial_unfit(X[:1], y[:1])  # sorts the hashes, once and for all
    keeps_rows.partial_fit(X[:1], y[:1])
    found = {}
    for who, people in _people(keeps_nothing, X).items():
        for size in (1, 100, 1000):
            if size > len(people) or (settings.quick and size > 100):
                continue
            row = _measured(keeps_nothing, keeps_rows, X, y, people, size, settings)
            if row is None:
                table.notes.append(f"All requests of {size} {who} people are refused.")
                continue
            found[who, size] = row
            table.add(people=who, size=size, **row)
    _reach(table, found)
    table.notes.append(
        "Errors: the largest difference of a predicted probability from that of a "
        "refit of the whole pipeline, median over draws. Frozen: the last step alone "
        "unlearns, without the data or by an exact refit. Refused: draws whose step "
        "would be too large. Statistics: the largest "
        "relative difference of a mean, a variance or a category from the refit's. "
        "Influential people are the one in a hundred with the largest values. The "
        "refit is scikit-learn's own pipeline with newton-cholesky, tol 1e-8."
    )
    return table


def _measured(keeps_nothing, keeps_rows, X, y, people, size, settings):
    errors = {name: [] for name in ("free", "frozen", "exact", "behind", "statistics")}
    refused = 0
    for draw in range(2 if settings.quick else _DRAWS):
        rng = np.random.default_rng(draw)
        out = rng.choice(people, size, replace=False)
        stay = np.setdiff1d(np.arange(len(y)), out)
        refit = clone(keeps_nothing).fit(X.iloc[stay], y[stay])
        truth = refit.predict_proba(X)
        frozen = copy.deepcopy(keeps_nothing)
        try:
            free = copy.copy(keeps_nothing).partial_unfit(X.iloc[out], y[out])
            frozen[-1].partial_unfit(frozen[:-1].transform(X.iloc[out]), y[out])
        except StepTooLargeError:
            refused += 1
            continue
        exact = copy.copy(keeps_rows).partial_unfit(X.iloc[out], y[out])
        behind = copy.deepcopy(keeps_nothing)
        behind[-1].fit(behind[:-1].transform(X.iloc[stay]), y[stay])
        for name, model in zip(errors, (free, frozen, exact, behind), strict=False):
            errors[name].append(np.abs(model.predict_proba(X) - truth).max())
        errors["statistics"].append(_difference(free, refit))
    if not errors["free"]:
        return None
    # copies of a pipeline answer requests without changing one another
    going = X.iloc[out], y[out]
    theirs = _theirs(X)
    times = paired(
        settings,
        Call(lambda: copy.copy(keeps_nothing).partial_unfit(*going)),
        Call(lambda: copy.copy(keeps_rows).partial_unfit(*going)),
        Call(lambda: keeps_nothing[:-1].transform(going[0])),
        Call(lambda: theirs.fit(X.iloc[stay], y[stay])),
    )
    return {
        **{name: float(np.median(values)) for name, values in errors.items()},
        "refused": refused,
        "without_data": times[0],
        "exact_in": times[1],
        "transform_alone": times[2],
        "refit": times[3],
        "times_faster": ratio(times[3], times[0]),
        "exact_times_faster": ratio(times[3], times[1]),
    }


def _reach(table, found):
    for (who, size), row in found.items():
        label = f"{size} {who}"
        table.reach(f"statistics, {label}", row["statistics"], at_most=1e-10)
        table.reach(f"exact, {label}", row["exact"], at_most=1e-8)
        gain = row["frozen"] / row["free"]
        least = 1.0 / 1.1 if who == "ordinary" else 5.0
        table.reach(f"error, frozen over ours, {label}", gain, at_least=least)
        faster = {1: 20.0, 1000: 15.0}.get(size)
        if faster is not None:
            median = row["times_faster"].median
            table.reach(f"times faster, {label}", median, at_least=faster)
        median = row["exact_times_faster"].median
        table.reach(f"exact, times faster, {label}", median, at_least=5.0)


def _people(model, X):
    """All, and the one in a hundred with the largest values of numbers."""
    numbers = _numbers(X)
    Z = StandardScaler().fit_transform(X[numbers])
    order = np.argsort(-np.abs(Z).max(axis=1))
    few = max(len(X) // 100, 100)
    return {"ordinary": order[few:], "influential": order[:few]}


def _difference(model, refit):
    """Largest relative difference of what the transformers know."""
    largest = 0.0
    ours, theirs = (each[0].named_transformers_ for each in (model, refit))
    for (_, one), (_, two) in zip(ours.items(), theirs.items(), strict=True):
        if not isinstance(one, UnlearnablePipeline):
            continue
        for first, second in zip(one, two, strict=True):
            for name in ("mean_", "var_", "statistics_"):
                pair = [np.asarray(getattr(s, name, 0.0)) for s in (first, second)]
                if pair[0].dtype.kind == "f":
                    gap = np.abs(pair[0] - pair[1]) / np.maximum(np.abs(pair[1]), 1e-9)
                    largest = max(largest, float(gap.max()))
            pairs = [getattr(s, "categories_", []) for s in (first, second)]
            same = all(map(np.array_equal, *pairs))
            largest = largest if same else np.inf
    return largest


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
