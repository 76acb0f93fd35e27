"""What the paper found, and the rules by which our figures confirm it or do not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.paper.answers import (
    COLUMNS,
    EXACT,
    FINE_TUNING,
    FIRST,
    NO_UPDATE,
    OCCLUSION,
    PRIVACY,
    RETRAINING,
    SECOND,
    SISA,
    STALE,
)
from benchmarks.paper.requests import REMOVED

#: A residual of ours counts as reached below this.
GOAL = 1e-8
#: SISA has no advantage where it takes at least this share of retraining's time.
_NO_ADVANTAGE = 0.5


@dataclass(frozen=True)
class Verdict:
    """In how many cases a statement holds.

    Attributes
    ----------
    statement, rule : str
    holds, n_cases : int
    exceptions : tuple of str
        Cases in which it does not.
    n_requests : tuple of int
        The fewest and the most requests that a case has.
    """

    statement: str
    rule: str
    holds: int
    n_cases: int
    exceptions: tuple[str, ...]
    n_requests: tuple[int, int] = (0, 0)

    def __str__(self):
        if not self.n_cases:
            return "not measured"
        word = "confirmed"
        if self.holds < self.n_cases:
            word = "confirmed in part" if self.holds else "NOT confirmed"
        return f"{word}, {self.holds} of {self.n_cases} cases"


@dataclass(frozen=True)
class Statement:
    """Something said of every case of a table.

    Attributes
    ----------
    table : str
    text, rule : str
    holds : callable
        Of a case, ``figures[method]`` as `cases` gives them: whether, or None if the
        case says nothing of it.
    by_size : bool
        Whether each size of a request is a case; otherwise all of one kind are.
    """

    table: str
    text: str
    rule: str
    holds: Callable
    by_size: bool = True

    def judged(self, tables):
        """The verdict on these tables."""
        of_cases = cases(tables[self.table], self.by_size)
        found = {name: self.holds(figures) for name, figures in of_cases.items()}
        said = {name: holds for name, holds in found.items() if holds is not None}
        exceptions = tuple(name for name, holds in said.items() if not holds)
        n_holds = len(said) - len(exceptions)
        counts = [len(next(iter(of_cases[name].values()))["data"]) for name in said]
        most = (min(counts, default=0), max(counts, default=0))
        return Verdict(self.text, self.rule, n_holds, len(said), exceptions, most)


def cases(rows, by_size=True):
    """Rows grouped by case, then by method: each column an array over the draws.

    Returns
    -------
    dict of str to dict of str to dict of str to ndarray
    """
    grouped = defaultdict(lambda: defaultdict(list))
    for row in rows:
        case = f"{row['data']}, {row['request']}"
        if by_size:
            case += f", {row['size']:g}"
        grouped[case][row["method"]].append(row)
    return {
        case: {
            method: {name: np.array([each[name] for each in rows]) for name in rows[0]}
            for method, rows in methods.items()
        }
        for case, methods in grouped.items()
    }


# What the rules ask -------------------------------------------------------------------


def _below(column, method, others):
    """Whether a method's median is below those of all others that are there."""

    def holds(figures):
        mine = np.median(figures[method][column])
        found = [np.median(figures[each][column]) for each in others if each in figures]
        return bool(np.all(mine < np.array(found)))

    return holds


def _grows(figures):
    """Whether second order's median residual is largest at the largest size."""
    sizes, residuals = figures[SECOND]["size"], figures[SECOND]["residual"]
    if np.unique(sizes).size < 2:
        return None
    least, most = (np.median(residuals[sizes == s]) for s in (sizes.min(), sizes.max()))
    return bool(least < most)


def _nearest(figures):
    """Whether second order's loss is nearest to retraining's, in the mean."""
    others = [SISA, PRIVACY, NO_UPDATE, FINE_TUNING, FIRST]
    gaps = {
        method: np.mean(abs(columns["loss"] - columns["refit_loss"]))
        for method, columns in figures.items()
    }
    return bool(all(gaps[SECOND] < gaps[each] for each in others))


def _keeps_accuracy(figures):
    """Whether at its noise second order is more accurate than each update."""
    others = [NO_UPDATE, FINE_TUNING, FIRST]
    mine = np.median(figures[SECOND]["classical_accuracy"])
    return bool(
        all(mine > np.median(figures[each]["classical_accuracy"]) for each in others)
    )


