"""Pipelines that end in a sharded model, against refits on the edited data."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.preprocessing import Normalizer
from sklearn.tree import DecisionTreeClassifier

from sklearn_unlearn import (
    ShardedClassifier,
    UnlearnableMinMaxScaler,
    UnlearnableOneHotEncoder,
    UnlearnableStandardScaler,
    make_unlearnable_column_transformer,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import UnlearningError

RNG = np.random.default_rng(0)
CITIES = RNG.choice(["Lima", "Oslo", "Kyiv"], 80).astype(object)
CITIES[5] = "Lund"
AGES = RNG.normal(size=80)
MUCH = np.where(AGES + (CITIES == "Oslo") + RNG.normal(size=80) > 0.3, "much", "little")


def people():
    pd = pytest.importorskip("pandas")
    return pd.DataFrame({"city": CITIES, "age": AGES})


def pipeline(*front):
    tree = DecisionTreeClassifier(random_state=0)
    last = ShardedClassifier(tree, n_shards=3, random_state=0)
    return make_unlearnable_pipeline(*front, last)


def encoder(*columns):
    first = UnlearnableOneHotEncoder(handle_unknown="ignore", sparse_output=False)
    return make_unlearnable_column_transformer(
        *([(first, ["city"])] if "city" in columns else []),
        *([("passthrough", ["age"])] if "age" in columns else []),
    )


def test_categories_and_columns_that_vanish():
    frame = people()
    model = pipeline(encoder("city", "age")).fit(frame, MUCH)
    model.partial_unfit(frame[3:4], MUCH[3:4])
    kept = np.delete(np.arange(80), [3, 5])
    model.partial_unfit(frame[5:6], MUCH[5:6])  # the only one from Lund
    frame, y = frame.iloc[kept], MUCH[kept]
    refit = clone(model).fit(frame, y)
    assert model[0].get_feature_names_out().size == 4
    np.testing.assert_array_equal(
        model.predict_proba(frame), refit.predict_proba(frame)
    )
    changed = frame[:1].assign(city=frame["city"].iloc[1], age=0.5)
    model.replace_features(frame[:1], y[:1], changed)
    model.partial_fit(frame[7:9], y[7:9])
    model.forget_features("city")
    fewer = frame[["age"]].copy()
    fewer.iloc[0] = 0.5
    rows = np.append(np.arange(len(y)), [7, 8])
    refit = pipeline(encoder("age")).fit(fewer.iloc[rows], y[rows])
    np.testing.assert_array_equal(
        model.predict_proba(fewer), refit.predict_proba(fewer)
    )
    model.partial_unfit(fewer[:2], y[:2])
    refit.fit(fewer.iloc[rows[2:]], y[rows[2:]])
    np.testing.assert_array_equal(
        model.predict_proba(fewer), refit.predict_proba(fewer)
    )


def test_a_refused_request_names_the_step_and_changes_nothing():
    X = np.column_stack([AGES, AGES**2])
    models = {
        "unlearnableminmaxscaler": pipeline("passthrough", UnlearnableMinMaxScaler()),
        "unlearnablecolumntransformer": pipeline(
            make_unlearnable_column_transformer(
                ("passthrough", [1]), (UnlearnableStandardScaler(), [0])
            )
        ),
    }
    row = np.abs(X[:, :1]).argmax(axis=0)
    for name, model in models.items():
        model.fit(X, MUCH)
        before = model.predict_proba(X)
        with pytest.raises(UnlearningError, match=f"for all rows in step '{name}"):
            model.partial_unfit(X[row], MUCH[row])
        np.testing.assert_array_equal(model.predict_proba(X), before)


def test_rows_are_known_by_name_behind_steps_that_learned_nothing():
    X, ids = np.column_stack([AGES, AGES**2]), np.arange(80) + 1000
    model = pipeline("passthrough", Normalizer())
    model.fit(X[:78], MUCH[:78], row_ids=ids[:78])
    model.partial_fit(X[78:], MUCH[78:], row_ids=ids[78:])
    model.partial_unfit(row_ids=ids[[1, 79]])
    kept = np.delete(np.arange(80), [1, 79])
    refit = clone(model).fit(X[kept], MUCH[kept], row_ids=ids[kept])
    np.testing.assert_array_equal(model.predict_proba(X), refit.predict_proba(X))
    frame = people()
    model = pipeline(encoder("city", "age")).fit(frame, MUCH, row_ids=ids)
    before = model.predict_proba(frame)
    with pytest.raises(UnlearningError, match="pass X and y of the rows"):
        model.partial_unfit(row_ids=ids[:2])
    np.testing.assert_array_equal(model.predict_proba(frame), before)
    model = pipeline("passthrough").fit(X, MUCH)
    with pytest.raises(ValueError, match="row_ids"):
        model.partial_unfit(row_ids=ids[:2])
