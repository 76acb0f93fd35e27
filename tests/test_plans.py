"""Plans say what requests would do, and leave everything as it is."""

import pickle

import numpy as np
import pytest

from sklearn_unlearn import (
    UnlearnableGaussianNB,
    UnlearnableLogisticRegression,
    UnlearnableOneHotEncoder,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.plans import PlannedStep
from tests.families import FAMILIES, X, fitted, snapshot, unfitted, y
from tests.test_batches import argued


@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.NotForgottenWarning")
@pytest.mark.parametrize("family", FAMILIES)
def test_a_plan_is_what_the_request_does_and_does_nothing(family):
    model = fitted(family)
    state, before = pickle.dumps(model), snapshot(model)
    requests = [
        ("partial_unfit", argued(model, [1, 2])),
        ("partial_unfit", argued(model, [3])),
    ]
    plan = model.plan(requests, X_watch=X[:10])
    assert pickle.dumps(model) == state
    assert not hasattr(model, "request_record_")
    assert plan.refused is None
    assert (plan.n_rows_out, plan.n_rows_in) == (3, 0)
    model.carry_out(requests)
    change = np.abs(before - snapshot(model))[:10]
    assert plan.largest_change == pytest.approx(change.max(), rel=1e-9)
    assert plan.mean_change == pytest.approx(change.mean(), rel=1e-9)
    assert plan.largest_change > 0.0
    touched = [step.name for step in plan.steps if step.how != "untouched"]
    if model.request_record_.steps:
        assert touched == list(model.request_record_.steps)
    else:
        assert touched == [type(model).__name__]
        again = plan.steps[0].costs.startswith("a fit")
        method = "fitted again" if again else model.request_record_.method
        assert plan.steps[0].how == method


@pytest.mark.parametrize(
    "family", ["ridge_retained", "naive_bayes", "tree", "pipeline_retained"]
)
def test_a_refusal_is_told_and_is_what_the_request_says(family):
    model = fitted(family)
    bad = {"X": X[:, ::-1][:1], "y": 1 - y[:1]}
    if family == "naive_bayes":  # which knows sums alone
        bad = {"X": X[[0] * 60], "y": y[[0] * 60]}
    plan = model.plan(("partial_unfit", bad))
    with pytest.raises(UnlearningError) as refusal:
        model.partial_unfit(**bad)
    assert plan.refused == str(refusal.value)
    assert plan.steps == ()
    assert "refused: " in repr(plan)
    twice = [
        ("replace_features", {"X": X[[0]], "y": y[[0]], "X_new": X[[0]] + add})
        for add in (1, 2)
    ]
    assert "two things" in model.plan(twice).refused


def test_what_vanishes_is_named():
    model = UnlearnableGaussianNB().fit(X, np.append(y[:-1], 7))
    plan = model.plan(("partial_unfit", {"X": X[-1:], "y": [7]}), X_watch=X[:3])
    assert plan.steps[0].emptied == (7,)
    assert np.isnan(plan.largest_change)
    words = np.array([["ash"], ["birch"], ["elm"], ["ash"]] * 5, dtype=object)
    words[7, 0] = "yew"
    labels = np.arange(20) % 2
    model = make_unlearnable_pipeline(
        UnlearnableOneHotEncoder(), UnlearnableLogisticRegression(retain_data=True)
    ).fit(words, labels)
    plan = model.plan(("partial_unfit", {"X": words[7:8], "y": labels[7:8]}))
    assert [step.how for step in plan.steps] == ["exact", "refined"]
    assert plan.steps[0].vanishing == ("0: yew",)
    assert [step.n_rows_out for step in plan.steps] == [1, 1]
    lines = repr(plan).splitlines()
    assert lines[0] == "RequestPlan of 1 request: 1 row out, 0 rows in"
    assert lines[2].split() == ["unlearnableonehotencoder", "exact", "1", "-"]
    labels = model.plan(
        ("replace_labels", {"X": words[:1], "y": labels[:1], "y_new": 1 - labels[:1]})
    )
    assert [step.how for step in labels.steps] == ["untouched", "refined"]
    assert [step.n_rows_out for step in labels.steps] == [0, 1]
    assert [step.costs for step in labels.steps] == ["nothing", "some passes"]
    assert labels.passes > 0


def test_plans_of_columns_and_as_frames():
    pytest.importorskip("pandas")
    plan = fitted("ridge").plan([("forget_features", {"columns": [1]})])
    assert plan.columns == (1,)
    assert "columns 1" in repr(plan)
    assert list(plan.frame().columns) == list(PlannedStep.__dataclass_fields__)


def test_what_cannot_be_planned():
    with pytest.raises(ValueError, match="not fitted"):
        unfitted("ridge").plan(("partial_unfit", argued(fitted("ridge"), [0])))
    with pytest.raises(UnlearningError, match="list of pairs"):
        fitted("ridge").plan("partial_unfit")


def test_what_are_no_rows_is_refused_by_the_name_of_its_argument():
    model = UnlearnableGaussianNB().fit(X, y)
    request = ("partial_unfit", {"X": X[:1], "y": y[:1]})
    with pytest.raises(ValueError, match="X_watch must be rows"):
        model.plan(request, X_watch=5)
    model = make_unlearnable_pipeline(model).fit(X, y)
    with pytest.raises(ValueError, match="X_new"):
        model.replace_features(X[:1], y[:1], X_new=3)
