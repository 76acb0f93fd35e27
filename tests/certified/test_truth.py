"""The stated distance is at least the true one, to every refit that it speaks of."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from sklearn_unlearn.core.linear.units import Units
from tests.cases import CERTIFIED, weights
from tests.certified.problems import VERBS, certified, problem, refit, theta
from tests.pairwise import pairwise


def farthest_refit(estimator, edited):
    """Distance to a refit that stops as early as the certificate allows.

    It is put off the minimiser along the flattest direction of the Hessian, away from
    the coefficients, until its gradient has the norm ``refit_tolerance``.
    """
    model = estimator._fitted.model
    mine = theta(estimator)[~model.state.objective.forgotten]
    edited = replace(edited, X=edited.X[:, ~model.forgotten])
    tight = refit(estimator, edited, tol=1e-12)
    state = tight._fitted.model.state
    objective = state.objective
    values, vectors = np.linalg.eigh(state.factor.folded().matrix(), UPLO="L")
    packed = np.zeros_like(objective.pack(state.theta))
    packed[:, 0] = vectors[:, 0] / values[0]
    tol = estimator.release()[1].refit_tolerance
    rows = tight._read_rows(tight._fitted, edited.X, edited.y, edited.weight)
    units = Units.of(objective.loss, rows)
    off = objective.unpack(packed)
    off *= 0.99 * tol / units.norm(objective.unpack(packed * values[0]))
    off *= -1.0 if np.vdot(off, mine - state.theta) > 0.0 else 1.0
    stopped = state.theta + off
    norm = units.norm(objective.gradient(rows, stopped))
    assert 0.95 * tol < norm <= tol  # it is one that the certificate speaks of
    return float(np.linalg.norm(mine - stopped))


@pytest.mark.parametrize(
    ("name", "verb", "retain_data", "weighted", "as_format"),
    pairwise(
        CERTIFIED, VERBS, [False, True], [False, True], [np.asarray, sp.csr_array]
    ),
)
def test_no_permitted_refit_is_farther(name, verb, retain_data, weighted, as_format):
    X, y = problem(name)
    X, weight = as_format(X), weights(len(y)) if weighted else None
    # a coarse tolerance is seen above the rounding errors of everything
    estimator = certified(name, 1e6, retain_data=retain_data, tol=1e-5)
    estimator.fit(X, y, weight)
    edited = VERBS[verb](estimator, X, y, weight)
    stated = estimator.private_record().distance
    true = farthest_refit(estimator, edited)
    assert true <= stated
    exact = retain_data or name.startswith("ridge")
    # the smallest eigenvalue is not measured anew without the column
    if exact and verb != "forget_features":
        assert stated < 3.0 * true  # a claim of nothing would be true as well


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("params", [{}, {"class_weight": "balanced"}])
@pytest.mark.parametrize("name", ["logistic", "multinomial", "ridge_classifier"])
def test_over_many_requests_without_data(name, params, fit_intercept):
    X, y = problem(name, 1500)
    params = {**params, "fit_intercept": fit_intercept}
    estimator = certified(name, 1e6, **params).fit(X, y)
    stated = []
    for verb in ("partial_unfit", "replace_features", "replace_labels", "partial_fit"):
        edited = VERBS[verb](estimator, X, y, None)
        X, y = edited.X, edited.y
        stated.append(estimator.private_record().distance)
        assert farthest_refit(estimator, edited) <= stated[-1]
    if name != "ridge_classifier":  # what remains of requests adds up, by and large
        assert max(stated[1:]) > stated[0]
        estimator.refine(X, y)
        edited = VERBS["partial_unfit"](estimator, X, y, None)
        assert estimator.private_record().distance < stated[-1]
        assert farthest_refit(estimator, edited) <= estimator.private_record().distance


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != "refine"])
@pytest.mark.parametrize("name", ["logistic", "ridge", "ridge_classifiers"])
def test_of_first_order_requests(name, verb):
    X, y = problem(name, 1500)
    estimator = certified(name, 1e6, method="first_order").fit(X, y)
    edited = VERBS[verb](estimator, X, y, None)
    assert farthest_refit(estimator, edited) <= estimator.private_record().distance