def _exact_keeps_accuracy(figures):
    """Whether exact requests, with their noise, lose at most 0.1 points."""
    refit = np.median(figures[RETRAINING]["accuracy"])
    return bool(refit - np.median(figures[EXACT]["accuracy"]) <= 0.001)


def _faster(method):
    def holds(figures):
        columns = figures[method]
        return bool(np.median(columns["retraining_seconds"] / columns["seconds"]) > 1.0)

    return holds


def _faster_than_rival(method):
    """Whether a method is faster than the warm refit that leaves no more."""

    def holds(figures):
        if method not in figures:
            return None
        columns = figures[method]
        share = columns["rival_seconds"] / columns["seconds"]
        share = share[np.isfinite(share)]
        return bool(np.median(share) > 1.0) if share.size else None

    return holds


def _no_advantage(figures):
    columns = figures[SISA]
    if columns["request"][0] != REMOVED:
        return None
    share = columns["seconds"] / columns["retraining_seconds"]
    return bool(np.median(share) >= _NO_ADVANTAGE)


def _reached(figures):
    columns = figures[EXACT]
    return bool(np.all(columns["residual"] <= GOAL))


#: What the paper says, by table.
FINDINGS = (
    Statement(
        "efficacy",
        "The second-order update leaves a smaller gradient residual than the "
        "first-order update, fine-tuning and no update.",
        "median residual of second order below each of theirs",
        _below("residual", SECOND, (FIRST, FINE_TUNING, NO_UPDATE, OCCLUSION)),
    ),
    Statement(
        "efficacy",
        "The residual grows with the number of features or rows concerned.",
        "second order's median residual at the largest size above that at the smallest",
        _grows,
        by_size=False,
    ),
    Statement(
        "fidelity",
        "Of the methods that do not retrain on all rows, the second-order update comes "
        "nearest to retraining on test data.",
        "mean |loss - loss of retraining| of second order below those of SISA, "
        "differential privacy, no update, fine-tuning and first order",
        _nearest,
        by_size=False,
    ),
    Statement(
        "certification",
        "With the noise that its certificate needs, the second-order update keeps more "
        "accuracy than the first-order update, fine-tuning and no update.",
        "accuracy of second order at the paper's sigma above each of theirs; a tie is "
        "no confirmation",
        _keeps_accuracy,
    ),
    Statement(
        "efficiency",
        "The first-order update is faster than retraining.",
        "median of retraining's time over its time above 1",
        _faster(FIRST),
    ),
    Statement(
        "efficiency",
        "The second-order update is faster than retraining.",
        "median of retraining's time over its time above 1",
        _faster(SECOND),
    ),
    Statement(
        "efficiency",
        "The first-order update is the faster of the two.",
        "median time of first order below that of second order",
        _below("seconds", FIRST, (SECOND,)),
    ),
    Statement(
        "efficiency",
        "Sharding has no advantage where a feature is removed: all shards are touched.",
        f"median time of SISA at least {_NO_ADVANTAGE:g} of retraining's",
        _no_advantage,
    ),
)

#: What this package is to reach.
REACH = (
    Statement(
        "efficacy",
        f"Exact requests leave a residual of at most {GOAL:g}.",
        "largest residual over the draws",
        _reached,
    ),
    Statement(
        "efficacy",
        "Second order leaves less than first order, fine-tuning and no update.",
        "medians over the draws",
        _below("residual", SECOND, (FIRST, FINE_TUNING, NO_UPDATE, OCCLUSION)),
    ),
    Statement(
        "efficacy",
        "The same with the Hessian of the data as they were.",
        "medians over the draws",
        _below("residual", STALE, (FIRST, FINE_TUNING, NO_UPDATE, OCCLUSION)),
    ),
    Statement(
        "certification",
        "With its noise an exact request is as accurate as retraining.",
        "at most 0.1 points less, at the sigma of the proven bound",
        _exact_keeps_accuracy,
    ),
    Statement(
        "efficiency",
        "Exact requests are faster than retraining.",
        "median of retraining's time over theirs above 1",
        _faster(EXACT),
    ),
    *(
        Statement(
            "efficiency",
            f"{text} than a warm-started refit that leaves no more.",
            "median over the draws of its time over theirs above 1",
            _faster_than_rival(method),
        )
        for method, text in (
            (SECOND, "Second order is faster"),
            (COLUMNS, "Column elimination is faster"),
            (EXACT, "Exact requests are faster"),
        )
    ),
)
