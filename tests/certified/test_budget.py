"""The budget: checked before it is spent, and what happens when it is short."""

import numpy as np
import pytest
import scipy.sparse as sp

from sklearn_unlearn.exceptions import (
    BudgetExceededError,
    NoBoundError,
)
from sklearn_unlearn.linear_model import _base
from tests.cases import changed_targets, make
from tests.certified.problems import (
    FAINT,
    KAPPA,
    OUT,
    VERBS,
    Edited,
    certified,
    conditioned,
    problem,
    refit,
    shown,
    spent_by,
    theta,
    with_budget,
)
from tests.certified.snapshots import Frozen


@pytest.mark.parametrize("as_format", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("retain_data", [False, True])
@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != "refine"])
@pytest.mark.parametrize(
    "name", ["logistic", "multinomial", "ridge", "ridge_classifier"]
)
def test_over_budget_is_refused_and_nothing_changes(name, verb, retain_data, as_format):
    X, y = problem(name)
    X = as_format(X)
    at_fit, cost = spent_by(name, verb, X, y, retain_data=retain_data)
    # room for the fit and for all but one thousandth of the request
    short = with_budget(name, np.hypot(at_fit, 0.999 * cost), retain_data=retain_data)
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
    estimator = with_budget("logistic", np.hypot(at_fit, cost) * (1.0 + 1e-15))
    estimator.fit(X, y).partial_unfit(X[OUT], y[OUT])
    before, published = estimator.private_record(), shown(estimator)
    estimator.refine(X[OUT.size :], y[OUT.size :])
    assert estimator.private_record() == before
    np.testing.assert_array_equal(shown(estimator), published)


def test_spending_adds_up_in_squares_until_nothing_is_left():
    X, y = problem("ridge")
    estimator = with_budget("ridge", 1e-7, retain_data=True).fit(X, y)
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
    assert record.budget == pytest.approx(1e-7, rel=1e-12)
    assert sum(squares) <= record.budget**2 < sum(squares) + 2.0 * squares[-1]


# Refining instead ---------------------------------------------------------------------

MANY = np.arange(60)


def remove_many(estimator, X, y):
    """A request that lowers the carried bound on the smallest eigenvalue a lot."""
    estimator.partial_unfit(X[MANY], y[MANY])
    return Edited(X[MANY.size :], y[MANY.size :], None)


def costs_of_many(name, X, y):
    """What the fit and the request spend, and the request with a fresh Hessian."""
    probe = certified(name, 1e6, retain_data=True).fit(X, y)
    at_fit = probe.private_record().distance
    remove_many(probe, X, y)
    rough = probe.private_record().distance
    budget = np.hypot(at_fit, 0.999 * rough)
    probe = with_budget(name, budget, "refine", retain_data=True).fit(X, y)
    remove_many(probe, X, y)
    return at_fit, rough, probe.private_record().distance


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
    refused = with_budget(name, budget, retain_data=True).fit(X, y)
    with pytest.raises(BudgetExceededError):
        remove_many(refused, X, y)
    estimator = with_budget(name, budget, "refine", retain_data=True).fit(X, y)
    before, published = estimator.private_record(), shown(estimator)
    fits.clear()
    edited = remove_many(estimator, X, y)
    assert fits == []
    record = estimator.private_record()
    assert (record.operation, record.lineage, record.publication) == ("refine", 0, 2)
    assert record.distance == pytest.approx(fine, rel=1e-6)
    assert record.spent == pytest.approx(np.hypot(before.spent, fine), rel=1e-6)
    assert record.state_after != before.state_after
    assert np.all(shown(estimator) != published)
    residual = estimator.gradient_residual(edited.X, edited.y)
    assert residual <= 2.0 * residual.rounding_error < 1e-9
    tight = refit(estimator, edited, tol=1e-12)
    np.testing.assert_allclose(theta(estimator), theta(tight), atol=1e-10)
    # with room enough nothing is refined further
    roomy = with_budget(name, 2.0 * budget, "refine", retain_data=True).fit(X, y)
    remove_many(roomy, X, y)
    assert roomy.private_record().operation == "request"
    assert roomy.private_record().distance == pytest.approx(rough, rel=1e-9)


