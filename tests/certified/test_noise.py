"""The noise: Gaussian, of the stated size, drawn anew for each state."""

import numpy as np
import pytest
from scipy.stats import chi2

from sklearn_unlearn import UnlearnableRidge
from sklearn_unlearn.certification.mechanism import gaussian_noise
from tests.certified.problems import certified, gaussian, problem, shown, theta


def noise(estimator):
    return (shown(estimator) - theta(estimator)).ravel()


def assert_unit_variance(draws):
    n = draws.size
    low, high = chi2.ppf([1e-4, 1.0 - 1e-4], n)
    assert low < np.sum(draws**2) < high
    assert abs(draws.mean()) < 4.0 / np.sqrt(n)


@pytest.mark.parametrize("sigma", [1e-3, 1.0, 1e3])
def test_noise_has_standard_deviation_sigma_in_every_coefficient(sigma):
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(50, 400)), rng.normal(size=(50, 10))
    estimator = UnlearnableRidge(certification=gaussian(sigma)).fit(X, y)
    first = noise(estimator) / sigma
    assert first.size == 4010
    assert_unit_variance(first)
    estimator.partial_unfit(X[:2], y[:2])
    second = noise(estimator) / sigma
    assert_unit_variance(second)
    assert abs(first @ second) / first.size < 4.0 / np.sqrt(first.size)


@pytest.mark.parametrize("name", ["logistic", "multinomial", "ridge"])
def test_noise_of_many_seeds(name):
    X, y = problem(name, 200)
    draws = []
    for seed in range(300):
        certification = gaussian(5.0, random_state=seed)
        estimator = certified(name, certification=certification)
        draws.append(noise(estimator.fit(X, y)) / 5.0)
    for coefficient in np.transpose(draws):
        assert_unit_variance(coefficient)
    correlation = np.corrcoef(np.transpose(draws))
    assert np.abs(correlation - np.eye(len(correlation))).max() < 4.5 / np.sqrt(300)


def test_without_a_seed_no_two_draws_are_alike():
    X, y = problem("ridge", 200)
    fits = [
        certified("ridge", certification=gaussian(5.0, random_state=None)).fit(X, y)
        for _ in range(3)
    ]
    drawn = np.concatenate([noise(estimator) for estimator in fits])
    assert np.unique(np.round(drawn, 9)).size == drawn.size


def test_a_seed_gives_each_state_a_stream_of_its_own():
    X, y = problem("ridge", 200)
    estimator = certified("ridge", 5.0, retain_data=True).fit(X, y)
    for draw in range(4):
        expected = 5.0 * gaussian_noise(
            theta(estimator).shape, 0, draw, estimator._fitted.lineage.history
        )
        np.testing.assert_allclose(noise(estimator), expected.ravel(), atol=1e-12)
        estimator.partial_unfit(X[draw : draw + 1], y[draw : draw + 1])
