"""Paired timing, and tables of what it gave: Markdown for people, JSON for programs."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import scipy
import sklearn

import sklearn_unlearn
from sklearn_unlearn.core.threads import controller


@dataclass(frozen=True)
class Settings:
    """How thoroughly to measure.

    Attributes
    ----------
    quick : bool
        Small data, few rounds: a smoke test.
    rounds : int
        Rounds of a paired measurement, if the budget allows.
    budget : float
        Seconds after which a measurement stops: thrice that before its third round.
    """

    quick: bool
    rounds: int
    budget: float

    @staticmethod
    def of(quick, rounds=None):
        default = 3 if quick else 7
        return Settings(quick, rounds or default, 0.3 if quick else 3.0)


def _time_unit(seconds):
    if seconds >= 1.0:
        return " s", 1.0
    return (" ms", 1e-3) if seconds >= 1e-3 else (" us", 1e-6)


_UNITS = {"s": _time_unit, "x": lambda _: ("", 1.0)}

# Measuring ------------------------------------------------------------------------


@dataclass(frozen=True)
class Spread:
    """Median and quartiles of repeated measurements; unit "s" or "x"."""

    values: np.ndarray
    unit: str = "s"

    @property
    def median(self):
        return float(np.median(self.values))

    def __str__(self):
        name, size = _UNITS[self.unit](self.median)
        median, low, high = np.quantile(self.values, [0.5, 0.25, 0.75]) / size
        if self.values.size == 1:
            return f"{median:.3g} (once){name}"
        return f"{median:.3g} ({low:.3g}-{high:.3g}){name}"

    def plain(self):
        low, high = np.quantile(self.values, [0.25, 0.75])
        return {
            "median": self.median,
            "lower_quartile": float(low),
            "upper_quartile": float(high),
            "rounds": int(self.values.size),
            "unit": self.unit,
        }


@dataclass(frozen=True)
class Call:
    """Something to time; ``setup`` comes before each run and is not timed."""

    run: Callable[[], object]
    setup: Callable[[], object] | None = None

    def time(self):
        if self.setup is not None:
            self.setup()
        start = time.perf_counter()
        self.run()
        return time.perf_counter() - start

    def warm(self):
        """Run once, or four times if short; the shortest time."""
        first = self.time()
        return first if first > 0.1 else min(self.time() for _ in range(3))


def paired(settings, *calls):
    """Times of calls that take turns: one Spread a call, the same rounds for all.

    Short calls run several times a round (their median counts), after a warm-up; for
    a call longer than half the budget the warm-up is the measurement.
    """
    first = [call.warm() for call in calls]
    short = [order for order, t in enumerate(first) if t <= settings.budget / 2.0]
    counts = {order: int(np.clip(0.02 / first[order], 1, 50)) for order in short}
    rounds = []
    start = time.perf_counter()
    while len(rounds) < settings.rounds:
        spent = time.perf_counter() - start
        if spent > (settings.budget if len(rounds) >= 3 else 3 * settings.budget):
            break
        rounds.append(
            [
                np.median([calls[order].time() for _ in range(counts[order])])
                for order in short
            ]
        )
    times = dict(zip(short, np.array(rounds).T, strict=True))
    return [Spread(times.get(i, np.array([t]))) for i, t in enumerate(first)]


def ratio(numerator, denominator):
    """Ratios round by round."""
    return Spread(numerator.values / denominator.values, "x")


# Reporting ------------------------------------------------------------------------


@dataclass
class Table:
    """What a topic found.

    Attributes
    ----------
    title : str
    rows : list of dict
        Header to value: a Spread, a number or a string; all with the same headers.
    figures : list of dict
        What was to be reached and what was, see `reach`.
    notes : list of str
    """

    title: str
    rows: list[dict] = field(default_factory=list)
    figures: list[dict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, **row):
        self.rows.append({name.replace("_", " "): cell for name, cell in row.items()})

    def reach(self, what, measured, *, at_least=None, at_most=None):
        """Record a figure that was to be reached."""
        measured = float(measured)
        if at_least is not None:
            goal, reached = f">= {at_least:g}", measured >= at_least
        else:
            goal, reached = f"<= {at_most:g}", measured <= at_most
        self.figures.append(
            {"what": what, "goal": goal, "measured": measured, "reached": reached}
        )

    def markdown(self):
        lines = [f"### {self.title}", ""]
        if self.rows:
            headers = list(self.rows[0])
            body = [[_shown(row[header]) for header in headers] for row in self.rows]
            lines += grid(headers, body)
        if self.figures:
            lines.append("")
        for figure in self.figures:
            verdict = "reached" if figure["reached"] else "NOT reached"
            lines.append(
                f"- {figure['what']}: {figure['measured']:.3g}, to reach "
                f"{figure['goal']}: **{verdict}**"
            )
        lines += ["", *self.notes] if self.notes else []
        return "\n".join(lines)

    def plain(self):
        rows = [
            {name: _plain(value) for name, value in row.items()} for row in self.rows
        ]
        return {
            "title": self.title,
            "rows": rows,
            "figures": self.figures,
            "notes": self.notes,
        }


def environment():
    """Processor, BLAS and versions in one line."""
    blas = sorted(
        f"{library['internal_api']} {library['version']} "
        f"({library['num_threads']} threads)"
        for library in controller().info()
        if library["user_api"] == "blas"
    )
    return (
        f"{os.cpu_count()} CPUs ({platform.machine()}), {', '.join(blas)}; "
        f"Python {platform.python_version()}, NumPy {np.__version__}, "
        f"SciPy {scipy.__version__}, scikit-learn {sklearn.__version__}, "
        f"sklearn_unlearn {sklearn_unlearn.__version__}"
    )


def grid(headers, body):
    widths = [max(map(len, column)) for column in zip(headers, *body, strict=True)]

    def line(cells):
        padded = (c.ljust(width) for c, width in zip(cells, widths, strict=True))
        return f"| {' | '.join(padded)} |"

    return [line(headers), line(["-" * width for width in widths]), *map(line, body)]


def _shown(value):
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (int, np.integer)):
        return f"{value:,}"
    if isinstance(value, (float, np.floating)):
        return f"{value:.3g}"
    return str(value)


def _plain(value):
    if isinstance(value, Spread):
        return value.plain()
    return value.item() if isinstance(value, np.generic) else value
