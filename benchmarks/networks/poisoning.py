"""Images of which half the labels of six classes are swapped in pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

#: Half of the labels of each class on the left are said to be of that on the right.
_SWAPPED = {0: 1, 1: 0, 2: 3, 3: 2, 4: 5, 5: 4}


@dataclass(frozen=True, eq=False)
class Poisoned:
    """Training images with two versions of their labels, and test images.

    Attributes
    ----------
    X : ndarray of float32 of shape (n_rows, channels, height, width)
    y : ndarray of shape (n_rows,)
        The true labels.
    wrong : ndarray of shape (n_rows,)
        Those that the model is trained with.
    X_test, y_test : ndarray
    """

    X: np.ndarray
    y: np.ndarray
    wrong: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray

    @property
    def bad(self):
        """The rows whose labels are wrong."""
        return self.wrong != self.y

    @property
    def n_classes(self):
        return int(self.y.max()) + 1

    @staticmethod
    def draw(X, y, seed):
        """A quarter of the images for tests, and swaps in the others."""
        X, X_test, y, y_test = train_test_split(
            X, y, test_size=0.25, random_state=seed, stratify=y
        )
        generator, wrong = np.random.default_rng(seed), y.copy()
        for label, other in _SWAPPED.items():
            rows = np.flatnonzero(y == label)
            wrong[generator.choice(rows, rows.size // 2, replace=False)] = other
        return Poisoned(X, y, wrong, X_test, y_test)


def images(path=None, shape=None):
    """Images as float32 of their shape, and labels 0, 1, ...

    Parameters
    ----------
    path : path-like, optional
        An .npz file with the arrays X, one image a row or of its shape, and y. None
        means scikit-learn's digits.
    shape : tuple of int, optional
        (channels, height, width) of an image; that of X by default.
    """
    if path is None:
        X, y = load_digits(return_X_y=True)
        X, shape = X / 16.0, shape or (1, 8, 8)
    else:
        with np.load(path) as held:
            X, y = held["X"], held["y"].ravel()
        if X.dtype == np.uint8:
            X = X / 255.0
    X = X.reshape(-1, *(shape or X.shape[1:])).astype(np.float32)
    return X, np.unique(y, return_inverse=True)[1]
