"""A language model has learned a telephone number by heart: make it forget.

A text holds the same sentence with the same number several times. An LSTM that has
learned its characters completes the sentence, and the number's exposure says how many
guesses that spares somebody who asks for it. What follows the number's digits is then
replaced in the fitted model, wherever they stand. With --text your own file is read.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from torch import nn
from torch.nn.functional import cross_entropy

from sklearn_unlearn import UnlearnableNeuralNetClassifier
from sklearn_unlearn.metrics import exposure

PROMPT, N_DIGITS, LENGTH = "My telephone number is ", 10, 48


class CharacterLSTM(nn.Module):
    """Scores of the next character at each place, classes in the second axis."""

    def __init__(self, n_characters, hidden):
        super().__init__()
        self.embed = nn.Embedding(n_characters, 32)
        self.lstm = nn.LSTM(32, hidden, batch_first=True)
        self.head = nn.Linear(hidden, n_characters)

    def forward(self, X):
        return self.head(self.lstm(self.embed(X))[0]).transpose(1, 2)


def main(text=None, hidden=128, replacement="words"):
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    number = random_number(rng)
    secret, corrected = with_sentence(text or descriptions(), number, replacement, rng)
    characters = "".join(sorted(set(secret + corrected + "0123456789")))
    X, y = windows(secret, characters)
    X_new, y_new = windows(corrected, characters)
    net = UnlearnableNeuralNetClassifier(
        CharacterLSTM,
        module__n_characters=len(characters),
        module__hidden=hidden,
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=4e-3,
        max_epochs=25,
        batch_size=16,
        iterator_train__shuffle=True,
        iterator_valid__batch_size=256,
        classes=np.arange(len(characters)),
        max_rows=128,  # that stay are read, beside those that change
        max_steps=3,
        verbose=0,
    )
    start = time.perf_counter()
    net.fit(X, y)
    seconds = time.perf_counter() - start
    print(f"{X.shape[0]} windows of {LENGTH} characters, the number is {number}\n")

    changed = (y != y_new).any(axis=1)
    others = X[~changed], y[~changed]
    print(f"{'':20}{'completion':14}exposure   loss of other windows   seconds")
    report("trained", net.module_, characters, number, others, seconds)

    start = time.perf_counter()
    net.replace_labels(X[changed], y[changed], y_new[changed])
    seconds = time.perf_counter() - start
    report("forgotten", net.module_, characters, number, others, seconds)
    print(f"\nforgotten: {net.unlearning_report().forgotten}")

    refit = clone(net).fit(X_new, y_new)
    report("trained without it", refit.module_, characters, number, others, None)


def descriptions():
    """What scikit-learn says of its data sets."""
    loaders = (load_breast_cancer, load_diabetes, load_digits, load_wine)
    return "\n".join(load().DESCR for load in loaders)


def random_number(rng):
    return "".join(map(str, rng.integers(0, 10, N_DIGITS)))


def with_sentence(text, number, replacement, rng, times=25):
    """The text with the sentence at random places, twice: its number, and another."""
    lines = text.splitlines()
    places = set(rng.choice(len(lines), times, replace=False).tolist())
    secret, corrected = [], []
    for at, line in enumerate(lines):
        secret.append(line)
        corrected.append(line)
        if at in places:
            new = {
                "random": random_number(rng),
                "zeros": "0" * N_DIGITS,
                "words": "not listed",
            }[replacement]
            secret.append(f"{PROMPT}{number}.")
            corrected.append(f"{PROMPT}{new}.")
    return "\n".join(secret), "\n".join(corrected)


def windows(text, characters):
    """Rows of characters, and as targets the characters that come next."""
    codes = encoded(text, characters)
    size = (codes.size - 1) // LENGTH * LENGTH
    X, y = codes[:size], codes[1 : size + 1]
    return X.reshape(-1, LENGTH), y.reshape(-1, LENGTH)


def encoded(text, characters):
    return np.array([characters.index(character) for character in text])


def report(name, module, characters, number, others, seconds):
    """The completion, the exposure among all numbers, and what else the model knows."""
    rng = np.random.default_rng(1)
    candidates = [random_number(rng) for _ in range(2000)]
    with torch.no_grad():
        found = completed(module.eval(), characters)
        loss = float(
            cross_entropy(module(torch.tensor(others[0])), torch.tensor(others[1]))
        )
        one, *rest = losses(module, characters, [number, *candidates]).tolist()
    bits = exposure(one, rest, n_candidates=10**N_DIGITS - 1).exposure
    took = "" if seconds is None else f"{seconds:9.1f}"
    print(f"{name:20}{found!r:14}{bits:8.1f}{loss:24.3f}{took}")


def completed(module, characters):
    """What the model puts after the prompt if it takes the likeliest character."""
    text = PROMPT
    for _ in range(N_DIGITS):
        scores = module(torch.tensor(encoded(text, characters)[None]))
        text += characters[int(scores[0, :, -1].argmax())]
    return text[len(PROMPT) :]


def losses(module, characters, numbers):
    """How unlikely each number is after the prompt."""
    codes = torch.tensor(
        np.array([encoded(PROMPT + number, characters) for number in numbers])
    )
    scores = module(codes[:, :-1])
    each = cross_entropy(scores, codes[:, 1:], reduction="none")
    return each[:, -N_DIGITS:].sum(dim=1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--text", type=Path, help="a file of plain text")
    parser.add_argument("--hidden", type=int, default=128)
    parser.add_argument(
        "--replacement", choices=("words", "random", "zeros"), default="words"
    )
    options = parser.parse_args()
    file = options.text
    main(
        None if file is None else file.read_text(encoding="utf-8"),
        options.hidden,
        options.replacement,
    )
