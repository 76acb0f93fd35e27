"""Rows of a request in other dtypes than fit saw, against refits on the edited data."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from sklearn_unlearn import (
    ShardedRegressor,
    UnlearnableOneHotEncoder,
    UnlearnableOrdinalEncoder,
    UnlearnableRidge,
    UnlearnableSimpleImputer,
    make_unlearnable_column_transformer,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import UnlearningError

pd = pytest.importorskip("pandas")

RNG = np.random.default_rng(0)
WORDS = RNG.choice(["Bonn", "Oslo", "Rome"], 50)
CODES = RNG.integers(1, 4, 50)
TARGET = CODES + (WORDS == "Oslo") + RNG.normal(size=50)
MISSING = [None, np.nan, pd.NA]
#: Dtypes of columns in which NaN stands for a missing value, whatever was put there.
DTYPES = ["category", "Int64", "int64", "codes"]
if pd.__version__ >= "3":
    DTYPES.append("str")


def frame(dtype):
    """A column of words or codes in a dtype, beside numbers."""
    column = pd.Series(WORDS.astype(object), dtype=object)
    if dtype in ("Int64", "int64"):
        column = pd.Series(CODES)
    if dtype == "codes":
        column, dtype = pd.Series(CODES), "category"
    return pd.DataFrame({"place": column.astype(dtype), "size": RNG.normal(size=50)})


def edited(X, value):
    """The frame with another value in its fourth row, and that row as JSON gives it."""
    X_new = X.iloc[3:4].astype(object)
    X_new["place"] = pd.Series([value], index=X_new.index, dtype=object)
    after = X.copy()
    after.loc[3, "place"] = value
    return after, X_new


def model(*steps, retain_data=True):
    return make_unlearnable_pipeline(
        make_unlearnable_column_transformer(
            (make_unlearnable_pipeline(*steps), ["place"]), remainder="passthrough"
        ),
        UnlearnableRidge(retain_data=retain_data),
    )


def encoder():
    return UnlearnableOneHotEncoder(handle_unknown="ignore")


def assert_same(model, refit, X):
    one, other = (
        [name.replace(".0", "") for name in each[0].get_feature_names_out()]
        for each in (model, refit)
    )
    assert one == other
    np.testing.assert_allclose(model.predict(X), refit.predict(X), rtol=1e-8)


@pytest.mark.parametrize("retain_data", [True, False])
@pytest.mark.parametrize("value", MISSING, ids=repr)
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_value_that_is_corrected_to_none_is_missing(dtype, value, retain_data):
    X = frame(dtype)
    after, X_new = edited(X, value)
    encoded = model(encoder(), retain_data=retain_data).fit(X, TARGET)
    encoded.replace_features(X.iloc[3:4], TARGET[3:4], X_new)
    assert_same(encoded, clone(encoded).fit(after, TARGET), after)
    if dtype == "int64":  # as a value, and back
        encoded.replace_features(X_new, TARGET[3:4], X.iloc[3:4].astype(object))
        assert_same(encoded, clone(encoded).fit(X, TARGET), X)


@pytest.mark.parametrize("value", MISSING, ids=repr)
@pytest.mark.parametrize("dtype", DTYPES)
def test_it_is_imputed(dtype, value):
    X = frame(dtype)
    after, X_new = edited(X, value)
    imputed = model(UnlearnableSimpleImputer(strategy="most_frequent"), encoder())
    imputed.fit(X, TARGET).replace_features(X.iloc[3:4], TARGET[3:4], X_new)
    assert_same(imputed, clone(imputed).fit(after, TARGET), after)
    imputed.partial_unfit(X_new, TARGET[3:4])
    rest, targets = after.drop(index=3), np.delete(TARGET, 3)
    assert_same(imputed, clone(imputed).fit(rest, targets), rest)


@pytest.mark.parametrize("dtype", ["string", "string[pyarrow]"])
def test_of_nullable_strings_it_is_what_they_have(dtype):
    if dtype != "string":
        pytest.importorskip("pyarrow")
    imputer = UnlearnableSimpleImputer(missing_values=pd.NA, strategy="most_frequent")
    X = frame(dtype)
    after, X_new = edited(X, None)
    imputed = model(imputer, encoder()).fit(X, TARGET)
    imputed.replace_features(X.iloc[3:4], TARGET[3:4], X_new)
    assert_same(imputed, clone(imputed).fit(after, TARGET), after)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("read", ["float64", "category"])
def test_a_column_of_no_values_is_of_any_dtype(dtype, read):
    X = frame(dtype)
    after, X_new = edited(X, None)
    # as readers of files type a column in which they find nothing
    X_new["place"] = pd.Series([np.nan], index=X_new.index).astype(read)
    encoded = model(encoder()).fit(X, TARGET)
    encoded.replace_features(X.iloc[3:4], TARGET[3:4], X_new)
    assert_same(encoded, clone(encoded).fit(after, TARGET), after)
    encoded.partial_unfit(X_new, TARGET[3:4])
    rest, targets = after.drop(index=3), np.delete(TARGET, 3)
    assert_same(encoded, clone(encoded).fit(rest, targets), rest)


def test_a_frame_of_polars_says_none():
    pl = pytest.importorskip("polars")
    X = pl.DataFrame({"place": WORDS.tolist(), "size": RNG.normal(size=50)})
    values = [None, *X["place"][1:]]
    after = X.with_columns(pl.Series("place", values))
    nothing = pl.DataFrame({"place": [None], "size": X["size"][:1]})
    encoded = model(encoder().set_params(sparse_output=False)).fit(X, TARGET)
    encoded.replace_features(X[:1], TARGET[:1], nothing)
    refit = clone(encoded).fit(after, TARGET)
    assert_same(encoded, refit, after)
    again = clone(encoded).fit(X, TARGET)
    again.replace_features(
        X[:1], TARGET[:1], nothing.with_columns(place=pl.lit(float("nan")))
    )
    assert_same(again, refit, after)
    encoded.partial_unfit(pd.DataFrame(after[:3].to_dict(as_series=False)), TARGET[:3])
    assert_same(encoded, clone(encoded).fit(after[3:], TARGET[3:]), after[3:])


@pytest.mark.parametrize("retain_data", [True, False])
def test_what_holds_something_else_is_refused_by_name(retain_data):
    X = frame("category").assign(place=RNG.choice(["01", "02", "10"], 50))
    encoded = model(encoder(), retain_data=retain_data).fit(X, TARGET)
    before = encoded.predict(X)
    read = X[:2].assign(place=X["place"][:2].astype(int))
    message = (
        r"Column 'place' of {} holds numbers \(int64\), but held text \(.*\) at fit"
    )
    with pytest.raises(UnlearningError, match=message.format("X")):
        encoded.partial_unfit(read, TARGET[:2])
    with pytest.raises(UnlearningError, match=message.format("X_new")):
        encoded.replace_features(X[:2], TARGET[:2], read)
    with pytest.raises(UnlearningError, match=message.format("X")):
        encoded.partial_fit(read, TARGET[:2])
    np.testing.assert_array_equal(encoded.predict(X), before)
    numbers = model(encoder(), retain_data=retain_data).fit(
        X.assign(place=CODES), TARGET
    )
    with pytest.raises(UnlearningError, match=r"holds text .*but held numbers"):
        numbers.partial_unfit(X[:2], TARGET[:2])


def test_columns_that_are_forgotten_may_hold_anything():
    X = frame("Int64")
    X["other"] = WORDS
    parts = make_unlearnable_column_transformer(
        (encoder(), ["place", "other"]), remainder="passthrough"
    )
    encoded = make_unlearnable_pipeline(parts, UnlearnableRidge(retain_data=True))
    encoded.fit(X, TARGET).forget_features(["other"])
    encoded.partial_unfit(X[:2].assign(other=3.5), TARGET[:2])
    kept = ["place", "size"]
    parts = make_unlearnable_column_transformer(
        (encoder(), ["place"]), remainder="passthrough"
    )
    refit = make_unlearnable_pipeline(parts, UnlearnableRidge()).fit(
        X[2:][kept], TARGET[2:]
    )
    np.testing.assert_allclose(encoded.predict(X), refit.predict(X[kept]), rtol=1e-8)


OBJECTS = np.column_stack([WORDS.astype(object), CODES.astype(object)])


@pytest.mark.parametrize("whole", [UnlearnableOneHotEncoder, UnlearnableOrdinalEncoder])
def test_an_array_of_strings_is_none_of_objects(whole):
    encoder = whole().fit(OBJECTS)
    with pytest.raises(UnlearningError, match=r"Column 1 of X holds text .*numbers"):
        encoder.partial_unfit(OBJECTS[:2].astype(str))
    encoder.partial_unfit(OBJECTS[:2].tolist())
    refit = clone(encoder).fit(OBJECTS[2:])
    for one, other in zip(encoder.categories_, refit.categories_, strict=True):
        np.testing.assert_array_equal(one, other)


def test_objects_are_numbers_where_fit_saw_numbers():
    X = np.column_stack([CODES, RNG.normal(size=50)]).astype(float)
    imputed = make_unlearnable_pipeline(
        UnlearnableSimpleImputer(), UnlearnableRidge(retain_data=True)
    ).fit(X, TARGET)
    X_new = X[:1].astype(object)
    X_new[0, 0] = None
    imputed.replace_features(X[:1].astype(object), TARGET[:1], X_new)
    after = X.copy()
    after[0, 0] = np.nan
    refit = clone(imputed).fit(after, TARGET)
    np.testing.assert_allclose(imputed.predict(after), refit.predict(after), rtol=1e-8)
    imputed.partial_unfit(after[:1], TARGET[:1])


def test_encoders_know_by_themselves_what_fit_saw():
    X = frame("category")[["place"]]
    after, X_new = edited(X, None)
    encoder = UnlearnableOrdinalEncoder().fit(X)
    encoder.replace_features(X[3:4], X_new=X_new)
    refit = clone(encoder).fit(after)
    np.testing.assert_array_equal(encoder.transform(after), refit.transform(after))
    with pytest.warns(UserWarning, match="feature names"):
        encoder.partial_unfit(X_new).partial_unfit(X[:3].to_numpy())
    assert encoder.categories_[0].tolist() == ["Bonn", "Oslo", "Rome"]
    with pytest.raises(UnlearningError, match="Column 'place' of X holds numbers"):
        encoder.partial_fit(pd.DataFrame({"place": [3]}))


def test_sharded_models_read_rows_as_they_were():
    X = frame("category")
    after, X_new = edited(X, None)
    base = make_pipeline(
        OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
        RandomForestRegressor(5, random_state=0),
    )
    sharded = ShardedRegressor(base, n_shards=2, random_state=0).fit(X, TARGET)
    sharded.replace_features(X[3:4], TARGET[3:4], X_new)
    refit = clone(sharded).fit(after, TARGET)
    np.testing.assert_array_equal(sharded.predict(after), refit.predict(after))
    with pytest.raises(UnlearningError, match="Column 'place' of X holds numbers"):
        sharded.partial_unfit(X[:1].assign(place=3), TARGET[:1])


@pytest.mark.parametrize("sharded", [False, True])
@pytest.mark.parametrize(
    ("known", "given"),
    [("Int64", [0.5, 7.25]), ("Int8", [300, 4]), ("Float32", [0.1, 2.0])],
)
def test_columns_of_polars_take_other_numbers(known, given, sharded):
    pl = pytest.importorskip("polars")
    X = pl.DataFrame({"code": CODES, "size": TARGET}).with_columns(
        pl.col("code").cast(getattr(pl, known))
    )
    coming = pl.DataFrame({"code": given, "size": [0.0, 1.0]})
    ridge = UnlearnableRidge(retain_data=True)
    if sharded:
        encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
        columns = make_column_transformer((encoder, ["code"]), remainder="passthrough")
        model = ShardedRegressor(make_pipeline(columns, Ridge()), n_shards=1)
    else:
        encoder = UnlearnableOneHotEncoder(handle_unknown="ignore", sparse_output=False)
        columns = make_unlearnable_column_transformer(
            (encoder, ["code"]), remainder="passthrough"
        )
        model = make_unlearnable_pipeline(columns, ridge)
    model.fit(X, TARGET).partial_fit(coming, [1.0, 2.0])
    both = pl.concat([X, coming], how="vertical_relaxed")
    refit = clone(model).fit(both, np.append(TARGET, [1.0, 2.0]))
    np.testing.assert_allclose(model.predict(both), refit.predict(both), rtol=1e-9)
    with pytest.raises(UnlearningError, match="not"):
        model.partial_unfit(pl.DataFrame({"code": [1], "size": [77.0]}), [0.0])
    model.partial_unfit(coming, [1.0, 2.0])
    np.testing.assert_allclose(
        model.predict(X), clone(model).fit(X, TARGET).predict(X), rtol=1e-9
    )


def test_integers_of_polars_that_no_dtype_holds_together():
    pl = pytest.importorskip("polars")
    X, coming = pl.DataFrame({"code": CODES}), pl.DataFrame({"code": [2**63 + 5]})
    model = make_unlearnable_pipeline(
        UnlearnableOneHotEncoder(handle_unknown="ignore"),
        UnlearnableRidge(retain_data=True),
    ).fit(X, TARGET)
    before = model.predict(X)
    model.partial_fit(coming, [1.0])
    assert model.gradient_residual() < 1e-9
    with pytest.raises(UnlearningError, match="not"):
        model.partial_unfit(pl.DataFrame({"code": [77]}), [0.0])
    model.partial_unfit(coming, [1.0])
    np.testing.assert_allclose(model.predict(X), before, rtol=1e-9)
