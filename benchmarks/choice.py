"""Searches that unlearn: time against a fresh search, the same choice, and the leak."""

from __future__ import annotations

import time
import warnings

import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from benchmarks import data
from benchmarks.measure import Table
from sklearn_unlearn import (
    UnlearnableGridSearchCV,
    UnlearnableLogisticRegression,
    UnlearnableOneHotEncoder,
    UnlearnableStandardScaler,
    make_unlearnable_column_transformer,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import NotForgottenWarning

#: Fits and refits stop here, so that scores are those of the minimum.
_TOL = 1e-9
#: Rows of Adult: 80 models of them with retained data take half a gigabyte.
_N_ADULT = 10_000


def add_arguments(parser):
    """Which data, so that they can be measured in several runs."""
    parser.add_argument("--data", default=None, help="one data set; all by default")


def run(settings, options):
    """One row out of each search, against fresh searches in the same folds.

    There are as many draws as rounds; three, where a fresh search takes seconds.
    """
    warnings.simplefilter("ignore", ConvergenceWarning)
    table = Table("One row out of a search against a fresh search in the same folds")
    n_candidates, n_folds = (3, 3) if settings.quick else (8, 5)
    candidates = np.logspace(-3, 2, n_candidates)
    for name, X, y, ours, theirs in _problems(settings, table):
        if options.data not in (None, name):
            continue
        folds = list(StratifiedKFold(n_folds, shuffle=True, random_state=0).split(X, y))
        draws = np.random.default_rng(0).permutation(len(y))
        for retain in (False, True):
            n_draws = 3 if settings.quick or len(y) > 1000 else settings.rounds
            n_draws = min(n_draws, settings.rounds)
            model = ours(retain)
            place = f"{model.steps[-1][0]}__C"
            search = UnlearnableGridSearchCV(model, {place: candidates}, cv=folds)
            search.fit(X, y)
            # hashes of rows are sorted once and for all, and no draw starts cold
            warm = draws[-1:]
            base = search._fitted
            search.partial_unfit(_some(X, warm), y[warm])
            twin = theirs()
            refit = GridSearchCV(
                twin, {f"{twin.steps[-1][0]}__C": candidates}, cv=folds
            )
            taken, fresh, errors, same, within, sure = [], [], [], [], [], []
            for row in draws[:n_draws]:
                search._fitted = base
                start = time.process_time()
                search.partial_unfit(_some(X, [row]), y[[row]])
                taken.append(time.process_time() - start)
                left = np.delete(np.arange(len(y)), row)
                refit.cv = _without(folds, row)
                start = time.process_time()
                refit.fit(_some(X, left), y[left])
                fresh.append(time.process_time() - start)
                errors.append(_error(search.cv_results_, refit.cv_results_))
                same.append(search.best_index_ == refit.best_index_)
                stated = search.score_errors()
                within.append(_within(search.cv_results_, refit.cv_results_, stated))
                sure.append(stated.sure)
                assert same[-1] or not sure[-1]
            table.add(
                data=name,
                rows=len(y),
                retained=retain,
                ms_a_request=1e3 * float(np.median(taken)),
                ms_a_search=1e3 * float(np.median(fresh)),
                times_faster=float(np.median(fresh) / np.median(taken)),
                largest_error=float(np.max(errors)),
                same_choice=f"{np.sum(same)} of {len(same)}",
                surely=f"{np.sum(sure)} of {len(same)}",
                within_bound=f"{np.sum(within)} of {len(same)}",
                megabytes=search.n_bytes_ / 1e6,
            )
    table.notes.append(
        "Processor times of one thread, medians. Error: the largest difference of an "
        "accuracy in any fold from the fresh search, whose LogisticRegression has "
        "solver='newton-cholesky'. Within the bound: draws of which every score in "
        "every fold is as near to the fresh one as `score_errors` says; surely: those "
        "of which it says that a fresh search would choose the same, as all these did. "
        "`python -m benchmarks choice_draws` makes a hundred draws."
    )
    if options.data is None:
        _leak(table, settings)
    return table


def _problems(settings, table):
    def pipelines(front, theirs_front):
        def ours(retain):
            model = UnlearnableLogisticRegression(retain_data=retain, tol=_TOL)
            return make_unlearnable_pipeline(front(), model)

        def theirs():
            model = LogisticRegression(solver="newton-cholesky", tol=1e-9)
            return make_pipeline(theirs_front(), model)

        return ours, theirs

    scalers = pipelines(UnlearnableStandardScaler, StandardScaler)
    yield "breast cancer", *data.breast_cancer(), *scalers
    X, y = data.digits()
    n_rows = 200 if settings.quick else len(y)
    yield "digits", X[:n_rows], y[:n_rows], *scalers
    for name, loader in (("credit", data.credit_raw), ("Adult", data.adult_raw)):
        loaded = data.real(loader, table)
        if loaded is None:
            continue
        X, y = loaded
        n_rows = 500 if settings.quick else _N_ADULT
        X, y = X[:n_rows].reset_index(drop=True), y[:n_rows]
        yield name, X, y, *pipelines(*_one_hot(X))


def _one_hot(X):
    """What makes columns of numbers and words, ours and scikit-learn's."""
    numbers = [name for name in X if name.startswith("number")]
    words = [name for name in X if name not in numbers]

    def columns():
        return make_unlearnable_column_transformer(
            (UnlearnableStandardScaler(), numbers),
            (UnlearnableOneHotEncoder(handle_unknown="ignore"), words),
        )

    def theirs_columns():
        return make_column_transformer(
            (StandardScaler(), numbers),
            (OneHotEncoder(handle_unknown="ignore", sparse_output=False), words),
        )

    return columns, theirs_columns


def _leak(table, settings):
    """Whether the choice tells that a group was there, after all of it has left.

    Each world has another draw of rows. In half of them a group with turned labels
    asks for a strong penalty, and is unlearned. Who sees the chosen C then guesses
    whether it was there: an AUC of 0.5 is chance.
    """
    worlds = 6 if settings.quick else 40
    grid, chosen = np.logspace(-4, 1, 6), {True: [], False: []}
    for frozen in (True, False):
        for seed in range(worlds):
            rng = np.random.default_rng(seed)
            X = rng.standard_normal((180, 10))
            y = (X[:, 0] + 0.5 * rng.standard_normal(180) > 0.0).astype(int)
            group = np.arange(60)
            y[group] = 1 - y[group]
            present = seed % 2 == 0
            if not present:
                X, y = X[60:], y[60:]
            search = UnlearnableGridSearchCV(
                UnlearnableLogisticRegression(retain_data=True),
                {"C": grid},
                cv=StratifiedKFold(3, shuffle=True, random_state=seed),
                scoring="neg_log_loss",
                keep="best" if frozen else "all",
            ).fit(X, y)
            if present:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", NotForgottenWarning)
                    search.partial_unfit(X[group], y[group])
            chosen[frozen].append(search.best_params_["C"])
    told = {frozen: _auc(np.array(found)) for frozen, found in chosen.items()}
    table.notes.append(
        f"A group of 60 of 180 rows with turned labels, unlearned in half of {worlds} "
        "worlds, all of other rows: who sees the chosen C tells where it was with an "
        f"AUC of {told[True]:.2f} if the choice is frozen (keep='best'), of "
        f"{told[False]:.2f} if it is made anew. Chance is 0.50."
    )


def _auc(found):
    """How well the choice tells worlds that had the group, even ones, from others."""
    there, absent = found[::2], found[1::2]
    less = np.subtract.outer(absent, there)
    auc = float(np.mean((less > 0) + 0.5 * (less == 0)))
    return max(auc, 1.0 - auc)


def _some(X, rows):
    return X.iloc[rows] if hasattr(X, "iloc") else X[rows]


def _without(folds, row):
    return [
        tuple(np.array(part[part != row]) - (part[part != row] > row) for part in each)
        for each in folds
    ]


def _within(results, others, stated):
    """Whether all scores are as near to those of a fresh search as is said."""
    names = [f"split{k}_test_score" for k in range(stated.errors.shape[1])]
    differences = np.column_stack([np.abs(results[n] - others[n]) for n in names])
    return bool(np.all(differences <= stated.errors + 1e-12))


def _error(results, others):
    names = [name for name in others if name.startswith("split")]
    return max(float(np.abs(results[name] - others[name]).max()) for name in names)
