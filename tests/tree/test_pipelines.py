"""Trees behind steps that a request moves, against a fit of the pipeline."""

import pickle
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.base import clone

from sklearn_unlearn import (
    UnlearnableColumnTransformer,
    UnlearnableDecisionTreeClassifier,
    UnlearnableExtraTreesRegressor,
    UnlearnableOneHotEncoder,
    UnlearnablePipeline,
    UnlearnableRandomForestClassifier,
    UnlearnableSimpleImputer,
    UnlearnableStandardScaler,
)
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.tree.model import TreeModel
from sklearn_unlearn.tree.moving import Movement

FOREST = UnlearnableRandomForestClassifier(6, random_state=0)
TREE = UnlearnableDecisionTreeClassifier(random_state=0)
REGRESSION = UnlearnableExtraTreesRegressor(4, random_state=1)
PARTS = "feature", "below", "above", "missing_left", "right", "n_rows", "sums"


def rows_of(n_rows=150):
    """Columns of numbers, some missing, of categories, and one with near ties."""
    rng = np.random.default_rng(0)
    X = np.column_stack(
        [
            rng.normal(size=n_rows).round(1),
            np.where(rng.random(n_rows) < 0.1, np.nan, rng.normal(size=n_rows)),
            rng.integers(0, 3, n_rows),
            rng.normal(size=n_rows),
        ]
    )
    # which single precision tells apart or not, depending on mean and scale
    X[20:23, 3] = X[30:33, 3] * (1.0 + 6e-8)
    y = (np.nan_to_num(X[:, 0] + X[:, 1]) + X[:, 2] > 1.0).astype(int)
    return X, y


def scaled(model, columns=(0, 1, 3)):
    numbers = UnlearnablePipeline(
        [("fill", UnlearnableSimpleImputer()), ("scale", UnlearnableStandardScaler())]
    )
    encoder = UnlearnableOneHotEncoder(sparse_output=False)
    parts = [("numbers", numbers, list(columns)), ("kind", encoder, [2])]
    return UnlearnablePipeline(
        [("columns", UnlearnableColumnTransformer(parts)), ("model", model)]
    )


def assert_same(pipeline, refit):
    one, two = (each[-1]._fitted.model.compacted() for each in (pipeline, refit))
    assert one.rules == two.rules
    for tree, other in zip(one.trees, two.trees, strict=True):
        for part in PARTS:
            np.testing.assert_array_equal(getattr(tree, part), getattr(other, part))
        np.testing.assert_array_equal(tree.tables.values, other.tables.values)
        np.testing.assert_array_equal(
            one.rows.names[tree.places], two.rows.names[other.places]
        )


@pytest.mark.parametrize("with_ids", [False, True])
@pytest.mark.parametrize("model", [FOREST, TREE, REGRESSION], ids=lambda m: type(m))
def test_requests_leave_the_trees_of_a_fit(monkeypatch, model, with_ids):
    X, y = rows_of()
    if model is REGRESSION:
        y = y + np.linspace(0.0, 1.0, len(y))
    weight = np.random.default_rng(1).uniform(1.0, 1.9, len(y))
    weight[[0, 1]] = 1.0, 1.9
    inside, rng = np.arange(len(y)) < 140, np.random.default_rng(2)
    inside[2:4] = False

    def fitted():
        rows = np.flatnonzero(inside)
        keywords = {"row_ids": rows} if with_ids else {}
        if model is REGRESSION:
            keywords["sample_weight"] = weight[rows]
        return scaled(clone(model)).fit(X[rows], y[rows], **keywords)

    pipeline, grown = fitted(), []
    grow = TreeModel._grown

    def count(self, *arguments):
        grown.append(self)
        return grow(self, *arguments)

    for step in range(8):
        monkeypatch.setattr(TreeModel, "_grown", count)
        rows = 4 + rng.permutation(np.flatnonzero(inside[4:]))[:2]
        if step % 4 == 0:
            pipeline.partial_unfit(X[rows], y[rows])
            inside[rows] = False
        elif step % 4 == 1:
            new = X[rows]
            new[:, 0] += 0.25
            pipeline.replace_features(X[rows], y[rows], new)
            X[rows] = new
        elif step % 4 == 2:
            pipeline.replace_labels(X[rows], y[rows], y[rows[::-1]])
            y[rows] = y[rows[::-1]]
        else:
            rows = np.flatnonzero(~inside)[:2]
            keywords = {"row_ids": rows} if with_ids else {}
            if model is REGRESSION:
                keywords["sample_weight"] = weight[rows]
            pipeline.partial_fit(X[rows], y[rows], **keywords)
            inside[rows] = True
        monkeypatch.undo()
        assert_same(pipeline, fitted())
    # all rows of a single tree are candidates, and targets may have other units
    assert model is not FOREST or not grown
    assert_same(pickle.loads(pickle.dumps(pipeline)), fitted())


