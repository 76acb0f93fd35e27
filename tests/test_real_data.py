"""Requests on Adult (dense) and Enron (sparse), read where CONTRIBUTING.md says."""

import copy
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression

from benchmarks import data
from sklearn_unlearn import UnlearnableLogisticRegression
from sklearn_unlearn.exceptions import LargeStepWarning

ADULT_SENSITIVE = ("race", "marital-status", "relationship")


def load(loader):
    try:
        return loader()
    except data.DataMissingError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def adult():
    return load(data.adult)


@pytest.fixture(scope="module")
def enron():
    return load(data.enron)


def fitted(source, retain_data):
    X, y = source
    return UnlearnableLogisticRegression(retain_data=retain_data).fit(X, y)


@pytest.fixture(scope="module")
def adult_free(adult):
    return fitted(adult, retain_data=False)


@pytest.fixture(scope="module")
def adult_exact(adult):
    return fitted(adult, retain_data=True)


@pytest.fixture(scope="module")
def enron_free(enron):
    return fitted(enron, retain_data=False)


@pytest.fixture(scope="module")
def enron_exact(enron):
    return fitted(enron, retain_data=True)


def learned(model):
    return np.append(model.coef_, model.intercept_)


def refit(X, y, solver="newton-cholesky", tol=1e-12):
    """What scikit-learn learns, as tightly as it can."""
    model = LogisticRegression(solver=solver, tol=tol, max_iter=10_000)
    return learned(model.fit(X, y))


def request(model, verb, *arguments):
    """The model after a request; the fixture's stays as it is."""
    answered = copy.copy(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LargeStepWarning)
        return getattr(answered, verb)(*arguments)


def gain(old, new, X, y):
    """How many times the request has lowered the residual on the edited data."""
    return old.gradient_residual(X, y) / new.gradient_residual(X, y)


def blank(X, columns):
    """The data with zeros in these columns."""
    if sp.issparse(X):
        kept = np.ones(X.shape[1])
        kept[columns] = 0.0
        return sp.csr_array(X.multiply(kept))
    edited = X.copy()
    edited[:, columns] = 0.0
    return edited


def rows_of_adult(n):
    return np.random.default_rng(n).permutation(32561)[:n]


def relabelled(y, rows):
    edited = y.copy()
    edited[rows] = 1 - y[rows]
    return edited


def corrected(X, rows):
    """The data where these persons are two tenths of a deviation older."""
    edited = X.copy()
    edited[rows, 0] += 0.2
    return edited


# Adult ----------------------------------------------------------------------------


def test_adult_fit(adult, adult_free):
    X, y = adult
    assert X.shape == (32561, 108)
    residual = adult_free.gradient_residual(X, y)
    assert residual <= max(1e-8, residual.rounding_error)
    np.testing.assert_allclose(learned(adult_free), refit(X, y), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("n_out", [1, 100, 1000])
def test_adult_rows_out_exactly(adult, adult_exact, n_out):
    X, y = adult
    out = rows_of_adult(n_out)
    model = request(adult_exact, "partial_unfit", X[out], y[out])
    true = refit(np.delete(X, out, axis=0), np.delete(y, out))
    np.testing.assert_allclose(learned(model), true, rtol=0.0, atol=1e-7)


@pytest.mark.parametrize("row", [0, 7, 12_345, 32_560])
def test_adult_row_out_without_data(adult, adult_free, row):
    X, y = adult
    model = request(adult_free, "partial_unfit", X[[row]], y[[row]])
    left = np.delete(X, row, axis=0), np.delete(y, row)
    assert gain(adult_free, model, *left) >= 100.0


def test_adult_labels(adult, adult_free, adult_exact):
    X, y = adult
    rows = rows_of_adult(20)
    y_new = relabelled(y, rows)
    arguments = "replace_labels", X[rows], y[rows], y_new[rows]
    assert gain(adult_free, request(adult_free, *arguments), X, y_new) >= 10.0
    exact = request(adult_exact, *arguments)
    np.testing.assert_allclose(learned(exact), refit(X, y_new), rtol=0.0, atol=1e-7)


def test_adult_values(adult, adult_free, adult_exact):
    X, y = adult
    rows = rows_of_adult(20)
    X_new = corrected(X, rows)
    arguments = "replace_features", X[rows], y[rows], X_new[rows]
    assert gain(adult_free, request(adult_free, *arguments), X_new, y) >= 10.0
    exact = request(adult_exact, *arguments)
    np.testing.assert_allclose(learned(exact), refit(X_new, y), rtol=0.0, atol=1e-7)


@pytest.mark.parametrize("category", ADULT_SENSITIVE)
def test_adult_category_forgotten(adult, adult_free, adult_exact, category):
    X, y = adult
    columns = data.adult_categories()[category]
    without = blank(X, columns)
    model = request(adult_free, "forget_features", columns)
    assert np.all(model.coef_[:, columns] == 0.0)
    zeroed = adult_free.to_sklearn()
    zeroed.coef_[:, columns] = 0.0
    exact = request(adult_exact, "forget_features", columns)
    true = refit(without, y)
    assert np.all(exact.coef_[:, columns] == 0.0)
    np.testing.assert_allclose(learned(exact), true, rtol=0.0, atol=1e-7)
    # zeros in the place of the coefficients are much further from the refit
    distance = np.linalg.norm(learned(model) - true)
    assert distance <= np.linalg.norm(learned(zeroed) - true) / 3.0


# Enron ----------------------------------------------------------------------------


@pytest.mark.parametrize(("solver", "tol"), [("lbfgs", 1e-9), ("newton-cg", 1e-10)])
def test_enron_fit(enron, enron_free, solver, tol):
    X, y = enron
    true = refit(X, y, solver, tol)
    np.testing.assert_allclose(learned(enron_free), true, rtol=0.0, atol=1e-5)


def test_enron_rows_out_without_data(enron, enron_free):
    X, y = enron
    model = request(enron_free, "partial_unfit", X[:10], y[:10])
    assert gain(enron_free, model, X[10:], y[10:]) >= 10.0


def test_enron_rows_out_exactly(enron, enron_exact):
    X, y = enron
    model = request(enron_exact, "partial_unfit", X[:10], y[:10])
    residual = model.gradient_residual(X[10:], y[10:])
    assert residual <= max(1e-8, residual.rounding_error)
    true = refit(X[10:], y[10:], "newton-cg", 1e-10)
    np.testing.assert_allclose(learned(model), true, rtol=0.0, atol=1e-7)


def test_enron_names_forgotten(enron, enron_free):
    X, y = enron
    columns = data.enron_sensitive()[:10]
    model = request(enron_free, "forget_features", columns)
    assert np.all(model.coef_[:, columns] == 0.0)
    zeroed = enron_free.to_sklearn()
    zeroed.coef_[:, columns] = 0.0
    true = refit(blank(X, columns), y, "newton-cg", 1e-10)
    distance = np.linalg.norm(learned(model) - true)
    assert distance <= np.linalg.norm(learned(zeroed) - true) / 3.0
