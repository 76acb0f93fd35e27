"""Fitted like scikit-learn's twins, and exported to them."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.linear_model import (
    GammaRegressor,
    HuberRegressor,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    RidgeClassifier,
    TweedieRegressor,
)
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale
from sklearn.svm import LinearSVC, LinearSVR

from sklearn_unlearn import (
    UnlearnableGammaRegressor,
    UnlearnableHuberRegressor,
    UnlearnableLinearSVC,
    UnlearnableLinearSVR,
    UnlearnableLogisticRegression,
    UnlearnablePoissonRegressor,
    UnlearnableRidge,
    UnlearnableRidgeClassifier,
    UnlearnableTweedieRegressor,
)
from tests.cases import ESTIMATORS, data, make, weights
from tests.decisions import assert_same_labels
from tests.pairwise import pairwise

NEWTON = {"solver": "newton-cholesky", "tol": 1e-12, "max_iter": 1000}
LIBLINEAR = {"dual": False, "tol": 1e-15, "max_iter": 100000}
TWINS = {
    UnlearnableLogisticRegression: (
        LogisticRegression,
        NEWTON,
    ),
    UnlearnableRidge: (Ridge, {"solver": "cholesky"}),
    UnlearnableRidgeClassifier: (RidgeClassifier, {"solver": "cholesky"}),
    UnlearnableLinearSVC: (LinearSVC, LIBLINEAR),
    UnlearnableLinearSVR: (
        LinearSVR,
        {**LIBLINEAR, "loss": "squared_epsilon_insensitive"},
    ),
    UnlearnableHuberRegressor: (HuberRegressor, {"tol": 1e-12, "max_iter": 100000}),
    UnlearnablePoissonRegressor: (PoissonRegressor, NEWTON),
    UnlearnableGammaRegressor: (GammaRegressor, NEWTON),
    UnlearnableTweedieRegressor: (TweedieRegressor, NEWTON),
}


def twin_of(name, **params):
    cls, defaults, _ = ESTIMATORS[name]
    twin, exact = TWINS[cls]
    return twin(**{**defaults, **exact, **params})


@pytest.mark.parametrize(
    ("name", "fit_intercept", "weighted"),
    pairwise(ESTIMATORS, [True, False], [False, True]),
)
def test_coefficients_shapes_and_predictions_of_the_twin(name, fit_intercept, weighted):
    X, y = data(name)
    weight = weights(len(y)) if weighted else None
    ours = make(name, fit_intercept=fit_intercept).fit(X, y, sample_weight=weight)
    twin = twin_of(name, fit_intercept=fit_intercept).fit(X, y, sample_weight=weight)
    assert np.shape(ours.coef_) == np.shape(twin.coef_)
    assert np.shape(ours.intercept_) == np.shape(twin.intercept_)
    # liblinear stops when its objective no longer falls by 1e-12, L-BFGS of the robust
    # twin by 2e-9: tests/linear_model/test_huber.py minimises that to the end
    near = {"rtol": 1e-6, "atol": 1e-7 if "sv" in name else 1e-9}
    if name == "huber":
        near = {"rtol": 1e-4, "atol": 1e-5}
    np.testing.assert_allclose(ours.coef_, twin.coef_, **near)
    np.testing.assert_allclose(ours.intercept_, twin.intercept_, **near)
    if y.dtype.kind == "f":
        atol = 1e-4 if name == "huber" else 1e-6
        np.testing.assert_allclose(ours.predict(X), twin.predict(X), atol=atol)
    else:
        assert_same_labels(ours.predict(X), twin, X)
    for method in ("decision_function", "predict_proba", "predict_log_proba"):
        assert hasattr(ours, method) == hasattr(twin, method)
        if hasattr(ours, method):
            np.testing.assert_allclose(
                getattr(ours, method)(X), getattr(twin, method)(X), atol=1e-6
            )


@pytest.mark.filterwarnings("ignore:.*penalty:UserWarning")
@pytest.mark.parametrize("name", ["logistic", "multinomial"])
def test_infinite_strength_is_the_twin_without_penalty(name):
    X, y = data(name)
    ours = make(name, C=np.inf).fit(X, y)
    twin = LogisticRegression(C=np.inf, solver="newton-cg", tol=1e-12, max_iter=9999)
    twin.fit(X, y)
    np.testing.assert_allclose(ours.coef_, twin.coef_, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(ours.intercept_, twin.intercept_, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("C", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("load", [load_breast_cancer, load_iris, load_digits])
def test_logistic_agrees_on_real_data(load, C):
    X, y = load(return_X_y=True)
    X, y = scale(X)[:500], y[:500]
    ours = UnlearnableLogisticRegression(C=C).fit(X, y)
    twin = LogisticRegression(C=C, solver="newton-cholesky", tol=1e-12, max_iter=999)
    twin.fit(X, y)
    size = np.abs(twin.coef_).max()
    np.testing.assert_allclose(ours.coef_, twin.coef_, rtol=0, atol=1e-6 * size)
    assert ours.gradient_residual(X, y) <= 1e-8


def test_balanced_logistic_counts_weights_and_balanced_ridge_counts_rows():
    X, y = data("logistic")
    weight = weights(len(y))
    total, rows = (
        {c: w[y == c].sum() for c in ("no", "yes")} for w in (weight, y == y)
    )
    for ours, sums in (
        (UnlearnableLogisticRegression(class_weight="balanced"), total),
        (UnlearnableRidgeClassifier(class_weight="balanced"), rows),
    ):
        ours.fit(X, y, sample_weight=weight)
        expected = {c: sum(sums.values()) / (2 * sums[c]) for c in sums}
        assert ours.current_class_weight() == pytest.approx(expected, rel=1e-12)
        twin, exact = TWINS[type(ours)]
        twin = twin(**exact, class_weight=expected).fit(X, y, sample_weight=weight)
        np.testing.assert_allclose(ours.coef_, twin.coef_, rtol=1e-6)
    twin = RidgeClassifier(class_weight="balanced", solver="cholesky")
    twin.fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(ours.coef_, twin.coef_, rtol=1e-6)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_exported_models_are_plain_twins_that_predict_the_same(name):
    pd = pytest.importorskip("pandas")
    X, y = data(name)
    frame = pd.DataFrame(X, columns=list("abcde"))
    ours = make(name, retain_data=True).fit(frame, y)
    ours.partial_unfit(frame[:3], y[:3]).forget_features(["c", "a"])
    plain = ours.to_sklearn()
    assert type(plain) is TWINS[type(ours)][0]
    if y.dtype.kind == "f":
        np.testing.assert_allclose(plain.predict(frame), ours.predict(frame), rtol=1e-9)
    else:
        assert_same_labels(plain.predict(frame), ours, frame)
    assert plain.feature_names_in_.tolist() == list("abcde")
    small = ours.to_sklearn(drop_forgotten=True)
    assert small.n_features_in_ == 3
    assert small.feature_names_in_.tolist() == ["b", "d", "e"]
    rest = frame[["b", "d", "e"]]
    if y.dtype.kind == "f":
        np.testing.assert_allclose(
            small.predict(rest), ours.predict(frame), rtol=1e-9, atol=1e-12
        )
    else:
        assert_same_labels(small.predict(rest), ours, frame)
    # nothing of ours is in it
    assert not any("unlearn" in type(v).__module__ for v in vars(plain).values())
    with pytest.raises(ValueError, match=r"features?"):
        small.predict(frame)


def test_exports_have_the_parameters_of_the_fit():
    X, y = data("logistic")
    ours = make("logistic", class_weight={"no": 2.0}).fit(X, y).set_params(C=77.0)
    plain = ours.to_sklearn()
    assert plain.C == 0.3
    assert plain.class_weight == {"no": 2.0}
    assert plain.tol == LogisticRegression().tol


def test_exports_do_not_share_memory():
    X, y = data("logistic")
    ours = make("logistic").fit(X, y)
    plain = ours.to_sklearn()
    plain.coef_[:] = 0.0
    plain.intercept_[:] = 0.0
    assert np.all(ours.coef_ != 0.0)
    assert np.all(ours.intercept_ != 0.0)


def test_in_pipelines_searches_and_cross_validation():
    X, y = load_breast_cancer(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), UnlearnableLogisticRegression())
    search = GridSearchCV(
        pipeline, {"unlearnablelogisticregression__C": [0.01, 0.1]}, cv=3
    )
    search.fit(X, y)
    scaler, ours = search.best_estimator_
    Z = scaler.transform(X)
    ours.partial_unfit(Z[:2], y[:2]).refine(Z[2:], y[2:])
    refit = UnlearnableLogisticRegression(C=ours.C).fit(Z[2:], y[2:])
    np.testing.assert_allclose(ours.coef_, refit.coef_, rtol=1e-7)
    assert cross_val_score(pipeline, X, y, cv=3).mean() > 0.95


def test_read_only_attributes():
    X, y = data("logistic")
    ours = make("logistic").fit(X, y)
    for name in ("coef_", "intercept_", "classes_", "n_iter_"):
        with pytest.raises(AttributeError):
            setattr(ours, name, 0.0)
    for name in ("coef_", "intercept_"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(ours, name)[...] = 0.0
    assert not hasattr(make("logistic"), "coef_")


def test_positional_strength_and_keyword_rest():
    assert UnlearnableLogisticRegression(0.5).C == 0.5
    assert UnlearnableRidge(2.0).alpha == 2.0
    with pytest.raises(TypeError):
        UnlearnableLogisticRegression(0.5, True)
    with pytest.raises(TypeError):
        UnlearnableRidgeClassifier(0.5, True)


@pytest.mark.parametrize("name", ["svc", "svcs"])
@pytest.mark.parametrize("weighted", [False, True])
def test_support_vectors_weigh_classes_as_the_twin(name, weighted):
    X, y = data(name)
    weight = weights(len(y)) if weighted else None
    balanced = make(name, class_weight="balanced").fit(X, y, sample_weight=weight)
    weights_now = balanced.current_class_weight()
    assert max(weights_now.values()) > 1.0
    twin = twin_of(name, class_weight=weights_now).fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(balanced.coef_, twin.coef_, rtol=1e-6, atol=1e-7)
    given = make(name, class_weight=weights_now).fit(X, y, sample_weight=weight)
    np.testing.assert_array_equal(balanced.coef_, given.coef_)
