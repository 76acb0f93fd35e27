"""What is particular to scaling by extreme values."""

import pickle

import numpy as np
import pytest
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler

from sklearn_unlearn import UnlearnableMaxAbsScaler, UnlearnableMinMaxScaler
from sklearn_unlearn.exceptions import UnlearningError
from tests.transformers import fit_quietly

BOTH = {UnlearnableMinMaxScaler: MinMaxScaler, UnlearnableMaxAbsScaler: MaxAbsScaler}


@pytest.mark.parametrize("cls", BOTH)
def test_when_all_extremes_have_left_the_request_is_refused(cls):
    X = np.sort(np.random.default_rng(0).exponential(size=(500, 2)), axis=0)[::-1]
    scaler = cls(n_extremes=5).fit(X)
    assert len(pickle.dumps(scaler)) < len(pickle.dumps(cls(n_extremes=500).fit(X))) / 2
    for row in range(4):
        scaler.partial_unfit(X[row : row + 1])
    twin, fitted = BOTH[cls]().fit(X[4:]), scaler._fitted
    np.testing.assert_array_equal(scaler.scale_, twin.scale_)
    with pytest.raises(UnlearningError, match="larger n_extremes"):
        scaler.partial_unfit(X[4:5])
    assert scaler._fitted is fitted
    # fitted again it goes on
    scaler.fit(X[4:]).partial_unfit(X[4:5])
    np.testing.assert_array_equal(scaler.scale_, BOTH[cls]().fit(X[5:]).scale_)


@pytest.mark.parametrize("cls", BOTH)
def test_ordinary_rows_leave_for_ever(cls):
    X = np.random.default_rng(0).normal(size=(500, 2))
    extreme = (np.abs(X) > 2.0).any(axis=1)
    scaler = cls(n_extremes=5).fit(X)
    for row in X[~extreme]:
        scaler.partial_unfit(row[None])
    np.testing.assert_array_equal(scaler.scale_, BOTH[cls]().fit(X[extreme]).scale_)


@pytest.mark.parametrize("number", [0, 2.5, None, True])
@pytest.mark.parametrize("cls", BOTH)
def test_the_number_of_extremes_is_checked(cls, number):
    with pytest.raises(ValueError, match="n_extremes"):
        cls(n_extremes=number).fit([[1.0]])


@pytest.mark.parametrize("cls", BOTH)
def test_float32_and_columns_without_values(cls):
    X = np.array([[1.5, np.nan], [3.0, np.nan], [2.0, 7.0]], dtype=np.float32)
    scaler, twin = cls().fit(X).partial_unfit(X[2:]), BOTH[cls]()
    fit_quietly(twin, X[:2])
    assert scaler.scale_.dtype == twin.scale_.dtype
    np.testing.assert_array_equal(scaler.scale_, twin.scale_)
    np.testing.assert_array_equal(scaler.transform(X), twin.transform(X))


def test_clipping_needs_a_twin_that_clips():
    if "clip" in MaxAbsScaler().get_params():
        scaler = UnlearnableMaxAbsScaler(clip=True).fit([[1.0], [4.0]])
        assert scaler.transform([[9.0]]) == 1.0
    else:
        with pytest.raises(ValueError, match="clip"):
            UnlearnableMaxAbsScaler(clip=True).fit([[1.0], [4.0]])
