"""One residual: that of the verb, and at the coefficients of any linear model."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import Lasso, LogisticRegression, SGDClassifier
from sklearn.preprocessing import scale

from sklearn_unlearn import (
    UnlearnableGaussianNB,
    UnlearnableLogisticRegression,
    UnlearnableRidge,
    UnlearnableStandardScaler,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.metrics import gradient_residual_norm
from tests.cases import ESTIMATORS, data, make


@pytest.fixture(scope="module")
def cancer():
    X, y = load_breast_cancer(return_X_y=True)
    return scale(X), y


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("weighted", [False, True])
def test_a_twin_has_the_residual_of_its_unlearner(name, weighted):
    X, y = data(name)
    weight = np.random.default_rng(1).uniform(0.5, 2.0, len(y)) if weighted else None
    model = make(name).fit(X, y, weight)
    rest = slice(10, None), None if weight is None else weight[10:]
    expected = model.gradient_residual(X[10:], y[10:], rest[1])
    assert expected > 1e-3
    twin = model.to_sklearn()
    found = gradient_residual_norm(twin, X[10:], y[10:], rest[1])
    assert found == pytest.approx(expected, rel=1e-9)
    assert found.rounding_error == pytest.approx(expected.rounding_error, rel=0.01)
    same = gradient_residual_norm(model, X[10:], y[10:], rest[1])
    assert same == expected


def test_the_gradient_in_plain_formulas(cancer):
    X, y = cancer
    sgd = SGDClassifier(loss="log_loss", random_state=0).fit(X, y)
    probability = 1.0 / (1.0 + np.exp(-sgd.decision_function(X)))
    error = probability - y
    gradient = np.append(X.T @ error + sgd.coef_[0] / 0.3, error.sum())
    objective = UnlearnableLogisticRegression(C=0.3)
    found = gradient_residual_norm(sgd, X, y, objective=objective)
    assert found == pytest.approx(np.linalg.norm(gradient), rel=1e-10)
    fitted = objective.fit(X[:100], y[:100])
    assert gradient_residual_norm(sgd, X, y, objective=fitted) == found


def test_shifted_softmax_coefficients_count_as_they_are():
    X, y = data("multinomial")
    twin = make("multinomial").fit(X, y).to_sklearn()
    assert gradient_residual_norm(twin, X, y) < 1e-8
    twin.coef_ = twin.coef_ + 0.1
    # no probability changes, but the penalty pulls every coefficient back
    expected = 0.1 / 0.3 * np.sqrt(twin.coef_.size)
    assert gradient_residual_norm(twin, X, y) == pytest.approx(expected, rel=1e-6)


def test_balanced_weights_are_those_of_the_rows(cancer):
    X, y = cancer
    model = UnlearnableLogisticRegression(C=0.3, class_weight="balanced").fit(X, y)
    twin = model.to_sklearn()
    expected = model.gradient_residual(X[:300], y[:300])
    found = gradient_residual_norm(twin, X[:300], y[:300])
    assert found == pytest.approx(expected, rel=1e-9)


def test_a_model_that_kept_the_rows_is_worse(cancer):
    X, y = cancer
    solver = {"solver": "newton-cholesky", "tol": 1e-10}
    kept = LogisticRegression(**solver).fit(X, y)
    refit = LogisticRegression(**solver).fit(X[5:], y[5:])
    forgot = UnlearnableLogisticRegression().fit(X, y).partial_unfit(X[:5], y[:5])
    zeroed = UnlearnableLogisticRegression().fit(X, y).to_sklearn()
    zeroed.coef_ = 0.0 * zeroed.coef_
    residuals = [
        float(gradient_residual_norm(model, X[5:], y[5:]))
        for model in (refit, forgot, kept, zeroed)
    ]
    assert residuals == sorted(residuals)
    assert residuals[2] > 10 * residuals[1]


def test_columns_that_may_not_be_used_are_zero(cancer):
    X, y = cancer
    model = UnlearnableLogisticRegression(C=0.1).fit(X, y).forget_features([0, 7])
    expected = model.gradient_residual(X, y)
    without = np.delete(X, [0, 7], axis=1)
    zero = X.copy()
    zero[:, [0, 7]] = 0.0
    for plain, rows in (
        (model.to_sklearn(), zero),
        (model.to_sklearn(drop_forgotten=True), without),
    ):
        found = gradient_residual_norm(plain, rows, y)
        assert found == pytest.approx(expected, rel=1e-9)
    occluded = UnlearnableLogisticRegression(C=0.1).fit(X, y).to_sklearn()
    occluded.coef_[:, [0, 7]] = 0.0
    assert gradient_residual_norm(occluded, zero, y) > 5 * expected


def test_pipelines_have_the_verb(cancer):
    X, y = cancer
    pipeline = make_unlearnable_pipeline(
        UnlearnableStandardScaler(), UnlearnableLogisticRegression()
    ).fit(X, y)
    expected = pipeline.gradient_residual(X[5:], y[5:])
    assert gradient_residual_norm(pipeline, X[5:], y[5:]) == expected


def test_what_has_no_objective_is_refused(cancer):
    X, y = cancer
    lasso = Lasso().fit(X, y)
    with pytest.raises(TypeError, match=r"Lasso .* objective="):
        gradient_residual_norm(lasso, X, y)
    bayes = UnlearnableGaussianNB().fit(X, y)
    with pytest.raises(TypeError, match="GaussianNB"):
        gradient_residual_norm(bayes, X, y)
    with pytest.raises(TypeError, match="objective must be a linear unlearner"):
        gradient_residual_norm(lasso, X, y, objective=bayes)
    without = UnlearnableRidge(fit_intercept=False)
    with pytest.raises(ValueError, match="has an intercept"):
        gradient_residual_norm(lasso, X, y, objective=without)
    with pytest.raises(ValueError, match="X has 29 features"):
        gradient_residual_norm(lasso, X[:, 1:], y, objective=UnlearnableRidge())
    kept = LogisticRegression().fit(X, y)
    with pytest.raises(ValueError, match="labels"):
        gradient_residual_norm(kept, X, y + 1)
