"""Quantiles of columns: what the tests of all transformers do not ask."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.preprocessing import QuantileTransformer

import sklearn_unlearn as su
from sklearn_unlearn.exceptions import UnlearningError


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("as_format", [np.asarray, sp.csr_array])
def test_quantiles_are_the_twins_to_the_bit(as_format, dtype):
    rng = np.random.default_rng(0)
    X = np.round(rng.gamma(1.0, size=(80, 3)), 2).astype(dtype)
    X[rng.random(X.shape) < 0.3] = 0.0
    model = su.UnlearnableQuantileTransformer(n_quantiles=9).fit(as_format(X))
    model.partial_unfit(as_format(X[:30])).partial_unfit(as_format(X[30:33]))
    twin = QuantileTransformer(n_quantiles=9).fit(as_format(X[33:]))
    assert model.quantiles_.dtype == twin.quantiles_.dtype
    np.testing.assert_array_equal(model.quantiles_, twin.quantiles_)
    found, expected = (each.transform(as_format(X)) for each in (model, twin))
    if sp.issparse(found):
        found, expected = found.toarray(), expected.toarray()
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(
        model.inverse_transform(expected), twin.inverse_transform(expected)
    )


def test_fewer_rows_than_quantiles():
    X = np.arange(8.0)[:, None]
    model = su.UnlearnableQuantileTransformer().fit(X)  # not warned of
    model.partial_unfit(X[2:4])
    twin = QuantileTransformer(n_quantiles=6).fit(np.delete(X, [2, 3], axis=0))
    assert model.n_quantiles_ == twin.n_quantiles_
    np.testing.assert_array_equal(model.quantiles_, twin.quantiles_)


def test_before_a_model():
    rng = np.random.default_rng(0)
    X = rng.standard_cauchy(size=(60, 3))
    y = rng.normal(size=60)
    front = su.UnlearnableQuantileTransformer(n_quantiles=10)
    model = su.make_unlearnable_pipeline(front, su.UnlearnableRidge()).fit(X, y)
    with pytest.raises(UnlearningError, match="retain_data=True"):
        model.partial_unfit(X[:4], y[:4])
    for last in (su.UnlearnableRidge, su.UnlearnableLinearRegression):
        model = su.make_unlearnable_pipeline(
            su.UnlearnableStandardScaler(), front, last(retain_data=True)
        ).fit(X, y)
        model.partial_unfit(X[:4], y[:4]).replace_features(X[4:5], y[4:5], X[:1])
        left = np.concatenate([X[5:], X[:1]])
        refit = clone(model).fit(left, np.append(y[5:], y[4]))
        np.testing.assert_allclose(model.predict(X), refit.predict(X), rtol=1e-9)


def test_what_is_refused():
    X = np.arange(30.0)[:, None]
    small = su.UnlearnableQuantileTransformer(n_quantiles=5, subsample=29)
    with pytest.raises(ValueError, match="subsample=None"):
        small.fit(X)
    small.fit(X[:29])
    with pytest.raises(UnlearningError, match="subsample=None"):
        small.partial_fit(X[29:])
    assert small.quantiles_[-1] == 28.0
    with pytest.raises(ValueError, match="ignore_implicit_zeros"):
        su.UnlearnableQuantileTransformer(ignore_implicit_zeros=True).fit(X)
    with pytest.raises(ValueError, match="non-negative sparse"):
        su.UnlearnableQuantileTransformer().fit(sp.csr_array(-X))
    with pytest.raises(ValueError, match="n_quantiles"):
        su.UnlearnableQuantileTransformer(n_quantiles=0).fit(X)
