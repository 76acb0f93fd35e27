"""``capacity`` and ``removal_cost`` foretell what requests then do and spend."""

import copy

import numpy as np
import pytest
from scipy.special import expit, softmax

from sklearn_unlearn import UnlearnableLogisticRegression
from sklearn_unlearn.exceptions import CertificationError, UnlearningError
from tests.cases import make
from tests.certified.problems import (
    FAINT,
    OUT,
    certified,
    gaussian,
    problem,
    spent_by,
    theta,
    with_budget,
)
from tests.certified.snapshots import Frozen


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
    assert estimator.capacity(X[:30], y[:30]) == 0


# What a removal would do --------------------------------------------------------------


def hat(estimator, X, name):
    """Diagonal of the hat matrix, densely: ``W^1/2 X H^-1 X' W^1/2``."""
    X = np.column_stack([X, np.ones(len(X))])
    curvature = np.ones(len(X))
    if name == "logistic":
        p = expit(X @ theta(estimator)[:, 0])
        curvature = p * (1.0 - p)
    penalty = np.full(X.shape[1], 1.0 / 0.3 if name == "logistic" else 0.7)
    penalty[-1] = 0.0
    hessian = (X.T * curvature) @ X + np.diag(penalty)
    return curvature * np.einsum("ij,ij->i", X, np.linalg.solve(hessian, X.T).T)


@pytest.mark.parametrize("retain_data", [False, True])
@pytest.mark.parametrize("name", ["logistic", "ridge", "ridge_classifiers"])
def test_leverages_are_those_of_the_hat_matrix(name, retain_data):
    X, y = problem(name, 200)
    estimator = make(name, retain_data=retain_data).fit(X, y)
    cost = estimator.removal_cost(X, y)
    np.testing.assert_allclose(cost.leverage, hat(estimator, X, name), rtol=1e-5)
    # their sum is the effective number of coefficients
    assert 3.0 < cost.leverage.sum() < 6.0
    assert cost.distance is cost.remaining is cost.fits is None


def test_leverages_of_a_softmax_are_largest_eigenvalues():
    X, y = problem("multinomial", 200)
    estimator = make("multinomial").fit(X, y)
    cost = estimator.removal_cost(X[:20], y[:20])
    rows = np.column_stack([X, np.ones(200)])
    P = softmax(rows @ theta(estimator), axis=1)
    weights = P[:, :, None] * np.eye(3) - P[:, :, None] * P[:, None, :]
    blocks = np.einsum("ikl,ia,ib->kalb", weights, rows, rows)
    penalty = np.tile(np.r_[np.full(5, 1.0 / 0.3), 0.0], 3)
    inverse = np.linalg.pinv(blocks.reshape(18, 18) + np.diag(penalty))
    for i in range(20):
        root = np.linalg.cholesky(weights[i] + 1e-14 * np.eye(3))
        columns = np.einsum("kr,a->kar", root, rows[i]).reshape(18, 3)
        largest = np.linalg.eigvalsh(columns.T @ inverse @ columns)[-1]
        assert cost.leverage[i] == pytest.approx(largest, rel=1e-5)


def left_out(name, X, y, row, **params):
    """The refit without one row."""
    others = np.arange(len(y)) != row
    return make(name, tol=1e-11, **params).fit(X[others], y[others])


@pytest.mark.parametrize("retain_data", [False, True])
@pytest.mark.parametrize(
    ("name", "error"), [("logistic", 0.1), ("multinomial", 0.2), ("ridge", 1e-7)]
)
def test_prediction_changes_are_those_of_leaving_one_out(name, error, retain_data):
    X, y = problem(name, 150)
    estimator = make(name, retain_data=retain_data).fit(X, y)
    found = estimator.removal_cost(X[:60], y[:60]).prediction_change
    raw = np.column_stack([X, np.ones(150)]) @ theta(estimator)
    true = np.empty(60)
    for row in range(60):
        refit = theta(left_out(name, X, y, row))
        true[row] = np.abs(np.r_[X[row], 1.0] @ refit - raw[row]).max()
    assert np.corrcoef(found, true)[0, 1] > 0.99
    assert np.abs(found - true).max() <= error * true.max()


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("method", ["second_order", "first_order"])
@pytest.mark.parametrize("name", ["logistic", "multinomial", "ridge", "ridge_alphas"])
def test_a_request_without_data_spends_what_was_foretold(name, method, fit_intercept):
    X, y = problem(name, 1500)
    params = {"fit_intercept": fit_intercept, "method": method}
    estimator = certified(name, 1e3, **params).fit(X, y)
    for start in (0, 3, 6):  # of later requests too
        rows, target = X[start : start + 3], y[start : start + 3]
        before, secret = Frozen(estimator), theta(estimator)
        cost = estimator.removal_cost(rows, target)
        before.assert_as_it_was()
        assert cost.remaining == estimator.private_record().remaining
        assert cost.fits
        estimator.partial_unfit(rows, target)
        record = estimator.private_record()
        assert record.distance == pytest.approx(cost.distance, rel=1e-12)
        moved = np.linalg.norm(theta(estimator) - secret)
        assert moved == pytest.approx(cost.coefficient_change, rel=1e-9)


@pytest.mark.parametrize("method", ["second_order", "first_order"])
@pytest.mark.parametrize("name", ["logistic", "ridge"])
def test_a_request_with_data_spends_about_what_the_last_state_did(name, method):
    X, y = problem(name)
    estimator = certified(name, retain_data=True, method=method).fit(X, y)
    before, secret = Frozen(estimator), theta(estimator)
    cost = estimator.removal_cost(X[OUT], y[OUT])
    before.assert_as_it_was()
    assert cost.distance == estimator.private_record().distance
    estimator.partial_unfit(X[OUT], y[OUT])
    assert estimator.private_record().distance == pytest.approx(cost.distance, rel=0.3)
    moved = np.linalg.norm(theta(estimator) - secret)
    assert moved == pytest.approx(cost.coefficient_change, rel=0.05)


def test_what_does_not_fit_is_foretold():
    X, y = problem("logistic")
    at_fit, cost = spent_by("logistic", "partial_unfit", X, y)
    for share, fits in ((0.999, False), (1.001, True)):
        estimator = with_budget("logistic", np.hypot(at_fit, share * cost)).fit(X, y)
        found = estimator.removal_cost(X[OUT], y[OUT])
        assert found.fits is fits
        assert found.distance == pytest.approx(cost, rel=1e-9)


@pytest.mark.parametrize("retain_data", [False, True])
@pytest.mark.parametrize("certification", [None, gaussian(1.0)])
def test_rows_without_which_a_coefficient_is_undetermined(certification, retain_data):
    X, y = problem("ridge", 60)
    X[:, FAINT] = 0.0
    X[:2, FAINT] = 1.0
    estimator = make(
        "ridge", alpha=0.0, retain_data=retain_data, certification=certification
    ).fit(X, y)
    both = estimator.removal_cost(X[:2], y[:2])
    assert np.isfinite(both.prediction_change).all()
    estimator.partial_unfit(X[:1], y[:1])
    cost = estimator.removal_cost(X[1:3], y[1:3])
    assert cost.leverage[0] == pytest.approx(1.0)
    assert cost.leverage[1] < 0.5
    assert np.isinf(cost.prediction_change[0])
    assert np.isfinite(cost.prediction_change[1])
    for found in (both, cost):
        assert np.isinf(found.coefficient_change)
        assert found.distance == (None if certification is None else np.inf)
        assert not found.fits
    with pytest.raises(UnlearningError):
        estimator.partial_unfit(X[1:2], y[1:2])
