"""Linear models that keep no factor of their Hessian."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.exceptions import SkipTestWarning
from sklearn.linear_model import LogisticRegression, Ridge

from sklearn_unlearn import (
    GaussianCertification,
    UnlearnableHuberRegressor,
    UnlearnableLogisticRegression,
    UnlearnableRidge,
)
from sklearn_unlearn.core.linear import preconditioner
from sklearn_unlearn.exceptions import NoFactorError, UnlearningError
from sklearn_unlearn.utils.estimator_checks import check_unlearner
from tests.cases import ESTIMATORS, FORMATS, coefficients, data, make, stop, weights
from tests.linear_model.requests import N_ROWS, OUT, VERBS, ask
from tests.pairwise import pairwise


@pytest.mark.parametrize(
    ("name", "verb", "name_format", "weighted", "fit_intercept", "price"),
    pairwise(ESTIMATORS, VERBS, FORMATS, [False, True], [True, False], [0.0, np.inf]),
)
def test_every_verb_is_exact(
    name, verb, name_format, weighted, fit_intercept, price, monkeypatch
):
    monkeypatch.setattr(preconditioner, "_price", lambda data: price)
    as_format = FORMATS[name_format]
    X, y = data(name)
    X = X.astype(np.float32).astype(float)
    weight = weights(N_ROWS) if weighted else None
    params = {"retain_data": True, "fit_intercept": fit_intercept}
    estimator = make(name, curvature="iterative", **params)
    estimator.fit(as_format(X), y, sample_weight=weight)
    factored = make(name, curvature="cholesky", **params)
    factored.fit(X, y, sample_weight=weight)
    close = {"rtol": 1e-6, "atol": 1e-8}
    np.testing.assert_allclose(coefficients(estimator), coefficients(factored), **close)
    edited = ask(verb, estimator, as_format, X, y, weight)
    refit = factored.fit(edited[0], edited[1], sample_weight=edited[2])
    np.testing.assert_allclose(coefficients(estimator), coefficients(refit), **close)
    assert estimator.gradient_residual(*edited) <= stop(estimator, *edited)
    assert estimator._fitted.model.state.preconditioner is not None


def wide(n_rows=200, n_columns=3000, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.random((n_rows, n_columns))
    X[rng.random(X.shape) > 0.01] = 0.0
    y = (X[:, :50].sum(axis=1) + rng.normal(size=n_rows) > 0.3).astype(int)
    return sp.csr_array(X), y


def test_wide_sparse_rows_against_scikit_learn():
    X, y = wide()
    model = UnlearnableLogisticRegression(retain_data=True).fit(X, y)
    assert model._fitted.model.state.preconditioner is not None  # by the rule
    model.partial_unfit(X[:7], y[:7])
    twin = LogisticRegression(solver="newton-cg", tol=1e-11).fit(X[7:], y[7:])
    np.testing.assert_allclose(model.coef_, twin.coef_, atol=1e-8)
    np.testing.assert_allclose(model.intercept_, twin.intercept_, atol=1e-8)
    model.replace_labels(X[10:12], y[10:12], 1 - y[10:12])
    y[10:12] = 1 - y[10:12]
    model.forget_features([3, 4])
    kept = np.setdiff1d(np.arange(3000), [3, 4])
    twin.fit(X[7:][:, kept], y[7:])
    np.testing.assert_allclose(model.coef_[:, kept], twin.coef_, atol=1e-8)
    assert not model.coef_[:, [3, 4]].any()


def test_more_columns_than_any_factor_has():
    X, y = wide(n_columns=20_000)
    targets = y + 0.5
    model = UnlearnableRidge(retain_data=True).fit(X, targets)
    model.partial_unfit(X[:3], targets[:3])
    twin = Ridge(solver="sparse_cg", tol=1e-13).fit(X[3:], targets[3:])
    np.testing.assert_allclose(model.coef_, twin.coef_, atol=1e-8)
    assert len(pickle.dumps(model)) < 3 * (X.data.nbytes + 8 * 8 * 20_000)


def test_without_data_requests_are_refused_and_refine_is_not():
    X, y = wide()
    model = UnlearnableLogisticRegression(curvature="iterative", tol=1e-3).fit(X, y)
    before = model.coef_.copy()
    for ask_for in (
        lambda: model.partial_unfit(X[:1], y[:1]),
        lambda: model.partial_fit(X[:1], y[:1]),
        lambda: model.forget_features([0]),
        lambda: model.replace_labels(X[:1], y[:1], 1 - y[:1]),
    ):
        with pytest.raises(NoFactorError, match="retain_data=True"):
            ask_for()
    np.testing.assert_array_equal(model.coef_, before)
    model.set_params(tol=1e-9)
    model.refine(X, y)
    assert model.gradient_residual(X, y) <= 1e-9


@pytest.mark.parametrize("class_weight", ["balanced", {0: 1.0, 1: 3.0}])
def test_class_weights_follow_the_data(class_weight):
    X, y = wide()
    params = {"retain_data": True, "class_weight": class_weight, "C": 2.0}
    model = UnlearnableLogisticRegression(curvature="iterative", **params)
    model.fit(X, y).partial_unfit(X[:20], y[:20])
    refit = UnlearnableLogisticRegression(curvature="cholesky", **params)
    refit.fit(X[20:], y[20:])
    np.testing.assert_allclose(model.coef_, refit.coef_, atol=1e-8)
    with pytest.raises(NoFactorError, match="curvature='cholesky'"):
        model.removal_cost(X[20:21], y[20:21])
    with pytest.raises(NoFactorError, match="curvature='cholesky'"):
        model.influence(X[20:21], y[20:21])


@pytest.mark.parametrize("name", ["logistic", "ridge", "huber"])
def test_pickles_hold_nothing_of_the_head(name, monkeypatch):
    monkeypatch.setattr(preconditioner, "_price", lambda data: 0.0)
    X, y = data(name)
    model = make(name, curvature="iterative", retain_data=True).fit(X, y)
    model.partial_unfit(X[OUT], y[OUT])
    head = model._fitted.model.state.preconditioner
    assert head.kept.size
    loaded = pickle.loads(pickle.dumps(model))
    assert not loaded._fitted.model.state.preconditioner.kept.size
    np.testing.assert_array_equal(loaded.coef_, model.coef_)
    loaded.partial_unfit(X[:2], y[:2])
    model.partial_unfit(X[:2], y[:2])
    np.testing.assert_allclose(loaded.coef_, model.coef_, rtol=1e-6, atol=1e-8)


def test_what_iterative_curvature_does_not_do():
    X, y = data("logistic")
    secret = GaussianCertification(epsilon=1.0, delta=1e-5, sigma=0.1)
    with pytest.raises(ValueError, match="certificates bound"):
        make("logistic", curvature="iterative", certification=secret).fit(X, y)
    with pytest.raises(ValueError, match="first_order"):
        make("logistic", curvature="iterative", method="first_order").fit(X, y)
    with pytest.raises(ValueError, match="'auto', 'cholesky' or 'iterative'"):
        make("logistic", curvature="dense").fit(X, y)
    with pytest.raises(UnlearningError, match="penalty on each column"):
        make("logistic", curvature="iterative", C=np.inf).fit(X, y)
    with pytest.raises(UnlearningError, match="penalty on each column"):
        UnlearnableHuberRegressor(curvature="iterative", alpha=0.0).fit(X, X[:, 0])


def test_the_last_row_of_a_class_leaves():
    X, y = data("multinomial")
    model = make("multinomial", curvature="iterative", retain_data=True).fit(X, y)
    out = y == "c"
    model.partial_unfit(X[out], y[out])
    refit = make("multinomial", curvature="cholesky").fit(X[~out], y[~out])
    np.testing.assert_allclose(model.coef_, refit.coef_, atol=1e-7)
    assert model._fitted.model.state.preconditioner is not None


def test_tags_promise_what_there_is():
    def tags(**params):
        return make("ridge", **params).__sklearn_tags__().unlearning

    assert tags().partial_unfit == "exact"
    assert tags().certified
    assert tags(curvature="iterative").partial_unfit is None
    assert not tags(curvature="iterative").certified
    retained = tags(curvature="iterative", retain_data=True)
    assert retained.partial_unfit == retained.forget_features == "exact"


def test_it_passes_the_checks_of_unlearners():
    with pytest.warns(SkipTestWarning, match="no request is answered"):
        check_unlearner(UnlearnableRidge(curvature="iterative", retain_data=True))
