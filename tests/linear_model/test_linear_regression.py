"""Least squares from sums, against refits of scikit-learn's twin."""

import pickle
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import DataConversionWarning
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_unlearn import UnlearnableLinearRegression
from sklearn_unlearn.exceptions import (
    DataMismatchWarning,
    EmptyClassError,
    InsufficientWeightError,
    NotPositiveDefiniteError,
    ProblemTooLargeError,
    RowNotFoundError,
)
from tests.statistical import assert_identical
from tests.turns import parametrize_with_checks_in_turns


@parametrize_with_checks([UnlearnableLinearRegression()])
def test_sklearn_check(estimator, check):
    check(estimator)


@parametrize_with_checks_in_turns(
    [UnlearnableLinearRegression(), UnlearnableLinearRegression(fit_intercept=False)]
)
def test_unlearner_check(estimator, check):
    check(estimator)


def data(n_rows=90, n_targets=None, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, 4)) @ rng.normal(size=(4, 4)) + [5.0, 0.0, -1.0, 0.2]
    X *= rng.uniform(size=X.shape) < 0.7
    coef = rng.normal(size=(4, n_targets or 1))
    y = X @ coef + rng.normal(size=(n_rows, n_targets or 1)) + 3.0
    return X, y if n_targets else y[:, 0]


def assert_same(model, twin, X, rtol=1e-10):
    for attribute in ("coef_", "intercept_", "singular_", "rank_"):
        if not hasattr(twin, attribute):  # of sparse data
            continue
        found, expected = getattr(model, attribute), getattr(twin, attribute)
        assert np.shape(found) == np.shape(expected)
        np.testing.assert_allclose(found, expected, rtol, rtol, err_msg=attribute)
    np.testing.assert_allclose(model.predict(X), twin.predict(X), rtol, rtol)


def assert_equal_to_the_bit(model, refit):
    assert_identical(model, refit)
    for attribute in ("coef_", "intercept_", "singular_", "rank_"):
        found, expected = getattr(model, attribute), getattr(refit, attribute)
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("n_targets", [None, 1, 3])
def test_requests_give_the_twins_refit(n_targets, fit_intercept, weighted):
    X, y = data(90, n_targets)
    new_X, new_y = data(90, n_targets, seed=5)
    weight = np.random.default_rng(2).integers(1, 4, 90) / 2.0
    if not weighted:
        weight[:] = 1.0

    def cut(rows):
        return X[rows], y[rows], weight[rows] if weighted else None

    everything, first, second = slice(None), slice(0, 9), slice(9, 20)
    model = UnlearnableLinearRegression(fit_intercept=fit_intercept)
    model.fit(*cut(everything))
    twin = LinearRegression(fit_intercept=fit_intercept)
    assert_same(model, twin.fit(*cut(everything)), X)
    assert_same(model.to_sklearn(), twin, X)
    assert model.to_sklearn().get_params() == twin.get_params()
    assert model.score(X, y) == pytest.approx(twin.score(X, y), rel=1e-12)

    weights = {"sample_weight": cut(first)[2]}
    model.partial_unfit(X[first], y[first], **weights)
    assert_same(model, twin.fit(*cut(slice(9, None))), X)
    X_old, y_old, part = cut(second)
    model.replace_features(X_old, y_old, new_X[second], part)
    X[second] = new_X[second]
    model.replace_labels(X[second], y_old, new_y[second], part)
    y[second] = new_y[second]
    assert_same(model, twin.fit(*cut(slice(9, None))), X)
    model.partial_fit(X[first], y[first], **weights)
    assert_same(model, twin.fit(*cut(everything)), X)
    refit = UnlearnableLinearRegression(fit_intercept=fit_intercept)
    assert_equal_to_the_bit(model, refit.fit(*cut(everything)))

    model.forget_features(1)
    rest = np.delete(X, 1, axis=1)
    twin.fit(rest, *cut(everything)[1:])
    assert not model.coef_[..., 1].any()
    np.testing.assert_allclose(
        np.delete(model.coef_, 1, axis=-1), twin.coef_, rtol=1e-10
    )
    np.testing.assert_allclose(model.intercept_, twin.intercept_, rtol=1e-10)
    np.testing.assert_allclose(model.predict(X), twin.predict(rest), rtol=1e-10)
    refit.fit(rest, *cut(everything)[1:])
    assert_identical(model, refit)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 79), unique=True, max_size=60), st.booleans())
def test_any_order_of_rows_gives_the_refit(rows, backwards):
    X, y = data(80, 2)
    X[5, 0], y[7, 1] = 1e16, -1e40
    rows = [*rows, 5, 7] if backwards else [5, 7, *rows]
    rows = list(dict.fromkeys(rows))
    model = UnlearnableLinearRegression().fit(X, y)
    for row in rows:
        model.partial_unfit(X[[row]], y[[row]])
    left = np.setdiff1d(np.arange(80), rows)
    refit = UnlearnableLinearRegression().fit(X[left], y[left])
    assert_equal_to_the_bit(model, refit)
    assert_same(refit, LinearRegression().fit(X[left], y[left]), X[left])


