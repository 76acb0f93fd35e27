"""Influence of rows, against requests and against true leave-one-out refits."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.stats import spearmanr

from sklearn_unlearn import UnlearnableLogisticRegression, UnlearnableRidge
from sklearn_unlearn.core.linear.bookkeeping import ModelChange
from sklearn_unlearn.core.linear.edits import Edit
from sklearn_unlearn.core.linear.steps import unlearn
from sklearn_unlearn.exceptions import RowNotFoundError, UnlearningError
from tests.cases import (
    ESTIMATORS,
    LARGE_STEPS,
    QUADRATIC,
    coefficients,
    data,
    make,
    weights,
)
from tests.pairwise import pairwise

ROWS = np.arange(12)


def stacked(influence):
    """Changes as `coefficients` lays them out, of shape (n_rows, n)."""
    n_rows = len(influence.coef)
    return np.column_stack(
        [influence.coef.reshape(n_rows, -1), influence.intercept.reshape(n_rows, -1)]
    )


def raw_of(estimator, X):
    """Raw predictions, without that of a scale."""
    fitted, raw = estimator._raw_prediction(X)
    return raw[:, 0] if fitted.encoding.is_vector else raw


@pytest.mark.filterwarnings(LARGE_STEPS)
@pytest.mark.parametrize(
    ("name", "as_format", "fit_intercept", "weighted"),
    pairwise(ESTIMATORS, [np.asarray, sp.csr_array], [True, False], [False, True]),
)
def test_influence_is_the_change_by_a_request(name, as_format, fit_intercept, weighted):
    X, y = data(name)
    weight = weights(len(y)) if weighted else np.ones(len(y))
    X = as_format(X)
    estimator = make(name, fit_intercept=fit_intercept).fit(X, y, weight)
    before = coefficients(estimator)
    found = stacked(estimator.influence(X[ROWS], y[ROWS], weight[ROWS]))
    np.testing.assert_array_equal(coefficients(estimator), before)
    for row in ROWS:
        one = make(name, fit_intercept=fit_intercept).fit(X, y, weight)
        one.partial_unfit(X[[row]], y[[row]], weight[[row]])
        change = coefficients(one) - before
        atol = 1e-7 * np.abs(change).max() + 1e-14 * np.abs(before).max()
        np.testing.assert_allclose(found[row], change, rtol=1e-7, atol=atol)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_influence_is_near_the_truth(name):
    X, y = data(name)
    estimator = make(name, tol=1e-10).fit(X, y)
    influence = estimator.influence(X, y, X_test=X[:7])
    before = coefficients(estimator)
    found, true, predicted = stacked(influence), [], []
    some = np.arange(0, len(y), 3)
    for row in some:
        X_rest, y_rest = np.delete(X, row, 0), np.delete(y, row, 0)
        refit = make(name, tol=1e-10).fit(X_rest, y_rest)
        true.append(coefficients(refit) - before)
        predicted.append(raw_of(refit, X[:7]))
    true = np.array(true)
    size = np.linalg.norm(true, axis=1)
    assert spearmanr(influence.norm[some], size).statistic > 0.98
    error = np.linalg.norm(found[some] - true, axis=1)
    if name in QUADRATIC:
        assert error.max() < 1e-8 * size.max()
    else:
        assert error.max() < 0.2 * size.max()
        assert np.median(error) < 0.05 * np.median(size)
    raw = np.array(predicted) - raw_of(estimator, X[:7])
    found = influence.raw[some]
    assert found.shape == raw.shape
    assert np.abs(found - raw).max() < 0.2 * np.abs(raw).max()


@pytest.mark.parametrize("name", ["logistic", "multinomial", "ridge_targets"])
def test_shapes(name):
    X, y = data(name)
    estimator = make(name).fit(X, y)
    influence = estimator.influence(X[:4], y[:4], X_test=X[:3])
    assert influence.coef.shape == (4, *estimator.coef_.shape)
    assert influence.intercept.shape == (4, *np.shape(estimator.intercept_))
    shown = estimator.predict if name.startswith("ridge") else None
    shown = shown or estimator.decision_function
    assert influence.raw.shape == (4, *shown(X[:3]).shape)
    assert influence.norm.shape == (4,)
    assert estimator.influence(X[:4], y[:4]).raw is None


@pytest.mark.filterwarnings(LARGE_STEPS)
def test_rows_without_weight_and_forgotten_columns():
    X, y = data("logistic")
    estimator = UnlearnableLogisticRegression(C=0.3).fit(X, y).forget_features([2])
    influence = estimator.influence(X[:3], y[:3], [0.0, 1.0, 1.0])
    assert not influence.norm[0]
    assert influence.norm[1:].all()
    assert not influence.coef[:, :, 2].any()


def test_rows_of_retained_data():
    X, y = data("logistic")
    ids = np.arange(len(y))
    estimator = UnlearnableLogisticRegression(C=0.3, retain_data=True)
    estimator.fit(X, y, row_ids=ids)
    by_name = estimator.influence(row_ids=[5, 3])
    by_value = estimator.influence(X[[5, 3]], y[[5, 3]])
    np.testing.assert_array_equal(by_name.coef, by_value.coef)
    with pytest.raises(RowNotFoundError):
        estimator.influence(X[:1] + 1.0, y[:1])


def test_a_row_that_alone_decides():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 3)), rng.normal(size=20)
    X[:, 2] = 0.0
    X[4, 2] = 1.0
    estimator = UnlearnableRidge(alpha=0.0).fit(X, y)
    influence = estimator.influence(X, y)
    assert np.isnan(influence.norm).tolist() == [row == 4 for row in range(20)]
    with pytest.raises(UnlearningError):
        estimator.partial_unfit(X[[4]], y[[4]])


def test_blocks_give_the_same(monkeypatch):
    X, y = data("multinomial")
    estimator = make("multinomial").fit(X, y)
    whole = estimator.influence(X, y)
    monkeypatch.setattr("sklearn_unlearn.core.linear.influence._BLOCK_ENTRIES", 500)
    parts = estimator.influence(X, y)
    np.testing.assert_allclose(parts.coef, whole.coef, rtol=1e-9, atol=1e-15)


def test_bad_input_is_named():
    X, y = data("ridge")
    estimator = make("ridge").fit(X, y)
    with pytest.raises(ValueError, match="X_test"):
        estimator.influence(X[:2], y[:2], X_test=X[:2, :3])
    with pytest.raises(ValueError, match="X has 4 features"):
        estimator.influence(X[:2, :4], y[:2])
    with pytest.raises(ValueError, match="Pass X and y"):
        estimator.influence(X[:2])


@pytest.mark.parametrize("share", [0.3, 0.8, 0.99])
@pytest.mark.parametrize("name", ["normal", "poisson"])
def test_a_row_of_most_of_the_weight(name, share):
    X, y = data(name)
    weight = np.ones(len(y))
    weight[3] = share / (1.0 - share) * (len(y) - 1)
    estimator = make(name).fit(X, y, weight)
    before = coefficients(estimator)
    found = stacked(estimator.influence(X[2:5], y[2:5], weight[2:5]))[1]
    if name == "normal":
        estimator.partial_unfit(X[[3]], y[[3]], weight[[3]])
        change = coefficients(estimator) - before
    else:  # the step, which without data would be refused
        fitted = estimator._fitted
        rows = estimator._read_rows(fitted, X[[3]], y[[3]], weight[[3]])
        request = estimator._completed(fitted, ModelChange(Edit(rows_out=rows)))
        change = np.ravel(unlearn(fitted.model.state, request.edit).moved)
    np.testing.assert_allclose(found, change, rtol=1e-8)


@pytest.mark.filterwarnings(LARGE_STEPS)
@pytest.mark.parametrize("name", ["logistic", "multinomial", "gamma", "ridge"])
def test_values_of_forgotten_columns_may_be_unknown(name):
    X, y = data(name)
    estimator = make(name).fit(X, y).forget_features([1])
    before = coefficients(estimator)
    unknown = X[ROWS].copy()
    unknown[:, 1] = np.nan
    found = stacked(estimator.influence(unknown, y[ROWS]))
    for row in ROWS[:3]:
        one = make(name).fit(X, y).forget_features([1])
        one.partial_unfit(unknown[[row]], y[[row]])
        change = coefficients(one) - before
        atol = 1e-9 * np.abs(change).max()
        np.testing.assert_allclose(found[row], change, rtol=1e-6, atol=atol)


def test_the_last_row_of_a_class():
    X, y = data("multinomial")
    y[7] = "d"
    estimator = make("multinomial").fit(X, y)
    influence = estimator.influence(X[5:9], y[5:9])
    assert np.isnan(influence.norm).tolist() == [False, False, True, False]
