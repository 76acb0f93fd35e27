"""The data of the demonstration: scikit-learn's digits, odd or even, with mistakes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.special import expit
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

#: Strength of the penalty, on which the residual depends.
C = 0.1
#: The image shifted by up to one pixel in every direction.
SHIFTS = tuple(product((0, 1, -1), repeat=2))
#: Images whose scan, or whose label, is wrong before it is corrected.
LEAVES, MIRRORED, MISLABELLED = 0, 1, 2
#: The pixel that is forgotten, with all products that it is part of.
PIXEL = (2, 4)


@dataclass(frozen=True)
class Data:
    """Rows, and which of the columns are in use."""

    X: np.ndarray
    y: np.ndarray
    columns: np.ndarray

    @property
    def used(self):
        """The rows in the columns that are in use."""
        return self.X if self.columns.all() else self.X[:, self.columns]

    def residual(self, solution):
        """Norm of the summed objective's gradient, computed without the package."""
        X, coef = self.used, solution.coef
        error = expit(X @ coef + solution.intercept) - self.y
        return float(np.hypot(np.linalg.norm(X.T @ error + coef / C), error.sum()))


@dataclass(frozen=True)
class Digits:
    """Training data with two mistakes, the same corrected, and test images."""

    recorded: Data
    correct: Data
    test: Data
    pixel: np.ndarray


def features(images):
    """Pixels and the products of pixels that touch, of images of shape (n, 8, 8)."""
    neighbours = (
        images,
        images[:, :, 1:] * images[:, :, :-1],
        images[:, 1:] * images[:, :-1],
        images[:, 1:, 1:] * images[:, :-1, :-1],
        images[:, 1:, :-1] * images[:, :-1, 1:],
    )
    return np.hstack([part.reshape(len(images), -1) for part in neighbours])


def shifted(images):
    """Every image nine times in a row, shifted by up to one pixel."""
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    copies = [padded[:, 1 - i : 9 - i, 1 - j : 9 - j] for i, j in SHIFTS]
    return np.stack(copies, axis=1).reshape(-1, 8, 8)


def rows_of(image):
    """Rows of the training data that show this image."""
    return slice(image * len(SHIFTS), (image + 1) * len(SHIFTS))


def digits(n_images=None):
    """The data of the demonstration, from the first `n_images` of scikit-learn's."""
    images, digit = load_digits(return_X_y=True)
    images = images[:n_images].reshape(-1, 8, 8) / 16.0
    odd = digit[:n_images] % 2
    images, test_images, odd, test_odd = train_test_split(
        images, odd, test_size=0.2, random_state=0, stratify=odd
    )
    recorded, recorded_odd = images.copy(), odd.copy()
    recorded[MIRRORED] = images[MIRRORED, :, ::-1]
    recorded_odd[MISLABELLED] = 1 - odd[MISLABELLED]

    def data(images, odd):
        return Data(features(images), odd, np.ones(274, dtype=bool))

    without = np.ones((1, 8, 8))
    without[0][PIXEL] = 0.0
    copies = len(SHIFTS)
    return Digits(
        recorded=data(shifted(recorded), np.repeat(recorded_odd, copies)),
        correct=data(shifted(images), np.repeat(odd, copies)),
        test=data(test_images, test_odd),
        pixel=np.flatnonzero(features(without)[0] == 0.0),
    )
