"""Bayesian ridge regression from sums, against refits of scikit-learn's twin."""

import copy
import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.linear_model import BayesianRidge
from sklearn.pipeline import Pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_unlearn import UnlearnableBayesianRidge
from sklearn_unlearn.core.statistics.class_sums import Statistics
from sklearn_unlearn.exceptions import (
    DataMismatchWarning,
    EmptyClassError,
    InsufficientWeightError,
    ProblemTooLargeError,
    RowNotFoundError,
    UnlearningError,
)
from tests.interruptions import interruptions
from tests.linear_model.arrays import arrays_of, holds_multiple, pickled_arrays
from tests.statistical import assert_identical
from tests.turns import parametrize_with_checks_in_turns

ATTRIBUTES = (
    *("X_offset_", "X_scale_", "alpha_", "coef_", "intercept_"),
    *("lambda_", "n_iter_", "scores_", "sigma_"),
)
CASES = {
    "default": {},
    "scores": {"compute_score": True, "tol": 1e-6},
    "no_intercept": {"fit_intercept": False},
    "priors": {"alpha_1": 2.0, "alpha_2": 0.1, "lambda_1": 3.0, "lambda_2": 0.4},
    "starts": {"alpha_init": 0.3, "lambda_init": 7.0, "compute_score": True},
    "no_prior": {"lambda_init": 0.0},
    "one_update": {"max_iter": 1, "compute_score": True},
}


@parametrize_with_checks([UnlearnableBayesianRidge()])
def test_sklearn_check(estimator, check):
    check(estimator)


@parametrize_with_checks_in_turns(
    [UnlearnableBayesianRidge(), UnlearnableBayesianRidge(fit_intercept=False)]
)
def test_unlearner_check(estimator, check):
    check(estimator)


def data(n_rows=90, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, 4)) @ rng.normal(size=(4, 4)) + [5.0, 0.0, -1.0, 0.2]
    return X, X @ [1.0, -2.0, 0.3, 0.0] + rng.normal(size=n_rows) + 3.0


def assert_same(model, twin, X, rtol=1e-10):
    for attribute in ATTRIBUTES:
        found, expected = getattr(model, attribute), getattr(twin, attribute)
        scale = np.abs(expected).max() if np.size(expected) else 0.0
        np.testing.assert_allclose(
            found, expected, rtol=rtol, atol=rtol * scale, err_msg=attribute
        )
    for found, expected in zip(
        model.predict(X, return_std=True), twin.predict(X, return_std=True), strict=True
    ):
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol)
    np.testing.assert_array_equal(model.predict(X), model.predict(X, True)[0])


@pytest.mark.parametrize("case", CASES)
def test_fit_is_the_twins(case):
    X, y = data()
    model = UnlearnableBayesianRidge(**CASES[case]).fit(X, y)
    twin = BayesianRidge(**CASES[case]).fit(X, y)
    assert_same(model, twin, X)
    assert_same(model.to_sklearn(), twin, X)
    assert model.score(X, y) == pytest.approx(twin.score(X, y), rel=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_a_row_of_weight_two_is_two_rows(case):
    X, y = data()
    weight = np.random.default_rng(1).integers(0, 4, len(y))
    model = UnlearnableBayesianRidge(**CASES[case]).fit(X, y, weight)
    rows = np.repeat(np.arange(len(y)), weight)
    twin = BayesianRidge(**CASES[case]).fit(X[rows], y[rows])
    assert_same(model, twin, X)
    assert_identical(
        model, UnlearnableBayesianRidge(**CASES[case]).fit(X[rows], y[rows])
    )


@pytest.mark.parametrize("n_rows", [2, 4, 5])
def test_few_rows(n_rows):
    X, y = data(n_rows)
    model = UnlearnableBayesianRidge(lambda_1=1.0).fit(X, y)
    twin = BayesianRidge(lambda_1=1.0).fit(X, y)
    np.testing.assert_allclose(model.coef_, twin.coef_, rtol=1e-8)
    # scikit-learn 1.6 leaves out of sigma_ the directions that no row has
    values = np.linalg.eigvalsh(model.sigma_)
    assert np.count_nonzero(values > (1.0 - 1e-8) / model.lambda_) == max(5 - n_rows, 0)


@settings(deadline=None, max_examples=40)
@given(
    st.booleans(),
    st.lists(
        st.tuples(
            st.sampled_from(
                ["partial_unfit", "replace_features", "replace_labels", "partial_fit"]
            ),
            st.integers(0, 59),
        ),
        max_size=8,
    ),
    st.sets(st.integers(0, 3), max_size=2),
)
def test_any_requests_give_the_refit(weighted, requests, columns):
    X, y = data(60)
    spare_X, spare_y = data(60, seed=5)
    weight = np.random.default_rng(2).uniform(0.2, 2.0, 60) if weighted else np.ones(60)
    inside = np.arange(60) < 50
    model = UnlearnableBayesianRidge().fit(X[inside], y[inside], weight[inside])
    for step, (verb, row) in enumerate(requests):
        if step == 1 and columns:
            model.forget_features(sorted(columns))
        rows = np.unique([row, (row * 7) % 60, (row * 11) % 60])
        rows = rows[inside[rows] != (verb == "partial_fit")]
        rows = rows[rows >= 9]  # some stay
        if not rows.size:
            continue
        request, given_ = getattr(model, verb), (X[rows], y[rows])
        if verb == "replace_features":
            request(*given_, spare_X[rows], weight[rows])
            X[rows] = spare_X[rows]
        elif verb == "replace_labels":
            request(*given_, spare_y[rows], weight[rows])
            y[rows] = spare_y[rows]
        else:
            request(*given_, sample_weight=weight[rows])
            inside[rows] = verb == "partial_fit"
    alive = np.ones(4, dtype=bool)
    if len(requests) > 1 and columns:
        alive[list(columns)] = False
        assert not model.coef_[~alive].any()
    rows = X[inside][:, alive], y[inside], weight[inside]
    refit = UnlearnableBayesianRidge().fit(*rows)
    assert_identical(model, refit)
    np.testing.assert_array_equal(model.coef_[alive], refit.coef_)
    if not weighted:
        assert_same(refit, BayesianRidge().fit(*rows[:2]), rows[0])


def test_outliers_leave_no_trace():
    X, y = data(5_000)
    X[:, 0] += 1e6
    X[5], X[17], y[30] = 1e16, -1e100, 1e40
    model = UnlearnableBayesianRidge().fit(X, y)
    for part in np.array_split(np.arange(4_000), 40):
        model.partial_unfit(X[part], y[part])
    assert_identical(model, UnlearnableBayesianRidge().fit(X[4_000:], y[4_000:]))
    assert_same(model, BayesianRidge().fit(X[4_000:], y[4_000:]), X[4_000:], 1e-8)


@pytest.mark.parametrize("condition", [1e2, 1e5, 1e7])
def test_small_singular_values(condition):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 10)) * np.geomspace(1.0, 1.0 / condition, 10)
    y = X @ np.ones(10) + rng.normal(size=300)
    assert_same(UnlearnableBayesianRidge().fit(X, y), BayesianRidge().fit(X, y), X)


