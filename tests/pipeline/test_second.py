"""Column transformers behind other steps, against refits of the whole pipeline."""

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    PolynomialFeatures,
    QuantileTransformer,
    StandardScaler,
)

from sklearn_unlearn import (
    UnlearnableColumnTransformer,
    UnlearnableMinMaxScaler,
    UnlearnableOneHotEncoder,
    UnlearnableRidge,
    UnlearnableSimpleImputer,
    UnlearnableStandardScaler,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import NotForgottenWarning, UnlearningError

SCALES = np.array([1.0, 5.0, 20.0, 100.0])


def data():
    """Numbers of which some are missing, and targets."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4)) * SCALES + np.arange(4)
    y = X @ (1.0 / SCALES) + rng.normal(size=60)
    X[::7, 1] = np.nan
    return X, y


def pipeline(first, columns, retain_data=True):
    """The second and the third column scaled, the others handed on."""
    standard, minmax = columns
    parts = [
        ("standard", UnlearnableStandardScaler(), standard),
        ("minmax", UnlearnableMinMaxScaler(), minmax),
    ]
    beside = UnlearnableColumnTransformer(parts, remainder="passthrough")
    last = UnlearnableRidge(retain_data=retain_data)
    return make_unlearnable_pipeline(first, beside, last)


def refit(first, standard, minmax, X, y):
    parts = [
        ("standard", StandardScaler(), standard),
        ("minmax", MinMaxScaler(), minmax),
    ]
    parts = [part for part in parts if part[2]]
    beside = ColumnTransformer(parts, remainder="passthrough")
    return make_pipeline(first, beside, Ridge()).fit(X, y)


@pytest.mark.parametrize("retain_data", [False, True])
def test_columns_that_are_forgotten_before_move_no_others(retain_data):
    X, y = data()
    X = np.nan_to_num(X)
    model = pipeline(UnlearnableStandardScaler(), ([1], [2, 3]), retain_data).fit(X, y)
    for forgotten, standard, minmax in [([0], [0], [1, 2]), ([1], [], [0, 1])]:
        model.forget_features(forgotten)
        X = np.delete(X, 0, axis=1)
        expected = refit(StandardScaler(), standard, minmax, X, y).predict(X)
        wide = np.column_stack([np.full((60, 4 - X.shape[1]), np.nan), X])
        for rows in (X, wide):
            np.testing.assert_allclose(model.predict(rows), expected, atol=1e-8)
        plain = model.to_sklearn(drop_forgotten=True)
        np.testing.assert_allclose(plain.predict(X), expected, atol=1e-8)
    assert len(model[:-1].get_feature_names_out()) == 2


@pytest.mark.parametrize("named", [False, True])
def test_rows_leave_after_columns(named):
    pd = pytest.importorskip("pandas")
    X, y = data()
    first, columns, names = UnlearnableSimpleImputer(), ([1], [2]), [0, 1, 2, 3]
    frame = pd.DataFrame(X, columns=list("abcd"))
    if named:
        first, columns = first.set_output(transform="pandas"), (["b"], ["c"])
        names = list("abcd")
    rows = frame if named else X
    model = pipeline(first, columns).fit(rows, y)
    model.forget_features([names[0]])
    without = frame.drop(columns="a").to_numpy()
    expected = refit(SimpleImputer(), [0], [1], without, y).predict(without)
    np.testing.assert_allclose(model.predict(rows), expected, atol=1e-8)
    # what is imputed changes: all that comes behind is fitted again
    model.partial_unfit(rows[:5], y[:5])
    expected = refit(SimpleImputer(), [0], [1], without[5:], y[5:]).predict(without)
    np.testing.assert_allclose(model.predict(rows), expected, atol=1e-8)
    model.forget_features([names[3]])
    without = without[:, :2]
    expected = refit(SimpleImputer(), [0], [1], without[5:], y[5:]).predict(without)
    np.testing.assert_allclose(model.predict(rows), expected, atol=1e-8)


def test_categories_that_vanish_before_are_the_refit_s():
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    words = pd.DataFrame({"word": ["only", *rng.choice(["u", "v", "w"], 59)]})
    y = rng.normal(size=60)
    part = UnlearnableStandardScaler(with_mean=False)
    model = make_unlearnable_pipeline(
        UnlearnableOneHotEncoder(handle_unknown="ignore"),
        UnlearnableColumnTransformer([("part", part, [1])], remainder="passthrough"),
        UnlearnableRidge(retain_data=True),
    )
    model.fit(words, y).partial_unfit(words[:1], y[:1])
    part = StandardScaler(with_mean=False)
    expected = make_pipeline(
        OneHotEncoder(handle_unknown="ignore"),
        ColumnTransformer([("part", part, [1])], remainder="passthrough"),
        Ridge(),
    ).fit(words[1:], y[1:])
    np.testing.assert_allclose(model.predict(words), expected.predict(words), atol=1e-8)


def test_columns_that_vanish_after_columns_are_refused():
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    words = pd.DataFrame(
        {
            "word": ["only", *rng.choice(["u", "v", "w"], 59)],
            "other": rng.choice(["x", "y"], 60),
        }
    )
    y = rng.normal(size=60)
    scaled = UnlearnableColumnTransformer(
        [("first", UnlearnableStandardScaler(with_mean=False), [1])],
        remainder="passthrough",
    )
    model = make_unlearnable_pipeline(
        UnlearnableOneHotEncoder(), scaled, UnlearnableRidge(retain_data=True)
    )
    model.fit(words, y).forget_features("other")
    with pytest.raises(UnlearningError, match="fit again"):
        model.partial_unfit(words[:1], y[:1])


def test_parameters_with_an_entry_for_each_column():
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({name: rng.choice(list("abc"), 40) for name in "pqr"})
    frame = frame.astype(object)
    frame.loc[::5, "q"] = np.nan
    y = rng.normal(size=40)
    model = make_unlearnable_pipeline(
        UnlearnableSimpleImputer(strategy="most_frequent"),
        UnlearnableOneHotEncoder(categories=[list("abc")] * 3),
        UnlearnableRidge(retain_data=True),
    ).fit(frame, y)
    model.forget_features("p")
    mode = model[0].statistics_[0]
    gone = (frame["q"] == mode).to_numpy()
    model.set_params(unlearnableonehotencoder__drop="first")
    model.partial_unfit(frame[gone], y[gone])
    assert model[0].statistics_[0] != mode
    # parameters are as they were set, and hold from the next fit on
    params = model[1].get_params()
    assert len(params["categories"]) == 3
    assert params["drop"] == "first"
    kept = frame[~gone].drop(columns="p")
    refit = make_pipeline(
        SimpleImputer(strategy="most_frequent"),
        OneHotEncoder(categories=[list("abc")] * 2),
        Ridge(),
    ).fit(kept, y[~gone])
    np.testing.assert_allclose(model.predict(kept), refit.predict(kept), atol=1e-8)


def with_quantiles(part, **params):
    """A part that learned beside one that unlearns, behind a scaler."""
    beside = UnlearnableColumnTransformer(
        [("learned", part, [0]), ("scaled", UnlearnableMinMaxScaler(), [1, 2, 3])]
    )
    last = UnlearnableRidge(retain_data=True)
    return make_unlearnable_pipeline(
        UnlearnableStandardScaler(), beside, last, **params
    )


@pytest.mark.parametrize("nested", [False, True])
def test_parts_that_cannot_unlearn_are_refused_or_stay(nested):
    X, y = data()
    X = np.nan_to_num(X)
    part = quantiles = QuantileTransformer(n_quantiles=20)
    if nested:
        part = make_unlearnable_pipeline(UnlearnableStandardScaler(), quantiles)
    model = with_quantiles(part, on_stateful="raise").fit(X, y)
    steps = model.steps
    with pytest.raises(
        UnlearningError, match="__quantiletransformer'" if nested else "__learned'"
    ):
        model.partial_unfit(X[:5], y[:5])
    assert model.steps is steps
    model.set_params(on_stateful="freeze")
    frozen = model[1].named_transformers_["learned"]
    frozen = frozen[-1] if nested else frozen
    before = frozen.quantiles_.copy()
    with pytest.warns(NotForgottenWarning):
        model.partial_unfit(X[:5], y[:5])
    after = model[1].named_transformers_["learned"]
    after = after[-1] if nested else after
    np.testing.assert_array_equal(after.quantiles_, before)
    part = FrozenEstimator(frozen)
    if nested:
        part = make_unlearnable_pipeline(UnlearnableStandardScaler(), part)
    refit = with_quantiles(part).fit(X[5:], y[5:])
    np.testing.assert_allclose(model.predict(X), refit.predict(X), atol=1e-8)


@pytest.mark.parametrize("on_stateful", ["raise", "freeze"])
def test_parts_that_stay_need_the_columns_that_they_had(on_stateful):
    pd = pytest.importorskip("pandas")
    words = pd.DataFrame({"word": ["only", *"uvw" * 19]})
    y = np.arange(58.0)
    beside = UnlearnableColumnTransformer(
        [("learned", QuantileTransformer(n_quantiles=9), [1])], remainder="passthrough"
    )
    model = make_unlearnable_pipeline(
        UnlearnableOneHotEncoder(handle_unknown="ignore", sparse_output=False),
        beside,
        UnlearnableRidge(retain_data=True),
        on_stateful=on_stateful,
    ).fit(words, y)
    reason = "cannot unlearn" if on_stateful == "raise" else "which columns there are"
    with pytest.raises(UnlearningError, match=reason):
        model.partial_unfit(words[:1], y[:1])


@pytest.mark.parametrize("kind", ["columns", "pipeline", "union", "nothing"])
def test_transformers_of_stateless_parts_are_stateless(kind):
    X, y = data()
    X = np.nan_to_num(X)
    tanh = FunctionTransformer(np.tanh)
    both = make_pipeline(tanh, "passthrough", PolynomialFeatures(2))
    first = {
        "columns": ColumnTransformer(
            [("both", both, [0, 1]), ("none", "drop", [2])], remainder=tanh
        ),
        "pipeline": both,
        "union": FeatureUnion([("both", both), ("same", "passthrough")]),
        "nothing": FrozenEstimator(both.fit(X)),
    }[kind]
    model = make_unlearnable_pipeline(
        first, UnlearnableStandardScaler(), UnlearnableRidge(retain_data=True)
    )
    model.fit(X, y).partial_unfit(X[:5], y[:5])
    refit = make_pipeline(first, StandardScaler(), Ridge()).fit(X[5:], y[5:])
    np.testing.assert_allclose(model.predict(X), refit.predict(X), atol=1e-6)
    learned = ColumnTransformer([("scaled", StandardScaler(), [0, 1])])
    model = make_unlearnable_pipeline(learned, UnlearnableRidge()).fit(X, y)
    with pytest.raises(UnlearningError, match="a ColumnTransformer, learned from rows"):
        model.partial_unfit(X[:5], y[:5])
