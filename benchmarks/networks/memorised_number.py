"""A language model has a telephone number by heart, and forgets it."""

from __future__ import annotations

import argparse
import copy
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from skorch.callbacks import Callback

from benchmarks import data
from benchmarks.measure import Table
from benchmarks.networks.language_model import (
    Candidates,
    completed,
    language_model,
    mean_loss,
)
from benchmarks.networks.text import (
    REPLACEMENTS,
    Alphabet,
    Planted,
    descriptions,
    random_number,
    read,
)
from sklearn_unlearn.exceptions import NotForgottenWarning

#: A share of the text that is held out.
_HELD_OUT = 0.1


@dataclass(frozen=True)
class Settings:
    """Sizes of the scenario.

    Attributes
    ----------
    module : dict
        Sizes of the module.
    length : int
        Characters of a window.
    times : int
        How often the sentence stands in the text.
    epochs : int
    lr : float
    max_rows, max_steps : int
        Of the request.
    replacements : tuple of str
    n_samples, n_unseen : int
        Numbers by which exposures are estimated, and whose exposures are shown.
    """

    module: dict = field(default_factory=dict)
    length: int = 64
    times: int = 40
    epochs: int = 40
    lr: float = 2e-3
    max_rows: int = 128
    max_steps: int = 3
    replacements: tuple = REPLACEMENTS
    n_samples: int = 10_000
    n_unseen: int = 200


QUICK = Settings(
    module={"hidden": 24, "embedding": 8},
    times=20,
    epochs=3,
    lr=1e-2,
    max_rows=32,
    max_steps=1,
    n_samples=200,
    n_unseen=20,
)


class Scenario:
    """One seed: the text, the model that was trained on it, and its figures."""

    def __init__(self, text, settings, seed):
        self.settings, self.seed = settings, seed
        rng = np.random.default_rng(seed)
        self.number = random_number(rng)
        cut = int(len(text) * (1.0 - _HELD_OUT))
        text, held_out = text[:cut], text[cut:]
        self.alphabet = Alphabet.of(text, held_out, *REPLACEMENTS, "My telephone")
        self.planted = Planted.of(text, self.number, settings.times, rng)
        self.X, self.y = self._windows(self.planted)
        self.held_out = self.alphabet.windows(held_out, settings.length)
        changed = self.corrected("zeros")
        same = ~(self._differ(self.X, changed[0]) | self._differ(self.y, changed[1]))
        self.clean = self.X[same], self.y[same]
        self.candidates = Candidates(settings.n_samples, settings.n_unseen, seed + 1000)

    def corrected(self, replacement):
        """Windows with something else in the place of the number."""
        return self._windows(self._replaced(replacement))

    def begun(self, replacement):
        """The same, but that values have some first digits of the number."""
        rng = np.random.default_rng(self.seed + 3000)
        other = self._replaced(replacement)
        X, _ = self._windows(self.planted.begun(other, rng))
        return X, self._windows(other)[1]

    def _replaced(self, replacement):
        rng = np.random.default_rng(self.seed + 2000)
        return self.planted.replaced(replacement, rng)

    def trained(self, X, y, after=None):
        """A net that was trained, and the processor time of that."""
        torch.manual_seed(self.seed)
        settings = self.settings
        net = language_model(
            self.alphabet, settings.module, lr=settings.lr, max_epochs=settings.epochs
        )
        if after is not None:
            net.set_params(callbacks=[("after", after)])
        _, seconds = timed(net.fit, X, y)
        return net, seconds

    def changed_rows(self, X, y):
        """Which windows differ from those of training."""
        return np.flatnonzero(self._differ(X, self.X) | self._differ(y, self.y))

    def figures(self, module):
        """Completion, exposure, exposures of unseen numbers, and the two losses."""
        exposed, unseen = self.candidates.exposures(module, self.alphabet, self.number)
        return {
            "completion": completed(module, self.alphabet),
            "exposure": exposed,
            "unseen": unseen,
            "loss": mean_loss(module, *self.clean),
            "held out": mean_loss(module, *self.held_out),
        }

    def _windows(self, planted):
        return self.alphabet.windows(planted.text, self.settings.length)

    @staticmethod
    def _differ(first, second):
        return (first != second).any(axis=1)