@pytest.mark.parametrize(("noise", "rtol"), [(1e-1, 1e-11), (1e-2, 1e-9), (1e-3, 1e-7)])
def test_small_residuals(noise, rtol):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 10))
    y = X @ np.ones(10) + noise * rng.normal(size=300)
    model, twin = UnlearnableBayesianRidge().fit(X, y), BayesianRidge().fit(X, y)
    np.testing.assert_allclose(model.coef_, twin.coef_, rtol=1e-12)
    assert_same(model, twin, X, rtol)


@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")  # of the twin
def test_a_start_of_no_precision():
    X, y = data()
    model = (
        UnlearnableBayesianRidge(alpha_init=0.0).fit(X, y).partial_unfit(X[:9], y[:9])
    )
    twin = BayesianRidge(alpha_init=0.0).fit(X[9:], y[9:])
    np.testing.assert_allclose(model.coef_, twin.coef_, rtol=1e-9)
    np.testing.assert_allclose(model.alpha_, twin.alpha_, rtol=1e-9)


def test_starts_that_divide_by_zero_are_refused():
    X, y = data()
    for params in (
        {"alpha_init": 0.0, "lambda_init": 0.0},
        {"alpha_init": 0.0, "compute_score": True},
    ):
        with pytest.raises(ValueError, match="alpha_init=0 gives no model"):
            UnlearnableBayesianRidge(**params).fit(X, y)


def test_equal_columns_and_columns_without_values():
    X, y = data()
    X = np.column_stack([X, X[:, 0], np.full(len(y), 3.0)])
    model, twin = UnlearnableBayesianRidge().fit(X, y), BayesianRidge().fit(X, y)
    assert_same(model, twin, X)
    flat = UnlearnableBayesianRidge().fit(np.ones((5, 2)), np.arange(5.0))
    np.testing.assert_array_equal(flat.coef_, [0.0, 0.0])
    assert flat.intercept_ == 2.0


def test_bad_requests_are_refused_and_change_nothing():
    X, y = data()
    model = UnlearnableBayesianRidge().fit(X, y)
    fitted = model._fitted
    with pytest.raises(InsufficientWeightError):
        model.partial_unfit(np.concatenate([X, X]), np.concatenate([y, y]))
    with pytest.raises(EmptyClassError, match="no rows"):
        model.partial_unfit(X, y)
    with pytest.raises(RowNotFoundError):
        model.partial_unfit(X[:1] + 200.0, y[:1])
    with pytest.raises(RowNotFoundError):
        model.partial_unfit(X[:1], y[:1] + 1e4)
    with pytest.raises(UnlearningError, match="columns"):
        model.forget_features([0, 1, 2, 3])
    with pytest.raises(ValueError, match="X_new"):
        model.replace_features(X[:2], y[:2], X[:3])
    with pytest.raises(ValueError, match="y_new"):
        model.replace_labels(X[:2], y[:2], [np.nan, 1.0])
    with pytest.raises(ValueError, match="y_new"):
        model.replace_labels(X[:2], y[:2], y[:3])
    with pytest.raises(ValueError, match="Pass X and y"):
        model.partial_unfit(X[:2], None)
    with pytest.raises(ValueError, match="classes"):
        model.partial_fit(X[:2], y[:2], classes=[0, 1])
    with pytest.raises(TypeError, match=r"[Ss]parse"):
        model.partial_unfit(sp.csr_array(X[:2]), y[:2])
    with pytest.raises(ProblemTooLargeError, match="columns"):
        UnlearnableBayesianRidge().fit(np.zeros((2, 2**13 + 1)), [0.0, 1.0])
    with pytest.raises(ValueError, match="max_iter"):
        UnlearnableBayesianRidge(max_iter=0).fit(X, y)
    assert model._fitted is fitted


