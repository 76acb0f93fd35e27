"""Binning: what the tests of all transformers do not ask."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer

import sklearn_unlearn as su
from sklearn_unlearn.exceptions import DataMismatchWarning, UnlearningError


def rows(seed=0):
    X = np.random.default_rng(seed).normal(size=(60, 4))
    return X, X @ [1.0, -2.0, 0.0, 1.0]


@pytest.mark.parametrize("strategy", ["quantile", "uniform"])
def test_bins_of_each_column(strategy):
    X, _ = rows()
    model = su.UnlearnableKBinsDiscretizer([2, 3, 4, 5], strategy=strategy).fit(X)
    model.partial_unfit(X[:20]).forget_features(1)
    rest = np.delete(X, 1, axis=1)
    twin = KBinsDiscretizer([2, 4, 5], strategy=strategy).fit(rest[20:])
    for found, expected in zip(model.bin_edges_, twin.bin_edges_, strict=True):
        np.testing.assert_array_equal(found, expected)
    difference = model.transform(X) - twin.transform(rest)
    assert difference.nnz == 0
    np.testing.assert_array_equal(
        model.inverse_transform(twin.transform(rest)),
        twin.inverse_transform(twin.transform(rest)),
    )
    names = twin.get_feature_names_out(["x0", "x2", "x3"])
    np.testing.assert_array_equal(model.get_feature_names_out(), names)


@pytest.mark.filterwarnings("ignore:Bins whose width:UserWarning")
def test_a_column_that_varies_no_longer_and_bins_that_vanish():
    X, _ = rows()
    X[3:, 0], X[5:, 1] = 7.0, np.arange(55) % 2
    model = su.UnlearnableKBinsDiscretizer(4)
    with pytest.warns(UserWarning, match="Bins whose width are too small"):
        model.fit(X)
    model.partial_unfit(X[:5])
    with pytest.warns(UserWarning, match="Feature 0 is constant"):
        twin = KBinsDiscretizer(4).fit(X[5:])
    np.testing.assert_array_equal(model.n_bins_, twin.n_bins_)
    assert (model.transform(X) - twin.transform(X)).nnz == 0
    with pytest.warns(UserWarning, match="Feature 0 is constant"):
        su.UnlearnableKBinsDiscretizer(2).fit(X[5:, :1])


def test_refusals():
    X, y = rows()
    for params, words in (
        ({"strategy": "kmeans"}, "kmeans"),
        ({"subsample": 59}, "subsample"),
        ({"n_bins": 1}, "n_bins"),
        ({"n_bins": [2, 2]}, "n_bins"),
        ({"encode": "other"}, "encode"),
    ):
        with pytest.raises(ValueError, match=words):
            su.UnlearnableKBinsDiscretizer(**params).fit(X)
    model = su.UnlearnableKBinsDiscretizer(subsample=60).fit(X)
    before = pickle.dumps(model)
    with pytest.raises(UnlearningError, match="subsample"):
        model.partial_fit(X[:1])
    with pytest.raises(UnlearningError, match="Column 0 of X holds"):
        model.partial_unfit(X[:1] + 1.0)
    assert pickle.dumps(model) == before
    theirs = make_pipeline(
        KBinsDiscretizer(3, encode="ordinal", strategy="kmeans"), Ridge()
    ).fit(X, y)
    model = su.unlearnable(theirs, X, y).partial_unfit(X[:9], y[:9])
    assert type(model[0]) is KBinsDiscretizer
    refit = clone(theirs).fit(X[9:], y[9:])
    np.testing.assert_allclose(model.predict(X), refit.predict(X), rtol=1e-8)


def test_bins_that_were_fitted_elsewhere_are_taken_over():
    X, y = rows()
    theirs = make_pipeline(KBinsDiscretizer(3, encode="ordinal"), Ridge()).fit(X, y)
    model = su.unlearnable(theirs, X, y).partial_unfit(X[:9], y[:9])
    assert type(model[0]) is su.UnlearnableKBinsDiscretizer
    refit = clone(theirs).fit(X[9:], y[9:])
    np.testing.assert_allclose(model.predict(X), refit.predict(X), rtol=1e-8)
    with pytest.warns(DataMismatchWarning, match="bin_edges_"):
        su.unlearnable(theirs, X * 2.0, y)


@pytest.mark.parametrize("retain_data", [False, True])
def test_before_a_model(retain_data):
    X, y = rows()
    front = su.UnlearnableKBinsDiscretizer(4, strategy="uniform")
    last = su.UnlearnableRidge(retain_data=retain_data)
    model = su.make_unlearnable_pipeline(front, last).fit(X, y)
    inner = np.flatnonzero(np.all((X.min(axis=0) < X) & (X.max(axis=0) > X), axis=1))[
        :5
    ]
    model.partial_unfit(X[inner], y[inner])  # no edge moves
    X, y = np.delete(X, inner, axis=0), np.delete(y, inner)
    if not retain_data:
        with pytest.raises(UnlearningError, match="retain_data"):
            model.partial_unfit(X[X[:, 0].argmin()][None], y[[X[:, 0].argmin()]])
    else:
        model.partial_unfit(X[:9], y[:9])
        X, y = X[9:], y[9:]
    refit = clone(model).fit(X, y)
    np.testing.assert_allclose(model.predict(X), refit.predict(X), rtol=1e-8)
