"""What is refused, by which error, with every weight as it was."""

import numpy as np
import pytest

from sklearn_unlearn.core.network.perceptron import Linearisation, Perceptron
from sklearn_unlearn.exceptions import (
    BudgetTooSmallError,
    DataMismatchError,
    EmptyClassError,
    LargeStepWarning,
    NotFiniteError,
    RowNotFoundError,
    UnlearningError,
)
from tests.neural_network.problems import blobs, classifier, regressor, weights


@pytest.fixture
def fitted():
    X, y = blobs()
    return classifier().fit(X, y), X, y


def refused(model, error, match, verb, *arguments):
    before, value = weights(model), model._fitted
    with pytest.raises(error, match=match):
        getattr(model, verb)(*arguments)
    assert weights(model) == before
    assert model._fitted is value


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"method": "newton"}, "method must be one of 'levenberg_marquardt'"),
        ({"method": None}, "method must be one of"),
        ({"linear_solver": "lu"}, "linear_solver must be one of 'cg', 'lissa'"),
        ({"activation": "gelu"}, "activation must be one of"),
        ({"unlearning_rate": 0.0}, "unlearning_rate"),
        ({"unlearning_rate": np.nan}, "unlearning_rate"),
        ({"unlearning_rate": "fast"}, "unlearning_rate"),
        ({"max_steps": 0}, "max_steps"),
        ({"max_steps": 1.5}, "max_steps"),
        ({"max_passes": -1.0}, "max_passes"),
        ({"max_seconds": np.inf}, "max_seconds must be finite"),
        ({"retain_data": "yes"}, "retain_data"),
        ({"retain_data": False}, "needs all rows in each request"),
        ({"warm_start": True}, "warm_start=True would keep"),
        ({"alpha": -1.0}, "alpha"),
        ({"solver": "newton"}, "solver"),
    ],
)
def test_parameters(params, match):
    X, y = blobs()
    with pytest.raises((TypeError, ValueError), match=match):
        classifier(**params).fit(X, y)


def test_parameters_that_changed_after_fit(fitted):
    model, X, y = fitted
    model.set_params(max_steps=-3)
    refused(model, ValueError, "max_steps", "partial_unfit", X[:1], y[:1])
    model.set_params(max_steps=2, method="first_order")
    refused(model, ValueError, "unlearning_rate", "partial_unfit", X[:1], y[:1])


def test_requests(fitted):
    model, X, y = fitted
    unknown = np.array(["d"])
    refused(model, ValueError, "label 'd'", "partial_unfit", X[:1], unknown)
    refused(model, ValueError, "y_new", "replace_labels", X[:1], y[:1], unknown)
    refused(
        model, ValueError, "X_new has 2 rows", "replace_features", X[:1], y[:1], X[:2]
    )
    refused(model, ValueError, "NaN", "partial_unfit", np.nan * X[:1], y[:1])
    refused(model, RowNotFoundError, "Row 0", "partial_unfit", X[:1] + 1.0, y[:1])
    twice = X[[0, 0]], y[[0, 0]]
    refused(model, RowNotFoundError, "Row 1", "partial_unfit", *twice)
    refused(model, ValueError, "Pass X and y", "partial_unfit")
    refused(model, ValueError, "label 'd'", "partial_fit", X[:1], unknown)
    refused(model, ValueError, "NaN", "partial_fit", np.nan * X[:1], y[:1])
    refused(model, ValueError, "Negative", "partial_unfit", X[:1], y[:1], -1.0)
    refused(model, ValueError, "one weight a row", "refine", X, y, np.ones(3))
    some = y == "a"
    refused(model, EmptyClassError, "class", "partial_unfit", X[some], y[some])
    refused(model, ValueError, "nothing would be left", "forget_features", [0, 1, 2, 3])
    refused(model, ValueError, "no column", "forget_features", [False] * 4)
    refused(model, DataMismatchError, "119 rows", "refine", X[1:], y[1:])
    refused(model, DataMismatchError, "Column", "refine", X[::-1], y)
    with pytest.raises(ValueError, match="row_ids needs retain_data"):
        classifier(retain_data=False, method="first_order").fit(
            X, y, row_ids=np.arange(120)
        )


def test_all_rows_of_a_regressor():
    X, _ = blobs()
    model = regressor().fit(X, X[:, 0])
    refused(model, ValueError, "no rows", "partial_unfit", X, X[:, 0])


@pytest.mark.parametrize(
    ("budget", "reason"),
    [({"max_passes": 1.0}, "passes"), ({"max_seconds": 1e-9}, "seconds")],
)
def test_budgets_too_small_for_a_step(fitted, budget, reason):
    model, X, y = fitted
    model.set_params(**budget)
    refused(model, BudgetTooSmallError, reason, "partial_unfit", X[:1], y[:1])
    refused(model, BudgetTooSmallError, reason, "refine", X, y)
    refused(model, BudgetTooSmallError, reason, "partial_fit", X[:1], y[:1])
    refused(model, BudgetTooSmallError, reason, "forget_features", [0])


def test_curvature_that_is_not_finite(fitted, monkeypatch):
    model, X, y = fitted
    monkeypatch.setattr(
        Linearisation, "gauss_newton_dot", lambda self, vector: np.nan * vector
    )
    refused(model, NotFiniteError, "curvature", "partial_unfit", X[:1], y[:1])
    refused(model, NotFiniteError, "curvature", "partial_fit", X[:1], y[:1])
    refused(model, NotFiniteError, "curvature", "forget_features", [0])


def test_objective_that_is_not_finite(fitted, monkeypatch):
    model, X, y = fitted
    value_and_gradient = Perceptron.value_and_gradient

    def spoiled(self, theta, rows):
        return np.nan, value_and_gradient(self, theta, rows)[1]

    monkeypatch.setattr(Perceptron, "value_and_gradient", spoiled)
    refused(model, NotFiniteError, "objective", "partial_unfit", X[:1], y[:1])
    refused(model, NotFiniteError, "objective", "partial_fit", X[:1], y[:1])


@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.NotForgottenWarning")
@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt])
def test_failures_on_the_way(fitted, monkeypatch, error):
    model, X, y = fitted

    def fail(*arguments, **keywords):
        raise error("here")

    monkeypatch.setattr(type(model), "_reported", fail)
    for verb, arguments in {
        "partial_unfit": (X[:1], y[:1]),
        "replace_features": (X[:1], y[:1], X[:1] + 1.0),
        "replace_labels": (X[:1], y[:1], y[1:2]),
        "forget_features": ([1],),
        "partial_fit": (X[:1], y[:1]),
        "refine": (X, y),
    }.items():
        refused(model, error, "here", verb, *arguments)
    monkeypatch.setattr(type(model), "_made", fail)
    refused(model, error, "here", "fit", X[:50], y[:50])


def test_updates_that_overshoot():
    X, y = blobs()
    model = classifier(method="first_order", unlearning_rate=10.0).fit(X, y)
    with pytest.warns(LargeStepWarning, match="raised the objective"):
        model.replace_labels(X[:9], y[:9], np.roll(y[:9], 1))
    model = classifier(method="first_order", unlearning_rate=1e300).fit(X, y)
    refused(
        model,
        NotFiniteError,
        "not finite",
        "replace_labels",
        X[:9],
        y[:9],
        np.roll(y[:9], 1),
    )


def test_methods_that_need_data_that_were_not_kept():
    X, y = blobs()
    model = classifier(method="first_order", retain_data=False).fit(X, y)
    model.set_params(method="levenberg_marquardt", retain_data=True)
    refused(model, UnlearningError, "fitted with", "partial_unfit", X[:1], y[:1])
