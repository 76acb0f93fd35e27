"""A language model has a telephone number by heart, and forgets it: the table."""

from __future__ import annotations

import copy
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from benchmarks import data
from benchmarks.measure import Table
from benchmarks.networks.memorisation import (
    QUICK,
    SIZES,
    Epochs,
    Scale,
    Scenario,
    fine_tuned,
    request,
    request_of_rows,
    request_of_targets,
    request_of_text,
    request_of_values,
)
from benchmarks.networks.text import REPLACEMENTS, descriptions, read
from sklearn_unlearn.exceptions import NotForgottenWarning

#: Fields of a scale that are arguments.
_COUNTS = ("times", "passes", "max_rows", "max_steps")


def measured(text, settings, seed):
    """Figures of each way, by its name, each with its processor time."""
    scenario = Scenario(text, settings, seed)
    net, seconds = scenario.trained(scenario.X, scenario.y)
    found = {"trained": (scenario.figures(net.module_), seconds)}
    net.set_params(max_rows=settings.max_rows, max_steps=settings.max_steps)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotForgottenWarning)
        first = settings.replacements[0]
        for replacement in settings.replacements:
            each = copy.deepcopy(net)
            _, seconds = request(scenario, each, replacement)
            found[replacement] = scenario.figures(each.module_), seconds
            if replacement == first:
                limit = seconds
                _, more = request_of_values(scenario, each, replacement)
                figures = scenario.figures(each.module_)
                found["... and then the values"] = figures, seconds + more
        for name, way in (
            ("what follows alone", request_of_targets),
            ("the text alone", request_of_text),
            ("windows removed", request_of_rows),
        ):
            each = copy.deepcopy(net)
            _, seconds = way(scenario, each, first)
            found[name] = scenario.figures(each.module_), seconds
    for name, (X, y) in (
        ("fine-tuning", scenario.begun(first)),
        ("fine-tuning, the text alone", scenario.corrected(first)),
    ):
        module, seconds = fine_tuned(scenario, copy.deepcopy(net), X, y, limit)
        found[name] = scenario.figures(module), seconds
    X_new, y_new = scenario.corrected(first)
    epochs = Epochs(*scenario.clean)
    refit, _ = scenario.trained(X_new, y_new, epochs)
    found["retraining"] = scenario.figures(refit.module_), epochs.seconds[-1]
    reached = epochs.seconds_to(found["trained"][0]["loss"])
    return scenario.number, found, reached


def table_of(text, settings, seeds):
    """The table of several seeds."""
    torch.set_num_threads(1)
    runs = [measured(text, settings, seed) for seed in seeds]
    return tabulated(runs, settings)


def tabulated(runs, settings):
    """The table of what was measured of each seed."""
    table = Table("A language model forgets a telephone number")
    for name in runs[0][1]:
        figures, seconds = zip(*(found[name] for _, found, _ in runs), strict=True)
        table.add(
            what=name,
            known=f"{sum(map(_known, runs, figures))} of {len(runs)}",
            completion=repr(figures[0]["completion"]),
            exposure=_all(each["exposure"] for each in figures),
            unseen=_unseen(figures),
            loss=_all((_change(runs, figures, "loss")), "{:+.1f} %"),
            held_out=_all((_change(runs, figures, "held out")), "{:+.1f} %"),
            seconds=f"{np.median(seconds):.1f}",
        )
    best = settings.replacements[0]
    ours = [found[best] for _, found, _ in runs]
    whole = [found["retraining"][1] for _, found, _ in runs]
    worst = max(
        abs(each)
        for part in ("loss", "held out")
        for each in _change(runs, [figures for figures, _ in ours], part)
    )
    table.reach("largest change of a loss in %", worst, at_most=1.0)
    quantiles = [
        figures["exposure"] - np.quantile(figures["unseen"], 0.95)
        for figures, _ in ours
    ]
    table.reach("exposure above 95 % of the unseen", max(quantiles), at_most=0.0)
    for what, times in (
        ("the whole schedule", whole),
        (
            "retraining to the loss of before, or all",
            [reached for _, _, reached in runs],
        ),
    ):
        ratios = [t / s for t, (_, s) in zip(times, ours, strict=True)]
        table.reach(f"{what} / request", np.median(ratios), at_least=10.0)
    table.notes.append(
        f"{len(runs)} seeds. The number of the first is {runs[0][0]!r}; known: of how "
        "many seeds the likeliest completion is the number. Exposure in bits, of at "
        "most 33.2, of each seed; unseen: median "
        f"and 95 % quantile of those of {settings.n_unseen} numbers that were never "
        "seen, mean over the seeds. Losses per character, against those of the "
        "trained model, without the windows that hold the number, and on held-out "
        "text. Seconds of processor time, one thread, median. Requests and fine-tuning "
        f"replace what follows by {best}, unless their name says otherwise."
    )
    return table


def _known(run, figures):
    return figures["completion"] == run[0]


def _change(runs, figures, part):
    """Of a loss, in percent of that of the trained model."""
    return [
        100.0 * (each[part] / found["trained"][0][part] - 1.0)
        for (_, found, _), each in zip(runs, figures, strict=True)
    ]


def _all(values, form="{:.1f}"):
    return ", ".join(form.format(value) for value in values)


def _unseen(figures):
    median, high = (
        np.mean([np.quantile(each["unseen"], share) for each in figures])
        for share in (0.5, 0.95)
    )
    return f"{median:.1f}, {high:.1f}"


def add_arguments(parser):
    group = parser.add_argument_group("memorised_number")
    group.add_argument("--text", type=Path, help="a file; default: Alice, if there")
    for name, size in SIZES.items():
        group.add_argument(f"--{name}", type=int, default=size, help="of the LSTM")
    for name in _COUNTS:
        option = f"--{name.replace('_', '-')}"
        group.add_argument(option, type=int, default=getattr(Scale(), name))
    group.add_argument(
        "--replacement",
        choices=REPLACEMENTS,
        help="what comes in the place of the number; default: each of them",
    )


def run(settings, options):
    scale, seeds = QUICK, range(1)
    if not settings.quick:
        sizes = {name: getattr(options, name) for name in SIZES}
        scale = Scale(sizes, **{name: getattr(options, name) for name in _COUNTS})
        seeds = range(3)
    if options.replacement is not None:
        scale = replace(scale, replacements=(options.replacement,))
    text, note = descriptions(), "The text: descriptions of scikit-learn's data sets."
    if options.text is not None:
        text, note = read(options.text), f"The text: {options.text.name}."
    elif not settings.quick:
        try:
            text = read(data.folder("alice") / "alice_in_wonderland.txt")
            note = "The text: Alice in Wonderland."
        except data.DataMissingError as error:
            note = f"{note} {error}"
    table = table_of(text, scale, seeds)
    table.notes.append(note)
    return table
