"""Selection by variance: what the tests of all transformers do not ask."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.feature_selection import VarianceThreshold

import sklearn_unlearn as su
from sklearn_unlearn.exceptions import UnlearningError


def rows(n_rows=40):
    X = np.random.default_rng(0).normal(size=(n_rows, 4)) * [1.0, 1e-3, 2.0, 1e4]
    X[1:, 1] = 0.1
    X[:, 3] = 7.0
    return X


def test_support_is_of_the_columns_at_fit():
    X = rows()
    selector = su.UnlearnableVarianceThreshold().fit(X)
    assert selector.get_support().tolist() == [True, True, True, False]
    selector.partial_unfit(X[:1])
    assert selector.get_support().tolist() == [True, False, True, False]
    selector.forget_features(0)
    assert selector.get_support().tolist() == [False, False, True, False]
    assert selector.get_support(indices=True).tolist() == [2]
    assert selector.get_feature_names_out().tolist() == ["x2"]
    twin = selector.to_sklearn(drop_forgotten=True)
    assert isinstance(twin, VarianceThreshold)
    np.testing.assert_array_equal(selector.transform(X), twin.transform(X[:, 1:]))


def test_a_request_that_leaves_no_column_is_refused():
    X = rows()[:3, 1:2]
    selector = su.UnlearnableVarianceThreshold().fit(X)
    with pytest.raises(UnlearningError, match="No feature in X meets"):
        selector.partial_unfit(X[:1])
    assert selector.get_support().all()
    with pytest.raises(ValueError, match="only one sample"):
        su.UnlearnableVarianceThreshold().fit(X[:1])
    with pytest.raises(ValueError, match="threshold"):
        su.UnlearnableVarianceThreshold(threshold=-1.0).fit(X)


def test_a_constant_beside_missing_values_does_not_vary():
    X = np.column_stack([np.arange(9.0), np.full(9, 0.1)])
    X[3, 1] = np.nan
    selector = su.UnlearnableVarianceThreshold().fit(X)
    assert selector.get_support().tolist() == [True, False]


@pytest.mark.parametrize("retain_data", [False, True])
def test_columns_that_come_and_go_before_a_model(retain_data):
    X = rows()
    y = X @ [1.0, 10.0, 2.0, 0.0] + np.sin(np.arange(40))
    front = su.UnlearnableVarianceThreshold()
    last = su.UnlearnableRidge(retain_data=retain_data)
    model = su.make_unlearnable_pipeline(front, last).fit(X, y)
    model.partial_unfit(X[:1], y[:1])
    refit = clone(model).fit(X[1:], y[1:])
    np.testing.assert_allclose(model.predict(X), refit.predict(X), rtol=1e-9)
    assert model[-1].n_features_in_ == 2
    if not retain_data:
        with pytest.raises(UnlearningError, match="retain_data"):
            model.partial_fit(X[:1], y[:1])
        return
    model.partial_fit(X[:1], y[:1])
    refit = clone(model).fit(X, y)
    np.testing.assert_allclose(model.predict(X), refit.predict(X), rtol=1e-9)


def test_dtypes_stay_as_they_are():
    X = np.arange(12).reshape(6, 2) % 5
    for dtype in (np.int64, np.float32, bool):
        rows = X.astype(dtype)
        selector = su.UnlearnableVarianceThreshold().fit(rows)
        twin = VarianceThreshold().fit(rows)
        found, expected = selector.transform(rows), twin.transform(rows)
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)
