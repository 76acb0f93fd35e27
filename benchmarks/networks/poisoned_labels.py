"""Half the labels of six classes were swapped in pairs, and are corrected in a CNN."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.measure import Table
from benchmarks.networks.figure import accuracies
from benchmarks.networks.methods import STEPS, Recipe, curves_of
from benchmarks.networks.modules import Convolutional, module_named
from benchmarks.networks.poisoning import Poisoned, images
from benchmarks.networks.training import first_at

_SEEDS, _EPOCHS = 5, 30
_SHARE, _TIME = 0.95, 0.25
#: Of which the figures are.
_STEPS = 2


def add_arguments(parser):
    group = parser.add_argument_group("poisoned_labels")
    group.add_argument(
        "--images", type=Path, metavar="FILE", help="an .npz file with X and y"
    )
    group.add_argument(
        "--shape",
        type=int,
        nargs=3,
        metavar=("CHANNELS", "HEIGHT", "WIDTH"),
        help="of an image, where X has one a row",
    )
    group.add_argument(
        "--module",
        metavar="PACKAGE.MODULE:CLASS",
        help="called with shape and n_classes; ends in one output a class",
    )
    group.add_argument("--epochs", type=int, default=_EPOCHS, help="of training")


def run(settings, options):
    X, y = images(options.images, options.shape)
    module = Convolutional
    if options.module is not None:
        module = module_named(options.module)
    if settings.quick:
        X, y = X[:400], y[:400]
    seeds = range(1 if settings.quick else _SEEDS)
    n_epochs = 2 if settings.quick else options.epochs
    table = _Curves("Half the labels of six classes were wrong, and are corrected")
    for seed in seeds:
        data = Poisoned.draw(X, y, seed)
        recipe = Recipe(module, X.shape[1:], data.n_classes, n_epochs, seed)
        table.curves.append(curves_of(recipe, data))
    _fill(table, recipe, data)
    return table


def plot(table, path):
    """Draw accuracy against seconds."""
    accuracies(path, *table.curves[0])


@dataclass
class _Curves(Table):
    """The table, and what the figure shows: of each seed what `curves_of` gave."""

    curves: list = field(default_factory=list)


def _fill(table, recipe, data):
    """The rows of the table: means, medians and lowest over the seeds."""
    points, again = {}, f"retraining, lr {recipe.lr:g}"
    for before, curves in table.curves:
        goal = before + _SHARE * (curves[again][-1][1] - before)
        first = first_at(curves[again], goal)
        limit = curves["Levenberg-Marquardt"][STEPS.index(_STEPS)][0]
        lost = curves[again][-1][1] - before
        for what, (seconds, accuracy), reached in _points(before, curves, limit, goal):
            share = (accuracy - before) / lost if lost else np.nan
            points.setdefault(what, []).append(
                (accuracy, share, seconds, seconds / first, reached / first)
            )
    for what, each in points.items():
        accuracy, share, seconds, _, reached = np.array(each).T
        table.add(
            what=what,
            accuracy=f"{accuracy.mean():.3f}",
            lowest=f"{accuracy.min():.3f}",
            share_back=f"{share.mean():.2f}",
            seconds=f"{np.median(seconds):.2f}",
            time_to_95=_shown(np.median(reached)),
        )
    ours = np.array(points[f"Levenberg-Marquardt, {_STEPS} steps"])
    table.reach("share of the lost accuracy back", ours[:, 1].mean(), at_least=_SHARE)
    table.reach(
        "time against that of retraining to 95 %", np.median(ours[:, 3]), at_most=_TIME
    )
    module = recipe.module(recipe.shape, recipe.n_classes)
    n_parameters = sum(each.numel() for each in module.parameters())
    table.notes.append(
        f"{data.y.size} images of {recipe.shape}, {data.bad.sum()} labels wrong, a "
        f"module of {n_parameters} parameters, {len(table.curves)} seeds of split, "
        "swaps and weights. Training and retraining are "
        f"{recipe.n_epochs} epochs of Adam with the defaults of PyTorch "
        f"(lr {recipe.lr:g}) and skorch (batches of {recipe.batch_size}). Accuracy is "
        "that of test images, mean and lowest; share back is that of the accuracy "
        "which the wrong labels cost against retraining; seconds are of processor "
        "time, medians. The last column is the median time until 95 % of it is first "
        "back, over that which retraining by the recipe takes (looked at after each "
        "epoch; evaluation is not timed). Fine-tuning ends with the epoch in which the "
        f"time of {_STEPS} steps is over. The two figures are those of {_STEPS} steps."
    )


def _points(before, curves, limit, goal):
    """A row's name, its seconds and accuracy, and the seconds to the goal."""
    yield "before", (0.0, before), np.inf
    for name, curve in curves.items():
        reached = first_at(curve, goal)
        if name == "Levenberg-Marquardt":
            for n_steps, point in zip(STEPS, curve, strict=True):
                plural = "steps" if n_steps > 1 else "step"
                yield f"{name}, {n_steps} {plural}", point, first_at([point], goal)
        elif name.startswith("fine-tuning"):
            within = [point for point in curve if point[0] >= limit] or curve
            yield name, within[0], reached
        else:
            yield name, curve[-1], reached


def _shown(ratio):
    return f"{ratio:.2f}" if np.isfinite(ratio) else "-"
