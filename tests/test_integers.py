"""Integers that floats cannot be, in categories, names, labels and raw rows."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LinearRegression

from sklearn_unlearn import (
    ShardedRegressor,
    UnlearnableDecisionTreeRegressor,
    UnlearnableGaussianNB,
    UnlearnableGridSearchCV,
    UnlearnableKNeighborsRegressor,
    UnlearnableLinearRegression,
    UnlearnableLogisticRegression,
    UnlearnableMinMaxScaler,
    UnlearnableOneHotEncoder,
    UnlearnableOrdinalEncoder,
    UnlearnableRidge,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import UnlearningError

BIG, LAST = 2**53, 2**64 - 1
ENCODERS = [UnlearnableOneHotEncoder, UnlearnableOrdinalEncoder]
UNSIGNED = np.array([[LAST], [LAST - 1], [5], [5]], dtype=np.uint64)
SIGNED = np.array([[BIG], [BIG + 1], [3], [BIG + 1]])


def column(*values, dtype=object):
    return np.array(values, dtype=dtype)[:, None]


def same(one, other):
    return one == other or (one != one and other != other)


@pytest.mark.parametrize("cls", ENCODERS)
@pytest.mark.parametrize(
    ("at_fit", "coming", "left"),
    [
        (UNSIGNED, column(7, dtype=np.int64), [5, 7, LAST - 1, LAST]),
        (UNSIGNED, [[7]], [5, 7, LAST - 1, LAST]),
        (UNSIGNED, column(-1, dtype=np.int64), [-1, 5, LAST - 1, LAST]),
        (SIGNED, column(2.5, dtype=float), [2.5, 3, BIG, BIG + 1]),
        (SIGNED, column(np.nan, dtype=float), [3, BIG, BIG + 1, np.nan]),
        (SIGNED, column(LAST, dtype=np.uint64), [3, BIG, BIG + 1, LAST]),
    ],
)
def test_categories_stay_apart(cls, at_fit, coming, left):
    encoder = cls().fit(at_fit).partial_fit(coming)
    found = encoder.categories_[0].tolist()
    assert all(map(same, found, left))
    assert len(found) == len(left)
    everything = np.append(at_fit.astype(object), np.asarray(coming, object), axis=0)
    refit = cls().fit(everything)
    found, expected = (each.transform(everything) for each in (encoder, refit))
    if cls is UnlearnableOneHotEncoder:
        found, expected = found.toarray(), expected.toarray()
    np.testing.assert_array_equal(found, expected)
    encoder.partial_unfit(coming).partial_unfit(at_fit[2:3].astype(np.int64))
    expected = cls().fit(np.delete(at_fit, 2, axis=0))
    np.testing.assert_array_equal(encoder.categories_[0], expected.categories_[0])
    assert encoder.categories_[0].dtype == at_fit.dtype


@pytest.mark.parametrize("kind", ["array", "pandas", "polars"])
@pytest.mark.parametrize("coming", [7, -1, 2.5])
@pytest.mark.parametrize("at_fit", [UNSIGNED, SIGNED])
def test_retained_rows_stay_apart(at_fit, coming, kind):
    made = {
        "array": lambda values: values,
        "pandas": lambda v: pytest.importorskip("pandas").DataFrame({"a": v[:, 0]}),
        "polars": lambda v: pytest.importorskip("polars").DataFrame({"a": v[:, 0]}),
    }[kind]
    if kind == "polars" and coming == 2.5 and at_fit is SIGNED:
        coming = 2.0  # a column of integers and fractions has no dtype there
    X, y = made(at_fit), np.arange(4.0)
    model = make_unlearnable_pipeline(
        UnlearnableOneHotEncoder(handle_unknown="ignore"),
        UnlearnableRidge(retain_data=True),
    ).fit(X, y)
    model.partial_fit(made(np.array([[coming]])), [9.0])
    model.partial_unfit(X[1:2], y[1:2])
    left = np.append(np.delete(at_fit, 1, axis=0).astype(object), [[coming]], axis=0)
    refit = clone(model).fit(left, [0.0, 2.0, 3.0, 9.0])
    np.testing.assert_allclose(model[-1].coef_, refit[-1].coef_, atol=1e-12)
    model.partial_unfit(made(np.array([[coming]])), [9.0])


@pytest.mark.parametrize(
    "names",
    [
        np.array([LAST, LAST - 1, 1, 2], dtype=np.uint64),
        [BIG, BIG + 1, 2, 2**63],
        [BIG, BIG + 1, -2, 2],
    ],
)
def test_names_stay_apart(names):
    X, y = np.random.default_rng(0).normal(size=(4, 2)), np.arange(4.0)
    model = UnlearnableRidge(retain_data=True).fit(X, y, row_ids=names)
    model.partial_unfit(row_ids=[int(names[1])])
    refit = clone(model).fit(X[[0, 2, 3]], y[[0, 2, 3]])
    np.testing.assert_allclose(model.coef_, refit.coef_, rtol=1e-9)
    model.partial_fit(X[1:2], y[1:2], row_ids=[names[1]])
    model.partial_unfit(row_ids=list(names[:2]))
    with pytest.raises(ValueError, match="row_ids"):
        model.partial_unfit(row_ids=[-1])
    with pytest.raises(ValueError, match="beyond 64 bits: pass them as strings"):
        model.fit(X, y, row_ids=[2**64, 1, 2, 3])


@pytest.mark.parametrize("cls", [UnlearnableLogisticRegression, UnlearnableGaussianNB])
def test_labels_stay_apart(cls):
    X = np.random.default_rng(0).normal(size=(120, 2))
    for labels, others in (
        ([LAST, LAST - 1, 5], [float(LAST), -1, LAST - 2]),
        ([BIG, BIG + 1, 5], [float(BIG + 2), BIG + 2, LAST]),
    ):
        y = np.array(labels * 40, dtype=np.uint64 if LAST in labels else np.int64)
        model = cls().fit(X, y).partial_unfit(X[2:3], [5])
        model.replace_labels(X[:1], y[:1].tolist(), [labels[1]])
        assert model.classes_.tolist() == sorted(labels)
        left = y[[0, 1, *range(3, 120)]]
        left[0] = labels[1]
        refit = clone(model).fit(X[[0, 1, *range(3, 120)]], left)
        found, expected = (each.predict_proba(X) for each in (model, refit))
        np.testing.assert_allclose(found, expected, atol=1e-3)
        for label in others:
            with pytest.raises(ValueError, match="label"):
                model.partial_unfit(X[3:4], [label])


@pytest.mark.parametrize(
    "model",
    [
        UnlearnableRidge(),
        UnlearnableLinearRegression(),
        UnlearnableKNeighborsRegressor(),
        UnlearnableDecisionTreeRegressor(random_state=0),
        ShardedRegressor(LinearRegression(), n_shards=2, random_state=0),
        make_unlearnable_pipeline(UnlearnableMinMaxScaler(), UnlearnableRidge()),
        UnlearnableGridSearchCV(UnlearnableRidge(), {}, cv=2),
    ],
    ids=lambda model: type(model).__name__,
)
def test_integers_beyond_floats_are_refused_in_words(model):
    rows = np.random.default_rng(0).normal(size=(20, 2))
    targets, beyond = rows[:, 0], np.array([10**400] * 20, dtype=object)
    with pytest.raises(ValueError, match="beyond the largest float"):
        clone(model).fit(rows, beyond)
    model = clone(model).fit(rows, targets)
    before = model.predict(rows)
    asked = (
        ("partial_unfit", {"X": rows[:1], "y": beyond[:1]}),
        ("partial_fit", {"X": rows[:1], "y": beyond[:1]}),
        ("replace_labels", {"X": rows[:1], "y": targets[:1], "y_new": beyond[:1]}),
    )
    for verb, keywords in asked:
        with pytest.raises(UnlearningError, match="beyond the largest float"):
            getattr(model, verb)(**keywords)
        assert "beyond" in model.plan((verb, keywords)).refused
    np.testing.assert_array_equal(model.predict(rows), before)
