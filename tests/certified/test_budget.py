"""The budget: checked before it is spent, and what happens when it is short."""

import copy

import numpy as np
import pytest
import scipy.sparse as sp

from sklearn_unlearn import accounted as accounted_module
from sklearn_unlearn.exceptions import (
    BudgetExceededError,
    CertificationError,
    NoBoundError,
    NotPositiveDefiniteError,
)
from sklearn_unlearn.linear_model import _base
from tests.cases import changed_targets, make
from tests.certified.problems import (
    KAPPA,
    OUT,
    VERBS,
    Edited,
    all_drawn,
    certified,
    conditioned,
    gaussian,
    problem,
    refit,
    shown,
    spent_by,
    theta,
    with_budget,
)
from tests.certified.snapshots import Frozen
from tests.pairwise import pairwise


@pytest.mark.parametrize(
    ("name", "verb", "retain_data", "as_format"),
    pairwise(
        ["logistic", "multinomial", "ridge", "ridge_classifier"],
        [verb for verb in VERBS if verb != "refine"],
        [False, True],
        [np.asarray, sp.csr_array],
    ),
)
def test_over_budget_is_refused_and_nothing_changes(name, verb, retain_data, as_format):
    X, y = problem(name)
    X = as_format(X)
    at_fit, cost = spent_by(name, verb, X, y, retain_data=retain_data)
    # room for the fit and for all but one thousandth of the request; with data for
    # much less, for it is refined further
    room = 0.999 * cost if not retain_data else 1e-3 * at_fit
    short = with_budget(name, np.hypot(at_fit, room), retain_data=retain_data)
    before = Frozen(short.fit(X, y))
    with pytest.raises(BudgetExceededError, match="remains of a budget"):
        VERBS[verb](short, X, y, None)
    before.assert_as_it_was()
    enough = with_budget(name, np.hypot(at_fit, 1.001 * cost), retain_data=retain_data)
    VERBS[verb](enough.fit(X, y), X, y, None)
    assert enough.private_record().remaining < 0.1 * cost


def test_a_fit_over_budget_leaves_the_model_that_was():
    X, y = problem("logistic")
    estimator = certified("logistic").fit(X, y)
    estimator.set_params(certification__sigma=1e-12)
    before = Frozen(estimator)
    with pytest.raises(BudgetExceededError):
        estimator.fit(X[:300], y[:300])
    before.assert_as_it_was()


def test_refine_needs_no_budget():
    X, y = problem("logistic")
    at_fit, cost = spent_by("logistic", "partial_unfit", X, y)
    estimator = with_budget("logistic", np.hypot(at_fit, cost) * (1.0 + 1e-6))
    estimator.fit(X, y).partial_unfit(X[OUT], y[OUT])
    before, published = estimator.private_record(), shown(estimator)
    estimator.refine(X[OUT.size :], y[OUT.size :])
    assert estimator.private_record() == before
    np.testing.assert_array_equal(shown(estimator), published)


def test_spending_adds_up_in_squares_until_nothing_is_left():
    X, y = problem("ridge")
    estimator = with_budget("ridge", 4e-7, retain_data=True).fit(X, y)
    squares = [estimator.private_record().distance ** 2]
    for row in range(300):
        try:
            estimator.partial_unfit(X[row : row + 1], y[row : row + 1])
        except BudgetExceededError:
            break
        squares.append(estimator.private_record().distance ** 2)
    record = estimator.private_record()
    assert record.publication == len(squares) > 10
    assert record.spent == pytest.approx(np.sqrt(np.sum(squares)), rel=1e-12)
    assert record.budget == pytest.approx(4e-7, rel=1e-8)
    assert sum(squares) <= record.budget**2 < sum(squares) + 2.0 * squares[-1]


# Refining instead ---------------------------------------------------------------------

MANY = np.arange(60)


def remove_many(estimator, X, y):
    """A request that lowers the carried bound on the smallest eigenvalue a lot."""
    estimator.partial_unfit(X[MANY], y[MANY])
    return Edited(X[MANY.size :], y[MANY.size :], None)


