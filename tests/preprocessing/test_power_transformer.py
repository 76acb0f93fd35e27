"""Power transformations: what the tests of all transformers do not ask.

The twin searches for the powers to a share of 1e-8, and what it finds in the same rows
in another order differs by some 1e-5 where the likelihood is flat.
"""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PowerTransformer

import sklearn_unlearn as su
from sklearn_unlearn.exceptions import DataMismatchWarning, UnlearningError
from tests.test_transformers import equal

CASES = [{}, {"standardize": False}, {"method": "box-cox"}]


def rows(seed=0, n_rows=60):
    return np.random.default_rng(seed).gamma(1.0, size=(n_rows, 4)) * [
        4.0,
        0.2,
        2.0,
        1.0,
    ]


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("params", CASES)
def test_requests_give_the_refit(params, missing):
    X, new = rows(), rows(seed=1)
    if missing:
        X[::7, 1] = np.nan
    model = su.UnlearnablePowerTransformer(**params).fit(X[:50])
    model.partial_unfit(X[:5]).partial_fit(X[50:])
    model.replace_features(X[5:9], X_new=new[5:9]).forget_features(2)
    X[5:9] = new[5:9]
    rest = np.delete(X[5:], 2, axis=1)
    twin = PowerTransformer(**params).fit(rest)
    np.testing.assert_allclose(model.lambdas_, twin.lambdas_, atol=1e-5)
    for plain in (model, model.to_sklearn(), model.to_sklearn(drop_forgotten=True)):
        wide = X[5:] if plain.n_features_in_ == 4 else rest
        np.testing.assert_allclose(
            plain.transform(wide), twin.transform(rest), atol=1e-5
        )
    outputs = model.transform(rest)
    np.testing.assert_allclose(
        model.inverse_transform(outputs), twin.inverse_transform(outputs), rtol=1e-4
    )
    again = su.UnlearnablePowerTransformer(**params).fit(X[5:]).forget_features(2)
    equal(model._fitted.statistics, again._fitted.statistics)
    np.testing.assert_array_equal(model.lambdas_, again.lambdas_)


def test_what_the_twin_finds_in_sorted_rows_is_found_to_the_bit():
    X = rows()
    model = su.UnlearnablePowerTransformer().fit(X).partial_unfit(X[:9])
    twin = PowerTransformer().fit(np.sort(X[9:], axis=0))
    np.testing.assert_array_equal(model.lambdas_, twin.lambdas_)
    np.testing.assert_array_equal(model.transform(X), twin.transform(X))


def test_refusals_change_nothing():
    X = rows()
    model = su.UnlearnablePowerTransformer("box-cox").fit(X)
    before = pickle.dumps(model)
    with pytest.raises(UnlearningError, match="strictly positive"):
        model.partial_fit(-X[:1])
    with pytest.raises(UnlearningError, match="Column 0 of X holds"):
        model.partial_unfit(X[:1] + 1.0)
    assert pickle.dumps(model) == before
    with pytest.raises(ValueError, match="method"):
        su.UnlearnablePowerTransformer("other").fit(X)


def test_powers_that_are_hardly_determined_are_no_other_data():
    X = 5.0 + np.random.default_rng(3).normal(size=(60, 4)) * [4.0, 0.2, 2.0, 1.0]
    theirs = PowerTransformer().fit(X)
    su.unlearnable(theirs, X)
    with pytest.warns(DataMismatchWarning, match="lambdas_"):
        su.unlearnable(theirs, np.exp(X))


def test_before_a_model():
    X = rows()
    y = (X[:, 0] > X[:, 2]).astype(int)
    theirs = make_pipeline(PowerTransformer(), LogisticRegression(tol=1e-9)).fit(X, y)
    model = su.unlearnable(theirs, X, y)
    assert type(model[0]) is su.UnlearnablePowerTransformer
    model.partial_unfit(X[:9], y[:9]).forget_features(1)
    rest = np.delete(X, 1, axis=1)
    refit = clone(theirs).fit(rest[9:], y[9:])
    np.testing.assert_allclose(
        model.predict_proba(X), refit.predict_proba(rest), rtol=1e-3
    )
