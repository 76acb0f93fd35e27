"""Which rows a request is about, in raw values and by identifiers."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone

from sklearn_unlearn import (
    UnlearnableOneHotEncoder,
    UnlearnableRidge,
    UnlearnableSimpleImputer,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import (
    RowNotFoundError,
)
from tests.cases import coefficients
from tests.pipeline.data import encoded, people, raw, scaled
from tests.pipeline.scripts import answers, rows_of


@pytest.mark.parametrize("kind", ["numpy", "pandas", "polars"])
def test_retained_rows_are_known_by_their_raw_values(kind):
    pl = pytest.importorskip("polars")
    pd = pytest.importorskip("pandas")
    X, y = raw("logistic")
    frames = {
        "numpy": lambda X: X,
        "pandas": lambda X: pd.DataFrame(X, columns=list("abcde")),
        "polars": lambda X: pl.DataFrame(X, schema=list("abcde")),
    }
    frame = frames[kind](X)
    model = scaled("logistic", retain_data=True).fit(frame, y)
    with pytest.raises(RowNotFoundError):
        model.partial_unfit(frames[kind](X[:2] + 1e-9), y[:2])
    model.partial_unfit(rows_of(frame, [0, 1]), y[:2])
    with pytest.raises(RowNotFoundError):
        model.partial_unfit(rows_of(frame, [1]), y[1:2])
    if kind == "pandas":
        model.partial_unfit(frame.iloc[2:3], y[2:3])
        with pytest.raises(ValueError, match="lacks the column"):
            model.partial_unfit(frame.iloc[3:4][list("edcb")], y[3:4])
        with pytest.raises(ValueError, match="must be a frame"):
            model.partial_unfit(X[3:4], y[3:4])
        model.forget_features("c")
        model.partial_unfit(frame.iloc[3:4].drop(columns="c"), y[3:4])
        refit = clone(model).fit(frame.iloc[4:].drop(columns="c"), y[4:])
    else:
        model.forget_features(2)
        model.partial_unfit(rows_of(frame, [2, 3]), y[2:4])
        refit = clone(model).fit(np.delete(X[4:], 2, 1), y[4:])
    np.testing.assert_allclose(
        coefficients(model[-1]), coefficients(refit[-1]), rtol=1e-6
    )


def test_equal_rows_are_told_apart_by_number():
    X, y = raw("logistic")
    X[1], y[1] = X[0], y[0]
    model = scaled("logistic", retain_data=True).fit(X, y)
    model.partial_unfit(X[:1], y[:1])
    refit = clone(model).fit(X[1:], y[1:])
    np.testing.assert_allclose(answers(model, X), answers(refit, X), atol=1e-9)
    with pytest.raises(RowNotFoundError):
        model.partial_unfit(X[:2], y[:2])


def test_rows_are_named_by_identifier():
    X, y = raw("logistic")
    ids = np.array([f"person {i}" for i in range(y.size)])
    model = scaled("logistic", retain_data=True).fit(X[:-2], y[:-2], row_ids=ids[:-2])
    model.partial_unfit(row_ids=ids[:5])
    model.partial_fit(X[-2:], y[-2:], row_ids=ids[-2:])
    model.replace_features(X[5:6], y[5:6], X[6:7])
    model.partial_unfit(row_ids=[ids[5], ids[-1]])
    refit = clone(model).fit(X[6:-1], y[6:-1])
    np.testing.assert_allclose(answers(model, X), answers(refit, X), atol=1e-9)
    with pytest.raises(RowNotFoundError):
        model.partial_unfit(row_ids=ids[:1])
    with pytest.raises(ValueError, match="retain_data=True"):
        scaled("logistic").fit(X, y).partial_unfit(row_ids=[1])


def test_people_with_the_same_outputs_are_told_apart():
    pd = pytest.importorskip("pandas")
    frame, y = people()
    frame["name"] = [f"person {i}" for i in range(len(frame))]
    twins = pd.concat([frame, frame.iloc[:1].assign(name="Doppler")], ignore_index=True)
    y = np.append(y, y[0])
    model = encoded().fit(twins, y)
    model.partial_unfit(twins[-1:], y[-1:])
    with pytest.raises(RowNotFoundError):
        model.partial_unfit(twins[-1:], y[-1:])
    dumped = pickle.dumps(model)
    assert b"Doppler" not in dumped
    assert b"person 0" in dumped
    model.forget_features("name")  # which no step uses
    assert b"person 0" not in pickle.dumps(model)
    model.partial_unfit(frame[:1].drop(columns="name"), y[:1])


def test_lists_of_numbers_beside_strings_hold_what_they_hold():
    rng = np.random.default_rng(0)
    words = np.where(np.arange(40) % 2, "b", "a").tolist()
    X = [[np.nan if i % 5 == 0 else words[i], float(i % 4)] for i in range(40)]
    y = rng.normal(size=40)
    model = make_unlearnable_pipeline(
        UnlearnableSimpleImputer(strategy="most_frequent"),
        UnlearnableOneHotEncoder(handle_unknown="ignore"),
        UnlearnableRidge(retain_data=True),
    ).fit(X, y)
    gone = [i for i in range(40) if X[i][0] == model[0].statistics_[0]][:12]
    left = [i for i in range(40) if i not in gone]
    model.partial_unfit([X[i] for i in gone], y[gone])
    X_left = [X[i] for i in left]
    refit = clone(model).fit(X_left, y[left])
    np.testing.assert_allclose(model.predict(X_left), refit.predict(X_left), atol=1e-9)
    weight = np.isin(np.arange(40), left).astype(float)
    model = clone(model).fit(X, y, sample_weight=weight)
    for found, expected in zip(model[1].categories_, refit[1].categories_, strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("kind", ["numpy", "pandas", "polars"])
@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_times_are_the_same_in_any_unit(kind, unit):
    pl = pytest.importorskip("polars")
    pd = pytest.importorskip("pandas")
    days = np.datetime64("2020-01-01T00:00:01", "us") + np.arange(12) % 5 * 1000
    frames = {
        "numpy": lambda days: days[:, None],
        "pandas": lambda days: pd.DataFrame({"day": days}),
        "polars": lambda days: pl.DataFrame({"day": days}),
    }
    X, y = frames[kind](days), np.random.default_rng(0).normal(size=12)
    model = make_unlearnable_pipeline(
        UnlearnableOneHotEncoder(handle_unknown="ignore"),
        UnlearnableRidge(retain_data=True),
    ).fit(X, y)
    others = frames[kind](days[:3].astype(f"M8[{unit}]"))
    model.partial_unfit(others, y[:3])
    left = frames[kind](days[3:])
    refit = clone(model).fit(left, y[3:])
    np.testing.assert_allclose(model.predict(left), refit.predict(left), atol=1e-9)
    with pytest.raises(RowNotFoundError):
        model.partial_unfit(frames[kind](days[3:4] + 1), y[3:4])


def test_a_row_of_objects_is_retained_in_the_dtypes_of_the_others():
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "age": rng.normal(size=20),
            "code": rng.integers(0, 3, 20),
            "city": rng.choice(["Oslo", "Rome"], 20),
        }
    )
    y = rng.normal(size=20)
    model = make_unlearnable_pipeline(
        UnlearnableOneHotEncoder(handle_unknown="ignore"),
        UnlearnableRidge(retain_data=True),
    ).fit(X, y)
    model.replace_features(X.loc[[3]], y[[3]], X.loc[4].to_frame().T)
    model.partial_unfit(X.loc[5].to_frame().T, y[[5]])
    raw = model[-1]._fitted.model.retained.compacted().chunks[0].origin.X
    assert raw.dtypes.tolist() == X.dtypes.tolist()
    model.partial_fit(X.loc[[5]].assign(code=1.5), y[[5]])
    model.partial_unfit(X.loc[[5]].assign(code=1.5), y[[5]])
    left = X.drop(index=5)
    left.loc[3] = left.loc[4]
    refit = clone(model).fit(left, np.delete(y, 5))
    np.testing.assert_allclose(model.predict(left), refit.predict(left), atol=1e-9)
    assert model[0].categories_[1].dtype == X["code"].dtype


@pytest.mark.parametrize("swapped", [False, True])
def test_rows_that_leave_are_found_in_frames_of_another_library(swapped):
    pl = pytest.importorskip("polars")
    pd = pytest.importorskip("pandas")
    X, y = raw("ridge")
    frames = pd.DataFrame(X, columns=list("abcde")), pl.DataFrame(X, list("abcde"))
    frame, other = frames[::-1] if swapped else frames
    model = scaled("ridge", retain_data=True).fit(frame, y)
    model.partial_unfit(rows_of(other, [0, 1]), y[:2])
    refit = clone(model).fit(frame[2:], y[2:])
    np.testing.assert_allclose(answers(model, frame), answers(refit, frame), rtol=1e-9)
