"""The noise: Gaussian, of the stated size, drawn anew for each state."""

import copy
import pickle
import warnings

import numpy as np
import pytest
from scipy.stats import chi2, norm
from sklearn.exceptions import ConvergenceWarning

from sklearn_unlearn import UnlearnableRidge
from sklearn_unlearn.certification.noise import grid
from tests.certified.problems import (
    certified,
    gaussian,
    problem,
    short_of_budget,
    shown,
    theta,
)


def noise(estimator):
    return (shown(estimator) - theta(estimator)).ravel()


#: The secret is drawn anew in each run, so that a right noise may look wrong: less than
#: once in 1e9 runs.
CHANCE = 1e-10
#: Standard deviations that a normal variable exceeds as rarely.
FAR = norm.isf(CHANCE / 2.0)


def assert_unit_variance(draws):
    n = draws.size
    assert chi2.isf(1.0 - CHANCE, n) < np.sum(draws**2) < chi2.isf(CHANCE, n)
    assert abs(draws.mean()) < FAR / np.sqrt(n)


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
    assert abs(first @ second) / first.size < FAR / np.sqrt(first.size)


def test_noise_of_many_seeds():
    X, y = problem("multinomial", 60)
    draws = []
    for seed in range(100):
        certification = gaussian(5.0, random_state=seed)
        estimator = certified("multinomial", certification=certification)
        draws.append(noise(estimator.fit(X, y)) / 5.0)
    assert_unit_variance(np.ravel(draws))
    for coefficient in np.transpose(draws):
        assert_unit_variance(coefficient)
    correlation = np.corrcoef(np.transpose(draws))
    assert np.abs(correlation - np.eye(len(correlation))).max() < 6.5 / np.sqrt(100)


def test_without_a_seed_no_two_draws_are_alike():
    X, y = problem("ridge", 200)
    fits = [certified("ridge", 5.0).fit(X, y) for _ in range(3)]
    drawn = np.concatenate([noise(estimator) for estimator in fits])
    # on their grid two of them are alike once in 25,000 runs, but not thrice
    assert np.unique(np.round(drawn, 9)).size >= drawn.size - 2


def test_a_seed_makes_publications_reproducible():
    X, y = problem("ridge", 200)
    one, again, other = (
        certified("ridge", certification=gaussian(5.0, random_state=seed)).fit(X, y)
        for seed in (3, 3, 4)
    )
    for row in range(3):
        np.testing.assert_array_equal(shown(one), shown(again))
        assert np.all(noise(one) != noise(other))
        for estimator in (one, again, other):
            estimator.partial_unfit(X[row : row + 1], y[row : row + 1])


# Two publications of different secrets never share a vector: their difference would be
# that of the secrets.

CLASSES = problem("multinomial")
LAST = CLASSES[1] == "c"


def vanished(extra):
    """Class "c" leaves, with rows of another."""
    X, y = CLASSES
    out = LAST | np.isin(np.arange(y.size), np.flatnonzero(~LAST)[:extra])
    return lambda estimator: estimator.partial_unfit(X[out], y[out])


def assert_noises_differ(one, other):
    sigma = one._fitted.lineage.terms.sigma
    drawn = noise(one), noise(other)
    some = [each[np.abs(each) > 0.0] for each in drawn]
    assert np.abs(some[0] - some[1]).max() > 0.01 * sigma


def test_requests_after_which_a_class_is_gone_share_no_noise():
    estimator = certified("multinomial", retain_data=True).fit(*CLASSES)
    one, other = copy.deepcopy(estimator), copy.deepcopy(estimator)
    vanished(0)(one)
    vanished(3)(other)
    assert theta(one).shape == theta(other).shape != theta(estimator).shape
    assert_noises_differ(one, other)


