"""Models that scikit-learn fitted, taken over."""

import inspect
import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    LogisticRegressionCV,
    Ridge,
)
from sklearn.svm import LinearSVC, LinearSVR

from sklearn_unlearn import (
    UnlearnableGeneralizedLinearModel,
    UnlearnableLinearSVC,
    UnlearnableLinearSVR,
    UnlearnableLogisticRegression,
    UnlearnableRidge,
)
from sklearn_unlearn.exceptions import DataMismatchWarning
from tests.cases import ESTIMATORS, FORMATS, coefficients, data, make, weights
from tests.pairwise import pairwise


def twin(name, **params):
    """scikit-learn's estimator with the parameters of a case."""
    unlearner = make(name)
    cls = unlearner._twin_class
    ours = unlearner.get_params()
    shared = inspect.signature(cls).parameters.keys() & ours.keys()
    shared -= {"tol", "max_iter"}
    chosen = {key: ours[key] for key in shared}
    if cls is LinearSVR:
        chosen["loss"] = "squared_epsilon_insensitive"
    return cls(**{**chosen, **params})


def fitted_twin(name, X, y, weight=None, **params):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return twin(name, **params).fit(X, y, sample_weight=weight)


@pytest.mark.parametrize(
    ("name", "name_format", "fit_intercept", "weighted"),
    pairwise(ESTIMATORS, FORMATS, [True, False], [False, True]),
)
def test_adopted_is_fitted(name, name_format, fit_intercept, weighted):
    as_format = FORMATS[name_format]
    X, y = data(name)
    X, weight = as_format(X), weights(len(y)) if weighted else None
    deployed = fitted_twin(name, X, y, weight, fit_intercept=fit_intercept)
    before = pickle.dumps(deployed)
    cls = type(make(name))
    adopted = cls.from_sklearn(deployed, X, y, weight, retain_data=True)
    fitted = make(name, fit_intercept=fit_intercept, retain_data=True)
    fitted.fit(X, y, weight)
    assert pickle.dumps(deployed) == before
    for estimator in (adopted, fitted):
        expected = estimator.get_params()
        assert adopted.get_params().keys() == expected.keys()
        np.testing.assert_allclose(
            coefficients(adopted), coefficients(estimator), rtol=1e-6, atol=1e-7
        )
    leaving = slice(0, 5)
    part = None if weight is None else weight[leaving]
    for estimator in (adopted, fitted):
        estimator.partial_unfit(X[leaving], y[leaving], part)
    np.testing.assert_allclose(
        coefficients(adopted), coefficients(fitted), rtol=1e-6, atol=1e-7
    )


def test_a_converged_model_costs_one_hessian_and_no_solver(monkeypatch):
    X, y = data("logistic", 400)
    deployed = LogisticRegression(C=0.3, solver="newton-cholesky", tol=1e-14)
    deployed.fit(X, y)
    monkeypatch.setattr("sklearn_unlearn.core.linear.fitting._start", None)
    adopted = UnlearnableLogisticRegression.from_sklearn(deployed, X, y)
    assert adopted._fitted.n_iter == 0
    assert adopted.n_iter_ == 1
    np.testing.assert_array_equal(adopted.coef_, deployed.coef_)


def test_chord_steps_finish_what_a_solver_left():
    X, y = data("multinomial", 400)
    deployed = fitted_twin("multinomial", X, y, max_iter=7)
    with pytest.warns(ConvergenceWarning, match="within max_iter=7"):
        adopted = UnlearnableLogisticRegression.from_sklearn(deployed, X, y)
    assert adopted.gradient_residual(X, y) <= 1e-8
    assert adopted._fitted.n_iter > 0


def test_the_shift_of_a_warm_start_is_taken_out():
    X, y = data("multinomial", 300)
    deployed = LogisticRegression(C=0.3, tol=1e-12, max_iter=1000).fit(X, y)
    deployed.intercept_ = deployed.intercept_ + 7.0
    adopted = UnlearnableLogisticRegression.from_sklearn(deployed, X, y)
    assert abs(adopted.intercept_.sum()) < 1e-12
    np.testing.assert_allclose(
        adopted.predict_proba(X), deployed.predict_proba(X), atol=1e-8
    )


def test_parameters_of_the_fitted_model_and_further_ones():
    X, y = data("logistic")
    deployed = LogisticRegression(C=0.2, class_weight={"no": 2.0, "yes": 1.0})
    adopted = UnlearnableLogisticRegression.from_sklearn(
        deployed.fit(X, y), X, y, retain_data=True, tol=1e-6
    )
    assert (adopted.C, adopted.tol, adopted.retain_data) == (0.2, 1e-6, True)
    assert adopted.class_weight == {"no": 2.0, "yes": 1.0}
    clone(adopted).fit(X, y)


def test_rows_by_name():
    X, y = data("ridge")
    deployed = Ridge().fit(X, y)
    adopted = UnlearnableRidge.from_sklearn(
        deployed, X, y, row_ids=np.arange(len(y)), retain_data=True
    )
    adopted.partial_unfit(row_ids=[3])
    refit = Ridge().fit(np.delete(X, 3, 0), np.delete(y, 3))
    np.testing.assert_allclose(adopted.coef_, refit.coef_, rtol=1e-9)


