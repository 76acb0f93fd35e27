"""The study: every request to every method, and the tables of what came of it."""

from __future__ import annotations

import csv
import time
from collections import defaultdict
from dataclasses import dataclass, field

from benchmarks.data import DataMissingError
from benchmarks.paper.judging import certified, judged
from benchmarks.paper.methods import Methods
from benchmarks.paper.requests import n_requests, requests

_LABELS = ("data", "request", "size", "draw", "method")
#: Columns of words, even if a data set is called by a number.
_WORDS = ("data", "request", "method", "stage")
#: The columns of each table; a file each.
TABLES = {
    "efficacy": (*_LABELS, "rows", "residual", "rounding_error"),
    "fidelity": (
        *_LABELS,
        "loss",
        "refit_loss",
        "original_loss",
        "score",
        "refit_score",
        "prediction_distance",
        "parameter_distance",
    ),
    "certification": (
        *_LABELS,
        "distance",
        "bound",
        "sigma",
        "accuracy",
        "classical_sigma",
        "classical_accuracy",
    ),
    "efficiency": (
        *_LABELS,
        "rows",
        "seconds",
        "formula",
        "retraining_seconds",
        "gradients",
        "retraining_gradients",
        "residual",
        "retraining_residual",
        "rival_seconds",
        "rival_residual",
    ),
    "stages": ("data", "stage", "seconds"),
}


@dataclass
class Results:
    """Rows of each table, and notes on what was left out."""

    tables: dict = field(default_factory=lambda: {name: [] for name in TABLES})
    notes: list = field(default_factory=list)

    def add(self, table, row):
        """One row, of which the table takes the columns that it has."""
        self.tables[table].append({name: row[name] for name in TABLES[table]})

    def write(self, folder):
        """One CSV file a table."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, columns in TABLES.items():
            with (folder / f"{name}.csv").open("w", newline="") as file:
                writer = csv.DictWriter(file, columns, lineterminator="\n")
                writer.writeheader()
                writer.writerows(self.tables[name])


def read(folder):
    """Tables as `Results.write` left them, numbers as numbers."""
    tables = {}
    for name in TABLES:
        with (folder / f"{name}.csv").open(newline="") as file:
            tables[name] = [
                {
                    column: text if column in _WORDS else _number(text)
                    for column, text in row.items()
                }
                for row in csv.DictReader(file)
            ]
    return tables


def _number(text):
    return float(text) if text else float("nan")


def study(loaders, *, penalty, n_draws, seed, progress):
    """All tables.

    Parameters
    ----------
    loaders : iterable of (name, callable)
        Data sets; one whose files are missing is left out with a note.
    penalty : float
        Lambda, beside the summed loss.
    n_draws : int
        Requests of each kind and size.
    seed : int
    progress : Progress

    Returns
    -------
    Results
    """
    results = Results()
    for name, load in loaders:
        clock = Clock()
        try:
            scenario = load()
        except DataMissingError as error:
            results.notes.append(f"Left out: {error}")
            continue
        clock.stop("load")
        progress.begin(f"{name}: fit", n_requests(scenario, n_draws))
        methods = Methods(scenario, penalty, seed)
        clock.stop("fit")
        for request in requests(scenario, n_draws, seed):
            progress.describe(f"{name}: {request.size} {request.kind}")
            clock.stop("requests")
            answers = methods(request)
            clock.stop(request.kind)
            for row in judged(methods, request, answers):
                for table in ("efficacy", "fidelity", "efficiency"):
                    results.add(table, row)
            clock.stop("measures")
            if request.draw == 0:
                for row in certified(methods, request, answers):
                    results.add("certification", row)
                clock.stop("certification")
            progress.advance()
        for stage, seconds in clock.spent.items():
            row = {"data": scenario.name, "stage": stage, "seconds": seconds}
            results.add("stages", row)
    return results


class Clock:
    """Seconds by stage."""

    def __init__(self):
        self.spent = defaultdict(float)
        self._last = time.perf_counter()

    def stop(self, stage):
        """Count the time since the last call for this stage."""
        now = time.perf_counter()
        self.spent[stage] += now - self._last
        self._last = now