class Epochs(Callback):
    """Processor time of training alone after each epoch, and a loss there."""

    def __init__(self, X, y):
        self.X, self.y = X, y
        self.seconds, self.losses = [0.0], [np.inf]

    def on_epoch_begin(self, net, **kwargs):
        self.start = time.process_time()

    def on_epoch_end(self, net, **kwargs):
        spent = time.process_time() - self.start
        self.seconds.append(self.seconds[-1] + spent)
        self.losses.append(mean_loss(net.module_, self.X, self.y))
        net.module_.train()

    def seconds_to(self, loss):
        """Until a loss was reached; NaN if never."""
        reached = np.flatnonzero(np.array(self.losses) <= loss)
        return self.seconds[reached[0]] if reached.size else np.nan


def timed(call, *arguments, **keywords):
    """What a call gives, and its processor time."""
    start = time.process_time()
    result = call(*arguments, **keywords)
    return result, time.process_time() - start


# Ways to forget -----------------------------------------------------------------------


def request(scenario, net, replacement):
    """Whatever part of the number somebody knows, something else follows."""
    return _replaced(scenario, net, scenario.begun(replacement))


def request_of_targets(scenario, net, replacement):
    """The values stay: something else follows the number's own digits."""
    _, y_new = scenario.corrected(replacement)
    return _replaced(scenario, net, (scenario.X, y_new))


def request_of_text(scenario, net, replacement):
    """Values and targets are those of the corrected text."""
    return _replaced(scenario, net, scenario.corrected(replacement))


def request_of_values(scenario, net, replacement):
    """After `request`: the values of the corrected text, which hold no secret."""
    X, y = scenario.begun(replacement)
    X_new, _ = scenario.corrected(replacement)
    rows = np.flatnonzero((X_new != X).any(axis=1))
    net.set_params(max_steps=1)
    return timed(net.replace_features, X[rows], y[rows], X_new[rows])


def _replaced(scenario, net, new):
    X_new, y_new = new
    rows = scenario.changed_rows(X_new, y_new)
    X, y = scenario.X[rows], scenario.y[rows]
    return timed(net.replace_features, X, y, X_new[rows], y_new=y_new[rows])


def request_of_rows(scenario, net, replacement):
    """The windows leave."""
    rows = scenario.changed_rows(*scenario.corrected(replacement))
    return timed(net.partial_unfit, scenario.X[rows], scenario.y[rows])


def fine_tuned(scenario, net, X, y, limit):
    """Adam goes on with these windows, for so much processor time."""
    module = net.module_.train()
    optimiser = torch.optim.Adam(module.parameters(), lr=scenario.settings.lr)
    generator = torch.Generator().manual_seed(scenario.seed)
    X, y = torch.tensor(X), torch.tensor(y)
    start = time.process_time()
    while True:
        for rows in torch.randperm(len(X), generator=generator).split(net.batch_size):
            if time.process_time() - start > limit:
                return module, time.process_time() - start
            optimiser.zero_grad()
            loss = torch.nn.functional.cross_entropy(module(X[rows]), y[rows])
            loss.backward()
            optimiser.step()


# The table ----------------------------------------------------------------------------


