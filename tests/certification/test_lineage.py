import math
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from sklearn_unlearn import GaussianCertification
from sklearn_unlearn.certification import kappa
from sklearn_unlearn.certification.digest import array_hash
from sklearn_unlearn.certification.distance import distance
from sklearn_unlearn.certification.drift import stepped
from sklearn_unlearn.certification.lineage import (
    Account,
    Terms,
    advanced,
    capacity,
    forecast,
    minimised,
    refit_tolerance,
    remeasured,
    requested,
)
from sklearn_unlearn.certification.noise import grid
from sklearn_unlearn.core.linear.edits import DropColumns, Edit, LinearMap
from sklearn_unlearn.core.linear.refinement import refine, refreshed
from sklearn_unlearn.core.linear.steps import unlearn
from sklearn_unlearn.core.losses import HalfSquaredError
from sklearn_unlearn.exceptions import BudgetExceededError, NoBoundError
from tests.core.problems import fitted, make_problem

N_ROWS = 1000
TERMS = Terms(epsilon=1.0, delta=1e-5, sigma=1.0, tol=1e-9)
SECRET = b"secret" * 6


class Chain:
    """A lineage with the rows and the state that it is about."""

    def __init__(self, kind="logistic", sigma=1.0, intercept=True, **problem):
        self.problem = make_problem(kind, N_ROWS, intercept=intercept, **problem)
        self.rows = self.problem.rows
        self.state = fitted(self.problem)
        self.terms = replace(TERMS, sigma=sigma)
        account = Account.opened(self.terms, SECRET)
        self.lineage = minimised(account, "fit", self.state, self.rows, exact=True)

    def out(self, n=2):
        """An edit, its step, and the rows that stay."""
        first = self.problem.objective.shape[1] + 2
        edit = Edit(rows_out=self.rows.take(np.arange(first, first + n)))
        gone = np.arange(first, first + n)
        rest = self.rows.take(np.setdiff1d(np.arange(self.rows.n_rows), gone))
        return edit, unlearn(self.state, edit), rest

    def forget(self, *, retained):
        edit, step, rest = self.out()
        final = step.state
        if retained:
            final = refine(final, rest, tol=1e-9, max_iter=50).state
        after = advanced(
            self.lineage, self.state, edit, step, final, rest if retained else None
        )
        self.state, self.rows, self.lineage = final, rest, after


def noise_of(lineage, state):
    return (lineage.published - state.theta) / lineage.terms.sigma


# One draw a state -------------------------------------------------------------------


def test_the_budget_is_sigma_over_kappa():
    chain = Chain(sigma=2.5)
    assert 2.5 / kappa(1.0, 1e-5) * (1.0 - 1e-8) < chain.terms.budget
    assert chain.lineage.accountant.budget == chain.terms.budget
    assert chain.lineage.record.budget == chain.terms.budget


@pytest.mark.parametrize("kind", ["logistic", "multinomial", "squared"])
@pytest.mark.parametrize("retained", [True, False])
def test_each_state_is_published_once_with_noise_of_its_own(kind, retained):
    chain = Chain(kind)
    seen, spent = [noise_of(chain.lineage, chain.state)], chain.lineage.record.distance
    for number in range(1, 4):
        chain.forget(retained=retained)
        lineage, record = chain.lineage, chain.lineage.record
        seen.append(noise_of(lineage, chain.state))
        spent = math.hypot(spent, record.distance)
        assert record.spent == lineage.accountant.spent == pytest.approx(spent)
        assert record.publication == lineage.accountant.n_published == number + 1
        assert record.operation == "request"
    drawn = np.stack(seen).reshape(4, -1)
    assert np.abs(drawn).max() < 7.5
    # by chance two of twenty are alike to the fifth digit, but not thrice
    assert np.unique(np.round(drawn, 5)).size >= drawn.size - 2


def test_without_a_seed_two_lineages_differ():
    chain = Chain()
    certification = GaussianCertification(1.0, 1e-5, 1.0)
    accounts = (certification.account(1e-9, False) for _ in range(2))
    one, other = (
        minimised(account, "fit", chain.state, chain.rows, exact=False)
        for account in accounts
    )
    assert one.terms.name != other.terms.name
    assert np.count_nonzero(one.published == other.published) < 3


def test_forgotten_coefficients_are_published_as_zero():
    chain = Chain("squared")
    edit = Edit(feature_map=DropColumns(np.arange(5) == 1))
    step = unlearn(chain.state, edit)
    after = advanced(chain.lineage, chain.state, edit, step, step.state, None)
    np.testing.assert_array_equal(after.published[1], 0.0)
    kept = np.arange(5) != 1
    steps = after.published / grid(1.0)
    np.testing.assert_array_equal(steps, np.rint(steps))
    alike = after.published[kept] == step.state.theta[kept]
    assert np.count_nonzero(alike) < 3


