"""The state: atomic under faults and threads, pickled without what left."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import KNeighborsRegressor
from sklearn.tree import DecisionTreeClassifier

from sklearn_unlearn import ShardedClassifier, ShardedRegressor
from tests.ensemble.cases import CLASSIFIERS, data, outputs
from tests.interruptions import interruptions
from tests.observers import Observers


class Capricious(DecisionTreeClassifier):
    """A tree that refuses some data."""

    refuses = False

    def fit(self, X, y):
        if Capricious.refuses and 99.0 in X:
            raise MemoryError
        return super().fit(X, y)


@pytest.mark.parametrize(
    "verb", ["replace_features", "partial_fit", "forget_features", "fit"]
)
def test_a_request_that_fails_changes_nothing(verb, monkeypatch):
    X, y = data(CLASSIFIERS["tree"])
    X[9, 0] = 99.0
    model = ShardedClassifier(Capricious(random_state=0)).fit(X, y)
    fitted, attributes = model._fitted, set(vars(model))
    models, retained = fitted.model.models, pickle.dumps(fitted.model.retained)
    calls = {
        "replace_features": lambda: model.replace_features(
            X[:3], y[:3], np.full((3, 4), 99.0)
        ),
        "partial_fit": lambda: model.partial_fit(np.full((1, 4), 99.0), y[:1]),
        "forget_features": lambda: model.forget_features([3]),
        "fit": lambda: model.fit(X, y),
    }
    with monkeypatch.context() as patch:
        patch.setattr(Capricious, "refuses", True)
        with pytest.raises(MemoryError):
            calls[verb]()
    assert model._fitted is fitted
    assert fitted.model.models is models
    assert pickle.dumps(fitted.model.retained) == retained
    assert set(vars(model)) == attributes
    calls[verb]()
    assert model._fitted is not fitted


@pytest.mark.parametrize("verb", ["partial_unfit", "forget_features"])
def test_interrupted_at_any_line_a_request_is_done_or_undone(verb):
    X, y = data(CLASSIFIERS["slices"], 60)
    model = clone(CLASSIFIERS["slices"]).set_params(n_slices=2).fit(X, y)
    done = copy.deepcopy(model)
    requests = {
        "partial_unfit": lambda each: each.partial_unfit(X[:2], y[:2]),
        "forget_features": lambda each: each.forget_features([0]),
    }
    requests[verb](done)
    fitted, attributes, before = model._fitted, set(vars(model)), outputs(model, X)
    n_undone = n_done = 0
    for _ in interruptions(lambda: requests[verb](model), verb, strides=(3, 30)):
        assert set(vars(model)) == attributes
        if model._fitted is fitted:
            assert outputs(model, X) == before
            n_undone += 1
        else:  # after the assignment the new model is complete
            assert outputs(model, X) == outputs(done, X)
            model._fitted = fitted
            n_done += 1
    assert n_undone > 30
    assert n_done <= 6


def test_predictions_during_requests_are_of_one_state():
    X, y = data(CLASSIFIERS["tree"])
    model = clone(CLASSIFIERS["tree"]).fit(X, y)
    recorded, seen = {outputs(model, X)}, []

    def predict():
        seen.append(outputs(model, X))
        return seen[-1]

    with Observers(predict) as observers:
        for row in range(40):
            model.partial_unfit(X[row : row + 1], y[row : row + 1])
            now = outputs(model, X)
            recorded.add(now)
            if row % 10 == 0:
                assert set(observers.look()) == {now}
    assert set(seen) <= recorded


@pytest.mark.parametrize("with_ids", [False, True])
@pytest.mark.parametrize("verb", ["partial_unfit", "replace_features", "forget"])
def test_nothing_that_left_is_pickled(verb, with_ids):
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(120, 5)), rng.normal(size=120)
    ids = np.array([f"customer-{place:03}" for place in range(120)])
    # nearest neighbours keep all rows that they have seen
    model = ShardedRegressor(KNeighborsRegressor(2))
    model.fit(X, y, row_ids=ids if with_ids else None)
    kept = pickle.dumps(model)
    assert X[7, 0].tobytes() in kept
    assert y[7].tobytes() in kept
    assert ("customer-007".encode("utf-32-le") in kept) == with_ids
    gone = X[7].tolist()
    if verb == "partial_unfit":
        model.partial_unfit(X[7:8], y[7:8])
    elif verb == "replace_features":
        model.replace_features(X[7:8], y[7:8], np.zeros((1, 5)))
    else:
        model.forget_features([0])
        gone = X[:, 0].tolist()
    pickled = pickle.dumps(model)
    assert not any(np.float64(value).tobytes() in pickled for value in gone)
    assert X[8, 1].tobytes() in pickled
    if verb == "partial_unfit":
        assert y[7].tobytes() not in pickled
        assert "customer-007".encode("utf-32-le") not in pickled


def test_no_label_of_a_class_that_vanished_is_pickled():
    X, y = data(CLASSIFIERS["tree"])
    y = np.where(np.arange(len(y)) < 3, "Mrs Someone", y)
    model = clone(CLASSIFIERS["tree"]).fit(X, y)
    assert "Mrs Someone".encode("utf-32-le") in pickle.dumps(model)
    model.partial_unfit(X[:3], y[:3])
    assert "Someone".encode("utf-32-le") not in pickle.dumps(model)


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))]
)
def test_copies_answer_requests(copied):
    X, y = data(CLASSIFIERS["slices"])
    model = clone(CLASSIFIERS["slices"]).fit(X, y).partial_unfit(X[:3], y[:3])
    before, twin = outputs(model, X), copied(model)
    twin.partial_unfit(X[3:6], y[3:6])
    assert outputs(model, X) == before
    fresh = clone(CLASSIFIERS["slices"]).fit(X[6:], y[6:])
    assert outputs(twin, X) == outputs(fresh, X)


_ELSEWHERE = """
import numpy as np
from sklearn_unlearn.core.training_rows.row_hash import RowHash
from sklearn_unlearn.utils.raw_rows import RawRows
from sklearn_unlearn.utils.row_hash import keys_of
X = np.array([["red", 1.0, None], ["grey", 2.0, "x"]], dtype=object)
hashed = RowHash(b"some key")
print(keys_of(RawRows.of(X), None, hashed).tolist())
print(keys_of(None, np.array(["a", "b"]), hashed).tolist())
print(keys_of(None, np.arange(2), hashed).tolist())
"""


def test_keys_are_the_same_in_each_process():
    def printed(seed):
        command = [sys.executable, "-c", _ELSEWHERE]
        environment = {"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)}
        return subprocess.run(
            command, env=environment, capture_output=True, check=True, text=True
        ).stdout

    one = printed("1")
    assert len(one.splitlines()) == 3
    assert one == printed("2")


@pytest.mark.parametrize("named", [None, "numbers", "strings"])
def test_nobody_can_choose_a_shard(named):
    X, y = data(CLASSIFIERS["tree"])
    ids = {"numbers": np.arange(len(X)), "strings": np.arange(len(X)).astype(str)}
    ids = ids.get(named)

    def keys(random_state):
        model = clone(CLASSIFIERS["tree"]).set_params(random_state=random_state)
        return model.fit(X, y, row_ids=ids)._fitted.model.retained.chunks[0].rows.X

    assert not np.any(keys(None) == keys(None))
    assert not np.any(keys(0) == keys(1))
    np.testing.assert_array_equal(keys(0), keys(0))


def test_forests_are_one_version():
    X, y = data(CLASSIFIERS["forest"])
    forest = RandomForestClassifier(3, random_state=0)
    model = ShardedClassifier(forest).fit(X, y)
    held = model.estimators_
    predictions = [each.predict_proba(X) for each in held]
    model.partial_unfit(X[:20], y[:20])
    for each, before in zip(held, predictions, strict=True):
        np.testing.assert_array_equal(each.predict_proba(X), before)
