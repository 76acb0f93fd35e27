"""Sharded training: bit for bit the model of training without the rows."""

import operator

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier

from sklearn_unlearn import ShardedClassifier, ShardedRegressor
from sklearn_unlearn.exceptions import EmptyClassError
from tests.ensemble.cases import (
    ALL,
    CLASSIFIERS,
    OUT,
    REGRESSORS,
    Watched,
    WatchedClassifier,
    WatchedRegressor,
    all_but,
    data,
    outputs,
)
from tests.pairwise import pairwise


def _edited(verb, model, X, y, ids):
    """Make a request; give the data and the identifiers of a refit."""
    rest, new = all_but(len(y)), y.copy()
    new[OUT] = y[::-1][OUT]
    X_new = X.copy()
    X_new[OUT] += 0.5
    if verb == "partial_unfit":
        model.partial_unfit(X[OUT], y[OUT])
        return X[rest], y[rest], ids[rest]
    if verb == "row_ids":
        model.partial_unfit(row_ids=ids[OUT])
        return X[rest], y[rest], ids[rest]
    if verb == "replace_features":
        model.replace_features(X[OUT], y[OUT], X_new[OUT])
        return X_new, y, ids
    if verb == "replace_labels":
        model.replace_labels(X[OUT], y[OUT], new[OUT])
        return X, new, ids
    if verb == "forget_features":
        model.forget_features([1])
        return X[:, [0, 2, 3]], y, ids
    names = ids[OUT] + 10_000 if model._fitted.model.retained.has_ids else None
    model.partial_fit(X_new[OUT], y[OUT], row_ids=names)
    return (
        np.concatenate([X, X_new[OUT]]),
        np.concatenate([y, y[OUT]]),
        np.concatenate([ids, ids[OUT] + 10_000]),
    )


VERBS = [
    "partial_unfit",
    "replace_features",
    "replace_labels",
    "forget_features",
    "partial_fit",
]


@pytest.mark.parametrize(
    ("name", "verb", "with_ids"),
    pairwise(ALL, VERBS, [False, True]),
)
def test_bit_for_bit_a_fresh_fit(name, verb, with_ids):
    X, y = data(ALL[name])
    ids = np.random.default_rng(1).permutation(len(y))
    model = clone(ALL[name]).fit(X, y, row_ids=ids if with_ids else None)
    before = model.estimators_
    X_edited, y_edited, ids_edited = _edited(verb, model, X, y, ids)
    shuffled = np.arange(len(y_edited))
    if ALL[name].n_shards > 1:  # one keeps the order
        shuffled = np.random.default_rng(2).permutation(shuffled)
    fresh = clone(ALL[name]).fit(
        X_edited[shuffled],
        y_edited[shuffled],
        row_ids=ids_edited[shuffled] if with_ids else None,
    )
    for X_test in (X, X[::-1] - 0.7):
        X_same = X_test[:, [0, 2, 3]] if verb == "forget_features" else X_test
        assert outputs(model, X_test) == outputs(fresh, X_same)
    assert not all(map(operator.is_, model.estimators_, before))


@pytest.mark.parametrize("name", ALL)
def test_rows_by_name(name):
    X, y = data(ALL[name])
    ids = np.array([f"customer {place}" for place in range(len(y))])
    model = clone(ALL[name]).fit(X, y, row_ids=ids)
    X_rest, y_rest, ids_rest = _edited("row_ids", model, X, y, ids)
    fresh = clone(ALL[name]).fit(X_rest, y_rest, row_ids=ids_rest)
    assert outputs(model, X) == outputs(fresh, X)


@pytest.mark.parametrize("name", ["boosting", "forest", "slices"])
def test_many_requests_are_those_of_one(name):
    X, y = data(CLASSIFIERS[name])
    model = clone(CLASSIFIERS[name]).fit(X, y)
    for start in range(0, 60, 7):
        stop = min(start + 7, 60)
        model.partial_unfit(X[start:stop], y[start:stop])
    model.replace_labels(X[60:70], y[60:70], y[:10])
    y = np.concatenate([y[:60], y[:10], y[70:]])
    fresh = clone(CLASSIFIERS[name]).fit(X[60:], y[60:])
    assert outputs(model, X) == outputs(fresh, X)