@pytest.mark.parametrize("as_format", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("offset", [1e5, 1e8])
def test_offsets_of_columns_survive_ten_thousand_rows(offset, as_format):
    rng = np.random.default_rng(0)
    # multiples of 2**-20, so that the offset is added without rounding
    centred = np.round(rng.normal(size=(12_000, 4)) * 2.0**20) / 2.0**20
    X = centred + offset
    y = centred @ [1.0, -2.0, 0.5, 3.0] + rng.normal(size=12_000) + 7.0
    model = UnlearnableLinearRegression().fit(as_format(X), y)
    for part in np.array_split(np.arange(10_000), 100):
        model.partial_unfit(as_format(X[part]), y[part])
    X, centred, y = X[10_000:], centred[10_000:], y[10_000:]
    assert_equal_to_the_bit(model, UnlearnableLinearRegression().fit(as_format(X), y))
    # the twin has no offset to lose digits to
    twin = LinearRegression().fit(centred, y)
    np.testing.assert_allclose(model.coef_, twin.coef_, rtol=1e-12)
    np.testing.assert_allclose(model.singular_, twin.singular_, rtol=1e-12)
    intercept = twin.intercept_ - offset * model.coef_.sum()
    np.testing.assert_allclose(model.intercept_, intercept, rtol=1e-12)


@pytest.mark.parametrize("as_format", [sp.csr_matrix, sp.csc_array, sp.coo_array])
@pytest.mark.parametrize("n_targets", [None, 2])
def test_sparse_rows_are_the_dense_ones(n_targets, as_format):
    X, y = data(90, n_targets)
    sparse = as_format(X)
    weight = np.random.default_rng(1).uniform(0.5, 2.0, 90)
    model = UnlearnableLinearRegression().fit(sparse, y, weight)
    dense = UnlearnableLinearRegression().fit(X, y, weight)
    assert_equal_to_the_bit(model, dense)
    exact = {"tol": 1e-14} if "tol" in LinearRegression().get_params() else {}
    twin = LinearRegression(**exact).fit(sparse, y, weight)
    assert_same(model, twin, sparse, 1e-10 if exact else 1e-5)
    model.partial_unfit(as_format(X[:5]), y[:5], weight[:5]).forget_features(2)
    dense.partial_unfit(X[:5], y[:5], weight[:5]).forget_features(2)
    assert_equal_to_the_bit(model, dense)
    np.testing.assert_allclose(model.predict(sparse), dense.predict(X), rtol=1e-12)
    assert get_tags(model).input_tags.sparse
    np.testing.assert_allclose(
        model.to_sklearn().predict(sparse), dense.predict(X), rtol=1e-12
    )


def test_frames():
    pd = pytest.importorskip("pandas")
    X, y = data(90, 2)
    frame = pd.DataFrame(X, columns=list("abcd"))
    targets = pd.DataFrame(y, columns=["u", "v"])
    model = UnlearnableLinearRegression().fit(frame, targets)
    model.partial_unfit(frame[:5], targets[:5]).forget_features(["b"])
    refit = UnlearnableLinearRegression().fit(frame[5:].drop(columns="b"), targets[5:])
    np.testing.assert_array_equal(np.delete(model.coef_, 1, axis=1), refit.coef_)
    expected = model.predict(frame)
    np.testing.assert_array_equal(model.predict(frame.drop(columns="b")), expected)
    kept, dropped = model.to_sklearn(), model.to_sklearn(drop_forgotten=True)
    assert isinstance(kept, Pipeline)
    np.testing.assert_allclose(kept.predict(frame), expected)
    np.testing.assert_allclose(dropped.predict(frame[["a", "c", "d"]]), expected)
    assert model.feature_names_in_.tolist() == list("abcd")


def assert_shortest(model, X, y, rtol=1e-9, **keywords):
    """Coefficients and rank are those of the twin, and so are singular values."""
    fit_intercept = model.get_params()["fit_intercept"]
    twin = LinearRegression(fit_intercept=fit_intercept).fit(X, y, **keywords)
    alive = ~model._fitted.forgotten
    assert model.rank_ == twin.rank_
    found = model.coef_[..., alive]
    np.testing.assert_allclose(found, twin.coef_, rtol, rtol)
    np.testing.assert_allclose(model.intercept_, twin.intercept_, rtol, rtol)
    n_there = min(twin.singular_.size, model.rank_)
    singular = model.singular_
    np.testing.assert_allclose(singular[:n_there], twin.singular_[:n_there], 1e-7)
    assert not singular[model.rank_ :].any()


def categories(n_rows=60, seed=0):
    """All indicators of two categories, beside numbers of other units."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, size=(n_rows, 2))
    marks = (codes[:, :, None] == np.arange(4)).reshape(n_rows, 8) * 1.0
    numbers = rng.normal(size=(n_rows, 2)) * [1.0, 30.0] + [0.0, 100.0]
    X = np.column_stack([marks, numbers])
    y = X @ rng.normal(size=10) + rng.normal(size=n_rows)
    return X, y


DEPENDENT = {
    "indicators": lambda X: X,
    "twice": lambda X: np.column_stack([X, X[:, 8] - 2.0 * X[:, 3], X[:, 9]]),
    "constant": lambda X: np.column_stack([X[:, 8:], np.full(len(X), 0.1)]),
}


@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("kind", DEPENDENT)
def test_dependent_columns_have_the_shortest_coefficients(kind, fit_intercept):
    X, y = categories()
    X = DEPENDENT[kind](X)
    weight = np.random.default_rng(1).uniform(0.5, 2.0, y.size)
    y = np.column_stack([y, X[:, 0]])
    model = UnlearnableLinearRegression(fit_intercept=fit_intercept)
    assert_shortest(model.fit(X, y), X, y)
    model.fit(X, y, weight).partial_unfit(X[:20], y[:20], weight[:20])
    assert_shortest(model, X[20:], y[20:], sample_weight=weight[20:])
    refit = UnlearnableLinearRegression(fit_intercept=fit_intercept)
    assert_equal_to_the_bit(model, refit.fit(X[20:], y[20:], weight[20:]))


def test_columns_of_which_none_varies():
    X, y = np.full((9, 3), 7.0), np.arange(9.0)
    model = UnlearnableLinearRegression().fit(X, y)
    assert model.coef_.tolist() == [0.0] * 3
    assert (model.intercept_, model.rank_) == (4.0, 0)
    flat = UnlearnableLinearRegression(fit_intercept=False).fit(X, y)
    assert_shortest(flat, X, y)


def test_rows_leave_until_there_are_fewer_than_columns():
    X, y = data(12, 2)
    model = UnlearnableLinearRegression().fit(X, y)
    for n_left in range(11, 0, -1):
        model.partial_unfit(X[[n_left]], y[[n_left]])
        assert_shortest(model, X[:n_left], y[:n_left])
    model.partial_fit(X[1:], y[1:])
    assert_equal_to_the_bit(model, UnlearnableLinearRegression().fit(X, y))


def test_columns_that_are_forgotten_or_stop_to_vary():
    X, y = categories()
    model = UnlearnableLinearRegression().fit(X, y)
    last = np.flatnonzero(X[:, 2])
    left = np.setdiff1d(np.arange(y.size), last)
    model.partial_unfit(X[last], y[last])
    assert_shortest(model, X[left], y[left])
    assert model.coef_[2] == 0.0
    model.forget_features([0, 9])
    assert_shortest(model, np.delete(X, [0, 9], axis=1)[left], y[left])
    changed = X.copy()
    changed[:, 8] = changed[:, 5]
    model.replace_features(X[left], y[left], changed[left])
    assert_shortest(model, np.delete(changed, [0, 9], axis=1)[left], y[left])


@pytest.mark.parametrize("near", [1e-3, 1e-6])
@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_columns_that_nearly_depend_beside_some_that_do(near, offset):
    # sums that have no rounding, so that exactly one dimension is missing
    rng = np.random.default_rng(0)
    X = np.round(rng.normal(size=(80, 3)) * 2.0**10) / 2.0**10
    step = 2.0 ** np.round(np.log2(near))
    X[:, 1] = X[:, 0] + step * X[:, 1]
    X = np.column_stack([X, X[:, 2] - X[:, 0]]) + offset
    y = X @ [1.0, 2.0, 3.0, 4.0] + near * rng.normal(size=80)
    model = UnlearnableLinearRegression().fit(X, y)
    exact = {"tol": 1e-12} if "tol" in LinearRegression().get_params() else {}
    twin = LinearRegression(**exact).fit(X, y)
    assert model.rank_ == twin.rank_ == 3
    np.testing.assert_allclose(model.coef_, twin.coef_, rtol=1e-8 / near * 1e-3)
    # no vector that changes no prediction is in the coefficients
    idle = np.array([1.0, 0.0, -1.0, 1.0])
    assert abs(model.coef_ @ idle) < 1e-13 * np.abs(model.coef_).max()


def test_sparse_rows_with_dependent_columns():
    X, y = categories()
    model = UnlearnableLinearRegression().fit(sp.csr_array(X), y)
    assert_equal_to_the_bit(model, UnlearnableLinearRegression().fit(X, y))
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataMismatchWarning)
        UnlearnableLinearRegression.from_sklearn(LinearRegression().fit(X, y), X, y)


def test_squares_that_are_no_floats_are_refused():
    X, y = data(90)
    X[:, 1] *= 1e-170
    model = UnlearnableLinearRegression()
    with pytest.raises(NotPositiveDefiniteError, match=r"n_features=4 .*scale"):
        model.fit(X, y)
    assert not hasattr(model, "coef_")


def test_bad_input_is_refused_and_changes_nothing():
    X, y = data(90, 2)
    model = UnlearnableLinearRegression().fit(X, y)
    fitted = model._fitted
    with pytest.raises(InsufficientWeightError):
        model.partial_unfit(np.concatenate([X, X]), np.concatenate([y, y]))
    with pytest.raises(EmptyClassError, match="no rows"):
        model.partial_unfit(X, y)
    with pytest.raises(RowNotFoundError):
        model.partial_unfit(X[:1] + 200.0, y[:1])
    with pytest.raises(RowNotFoundError):
        model.partial_unfit(X[:1], y[:1] + 1e4)
    with pytest.raises(ValueError, match="expected 2 targets"):
        model.partial_unfit(X[:2], y[:2, :1])
    with pytest.raises(ValueError, match="y_new: y has shape"):
        model.replace_labels(X[:2], y[:2], y[:2, 0])
    with pytest.raises(ValueError, match="classes"):
        model.partial_fit(X[:2], y[:2], classes=[0, 1])
    assert model._fitted is fitted
    with pytest.raises(ValueError, match="positive must be False"):
        UnlearnableLinearRegression(positive=True).fit(X, y)
    with pytest.raises(ValueError, match="'positive' parameter"):
        UnlearnableLinearRegression(positive="no").fit(X, y)
    with pytest.raises(ProblemTooLargeError, match="targets"):
        UnlearnableLinearRegression().fit(np.zeros((2, 2)), np.zeros((2, 2**13)))
    one = UnlearnableLinearRegression().fit(X, y[:, 0])
    with pytest.warns(DataConversionWarning):
        one.partial_unfit(X[:2], y[:2, :1])
    refit = UnlearnableLinearRegression().fit(X[2:], y[2:, 0])
    assert_equal_to_the_bit(one, refit)


@pytest.mark.parametrize("as_format", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("offset", [0.0, 1e8])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_fitted_model_is_taken_over(offset, fit_intercept, as_format, dtype):
    if offset and (dtype == np.float32 or not fit_intercept):
        offset = 10.0  # larger ones round columns until they are dependent
    rng = np.random.default_rng(3)
    scales = [1.0, 10.0, 1e3 if dtype == np.float64 else 3.0, 1.0]
    X = (rng.normal(size=(400, 4)) * scales + offset).astype(dtype)
    y = rng.normal(size=(400, 2)) + X[:, :2] + X[:, 1:3]
    X = as_format(X)
    deployed = LinearRegression(fit_intercept=fit_intercept).fit(X, y)
    before = pickle.dumps(deployed)
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataMismatchWarning)
        adopted = UnlearnableLinearRegression.from_sklearn(deployed, X, y)
    assert pickle.dumps(deployed) == before
    assert adopted.get_params()["fit_intercept"] == fit_intercept
    adopted.partial_unfit(X[:9], y[:9])
    refit = UnlearnableLinearRegression(fit_intercept=fit_intercept).fit(X[9:], y[9:])
    assert_equal_to_the_bit(adopted, refit)
    with pytest.warns(DataMismatchWarning, match="another coef_"):
        UnlearnableLinearRegression.from_sklearn(deployed, X[99:], y[99:])
    if fit_intercept:
        with pytest.warns(DataMismatchWarning, match="another intercept_"):
            UnlearnableLinearRegression.from_sklearn(deployed, X, y + 0.5)
    with pytest.warns(DataMismatchWarning, match="another coef_"):
        UnlearnableLinearRegression.from_sklearn(deployed, X, y[:, 0])


def test_truncated_and_signed_twins():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(100, 2)) * [1.0, 1e-7]  # below the twin's tol of today
    y = X @ [1.0, 1.0] + rng.normal(size=100)
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataMismatchWarning)
        adopted = UnlearnableLinearRegression.from_sklearn(
            LinearRegression().fit(X, y), X, y
        )
    scaled = LinearRegression().fit(X * [1.0, 2.0**23], y)
    expected = scaled.coef_ * [1.0, 2.0**23]
    np.testing.assert_allclose(adopted.coef_, expected, rtol=1e-10)
    signed = LinearRegression(positive=True).fit(X, y)
    with pytest.raises(ValueError, match="positive must be False"):
        UnlearnableLinearRegression.from_sklearn(signed, X, y)