def costs_of_many(name, X, y, n_rows=MANY.size):
    """What the fit and the request spend, and the request with a fresh Hessian.

    Where there is little room, more is asked of what is known before there is one.
    """
    probe = certified(name, 1e6, retain_data=True).fit(X, y)
    at_fit = probe.private_record().distance
    probe.partial_unfit(X[:n_rows], y[:n_rows])
    record = probe.private_record()
    while record.operation == "request":
        rough = record.distance
        budget = np.hypot(at_fit, 0.9999 * rough)
        probe = with_budget(name, budget, retain_data=True).fit(X, y)
        probe.partial_unfit(X[:n_rows], y[:n_rows])
        record = probe.private_record()
    return at_fit, rough, record.distance


@pytest.fixture
def fits(monkeypatch):
    """Calls of ``fit`` from anywhere behind an estimator."""
    calls = []
    real = _base.LinearUnlearner._fit_rows

    def spy(*arguments, **keywords):
        calls.append(arguments)
        return real(*arguments, **keywords)

    monkeypatch.setattr(_base.LinearUnlearner, "_fit_rows", spy)
    return calls


@pytest.mark.parametrize("name", ["logistic", "multinomial", "ridge"])
def test_refine_lowers_the_cost_to_what_is_left_without_a_fit(name, fits):
    X, y = conditioned(name)
    at_fit, rough, fine = costs_of_many(name, X, y)
    assert fine < 0.9 * rough
    budget = np.hypot(at_fit, (rough + fine) / 2.0)
    estimator = with_budget(name, budget, retain_data=True).fit(X, y)
    before, published = estimator.private_record(), shown(estimator)
    fits.clear()
    edited = remove_many(estimator, X, y)
    assert fits == []
    record = estimator.private_record()
    assert (record.operation, record.publication) == ("refine", 2)
    assert record.distance == pytest.approx(fine, rel=1e-6)
    assert record.spent == pytest.approx(np.hypot(before.spent, fine), rel=1e-6)
    assert record.state_after != before.state_after
    assert all_drawn(shown(estimator), published)
    residual = estimator.gradient_residual(edited.X, edited.y)
    assert residual <= 2.0 * residual.rounding_error < 1e-9
    tight = refit(estimator, edited, tol=1e-12)
    np.testing.assert_allclose(theta(estimator), theta(tight), atol=1e-10)
    # with room enough nothing is refined further
    roomy = with_budget(name, 2.0 * budget, retain_data=True).fit(X, y)
    remove_many(roomy, X, y)
    assert roomy.private_record().operation == "request"
    assert roomy.private_record().distance >= rough * (1.0 - 1e-9)


@pytest.mark.parametrize("n_rows", [1, 4, 60, 120])
def test_a_request_with_nothing_to_refine_is_published_all_the_same(n_rows):
    # of a quadratic loss the step is exact: a fresh Hessian changes the bound alone
    X, y = conditioned("ridge")
    at_fit, rough, _ = costs_of_many("ridge", X, y, n_rows)
    budget = np.hypot(at_fit, 0.9999 * rough)
    estimator = with_budget("ridge", budget, retain_data=True).fit(X, y)
    published = shown(estimator)
    estimator.partial_unfit(X[:n_rows], y[:n_rows])
    record = estimator.private_record()
    assert (record.operation, record.publication) == ("refine", 2)
    assert all_drawn(shown(estimator), published)
    drawn = (shown(estimator) - theta(estimator)) / (budget * KAPPA)
    assert 1e-4 < np.abs(drawn).max() < 7.5
    estimator.refine(X[n_rows:], y[n_rows:])  # this is no new state
    assert estimator.private_record() == record


@pytest.mark.parametrize("name", ["logistic", "multinomial", "ridge"])
def test_refine_that_is_not_enough_is_refused(name, fits):
    X, y = conditioned(name)
    at_fit, _, fine = costs_of_many(name, X, y)
    budget = np.hypot(at_fit, 0.9 * fine)
    estimator = with_budget(name, budget, retain_data=True).fit(X, y)
    before = Frozen(estimator)
    fits.clear()
    with pytest.raises(BudgetExceededError):
        remove_many(estimator, X, y)
    before.assert_as_it_was()
    assert fits == []