def test_requests_beyond_the_budget_share_no_noise():
    estimator, X, y = short_of_budget()
    one, other = copy.deepcopy(estimator), copy.deepcopy(estimator)
    one.partial_unfit(X[:60], y[:60])
    other.partial_unfit(X[:61], y[:61])
    assert one.private_record().operation == "refine"
    assert_noises_differ(one, other)


@pytest.mark.parametrize("retain_data", [False, True])
def test_refinements_on_different_paths_share_no_noise(retain_data):
    X, y = problem("logistic")
    estimator = certified("logistic", 1e3, retain_data=retain_data, tol=0.1).fit(X, y)
    one, other = copy.deepcopy(estimator), copy.deepcopy(estimator)
    one.set_params(tol=1e-4).refine(X, y)
    other.set_params(tol=1e-12).refine(X, y)
    assert np.any(theta(one) != theta(other))
    for model in (one, other):
        model.partial_unfit(X[:2], y[:2])
    assert_noises_differ(one, other)


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("logistic", {"method": "first_order"}),
        ("logistic", {"method": "first_order", "unlearning_rate": 1e-4}),
        ("multinomial", {"tol": 1e-3}),
        ("logistic", {"max_iter": 1, "tol": 1e-14}),
    ],
)
def test_options_set_after_fit_share_no_noise(name, option):
    X, y = problem(name)
    retain_data = "method" not in option
    estimator = certified(name, retain_data=retain_data).fit(X, y)
    one, other = copy.deepcopy(estimator), copy.deepcopy(estimator)
    other.set_params(**option)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for model in (one, other):
            model.partial_unfit(X[:3], y[:3])
    assert np.any(theta(one) != theta(other))
    assert_noises_differ(one, other)


def test_ways_to_the_same_data_share_no_noise():
    X, y = problem("logistic")
    estimator = certified("logistic", retain_data=True).fit(X, y)
    one, other = copy.deepcopy(estimator), copy.deepcopy(estimator)
    one.partial_unfit(X[:2], y[:2]).partial_unfit(X[2:4], y[2:4])
    other.partial_unfit(X[2:4], y[2:4]).partial_unfit(X[:2], y[:2])
    assert np.any(theta(one) != theta(other))
    assert_noises_differ(one, other)


@pytest.mark.parametrize("name", ["logistic", "multinomial", "ridge"])
def test_every_path_publishes_on_the_grid(name):
    X, y = problem(name)
    estimator = certified(name, 0.3, retain_data=True).fit(X, y)
    requests = [
        lambda: estimator.partial_unfit(X[:2], y[:2]),
        lambda: estimator.refine(X[2:], y[2:]),
        lambda: estimator.partial_fit(X[:1], y[:1]),
        lambda: estimator.forget_features([0]),
    ]
    if name == "multinomial":
        requests += [lambda: vanished(0)(estimator)]
        X, y = CLASSES
        estimator.fit(X, y)
        requests = requests[-1:]
    for request in [lambda: None, *requests]:
        request()
        steps = shown(estimator) / grid(0.3)
        np.testing.assert_array_equal(steps, np.rint(steps))


def test_no_secret_of_the_noise_is_printed_or_outlives_a_request():
    X, y = problem("ridge")
    estimator = certified("ridge")
    estimator.fit(X, y)
    before = estimator._fitted.lineage.account.secret
    assert len(before) == 32
    assert repr(before)[2:-1] not in repr(estimator._fitted.lineage)
    estimator.partial_unfit(X[:2], y[:2])
    # what was drawn for a row cannot be tried again with other rows
    assert before not in pickle.dumps(estimator)


def test_copies_that_answer_alike_publish_alike():
    X, y = problem("ridge")
    estimator = certified("ridge").fit(X, y)
    one, other = copy.copy(estimator), copy.copy(estimator)
    for model in (one, other):
        model.partial_unfit(X[:2], y[:2])
    np.testing.assert_array_equal(theta(one), theta(other))
    np.testing.assert_array_equal(shown(one), shown(other))
