"""A request is taken back exactly, or not at all."""

import pickle

import numpy as np
import pytest

from sklearn_unlearn import UnlearnableRidge
from sklearn_unlearn.exceptions import UndoError
from sklearn_unlearn.records import record_key, use_record_key
from tests.families import EXACT, X, fitted, snapshot, y
from tests.test_batches import argued

RETAINED = ("ridge_retained", "logistic_retained", "pipeline_retained")


def kinds(model):
    """A request of each kind that can be taken back."""
    at = argued(model, [1, 2])
    yield "partial_unfit", at
    yield "partial_fit", {**at, "X": X[[1, 2]] + 0.5}
    yield "replace_features", {**at, "X_new": X[[1, 2]] + 0.5}
    if "y" in model._accepts:
        yield "replace_labels", {**at, "y_new": 1 - y[[1, 2]]}


@pytest.mark.parametrize("family", EXACT + RETAINED)
def test_requests_are_taken_back_one_after_another(family):
    model, records, states = fitted(family), [], []
    # rows of their own, of which none comes in two requests
    for verb, keywords in kinds(model):
        states.append(snapshot(model))
        getattr(model, verb)(**keywords)
        record = model.request_record_
        records.append((record, keywords))
        record.undo(model, **keywords)
        undone = model.request_record_
        assert undone.undoes == record.identity
        assert (undone.n_rows_out, undone.n_rows_in) == (
            record.n_rows_in,
            record.n_rows_out,
        )
        if family in EXACT:
            assert undone.state_after == record.state_before
            assert np.array_equal(snapshot(model), states[-1])
        else:
            np.testing.assert_allclose(snapshot(model), states[-1], atol=1e-7)
    first = model.partial_unfit(**argued(model, [5])).request_record_
    second = model.partial_unfit(**argued(model, [6])).request_record_
    with pytest.raises(UndoError, match="not the last"):
        first.undo(model, **argued(model, [5]))
    second.undo(model, **argued(model, [6]))
    with pytest.raises(UndoError, match="not the last"):
        model.request_record_.undo(model, **argued(model, [6]))
    first.undo(model, **argued(model, [5]))
    np.testing.assert_allclose(snapshot(model), states[0], atol=1e-7)


@pytest.mark.parametrize("family", ["naive_bayes", "tree", *RETAINED])
def test_other_rows_are_refused(family):
    model = fitted(family)
    record = model.partial_unfit(**argued(model, [1])).request_record_
    held = model._checked()
    for wrong in (
        argued(model, [2]),
        {**argued(model, [1]), "sample_weight": 2.0},
        {**argued(model, [1]), "X": X[[1]] + 1e-9},
        {},
    ):
        with pytest.raises(UndoError, match="not the rows of the request"):
            record.undo(model, **wrong)
    assert model.request_record_ is record
    if not family.startswith("pipeline"):
        assert model._checked() is held
    with pytest.raises(UndoError, match="not the last"):
        record.undo(fitted(family), **argued(model, [1]))


def test_what_has_no_exact_opposite():
    model = fitted("logistic")
    record = model.partial_unfit(X[:1], y[:1]).request_record_
    with pytest.raises(UndoError, match="not exact"):
        record.undo(model, X[:1], y[:1])
    model = fitted("ridge_retained")
    record = model.forget_features([1]).request_record_
    with pytest.raises(UndoError, match="no opposite"):
        record.undo(model)
    requests = [("partial_unfit", {"X": X[[i]], "y": y[[i]]}) for i in (0, 1)]
    record = model.carry_out(requests)[-1]
    with pytest.raises(UndoError, match="together with others"):
        record.undo(model, X[[1]], y[[1]])


@pytest.mark.parametrize("family", ["forest", "ridge_retained"])
def test_names_need_their_values(family):
    model = fitted(family, named=True)
    before = snapshot(model)
    record = model.partial_unfit(row_ids=[1005]).request_record_
    with pytest.raises(UndoError, match="row_ids alone"):
        record.undo(model, row_ids=[1005])
    with pytest.raises(UndoError, match="not the rows"):
        record.undo(model, X[[5]], y[[5]], row_ids=[1005])
    model = fitted(family, named=True)
    rows = {"X": X[[5]], "y": y[[5]], "row_ids": [1005]}
    record = model.partial_unfit(**rows).request_record_
    record.undo(model, **rows)
    np.testing.assert_allclose(snapshot(model), before, atol=1e-7)
    assert model.has(1005).all()


def test_weights_are_needed_where_there_are_some():
    weight = np.where(np.arange(90) == 5, 3.0, 1.5)
    model = UnlearnableRidge(retain_data=True).fit(X, y, sample_weight=weight)
    before = model.coef_
    record = model.partial_unfit(X[[5]], y[[5]]).request_record_
    with pytest.raises(UndoError, match="have weights"):
        record.undo(model, X[[5]], y[[5]])
    model.partial_fit(X[[5]], y[[5]], sample_weight=3.0)
    rows = {"X": X[[5]], "y": y[[5]], "sample_weight": 3.0}
    record = model.partial_unfit(**rows).request_record_
    record.undo(model, **rows)
    np.testing.assert_allclose(model.coef_, before, atol=1e-9)


def test_a_loaded_model_needs_its_key():
    model = fitted("naive_bayes")
    before = snapshot(model)
    key = record_key(model)
    model.partial_unfit(X[:1], y[:1])
    again = pickle.loads(pickle.dumps(model))
    record = again.request_record_
    with pytest.raises(UndoError, match="use_record_key"):
        record.undo(again, X[:1], y[:1])
    use_record_key(again, key)
    record.undo(again, X[:1], y[:1])
    assert np.array_equal(snapshot(again), before)


def test_a_refinement_comes_between():
    model = fitted("ridge_retained")
    record = model.partial_unfit(X[:1], y[:1]).request_record_
    model.refine()
    with pytest.raises(UndoError, match="not the last"):
        record.undo(model, X[:1], y[:1])