@pytest.mark.parametrize("n_jobs", [2, -1])
def test_jobs_change_nothing(n_jobs):
    for estimator in (CLASSIFIERS["forest"], CLASSIFIERS["slices"]):
        X, y = data(estimator)
        model = clone(estimator).set_params(n_jobs=n_jobs).fit(X, y)
        model.partial_unfit(X[OUT], y[OUT])
        alone = clone(estimator).fit(X[all_but(len(y))], y[all_but(len(y))])
        assert outputs(model, X) == outputs(alone, X)


# What is trained ----------------------------------------------------------------------


@pytest.fixture
def calls(monkeypatch):
    seen = []
    monkeypatch.setattr(Watched, "calls", seen)
    return seen


@pytest.mark.parametrize("n_slices", [1, 4])
@pytest.mark.parametrize("verb", ["partial_unfit", "row_ids", "replace_features"])
def test_rows_that_left_reach_no_training(calls, verb, n_slices):
    X, y = data(WatchedRegressor())
    ids = np.arange(len(y))
    model = ShardedRegressor(WatchedRegressor(), n_slices=n_slices, random_state=0)
    model.fit(X, y, row_ids=ids)
    held = [set(each.trained_) for each in model.estimators_]
    assert sorted(value for rows in held for value in rows) == sorted(X[:, 0])
    calls.clear()
    _edited(verb, model, X, y, ids)
    assert calls
    seen = np.concatenate([rows[:, 0] for _, rows, _ in calls])
    assert not np.isin(X[OUT, 0], seen).any()
    for each in model.estimators_:
        assert not np.isin(X[OUT, 0], each.trained_).any()


@pytest.mark.parametrize("n_slices", [1, 2, 6])
def test_fewest_slices_are_trained_again(calls, n_slices):
    X, y = data(WatchedRegressor())
    model = ShardedRegressor(
        WatchedRegressor(), n_shards=4, n_slices=n_slices, random_state=0
    )
    model.fit(X, y)
    place = {}  # of each row: its shard and slice
    for number, (_, rows, _) in enumerate(calls):
        for value in rows[:, 0]:
            place[value] = divmod(number, n_slices)
    assert len(calls) == 4 * n_slices
    for row in range(12):
        before = list(model.estimators_)
        calls.clear()
        model.partial_unfit(X[[row]], y[[row]])
        shard, slice_ = place[X[row, 0]]
        assert len(calls) == n_slices - slice_
        for other, each in enumerate(model.estimators_):
            assert (each is before[other]) == (other != shard)
        now = [value for value in place if place[value] == (shard, slice_)]
        now = sorted(set(now) - set(X[: row + 1, 0]))
        assert sorted(calls[0][1][:, 0]) == now
    two = [20, 21]
    calls.clear()
    model.partial_unfit(X[two], y[two])
    first = {}
    for row in two:
        shard, slice_ = place[X[row, 0]]
        first[shard] = min(slice_, first.get(shard, slice_))
    assert len(calls) == sum(n_slices - slice_ for slice_ in first.values())


def test_shards_are_of_equal_size():
    X, y = data(WatchedRegressor(), 4000)
    model = ShardedRegressor(WatchedRegressor(), n_shards=8, random_state=0).fit(X, y)
    sizes = [len(each.trained_) for each in model.estimators_]
    # four standard deviations of a binomial distribution
    assert np.abs(np.array(sizes) - 500).max() < 4 * np.sqrt(4000 / 8 * 7 / 8)


def test_labels_stay_in_their_shard(calls):
    X, y = data(WatchedClassifier())
    model = ShardedClassifier(WatchedClassifier(), voting="hard", random_state=0).fit(
        X, y
    )
    calls.clear()
    model.replace_labels(X[:1], y[:1], y[y != y[0]][:1])
    assert len(calls) == 1
    assert X[0] in calls[0][1]


def test_a_named_row_stays_in_its_shard(calls):
    X, y = data(WatchedRegressor())
    model = ShardedRegressor(WatchedRegressor(), n_shards=20, random_state=0)
    model.fit(X, y, row_ids=np.arange(len(y)))
    calls.clear()
    for row in range(10):
        model.replace_features(X[[row]], y[[row]], X[[row]] + 1.0)
    assert len(calls) == 10


