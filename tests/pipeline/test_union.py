"""Transformers beside one another, against refits."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, make_pipeline, make_union
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    SplineTransformer,
    StandardScaler,
)

import sklearn_unlearn as su
from sklearn_unlearn.exceptions import UnlearningError

N_ROWS = 50


def rows(seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N_ROWS, 5))
    y = (X[:, 0] + X[:, 1] + rng.normal(size=N_ROWS) > 0).astype(int)
    return X, y


def union(**params):
    return su.UnlearnableFeatureUnion(
        [
            ("scaled", su.UnlearnableStandardScaler()),
            ("none", "drop"),
            ("same", "passthrough"),
            ("best", su.UnlearnableSelectKBest(k=2)),
            ("ranged", su.UnlearnableMinMaxScaler(n_extremes=N_ROWS)),
        ],
        **params,
    )


VERBS = ["partial_unfit", "replace_features", "replace_labels", "forget_features"]


@settings(deadline=None, max_examples=15)
@given(
    st.lists(st.tuples(st.sampled_from(VERBS), st.integers(0, N_ROWS - 1)), max_size=5)
)
@pytest.mark.parametrize("last", [None, "ridge", "linear"])
def test_any_requests_give_the_refit(last, requests):
    X, y = rows()
    new, _ = rows(seed=1)
    weights = {"transformer_weights": {"scaled": 2.0, "best": 0.5}}
    model = union(**weights)
    if last is not None:
        final = {
            "ridge": su.UnlearnableRidge(retain_data=True),
            "linear": su.UnlearnableLinearRegression(retain_data=True),
        }[last]
        model = su.make_unlearnable_pipeline(model, final)
    model.fit(X, y)
    inside, columns = np.ones(N_ROWS, dtype=bool), np.arange(5)
    for verb, row in requests:
        one = [row]
        if verb == "forget_features":
            if columns.size > 3 and row % 5 in columns:
                model.forget_features(row % 5)
                columns = columns[columns != row % 5]
        elif inside[row] and verb == "partial_unfit":
            model.partial_unfit(X[one], y[one])
            inside[row] = False
        elif inside[row] and verb == "replace_features":
            model.replace_features(X[one], y[one], new[one])
            X[row] = new[row]
        elif inside[row]:
            model.replace_labels(X[one], y[one], 1 - y[one])
            y[row] = 1 - y[row]
    rest = X[inside][:, columns], y[inside]
    refit = clone(model).fit(*rest)
    answers = ("transform",) if last is None else ("predict",)
    for answer in answers:
        found = getattr(model, answer)(X[:, columns])
        expected = getattr(refit, answer)(X[:, columns])
        np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-8)
    for exported in (model.to_sklearn(), model.to_sklearn(drop_forgotten=True)):
        wide = exported.n_features_in_ == 5
        found = getattr(exported, answers[0])(X if wide else X[:, columns])
        np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-8)


def test_without_data_a_model_follows_what_is_known():
    X, y = rows()
    front = su.make_unlearnable_union(
        su.UnlearnableStandardScaler(), su.UnlearnableMinMaxScaler()
    )
    model = su.make_unlearnable_pipeline(front, su.UnlearnableRidge()).fit(X, y)
    model.partial_unfit(X[:3], y[:3]).forget_features(1)
    rest = np.delete(X, 1, axis=1)
    refit = clone(model).fit(rest[3:], y[3:])
    np.testing.assert_allclose(model.predict(X), refit.predict(rest), rtol=1e-8)


def test_names_and_outputs_are_the_twins():
    X, _ = rows()
    twin = FeatureUnion(
        [("scaled", StandardScaler()), ("none", "drop"), ("same", "passthrough")]
    ).fit(X)
    model = su.UnlearnableFeatureUnion(
        [
            ("scaled", su.UnlearnableStandardScaler()),
            ("none", "drop"),
            ("same", "passthrough"),
        ]
    )
    np.testing.assert_allclose(model.fit_transform(X), twin.transform(X), rtol=1e-9)
    names = twin.get_feature_names_out()
    np.testing.assert_array_equal(model.get_feature_names_out(), names)
    assert type(model.to_sklearn()) is FeatureUnion
    model.partial_unfit(X[:2])
    np.testing.assert_allclose(
        model.transform(X), clone(twin).fit(X[2:]).transform(X), rtol=1e-12
    )
    np.testing.assert_allclose(
        pickle.loads(pickle.dumps(model)).transform(X), model.transform(X)
    )


def test_frames():
    pandas = pytest.importorskip("pandas")
    X, y = rows()
    frame = pandas.DataFrame(X, columns=list("abcde"))
    model = union().fit(frame, y).set_output(transform="pandas")
    model.partial_unfit(frame[:4], y[:4]).forget_features("b")
    rest = frame.drop(columns="b")
    refit = union().fit(rest[4:], y[4:]).set_output(transform="pandas")
    pandas.testing.assert_frame_equal(model.transform(rest), refit.transform(rest))


def test_sparse_rows():
    X, y = rows()
    X = sp.csr_array(np.where(X > 0, X, 0.0))
    model = su.make_unlearnable_union(
        su.UnlearnableMaxAbsScaler(n_extremes=N_ROWS),
        su.UnlearnableStandardScaler(with_mean=False),
    )
    last = su.UnlearnableRidge(retain_data=True)
    model = su.make_unlearnable_pipeline(model, last).fit(X, y)
    model.partial_unfit(X[:5], y[:5])
    refit = clone(model).fit(X[5:], y[5:])
    np.testing.assert_allclose(model.predict(X), refit.predict(X), rtol=1e-8)
    assert sp.issparse(model[0].transform(X))


def test_refusals_change_nothing():
    X, y = rows()
    model = union().fit(X, y)
    before = pickle.dumps(model)
    for request in (
        lambda: model.partial_unfit(X[:1] + 1e6, y[:1]),
        lambda: model.partial_unfit(X[:1]),
        lambda: model.forget_features([0, 1, 2, 3, 4]),
        lambda: model.forget_features(7),
        lambda: model.replace_features(X[:2], y[:2], X[:1]),
    ):
        with pytest.raises(UnlearningError):
            request()
    assert pickle.dumps(model) == before
    with pytest.raises(ValueError, match="on_stateful"):
        union(on_stateful="perhaps").fit(X, y)
    learned = su.make_unlearnable_union(PCA(2)).fit(X)
    with pytest.raises(UnlearningError, match="learned from rows and cannot unlearn"):
        learned.partial_unfit(X[:1])


@pytest.mark.parametrize(
    "parts",
    [
        (StandardScaler(), SelectKBest(k=2)),
        (MinMaxScaler(), SplineTransformer(n_knots=3), MaxAbsScaler()),
    ],
)
def test_unlearnable_converts_the_parts(parts):
    X, y = rows()
    theirs = make_pipeline(
        make_union(*parts), StandardScaler(), LogisticRegression(tol=1e-9)
    )
    for each in (theirs, clone(theirs).fit(X, y)):
        model = su.unlearnable(each, X, y)
        assert isinstance(model[0], su.UnlearnableFeatureUnion)
        ways = [part.how for part in model.explain()]
        assert ways.count("exact, from sums") == 3
        assert ("fitted again" in ways) == (len(parts) == 3)
        model.partial_unfit(X[:9], y[:9]).forget_features(4)
        rest = np.delete(X, 4, axis=1)
        refit = clone(theirs).fit(rest[9:], y[9:])
        np.testing.assert_allclose(
            model.predict_proba(X), refit.predict_proba(rest), rtol=1e-4
        )


def test_unlearnable_converts_a_union_by_itself():
    X, y = rows()
    theirs = make_union(StandardScaler(), SelectKBest(k=2)).fit(X, y)
    model = su.unlearnable(theirs, X, y).partial_unfit(X[:9], y[:9])
    assert isinstance(model, su.UnlearnableFeatureUnion)
    expected = clone(theirs).fit(X[9:], y[9:]).transform(X)
    np.testing.assert_allclose(model.transform(X), expected, rtol=1e-10)
