"""Forests after requests against fits on what remains, to the last bit."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import RandomForestClassifier

from sklearn_unlearn import (
    UnlearnableExtraTreesClassifier,
    UnlearnableExtraTreesRegressor,
    UnlearnableRandomForestClassifier,
    UnlearnableRandomForestRegressor,
)
from sklearn_unlearn.exceptions import EmptyClassError, RowNotFoundError

X, Y = (part[:200] for part in load_breast_cancer(return_X_y=True))
X_R, Y_R = (part[:200] for part in load_diabetes(return_X_y=True))
IDS = np.array([f"row {number}" for number in range(200)])
WEIGHT = np.random.default_rng(0).uniform(0.5, 2.0, 200)
FOREST = UnlearnableRandomForestClassifier(6, random_state=0)
REGRESSION = UnlearnableRandomForestRegressor(6, max_features="sqrt", random_state=0)


def assert_same(model, refit):
    """All trees, the names of their rows included."""
    one, two = model._fitted.model.compacted(), refit._fitted.model.compacted()
    assert one.rules == two.rules
    assert one.scales == two.scales
    for tree, other in zip(one.trees, two.trees, strict=True):
        for part in (
            "feature",
            "below",
            "above",
            "missing_left",
            "right",
            "n_rows",
            "sums",
        ):
            np.testing.assert_array_equal(getattr(tree, part), getattr(other, part))
        np.testing.assert_array_equal(
            one.rows.names[tree.places], two.rows.names[other.places]
        )


@pytest.mark.parametrize(
    ("model", "X", "y", "weight", "ids"),
    [
        (FOREST, X, Y, None, None),
        (FOREST, X, Y, WEIGHT, IDS),
        (UnlearnableExtraTreesClassifier(4, random_state=1), X, Y, None, IDS),
        (REGRESSION, X_R, Y_R, None, IDS),
        (REGRESSION, X_R, Y_R, WEIGHT, None),
        (UnlearnableExtraTreesRegressor(3, random_state=2), X_R, Y_R, None, None),
    ],
)
def test_mixed_requests_leave_the_forest_of_a_fit(model, X, y, weight, ids):
    held = slice(0, 190)

    def part(values, rows):
        return None if values is None else values[rows]

    model = clone(model).fit(
        X[held], y[held], part(weight, held), row_ids=part(ids, held)
    )
    X, y, rng = X.copy(), y.copy(), np.random.default_rng(3)
    inside = np.arange(200) < 190
    for step in range(8):
        rows = rng.permutation(np.flatnonzero(inside))[:2]
        some = part(weight, rows)
        if step % 4 == 0:
            model.partial_unfit(X[rows], y[rows])
            inside[rows] = False
        elif step % 4 == 1:
            new = X[rows] + 0.25
            model.replace_features(X[rows], y[rows], new)
            X[rows] = new
        elif step % 4 == 2:
            model.replace_labels(X[rows], y[rows], y[rows[::-1]])
            y[rows] = y[rows[::-1]]
        else:
            rows = np.flatnonzero(~inside)[:2]
            some = part(weight, rows)
            keywords = {} if ids is None else {"row_ids": ids[rows]}
            model.partial_fit(X[rows], y[rows], sample_weight=some, **keywords)
            inside[rows] = True
        order = rng.permutation(np.flatnonzero(inside))
        refit = clone(model).fit(
            X[order], y[order], part(weight, order), row_ids=part(ids, order)
        )
        assert_same(model, refit)
    assert_same(pickle.loads(pickle.dumps(model)), refit)


def test_of_equal_rows_any_may_leave():
    thrice = np.concatenate([X, X[:20], X[:20]])
    labels = np.concatenate([Y, Y[:20], Y[:20]])
    model = clone(FOREST).fit(thrice, labels).partial_unfit(X[:5], Y[:5])
    kept = np.delete(np.arange(labels.size), np.arange(200, 205))
    assert_same(model, clone(FOREST).fit(thrice[kept], labels[kept]))


def test_part_of_a_weight_leaves():
    model = clone(FOREST).fit(X, Y, WEIGHT)
    model.partial_unfit(X[:2], Y[:2], sample_weight=0.25 * WEIGHT[:2])
    left = WEIGHT.copy()
    left[:2] *= 0.75
    assert_same(model, clone(FOREST).fit(X, Y, left))


def test_a_corrected_row_with_a_name_stays_in_its_trees():
    model = clone(FOREST).fit(X, Y, row_ids=IDS)
    before = [IDS.size - tree.places.size for tree in model._fitted.model.trees]
    model.replace_features(X[:1], Y[:1], X[:1] + 1.0)
    after = [IDS.size - tree.places.size for tree in model._fitted.model.trees]
    assert before == after


def test_forgotten_columns_are_those_of_a_fit_without_them():
    model = clone(FOREST).fit(X, Y).forget_features([0, 7])
    kept = np.delete(np.arange(X.shape[1]), [0, 7])
    assert_same(model, clone(FOREST).fit(X[:, kept], Y))
    changed = X.copy()
    changed[:, [0, 7]] = np.nan
    np.testing.assert_array_equal(
        model.predict_proba(changed), model.predict_proba(X[:, kept])
    )
    importances = model.feature_importances_
    assert importances.shape == (X.shape[1],)
    assert not importances[[0, 7]].any()


def test_a_class_without_rows_leaves_and_two_stay():
    three = np.where(X[:, 0] > np.quantile(X[:, 0], 0.95), 2, Y)
    model = clone(FOREST).fit(X, three)
    last = three == 2
    model.partial_unfit(X[last], three[last])
    assert_same(model, clone(FOREST).fit(X[~last], three[~last]))
    state = pickle.dumps(model)
    zeros = ~last & (three == 0)
    with pytest.raises(EmptyClassError, match="class 0"):
        model.partial_unfit(X[zeros], three[zeros])
    assert pickle.dumps(model) == state


def test_a_row_that_was_never_in_is_refused():
    model = clone(FOREST).fit(X, Y)
    state = pickle.dumps(model)
    with pytest.raises(RowNotFoundError):
        model.partial_unfit(X[:1] + 1.0, Y[:1])
    assert pickle.dumps(model) == state


@pytest.mark.parametrize(
    ("model", "data", "target"), [(FOREST, X, Y), (REGRESSION, X_R, Y_R)]
)
def test_an_export_is_a_plain_forest(model, data, target):
    model = clone(model).fit(data, target).partial_unfit(data[:3], target[:3])
    plain = model.to_sklearn()
    assert type(plain).__module__.startswith("sklearn.ensemble")
    np.testing.assert_allclose(plain.predict(data), model.predict(data), rtol=1e-12)
    np.testing.assert_array_equal(plain.apply(data), model.apply(data))
    np.testing.assert_allclose(
        plain.feature_importances_, model.feature_importances_, atol=1e-9
    )
    narrow = model.forget_features([1]).to_sklearn(drop_forgotten=True)
    some = np.delete(data, 1, axis=1)
    np.testing.assert_allclose(narrow.predict(some), model.predict(data), rtol=1e-12)


def test_no_value_of_a_row_that_left_is_in_the_pickle():
    odd = X.copy()
    odd[17] = 1000.0 + np.arange(X.shape[1]) * np.pi
    model = clone(FOREST).fit(odd, Y)
    singles = [np.float32(value).tobytes() for value in odd[17]]
    held = pickle.dumps(model)
    assert all(single in held for single in singles)
    model.partial_unfit(odd[[17]], Y[[17]])
    held = pickle.dumps(model)
    assert not any(single in held for single in singles)
    assert not any(np.float64(value).tobytes() in held for value in odd[17])


def test_rows_out_of_bag_score_about_as_in_a_twin():
    data, target = load_breast_cancer(return_X_y=True)
    ours = UnlearnableRandomForestClassifier(100, oob_score=True, random_state=0)
    twin = RandomForestClassifier(100, oob_score=True, random_state=0)
    score = ours.fit(data, target).oob_score_
    assert abs(score - twin.fit(data, target).oob_score_) < 0.02
    assert ours.oob_decision_function_.shape == (569, 2)
    with pytest.raises(AttributeError, match="oob_score=True"):
        _ = clone(FOREST).fit(X, Y).oob_score_


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"warm_start": True}, "warm_start must be False"),
        ({"bootstrap": False, "max_samples": 0.5}, "needs bootstrap=True"),
        ({"n_estimators": 0}, "n_estimators"),
        ({"n_candidates": 0}, "n_candidates"),
    ],
)
def test_what_no_forest_is_grown_by_is_refused(params, match):
    with pytest.raises(ValueError, match=match):
        clone(FOREST).set_params(**params).fit(X, Y)