@pytest.mark.parametrize("n_rows", [1, 4, 60, 120])
def test_a_request_with_nothing_to_refine_is_published_all_the_same(n_rows):
    # of a quadratic loss the step is exact: a fresh Hessian changes the bound alone
    X, y = conditioned("ridge")
    probe = certified("ridge", 1e6, retain_data=True).fit(X, y)
    at_fit = probe.private_record().distance
    probe.partial_unfit(X[:n_rows], y[:n_rows])
    budget = np.hypot(at_fit, 0.9999 * probe.private_record().distance)
    estimator = with_budget("ridge", budget, "refine", retain_data=True).fit(X, y)
    published = shown(estimator)
    estimator.partial_unfit(X[:n_rows], y[:n_rows])
    record = estimator.private_record()
    assert (record.operation, record.publication) == ("refine", 2)
    assert np.all(shown(estimator) != published)
    drawn = (shown(estimator) - theta(estimator)) / (budget * KAPPA)
    assert 1e-4 < np.abs(drawn).max() < 6.0
    estimator.refine(X[n_rows:], y[n_rows:])  # this is no new state
    assert estimator.private_record() == record


@pytest.mark.parametrize("name", ["logistic", "multinomial", "ridge"])
def test_refine_that_is_not_enough_is_refused(name, fits):
    X, y = conditioned(name)
    at_fit, _, fine = costs_of_many(name, X, y)
    budget = np.hypot(at_fit, 0.999 * fine)
    estimator = with_budget(name, budget, "refine", retain_data=True).fit(X, y)
    before = Frozen(estimator)
    fits.clear()
    with pytest.raises(BudgetExceededError):
        remove_many(estimator, X, y)
    before.assert_as_it_was()
    assert fits == []


# Fitting instead ----------------------------------------------------------------------


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != "refine"])
@pytest.mark.parametrize(
    "name", ["logistic", "multinomial", "ridge", "ridge_classifier"]
)
def test_refit_starts_a_lineage_with_a_budget_of_its_own(name, verb, fits):
    X, y = problem(name)
    at_fit, _ = spent_by(name, verb, X, y, retain_data=True)
    estimator = with_budget(name, 1.3 * at_fit, "refit", retain_data=True).fit(X, y)
    estimator.set_params(C=99.0) if "logistic" in name else None
    published, before = shown(estimator), estimator.private_record()
    fits.clear()
    edited = VERBS[verb](estimator, X, y, None)
    assert len(fits) == 1
    model, certificate = estimator.release()
    record = estimator.private_record()
    assert (certificate.lineage, certificate.publication) == (1, 1)
    assert (record.operation, record.lineage, record.publication) == ("fit", 1, 1)
    assert record.spent == record.distance
    assert record.budget == before.budget == certificate.budget
    certificate.verify(model)
    assert any("lineages" in sentence for sentence in certificate.not_claimed)
    # fitted with the parameters of the fit, on the corrected data
    tight = make(name, tol=1e-12).fit(edited.X, edited.y)
    np.testing.assert_allclose(theta(estimator), theta(tight), rtol=1e-6, atol=1e-8)
    # with noise of its own, and columns that stay forgotten
    drawn = shown(estimator) - theta(estimator)
    old = published - theta(certified(name, 1e6).fit(X, y))
    other = np.arange(len(drawn)) != FAINT
    assert np.abs(drawn - old)[other].min() > 1e-3 * before.budget
    if verb == "forget_features":
        assert np.all(shown(estimator)[FAINT] == 0.0)


def test_refit_keeps_identifiers_and_the_policy():
    X, y = problem("ridge")
    at_fit, _ = spent_by("ridge", "partial_unfit", X, y, retain_data=True)
    estimator = with_budget("ridge", 1.3 * at_fit, "refit", retain_data=True)
    estimator.fit(X, y, row_ids=np.arange(600))
    estimator.partial_unfit(row_ids=[3, 5])
    estimator.set_params(certification__on_budget_exceeded="raise")
    estimator.partial_unfit(row_ids=[4])
    assert estimator.release()[1].lineage == 2  # the policy is that of the fit
    with pytest.raises(ValueError, match="row"):
        estimator.partial_unfit(row_ids=[3])


