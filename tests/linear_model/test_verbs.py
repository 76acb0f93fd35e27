"""Every verb against the refit on the edited data."""

import numpy as np
import pytest
from sklearn.base import clone

from sklearn_unlearn import UnlearnableLogisticRegression, UnlearnableRidge
from sklearn_unlearn.exceptions import (
    EmptyClassError,
    InsufficientWeightError,
    LargeStepWarning,
    StepTooLargeError,
)
from tests.cases import (
    APPROXIMATE,
    ESTIMATORS,
    FORMATS,
    LARGE_STEPS,
    QUADRATIC,
    changed_targets,
    coefficients,
    data,
    make,
    stop,
    weights,
)
from tests.linear_model.requests import N_ROWS, OUT, REST, VERBS, ask
from tests.pairwise import pairwise


def _refit(estimator, X, y, weight):
    """The refit oracle. A column of zeros with a penalty has coefficient zero."""
    return clone(estimator).fit(X, y, sample_weight=weight)


@pytest.mark.parametrize(
    ("name", "verb", "name_format", "weighted", "fit_intercept"),
    pairwise(ESTIMATORS, VERBS, FORMATS, [False, True], [True, False]),
)
def test_retained_data_make_every_verb_exact(
    name, verb, name_format, weighted, fit_intercept
):
    as_format = FORMATS[name_format]
    X, y = data(name)
    X = X.astype(np.float32).astype(float)
    weight = weights(N_ROWS) if weighted else None
    estimator = make(name, retain_data=True, fit_intercept=fit_intercept)
    estimator.fit(as_format(X), y, sample_weight=weight)
    before = coefficients(estimator)
    edited = ask(verb, estimator, as_format, X, y, weight)
    refit = _refit(estimator, *edited)
    assert np.abs(coefficients(refit) - before).max() > 1e-4
    np.testing.assert_allclose(
        coefficients(estimator), coefficients(refit), rtol=1e-7, atol=1e-9
    )
    assert estimator.gradient_residual(*edited) <= stop(estimator, *edited)


@pytest.mark.parametrize(
    ("name", "verb", "name_format", "weighted"),
    pairwise(QUADRATIC, VERBS, ["dense", "csr_matrix"], [False, True]),
)
def test_quadratic_losses_are_exact_without_data(name, verb, name_format, weighted):
    as_format = FORMATS[name_format]
    X, y = data(name)
    weight = weights(N_ROWS) if weighted else None
    estimator = make(name).fit(as_format(X), y, sample_weight=weight)
    edited = ask(verb, estimator, as_format, X, y, weight)
    np.testing.assert_allclose(
        coefficients(estimator),
        coefficients(_refit(estimator, *edited)),
        rtol=1e-9,
        atol=1e-11,
    )


@pytest.mark.filterwarnings(LARGE_STEPS)
@pytest.mark.parametrize(
    ("name", "verb", "weighted", "fit_intercept"),
    pairwise(APPROXIMATE, VERBS, [False, True], [True, False]),
)
def test_data_free_updates_lower_the_residual(name, verb, weighted, fit_intercept):
    X, y = data(name, N_ROWS)
    weight = weights(N_ROWS) if weighted else None
    estimator = make(name, fit_intercept=fit_intercept)
    estimator.fit(X, y, sample_weight=weight)
    stale = clone(estimator).fit(X, y, sample_weight=weight)
    edited = ask(verb, estimator, lambda X: X, X, y, weight)
    if verb == "forget_features":  # "nothing done" but the column set to zero
        model = stale._fitted.model.state
        theta = model.theta.copy()
        theta[2] = 0.0
        objective = estimator._fitted.model.state.objective
        rows = stale._read_rows(stale._fitted, *edited)
        before = np.linalg.norm(objective.gradient(rows, theta))
    else:
        before = stale.gradient_residual(*edited)
    # dropping a column with a large coefficient is a large edit
    factor = 0.5 if verb == "forget_features" else 0.2
    assert estimator.gradient_residual(*edited) < factor * before
    estimator.refine(*edited)
    np.testing.assert_allclose(
        coefficients(estimator),
        coefficients(_refit(estimator, *edited)),
        rtol=1e-7,
        atol=1e-9,
    )


