"""Categories in any container: every verb gives a fit on the edited data."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sklearn_unlearn import ShardedClassifier
from tests.ensemble.tables import KINDS, N_ROWS, OUT, table, taken, without

REST = np.setdiff1d(np.arange(N_ROWS), OUT).tolist()
VERBS = ["partial_unfit", "replace_features", "replace_labels", "partial_fit"]
ENCODER = OneHotEncoder(handle_unknown="ignore")


def named(X, numbers=("size",), categories=("colour", "flag")):
    """A model behind a transformer that names its columns, or numbers them."""
    if not hasattr(X, "columns"):
        there = [c for c in ("size", "colour", "flag") if c in (*numbers, *categories)]
        numbers = [there.index(name) for name in numbers]
        categories = [there.index(name) for name in categories]
    columns = ColumnTransformer(
        [
            ("numbers", StandardScaler(), list(numbers)),
            ("categories", ENCODER, list(categories)),
        ]
    )
    return make_pipeline(columns, LogisticRegression())


def by_dtype():
    """A model that takes categories for what has their dtype."""
    chosen = make_column_selector(dtype_include="category")
    columns = ColumnTransformer([("c", ENCODER, chosen)], remainder="passthrough")
    return make_pipeline(columns, LogisticRegression())


def boosting():
    return HistGradientBoostingClassifier(
        max_iter=3,
        min_samples_leaf=3,
        random_state=0,
        categorical_features="from_dtype",
    )


def estimators(kind, X):
    """Those that can tell categories from numbers in this container."""
    found = {"named": named(X)}
    if kind in ("category", "ordered"):
        found["by dtype"] = by_dtype()
    if kind in ("category", "ordered", "polars_categorical", "polars_enum"):
        found["boosting"] = boosting()
    return found


def edited(verb, model, X, y):
    """Make a request; give the data of a refit."""
    y_new, others = y.copy(), [4, 41, 78]
    if verb == "partial_unfit":
        model.partial_unfit(taken(X, OUT), y[OUT])
        return taken(X, REST), y[REST]
    if verb == "replace_features":
        model.replace_features(taken(X, OUT), y[OUT], taken(X, others))
        rows = np.arange(N_ROWS)
        rows[OUT] = others
        return taken(X, rows.tolist()), y
    if verb == "replace_labels":
        y_new[OUT] = np.where(y[OUT] == "yes", "no", "yes")
        model.replace_labels(taken(X, OUT), y[OUT], y_new[OUT])
        return X, y_new
    model.fit(taken(X, REST), y[REST])
    model.partial_fit(taken(X, OUT), y[OUT])
    rows = [*REST, *OUT]
    return taken(X, rows), y[rows]


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("kind", KINDS)
def test_rows(kind, verb):
    X, y = table(kind)
    for place, (name, estimator) in enumerate(estimators(kind, X).items()):
        n_shards = (1, 3)[(place + VERBS.index(verb)) % 2]
        model = ShardedClassifier(estimator, n_shards=n_shards, random_state=0).fit(
            X, y
        )
        X_after, y_after = edited(verb, model, X, y)
        refit = clone(estimator if n_shards == 1 else model).fit(X_after, y_after)
        np.testing.assert_array_equal(
            model.predict_proba(X), refit.predict_proba(X), err_msg=name
        )


@pytest.mark.parametrize("column", ["size", "colour"])
@pytest.mark.parametrize("kind", KINDS)
def test_columns(kind, column):
    X, y = table(kind)
    X_after, ids = without(X, column), np.arange(N_ROWS)
    numbers = [name for name in ("size",) if name != column]
    categories = [name for name in ("colour", "flag") if name != column]
    places = ["size", "colour", "flag"]
    models = estimators(kind, X)
    after = {**models, "named": named(X_after, numbers, categories)}
    for number, (name, estimator) in enumerate(models.items()):
        n_shards = (1, 3)[(number + places.index(column)) % 2]
        model = ShardedClassifier(estimator, n_shards=n_shards, random_state=0).fit(
            X, y, row_ids=ids
        )
        which = column if hasattr(X, "columns") else places.index(column)
        # by name: many rows are equal without a column
        model.forget_features(which).partial_unfit(row_ids=OUT)
        left = taken(X_after, REST), y[REST]
        if n_shards == 1:
            refit = clone(after[name]).fit(*left)
        else:
            refit = ShardedClassifier(after[name], n_shards=n_shards, random_state=0)
            refit.fit(*left, row_ids=ids[REST])
        expected = refit.predict_proba(X_after)
        for rows in (X, X_after):
            np.testing.assert_array_equal(
                model.predict_proba(rows), expected, err_msg=name
            )


@pytest.mark.parametrize("kind", ["category", "polars_categorical", "polars_enum"])
def test_no_dtype_names_a_value_that_is_gone(kind):
    X, y = table(kind)
    model = ShardedClassifier(boosting(), n_shards=2).fit(X, y)
    assert b"amber" in pickle.dumps(model)
    model.partial_unfit(taken(X, OUT), y[OUT])
    assert b"amber" not in pickle.dumps(model)
    model.partial_fit(taken(X, [4]), y[[4]])
    model.replace_features(taken(X, [5]), y[[5]], taken(X, [6]))
    assert b"amber" not in pickle.dumps(model)
    model.partial_fit(taken(X, OUT), y[OUT])
    assert b"amber" in pickle.dumps(model)
