"""Where steps or refinement fail, the data are fitted again."""

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from sklearn_unlearn import UnlearnableLogisticRegression
from sklearn_unlearn.core.linear import model
from sklearn_unlearn.core.linear.refinement import Outcome, Refinement
from sklearn_unlearn.exceptions import NotPositiveDefiniteError
from tests.cases import coefficients, data, make
from tests.linear_model.requests import OUT, REST, VERBS, ask


@pytest.mark.parametrize("seed", [23, 27, 35, 39, 41, 46, 56, 57, 69, 76])
def test_saturated_problems_are_answered_where_a_refit_is(seed):
    """With data almost separated and almost no penalty, refinement alone stalled."""
    rng = np.random.default_rng(seed)
    n_rows, n_columns, n_classes = rng.integers((20, 2, 2), (80, 10, 5))
    X = rng.normal(size=(n_rows, n_columns)) * 10.0 ** rng.uniform(-2, 2, n_columns)
    y = (X @ rng.normal(size=(n_columns, n_classes))).argmax(axis=1)
    y[: 2 * n_classes] = np.tile(np.arange(n_classes), 2)
    wrong = y.copy()
    wrong[-3:] = (y[-3:] + 1) % n_classes
    estimator = UnlearnableLogisticRegression(C=1e12, retain_data=True).fit(X, y)
    estimator.replace_labels(X[-3:], y[-3:], wrong[-3:])
    residual = estimator.gradient_residual(X, wrong)
    assert residual <= max(estimator.tol, residual.rounding_error)
    estimator.replace_labels(X[-3:], wrong[-3:], y[-3:])
    residual = estimator.gradient_residual(X, y)
    assert residual <= max(estimator.tol, residual.rounding_error)


def _singular(*args, **kwargs):
    raise NotPositiveDefiniteError("The Hessian is singular.")


def _stalled(state, rows, *, tol, max_iter):
    return Refinement(state, Outcome.STALLED, 1.0, 0, 0)


FAILURES = [("unlearn", _singular), ("refine", _singular), ("refine", _stalled)]


@pytest.mark.parametrize(("function", "failing"), FAILURES)
@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("name", ["logistic", "multinomial", "ridge", "poisson"])
def test_where_a_step_fails_the_data_are_fitted(
    monkeypatch, name, verb, function, failing
):
    X, y = data(name)
    estimator = make(name, retain_data=True).fit(X, y)
    with monkeypatch.context() as patch:
        patch.setattr(model, function, failing)
        edited = ask(verb, estimator, np.asarray, X, y, None)
    refit = make(name).fit(*edited)
    np.testing.assert_allclose(
        coefficients(estimator), coefficients(refit), rtol=1e-7, atol=1e-9
    )
    estimator.partial_unfit(edited[0][-2:], edited[1][-2:])  # all of the model is new
    refit = make(name).fit(edited[0][:-2], edited[1][:-2])
    np.testing.assert_allclose(
        coefficients(estimator), coefficients(refit), rtol=1e-7, atol=1e-9
    )


@pytest.mark.parametrize(("function", "failing"), FAILURES)
def test_a_failure_that_the_fit_shares_is_told(monkeypatch, function, failing):
    X, y = data("logistic")
    estimator = make("logistic", retain_data=True).fit(X, y)
    before = coefficients(estimator)
    monkeypatch.setattr(model, function, failing)
    monkeypatch.setattr(model, "fit", _singular)
    if failing is _stalled:
        with pytest.warns(ConvergenceWarning, match="No step lowers"):
            estimator.partial_unfit(X[OUT], y[OUT])
        return
    with pytest.raises(NotPositiveDefiniteError):
        estimator.partial_unfit(X[OUT], y[OUT])
    np.testing.assert_array_equal(coefficients(estimator), before)


def test_of_two_that_stall_the_smaller_residual_is_taken(monkeypatch):
    X, y = data("logistic")
    estimator = make("logistic", retain_data=True).fit(X, y)

    def worse(objective, rows, **keywords):
        start = estimator._fitted.model.state
        return Refinement(start, Outcome.STALLED, 2.0, 0, 0)

    monkeypatch.setattr(model, "refine", _stalled)
    monkeypatch.setattr(model, "fit", worse)
    with pytest.warns(ConvergenceWarning, match=r"The gradient norm is 1\."):
        estimator.partial_unfit(X[OUT], y[OUT])


def test_refine_fits_where_its_steps_stall(monkeypatch):
    X, y = data("logistic")
    estimator = make("logistic").fit(X, y).partial_unfit(X[OUT], y[OUT])
    with monkeypatch.context() as patch:
        patch.setattr(model, "refine", _stalled)
        estimator.refine(X[REST], y[REST])
    refit = make("logistic").fit(X[REST], y[REST])
    np.testing.assert_allclose(
        coefficients(estimator), coefficients(refit), rtol=1e-7, atol=1e-9
    )
