"""What is left of rows, values and columns that are gone."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from sklearn_unlearn import (
    UnlearnableOneHotEncoder,
    UnlearnableRidge,
    make_unlearnable_column_transformer,
    make_unlearnable_pipeline,
    partial_unfit,
)
from tests.pipeline.data import encoded, people, raw, scaled
from tests.pipeline.scripts import answers, rows_of


@pytest.mark.parametrize("kind", ["numpy", "pandas", "polars"])
def test_a_pickle_holds_no_row_that_left(kind):
    pl = pytest.importorskip("polars")
    pd = pytest.importorskip("pandas")
    X, y = raw("logistic")
    X[:2] = [
        [1234.5678 + i, 4321.8765, 0.12345678, 8.7654321, 3.1415926] for i in (0, 1)
    ]
    frame = X
    if kind != "numpy":
        library = {"pandas": pd, "polars": pl}[kind]
        frame = library.DataFrame(dict(zip("abcde", X.T, strict=True)))
    model = scaled("logistic", retain_data=True).fit(frame, y)
    marks = [value.tobytes() for value in X[:2].ravel()]
    assert all(mark in pickle.dumps(model) for mark in marks)
    model.partial_unfit(rows_of(frame, [0, 1]), y[:2])
    dumped = pickle.dumps(model)
    assert not any(mark in dumped for mark in marks)
    derived = np.asarray(model[0].transform(frame))[:2].ravel()
    assert not any(value.tobytes() in dumped for value in derived[derived != 0.0])
    again = pickle.loads(dumped).partial_unfit(rows_of(frame, [2]), y[2:3])
    model.partial_unfit(rows_of(frame, [2]), y[2:3])
    np.testing.assert_allclose(
        answers(again, frame), answers(model, frame), rtol=1e-9, atol=1e-12
    )
    model.forget_features(3)
    assert X[5, 3].tobytes() not in pickle.dumps(model)


def test_maps_that_magnify_rounding_are_not_trusted():
    X, y = raw("logistic")
    X[0, 0] = 1e9  # next to it all others are the same
    model = scaled("logistic", retain_data=True).fit(X, y)
    model.partial_unfit(X[:1], y[:1])
    refit = clone(model).fit(X[1:], y[1:])
    np.testing.assert_allclose(answers(model, X), answers(refit, X), atol=1e-9)
    assert model[-1]._fitted.model.retained.magnified == 1.0


@pytest.mark.parametrize(
    ("factors", "computed"),
    [([2.0**9], False), ([2.0**11], True), ([2.0**4] * 3, True)],
)
def test_retained_rows_are_mapped_while_rounding_grows_a_thousandfold(
    factors, computed
):
    X, y = raw("logistic")
    rows = slice(0, len(factors))
    # each outlier is next to the deviation of those before it so many times as large
    sizes = np.cumprod(factors[::-1])[::-1]
    X[rows, 0] = sizes * np.sqrt(len(X)) * X[len(factors) :, 0].std()
    model = scaled("logistic", retain_data=True).fit(X, y)
    for place in range(len(factors)):
        model.partial_unfit(X[place : place + 1], y[place : place + 1])
    retained = model[-1]._fitted.model.retained
    assert (retained.magnified == 1.0) == computed
    assert retained.magnified <= 2.0**10
    expected = np.asarray(model[0].transform(X[len(factors) :]))
    kept = np.vstack([chunk.rows.X for chunk in retained.compacted().chunks])
    np.testing.assert_allclose(kept, expected, atol=2.0**10 * 4e-16 * 10)


def test_a_category_that_nobody_else_has_leaves_every_trace():
    frame, y = people()
    model = encoded().fit(frame, y)
    assert b"Lima" in pickle.dumps(model)
    model.partial_unfit(frame[:1], y[:1])
    assert b"Lima" not in pickle.dumps(model)
    for dtype in ("category", "str"):
        typed = frame.astype({"city": dtype, "work": dtype})
        model = encoded().fit(typed, y).partial_unfit(typed[:1], y[:1])
        assert b"Lima" not in pickle.dumps(model)
        again = pickle.loads(pickle.dumps(model))
        again.partial_unfit(typed[1:2], y[1:2])
        refit = clone(model).fit(typed[2:], y[2:])
        np.testing.assert_allclose(
            answers(again, typed), answers(refit, typed), atol=1e-9
        )
        model.forget_features("city")
        assert b"Oslo" not in pickle.dumps(model)


def test_indexes_and_attributes_of_frames_leave_no_trace():
    pd = pytest.importorskip("pandas")
    frame, y = people()
    names = [f"person {place}" for place in range(len(frame))]
    indexes = {
        "plain": pd.Index(names),
        "categories": pd.CategoricalIndex(names),
        "levels": pd.MultiIndex.from_arrays([names, np.arange(len(frame))]),
    }
    for index in indexes.values():
        indexed = frame.set_axis(index)
        indexed.attrs["first"] = "person 0"
        indexed["city"] = indexed["city"].astype("category")
        model = encoded().fit(indexed[:-3], y[:-3])
        model.partial_fit(indexed[-3:], y[-3:])
        assert indexed.attrs
        assert indexed.index.equals(index)
        gone = [0, 5, 197, 198, 199]  # first those of a city, last all of another
        model.partial_unfit(indexed.iloc[gone], y[gone])
        pickled = pickle.dumps(model)
        assert not any(each in pickled for each in (b"person ", b"Lima", b"Kyiv"))
        kept = np.setdiff1d(np.arange(len(frame)), gone)
        refit = clone(model).fit(frame.iloc[kept], y[kept])
        np.testing.assert_allclose(
            answers(model, frame), answers(refit, frame), atol=1e-6
        )


def test_what_was_given_fitted_forgets_too():
    frame, y = people()
    encoder = UnlearnableOneHotEncoder(handle_unknown="ignore").fit(frame[["city"]])
    beside = make_unlearnable_column_transformer((encoder, ["city"]), remainder=encoder)
    beside.fit(frame[["city", "work"]]).partial_unfit(frame[["city", "work"]][:1])
    assert b"Lima" not in pickle.dumps(beside)
    model = encoded(retain_data=True).fit(frame, y)
    grid = {"unlearnablecolumntransformer__numbers__with_mean": [True, False]}
    search = GridSearchCV(model, grid).fit(frame, y)
    assert b"Lima" in pickle.dumps(search)
    partial_unfit(search, frame[:1], y[:1])
    assert b"Lima" not in pickle.dumps(search)
    assert b"Kyiv" in pickle.dumps(search)
    refit = clone(search.best_estimator_).fit(frame[1:], y[1:])
    np.testing.assert_allclose(answers(search, frame), answers(refit, frame), atol=1e-6)


@pytest.mark.parametrize("kind", ["enum", "categorical", "arrow", "category"])
def test_no_dtype_names_a_value_that_is_gone(kind):
    pl = pytest.importorskip("polars")
    pd = pytest.importorskip("pandas")
    frame, _ = people()
    y = np.arange(len(frame)) % 7 / 3.0
    X = frame[["city"]].astype("category")
    names = list(X["city"].cat.categories)
    if kind == "arrow":
        pa = pytest.importorskip("pyarrow")
        dtype = pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string()))
        X = X.astype(dtype)
    elif kind != "category":
        dtype = {"enum": pl.Enum(names), "categorical": pl.Categorical}[kind]
        cities = pl.Series("city", frame["city"].tolist()).cast(dtype)
        X = pl.DataFrame([cities])
    model = make_unlearnable_pipeline(
        UnlearnableOneHotEncoder(handle_unknown="ignore"),
        UnlearnableRidge(retain_data=True),
    ).fit(X, y)
    assert b"Lima" in pickle.dumps(model)
    model.partial_unfit(X[:1], y[:1])
    assert b"Lima" not in pickle.dumps(model)
    model.replace_features(X[1:2], y[1:2], X[2:3]).partial_fit(X[3:4], y[3:4])
    assert b"Lima" not in pickle.dumps(model)
    model.partial_unfit(X[3:4], y[3:4])
    refit = clone(model).fit(rows_of(X, [2, *range(2, len(y))]), y[1:])
    np.testing.assert_allclose(answers(model, X), answers(refit, X), atol=1e-9)
