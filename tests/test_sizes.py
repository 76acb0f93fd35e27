"""Models of exact sums of values of any size, against their twins."""

import numpy as np
import pytest
from sklearn.base import clone

import sklearn_unlearn
from sklearn_unlearn import (
    UnlearnableMaxAbsScaler,
    UnlearnableMinMaxScaler,
    UnlearnableRidge,
    UnlearnableStandardScaler,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import UnlearningError

RNG = np.random.default_rng(0)
ROWS = np.abs(np.array([1.0, 0.0, 2.0]) + RNG.normal(size=(60, 3)))
TARGET = ROWS @ [1.0, 2.0, -1.0] + RNG.normal(size=60)
CLASSES = (TARGET > 1.0).astype(int)
FEW = np.arange(3)

#: Sums of squares, and of values alone: the scales at which twins still answer.
SQUARED, SINGLE = [1e-154, 1e-120, 1e110], [1e-300, 1e-154, 1e200]
CASES = [
    *(("StandardScaler", {}, scale) for scale in SQUARED),
    *(("StandardScaler", {"with_std": False}, scale) for scale in SINGLE),
    *(("MinMaxScaler", {}, scale) for scale in SINGLE),
    *(("MaxAbsScaler", {}, scale) for scale in SINGLE),
    *(("SimpleImputer", {}, scale) for scale in SINGLE),
    *(("PCA", {}, scale) for scale in SQUARED[1:]),
    *(("GaussianNB", {}, scale) for scale in SQUARED[1:]),
    *(("MultinomialNB", {}, scale) for scale in SINGLE),
    *(("NearestCentroid", {}, scale) for scale in SQUARED[1:]),
    *(("LinearDiscriminantAnalysis", {"tol": 0.0}, scale) for scale in SQUARED[1:]),
    *(("LinearRegression", {}, scale) for scale in SQUARED[1:]),
]


def answers(model, X):
    method = next(
        name
        for name in ("predict_proba", "predict", "transform")
        if hasattr(model, name)
    )
    return getattr(model, method)(X)


@pytest.mark.parametrize(("name", "params", "scale"), CASES)
def test_values_of_any_size_are_summed(name, params, scale):
    model = getattr(sklearn_unlearn, f"Unlearnable{name}")(**params)
    twin = model._twin_class(**params)
    y = {"LinearRegression": TARGET}.get(name, CLASSES)
    targets = () if hasattr(model, "transform") and name[-3:] != "sis" else (y,)
    X = ROWS * scale
    model.fit(X, *targets).partial_unfit(X[FEW], *(each[FEW] for each in targets))
    twin.fit(X[3:], *(each[3:] for each in targets))
    found, expected = answers(model, X), answers(twin, X)
    largest = np.abs(expected).max()
    np.testing.assert_allclose(found / largest, expected / largest, atol=1e-8)


@pytest.mark.parametrize("scale", [1e-154, 1e100])
def test_so_are_weighted_ones(scale):
    X, weight = ROWS * scale, RNG.uniform(0.1, 10.0, 60)
    scaler = UnlearnableStandardScaler().fit(X, sample_weight=weight)
    scaler.partial_unfit(X[FEW], sample_weight=weight[FEW])
    twin = scaler._twin_class().fit(X[3:], sample_weight=weight[3:])
    np.testing.assert_allclose(scaler.transform(X), twin.transform(X), rtol=1e-9)
    with pytest.raises(ValueError, match=r"X: .* different sizes .* scale the columns"):
        UnlearnableStandardScaler().fit([[1e-300], [1.0]], sample_weight=[1.0, 2.0])


def test_what_is_small_is_left_when_what_is_large_leaves():
    small, large = ROWS * 1e-154, np.full((1, 3), 1e119)
    scaler = UnlearnableStandardScaler().fit(np.vstack([large, small]))
    scaler.partial_unfit(large)
    refit = clone(scaler).fit(small)
    np.testing.assert_array_equal(scaler.scale_, refit.scale_)
    np.testing.assert_array_equal(scaler.mean_, refit.mean_)
    assert scaler.scale_.max() < 1e-150


def test_squares_of_what_is_too_large_are_refused():
    X = ROWS.copy()
    X[0, 0] = 1e121
    for name, y in (
        ("StandardScaler", ()),
        ("GaussianNB", (CLASSES,)),
        ("PCA", ()),
        ("LinearRegression", (TARGET,)),
    ):
        model = getattr(sklearn_unlearn, f"Unlearnable{name}")()
        with pytest.raises(
            ValueError, match=r"X: .*not below 3e\+120.*scale the column"
        ) as caught:
            model.fit(X, *y)
        assert "1e+121" not in str(caught.value)
    UnlearnableStandardScaler(with_std=False).fit(X)


@pytest.mark.parametrize(
    ("name", "y"),
    [
        ("LinearRegression", TARGET),
        ("NearestCentroid", CLASSES),
        ("LinearDiscriminantAnalysis", CLASSES),
    ],
)
def test_squares_of_what_is_too_small_are_refused_as_such(name, y):
    X = np.vstack([ROWS[:5], ROWS[5:] * 1e-170])
    model = getattr(sklearn_unlearn, f"Unlearnable{name}")().fit(X, y)
    before = model.predict(X)
    with pytest.raises(UnlearningError, match=r"1e-162.*: scale"):
        model.partial_unfit(X[:5], y[:5])
    np.testing.assert_array_equal(model.predict(X), before)


@pytest.mark.parametrize(
    ("scaler", "large", "small"),
    [
        (UnlearnableStandardScaler(), 1e119, 1e-154),
        (UnlearnableMaxAbsScaler(), 1e200, 1e-200),
        (UnlearnableMinMaxScaler(), 1e200, 1e-200),
    ],
)
def test_what_others_become_is_not_guessed(scaler, large, small):
    X, y = np.vstack([np.full((1, 3), large), ROWS * small]), np.append(0.0, TARGET)
    model = make_unlearnable_pipeline(clone(scaler), UnlearnableRidge()).fit(X, y)
    with pytest.raises(UnlearningError, match="retain_data=True"):
        model.partial_unfit(X[:1], y[:1])
    model = make_unlearnable_pipeline(scaler, UnlearnableRidge(retain_data=True))
    model.fit(X, y).partial_unfit(X[:1], y[:1])
    refit = clone(model).fit(X[1:], y[1:])
    np.testing.assert_allclose(model.predict(X[1:]), refit.predict(X[1:]), rtol=1e-8)
