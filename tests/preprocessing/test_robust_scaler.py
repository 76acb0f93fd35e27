"""Scaling by quantiles: what the tests of all transformers do not ask."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.preprocessing import RobustScaler

import sklearn_unlearn as su
from sklearn_unlearn.exceptions import RowNotFoundError

VALUES = st.sampled_from([0.0, -0.0, 1.0, 1.5, -7.0, 1e300, 5e-324, np.nan])


@settings(deadline=None, max_examples=40)
@example([(0.0, 0.0), (np.nan, np.nan)], 0.0, 0.0, True)
@example([(0.0, 0.0), (np.nan, 1.0)], 25.0, 75.0, True)
@given(
    st.lists(st.tuples(VALUES, VALUES), min_size=2, max_size=12),
    st.floats(0.0, 100.0),
    st.floats(0.0, 100.0),
    st.booleans(),
)
@pytest.mark.filterwarnings("ignore:All-NaN slice:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
def test_quantiles_are_the_twins_to_the_bit(rows, low, high, single):
    X = np.array(rows)
    if single:
        X = np.clip(X, -1e30, 1e30).astype(np.float32)
    params = {"quantile_range": (min(low, high), max(low, high))}
    scaler = su.UnlearnableRobustScaler(**params).fit(X)
    scaler.partial_unfit(X[:1])
    twin = RobustScaler(**params).fit(X[1:])
    np.testing.assert_array_equal(scaler.scale_, twin.scale_)
    np.testing.assert_allclose(scaler.center_, twin.center_, rtol=1e-7)
    assert scaler.center_.dtype == twin.center_.dtype
    assert scaler.scale_.dtype == twin.scale_.dtype


def test_before_a_model_and_behind_an_imputer():
    rng = np.random.default_rng(0)
    X = rng.standard_cauchy(size=(61, 3))
    X[::7, 1] = np.nan
    y = rng.normal(size=61)
    front = su.UnlearnableSimpleImputer(strategy="median")
    for retain_data in (False, True):
        for steps in ([front], [front, su.UnlearnableRobustScaler()]):
            model = su.make_unlearnable_pipeline(
                *steps, su.UnlearnableRobustScaler(), su.UnlearnableRidge()
            )
            if len(steps) > 1 and not retain_data:
                continue
            model[-1].set_params(retain_data=retain_data)
            if not retain_data:
                X = np.nan_to_num(X)
            model.fit(X, y).partial_unfit(X[:4], y[:4])
            model.replace_features(X[4:5], y[4:5], X[:1])
            left = np.concatenate([X[:1], X[5:]])
            refit = clone(model).fit(left, y[4:])
            np.testing.assert_allclose(model.predict(X), refit.predict(X), rtol=1e-7)


def test_what_is_refused():
    X = np.arange(12.0).reshape(6, 2)
    scaler = su.UnlearnableRobustScaler().fit(X)
    with pytest.raises(RowNotFoundError):
        scaler.partial_unfit([[0.5, 1.0]])
    np.testing.assert_array_equal(scaler.center_, RobustScaler().fit(X).center_)
    with pytest.raises(TypeError, match=r"[Ss]parse"):
        scaler.fit(sp.csr_array(X))
    with pytest.raises(ValueError, match="quantile range"):
        su.UnlearnableRobustScaler(quantile_range=(80.0, 20.0)).fit(X)