def test_a_refit_that_has_no_room_either_is_refused():
    X, y = problem("ridge")
    X = np.delete(X, FAINT, axis=1)
    at_fit, _ = spent_by("ridge", "partial_unfit", X, y, retain_data=True)
    estimator = with_budget("ridge", 1.05 * at_fit, "refit", retain_data=True)
    before = Frozen(estimator.fit(X, y))
    # without most rows the Hessian is flatter, and any fit is farther from another
    with pytest.raises(BudgetExceededError):
        estimator.partial_unfit(X[:590], y[:590])
    before.assert_as_it_was()


# No bound -----------------------------------------------------------------------------


@pytest.mark.parametrize("policy", ["raise", "refine", "refit"])
@pytest.mark.parametrize(("C", "n_rows"), [(np.inf, 100), (1e6, 100), (10.0, 150)])
def test_without_a_bound_only_data_help(C, n_rows, policy):
    # an intercept is free, whatever C is
    params = {"C": C}
    X, y = problem("logistic", n_rows)
    rows = np.arange(2)

    def request(estimator):
        estimator.replace_labels(X[rows], y[rows], changed_targets(y)[rows])

    if policy == "raise":
        estimator = certified("logistic", 1e6, **params).fit(X, y)
        before = Frozen(estimator)
        with pytest.raises(NoBoundError, match="no finite bound"):
            request(estimator)
        before.assert_as_it_was()
    estimator = with_budget("logistic", 1e6, policy, retain_data=True, **params)
    request(estimator.fit(X, y))
    assert estimator.private_record().distance < 1e-3
    edited = Edited(X, np.r_[changed_targets(y)[rows], y[2:]], None)
    tight = refit(estimator, edited, tol=1e-11)
    assert np.linalg.norm(theta(estimator) - theta(tight)) <= (
        estimator.private_record().distance
    )


# Classes that vanish ------------------------------------------------------------------


def vanishing(name, budget, policy="raise"):
    X, y = problem(name)
    out = y == "c"
    estimator = with_budget(name, budget, policy, retain_data=True).fit(X, y)
    return estimator, X, y, out


@pytest.mark.parametrize("name", ["multinomial", "ridge_classifiers"])
def test_a_class_that_vanishes_carries_the_budget_on(name):
    estimator, X, y, out = vanishing(name, 1.0)
    before, secret = estimator.private_record(), theta(estimator)
    estimator.partial_unfit(X[out], y[out])
    np.testing.assert_array_equal(estimator.classes_, ["a", "b"])
    record = estimator.private_record()
    assert (record.lineage, record.publication) == (0, 2)
    assert record.spent == pytest.approx(np.hypot(before.spent, record.distance))
    assert theta(estimator).shape[1] == 1 < secret.shape[1]
    model, certificate = estimator.release()
    certificate.verify(model)
    tight = make(name, tol=1e-12).fit(X[~out], y[~out])
    true = np.linalg.norm(theta(estimator) - theta(tight))
    assert true <= record.distance


@pytest.mark.parametrize("policy", ["raise", "refit"])
@pytest.mark.parametrize("name", ["multinomial", "ridge_classifiers"])
def test_a_class_that_vanishes_over_budget(name, policy):
    at_fit = vanishing(name, 1.0)[0].private_record().distance
    estimator, X, y, out = vanishing(name, 1.3 * at_fit, policy)
    before = Frozen(estimator)
    if policy == "raise":
        with pytest.raises(BudgetExceededError):
            estimator.partial_unfit(X[out], y[out])
        before.assert_as_it_was()
        return
    estimator.partial_unfit(X[out], y[out])
    certificate = estimator.release()[1]
    assert (certificate.lineage, certificate.publication) == (1, 1)
    np.testing.assert_array_equal(estimator.classes_, ["a", "b"])
