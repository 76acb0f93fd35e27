"""A language model of characters, and what it gives away of a secret."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from benchmarks.networks.text import N_DIGITS, PROMPT, random_number
from sklearn_unlearn import UnlearnableNeuralNetClassifier
from sklearn_unlearn.metrics import exposure


class CharacterLSTM(nn.Module):
    """Scores of the next character at each place, classes in the second axis."""

    def __init__(self, n_characters, embedding=32, hidden=128, layers=1):
        super().__init__()
        self.embed = nn.Embedding(n_characters, embedding)
        self.lstm = nn.LSTM(embedding, hidden, layers, batch_first=True)
        self.head = nn.Linear(hidden, n_characters)

    def forward(self, X):
        return self.read(X)[0]

    def read(self, X, state=None):
        """The scores, and the state after the last character."""
        out, state = self.lstm(self.embed(X), state)
        return self.head(out).transpose(1, 2), state


def language_model(alphabet, module, **params):
    """A net that is not fitted yet, with sizes of the module."""
    return UnlearnableNeuralNetClassifier(
        CharacterLSTM,
        module__n_characters=alphabet.size,
        **{f"module__{name}": size for name, size in module.items()},
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        classes=np.arange(alphabet.size),
        batch_size=32,
        iterator_train__shuffle=True,
        iterator_valid__batch_size=256,
        verbose=0,
        **params,
    )


@torch.no_grad()
def mean_loss(module, X, y):
    """Mean loss of a character, in nats."""
    module.eval()
    parts = zip(torch.tensor(X).split(256), torch.tensor(y).split(256), strict=True)
    summed = sum(float(cross_entropy(module(X), y, reduction="sum")) for X, y in parts)
    return summed / y.size


@torch.no_grad()
def completed(module, alphabet, prompt=PROMPT, length=N_DIGITS):
    """What the model puts after a prompt if it always takes the likeliest character."""
    module.eval()
    scores, state = module.read(_codes(alphabet, [prompt]))
    found = []
    for _ in range(length):
        found.append(int(scores[0, :, -1].argmax()))
        scores, state = module.read(torch.tensor([found[-1:]]), state)
    return alphabet.decode(found)


@torch.no_grad()
def losses(module, alphabet, texts, prompt=PROMPT):
    """Summed losses of texts of one length after a prompt; the prompt is read once."""
    module.eval()
    codes = _codes(alphabet, texts)
    scores, state = module.read(_codes(alphabet, [prompt]))
    n = codes.shape[0]
    state = tuple(part.expand(-1, n, -1).contiguous() for part in state)
    first = scores[:, :, -1:].expand(n, -1, -1)
    rest, _ = module.read(codes[:, :-1], state)
    scores = torch.cat([first, rest], dim=2)
    return cross_entropy(scores, codes, reduction="none").sum(dim=1).numpy()


class Candidates:
    """Numbers that were never seen: a sample to estimate exposures from, and others.

    Parameters
    ----------
    n_samples : int
    n_unseen : int
    seed : int
    """

    def __init__(self, n_samples, n_unseen, seed):
        rng = np.random.default_rng(seed)
        self.samples = [random_number(rng) for _ in range(n_samples)]
        self.unseen = [random_number(rng) for _ in range(n_unseen)]

    def exposures(self, module, alphabet, number):
        """Exposure of a number among all of ten digits, and those of unseen ones."""
        sample = losses(module, alphabet, self.samples)
        one = float(losses(module, alphabet, [number])[0])
        found = exposure(one, sample, n_candidates=10**N_DIGITS - 1)
        others = losses(module, alphabet, self.unseen)
        unseen = [exposure(float(each), sample).exposure for each in others]
        return found.exposure, np.array(unseen)


def _codes(alphabet, texts):
    return torch.tensor(np.array([alphabet.encode(text) for text in texts]))