class Injected(BaseException):
    """Raised in the middle of a request."""


REQUESTS = {
    "partial_unfit": lambda model, X, y: model.partial_unfit(X[:2], y[:2]),
    "replace_features": lambda model, X, y: model.replace_features(
        X[:2], y[:2], X[2:4]
    ),
    "replace_labels": lambda model, X, y: model.replace_labels(X[:2], y[:2], y[2:4]),
    "forget_features": lambda model, X, y: model.forget_features([2]),
    "partial_fit": lambda model, X, y: model.partial_fit(X[:3], y[:3]),
}


@pytest.mark.parametrize("place", ["of", "changed", "columns", "_fill"])
@pytest.mark.parametrize("verb", REQUESTS)
def test_a_fault_leaves_the_model(monkeypatch, verb, place):
    X, y = data()
    model = UnlearnableBayesianRidge().fit(X, y)
    fitted = model._fitted

    def fail(*_, **__):
        raise Injected

    owner = UnlearnableBayesianRidge if place == "_fill" else Statistics
    with monkeypatch.context() as patch:
        patch.setattr(owner, place, fail)
        try:
            REQUESTS[verb](model, X, y)
        except Injected:
            assert model._fitted is fitted
        else:
            assert place != "_fill"


@pytest.mark.parametrize("verb", REQUESTS)
def test_interrupted_at_any_line_a_request_is_done_or_undone(verb):
    X, y = data()
    model = UnlearnableBayesianRidge().fit(X, y)
    fitted = model._fitted
    done = REQUESTS[verb](copy.deepcopy(model), X, y)
    n_undone = 0
    for _ in interruptions(lambda: REQUESTS[verb](model, X, y), verb):
        if model._fitted is fitted:
            n_undone += 1
        else:
            assert_identical(model, done)
            model._fitted = fitted
    assert n_undone > 30
    np.testing.assert_array_equal(model.coef_, done.coef_)
    # no request that was interrupted still counts as the one in progress
    assert model.request_record_.verb == verb


def test_copies_and_exports():
    X, y = data()
    model = UnlearnableBayesianRidge().fit(X, y).partial_unfit(X[:2], y[:2])
    for twin in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        twin.partial_unfit(X[2:4], y[2:4]).forget_features(0)
        other = UnlearnableBayesianRidge().fit(X[4:], y[4:]).forget_features(0)
        assert_identical(twin, other)
    assert "_fitted" not in vars(clone(model))
    assert not model.sigma_.flags.writeable
    assert model.to_sklearn().sigma_.flags.writeable
    model.forget_features(1)
    kept, dropped = model.to_sklearn(), model.to_sklearn(drop_forgotten=True)
    assert isinstance(kept, Pipeline)
    expected = model.predict(X)
    np.testing.assert_array_equal(kept.predict(X), expected)
    rest = np.delete(X, 1, axis=1)
    np.testing.assert_allclose(dropped.predict(rest), expected, rtol=1e-12)
    np.testing.assert_allclose(X @ model.coef_ + model.intercept_, expected)
    X[:, 1] = np.nan
    np.testing.assert_array_equal(model.predict(X), expected)


def test_no_erased_row_is_kept():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(240, 24))
    y = X[:, 0] + rng.normal(size=240)
    model = UnlearnableBayesianRidge().fit(X, y).partial_unfit(X[20:21], y[20:21])
    for arrays in (pickled_arrays(model), [a for _, a in arrays_of(vars(model))]):
        assert len(arrays) > 3
        assert not any(holds_multiple(a, X[20]) for a in arrays if a.dtype != "O")


def test_a_fitted_model_is_taken_over():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 4))
    y = X @ [1.0, 0.0, -2.0, 0.5] + 0.3 * rng.normal(size=80)
    deployed = BayesianRidge(lambda_1=1e-3).fit(X, y)
    adopted = UnlearnableBayesianRidge.from_sklearn(deployed, X, y)
    assert adopted.lambda_1 == 1e-3
    adopted.partial_unfit(X[:9], y[:9])
    refit = BayesianRidge(lambda_1=1e-3).fit(X[9:], y[9:])
    np.testing.assert_allclose(adopted.coef_, refit.coef_, rtol=1e-10)
    with pytest.warns(DataMismatchWarning, match="give another"):
        UnlearnableBayesianRidge.from_sklearn(deployed, X[9:], y[9:])