def test_publications_cannot_be_changed():
    chain = Chain()
    with pytest.raises(ValueError, match="read-only"):
        chain.lineage.published[0] = 0.0


@pytest.mark.parametrize("retained", [True, False])
def test_no_hash_is_kept_but_that_of_the_state(retained):
    # rows that left could be tried against one of the state before
    chain = Chain()
    for operation in ("fit", "request"):
        lineage = chain.lineage
        account = lineage.account
        held = vars(account) | vars(account.terms) | vars(lineage.record)
        texts = {value for value in held.values() if isinstance(value, str | bytes)}
        known = {
            lineage.terms.name,
            operation,
            lineage.record.schema,
            "",
            account.secret,
        }
        assert texts == known | {array_hash(chain.state.theta)}
        chain.forget(retained=retained)


# What a state costs -----------------------------------------------------------------


def test_a_request_costs_what_was_forecast():
    chain = Chain()
    for _ in range(3):
        edit, step, _ = chain.out()
        expected = forecast(chain.lineage, chain.state, edit, step)
        drift = stepped(chain.lineage.drift, chain.state, edit, step)
        assert expected == distance(step.state, drift, refit_tolerance(1e-9, drift))
        chain.forget(retained=False)
        record = chain.lineage.record
        assert record.distance == expected.total
        assert record.distance_to_minimiser == expected.minimiser
        assert record.distance_of_refit == expected.refit
        assert record.distance == record.distance_to_minimiser + expected.refit


def test_with_data_a_request_costs_next_to_nothing():
    with_data, without = Chain(), Chain()
    with_data.forget(retained=True)
    without.forget(retained=False)
    assert with_data.lineage.record.distance < 1e-4 * without.lineage.record.distance


def test_what_is_recorded_of_the_gradient_is_a_bound():
    for retained in (True, False):
        chain = Chain()
        for _ in range(2):
            chain.forget(retained=retained)
        state = chain.state
        gradient = state.objective.gradient(chain.rows, state.theta)
        assert np.linalg.norm(gradient) <= chain.lineage.record.gradient_norm


def test_requests_without_data_cost_more_and_more():
    chain, costs = Chain(), []
    for _ in range(4):
        chain.forget(retained=False)
        costs.append(chain.lineage.record.distance)
    assert costs == sorted(costs)
    assert costs[3] > 2.0 * costs[0]


def test_capacity_is_what_a_loop_of_forecasts_gives():
    chain = Chain(sigma=0.5)
    edit, step, _ = chain.out(1)
    counted = capacity(chain.lineage, chain.state, edit, step, 1000)
    # the same request again and again, each on the drift that the last one left
    lineage, expected = chain.lineage, 0
    while True:
        found = forecast(lineage, chain.state, edit, step).total
        if found > lineage.accountant.remaining:
            break
        drift = stepped(lineage.drift, chain.state, edit, step)
        spent = lineage.accountant.spend(found)
        account = replace(lineage.account, accountant=spent)
        lineage, expected = (
            replace(lineage, drift=drift, account=account),
            expected + 1,
        )
    assert 3 < expected < 1000
    # a row out does less to a factor that is the same each time
    assert abs(counted - expected) <= 1
    for limit in (1, counted - 1, counted):
        assert capacity(chain.lineage, chain.state, edit, step, limit) == limit


def test_there_is_no_capacity_for_what_does_not_fit():
    chain = Chain(sigma=1e-7)
    edit, step, _ = chain.out()
    assert capacity(chain.lineage, chain.state, edit, step, 10) == 0


def test_an_edit_makes_a_secret_of_its_own():
    chain = Chain()
    rows = chain.rows.take(np.array([9, 10]))
    sparse = replace(rows, X=sp.csr_array(rows.X))
    edits = [
        Edit(rows_out=rows),
        Edit(rows_in=rows),
        Edit(rows_out=sparse),
        Edit(rows_out=replace(rows, y=-rows.y)),
        Edit(rows_out=rows.reweighted(0.5 * rows.weight)),
        Edit(feature_map=DropColumns(np.arange(5) == 1)),
        Edit(feature_map=DropColumns(np.arange(5) == 2)),
        Edit(feature_map=LinearMap(np.eye(5)), penalty=np.ones((5, 1))),
        Edit(penalty=2.0 * chain.problem.objective.penalty),
    ]
    found = [requested(chain.lineage, edit).account.secret for edit in edits]
    assert requested(chain.lineage, edits[0]).account.secret == found[0]
    assert len({*found, SECRET}) == len(edits) + 1
    again = requested(requested(chain.lineage, edits[0]), edits[1])
    assert again.account.secret not in found


