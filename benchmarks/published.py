"""What noise does to a linear model: test scores, and how much of it they bear."""

from __future__ import annotations

import math

import numpy as np

from sklearn_unlearn.certification import kappa

#: What is promised in these tables, as in Warnecke et al. (2023).
EPSILON, DELTA = 0.1, 0.01


def sigma_for(distance):
    """The noise that a distance needs."""
    return kappa(EPSILON, DELTA) * distance


class TestRows:
    """Test rows of two classes, and scores of noisy coefficients on them.

    Noise depends on the seed alone: all coefficients are compared under the same.
    """

    __test__ = False

    def __init__(self, X, y, fit_intercept):
        self.X, self.positive = X, y == y.max()
        self.fit_intercept = fit_intercept

    def scores(self, theta, sigma=0.0, alive=None, seed=0, n_noise=10):
        """Accuracy and macro-F1, means over draws of noise.

        Parameters
        ----------
        theta : ndarray of shape (p, 1)
        sigma : float
            No finite one: no scores, NaN.
        alive : ndarray of bool of shape (p,), optional
            Coefficients in use; others are published as zero.
        """
        if not math.isfinite(sigma):
            return math.nan, math.nan
        found = self._predicted(theta, sigma, alive, seed, n_noise)
        accuracy = np.mean(found == self.positive[:, None])
        return float(accuracy), float(np.mean(macro_f1(self.positive, found)))

    def accuracy(self, theta, sigma, alive=None, seed=0, n_noise=50):
        """Accuracy alone."""
        found = self._predicted(theta, sigma, alive, seed, n_noise)
        return float(np.mean(found == self.positive[:, None]))

    def largest_sigma(self, theta, loss=0.01):
        """The noise at which accuracy has fallen by so much."""
        goal = self.accuracy(theta, 0.0) - loss
        low, high = 1e-6, 1e6
        while high > 1.005 * low:
            middle = math.sqrt(low * high)
            if self.accuracy(theta, middle) >= goal:
                low = middle
            else:
                high = middle
        return low

    def _predicted(self, theta, sigma, alive, seed, n_noise):
        if sigma > 0.0:
            noise = np.random.default_rng(seed).standard_normal((theta.size, n_noise))
            if alive is not None:
                noise[~alive] = 0.0
            theta = theta + sigma * noise
        if not self.fit_intercept:
            return self.X @ theta > 0.0
        return self.X @ theta[:-1] + theta[-1] > 0.0


def macro_f1(positive, found):
    """Macro-F1 of each column of guesses; scikit-learn's takes one at a time."""
    total = np.zeros(found.shape[1])
    for truth, guesses in ((positive, found), (~positive, ~found)):
        hits = np.sum(guesses[truth], axis=0)
        total += 2.0 * hits / np.maximum(truth.sum() + guesses.sum(axis=0), 1)
    return total / 2.0
