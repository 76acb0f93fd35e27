"""Lasso and elastic net from sums, against refits of scikit-learn's twins."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.linear_model import ElasticNet, Lasso
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import sklearn_unlearn as su
from sklearn_unlearn import UnlearnableElasticNet, UnlearnableLasso
from sklearn_unlearn.exceptions import DataMismatchWarning, RowNotFoundError
from tests.linear_model.arrays import arrays_of, holds_multiple, pickled_arrays
from tests.pairwise import pairwise
from tests.statistical import assert_identical
from tests.turns import parametrize_with_checks_in_turns

N = 90
KINDS = {
    "lasso": (UnlearnableLasso, {"alpha": 0.2}),
    "positive lasso": (UnlearnableLasso, {"alpha": 0.1, "positive": True}),
    "elastic net": (UnlearnableElasticNet, {"alpha": 0.3, "l1_ratio": 0.4}),
    "ridge": (UnlearnableElasticNet, {"alpha": 0.1, "l1_ratio": 0}),
    "positive": (UnlearnableElasticNet, {"alpha": 0.1, "positive": True}),
}
VERBS = [
    "partial_unfit",
    "replace_features",
    "replace_labels",
    "partial_fit",
    "forget_features",
]
#: Of the twins: they end at their tolerance.
TIGHT = {"tol": 1e-14, "max_iter": 100_000}


@parametrize_with_checks([UnlearnableLasso(), UnlearnableElasticNet()])
def test_sklearn_check(estimator, check):
    check(estimator)


@parametrize_with_checks_in_turns(
    [
        UnlearnableLasso(alpha=0.01),
        UnlearnableElasticNet(alpha=0.01, retain_data=True),
        UnlearnableElasticNet(alpha=0.01, fit_intercept=False, positive=True),
    ]
)
def test_unlearner_check(estimator, check):
    check(estimator)


def data(n_targets=None, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N, 8)) @ rng.normal(size=(8, 8)) + np.arange(8.0)
    X *= rng.uniform(size=X.shape) < 0.7
    coef = rng.normal(size=(8, n_targets or 1)) * (np.arange(8) % 2)[:, None]
    y = X @ coef + 2.0 * rng.normal(size=(N, n_targets or 1)) + 3.0
    return X, y if n_targets else y[:, 0]


def twin_of(model, **params):
    params = {**TIGHT, **params}
    return model.to_sklearn().set_params(**params)


def assert_same(model, twin, X, alive=slice(None), tol=1e-6):
    coef = model.coef_[..., alive]
    assert coef.shape == twin.coef_.shape
    np.testing.assert_allclose(coef, twin.coef_, atol=tol)
    np.testing.assert_array_equal(coef != 0.0, np.abs(twin.coef_) > tol)
    np.testing.assert_allclose(model.intercept_, twin.intercept_, atol=10 * tol)
    assert np.shape(model.intercept_) == np.shape(twin.intercept_)
    assert np.shape(model.dual_gap_) == np.shape(twin.dual_gap_)
    assert np.shape(model.n_iter_) == np.shape(twin.n_iter_)
    assert np.max(model.dual_gap_) < 1e-12
    np.testing.assert_allclose(
        model.predict(X), twin.predict(X[:, alive]), atol=100 * tol
    )


def changed(verb, rows, y, weight, spare_X, spare_y):
    """What a refit is to be trained on."""
    rows, y, weight = rows.copy(), y.copy(), weight.copy()
    some = slice(10, 22)
    if verb == "partial_unfit":
        return rows[22:], y[22:], weight[22:]
    if verb == "replace_features":
        rows[some] = spare_X[some]
    elif verb == "replace_labels":
        y[some] = spare_y[some]
    elif verb == "partial_fit":
        return (
            np.concatenate([rows, spare_X[some]]),
            np.concatenate([y, spare_y[some]]),
            np.concatenate([weight, weight[some]]),
        )
    return rows, y, weight


# the twin's gap, without a penalty on absolute values, does not close
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    ("kind", "verb", "sparse", "weighted", "fit_intercept", "retain_data", "n_targets"),
    pairwise(KINDS, VERBS, *[[False, True]] * 4, [None, 1, 2]),
)
def test_requests_give_the_refit(
    kind, verb, sparse, weighted, fit_intercept, retain_data, n_targets
):
    cls, params = KINDS[kind]
    X, y = data(n_targets)
    spare_X, spare_y = data(n_targets, seed=5)
    weight = np.random.default_rng(2).uniform(0.5, 2.0, N) if weighted else np.ones(N)
    form = sp.csr_array if sparse else np.asarray
    params = {**params, "fit_intercept": fit_intercept}
    model = cls(**params, retain_data=retain_data)
    model.fit(form(X), y, weight)
    assert_same(model, twin_of(model).fit(form(X), y, weight), form(X))
    some, first = slice(10, 22), slice(22)
    if verb == "partial_unfit":
        model.partial_unfit(form(X[first]), y[first], weight[first])
    elif verb == "replace_features":
        model.replace_features(
            form(X[some]), y[some], form(spare_X[some]), weight[some]
        )
    elif verb == "replace_labels":
        model.replace_labels(form(X[some]), y[some], spare_y[some], weight[some])
    elif verb == "partial_fit":
        model.partial_fit(
            form(spare_X[some]), spare_y[some], sample_weight=weight[some]
        )
    else:
        model.forget_features([1, 4])
    rows, targets, weight = changed(verb, X, y, weight, spare_X, spare_y)
    alive = np.arange(8)
    if verb == "forget_features":
        alive = np.delete(alive, [1, 4])
    refit = cls(**params).fit(form(rows[:, alive]), targets, weight)
    np.testing.assert_array_equal(model.coef_[..., alive], refit.coef_)
    np.testing.assert_array_equal(model.intercept_, refit.intercept_)
    assert_identical(model, refit)
    twin = twin_of(refit).fit(form(rows[:, alive]), targets, weight)
    assert_same(model, twin, form(X), alive)
    assert abs(model.sparse_coef_ - np.atleast_2d(model.coef_)).max() == 0.0


def test_a_path_of_requests_ends_at_the_refit_to_the_last_bit():
    X, y = data()
    X[5], y[7] = 1e6, -1e9
    model = UnlearnableLasso(alpha=0.1).fit(X, y)
    for row in range(60):
        model.partial_unfit(X[[row]], y[[row]])
    refit = UnlearnableLasso(alpha=0.1).fit(X[60:], y[60:])
    np.testing.assert_array_equal(model.coef_, refit.coef_)
    assert model.n_iter_ == refit.n_iter_
    assert_identical(model, refit)


@pytest.mark.parametrize("cls", [UnlearnableLasso, UnlearnableElasticNet])
def test_without_a_penalty_it_is_least_squares(cls):
    X, y = data()
    model = cls(alpha=0.0).fit(X, y)
    least = su.UnlearnableLinearRegression().fit(X, y)
    np.testing.assert_allclose(model.coef_, least.coef_, rtol=1e-10)
    assert model.to_sklearn().alpha == 0.0


def test_equal_columns_give_what_the_rows_give_whatever_was_there_before():
    X, y = data()
    X = np.column_stack([X, X[:, ::-1], np.ones(N)])
    model = UnlearnableLasso(alpha=0.1).fit(X, y)
    for rows in np.array_split(np.arange(40), 8):
        model.partial_unfit(X[rows], y[rows])
    refit = UnlearnableLasso(alpha=0.1).fit(X[40:], y[40:])
    np.testing.assert_array_equal(model.coef_, refit.coef_)
    twin = Lasso(alpha=0.1, **TIGHT).fit(X[40:], y[40:])
    np.testing.assert_allclose(model.predict(X), twin.predict(X), atol=1e-5)
    assert model.coef_[-1] == 0.0


def test_a_matrix_of_products_is_refused():
    X, y = data()
    with pytest.raises(ValueError, match="precompute must be a bool"):
        UnlearnableLasso(precompute=X.T @ X).fit(X, y)
    for value in (True, False):
        UnlearnableLasso(precompute=value).fit(X, y)
    for params in ({"alpha": -1.0}, {"selection": "greedy"}, {"tol": -1}):
        with pytest.raises(ValueError, match=next(iter(params))):
            UnlearnableLasso(**params).fit(X, y)


def test_rows_that_were_never_in_are_refused():
    X, y = data()
    model = UnlearnableLasso(alpha=0.1).fit(X, y)
    before = model._fitted
    with pytest.raises(RowNotFoundError):
        model.partial_unfit(X[:1] + 300.0, y[:1])
    assert model._fitted is before
    named = UnlearnableLasso(alpha=0.1, retain_data=True).fit(
        X, y, row_ids=np.arange(N)
    )
    named.partial_unfit(row_ids=[3])
    np.testing.assert_array_equal(
        named.coef_, model.partial_unfit(X[[3]], y[[3]]).coef_
    )


def test_no_erased_row_is_kept():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(240, 24))
    y = X[:, 0] + rng.normal(size=240)
    model = UnlearnableLasso(alpha=0.05).fit(X, y).partial_unfit(X[20:21], y[20:21])
    for arrays in (pickled_arrays(model), [a for _, a in arrays_of(vars(model))]):
        assert len(arrays) > 3
        assert not any(holds_multiple(a, X[20]) for a in arrays if a.dtype != "O")


@pytest.mark.parametrize(
    ("cls", "deployed"),
    [
        (UnlearnableLasso, Lasso(alpha=0.2)),
        (UnlearnableLasso, Lasso(alpha=0.2, tol=1e-2, max_iter=9, positive=True)),
        (UnlearnableElasticNet, ElasticNet(alpha=0.2, fit_intercept=False)),
        (UnlearnableElasticNet, ElasticNet(alpha=0.1, selection="random")),
    ],
)
def test_a_fitted_model_is_taken_over(cls, deployed):
    X, y = data()
    deployed.fit(X, y)
    model = cls.from_sklearn(deployed, X, y)
    assert model.to_sklearn().get_params() == deployed.get_params()
    model.partial_unfit(X[:9], y[:9])
    twin = deployed.set_params(**TIGHT).fit(X[9:], y[9:])
    assert_same(model, twin, X)
    with pytest.warns(DataMismatchWarning, match="another coef_"):
        cls.from_sklearn(deployed, X[:, ::-1], y)


def test_behind_a_scaler_sums_follow():
    X, y = data()
    twin = make_pipeline(StandardScaler(), Lasso(alpha=0.2, **TIGHT))
    for retain_data in (False, True):
        model = su.make_unlearnable_pipeline(
            su.UnlearnableStandardScaler(),
            UnlearnableLasso(alpha=0.2, retain_data=retain_data),
        )
        model.fit(X, y).partial_unfit(X[:9], y[:9])
        twin.fit(X[9:], y[9:])
        np.testing.assert_allclose(model.predict(X), twin.predict(X), atol=1e-5)
    converted = su.unlearnable(make_pipeline(StandardScaler(), Lasso()))
    assert isinstance(converted[-1], UnlearnableLasso)


def test_a_search_and_copies():
    X, y = data()
    grid = {"alpha": [0.1, 1.0], "selection": ["cyclic", "random"]}
    search = GridSearchCV(UnlearnableLasso(), grid, cv=3).fit(X, y)
    model = pickle.loads(pickle.dumps(search.best_estimator_))
    model.partial_unfit(X[:3], y[:3])
    refit = UnlearnableLasso(**search.best_params_).fit(X[3:], y[3:])
    np.testing.assert_array_equal(model.coef_, refit.coef_)
