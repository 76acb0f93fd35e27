"""Many requests through steps that move: bounds on rounding do not add up."""

import warnings

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from sklearn_unlearn import (
    GaussianCertification,
    UnlearnableLogisticRegression,
    UnlearnableRidge,
    UnlearnableStandardScaler,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.core.linear.peaks import mapped_peaks


@pytest.mark.parametrize(
    "model",
    [
        UnlearnableLogisticRegression(),
        UnlearnableLogisticRegression(class_weight="balanced"),
        UnlearnableRidge(),
    ],
    ids=["factor", "parts", "products"],
)
def test_a_hundred_requests_without_data(model):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1500, 4)) * [1.0, 10.0, 0.1, 3.0] + [0.0, 5.0, 1.0, -2.0]
    y = (X[:, 0] + rng.normal(size=1500) > 0.0).astype(int)
    pipeline = make_unlearnable_pipeline(UnlearnableStandardScaler(), model).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for i in range(100):
            pipeline.partial_unfit(X[i : i + 1], y[i : i + 1])
    again = make_unlearnable_pipeline(UnlearnableStandardScaler(), model)
    again.fit(X[100:], y[100:])
    state, refit = (each[-1]._fitted.model.state for each in (pipeline, again))
    assert state.factor.lost < 1e-13
    assert np.abs(state.theta - refit.theta).max() < 1e-3


def test_peaks_bound_what_is_mapped():
    rng = np.random.default_rng(1)
    peaks = 2.0 ** rng.integers(-9, 30, size=6)
    for T in (rng.normal(size=(4, 6)), np.diag(rng.normal(size=6)), np.eye(6)[:5]):
        found = mapped_peaks(T, peaks)
        exact = np.square(np.abs(T) @ np.sqrt(peaks))
        assert np.all(found >= exact * (1.0 - 1e-14))
        assert np.all(found <= 2.0 * exact)
    assert np.allclose(mapped_peaks(np.eye(6), peaks), peaks, rtol=1e-15)


def test_peaks_of_a_map_tell_its_order_of_magnitude_alone():
    peaks = np.array([2.0**20])
    for scale in (1.0 + 1e-5, 1.0 + 1.4e-5, 0.7, 0.72, 300.0, 330.0):
        found = mapped_peaks(np.array([[scale]]), peaks)[0] / peaks[0]
        mantissa, _ = np.frexp(found)
        excess = 2.0 * mantissa - 1.0
        assert excess == 0.0 or np.log2(excess).is_integer()


def test_no_columns_have_no_peaks():
    assert mapped_peaks(np.zeros((0, 2)), np.ones(2)).shape == (0,)
    assert mapped_peaks(np.zeros((2, 0)), np.ones(0)).tolist() == [0.0, 0.0]
    assert mapped_peaks(np.zeros((1, 2)), np.ones(2)).tolist() == [0.0]


def test_a_hundred_certified_requests_without_data():
    # behind a scaler: what is known of the rows does not grow by itself
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1500, 4)) * [1.0, 10.0, 0.1, 3.0] + [0.0, 5.0, 1.0, -2.0]
    y = (X[:, 0] + rng.normal(size=1500) > 0.0).astype(int)
    model = UnlearnableLogisticRegression(
        certification=GaussianCertification(1.0, 1e-5, 1e3)
    )
    pipeline = make_unlearnable_pipeline(UnlearnableStandardScaler(), model).fit(X, y)
    before = pipeline[-1]._fitted.lineage.drift
    for i in range(100):
        pipeline.partial_unfit(X[i : i + 1], y[i : i + 1])
    fitted = pipeline[-1]._fitted
    drift, state = fitted.lineage.drift, fitted.model.state
    geometry, Z = drift.geometry, StandardScaler().fit_transform(X[100:])
    largest = np.append(np.abs(Z).max(axis=0), 1.0)
    longest = np.sqrt(1.0 + np.square(Z).sum(axis=1)).max()
    assert np.all(largest <= geometry.reach)
    assert np.all(geometry.reach <= 2.2 * largest)
    assert longest <= geometry.length <= 1.2 * longest
    assert geometry.error < 4.0 * before.geometry.error
    assert drift.floor.size < 3.0 * before.floor.size
    refit = make_unlearnable_pipeline(
        UnlearnableStandardScaler(), UnlearnableLogisticRegression()
    ).fit(X[100:], y[100:])
    truth = np.linalg.norm(state.theta - refit[-1]._fitted.model.state.theta)
    record = pipeline[-1].private_record()
    assert truth <= record.distance < 0.02
    assert 0.0 < record.raw_change < 0.5