# Fitting instead ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["logistic", "multinomial", "ridge"])
def test_where_refining_fails_a_fit_is_published_on_the_same_account(
    name, monkeypatch, fits
):
    X, y = conditioned(name)
    at_fit, rough, _ = costs_of_many(name, X, y)
    estimator = with_budget(name, np.hypot(at_fit, 0.999 * rough), retain_data=True)
    before = estimator.fit(X, y, row_ids=np.arange(600)).private_record()
    real, calls = accounted_module.refine, []

    def failing(*arguments, **keywords):
        calls.append(arguments)
        if len(calls) == 1:
            raise NotPositiveDefiniteError("lost in rounding")
        return real(*arguments, **keywords)

    monkeypatch.setattr(accounted_module, "refine", failing)
    edited = remove_many(estimator, X, y)
    record = estimator.private_record()
    assert (record.operation, record.publication) == ("refit", 2)
    assert record.spent == pytest.approx(np.hypot(before.spent, record.distance))
    tight = refit(estimator, edited, tol=1e-12)
    np.testing.assert_allclose(theta(estimator), theta(tight), atol=1e-9)
    with pytest.raises(ValueError, match="row"):
        estimator.partial_unfit(row_ids=MANY[:1])


def test_no_request_opens_a_budget_of_its_own():
    X, y = problem("ridge")
    at_fit, _ = spent_by("ridge", "partial_unfit", X, y, retain_data=True)
    estimator = with_budget("ridge", 1.3 * at_fit, retain_data=True).fit(X, y)
    spent = [estimator.private_record().distance]
    for row in range(20):
        before = estimator.private_record()
        try:
            estimator.partial_unfit(X[row : row + 1], y[row : row + 1])
        except BudgetExceededError:
            continue
        record = estimator.private_record()
        assert record.publication == before.publication + 1
        spent.append(record.distance)
    record = estimator.private_record()
    assert np.linalg.norm(spent) <= record.budget * (1.0 + 1e-12)
    assert record.publication == len(spent) < 20


# A share for each publication ---------------------------------------------------------


def scheduled(name, share, n_publications, **params):
    """An estimator that gives each of so many publications this share."""
    sigma = share * np.sqrt(n_publications) * KAPPA
    certification = gaussian(sigma, n_publications=n_publications)
    return certified(name, certification=certification, **params)


@pytest.mark.parametrize("retain_data", [False, True])
def test_with_data_a_schedule_is_the_default(retain_data):
    X, y = problem("ridge")
    certificate = certified("ridge", retain_data=retain_data).fit(X, y).release()[1]
    assert certificate.n_publications == (1_000_000 if retain_data else None)
    # where nothing secret refuses, the certificate says no more about it than that
    said = "Refusals for want of budget" in " ".join(certificate.not_claimed)
    assert said is not retain_data


def test_as_many_are_published_as_were_planned():
    X, y = problem("ridge")
    at_fit, _ = spent_by("ridge", "partial_unfit", X, y, retain_data=True)
    estimator = scheduled("ridge", 3.0 * at_fit, 4, retain_data=True).fit(X, y)
    for row in range(3):
        assert estimator.capacity(X[row : row + 1], y[row : row + 1]) == 3 - row
        estimator.partial_unfit(X[row : row + 1], y[row : row + 1])
    record, before = estimator.private_record(), Frozen(estimator)
    assert record.publication == 4
    assert record.remaining == 0.0 < record.spent < 0.5 * record.budget
    assert estimator.capacity(X[3:4], y[3:4]) == 0
    with pytest.raises(BudgetExceededError, match="All n_publications=4"):
        estimator.partial_unfit(X[3:4], y[3:4])
    before.assert_as_it_was()
    # what publishes nothing is not refused
    estimator.replace_labels(X[3:4], y[3:4], y[3:4])
    estimator.refine(X[3:], y[3:])
    np.testing.assert_array_equal(shown(estimator), shown(before.released))


def test_no_publication_spends_more_than_its_share():
    X, y = conditioned("logistic")
    at_fit, rough, fine = costs_of_many("logistic", X, y)
    share = max(1.01 * at_fit, (rough + fine) / 2.0)
    estimator = scheduled("logistic", share, 100, retain_data=True).fit(X, y)
    remove_many(estimator, X, y)
    # though there is room for it
    record = estimator.private_record()
    assert record.operation == "refine"
    assert record.distance <= share < rough < record.budget / 5.0


def test_a_share_that_no_fit_has_room_in_is_refused_at_fit():
    X, y = problem("ridge")
    at_fit, _ = spent_by("ridge", "partial_unfit", X, y, retain_data=True)
    estimator = scheduled("ridge", 0.1 * at_fit, 10, retain_data=True)
    with pytest.raises(BudgetExceededError, match="n_publications=10 leaves"):
        estimator.fit(X, y)
    assert not hasattr(estimator, "coef_")


