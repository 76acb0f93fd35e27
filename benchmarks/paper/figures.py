"""Figures of the study, drawn by the library's displays."""

from __future__ import annotations

from collections import defaultdict

from benchmarks.paper.answers import METHODS, RETRAINING
from sklearn_unlearn.inspection import (
    EfficiencyDisplay,
    FidelityDisplay,
    ResidualDisplay,
)
from sklearn_unlearn.metrics import Efficiency, Fidelity
from sklearn_unlearn.utils.optional import import_optional

#: A panel's width and height in inches.
_PANEL = 3.3, 3.6
#: Within so much of zero, changes of the loss are drawn in proportion.
_LINEAR = 1e-4
#: In the titles of figures.
_REMARKS = {"efficiency": " (verbs; hatched: formulas alone)"}
#: In the order of the methods.
_COLOURS = (
    *("tab:blue", "tab:cyan", "tab:orange", "tab:brown", "tab:gray", "black"),
    *("tab:purple", "tab:pink", "gold", "tab:olive", "tab:green", "tab:red"),
)


def plotting():
    """matplotlib's pyplot; an ImportError that says what to install without it."""
    return import_optional("matplotlib.pyplot", "Drawing the study", "study")


def draw(tables, folder):
    """All figures of all data sets, as PNG files; their names.

    Files of the same tables are the same.
    """
    plt = plotting()
    style = {"font.size": 8}
    names = []
    with plt.rc_context(style):
        for name, drawn in (
            ("efficacy", _efficacy),
            ("fidelity", _fidelity),
            ("efficiency", _efficiency),
        ):
            for data, rows in _by(tables[name], "data").items():
                figure = drawn(plt, rows)
                figure.suptitle(data + _REMARKS.get(name, ""))
                path = folder / f"{name}_{data.lower().replace(' ', '_')}.png"
                figure.savefig(path, dpi=80, bbox_inches="tight")
                plt.close(figure)
                names.append(path.name)
    return names


def _efficacy(plt, rows):
    """A row of panels for each kind of request, a panel for each size."""
    rows = [row for row in rows if row["residual"] == row["residual"]]
    kinds = {kind: _by(each, "size") for kind, each in _by(rows, "request").items()}
    figure, panels = _grid(plt, len(kinds), max(map(len, kinds.values())))
    for line, (kind, sizes) in zip(panels, kinds.items(), strict=True):
        for ax, (size, each) in zip(line, sizes.items(), strict=False):
            found = {
                method: [max(row["residual"], row["rounding_error"]) for row in draws]
                for method, draws in _by(each, "method").items()
            }
            _coloured(ax, found)
            ResidualDisplay.from_results(found, ax=ax, markersize=3)
            _finish(ax, f"{size:g} {kind}", "gradient residual")
    return figure


def _fidelity(plt, rows):
    """A panel for each kind of request."""
    kinds = _by(rows, "request")
    figure, (panels,) = _grid(plt, 1, len(kinds))
    columns = ("loss", "refit_loss", "score", "refit_score")
    columns += ("prediction_distance", "parameter_distance", "original_loss")
    for ax, (kind, each) in zip(panels, kinds.items(), strict=False):
        found = {
            method: [Fidelity(**{name: row[name] for name in columns}) for row in draws]
            for method, draws in _by(each, "method").items()
            if method != RETRAINING
        }
        _coloured(ax, found)
        FidelityDisplay.from_results(found, ax=ax, markersize=3)
        changes = [row["refit_loss"] - row["original_loss"] for row in each]
        for scale in (ax.set_xscale, ax.set_yscale):
            scale("symlog", linthresh=_LINEAR)
        ax.set_xlim(min(changes) - _LINEAR, 1.5 * max(*changes, 0.0) + _LINEAR)
        _finish(ax, kind, ax.get_ylabel())
        ax.get_legend().remove()
    handles = panels[0].get_legend_handles_labels()  # requests of columns have more
    figure.legend(*handles, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def _efficiency(plt, rows):
    """A panel for each kind of request, its bars the medians over all sizes."""
    timed = [row for row in rows if row["seconds"] > 0.0]
    kinds = _by(timed, "request")
    figure, (panels,) = _grid(plt, 1, len(kinds))
    for ax, (kind, each) in zip(panels, kinds.items(), strict=False):
        found = {
            method: [
                Efficiency(row["seconds"], row["retraining_seconds"]) for row in draws
            ]
            for method, draws in _by(each, "method").items()
            if method != RETRAINING
        }
        shown = EfficiencyDisplay.from_results(found, ax=ax)
        formulas = {row["method"] for row in each if row["formula"]}
        for method, bar in zip(found, shown.bars_, strict=True):
            bar.set_hatch("//" if method in formulas else None)
        _finish(ax, kind, "times faster than retraining")
    return figure


def _by(rows, column):
    grouped = defaultdict(list)
    for row in rows:
        grouped[row[column]].append(row)
    return grouped


def _grid(plt, n_lines, n_panels):
    """A figure, and its panels; those that stay empty are not seen."""
    size = _PANEL[0] * n_panels, _PANEL[1] * n_lines
    figure, panels = plt.subplots(
        n_lines, n_panels, figsize=size, squeeze=False, layout="constrained"
    )
    for ax in panels.flat:
        ax.set_visible(False)  # until something is drawn
    return figure, panels


def _coloured(ax, methods):
    """Each method has its colour in all panels."""
    ax.set_prop_cycle(color=[_COLOURS[METHODS.index(name)] for name in methods])


def _finish(ax, title, label):
    ax.set_visible(True)
    ax.set_title(title)
    ax.set_ylabel(label)
    ax.tick_params(axis="x", rotation=90)
