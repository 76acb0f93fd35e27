"""Ridge regression with a penalty that leave-one-out errors choose, after requests."""

import pickle

import numpy as np
import pytest
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import KFold
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_unlearn import (
    UnlearnableRidgeCV,
    UnlearnableStandardScaler,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import InsufficientWeightError
from sklearn_unlearn.linear_model import _ridge_cv
from sklearn_unlearn.utils.estimator_checks import parametrize_with_unlearner_checks
from tests.model_selection.searches import without

ALPHAS = [0.01, 1.0, 30.0, 1000.0]
ROWS = np.array([0, 7, 31])


def data(n_targets=None, n_rows=80, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_rows, 6)) + 3.0
    way = rng.standard_normal((6, n_targets or 1))
    y = X @ way + 3.0 * rng.standard_normal((n_rows, n_targets or 1)) + 5.0
    return X, y if n_targets else y[:, 0]


def assert_same(model, twin, X):
    np.testing.assert_array_equal(model.alpha_, twin.alpha_)
    for name in ("coef_", "intercept_", "best_score_"):
        found, expected = getattr(model, name), getattr(twin, name)
        assert np.shape(found) == np.shape(expected)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9, err_msg=name)
    np.testing.assert_allclose(model.predict(X), twin.predict(X), rtol=1e-9)


@pytest.fixture
def no_fits(monkeypatch):
    """Fails a request that fits again."""

    def begun(self, fitted):
        raise AssertionError("fitted again")

    return lambda: monkeypatch.setattr(UnlearnableRidgeCV, "_begun", begun)


@pytest.mark.parametrize(
    ("n_targets", "params"),
    [
        (None, {}),
        (None, {"fit_intercept": False}),
        (1, {}),
        (3, {}),
        (3, {"alpha_per_target": True}),
        (3, {"alpha_per_target": True, "fit_intercept": False}),
    ],
)
def test_requests_give_the_fit_to_what_is_edited(no_fits, n_targets, params):
    X, y = data(n_targets)
    params = {"alphas": ALPHAS, **params}
    model = UnlearnableRidgeCV(**params).fit(X, y)
    no_fits()
    model.partial_unfit(X[ROWS], y[ROWS])
    X, y = np.delete(X, ROWS, axis=0), np.delete(y, ROWS, axis=0)
    assert_same(model, RidgeCV(**params).fit(X, y), X)
    X_new, y_new = X[:2] + 1.0, y[:2] - 2.0
    model.partial_fit(X_new, y_new)
    X, y = np.concatenate([X, X_new]), np.concatenate([y, y_new])
    assert_same(model, RidgeCV(**params).fit(X, y), X)
    before, targets = X[[4, -1]].copy(), y[[4, -1]].copy()
    X[[4, -1]] *= 1.5
    model.replace_features(before, targets, X[[4, -1]])
    y[[4, -1]] += 1.0
    model.replace_labels(X[[4, -1]], targets, y[[4, -1]])
    assert_same(model, RidgeCV(**params).fit(X, y), X)


@pytest.mark.parametrize("offset", [1e4, 1e7])
def test_columns_far_from_zero(no_fits, offset):
    X, y = data()
    X = X + offset
    model = UnlearnableRidgeCV(ALPHAS).fit(X, y)
    model.partial_unfit(X[:3], y[:3])
    no_fits()
    model.replace_features(X[3:4], y[3:4], X[4:5] + 0.5).partial_fit(X[:1], y[:1])
    rest = np.vstack([X[4:], X[4:5] + 0.5, X[:1]])
    twin = RidgeCV(ALPHAS).fit(rest, np.concatenate([y[4:], y[3:4], y[:1]]))
    assert model.alpha_ == twin.alpha_
    size = np.ptp(y)
    np.testing.assert_allclose(model.predict(X), twin.predict(X), atol=1e-7 * size)


def test_a_choice_that_changes():
    X, y = data()
    y[:6] += 300.0 * np.random.default_rng(1).standard_normal(6)
    model = UnlearnableRidgeCV(ALPHAS).fit(X, y)
    chosen = model.alpha_
    model.partial_unfit(X[:6], y[:6])
    assert model.alpha_ != chosen
    assert_same(model, RidgeCV(ALPHAS).fit(X[6:], y[6:]), X)


def test_weights_and_names(no_fits):
    X, y = data()
    weight = np.linspace(0.5, 2.0, 80)
    weight[5] = 0.0
    model = UnlearnableRidgeCV(ALPHAS).fit(X, y, weight, row_ids=range(80))
    no_fits()
    model.partial_unfit(row_ids=[3, 4])
    left = np.delete(np.arange(80), [3, 4, 5])
    assert_same(model, RidgeCV(ALPHAS).fit(X[left], y[left], weight[left]), X)


