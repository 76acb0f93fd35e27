"""Networks and the data that they are trained on."""

from functools import cache

import numpy as np
from sklearn.datasets import load_digits

from sklearn_unlearn import UnlearnableMLPClassifier, UnlearnableMLPRegressor

SWAPPED = {0: 1, 1: 0, 2: 3, 3: 2, 4: 5, 5: 4}


@cache
def digits(n_rows=1797):
    """Digits in [0, 1], right labels, and labels half of which are swapped in pairs."""
    X, y = load_digits(return_X_y=True)
    X, y = X[:n_rows] / 16.0, y[:n_rows]
    generator, wrong = np.random.default_rng(0), y.copy()
    for label, other in SWAPPED.items():
        of_label = np.flatnonzero(y == label)
        wrong[generator.choice(of_label, of_label.size // 2, replace=False)] = other
    return X, y, wrong


def blobs(n_rows=120, seed=0):
    """Rows of three overlapping classes."""
    generator = np.random.default_rng(seed)
    y = generator.integers(0, 3, n_rows)
    X = generator.normal(size=(n_rows, 4)) + 1.2 * np.eye(4)[y]
    return X, np.array(["a", "b", "c"])[y]


def classifier(**params):
    """A small one, trained to a minimum."""
    settings = {"solver": "lbfgs", "alpha": 1.0, "max_iter": 2000, "random_state": 0}
    return UnlearnableMLPClassifier(
        **{"hidden_layer_sizes": (6,), **settings, **params}
    )


def regressor(**params):
    """A small one, trained to a minimum."""
    settings = {"solver": "lbfgs", "alpha": 1.0, "max_iter": 2000, "random_state": 0}
    return UnlearnableMLPRegressor(**{"hidden_layer_sizes": (6,), **settings, **params})


def weights(model):
    """All of them, as bytes: for comparisons bit by bit."""
    parts = [*model.coefs_, *model.intercepts_]
    return b"".join(part.tobytes() for part in parts)