def test_a_column_forgotten_by_the_pipeline_is_in_no_tree():
    pd = pytest.importorskip("pandas")
    X, y = rows_of()
    X = pd.DataFrame(X, columns=list("abcd"))
    pipeline = scaled(FOREST, ["a", "b", "d"])
    pipeline[0].transformers[1] = ("kind", pipeline[0].transformers[1][1], ["c"])
    narrow = scaled(FOREST, ["a", "d"])
    narrow[0].transformers[1] = ("kind", narrow[0].transformers[1][1], ["c"])
    pipeline = pipeline.fit(X, y).forget_features(["b"])
    X = X.drop(columns="b")
    assert_same(pipeline, clone(narrow).fit(X, y))
    pipeline.partial_unfit(X[:2], y[:2])
    assert_same(pipeline, clone(narrow).fit(X[2:], y[2:]))


def test_columns_of_a_pipeline_of_a_forest_alone():
    X, y = rows_of()
    pipeline = UnlearnablePipeline([("model", clone(FOREST))]).fit(X, y)
    pipeline.forget_features([1]).partial_unfit(np.delete(X[:2], 1, axis=1), y[:2])
    left = np.delete(X, 1, axis=1)[2:]
    refit = UnlearnablePipeline([("model", clone(FOREST))]).fit(left, y[2:])
    assert_same(pipeline, refit)


def test_a_pipeline_in_a_pipeline_names_the_outer_rows():
    X, y = rows_of()
    inner = UnlearnablePipeline(
        [("scale", UnlearnableStandardScaler()), ("model", clone(FOREST))]
    )
    pipeline = UnlearnablePipeline(
        [("fill", UnlearnableSimpleImputer()), ("in", inner)]
    )
    refit = clone(pipeline).fit(X[3:], y[3:])
    pipeline.fit(X, y).partial_unfit(X[:3], y[:3])
    assert_same(pipeline[-1], refit[-1])


def test_rows_that_stay_raw_are_stated_to_the_pipeline():
    X, y = rows_of()
    pipeline = scaled(clone(FOREST)).fit(X, y)
    learn = partial(pipeline[-1].partial_fit, X[:1], y[:1])
    with pytest.raises((UnlearningError, ValueError)):
        learn()


def test_nothing_is_left_of_a_row():
    X, y = rows_of()
    X[7, 0], X[7, 3] = 123.4567, -98.7654
    pipeline = scaled(clone(FOREST)).fit(X, y)
    was = pipeline[0].transform(X[7:8])[0, [0, 2]]
    assert X[7, 0].tobytes() in pickle.dumps(pipeline)
    assert np.isin(
        was.astype(np.float32), pipeline[-1]._fitted.model.rows.columns
    ).all()
    data = pickle.dumps(pipeline.partial_unfit(X[7:8], y[7:8]))
    for value in (*X[7, [0, 3]], *was):
        assert value.tobytes() not in data
    model = pickle.loads(data)[-1]._fitted.model
    held = [model.rows.columns.ravel()]
    held += [tree.tables.values.ravel() for tree in model.trees]
    assert not np.isin(was.astype(np.float32), np.concatenate(held)).any()
    X, y = np.delete(X, 7, axis=0), np.delete(y, 7)
    values = pipeline[0].transform(X).T.astype(np.float32)
    for tree in pipeline[-1]._fitted.model.trees:
        inner = tree.feature >= 0
        for feature, below, above in zip(
            tree.feature[inner], tree.below[inner], tree.above[inner], strict=True
        ):
            assert {below, above} <= set(values[feature])