# Refinement -------------------------------------------------------------------------


@pytest.mark.parametrize("tol", [1e-4, 1e-9])
def test_a_refinement_publishes_and_spends_nothing(tol):
    chain = Chain()
    chain.forget(retained=False)
    before, state = chain.lineage, chain.state
    final = refine(state, chain.rows, tol=tol, max_iter=50).state
    after = remeasured(before, final, chain.rows)
    for name in ("published", "account", "record"):
        assert getattr(after, name) is getattr(before, name)
    # and makes the next request cheaper
    rest = chain.rows
    edit = Edit(rows_out=rest.take(np.array([9, 10])))
    cheap = forecast(after, final, edit, unlearn(final, edit))
    dear = forecast(before, state, edit, unlearn(state, edit))
    assert cheap.total < dear.total


def test_a_fresh_hessian_is_measured_anew():
    chain = Chain()
    chain.forget(retained=False)
    state = chain.state
    fresh = refreshed(state, chain.rows, state.theta)
    final = refine(fresh, chain.rows, tol=0.0, max_iter=50).state
    after = remeasured(chain.lineage, final, chain.rows)
    assert after.drift.change < chain.lineage.drift.change
    assert after.drift.geometry.terms != chain.lineage.drift.geometry.terms


# Fits after requests ----------------------------------------------------------------


def test_a_fit_after_requests_is_on_the_same_account():
    chain = Chain()
    chain.forget(retained=True)
    before = chain.lineage
    after = minimised(before.account, "refit", chain.state, chain.rows, exact=False)
    alike = noise_of(after, chain.state) == noise_of(before, chain.state)
    assert np.count_nonzero(alike) < 3
    assert after.record.publication == before.record.publication + 1
    spent = math.hypot(after.record.distance, before.accountant.spent)
    assert after.accountant.spent == pytest.approx(spent, rel=1e-12)
    assert after.terms is before.terms


# Failures ---------------------------------------------------------------------------


@pytest.mark.parametrize("retained", [True, False])
def test_a_request_beyond_the_budget_leaves_all_as_it_was(retained):
    probe = Chain()
    probe.forget(retained=retained)
    cost, fit = probe.lineage.record.distance, Chain().lineage.record.distance
    # room for the fit, but not for the request
    budget = 0.5 * (fit + math.hypot(fit, cost))
    chain = Chain(sigma=budget * kappa(1.0, 1e-5))
    before = replace(chain.lineage)
    values = {name: getattr(before, name) for name in before.__dataclass_fields__}
    with pytest.raises(BudgetExceededError):
        chain.forget(retained=retained)
    for name, value in values.items():
        assert getattr(chain.lineage, name) is value


def test_a_fit_beyond_the_budget():
    with pytest.raises(BudgetExceededError):
        Chain(sigma=1e-18)


@pytest.mark.parametrize("retained", [True, False])
def test_a_request_without_a_bound(retained):
    # no penalty on the intercept, and nine of ten rows leave
    chain = Chain(penalty=1e-6)
    edit, step, rest = chain.out(9 * N_ROWS // 10)
    if not retained:
        with pytest.raises(NoBoundError):
            advanced(chain.lineage, chain.state, edit, step, step.state, None)
        return
    # with data the same request has one
    final = refine(step.state, rest, tol=1e-9, max_iter=50).state
    after = advanced(chain.lineage, chain.state, edit, step, final, rest)
    assert after.record.distance < 1e-3


def test_a_loss_without_self_concordance():
    class QuarticError(HalfSquaredError):
        self_concordance = None

    chain = Chain("squared")
    state = replace(
        chain.state, objective=replace(chain.state.objective, loss=QuarticError())
    )
    with pytest.raises(NoBoundError, match="QuarticError has none"):
        minimised(chain.lineage.account, "fit", state, chain.rows, exact=False)


def test_maps_of_the_features_need_data():
    chain = Chain(intercept=False)
    matrix = np.random.default_rng(0).standard_normal((3, 4))
    edit = Edit(
        feature_map=LinearMap(matrix), penalty=np.ones((3, 1)), linear=np.zeros((3, 1))
    )
    step = unlearn(chain.state, edit)
    with pytest.raises(BudgetExceededError):
        advanced(chain.lineage, chain.state, edit, step, step.state, None)
    rows = replace(chain.rows, X=chain.rows.X @ matrix.T)
    final = refine(step.state, rows, tol=1e-9, max_iter=50).state
    after = advanced(chain.lineage, chain.state, edit, step, final, rows)
    assert after.published.shape == (3, 1)
    assert after.record.distance < 1e-6
