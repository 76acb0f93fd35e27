"""Verbs are defined once, and estimators have those that they accept."""

import inspect
import pickle
import threading
from copy import copy

import numpy as np
import pytest
from sklearn.base import BaseEstimator

import sklearn_unlearn
from sklearn_unlearn import (
    UnlearnableLogisticRegression,
    UnlearnableRandomForestClassifier,
    UnlearnableRidge,
    UnlearnableStandardScaler,
)
from sklearn_unlearn.base import Answer, Batch, Request, UnlearnerMixin
from sklearn_unlearn.baselines import FineTuned, Occluded
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.utils.discovery import all_estimators

X = np.arange(12.0).reshape(6, 2) % 5
y = np.array([0, 1, 0, 1, 1, 0])


class Counting(UnlearnerMixin, BaseEstimator):
    """An unlearner in which a request counts its rows."""

    _accepts = frozenset({"out", "into"})

    def fit(self, X, y=None):
        """Count the rows."""
        self._swap(len(X))
        return self

    def _apply(self, fitted, request):
        change = 0
        for batch, sign in ((request.into, 1), (request.out, -1)):
            change += 0 if batch is None else sign * len(batch.X)
        if fitted + change < 0:
            raise ValueError("X has more rows than there are.")
        return Answer(fitted + change)


def test_an_estimator_is_one_hook():
    model = Counting().partial_fit(X).partial_fit(X[:2]).partial_unfit(X[:3])
    assert model._checked() == 5
    assert model.replace_features(X[:2], X_new=X[2:4]) is model
    with pytest.raises(UnlearningError, match="more rows than there are"):
        model.partial_unfit(X)
    assert model._checked() == 5


@pytest.mark.parametrize(
    ("estimator", "absent"),
    [
        (Counting, {"replace_labels", "forget_features"}),
        (UnlearnableStandardScaler, {"replace_labels"}),
        (FineTuned, {"forget_features"}),
        (Occluded, {"partial_unfit", "replace_features", "partial_fit"}),
        (UnlearnableRidge, set()),
    ],
)
def test_verbs_that_an_estimator_lacks_are_absent(estimator, absent):
    verbs = {"partial_unfit", "replace_features", "replace_labels", "partial_fit"}
    verbs |= {"forget_features"}
    assert {verb for verb in verbs if not hasattr(estimator, verb)} >= absent
    for verb in absent:
        with pytest.raises(AttributeError, match=verb):
            getattr(estimator, verb)


def test_signatures_are_those_of_the_mixin():
    for cls in (UnlearnableLogisticRegression, UnlearnableRandomForestClassifier):
        for verb in ("partial_unfit", "replace_labels", "partial_fit"):
            own, common = (getattr(each, verb) for each in (cls, UnlearnerMixin))
            assert own is common
            assert own.__doc__ == common.__doc__
    assert list(inspect.signature(UnlearnerMixin.partial_unfit).parameters)[1] == "X"


@pytest.mark.parametrize(
    ("verb", "arguments", "message"),
    [
        ("partial_unfit", {}, "X must be given"),
        ("partial_unfit", {"X": X, "sample_weight": 1.0}, "takes no sample_weight"),
        ("partial_unfit", {"row_ids": [1]}, "takes no row_ids"),
        ("replace_features", {"X": X}, "X_new must be given"),
        ("replace_features", {"X": X, "X_new": X, "y_new": y}, "takes no y_new"),
        ("partial_fit", {"X": X, "classes": [0]}, "a Counting has none"),
    ],
)
def test_what_an_estimator_does_not_accept(verb, arguments, message):
    model = Counting() if "classes" in arguments else Counting().fit(X)
    with pytest.raises((ValueError, TypeError), match=message):
        getattr(model, verb)(**arguments)
    assert vars(model).get("_fitted", 6) == 6


def test_targets_that_are_learned_from_must_be_given():
    model = UnlearnableRidge().fit(X, y)
    with pytest.raises(UnlearningError, match="Pass X and y of the rows, or row_ids"):
        model.partial_unfit(X[:1])
    with pytest.raises(UnlearningError, match="y_new must be given"):
        model.replace_labels(X[:1], y[:1])
    with pytest.raises(UnlearningError, match="y must be given"):
        model.partial_fit(X[:1])


def test_requests_say_what_they_change():
    rows, values, labels = Batch(X, y), Batch(X), Batch(y=y)
    assert Request(rows, labels).relabels
    assert not Request(rows, values).relabels
    assert not Request(into=rows).relabels
    assert Request(rows, rows).corrects_both
    assert not Request(rows, values).corrects_both


def test_pickles_of_another_release_are_refused():
    model = UnlearnableLogisticRegression().fit(X, y)
    state = model.__getstate__()
    again = pickle.loads(pickle.dumps(model))
    assert np.array_equal(again.coef_, model.coef_)
    assert "_state_version" not in vars(again)
    for version in (None, state["_state_version"] + 1):
        other = {**state, "_state_version": version}
        with pytest.raises(ValueError, match="fit it again"):
            object.__new__(type(model)).__setstate__(other)


def test_locks_are_of_one_object_and_one_process(monkeypatch):
    model = Counting().fit(X)
    lock = model._exclusive()
    assert model._exclusive() is lock
    assert copy(model)._exclusive() is not lock
    assert pickle.loads(pickle.dumps(model))._exclusive() is not lock
    # a fork has the locks of its parent, which a thread of that may hold
    monkeypatch.setattr("os.getpid", lambda: -1)
    assert model._exclusive() is not lock


def test_a_request_waits_for_another_thread():
    model, done = Counting().fit(X), threading.Event()
    with model._exclusive():
        thread = threading.Thread(
            target=lambda: (model.partial_unfit(X[:2]), done.set())
        )
        thread.start()
        assert not done.wait(0.05)
        assert model._checked() == 6
    thread.join()
    assert model._checked() == 4


#: All that unlearns by itself; some need an estimator, so that no list has them.
PUBLIC = [
    cls
    for cls in (getattr(sklearn_unlearn, name) for name in sklearn_unlearn.__all__)
    if inspect.isclass(cls) and issubclass(cls, UnlearnerMixin)
]


@pytest.mark.parametrize(
    "cls", dict.fromkeys([*PUBLIC, *(cls for _, cls in all_estimators())])
)
def test_no_hook_is_left_open(cls):
    open_hooks = {
        name
        for name in dir(cls)
        if inspect.isfunction(found := inspect.getattr_static(cls, name, None))
        and found.__code__.co_names[-1:] == ("NotImplementedError",)
    }
    assert not open_hooks
