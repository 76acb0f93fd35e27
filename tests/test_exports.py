"""Every export is the twin's fit to the remaining data, whoever looks at it."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn import config_context
from sklearn.base import clone
from sklearn.linear_model import (
    BayesianRidge,
    GammaRegressor,
    HuberRegressor,
    LinearRegression,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    RidgeClassifier,
    TweedieRegressor,
)
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.svm import LinearSVC, LinearSVR

from sklearn_unlearn import (
    UnlearnableBayesianRidge,
    UnlearnableLinearRegression,
    UnlearnableLogisticRegression,
    UnlearnableMLPClassifier,
    UnlearnableMLPRegressor,
)
from tests import cases, statistical, transformers
from tests.exports import assert_as_fitted

OUT = slice(0, 3)
TIGHT = {"tol": 1e-9, "max_iter": 5000}
#: Fitted models of scikit-learn's that are taken over, with parameters of their own.
ADOPTED = {
    "logistic": LogisticRegression(C=0.3, solver="newton-cholesky", **TIGHT),
    "multinomial": LogisticRegression(C=0.3, n_jobs=None, random_state=3, **TIGHT),
    "ridge": Ridge(alpha=0.7, solver="svd", **TIGHT),
    "ridge_targets": Ridge(alpha=0.7, copy_X=False, **TIGHT),
    "ridge_alphas": Ridge(alpha=np.array([0.1, 3.0]), random_state=1),
    "ridge_classifier": RidgeClassifier(alpha=0.7, solver="svd", **TIGHT),
    "ridge_classifiers": RidgeClassifier(alpha=0.7, positive=False),
    "poisson": PoissonRegressor(alpha=0.3, solver="newton-cholesky", **TIGHT),
    "gamma": GammaRegressor(alpha=0.3, warm_start=True, **TIGHT),
    "tweedie": TweedieRegressor(alpha=0.3, power=1.4, **TIGHT),
    "svc": LinearSVC(C=0.3, dual=False, random_state=0, **TIGHT),
    "svcs": LinearSVC(C=0.3, dual=False, intercept_scaling=2.0, **TIGHT),
    "svr": LinearSVR(
        C=0.3, epsilon=0.4, loss="squared_epsilon_insensitive", dual=False, **TIGHT
    ),
    "huber": HuberRegressor(alpha=0.3, **TIGHT),
    "normal": TweedieRegressor(alpha=0.3, warm_start=True, **TIGHT),
}


def named(X):
    """A frame of an array, if that has columns and pandas is installed."""
    try:
        import pandas as pd
    except ImportError:
        return X
    if not isinstance(X, np.ndarray) or X.ndim < 2:
        return X
    return pd.DataFrame(X, columns=[f"column {i}" for i in range(X.shape[1])])


#: Solvers of some twins end before the minimum.
NEAR = {"huber": 1e-3}


def rest(X):
    return X[OUT.stop :]


def configured(estimator, like=None):
    """Which metadata it requests and what its outputs are, other than by default.

    Metadata that another estimator does not take are left out.
    """
    with config_context(enable_metadata_routing=True):
        for method, name in (("fit", "sample_weight"), ("score", "sample_weight")):
            both = [
                getattr(each.get_metadata_routing(), method).requests
                for each in (estimator, estimator if like is None else like)
            ]
            if all(name in requests for requests in both):
                getattr(estimator, f"set_{method}_request")(**{name: True})
    if hasattr(estimator, "set_output"):
        estimator.set_output(transform="pandas")
    return estimator


@pytest.mark.parametrize("name", transformers.CASES)
def test_transformers(name):
    X = transformers.data(name)
    X = X if sp.issparse(X) or X.dtype.kind == "O" else named(X)
    ours, twin = transformers.make(name), transformers.twin_of(name)
    for each in (ours, twin):
        if not getattr(each, "sparse_output", False):
            configured(each, like=ours)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours.fit(X).partial_unfit(X[OUT])
        twin.fit(rest(X))
    assert_as_fitted(ours.to_sklearn(), twin)


@pytest.mark.parametrize("name", statistical.CASES)
@pytest.mark.parametrize("adopted", [False, True])
def test_models_of_sums(name, adopted):
    X, y = statistical.data(name)
    X = named(X)
    twin = configured(statistical.twin_of(name))
    if adopted:
        ours = type(statistical.make(name)).from_sklearn(clone(twin).fit(X, y), X, y)
    else:
        ours = configured(statistical.make(name)).fit(X, y)
    ours.partial_unfit(X[OUT], y[OUT])
    assert_as_fitted(ours.to_sklearn(), twin.fit(rest(X), rest(y)))


@pytest.mark.parametrize("name", ADOPTED)
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_adopted_linear_models(name, fit_intercept):
    X, y = cases.data(name)
    X = named(X)
    twin = configured(clone(ADOPTED[name])).set_params(fit_intercept=fit_intercept)
    cls = type(cases.make(name))
    fitted = clone(twin).fit(X.copy(), y)  # copy_X=False centres what it is given
    ours = cls.from_sklearn(fitted, X, y, retain_data=True)
    ours.partial_unfit(X[OUT], y[OUT])
    twin.fit(rest(X), rest(y))
    assert_as_fitted(ours.to_sklearn(), twin, rtol=NEAR.get(name, 1e-5))
    again = clone(ours.to_sklearn()).fit(rest(X), rest(y))
    np.testing.assert_allclose(again.coef_, twin.coef_, 1e-6, 1e-9)


@pytest.mark.parametrize("name", ADOPTED)
def test_linear_models(name):
    X, y = cases.data(name)
    X = named(X)
    ours = configured(cases.make(name, retain_data=True)).fit(X, y)
    shared = type(ADOPTED[name])().get_params().keys()
    params = {k: v for k, v in ours.get_params().items() if k in shared}
    loss = {"loss": "squared_epsilon_insensitive"} if name == "svr" else {}
    twin = type(ADOPTED[name])(**{**params, **TIGHT, **loss})
    twin = configured(twin).fit(rest(X), rest(y))
    plain = ours.partial_unfit(X[OUT], y[OUT]).to_sklearn()
    defaults = type(ADOPTED[name])().get_params()
    twin.set_params(tol=defaults["tol"], max_iter=defaults["max_iter"])
    assert_as_fitted(plain, twin, rtol=NEAR.get(name, 1e-5))


def test_more_steps_are_handed_on():
    X, y = cases.data("logistic")
    ours = UnlearnableLogisticRegression(max_iter=700).fit(X, y)
    assert ours.to_sklearn().max_iter == 700
    assert ours.set_params(max_iter=20).fit(X, y).to_sklearn().max_iter == 100


@pytest.mark.parametrize(
    ("cls", "twin"),
    [
        (UnlearnableLinearRegression, LinearRegression(copy_X=False, n_jobs=2)),
        (UnlearnableLinearRegression, LinearRegression(fit_intercept=False)),
        (UnlearnableBayesianRidge, BayesianRidge(copy_X=False, max_iter=500)),
        (UnlearnableBayesianRidge, BayesianRidge(compute_score=True, tol=1e-6)),
    ],
    ids=str,
)
def test_least_squares(cls, twin):
    X, y = cases.data("ridge")
    X, twin = named(X), configured(twin)
    ours = cls.from_sklearn(clone(twin).fit(X.copy(), y), X.copy(), y)
    ours.partial_unfit(X[OUT], y[OUT])
    assert_as_fitted(ours.to_sklearn(), twin.fit(rest(X).copy(), rest(y)))


@pytest.mark.parametrize(
    ("cls", "twin"),
    [
        (
            UnlearnableMLPClassifier,
            MLPClassifier((4,), solver="lbfgs", tol=0.1, random_state=0),
        ),
        (
            UnlearnableMLPRegressor,
            MLPRegressor(
                hidden_layer_sizes=(4,), solver="lbfgs", tol=0.1, random_state=0
            ),
        ),
    ],
    ids=["classifier", "regressor"],
)
def test_networks_keep_their_parameters(cls, twin):
    X, y = cases.data("logistic" if cls is UnlearnableMLPClassifier else "ridge")
    X, twin = named(X), configured(twin).fit(named(X), y)
    plain = cls.from_sklearn(twin, X, y).to_sklearn()
    assert repr(plain.get_params()) == repr(twin.get_params())
    assert repr(plain.get_metadata_routing()) == repr(twin.get_metadata_routing())
    for name in ("feature_names_in_", "n_features_in_"):  # no names without pandas
        assert str(getattr(plain, name, None)) == str(getattr(twin, name, None))


def test_an_export_does_not_follow_what_it_came_from():
    X, y = cases.data("logistic")
    ours = configured(UnlearnableLogisticRegression()).fit(X, y)
    plain = ours.to_sklearn()
    with config_context(enable_metadata_routing=True):
        ours.set_fit_request(sample_weight=False)
        assert plain.get_metadata_routing().fit.requests == {"sample_weight": True}
