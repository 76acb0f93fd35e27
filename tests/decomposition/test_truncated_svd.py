"""Singular vectors: what the tests of all transformers do not ask."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.decomposition import TruncatedSVD
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import sklearn_unlearn as su
from sklearn_unlearn.exceptions import ProblemTooLargeError, UnlearningError


def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 5)) * [5.0, 3.0, 2.0, 1.0, 0.5] + 1.0
    return X, (X[:, 0] > 1.0).astype(int)


def test_refusals():
    X, _ = rows()
    for params, words in (
        ({"n_components": 0}, "n_components"),
        ({"n_components": 6}, "n_components=6 must be at most 5"),
        ({"n_components": 5, "algorithm": "arpack"}, "must be at most 4"),
        ({"algorithm": "other"}, "algorithm"),
        ({"tol": -1.0}, "tol"),
    ):
        with pytest.raises(ValueError, match=words):
            su.UnlearnableTruncatedSVD(**params).fit(X)
    with pytest.raises(ProblemTooLargeError, match="more than"):
        su.UnlearnableTruncatedSVD().fit(np.ones((2, 9000)))
    model = su.UnlearnableTruncatedSVD(4).fit(X)
    before = pickle.dumps(model)
    with pytest.raises(UnlearningError, match="must be at most 3"):
        model.forget_features([0, 1])
    assert pickle.dumps(model) == before


@pytest.mark.parametrize(
    ("algorithm", "kept"),
    [("arpack", su.UnlearnableTruncatedSVD), ("randomized", TruncatedSVD)],
)
def test_before_a_model(algorithm, kept):
    X, y = rows()
    theirs = make_pipeline(
        TruncatedSVD(3, algorithm=algorithm, random_state=0),
        LogisticRegression(tol=1e-9),
    ).fit(X, y)
    model = su.unlearnable(theirs, X, y)
    assert type(model[0]) is kept
    model.partial_unfit(X[:9], y[:9]).forget_features(4)
    rest = np.delete(X, 4, axis=1)
    refit = clone(theirs).fit(rest[9:], y[9:])
    np.testing.assert_allclose(
        model.predict_proba(X), refit.predict_proba(rest), rtol=1e-4, atol=1e-9
    )