# Classes ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tree", "slices", "hinge", "neighbors"])
def test_a_class_that_vanishes(name):
    X, y = data(CLASSIFIERS[name])
    model = clone(CLASSIFIERS[name]).fit(X, y)
    gone = y == "blue"
    model.partial_unfit(X[gone], y[gone])
    assert model.classes_.tolist() == ["amber", "coral"]
    fresh = clone(CLASSIFIERS[name]).fit(X[~gone], y[~gone])
    assert outputs(model, X) == outputs(fresh, X)
    last = y == "amber"
    with pytest.raises(EmptyClassError, match="'amber'"):
        model.partial_unfit(X[last], y[last])
    with pytest.raises(ValueError, match="'blue'"):
        model.partial_fit(X[gone], y[gone])
    assert outputs(model, X) == outputs(fresh, X)


@pytest.mark.parametrize("name", ["tree", "slices", "neighbors"])
def test_shards_that_lack_classes(name):
    X, y = data(CLASSIFIERS[name])
    rare = np.array(["rare"] * 2)
    X, y = np.concatenate([X, X[:2] + 9.0]), np.concatenate([y, rare])
    model = clone(CLASSIFIERS[name]).set_params(n_shards=8).fit(X, y)
    assert {len(each.classes_) for each in model.estimators_} == {3, 4}
    assert model.predict(X).shape == y.shape
    if name != "neighbors":
        np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1.0)
        expected = np.zeros((len(y), 4))
        for each in model.estimators_:
            found = each.predict_proba(X)
            for column, label in enumerate(each.classes_):
                expected[:, model.classes_ == label] += found[:, [column]] / 8
        np.testing.assert_allclose(model.predict_proba(X), expected)


def test_hard_votes_are_counted():
    X, y = load_iris(return_X_y=True)
    model = ShardedClassifier(DecisionTreeClassifier(random_state=0), voting="hard")
    model.fit(X, y)
    votes = np.array([each.predict(X) for each in model.estimators_])
    expected = [np.bincount(column).argmax() for column in votes.T]
    np.testing.assert_array_equal(model.predict(X), expected)
    assert not hasattr(model, "predict_proba")


def test_regressions_are_averaged():
    X, y = data(REGRESSORS["tree"])
    model = clone(REGRESSORS["tree"]).fit(X, np.column_stack([y, -y]))
    expected = np.mean([each.predict(X) for each in model.estimators_], axis=0)
    np.testing.assert_array_equal(model.predict(X), expected)
    assert model.predict(X).shape == (len(y), 2)


@pytest.mark.parametrize("order", ["C", "F"])
def test_predictions_are_bit_for_bit_those_of_a_refit(order):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(120, 6))
        y = (X[:, 0] + rng.normal(size=120) > 0).astype(int)
        model = (
            ShardedClassifier(n_shards=2, random_state=0).fit(X, y).forget_features([2])
        )
        rest = np.asarray(np.delete(X, 2, axis=1), order=order)
        fresh = ShardedClassifier(n_shards=2, random_state=0).fit(rest, y)
        assert outputs(model, X) == outputs(fresh, rest)
        assert outputs(model, rest) == outputs(fresh, rest)


@pytest.mark.parametrize("with_ids", [False, True])
def test_a_replacement_by_the_same_values_trains_nothing(calls, with_ids):
    X, y = data(WatchedClassifier())
    ids = np.arange(len(y)) if with_ids else None
    model = ShardedClassifier(WatchedClassifier(), voting="hard", random_state=0)
    model.fit(X, y, row_ids=ids)
    calls.clear()
    before = model._fitted
    model.replace_features(X[:9], y[:9], X[:9].copy())
    model.replace_labels(X[:9], y[:9], y[:9].copy())
    assert not calls
    assert model._fitted is before
    # of several rows one changes: the shard of that one is trained again
    X_new, y_new = X.copy(), y.copy()
    X_new[3] += 1.0
    model.replace_features(X[:9], y[:9], X_new[:9])
    assert 1 <= len(calls) <= 2 - with_ids
    calls.clear()
    y_new[4] = y[y != y[4]][0]
    model.replace_labels(X_new[:9], y[:9], y_new[:9])
    assert len(calls) == 1
    fresh = clone(model).fit(X_new, y_new, row_ids=ids)
    for one, other in zip(model.estimators_, fresh.estimators_, strict=True):
        assert np.array_equal(one.trained_, other.trained_)
