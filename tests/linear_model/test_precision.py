"""Rows that outweigh all others, by a sentinel in a column, leave."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from sklearn_unlearn import UnlearnableRidgeClassifier
from sklearn_unlearn.exceptions import (
    LargeStepWarning,
    PrecisionLossError,
    PrecisionLossWarning,
)
from tests.cases import APPROXIMATE, QUADRATIC, coefficients, data, make

#: Rows with a sentinel, of all classes: the fit is not certain of any.
OUT = np.arange(12)
REST = np.arange(12, 150)


def with_sentinel(name, size):
    """Data whose first column says nothing, but for a sentinel in some rows."""
    X, y = data(name)
    X[:, 0] = np.random.default_rng(7).normal(size=y.shape[0])
    X[OUT, 0] = size
    return X, y


@pytest.mark.parametrize("name", [*QUADRATIC, *APPROXIMATE, "svr", "svc"])
def test_retained_data_make_it_exact(name):
    X, y = with_sentinel(name, 1e8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        estimator = make(name, retain_data=True).fit(X, y)
    estimator.partial_unfit(X[OUT], y[OUT])
    refit = clone(estimator).fit(X[REST], y[REST])
    np.testing.assert_allclose(
        coefficients(estimator), coefficients(refit), rtol=1e-7, atol=1e-9
    )
    # and leave a Hessian of these rows
    assert estimator._fitted.model.state.factor.lost < 1e-9


@pytest.mark.parametrize("name", APPROXIMATE)
def test_a_loss_of_digits_is_said_or_refused(name):
    X, y = with_sentinel(name, 1e6)
    estimator = make(name).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LargeStepWarning)
        with pytest.warns(PrecisionLossWarning, match="retain_data=True"):
            estimator.partial_unfit(X[OUT], y[OUT])
    with warnings.catch_warnings():
        warnings.simplefilter("error", PrecisionLossWarning)
        estimator.refine(X[REST], y[REST]).partial_unfit(X[20:21], y[20:21])
    X, y = with_sentinel(name, 1e8)
    estimator = make(name).fit(X, y)
    before = coefficients(estimator)
    with pytest.raises(PrecisionLossError, match="outweighs"):
        estimator.partial_unfit(X[OUT], y[OUT])
    np.testing.assert_array_equal(coefficients(estimator), before)


@pytest.mark.parametrize("name", QUADRATIC)
def test_nothing_is_said_where_nothing_is_lost(name):
    X, y = data(name)
    with warnings.catch_warnings():
        warnings.simplefilter("error", PrecisionLossWarning)
        estimator = make(name).fit(X, y)
        estimator.partial_unfit(X[:140], y[:140]).partial_fit(X[:9], y[:9])


def test_balanced_weights():
    X, y = with_sentinel("ridge_classifier", 1e8)
    estimator = UnlearnableRidgeClassifier(class_weight="balanced").fit(X, y)
    with pytest.raises(PrecisionLossError):
        estimator.partial_unfit(X[OUT], y[OUT])
