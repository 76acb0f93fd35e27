"""Searches that unlearn by closed forms: how often their choice is that of a fresh one.

Each draw takes one row out of a search without data, and out of one with data, whose
scores are those of a fresh search: every tenth draw compares them with one.
"""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from benchmarks import choice
from benchmarks.measure import Table
from sklearn_unlearn import UnlearnableGridSearchCV
from sklearn_unlearn.exceptions import LargeStepWarning

#: Draws, of which each is compared with the exact search; and every so many of them
#: with a fresh one.
_N_DRAWS, _EVERY = 100, 10


def add_arguments(parser):
    """Which of the draws are made, so that they can be made in several runs."""
    parser.add_argument("--draws-of", default=None, help="one data set; all by default")
    parser.add_argument("--first", type=int, default=0, help="number of the first draw")
    parser.add_argument("--draws", type=int, default=_N_DRAWS, help="how many")
    parser.add_argument("--every", type=int, default=_EVERY, help="fresh searches")


def run(settings, options):
    """The choice and the scores after one row has left, draw by draw."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    warnings.simplefilter("ignore", LargeStepWarning)
    table = Table("One row out of searches without data, against exact and fresh ones")
    n_candidates, n_folds = (3, 3) if settings.quick else (8, 5)
    n_draws = 2 if settings.quick else options.draws
    candidates = np.logspace(-3, 2, n_candidates)
    for name, X, y, ours, theirs in choice._problems(settings, table):
        if options.draws_of not in (None, name):
            continue
        folds = list(StratifiedKFold(n_folds, shuffle=True, random_state=0).split(X, y))
        rows = np.random.default_rng(0).permutation(len(y))
        rows = rows[options.first : options.first + n_draws]
        searches = [
            _search(ours(retain), candidates, folds) for retain in (False, True)
        ]
        for search in searches:
            search.fit(X, y)
        bases, twin = [search._fitted for search in searches], theirs()
        place = f"{twin.steps[-1][0]}__C"
        fresh = GridSearchCV(twin, {place: candidates})
        told, exact = [], []
        for number, row in enumerate(rows):
            for search, base in zip(searches, bases, strict=True):
                search._fitted = base
                search.partial_unfit(choice._some(X, [row]), y[[row]])
            closed, refined = searches
            stated = closed.score_errors()
            told.append(_told(closed, refined, stated))
            assert told[-1]["same"] or not stated.sure
            if number % options.every == 0:
                left = np.delete(np.arange(len(y)), row)
                fresh.cv = choice._without(folds, row)
                fresh.fit(choice._some(X, left), y[left])
                error = choice._error(refined.cv_results_, fresh.cv_results_)
                exact.append((error, refined.best_index_ == fresh.best_index_))
        count = {name: sum(each[name] for each in told) for name in told[0]}
        errors, same = zip(*exact, strict=True)
        table.add(
            data=name,
            draws=f"{options.first + 1} to {options.first + len(told)}",
            same_choice=f"{count['same']} of {len(told)}",
            surely=f"{count['sure']} of {len(told)}",
            within_bound=f"{count['within']} of {len(told)}",
            largest_error=max(each["error"] for each in told),
            largest_bound=max(each["bound"] for each in told),
            error_of_exact=float(max(errors)),
            exact_as_fresh=f"{sum(same)} of {len(same)}",
        )
    table.notes.append(
        "Errors are of accuracies in single folds, from those of the search with data; "
        "its own, in the last two columns, from a scikit-learn search on the remaining "
        "rows in the same folds. Surely: draws of which `score_errors` says that a "
        "fresh search would choose the same."
    )
    return table


def _search(model, candidates, folds):
    place = f"{model.steps[-1][0]}__C"
    return UnlearnableGridSearchCV(model, {place: candidates}, cv=folds)


def _told(search, other, stated):
    """What one draw shows."""
    given = search.cv_results_, other.cv_results_
    return {
        "same": bool(search.best_index_ == other.best_index_),
        "sure": stated.sure,
        "within": choice._within(*given, stated),
        "error": choice._error(*given),
        "bound": float(stated.errors.max()),
    }
