"""Forests: accuracy beside scikit-learn's, time of fits and of requests."""

from __future__ import annotations

import os
import time

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_wine,
    make_classification,
    make_friedman1,
    make_hastie_10_2,
)
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from benchmarks import data
from benchmarks.measure import Call, Table, paired, ratio
from benchmarks.packaged_sets import adult
from sklearn_unlearn import (
    UnlearnableColumnTransformer,
    UnlearnableOneHotEncoder,
    UnlearnableRandomForestClassifier,
    UnlearnableRandomForestRegressor,
    UnlearnableSimpleImputer,
    UnlearnableStandardScaler,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.core.trees.accelerator import VARIABLE, compiled_trees


def run(settings):
    table = Table("Forests against scikit-learn's of the same size")
    n_trees = 20 if settings.quick else 100
    differences = [_accuracy(table, *each, n_trees, settings) for each in _sets()]
    name, X, y, _ = next(each for each in _sets() if each[0] == "Adult")
    if settings.quick:
        X, y = X[:2000], y[:2000]
    _speed(table, name, X, y, n_trees, settings)
    _in_pipeline(table, n_trees, settings)
    table.reach(
        "accuracy or R2, mean difference in points", np.mean(differences), at_least=-0.1
    )
    table.reach("the same, worst set", np.min(differences), at_least=-1.0)
    table.notes.append(
        "Accuracy or R2 on a quarter that was held out, mean over seeds, in points "
        "(of 100). Requests take rows at random out of the fitted forest. Their mean "
        "time, and that of the slowest, against one refit by scikit-learn on the same "
        "cores, n_jobs=None in both."
    )
    return table


def _sets():
    """Name, rows, targets, and whether it is classes."""
    return [
        ("iris", *load_iris(return_X_y=True), True),
        ("wine", *load_wine(return_X_y=True), True),
        ("breast cancer", *load_breast_cancer(return_X_y=True), True),
        ("digits", *load_digits(return_X_y=True), True),
        ("Adult", *adult(), True),
        ("Hastie", *make_hastie_10_2(4000, random_state=0), True),
        (
            "clusters",
            *make_classification(3000, 20, n_informative=8, random_state=0),
            True,
        ),
        ("diabetes", *load_diabetes(return_X_y=True), False),
        ("Friedman", *make_friedman1(2000, noise=1.0, random_state=0), False),
    ]


def _pair(classes, n_trees, seed):
    kinds = (
        (UnlearnableRandomForestClassifier, RandomForestClassifier)
        if classes
        else (UnlearnableRandomForestRegressor, RandomForestRegressor)
    )
    return [kind(n_trees, random_state=seed) for kind in kinds]


def _accuracy(table, name, X, y, classes, n_trees, settings):
    scores, areas = [], []
    for seed in range(1 if settings.quick else 5):
        if settings.quick and len(y) > 1000:
            X, y = X[:1000], y[:1000]
        parts = train_test_split(X, y, test_size=0.25, random_state=seed)
        pair = _pair(classes, n_trees, seed)
        for forest in pair:
            forest.fit(parts[0], parts[2])
        scores.append([forest.score(parts[1], parts[3]) for forest in pair])
        if classes:
            areas.append([_area(forest, parts[1], parts[3]) for forest in pair])
    ours, twin = 100.0 * np.mean(scores, axis=0)
    table.add(data=name, what="score", ours=ours, scikit_learn=twin, ratio="")
    if classes:
        area, other = 100.0 * np.mean(areas, axis=0)
        table.add(data=name, what="AUC", ours=area, scikit_learn=other, ratio="")
    return ours - twin


#: By which code, whether it is compiled, and what is to be reached: the time of a fit,
#: and by how much one row, the slowest of them and a hundred are faster than a refit.
_CODES = [
    ("NumPy", "0", 1.5, (150, 15, 10)),
    ("compiled", "1", 0.5, (600, 40, 30)),
]


def _speed(table, name, X, y, n_trees, settings):
    turned = os.environ.get(VARIABLE)
    for code, value, most, least in _CODES:
        os.environ[VARIABLE] = value
        if (compiled_trees() is not None) == (code == "compiled"):
            _speed_of(code, table, name, X, y, n_trees, most, least, settings)
    os.environ.pop(VARIABLE)
    if turned is not None:
        os.environ[VARIABLE] = turned


def _speed_of(code, table, name, X, y, n_trees, most, least, settings):
    ours, twin = _pair(True, n_trees, 0)
    # what the compiler takes is no part of it
    _pair(True, 2, 0)[0].fit(X[:100], y[:100]).partial_unfit(X[:1], y[:1])
    fits = paired(settings, Call(lambda: ours.fit(X, y)), Call(lambda: twin.fit(X, y)))
    share = ratio(*fits)
    table.add(
        data=name,
        what=f"fit, {code}",
        ours=fits[0],
        scikit_learn=fits[1],
        ratio=share.median,
    )
    table.reach(f"time of a fit / scikit-learn's, {code}", share.median, at_most=most)
    refit = fits[1].median
    order = np.random.default_rng(0).permutation(len(y))
    n_single = 5 if settings.quick else 100
    singles = [_request(ours, X, y, [row]) for row in order[:n_single]]
    hundred = _request(ours, X, y, order[n_single : n_single + 100])
    times = np.mean(singles), np.max(singles), hundred
    kinds = "1 row out, mean", "1 row out, slowest", "100 rows out"
    for kind, seconds, times_faster in zip(kinds, times, least, strict=True):
        table.add(
            data=name,
            what=f"{kind}, {code}",
            ours=f"{1e3 * seconds:.3g} ms",
            scikit_learn=f"{refit:.3g} s",
            ratio=refit / seconds,
        )
        what = f"{kind}, {code}: a refit / a request"
        table.reach(what, refit / seconds, at_least=times_faster)


def _area(forest, X, y):
    """The area under the curve, the mean over classes each against the rest."""
    shares = forest.predict_proba(X)
    if shares.shape[1] == 2:
        return roc_auc_score(y, shares[:, 1])
    return roc_auc_score(y, shares, multi_class="ovr")


def _in_pipeline(table, n_trees, settings):
    """Requests in raw values, behind an imputer, a scaler and an encoder."""
    X, y = data.adult_raw()
    if settings.quick:
        X, y = X[:2000], y[:2000]
    numbers = [name for name in X if X[name].to_numpy().dtype.kind == "f"]
    others = [name for name in X if name not in numbers]
    forest, twin = _pair(True, n_trees, 0)
    encoded = {"sparse_output": False, "handle_unknown": "ignore"}
    scaled = make_unlearnable_pipeline(
        UnlearnableSimpleImputer(), UnlearnableStandardScaler()
    )
    ours = make_unlearnable_pipeline(
        UnlearnableColumnTransformer(
            [
                ("numbers", scaled, numbers),
                ("others", UnlearnableOneHotEncoder(**encoded), others),
            ]
        ),
        forest,
    )
    theirs = make_pipeline(
        ColumnTransformer(
            [
                ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), numbers),
                ("others", OneHotEncoder(**encoded), others),
            ]
        ),
        twin,
    )
    fits = paired(
        settings, Call(lambda: ours.fit(X, y)), Call(lambda: theirs.fit(X, y))
    )
    refit = fits[1].median
    new = X[10:13].copy()
    new[numbers[0]] += 1.0
    kinds = [
        ("1 row", lambda row: _request(ours, X, y, [row]), 50),
        (
            "1 value",
            lambda row: _timed(
                ours.replace_features,
                X[10 + row : 11 + row],
                y[10 + row : 11 + row],
                new[row : row + 1],
            ),
            50,
        ),
        ("1 column", lambda row: _timed(ours.forget_features, [others[row]]), 2),
    ]
    for kind, request, times_faster in kinds:
        request(0)  # which waits for what is looked up once
        seconds = np.mean([request(row) for row in (1, 2)])
        table.add(
            data="Adult",
            what=f"{kind} out of a pipeline",
            ours=f"{1e3 * seconds:.3g} ms",
            scikit_learn=f"{refit:.3g} s",
            ratio=refit / seconds,
        )
        what = f"{kind}, pipeline: a refit / a request"
        table.reach(what, refit / seconds, at_least=times_faster)


def _timed(verb, *arguments):
    start = time.perf_counter()
    verb(*arguments)
    return time.perf_counter() - start


def _request(model, X, y, rows):
    some = X.iloc[rows] if hasattr(X, "iloc") else X[rows]
    return _timed(model.partial_unfit, some, y[rows])