@pytest.mark.parametrize(
    "name", ["logistic", "multinomial", "ridge_targets", "poisson", "gamma"]
)
def test_first_order_lowers_the_objective(name):
    X, y = data(name)
    estimator = make(name, method="first_order").fit(X, y)
    before = estimator.gradient_residual(X[REST], y[REST])
    estimator.partial_unfit(X[OUT], y[OUT])
    assert estimator.gradient_residual(X[REST], y[REST]) < before


def test_first_order_takes_the_given_rate():
    X, y = data("logistic")
    estimator = make("logistic", method="first_order", unlearning_rate=1e-3)
    estimator.fit(X, y)
    theta = estimator._fitted.model.state.theta.copy()
    rows = estimator._read_rows(estimator._fitted, X[OUT], y[OUT], None)
    gradient = estimator._fitted.model.state.objective.data_gradient(rows, theta)
    estimator.partial_unfit(X[OUT], y[OUT])
    np.testing.assert_allclose(
        estimator._fitted.model.state.theta, theta + 1e-3 * gradient, atol=1e-11
    )


@pytest.mark.parametrize("name", ESTIMATORS)
def test_weight_zero_changes_nothing_and_part_of_a_weight_can_leave(name):
    X, y = data(name)
    estimator = make(name, retain_data=True, tol=1e-9)
    estimator.fit(X, y, sample_weight=2.0)
    before = coefficients(estimator)
    estimator.partial_unfit(X[OUT], y[OUT], sample_weight=0.0)
    np.testing.assert_allclose(coefficients(estimator), before, rtol=0, atol=1e-9)
    estimator.partial_unfit(X[OUT], y[OUT], sample_weight=0.5)
    weight = np.full(N_ROWS, 2.0)
    weight[OUT] = 1.5
    refit = _refit(estimator, X, y, weight)
    np.testing.assert_allclose(
        coefficients(estimator), coefficients(refit), rtol=1e-8, atol=1e-10
    )
    with pytest.raises(InsufficientWeightError, match="sample_weight"):
        estimator.partial_unfit(X[OUT], y[OUT], sample_weight=1.6)
    # without a weight all that is left goes
    estimator.partial_unfit(X[OUT], y[OUT])
    refit = _refit(estimator, X[REST], y[REST], 2.0)
    np.testing.assert_allclose(
        coefficients(estimator), coefficients(refit), rtol=1e-8, atol=1e-10
    )


@pytest.mark.parametrize("name", ["logistic", "ridge_classifier", "svc"])
def test_last_row_of_one_of_two_classes_is_refused(name):
    X, y = data(name)
    keep = np.r_[np.flatnonzero(y == "no"), np.flatnonzero(y == "yes")[:1]]
    X, y = X[keep], y[keep]
    for retain_data in (False, True):
        estimator = make(name, retain_data=retain_data).fit(X, y)
        before = coefficients(estimator)
        with pytest.raises(EmptyClassError, match="'yes'"):
            estimator.partial_unfit(X[-1:], y[-1:])
        np.testing.assert_array_equal(coefficients(estimator), before)


@pytest.mark.parametrize("name", ["multinomial", "ridge_classifiers", "svcs"])
def test_class_of_several_vanishes_only_with_retained_data(name):
    X, y = data(name)
    keep = np.r_[np.flatnonzero(y != "b"), np.flatnonzero(y == "b")[:2]]
    X, y = X[keep], y[keep]
    estimator = make(name).fit(X, y)
    with pytest.raises(EmptyClassError, match=r"'b'.*retain_data=True"):
        estimator.partial_unfit(X[-2:], y[-2:])
    estimator = make(name, retain_data=True).fit(X, y).forget_features(1)
    estimator.partial_unfit(X[-2:], y[-2:])
    assert estimator.classes_.tolist() == ["a", "c"]
    left = X[:-2].copy()
    left[:, 1] = 0.0
    refit = make(name).fit(left, y[:-2])
    np.testing.assert_allclose(
        coefficients(estimator), coefficients(refit), rtol=1e-7, atol=1e-9
    )
    # and it goes on from there
    estimator.partial_unfit(X[:3], y[:3])
    refit = make(name).fit(left[3:], y[3:-2])
    np.testing.assert_allclose(
        coefficients(estimator), coefficients(refit), rtol=1e-7, atol=1e-9
    )


