"""Losses of rows against scikit-learn's means of them."""

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.metrics import log_loss, mean_squared_error

from sklearn_unlearn.metrics import sample_losses


def test_of_classifiers():
    X, y = load_iris(return_X_y=True)
    labels = np.array(["c", "a", "b"])[y]
    model = LogisticRegression(max_iter=1000).fit(X, labels)
    losses = sample_losses(model, X, labels)
    assert losses.shape == (150,)
    assert losses.mean() == pytest.approx(log_loss(labels, model.predict_proba(X)))


def test_of_margins():
    X, y = load_iris(return_X_y=True)
    many = RidgeClassifier().fit(X, y)
    sign = np.where(y[:, None] == np.arange(3), 1.0, -1.0)
    expected = np.maximum(0.0, 1.0 - sign * many.decision_function(X)) ** 2
    assert sample_losses(many, X, y) == pytest.approx(expected.sum(axis=1))
    two = RidgeClassifier().fit(X[:100], y[:100])
    margin = np.where(y[:100] == 1, 1.0, -1.0) * two.decision_function(X[:100])
    expected = np.maximum(0.0, 1.0 - margin) ** 2
    assert sample_losses(two, X[:100], y[:100]) == pytest.approx(expected)


@pytest.mark.parametrize("n_targets", [1, 2])
def test_of_regressors(n_targets):
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(50, 3)), rng.normal(size=(50, n_targets))
    Y = Y[:, 0] if n_targets == 1 else Y
    model = LinearRegression().fit(X, Y)
    expected = n_targets * mean_squared_error(Y, model.predict(X))
    assert sample_losses(model, X, Y).mean() == pytest.approx(expected)


def test_no_loss_is_infinite():
    X, y = load_digits(return_X_y=True)
    model = LogisticRegression(C=1e6, max_iter=5000).fit(X[:500], y[:500])
    unseen_label = np.full(len(y), 11)
    assert sample_losses(model, X, unseen_label) == pytest.approx(708.396, abs=0.01)


def test_a_column_of_targets_is_a_vector():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(50, 3)), rng.normal(size=50)
    vector, column = (LinearRegression().fit(X, each) for each in (y, y[:, None]))
    expected = (y - vector.predict(X)) ** 2
    for model in (vector, column):
        for given in (y, y[:, None], y.tolist()):
            assert sample_losses(model, X, given) == pytest.approx(expected)
    labels = (y > 0).astype(int)
    model = LogisticRegression().fit(X, labels)
    losses = sample_losses(model, X, labels)
    assert np.array_equal(sample_losses(model, X, labels[:, None]), losses)


def test_what_has_no_loss():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(50, 3)), rng.normal(size=50)
    model = LinearRegression().fit(X, y)
    with pytest.raises(ValueError, match="y has 2 targets, but the model predicts 1"):
        sample_losses(model, X, np.column_stack([y, y]))
    labels = (y > 0).astype(int)
    model = LogisticRegression().fit(X, labels)
    with pytest.raises(ValueError, match="1d array"):
        sample_losses(model, X, np.column_stack([labels, labels]))
    with pytest.raises(ValueError, match=r"does not know: \[2\]"):
        sample_losses(RidgeClassifier().fit(X, labels), X, labels + 1)
