"""Columns of dictionaries, against refits."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline

import sklearn_unlearn as su
from sklearn_unlearn.exceptions import UnlearningError
from tests.test_transformers import equal

N_ROWS = 40


def rows(seed=0):
    rng = np.random.default_rng(seed)
    found = []
    for number in range(N_ROWS):
        row = {"town": "abcdefgh"[rng.geometric(0.4) % 8], "age": float(rng.normal())}
        if number % 7 == 0:
            row["tags"] = [f"t{number % 5}", "all"]
        if number % 11 == 3:
            row[f"own {number}"] = 3 if number % 2 else 2.5
        found.append(row)
    return found, rng.normal(size=N_ROWS)


def dense(Z):
    return Z.toarray() if hasattr(Z, "toarray") else Z


@settings(deadline=None, max_examples=20)
@given(
    st.lists(
        st.tuples(st.sampled_from(["out", "in", "values"]), st.integers(0, N_ROWS - 1)),
        max_size=8,
    )
)
@pytest.mark.parametrize("last", [False, True])
def test_any_requests_give_the_refit(last, requests):
    X, y = rows()
    new, _ = rows(seed=1)
    model = su.UnlearnableDictVectorizer()
    if last:
        model = su.make_unlearnable_pipeline(
            model, su.UnlearnableRidge(retain_data=True)
        )
    inside = np.arange(N_ROWS) < N_ROWS - 6

    def chosen(places):
        return [X[place] for place in np.flatnonzero(places)]

    model.fit(chosen(inside), y[inside])
    for verb, row in requests:
        if verb == "in" and not inside[row]:
            model.partial_fit([X[row]], y[[row]])
            inside[row] = True
        elif verb == "out" and inside[row]:
            model.partial_unfit([X[row]], y[[row]])
            inside[row] = False
        elif verb == "values" and inside[row]:
            model.replace_features([X[row]], y[[row]], [new[row]])
            X[row] = new[row]
    if last:
        refit = make_pipeline(DictVectorizer(), Ridge()).fit(chosen(inside), y[inside])
        np.testing.assert_allclose(model.predict(X), refit.predict(X), atol=1e-3)
        again = clone(model).fit(chosen(inside), y[inside])
        np.testing.assert_allclose(model.predict(X), again.predict(X), rtol=1e-7)
        return
    twin = DictVectorizer().fit(chosen(inside))
    assert model.feature_names_ == twin.feature_names_
    assert model.vocabulary_ == twin.vocabulary_
    np.testing.assert_array_equal(dense(model.transform(X)), dense(twin.transform(X)))
    again = su.UnlearnableDictVectorizer().fit(chosen(inside))
    assert model._fitted.statistics.n_rows == again._fitted.statistics.n_rows
    equal(
        dict(sorted(model._fitted.statistics.documents.items())),
        dict(sorted(again._fitted.statistics.documents.items())),
    )


def test_all_that_the_twin_answers():
    X, _ = rows()
    for params in ({}, {"sparse": False, "dtype": np.float32, "separator": ":"}):
        twin = DictVectorizer(**params)
        model = su.UnlearnableDictVectorizer(**params)
        expected, found = twin.fit_transform(X), model.fit_transform(iter(X))
        assert type(found) is type(expected)
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(dense(found), dense(expected))
        names = twin.get_feature_names_out()
        np.testing.assert_array_equal(model.get_feature_names_out(), names)
        assert model.inverse_transform(found) == twin.inverse_transform(expected)
        assert model.to_sklearn().vocabulary_ == twin.vocabulary_
        assert model.to_sklearn().get_params() == twin.get_params()


def test_refusals_change_nothing():
    X, _ = rows()
    model = su.UnlearnableDictVectorizer().fit(X)
    before = pickle.dumps(model)
    for request, words in (
        (lambda: model.partial_unfit([{"unheard of": 1.0}]), "unheard of"),
        (lambda: model.partial_unfit(X), "no rows"),
        (lambda: model.partial_unfit([["a"]]), "Row 0 of X is of type list"),
        (lambda: model.partial_unfit([]), "X holds no row"),
        (lambda: model.partial_fit([{"a": {"b": 1}}]), "'a' has a value of type dict"),
        (lambda: model.partial_fit([{"a": [1, 2]}]), "have to be strings"),
    ):
        with pytest.raises((UnlearningError, TypeError), match=words):
            request()
    assert pickle.dumps(model) == before
    with pytest.raises(ValueError, match="sort must be True"):
        su.UnlearnableDictVectorizer(sort=False).fit(X)
    with pytest.raises(ValueError, match="separator"):
        su.UnlearnableDictVectorizer(separator=1).fit([{"a": 1.0}])


def test_a_name_that_only_forgotten_rows_had_is_not_kept():
    X, _ = rows()
    model = su.UnlearnableDictVectorizer().fit(X)
    assert b"own 14" in pickle.dumps(model)
    model.partial_unfit([X[14]])
    assert b"own 14" not in pickle.dumps(model)


@pytest.mark.parametrize("sort", [True, False])
def test_unlearnable(sort):
    X, y = rows()
    y = (y > 0.0).astype(int)
    theirs = make_pipeline(DictVectorizer(sort=sort), LogisticRegression(tol=1e-9))
    kept = su.UnlearnableDictVectorizer if sort else DictVectorizer
    for each in (theirs, clone(theirs).fit(X, y)):
        model = su.unlearnable(each, X, y)
        assert type(model[0]) is kept
        model.partial_unfit(X[:9], y[:9])
        refit = clone(theirs).fit(X[9:], y[9:])
        np.testing.assert_allclose(
            model.predict_proba(X), refit.predict_proba(X), rtol=1e-3
        )
