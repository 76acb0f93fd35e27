"""Forests: what they predict on real data, beside scikit-learn's of the same size."""

from __future__ import annotations

import numpy as np
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

from benchmarks import data
from benchmarks.measure import Table
from benchmarks.packaged_sets import NAMES, load
from sklearn_unlearn import (
    UnlearnableRandomForestClassifier,
    UnlearnableRandomForestRegressor,
)


def add_arguments(parser):
    parser.add_argument(
        "--sets", nargs="+", choices=NAMES, default=NAMES, metavar="SET"
    )
    parser.add_argument("--shares", nargs="+", type=float, default=[0.3])
    parser.add_argument("--candidates", nargs="+", type=int, default=[20])


def run(settings, options):
    table = Table("What forests predict, against scikit-learn's of the same size")
    n_trees, n_seeds = (10, 1) if settings.quick else (100, 5)
    ours = [(share, s) for share in options.shares for s in options.candidates]
    differences = {each: [] for each in ours}
    for name in options.sets:
        try:
            X, y, classes = load(name)
        except data.DataMissingError as error:
            table.notes.append(f"Skipped: {error}")
            continue
        if settings.quick:
            X, y = X[:1000], y[:1000]
        kinds = _kinds(classes)
        reference = _figures(
            X,
            y,
            classes,
            lambda seed, kind=kinds[1]: kind(n_trees, random_state=seed),
            n_seeds,
        )
        for share, candidates in ours:
            figures = _figures(
                X,
                y,
                classes,
                lambda seed, share=share, s=candidates, kind=kinds[0]: kind(
                    n_trees, max_samples=share, n_candidates=s, random_state=seed
                ),
                n_seeds,
            )
            difference = np.mean(figures - reference, axis=0)
            differences[share, candidates].append(difference)
            table.add(
                data=name,
                rows=f"{len(y)} x {X.shape[1]}",
                share=share,
                candidates=candidates,
                of="accuracy" if classes else "R2",
                ours=_shown(figures[:, 0]),
                scikit_learn=_shown(reference[:, 0]),
                difference=f"{difference[0]:+.2f}",
                AUC=_shown(figures[:, 1]) if classes else "",
                its_AUC=_shown(reference[:, 1]) if classes else "",
                AUC_difference=f"{difference[1]:+.2f}" if classes else "",
            )
    for (share, candidates), found in differences.items():
        if not found:
            continue
        score, area = np.array(found).T
        which = f"share {share:g}, {candidates} candidates"
        table.reach(f"{which}: mean difference in points", score.mean(), at_least=-0.1)
        table.reach(f"{which}: the worst set", score.min(), at_least=-1.0)
        table.reach(
            f"{which}: mean difference of the AUC", np.nanmean(area), at_least=-0.1
        )
        table.reach(f"{which}: its worst set", np.nanmin(area), at_least=-1.0)
    table.notes.append(
        f"In points (of 100), on a quarter of the rows that was held out: the mean of "
        f"{n_seeds} seeds of the split and of the forest, and its standard error. "
        f"{n_trees} trees each; other parameters as by default."
    )
    return table


def _kinds(classes):
    if classes:
        return UnlearnableRandomForestClassifier, RandomForestClassifier
    return UnlearnableRandomForestRegressor, RandomForestRegressor


def _figures(X, y, classes, forest, n_seeds):
    """Score, and area under the curve of classes, in points, a row for each seed."""
    found = []
    for seed in range(n_seeds):
        X_train, X_test, y_train, y_test = train_test_split(
            X, y, test_size=0.25, random_state=seed
        )
        fitted = forest(seed).fit(X_train, y_train)
        area = _area(fitted, X_test, y_test) if classes else np.nan
        found.append([fitted.score(X_test, y_test), area])
    return 100.0 * np.array(found)


def _area(forest, X, y):
    """The area under the curve, the mean over classes each against the rest."""
    shares = forest.predict_proba(X)
    if shares.shape[1] == 2:
        return roc_auc_score(y, shares[:, 1])
    return roc_auc_score(y, shares, multi_class="ovr")


def _shown(values):
    error = np.std(values, ddof=1) / np.sqrt(values.size) if values.size > 1 else 0.0
    return f"{values.mean():.2f} ± {error:.2f}"