@pytest.mark.parametrize("name", ["logistic", "multinomial"])
def test_a_fit_that_is_too_far_is_minimised_further(name):
    # a gradient norm of `tol`, where that of a refit is allowed for too
    X, y = conditioned(name)
    coarse = certified(name, 1e9, tol=1e-2).fit(X, y).private_record()
    budget = 0.5 * (coarse.distance + coarse.distance_of_refit)
    estimator = with_budget(name, budget, tol=1e-2).fit(X, y)
    record = estimator.private_record()
    assert record.operation == "refine"
    assert record.distance_to_minimiser < 1e-3 * coarse.distance_to_minimiser


def test_secret_paths_are_not_told_apart_by_refusals():
    # two deletions that differ by 1e-6 in one value, and requests that bisect
    X, y = problem("ridge")
    answers = []
    for shift in (0.0, 1e-6):
        rows = X.copy()
        rows[0, 0] += shift
        estimator = certified("ridge", 1e-2, retain_data=True).fit(rows, y)
        estimator.partial_unfit(rows[:1], y[:1])
        answered = []
        for power in np.linspace(0.0, 3.0, 30):
            try:
                copy.copy(estimator).partial_fit(10.0**power * X[1:2], y[1:2])
                answered.append(True)
            except CertificationError:
                answered.append(False)
        answers.append(answered)
    assert answers[0] == answers[1] == [True] * 30


# No bound -----------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.LargeStepWarning")
@pytest.mark.parametrize(
    ("C", "n_rows", "n_out"), [(np.inf, 80, 2), (1e6, 80, 2), (10.0, 150, 3)]
)
def test_without_a_bound_only_data_help(C, n_rows, n_out):
    # an intercept is free, whatever C is
    params = {"C": C}
    X, y = problem("logistic", n_rows)
    rows = np.arange(n_out)

    def request(estimator):
        estimator.replace_labels(X[rows], y[rows], changed_targets(y)[rows])

    estimator = certified("logistic", 1e6, **params).fit(X, y)
    before = Frozen(estimator)
    with pytest.raises(NoBoundError, match="no finite bound"):
        request(estimator)
    before.assert_as_it_was()
    estimator = with_budget("logistic", 1e6, retain_data=True, **params)
    request(estimator.fit(X, y))
    assert estimator.private_record().distance < 1e-3
    edited = Edited(X, np.r_[changed_targets(y)[rows], y[n_out:]], None)
    tight = refit(estimator, edited, tol=1e-11)
    assert np.linalg.norm(theta(estimator) - theta(tight)) <= (
        estimator.private_record().distance
    )


# Classes that vanish ------------------------------------------------------------------


def vanishing(name, budget):
    X, y = problem(name)
    out = y == "c"
    estimator = with_budget(name, budget, retain_data=True).fit(X, y)
    return estimator, X, y, out


@pytest.mark.parametrize("name", ["multinomial", "ridge_classifiers"])
def test_a_class_that_vanishes_carries_the_budget_on(name):
    estimator, X, y, out = vanishing(name, 1.0)
    before, secret = estimator.private_record(), theta(estimator)
    estimator.partial_unfit(X[out], y[out])
    np.testing.assert_array_equal(estimator.classes_, ["a", "b"])
    record = estimator.private_record()
    assert record.publication == 2
    assert record.spent == pytest.approx(np.hypot(before.spent, record.distance))
    assert theta(estimator).shape[1] == 1 < secret.shape[1]
    model, certificate = estimator.release()
    certificate.verify(model)
    tight = make(name, tol=1e-12).fit(X[~out], y[~out])
    true = np.linalg.norm(theta(estimator) - theta(tight))
    assert true <= record.distance


@pytest.mark.parametrize("name", ["multinomial", "ridge_classifiers"])
def test_a_class_that_vanishes_over_budget(name):
    at_fit = vanishing(name, 1.0)[0].private_record().distance
    estimator, X, y, out = vanishing(name, 1.02 * at_fit)
    before = Frozen(estimator)
    with pytest.raises(BudgetExceededError):
        estimator.partial_unfit(X[out], y[out])
    before.assert_as_it_was()
