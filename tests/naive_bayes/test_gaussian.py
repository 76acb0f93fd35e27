"""What is particular to Gaussian naive Bayes."""

import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB

from sklearn_unlearn import UnlearnableGaussianNB
from sklearn_unlearn.exceptions import InsufficientWeightError


@pytest.mark.parametrize("weighted", [False, True])
def test_ten_thousand_rows_with_a_mean_of_1e8_leave(weighted):
    rng = np.random.default_rng(0)
    X = 1e8 + rng.normal(size=(10_400, 5))
    X[3], X[4] = 1e16, -1e16
    y = rng.integers(0, 2, 10_400)
    weight = rng.uniform(0.5, 2.0, 10_400) if weighted else np.ones(10_400)
    model = UnlearnableGaussianNB().fit(X, y, sample_weight=weight)
    for rows in np.array_split(np.arange(10_000), 100):
        model.partial_unfit(X[rows], y[rows], sample_weight=weight[rows])
    left = slice(10_000, None)
    twin = GaussianNB().fit(X[left], y[left], sample_weight=weight[left])
    for name in ("class_count_", "class_prior_", "epsilon_", "theta_", "var_"):
        np.testing.assert_allclose(
            getattr(model, name), getattr(twin, name), rtol=1e-10, err_msg=name
        )
    # what the last bit of a mean does to a probability is 1e-7: compare with our own
    refit = UnlearnableGaussianNB().fit(X[left], y[left], sample_weight=weight[left])
    np.testing.assert_array_equal(
        model.predict_proba(X[left]), refit.predict_proba(X[left])
    )


def test_epsilon_is_of_rows_whatever_their_weight():
    rng = np.random.default_rng(0)
    X, y, weight = rng.normal(size=(50, 3)), np.arange(50) % 2, rng.uniform(1, 2, 50)
    params = {"var_smoothing": 0.5}
    model = UnlearnableGaussianNB(**params).fit(X, y, weight)
    model.partial_unfit(X[:9], y[:9], weight[:9])
    twin = GaussianNB(**params).fit(X[9:], y[9:], weight[9:])
    assert model.epsilon_ == pytest.approx(twin.epsilon_, rel=1e-14)
    # part of a row's weight takes all of the row out of epsilon_, and of no mean
    model.partial_unfit(X[9:12], y[9:12], weight[9:12] / 2)
    half = weight.copy()
    half[9:12] /= 2
    twin = GaussianNB(**params).fit(X[9:], y[9:], half[9:])
    np.testing.assert_allclose(model.theta_, twin.theta_, rtol=1e-12)
    expected = 0.5 * X[12:].var(axis=0).max()
    assert model.epsilon_ == pytest.approx(expected, rel=1e-14)


def test_rows_that_left_before_are_refused_at_the_latest_when_none_is_left():
    X, y = np.arange(8.0)[:, None], np.array([0, 1] * 4)
    model = UnlearnableGaussianNB().fit(X, y, np.full(8, 3.0))
    model.partial_unfit(X[:4], y[:4])
    fitted = model._fitted
    with pytest.raises(InsufficientWeightError, match="gone with the first weight"):
        model.partial_unfit(X[:4], y[:4])
    assert model._fitted is fitted


def test_rows_of_weight_zero_are_none():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 2)), np.arange(30) % 3
    weight = np.where((y == 2) | (np.arange(30) < 5), 0.0, 1.0)
    model = UnlearnableGaussianNB().fit(X, y, weight)
    twin = GaussianNB().fit(X[weight > 0], y[weight > 0])
    np.testing.assert_array_equal(model.classes_, [0, 1])
    np.testing.assert_allclose(model.var_, twin.var_, rtol=1e-14)
    with pytest.raises(ValueError, match="sample_weight"):
        UnlearnableGaussianNB().fit(X, y, np.zeros(30))
    before = model._fitted.statistics
    model.partial_unfit(X[:2], y[:2], sample_weight=0.0)
    np.testing.assert_array_equal(
        model._fitted.statistics.classes.first.digits, before.classes.first.digits
    )
