"""A language model that has a number by heart, and ways to make it forget."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np
import torch
from skorch.callbacks import Callback

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
    random_number,
)

#: Sizes of the module.
SIZES = {"hidden": 128, "layers": 1, "embedding": 32}
#: A share of the text that is held out.
_HELD_OUT = 0.1


@dataclass(frozen=True)
class Scale:
    """Sizes of the scenario.

    Attributes
    ----------
    module : dict
        Sizes of the module.
    length : int
        Characters of a window.
    times : int
        How often the sentence stands in the text.
    passes : int
        Over the text, in training.
    lr : float
    max_rows, max_steps : int
        Of the request.
    replacements : tuple of str
    n_samples, n_unseen : int
        Numbers by which exposures are estimated, and whose exposures are shown.
    """

    module: dict = field(default_factory=lambda: SIZES)
    length: int = 64
    times: int = 40
    passes: int = 40
    lr: float = 2e-3
    max_rows: int = 128
    max_steps: int = 3
    replacements: tuple = REPLACEMENTS
    n_samples: int = 10_000
    n_unseen: int = 200


QUICK = Scale(
    module={"hidden": 24, "layers": 1, "embedding": 8},
    times=20,
    passes=3,
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
            self.alphabet, settings.module, lr=settings.lr, max_epochs=settings.passes
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
        """Until a loss was reached, or of all epochs if it never was."""
        reached = np.flatnonzero(np.array(self.losses) <= loss)
        return self.seconds[reached[0] if reached.size else -1]


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