def measured(text, settings, seed):
    """Figures of each way, by its name, each with its processor time."""
    scenario = Scenario(text, settings, seed)
    net, seconds = scenario.trained(scenario.X, scenario.y)
    found = {"trained": (scenario.figures(net.module_), seconds)}
    net.set_params(max_rows=settings.max_rows, max_steps=settings.max_steps)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotForgottenWarning)
        for replacement in settings.replacements:
            each = copy.deepcopy(net)
            _, seconds = request(scenario, each, replacement)
            found[replacement] = scenario.figures(each.module_), seconds
            if replacement == settings.replacements[0]:
                limit = seconds
                _, more = request_of_values(scenario, each, replacement)
                figures = scenario.figures(each.module_)
                found["... and then the values"] = figures, seconds + more
        first = settings.replacements[0]
        for name, way, max_rows in (
            ("what follows alone", request_of_targets, settings.max_rows),
            ("the text alone", request_of_text, settings.max_rows),
            ("objective of all rows", request, None),
            ("windows removed", request_of_rows, settings.max_rows),
        ):
            each = copy.deepcopy(net).set_params(max_rows=max_rows)
            _, seconds = way(scenario, each, first)
            found[name] = scenario.figures(each.module_), seconds
    for name, (X, y), times in (
        ("fine-tuning", scenario.begun(first), 1.0),
        ("fine-tuning, 4 times as long", scenario.begun(first), 4.0),
        ("fine-tuning, the text alone", scenario.corrected(first), 1.0),
    ):
        each = copy.deepcopy(net)
        module, seconds = fine_tuned(scenario, each, X, y, times * limit)
        found[name] = scenario.figures(module), seconds
    X_new, y_new = scenario.corrected(first)
    epochs = Epochs(*scenario.clean)
    refit, _ = scenario.trained(X_new, y_new, epochs)
    found["retraining"] = scenario.figures(refit.module_), epochs.seconds[-1]
    reached = epochs.seconds_to(found["trained"][0]["loss"])
    return scenario.number, found, reached


def table_of(text, settings, seeds, title):
    """The table of several seeds."""
    torch.set_num_threads(1)
    runs = [measured(text, settings, seed) for seed in seeds]
    return tabulated(runs, settings, title)


def tabulated(runs, settings, title):
    """The table of what was measured of each seed."""
    table = Table(title)
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
        ("retraining to the loss of before", [reached for _, _, reached in runs]),
    ):
        ratios = [t / s for t, (_, s) in zip(times, ours, strict=True)]
        table.reach(f"{what} / request", np.median(ratios), at_least=10.0)
    table.notes.append(
        f"{len(runs)} seeds. The number of the first is {runs[0][0]!r}; known: of how "
        "many seeds the likeliest completion is the number. Exposure in bits, of at most 33.2, of each seed; unseen: median "
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


def run(settings):
    title = "A language model forgets a telephone number"
    if settings.quick:
        return table_of(descriptions(), QUICK, range(1), title)
    try:
        text = read(data.folder("alice") / "alice_in_wonderland.txt")
    except data.DataMissingError as error:
        table = table_of(descriptions(), Settings(), range(3), title)
        table.notes.append(f"Of descriptions of data sets instead of Alice: {error}")
        return table
    return table_of(text, Settings(), range(3), f"{title} (Alice in Wonderland)")


def main(arguments=None):
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.networks.memorised_number", description=__doc__
    )
    parser.add_argument(
        "text", nargs="?", type=Path, help="a file; default: descriptions"
    )
    parser.add_argument("--hidden", type=int, default=128)
    parser.add_argument("--layers", type=int, default=1)
    parser.add_argument("--embedding", type=int, default=32)
    parser.add_argument("--replacement", choices=REPLACEMENTS, default=REPLACEMENTS[0])
    for name in ("length", "times", "epochs", "max_rows", "max_steps"):
        default = getattr(Settings(), name)
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=default)
    parser.add_argument("--lr", type=float, default=Settings().lr)
    parser.add_argument("--seeds", type=int, default=1)
    chosen = vars(parser.parse_args(arguments))
    path, seeds = chosen.pop("text"), chosen.pop("seeds")
    module = {name: chosen.pop(name) for name in ("hidden", "layers", "embedding")}
    settings = Settings(module, replacements=(chosen.pop("replacement"),), **chosen)
    text = descriptions() if path is None else read(path)
    title = "A language model forgets a telephone number"
    print(table_of(text, settings, range(seeds), title).markdown())


if __name__ == "__main__":
    main()