def test_what_has_no_errors_to_follow_is_fitted_again():
    X, y = data()
    every = [
        ({}, {"sample_weight": [0.25]}),
        ({"scoring": "neg_mean_absolute_error"}, {}),
        ({"store_cv_results": True}, {}),
    ]
    for params, part in every:
        weight = np.ones(80)
        model = UnlearnableRidgeCV(ALPHAS, **params).fit(X, y, weight)
        model.partial_unfit(X[:1], y[:1], **part)
        weight[0] -= part.get("sample_weight", [1.0])[0]
        left = np.flatnonzero(weight)
        twin = RidgeCV(ALPHAS, **params)
        twin.fit(X[left], y[left], weight[left] if part else None)
        assert_same(model, twin, X)
    model.forget_features([1])
    X, y = X[1:], y[1:]
    for _ in range(2):
        twin = RidgeCV(ALPHAS).fit(np.delete(X, 1, axis=1), y)
        np.testing.assert_allclose(np.delete(model.coef_, 1), twin.coef_, rtol=1e-9)
        assert model.coef_[1] == 0.0
        assert model.alpha_ == twin.alpha_
        model.partial_unfit(X[:1], y[:1])
        X, y = X[1:], y[1:]


def test_with_folds_each_row_keeps_its_own():
    X, y = data()
    folds = list(KFold(3, shuffle=True, random_state=0).split(X))
    cv = KFold(3, shuffle=True, random_state=0)
    model = UnlearnableRidgeCV(ALPHAS, cv=cv).fit(X, y).partial_unfit(X[ROWS], y[ROWS])
    left = np.delete(np.arange(80), ROWS)
    folds = without(folds, ROWS, 80)
    assert_same(model, RidgeCV(ALPHAS, cv=folds).fit(X[left], y[left]), X)
    X, y = np.concatenate([X[left], X[ROWS]]), np.concatenate([y[left], y[ROWS]])
    model.partial_fit(X[77:], y[77:])
    new = (np.arange(3) + 80) % 3  # in turn
    folds = [
        (
            np.append(a, 77 + np.flatnonzero(new != k)),
            np.append(b, 77 + np.flatnonzero(new == k)),
        )
        for k, (a, b) in enumerate(folds)
    ]
    assert_same(model, RidgeCV(ALPHAS, cv=folds).fit(X, y), X)
    with pytest.raises(InsufficientWeightError, match="one of the folds"):
        model.partial_unfit(X[folds[0][1]], y[folds[0][1]])


def test_a_row_that_alone_holds_a_direction_is_computed_anew():
    X, y = data()
    X[:, 3] = 0.0
    X[0, 3] = 1e5
    model = UnlearnableRidgeCV(ALPHAS).fit(X, y).partial_unfit(X[:1], y[:1])
    assert_same(model, RidgeCV(ALPHAS).fit(X[1:], y[1:]), X)


def test_many_requests(monkeypatch):
    X, y = data(n_rows=120)
    computed, of = [], _ridge_cv.LeaveOneOut.of

    def counted(*given):
        computed.append(1)
        return of(*given)

    monkeypatch.setattr(_ridge_cv.LeaveOneOut, "of", staticmethod(counted))
    model = UnlearnableRidgeCV(ALPHAS).fit(X, y)
    for row in range(80):
        model.partial_unfit(X[[row]], y[[row]])
    assert len(computed) == 2
    assert_same(model, RidgeCV(ALPHAS).fit(X[80:], y[80:]), X)
    again = pickle.loads(pickle.dumps(model))
    again.partial_unfit(X[[80]], y[[80]])
    model.partial_unfit(X[[80]], y[[80]])
    assert_same(again, model, X)


def test_nothing_erased_is_in_the_pickle_and_a_refusal_changes_nothing():
    X, y = data()
    X[7, 2] = marked = 1234.56789
    model = UnlearnableRidgeCV(ALPHAS).fit(X, y).partial_unfit(X[[7]], y[[7]])
    assert np.float64(marked).tobytes() not in pickle.dumps(model)
    before = model.coef_.copy()
    with pytest.raises(InsufficientWeightError):
        model.partial_unfit(np.delete(X, 7, axis=0), np.delete(y, 7))
    np.testing.assert_array_equal(model.coef_, before)


def test_behind_a_scaler():
    X, y = data()
    given = UnlearnableStandardScaler(), UnlearnableRidgeCV(ALPHAS)
    model = make_unlearnable_pipeline(*given).fit(X, y)
    model.partial_unfit(X[ROWS], y[ROWS])
    left = np.delete(np.arange(80), ROWS)
    Z = (X - X[left].mean(axis=0)) / X[left].std(axis=0)
    assert_same(model[-1], RidgeCV(ALPHAS).fit(Z[left], y[left]), Z)


# Of two equal rows one is left out: with several penalties, weights are no repetitions.
@parametrize_with_checks([UnlearnableRidgeCV([1.0])])
def test_sklearn_check(estimator, check):
    check(estimator)


@parametrize_with_unlearner_checks([UnlearnableRidgeCV()])
def test_unlearner_check(estimator, check):
    check(estimator)