def test_no_penalty_is_no_penalty():
    X, y = data("logistic", 400)
    deployed = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(X, y)
    deployed.penalty = None  # as scikit-learn before 1.8 says it
    adopted = UnlearnableLogisticRegression.from_sklearn(deployed, X, y)
    assert np.inf == adopted.C
    np.testing.assert_allclose(adopted.coef_, deployed.coef_, rtol=1e-5)


@pytest.mark.parametrize("changed", ["rows", "labels", "scale"])
@pytest.mark.parametrize("name", ["logistic", "multinomial", "poisson", "ridge", "svr"])
def test_other_data_are_noticed(name, changed):
    X, y = data(name, 300)
    deployed = fitted_twin(name, X, y)
    rng = np.random.default_rng(0)
    X, y = {
        "rows": (X[rng.permutation(len(y))], y),
        "labels": (X, y[rng.permutation(len(y))]),
        "scale": (3.0 * X, y),
    }[changed]
    cls = type(make(name))
    with pytest.warns(DataMismatchWarning, match="its objective exceeded the minimum"):
        adopted = cls.from_sklearn(deployed, X, y)
    assert adopted.gradient_residual(X, y) <= 1e-6


REFUSED = {
    "class": (Ridge(), UnlearnableLogisticRegression, "takes a fitted Logistic"),
    "liblinear": (
        LogisticRegression(solver="liblinear"),
        UnlearnableLogisticRegression,
        "solver='liblinear'",
    ),
    "l1": (
        LogisticRegression(
            penalty="elasticnet", l1_ratio=1.0, solver="saga", max_iter=5000
        ),
        UnlearnableLogisticRegression,
        "penalty=.elasticnet.|l1_ratio=1.0",
    ),
    "positive": (Ridge(positive=True), UnlearnableRidge, "positive=True"),
    "loss": (LinearSVR(), UnlearnableLinearSVR, "loss='epsilon_insensitive'"),
    "hinge": (LinearSVC(loss="hinge"), UnlearnableLinearSVC, "loss='hinge'"),
    "no twin": (LinearRegression(), UnlearnableGeneralizedLinearModel, "has no twin"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_other_objectives_are_refused(case):
    deployed, cls, message = REFUSED[case]
    X, y = data("logistic")
    y = (y == "yes").astype(float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        deployed = deployed.fit(X, y)
    with pytest.raises((TypeError, ValueError), match=message):
        cls.from_sklearn(deployed, X, y)


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_search_for_parameters_is_no_twin():
    X, y = data("logistic")
    searched = LogisticRegressionCV(Cs=[0.01, 0.8]).fit(X, y)
    with pytest.raises(TypeError, match="LogisticRegressionCV has no parameter C"):
        UnlearnableLogisticRegression.from_sklearn(searched, X, y)


def test_bad_input_is_named():
    X, y = data("logistic")
    deployed = LogisticRegression().fit(X, y)
    adopt = UnlearnableLogisticRegression.from_sklearn
    with pytest.raises(NotFittedError):
        adopt(LogisticRegression(), X, y)
    with pytest.raises(ValueError, match="C belongs to the fitted model"):
        adopt(deployed, X, y, C=3.0)
    with pytest.raises(TypeError, match="depth"):
        adopt(deployed, X, y, depth=3)
    with pytest.raises(ValueError, match="X has 4 features"):
        adopt(deployed, X[:, 1:], y)
    with pytest.raises(ValueError, match="y holds the labels"):
        adopt(deployed, X, np.where(y == "yes", "si", "no"))
    with pytest.raises(ValueError, match="row_ids needs retain_data"):
        adopt(deployed, X, y, row_ids=np.arange(len(y)))
    ridge = Ridge().fit(X, np.column_stack([X[:, 0], X[:, 1]]))
    with pytest.raises(ValueError, match="coef_ has shape"):
        UnlearnableRidge.from_sklearn(ridge, X, X[:, 0])


def test_columns_in_another_order_are_named():
    pd = pytest.importorskip("pandas")
    X, y = data("logistic")
    deployed = LogisticRegression().fit(pd.DataFrame(X, columns=list("abcde")), y)
    moved = pd.DataFrame(X, columns=list("bacde"))
    with pytest.raises(ValueError, match="X has 'b' where the fitted model has 'a'"):
        UnlearnableLogisticRegression.from_sklearn(deployed, moved, y)


def test_what_differs_from_an_early_end_is_said():
    X, y = data("logistic")
    early = fitted_twin("logistic", X, y, max_iter=6)
    with pytest.warns(ConvergenceWarning, match=r"max_iter=6 .* is the refit's"):
        adopted = UnlearnableLogisticRegression.from_sklearn(early, X, y)
    late = fitted_twin("logistic", X, y, tol=1e-9, max_iter=1000)
    np.testing.assert_allclose(adopted.coef_, late.coef_, rtol=1e-5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        UnlearnableLogisticRegression.from_sklearn(late, X, y)
