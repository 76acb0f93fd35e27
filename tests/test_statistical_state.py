"""The state of models of sums: atomic under faults and threads, without what left."""

import copy
import pickle
import sys
import threading

import numpy as np
import pytest
from sklearn.base import clone

from sklearn_unlearn import sufficient_statistics
from sklearn_unlearn.core.statistics.class_sums import Statistics
from tests.interruptions import interruptions
from tests.linear_model.arrays import arrays_of, holds_multiple, pickled_arrays
from tests.observers import Observers
from tests.pairwise import one_each, pairwise
from tests.statistical import CASES, assert_identical, assert_same, data, make


class Injected(BaseException):
    """Raised in the middle of a request."""


REQUESTS = {
    "partial_unfit": lambda model, X, y: model.partial_unfit(X[:2], y[:2]),
    "replace_features": lambda model, X, y: model.replace_features(
        X[:2], y[:2], X[2:4]
    ),
    "replace_labels": lambda model, X, y: model.replace_labels(
        X[:2], y[:2], ["b", "c"]
    ),
    "forget_features": lambda model, X, y: model.forget_features([2]),
    "partial_fit": lambda model, X, y: model.partial_fit(X[:3], y[:3]),
}


@pytest.mark.parametrize(
    ("name", "verb", "place"),
    pairwise(CASES, REQUESTS, ["of", "changed", "columns", "_complete"]),
)
def test_a_fault_leaves_the_model(monkeypatch, name, verb, place):
    X, y = data(name)
    model = make(name).fit(X, y)
    fitted, before = model._fitted, copy.deepcopy(model)
    owner = (
        sufficient_statistics.StatisticalClassifier
        if place == "_complete"
        else Statistics
    )
    reached = []

    def fail(*_, **__):
        reached.append(place)
        raise Injected

    with monkeypatch.context() as patch:
        patch.setattr(owner, place, fail)
        try:
            REQUESTS[verb](model, X, y)
        except Injected:
            assert model._fitted is fitted
            assert_identical(model, before)
            assert_same(name, model, before, X)
        else:
            assert not reached
    # what every verb passes through: the others are reached by some
    assert reached or place != "_complete"


@pytest.mark.parametrize("verb", REQUESTS)
@pytest.mark.parametrize("name", ["gaussian", "categorical", "qda"])
def test_interrupted_at_any_line_a_request_is_done_or_undone(name, verb):
    X, y = data(name)
    model = make(name).fit(X, y)
    fitted, before = model._fitted, copy.deepcopy(model)
    done = REQUESTS[verb](copy.deepcopy(model), X, y)
    n_undone = n_done = 0
    for _ in interruptions(lambda: REQUESTS[verb](model, X, y), (name, verb)):
        if model._fitted is fitted:
            n_undone += 1
        else:  # after the assignment the new model is complete
            assert_identical(model, done)
            assert_same(name, model, done, X)
            model._fitted = fitted
            n_done += 1
    assert_identical(model, done)  # the last call was not interrupted
    model._fitted = fitted
    assert_same(name, model, before, X)
    assert n_undone > 30
    assert n_done <= 6


@pytest.fixture
def eager_switching():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("eager_switching")
@pytest.mark.parametrize("name", one_each(CASES))
def test_predictions_during_requests_are_of_one_state(name):
    X, y = data(name, 150)
    model = make(name).fit(X, y)
    recorded = {model.predict_proba(X[-3:]).tobytes()}
    seen = []

    def predict():
        seen.append(model.predict_proba(X[-3:]).tobytes())
        return seen[-1]

    with Observers(predict) as observers:
        for row in range(9, 29):
            model.partial_unfit(X[row : row + 1], y[row : row + 1])
            now = model.predict_proba(X[-3:]).tobytes()
            recorded.add(now)
            if row % 5 == 0:
                assert set(observers.look()) == {now}
    assert set(seen) <= recorded
    assert len(recorded) > 10


@pytest.mark.usefixtures("eager_switching")
@pytest.mark.parametrize("name", one_each(CASES))
def test_requests_of_several_threads_are_all_carried_out(name):
    X, y = data(name, 150)
    model = make(name).fit(X, y)

    def remove(rows):
        for row in rows:
            model.partial_unfit(X[row : row + 1], y[row : row + 1])

    threads = [
        threading.Thread(target=remove, args=(range(start, 69, 4),))
        for start in range(9, 13)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    left = np.r_[:9, 69:150]
    assert_identical(model, make(name).fit(X[left], y[left]))


@pytest.mark.parametrize("name", CASES)
def test_copies_go_on_alike(name):
    X, y = data(name)
    model = make(name).fit(X, y).partial_unfit(X[:2], y[:2])
    for twin in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        before = model.predict_proba(X)
        twin.partial_unfit(X[2:4], y[2:4]).forget_features(0)
        np.testing.assert_array_equal(model.predict_proba(X), before)
        other = make(name).fit(X[4:], y[4:]).forget_features(0)
        assert_identical(twin, other)
    assert "_fitted" not in vars(clone(model))


@pytest.mark.parametrize("name", CASES)
def test_no_erased_row_is_kept(name):
    X, y = data(name, 240)
    rng = np.random.default_rng(2)
    counts = CASES[name][3] == "counts"
    # wide rows: that a sum is a multiple of one by chance is out of the question
    X = (
        rng.poisson(3.0, (240, 24)).astype(float)
        if counts
        else rng.normal(size=(240, 24))
    )
    params = {"min_categories": None} if name.startswith("categorical") else {}
    model = make(name, **params).fit(X, y)
    model.partial_unfit(X[20:21], y[20:21])
    model.replace_features(X[21:22], y[21:22], X[22:23])
    for row in (20, 21):
        for arrays in (pickled_arrays(model), [a for _, a in arrays_of(vars(model))]):
            assert len(arrays) > 3
            assert not any(holds_multiple(a, X[row]) for a in arrays if a.dtype != "O")
    # the search finds what is there
    assert holds_multiple(X, X[20])


@pytest.mark.parametrize("name", CASES)
def test_attributes_are_read_only_and_exports_are_not(name):
    X, y = data(name)
    model = make(name).fit(X, y)
    for attribute in CASES[name][4]:
        value = getattr(model, attribute)
        exported = getattr(model.to_sklearn(), attribute)
        if isinstance(value, np.ndarray):
            assert not value.flags.writeable
            assert exported.flags.writeable
    with pytest.raises(AttributeError, match="not fitted"):
        make(name).classes_  # noqa: B018


@pytest.mark.parametrize("name", CASES)
def test_parameters_count_when_fit_is_called(name):
    X, y = data(name)
    model, other = make(name).fit(X, y), make(name).fit(X, y)
    name_of = next(iter(model.get_params()))
    model.set_params(**{name_of: "nonsense"})
    model.partial_unfit(X[:2], y[:2])
    other.partial_unfit(X[:2], y[:2])
    assert_identical(model, other)
    with pytest.raises(ValueError, match=name_of):
        model.fit(X, y)
