"""``capacity`` and ``removal_cost`` foretell what requests then do and spend."""

import copy

import numpy as np
import pytest

from sklearn_unlearn import UnlearnableLogisticRegression
from sklearn_unlearn.exceptions import CertificationError
from tests.certified.problems import OUT, certified, gaussian, problem
from tests.certified.test_budget import Frozen, spent_by, with_budget


def possible(estimator, rows, limit=10_000):
    """How many of these requests, one after another, the budget really had room for."""
    estimator = copy.deepcopy(estimator)
    for done, (X, y) in enumerate(rows[:limit]):
        try:
            estimator.partial_unfit(X, y)
        except CertificationError:
            return done
    return min(len(rows), limit)


@pytest.mark.parametrize("method", ["second_order", "first_order"])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize(
    ("name", "factors"),
    [("logistic", [3, 30, 200]), ("multinomial", [3, 30, 200]), ("ridge", [3, 8])],
)
def test_capacity_counts_requests_without_data(name, factors, fit_intercept, method):
    X, y = problem(name, 1500)
    # the very same request again and again
    X, y = np.r_[np.repeat(X[5:6], 300, axis=0), X], np.r_[np.repeat(y[5:6], 300), y]
    params = {"fit_intercept": fit_intercept, "method": method}
    probe = certified(name, 1e6, **params).fit(X, y)
    cost = probe.removal_cost(X[:1], y[:1]).distance
    for factor in factors:
        estimator = with_budget(name, factor * cost, **params).fit(X, y)
        before = Frozen(estimator)
        predicted = estimator.capacity(X[:1], y[:1])
        before.assert_as_it_was()
        count = possible(estimator, [(X[:1], y[:1])] * 300)
        assert 0 < count < 300
        # the effect of the first is taken for all: as copies of a row leave, the
        # leverage of the next grows a little, and each costs slightly more
        assert abs(predicted - count) <= max(1, 0.05 * count)
        assert estimator.capacity(X[:1], y[:1], limit=2) == min(predicted, 2)


@pytest.mark.parametrize("name", ["logistic", "multinomial", "ridge"])
def test_capacity_counts_requests_with_data(name):
    X, y = problem(name)
    at_fit, _ = spent_by(name, "partial_unfit", X, y, retain_data=True)
    estimator = with_budget(name, 5.01 * at_fit, retain_data=True).fit(X, y)
    assert estimator.capacity(X[:1], y[:1]) == 24
    assert estimator.capacity(X[:1], y[:1], limit=7) == 7
    rows = [(X[row : row + 1], y[row : row + 1]) for row in range(60)]
    # the bound on the smallest eigenvalue sinks with each row until it is measured anew
    assert 12 <= possible(estimator, rows) <= 24


@pytest.mark.parametrize("retain_data", [False, True])
def test_capacity_of_a_spent_budget_is_nothing(retain_data):
    X, y = problem("logistic")
    at_fit, cost = spent_by("logistic", "partial_unfit", X, y, retain_data=retain_data)
    budget = np.hypot(at_fit, 0.5 * min(cost, at_fit))
    estimator = with_budget("logistic", budget, retain_data=retain_data).fit(X, y)
    assert estimator.capacity(X[OUT], y[OUT]) == 0


def test_capacity_is_back_after_refine():
    X, y = problem("logistic", 1500)
    estimator = with_budget("logistic", 0.01).fit(X, y)
    for row in range(4):
        estimator.partial_unfit(X[row : row + 1], y[row : row + 1])
    tired = estimator.capacity(X[4:5], y[4:5])
    estimator.refine(X[4:], y[4:])
    assert estimator.capacity(X[4:5], y[4:5]) > tired


def test_no_capacity_where_there_is_no_bound():
    X, y = problem("logistic", 150)
    estimator = UnlearnableLogisticRegression(C=np.inf, certification=gaussian(1e6))
    estimator.fit(X, y)
    assert estimator.capacity(X[:12], y[:12]) == 0
