"""The summary in Markdown, made from the tables alone."""

from __future__ import annotations

import numpy as np

from benchmarks.measure import grid
from benchmarks.paper.answers import EXACT, METHODS, RETRAINING, WARM
from benchmarks.paper.findings import FINDINGS, GOAL, REACH, cases
from benchmarks.paper.methods import N_SHARDS, RATES
from benchmarks.paper.study import read

_CAPTIONS = {
    "efficacy": (
        "Efficacy: gradient residual",
        "Medians over the draws of the norm of the gradient of the objective on the "
        "corrected data: zero for a model that was trained on them. SISA is no single "
        "model and has none. First order and fine-tuning are taken at the best of "
        f"{len(RATES)} rates for each request.",
    ),
    "fidelity": (
        "Fidelity: test loss minus that of retraining",
        "Means over the draws of the absolute difference of mean losses on test rows. "
        "Of one model, retraining, warm, says how alike two trained ones are. No "
        "update is judged on test rows as they are, the others on rows without what "
        "was removed.",
    ),
    "certification": (
        "Fidelity at the noise of a certificate: accuracy",
        "Accuracy on test rows at (epsilon, delta) = (0.1, 0.01), first draw, mean of "
        "ten draws of noise: with the paper's sigma / with that of the proven bound on "
        "the distance to the minimum. Models that were trained on the corrected data "
        "need no noise; differential privacy has its own from the training.",
    ),
    "efficiency": (
        "Efficiency: times faster than retraining",
        "Medians over the draws of the time of retraining from nothing over that of a "
        "method, each with the median residual that it leaves in brackets, and with "
        "the gradients of single rows that it evaluates. Retraining's own line has its "
        f"time. SISA has {N_SHARDS} shards, trained one after the other. SISA, "
        "fine-tuning, first and second order, column elimination and exact are verbs "
        "and find their rows themselves. An asterisk: the formula alone, because the "
        "verb refuses so large a step or rate for at least one draw or, with the old "
        "Hessian, there is none. No choice of a rate is timed.",
    ),
}
#: Above the second table of efficiency.
_EQUAL = (
    "At equal residual: medians of the time of a warm-started refit over that of a "
    "method, and the refit's median residual. The refit has the fewest steps of "
    "retraining's solver that leave no more than the method; residuals below 1e-8 "
    "count as equal."
)


def summary(folder, figures=(), remarks=()):
    """The summary of the tables in a folder.

    Parameters
    ----------
    folder : Path
    figures : sequence of str
        Files to show.
    remarks : sequence of str
        What to say first: the machine, data that were left out.

    Returns
    -------
    str
    """
    tables = read(folder)
    lines = ["# Unlearning features: the paper's study on linear models", ""]
    for remark in remarks:
        lines += [remark, ""]
    lines += ["## What was to be reached", ""]
    lines += [_line(statement.judged(tables)) for statement in REACH]
    worst = max(
        (row["residual"] for row in tables["efficacy"] if row["method"] == EXACT),
        default=np.nan,
    )
    lines += [f"- Largest residual of an exact request: {worst:.2g} (goal {GOAL:g})."]
    for table, (title, caption) in _CAPTIONS.items():
        lines += ["", f"## {title}", "", caption, ""]
        lines += _table(tables[table], _CELLS[table])
        if table == "efficiency":
            lines += ["", _EQUAL, "", *_table(tables[table], _at_equal_residual)]
        lines += ["", "The paper's findings:", ""]
        said = [each for each in FINDINGS if each.table == table]
        lines += [_line(statement.judged(tables)) for statement in said]
        lines += [f"\n![{name}]({name})" for name in figures if name.startswith(table)]
    lines += ["", "## Time of the study", "", *_stages(tables["stages"])]
    return "\n".join(lines) + "\n"


def _line(verdict):
    least, most = verdict.n_requests
    counted = f"{least}" if least == most else f"{least} to {most}"
    text = f"- {verdict.statement} **{verdict}** (rule: {verdict.rule}; "
    text += f"requests a case: {counted})"
    if verdict.exceptions:
        text += f". Not: {'; '.join(verdict.exceptions)}"
    return text + "."


def _table(rows, cell):
    """A table for each data set: a line for each method, a column for each request."""
    lines = []
    for data in dict.fromkeys(row["data"] for row in rows):
        found = cases(row for row in rows if row["data"] == data)
        body = [
            [method, *(cell(figures.get(method)) for figures in found.values())]
            for method in METHODS
        ]
        headers = [name.removeprefix(f"{data}, ") for name in found]
        lines += grid([data, *headers], [line for line in body if any(line[1:])])
        lines.append("")
    return lines[:-1]


def _residual(columns):
    return "" if columns is None else _number(np.median(columns["residual"]))


def _loss_gap(columns):
    if columns is None:
        return ""
    return _number(np.mean(abs(columns["loss"] - columns["refit_loss"])))


def _accuracy(columns):
    if columns is None:
        return ""
    names = ("classical_accuracy", "accuracy")
    return " / ".join(f"{100.0 * np.median(columns[name]):.1f} %" for name in names)


def _speed_up(columns):
    if columns is None or not columns["seconds"].any():
        return ""
    seconds, refits = columns["seconds"], columns["retraining_seconds"]
    times = f"{np.median(refits / seconds):.3g} x"
    if np.array_equal(seconds, refits):
        times = f"{1e3 * np.median(seconds):.3g} ms"
    residual = _number(np.median(columns["residual"])) or "none"
    mark = "*" if columns["formula"].any() else ""
    return f"{times}{mark} ({residual}), {np.median(columns['gradients']):.3g}"


def _at_equal_residual(columns):
    if columns is None or not columns["seconds"].any():
        return ""
    if columns["method"][0] in (RETRAINING, WARM):
        return ""
    times = columns["rival_seconds"] / columns["seconds"]
    if np.isnan(times).any():
        return ""
    mark = "*" if columns["formula"].any() else ""
    left = _number(np.median(columns["rival_residual"]))
    return f"{np.median(times):.3g} x{mark} ({left})"


_CELLS = {
    "efficacy": _residual,
    "fidelity": _loss_gap,
    "certification": _accuracy,
    "efficiency": _speed_up,
}


def _number(value):
    return "" if np.isnan(value) else f"{value:.2g}"


def _stages(rows):
    stages = list(dict.fromkeys(row["stage"] for row in rows))
    names = list(dict.fromkeys(row["data"] for row in rows))
    seconds = {(row["data"], row["stage"]): row["seconds"] for row in rows}
    body = [
        [name, *(f"{seconds.get((name, stage), 0.0):.1f} s" for stage in stages)]
        for name in names
    ]
    total = sum(seconds.values())
    return [*grid(["data", *stages], body), "", f"Together {total:.0f} s."]
