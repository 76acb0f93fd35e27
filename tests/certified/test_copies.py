"""Copies of a certified model and reordered rows make no distance too small."""

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sklearn_unlearn.certification.distance import distance
from sklearn_unlearn.core.linear.refinement import refreshed
from sklearn_unlearn.core.training_rows.retained import RetainedRows
from tests.certified.problems import Edited, certified
from tests.certified.test_truth import farthest_refit

#: Rows of which the labels contradict all others.
N_NOISY = 5
N_COLUMNS = 4


def problem(seed, classes=2, n_rows=200, noise=0.0):
    """Data that are nearly separable, without noise, once the first rows are out."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, N_COLUMNS))
    slopes = np.array([[3.0, 1.0], [-2.0, 2.0], [1.0, -2.0], [0.3, 0.2]])
    raw = X @ slopes
    if noise:
        X[:, 3] *= 0.01
        raw += noise * rng.logistic(size=raw.shape)
    y = (raw[:, 0] > 0.0).astype(int)
    if classes == 3:
        y += raw[:, 1] > 1.0
    y[:N_NOISY] = (y[:N_NOISY] + 1) % classes
    return X, y


def reordered(estimator, rng):
    """The same model with its rows retained in another order."""
    fitted = estimator._fitted
    retained = fitted.model.retained
    if retained is not None:
        rows = retained.take(rng.permutation(retained.n_rows))
        retained = RetainedRows.of(rows.weighted(), None, retained.forgotten)
        model = replace(fitted.model, retained=retained)
        estimator._fitted = replace(fitted, model=model)
    return estimator


COPIES = {
    "as it is": lambda estimator, _: estimator,
    "pickled": lambda estimator, _: pickle.loads(pickle.dumps(estimator)),
    "deep copy": lambda estimator, _: copy.deepcopy(estimator),
    "in another order": reordered,
}
#: What happens to columns or rows; rows by their place among those that are left.
REQUESTS = ("faint", "strong", "noisy", "some", "new", "labels", "refine")


def carry_out(request, estimator, data, rng):
    """The data after a request."""
    X, y = data.X, data.y
    if request in ("faint", "strong"):
        column = 3 if request == "faint" else 2
        estimator.forget_features([column])
        return replace(data, X=X * (np.arange(N_COLUMNS) != column))
    if request == "refine":
        order = rng.permutation(len(y))
        estimator.refine(X[order], y[order])
        return data
    n_rows = N_NOISY if request == "noisy" else 2
    out = np.arange(n_rows) if request == "noisy" else N_NOISY + np.arange(n_rows)
    order = rng.permutation(out)
    if request == "new":
        estimator.partial_fit(0.9 * X[order], y[order])
        return Edited(np.r_[X, 0.9 * X[order]], np.r_[y, y[order]], None)
    if request == "labels":
        new = y.copy()
        new[order] = (y[order] + 1) % (y.max() + 1)
        estimator.replace_labels(X[order], y[order], new[order])
        return replace(data, y=new)
    estimator.partial_unfit(X[order], y[order])
    return Edited(np.delete(X, out, axis=0), np.delete(y, out), None)


def check(X, y, retain_data, story, seed=0):
    """Carry out requests, each on a copy; no refit may be farther than stated."""
    rng = np.random.default_rng(seed)
    # a coarse tolerance is seen above the rounding errors of everything
    params = {"retain_data": retain_data, "tol": 1e-2}
    estimator = certified("logistic", 1e6, **params).fit(X, y)
    data = Edited(X, y, None)
    published = estimator
    for request, how in story:
        data = carry_out(request, estimator, data, rng)
        if request != "refine":  # which publishes nothing
            published = copy.copy(estimator)
        estimator = COPIES[how](estimator, rng)
    stated = published.private_record().distance
    assert farthest_refit(published, data) <= stated


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("seed", [13, 14])
def test_a_copy_after_a_forgotten_column(seed, how):
    story = [("faint", "as it is"), ("noisy", how), ("some", "as it is")]
    check(*problem(seed), True, story)


@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    seed=st.integers(0, 10**6),
    classes=st.sampled_from([2, 3]),
    story=st.lists(
        st.tuples(st.sampled_from(REQUESTS), st.sampled_from(list(COPIES))),
        min_size=2,
        max_size=5,
        unique_by=lambda each: each[0],
    ),
)
def test_any_copies_between_any_requests(seed, classes, story):
    check(*problem(seed, classes), True, story, seed)


@pytest.mark.parametrize("how", COPIES)
def test_copies_without_data(how):
    story = [("faint", how), ("some", how), ("new", how), ("labels", "as it is")]
    check(*problem(0, 2, 1000, noise=3.0), False, story)


def test_another_factor_has_no_certified_numbers():
    X, y = problem(0)
    estimator = certified("logistic", 1e6, retain_data=True).fit(X, y)
    fitted = estimator._fitted
    state, drift = fitted.model.state, fitted.lineage.drift
    assert distance(state, drift, 1e-8).total < np.inf
    other = refreshed(state, fitted.model.retained, state.theta)
    assert distance(other, drift, 1e-8).total == np.inf
