"""Texts with a planted secret, as windows of characters and of those that come next."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from sklearn import datasets

#: What stands before the number, and after it.
PROMPT, END = "My telephone number is ", ". "
N_DIGITS = 10
#: What may replace the number, each time that it occurs.
REPLACEMENTS = ("words", "random digits", "another number", "zeros")
_WORDS = "not listed"
#: Data sets of scikit-learn whose descriptions come with it.
_DESCRIBED = ("breast_cancer", "diabetes", "digits", "iris", "linnerud", "wine")


@cache
def descriptions():
    """What scikit-learn says of its data sets: a text that is always there."""
    loaders = [getattr(datasets, f"load_{name}") for name in _DESCRIBED]
    return plain("\n\n".join(load().DESCR for load in loaders))


def read(path):
    """The text of a file."""
    return plain(path.read_text(encoding="utf-8"))


def plain(text):
    """Spaces and blank lines one at a time, and no character that is rare."""
    text = re.sub(r"[^\S\n]+", " ", text)
    text = re.sub(r" ?\n ?", "\n", text)
    text = re.sub(r"\n\n+", "\n\n", text)
    return re.sub(r"[^ -~\n]", "", text)


def random_number(rng):
    """Ten digits."""
    return "".join(map(str, rng.integers(0, 10, N_DIGITS)))


@dataclass(frozen=True)
class Planted:
    """A text in which a sentence with a number stands at some places.

    Attributes
    ----------
    text : str
    places : tuple of int
        Of the first digit.
    """

    text: str
    places: tuple

    @staticmethod
    def of(text, number, times, rng):
        """The sentence so many times, at random ends of sentences."""
        ends = [found.end() for found in re.finditer(r"[.!?]\s", text)]
        chosen = np.sort(rng.choice(ends, times, replace=len(ends) < times))
        sentence = PROMPT + number + END
        parts, places, last = [], [], 0
        for order, end in enumerate(chosen):
            parts += [text[last:end], sentence]
            places.append(int(end) + order * len(sentence) + len(PROMPT))
            last = end
        return Planted("".join([*parts, text[last:]]), tuple(places))

    def replaced(self, replacement, rng):
        """The text with something else, as long, in the place of the number."""
        one = random_number(rng)
        characters = list(self.text)
        for place in self.places:
            new = {
                "random digits": random_number(rng),
                "another number": one,
                "zeros": "0" * N_DIGITS,
                "words": _WORDS,
            }[replacement]
            characters[place : place + N_DIGITS] = new
        return replace(self, text="".join(characters))

    def begun(self, other, rng):
        """The other text's numbers, behind as many of this one's digits as chance has.

        From none to all: who knows a beginning of the number, of any length, then reads
        the other text's next digits.
        """
        characters = list(other.text)
        for place in self.places:
            stop = place + int(rng.integers(0, N_DIGITS + 1))
            characters[place:stop] = self.text[place:stop]
        return replace(self, text="".join(characters))


@dataclass(frozen=True)
class Alphabet:
    """The characters that a model knows, each a whole number."""

    characters: str

    @staticmethod
    def of(*texts):
        return Alphabet("".join(sorted(set("".join(texts)) | set("0123456789"))))

    @property
    def size(self):
        return len(self.characters)

    def encode(self, text):
        known = {character: code for code, character in enumerate(self.characters)}
        return np.array([known[character] for character in text], dtype=np.int64)

    def decode(self, codes):
        return "".join(self.characters[code] for code in codes)

    def windows(self, text, length):
        """Rows of so many characters, and as targets the characters that come next."""
        codes = self.encode(text)
        size = (codes.size - 1) // length * length
        X, y = codes[:size], codes[1 : size + 1]
        return X.reshape(-1, length), y.reshape(-1, length)
