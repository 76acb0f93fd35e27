"""Plans with certification: what would be spent, without noise, counts or refusals."""

import copy
import pickle

import numpy as np
import pytest

import sklearn_unlearn as su
from sklearn_unlearn.exceptions import BudgetExceededError
from tests.families import X, y

ROWS = {"X": X[:2], "y": y[:2]}
LABELS = {"X": X[4:5], "y": y[4:5], "y_new": 1 - y[4:5]}


def claims(calls):
    """A counter that remembers what it was asked."""

    def counter(name, number, digest):
        calls.append(number)
        return digest

    return counter


def terms(**keywords):
    return su.GaussianCertification(epsilon=1.0, delta=1e-5, sigma=10.0, **keywords)


def certified(retain_data, **keywords):
    model = su.UnlearnableLogisticRegression(
        C=0.1, certification=terms(**keywords), retain_data=retain_data
    )
    return model.fit(X, y)


def account(model):
    """All that a plan must leave alone."""
    lineage = model._fitted.lineage
    refused = lineage.account.refusals
    return lineage, None if refused is None else refused.count


@pytest.mark.parametrize("retain_data", [False, True])
def test_what_would_be_spent_is_what_is_spent(retain_data):
    calls = []
    model = certified(retain_data, counter=claims(calls))
    published, before = calls.copy(), account(model)
    requests = [("partial_unfit", ROWS), ("replace_labels", LABELS)]
    plan = model.plan(requests, X_watch=X[:20])
    assert account(model) == before
    assert calls == published
    known = model.private_record()
    assert plan.budget.remaining == known.remaining
    assert (plan.budget.budget, plan.budget.publications) == (known.budget, 1)
    assert plan.budget.spends
    assert plan.budget.remaining_after < known.remaining or retain_data
    other = copy.copy(model)
    model.carry_out(requests)
    after = model.private_record()
    assert plan.budget.remaining_after == after.remaining
    assert plan.budget.spends[-1] == after.distance
    assert plan.steps[0].how == model.request_record_.method
    assert len(calls) == len(published) + len(plan.budget.spends)
    # what is watched has no noise, which two plans would have differently
    assert 0.0 < plan.largest_change < 0.5
    assert other.plan(requests, X_watch=X[:20]).largest_change == plan.largest_change


def test_no_noise_is_drawn(monkeypatch):
    model = certified(retain_data=True)
    pipeline = su.make_unlearnable_pipeline(
        su.UnlearnableStandardScaler(), su.UnlearnableRidge(certification=terms())
    ).fit(X, y.astype(float))

    def drawn(*_):
        raise AssertionError("noise")

    monkeypatch.setattr("sklearn_unlearn.certification.lineage.noisy", drawn)
    with pytest.raises(AssertionError, match="noise"):
        model.partial_unfit(**ROWS)
    plan = model.plan(("partial_unfit", ROWS), X_watch=X[:5])
    assert plan.budget.spends[0] >= 0.0
    plan = pipeline.plan(("partial_unfit", {"X": X[:1], "y": y[:1] * 1.0}), X[:5])
    assert plan.budget.spends[0] > 0.0


def test_a_search_of_certified_models_draws_nothing_for_a_plan(monkeypatch):
    model = su.UnlearnableRidge(certification=terms(), retain_data=True)
    search = su.UnlearnableGridSearchCV(model, {"alpha": [0.1, 1.0]}, cv=2)
    search.fit(X, y.astype(float))

    def drawn(*_):
        raise AssertionError("noise")

    monkeypatch.setattr("sklearn_unlearn.certification.lineage.noisy", drawn)
    plan = search.plan(("partial_unfit", {"X": X[:1], "y": y[:1] * 1.0}))
    assert plan.refused is None
    assert plan.budget.remaining_after > 0.0


def test_a_refusal_for_want_of_budget_is_told_and_not_counted():
    fitted = su.UnlearnableLogisticRegression(C=0.1, certification=terms()).fit(X, y)
    spent = fitted.private_record().spent
    cost = fitted.removal_cost(X[:2], y[:2]).distance
    scale = 0.5 * np.hypot(spent, cost) / fitted.private_record().budget
    short = su.GaussianCertification(1.0, 1e-5, sigma=10.0 * scale, max_refusals=1)
    model = su.UnlearnableLogisticRegression(C=0.1, certification=short).fit(X, y)
    before, file = account(model), pickle.dumps(model)
    for _ in range(2):
        plan = model.plan(("partial_unfit", ROWS))
        assert pickle.dumps(model) == file
        assert account(model) == before
        assert "remains of a budget" in plan.refused
        assert plan.budget.spends == ()
        assert plan.budget.remaining == plan.budget.remaining_after
    with pytest.raises(BudgetExceededError) as refusal:
        model.partial_unfit(**ROWS)
    assert str(refusal.value) == plan.refused
    assert model._fitted.lineage.account.refusals.count == 1
    assert "max_refusals=1" in model.plan(("partial_unfit", ROWS)).refused
