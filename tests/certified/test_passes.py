"""How often a certified request reads the data."""

from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest

from sklearn_unlearn import GaussianCertification, UnlearnableLogisticRegression
from sklearn_unlearn.core.linear.refinement import refine
from sklearn_unlearn.core.training_rows.retained import RetainedRows
from tests.core.problems import KINDS, Partitioned, fitted, make_problem

CERTIFICATION = GaussianCertification(epsilon=1.0, delta=1e-5, sigma=1e-3)


def model_of(X, y):
    model = UnlearnableLogisticRegression(
        C=0.1, retain_data=True, certification=CERTIFICATION
    )
    return model.fit(X, y)


def data(n_rows=400, scale=1.0):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_rows, 4))
    X[:5, 0] += scale
    return X, (X[:, 0] + rng.logistic(size=n_rows) > 0.0).astype(int)


def n_passes(model, verb):
    """Passes over all retained rows, and over their weights."""
    with patch.object(
        RetainedRows, "blocks", autospec=True, side_effect=RetainedRows.blocks
    ) as blocks:
        verb(model)
    return blocks.call_count


@pytest.mark.parametrize(
    "verb",
    [
        lambda m: m.partial_unfit(*(a[:3] for a in data())),
        lambda m: m.forget_features([1]),
        lambda m: m.replace_labels(data()[0][:2], data()[1][:2], 1 - data()[1][:2]),
    ],
    ids=["rows", "column", "labels"],
)
def test_a_certificate_takes_two_passes_more_than_the_request(verb):
    model = model_of(*data())
    fitted_value = model._fitted
    model._fitted = replace(fitted_value, lineage=None)
    bare = n_passes(model, verb)
    model._fitted = fitted_value
    # rounding errors, raw predictions, and units, which are of weights alone
    assert n_passes(model, verb) <= bare + 3


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_of_a_refinement_is_the_computed_one(kind):
    problem = make_problem(kind, 120)
    state = fitted(problem)
    rows = Partitioned(problem.rows, (50, 70))
    for max_iter in (0, 1, 20):
        start = replace(state, theta=np.where(state.theta, 0.9 * state.theta, 0.0))
        final = refine(start, rows, tol=1e-9, max_iter=max_iter).state
        computed = final.objective.gradient(rows, final.theta)
        np.testing.assert_array_equal(final.gradient, computed)


def test_a_hessian_of_another_place_is_made_anew_before_anything_else():
    X, y = data(scale=60.0)
    model = model_of(X, y)
    fitted_value = model._fitted
    model._fitted = replace(fitted_value, lineage=None)
    model.forget_features([0])
    theta = model._fitted.model.state.theta
    model._fitted = fitted_value
    model.forget_features([0])
    record, state = model.private_record(), model._fitted.model.state
    assert record.operation == "request"
    assert record.raw_change < 1e-6
    np.testing.assert_array_equal(state.theta, theta)
    assert record.distance < 1e-6
