"""A model that halves its error each epoch says how many it needs."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier

from sklearn_unlearn import UnlearnableRidge
from sklearn_unlearn.metrics import relearn_time, sample_losses


class Halving(RegressorMixin, BaseEstimator):
    """Predicts one number, and goes half way to the mean of y in an epoch."""

    def __init__(self, value=0.0):
        self.value = value

    def partial_fit(self, X, y):
        self.value += (np.mean(y) - self.value) / 2
        return self

    def predict(self, X):
        return np.full(len(X), self.value)


def test_epochs_in_closed_form():
    X, y = np.zeros((3, 1)), np.ones(3)
    model = Halving()
    # the error after t epochs is 4^-t
    result = relearn_time(model, X, y, 4.0**-5, margin=0.0)
    assert (result.epochs, result.reached) == (5, True)
    assert result.losses == pytest.approx(4.0 ** -np.arange(6))
    assert model.value == 0.0
    assert relearn_time(model, X, y, 4.0**-5 / 1.5, margin=0.6).epochs == 5
    assert relearn_time(model, X, y, 1.0).epochs == 0


def test_it_ends():
    X, y = np.zeros((3, 1)), np.ones(3)
    result = relearn_time(Halving(), X, y, 0.0, max_epochs=7)
    assert (result.epochs, result.reached, result.losses.size) == (7, False, 8)
    result = relearn_time(Halving(), X, y, 0.5, max_epochs=0)
    assert (result.epochs, result.reached) == (0, False)


def test_training_and_loss_of_the_callers():
    def train(model):
        model.value += 0.25

    result = relearn_time(
        Halving(),
        np.zeros((3, 1)),
        np.ones(3),
        0.0,
        train=train,
        loss=lambda model, X, y: np.abs(y - model.predict(X)),
    )
    assert result.losses.tolist() == [1.0, 0.75, 0.5, 0.25, 0.0]


def test_a_model_that_kept_something_is_faster():
    X, y = load_digits(return_X_y=True)
    X, noisy = X / 16.0, y.copy()
    noisy[:90] = (y[:90] + 1) % 10
    kept = SGDClassifier(loss="log_loss", alpha=1e-3, random_state=0).fit(X, noisy)
    refit = SGDClassifier(loss="log_loss", alpha=1e-3, random_state=0)
    refit = refit.fit(X[90:], noisy[90:])
    half = SGDClassifier(loss="log_loss", alpha=1e-3, random_state=0)
    half = half.fit(X[90:], noisy[90:])
    half.coef_ = (kept.coef_ + refit.coef_) / 2
    half.intercept_ = (kept.intercept_ + refit.intercept_) / 2
    forgotten = X[:90], noisy[:90]
    target = sample_losses(kept, *forgotten).mean() / 2

    def train(model):  # slowly: a step of gradient descent
        step = 0.1 * (np.eye(10)[forgotten[1]] - model.predict_proba(forgotten[0])).T
        model.coef_ += step @ forgotten[0]
        model.intercept_ += step.sum(axis=1)

    epochs = [
        relearn_time(model, *forgotten, target, train=train).epochs
        for model in (kept, half, refit)
    ]
    assert 0 < epochs[0] < epochs[1] < epochs[2]


def test_bad_input():
    X, y = np.eye(3), np.arange(3.0)
    with pytest.raises(ValueError, match="partial_fit of UnlearnableRidge adds rows"):
        relearn_time(UnlearnableRidge().fit(X, y), X, y, 0.1)
    for name in ("margin", "max_epochs"):
        with pytest.raises(ValueError, match=name):
            relearn_time(Halving(), X, y, 0.1, **{name: -1})
    for target in (-0.1, np.nan):
        with pytest.raises(ValueError, match="target"):
            relearn_time(Halving(), X, y, target)


def test_losses_that_are_no_numbers():
    X, y = np.eye(3), np.arange(3.0)
    with pytest.raises(ValueError, match="is not a number"):
        relearn_time(Halving(), X, y, 0.1, loss=lambda *_: np.array([0.5, np.nan]))