def test_rows_that_change_their_order_leave_and_come_back():
    before = np.array([[0.0, 1.0, 1.0, 2.0, 3.0, 4.0]], dtype=np.float32)
    after = np.array([[5.0, 6.0, 7.0, 6.5, 9.0, 9.0]], dtype=np.float32)
    movement = Movement.of(np.arange(10, 16), before, after)
    # two were equal, one is lower than one before it, two are equal now
    np.testing.assert_array_equal(movement.unsteady, [11, 12, 13, 14, 15])
    old, new = movement.maps[0]
    np.testing.assert_array_equal(old, [0.0])
    np.testing.assert_array_equal(new, [5.0])


@pytest.mark.parametrize("swapped", [False, True])
def test_equal_rows_that_are_so_no_longer_are_all_unsteady(swapped):
    apart = np.array([[1.0, 1.0, 2.0, 2.0, 3.0]], dtype=np.float32)
    equal = np.array([[1.0, 1.0, 1.0, 1.0, 3.0]], dtype=np.float32)
    before, after = (apart, equal) if swapped else (equal, apart)
    movement = Movement.of(np.arange(5), before, after)
    np.testing.assert_array_equal(movement.unsteady, [0, 1, 2, 3])


@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_rows_that_are_steady_keep_their_order(data):
    values = arrays(np.float32, (2, 9), elements=st.integers(0, 4).map(float))
    before, after = data.draw(values), data.draw(values)
    movement = Movement.of(np.arange(9), before, after)
    steady = np.setdiff1d(np.arange(9), movement.unsteady)
    for old, new in zip(before[:, steady], after[:, steady], strict=True):
        for one, other in ((old, new), (new, old)):
            below = one[:, None] < one[None, :]
            np.testing.assert_array_equal(below, other[:, None] < other[None, :])


@pytest.mark.parametrize("verb", ["partial_unfit", "replace_labels"])
def test_many_rows_that_change_their_order_are_those_of_a_fit(verb):
    X, y = rows_of()
    X[:, 3] = y + 3e-8 * np.random.default_rng(3).integers(0, 30, len(y))
    pipeline, left = scaled(clone(FOREST)).fit(X, y), np.arange(len(y)) > 1
    if verb == "partial_unfit":
        pipeline.partial_unfit(X[:2], y[:2])
    else:
        pipeline.replace_labels(X[:2], y[:2], 1 - y[:2])
        y[:2], left[:2] = 1 - y[:2], True
    assert_same(pipeline, scaled(clone(FOREST)).fit(X[left], y[left]))


@pytest.mark.parametrize("verb", ["partial_unfit", "replace_features"])
def test_outputs_that_a_request_leaves_as_they_are_are_not_computed(monkeypatch, verb):
    X, y = rows_of()
    pipeline, seen = scaled(clone(FOREST)).fit(X, y), []
    transform = UnlearnableOneHotEncoder.transform

    def count(self, rows):
        outputs = transform(self, rows)
        seen.append(outputs.shape[0])
        return outputs

    monkeypatch.setattr(UnlearnableOneHotEncoder, "transform", count)
    if verb == "partial_unfit":
        pipeline.partial_unfit(X[:1], y[:1])
        X, y = X[1:], y[1:]
    else:
        new = X[:1] + 1.0
        new[0, 2] = X[0, 2]
        pipeline.replace_features(X[:1], y[:1], new)
        X = np.concatenate([new, X[1:]])
    assert max(seen, default=0) <= 1
    assert_same(pipeline, scaled(clone(FOREST)).fit(X, y))