def test_requests_by_identifier_follow_a_row():
    X, y = data("logistic")
    names = np.array([f"customer {i}" for i in range(N_ROWS)])
    estimator = make("logistic", retain_data=True).fit(X, y, row_ids=names)
    new = X.copy()
    new[7] += 0.3
    estimator.replace_features(X[7:8], y[7:8], new[7:8])
    estimator.partial_fit(X[:1] + 1.0, y[:1], row_ids=["customer new"])
    estimator.partial_unfit(row_ids=["customer 7", "customer 9"])
    rest = np.setdiff1d(np.arange(N_ROWS), [7, 9])
    grown = np.vstack([new[rest], X[:1] + 1.0]), np.append(y[rest], y[0])
    np.testing.assert_allclose(
        coefficients(estimator),
        coefficients(make("logistic").fit(*grown)),
        rtol=1e-8,
        atol=1e-10,
    )
    estimator.partial_unfit(row_ids=["customer new"])
    np.testing.assert_allclose(
        coefficients(estimator),
        coefficients(make("logistic").fit(new[rest], y[rest])),
        rtol=1e-8,
        atol=1e-10,
    )
    with pytest.raises(ValueError, match="row_ids"):
        estimator.partial_unfit(row_ids=["customer 7"])
    with pytest.raises(ValueError, match="row_ids"):
        estimator.partial_fit(X[:1], y[:1])


def test_large_steps_warn_or_are_refused_but_never_silent():
    X, y = data("logistic", 400)
    wrong = changed_targets(y)
    estimator = make("logistic").fit(X, y)
    before = coefficients(estimator)
    with pytest.raises(StepTooLargeError, match="retain_data=True"):
        estimator.replace_labels(X[:150], y[:150], wrong[:150])
    np.testing.assert_array_equal(coefficients(estimator), before)
    with pytest.warns(LargeStepWarning, match="refine"):
        estimator.replace_labels(X[:10], y[:10], wrong[:10])
    # with data any step is exact
    exact = make("logistic", retain_data=True).fit(X, y)
    exact.replace_labels(X[:150], y[:150], wrong[:150])
    refit = make("logistic").fit(X, np.r_[wrong[:150], y[150:]])
    np.testing.assert_allclose(
        coefficients(exact), coefficients(refit), rtol=1e-7, atol=1e-9
    )


def test_infinite_strength_means_no_penalty():
    X, y = data("logistic")
    estimator = UnlearnableLogisticRegression(C=np.inf, retain_data=True).fit(X, y)
    estimator.partial_unfit(X[OUT], y[OUT])
    refit = UnlearnableLogisticRegression(C=np.inf).fit(X[REST], y[REST])
    np.testing.assert_allclose(
        coefficients(estimator), coefficients(refit), rtol=1e-7, atol=1e-9
    )


def test_dependent_columns_without_penalty_are_refused():
    X, y = data("ridge")
    X = np.column_stack([X, X[:, 0]])
    with pytest.raises(ValueError, match="dependent"):
        UnlearnableRidge(alpha=0.0).fit(X, y)


def test_first_request_is_the_formula_of_the_paper():
    X, y = data("logistic")
    estimator = make("logistic").fit(X, y)
    theta = np.append(estimator.coef_, estimator.intercept_)
    A = np.column_stack([X, np.ones(N_ROWS)])
    p = 1.0 / (1.0 + np.exp(-A @ theta))
    G = A[OUT].T @ (p[OUT] - (y[OUT] == "yes"))
    penalty = np.diag([1.0 / 0.3] * 5 + [0.0])
    H = (A[REST].T * (p * (1.0 - p))[REST]) @ A[REST] + penalty
    expected = theta + np.linalg.inv(H) @ G
    estimator.partial_unfit(X[OUT], y[OUT])
    np.testing.assert_allclose(coefficients(estimator), expected, atol=1e-8)
