"""How often a certified request reads the data."""

from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from unittest.mock import patch

import numpy as np
import pytest

from sklearn_unlearn import GaussianCertification, UnlearnableLogisticRegression
from sklearn_unlearn.certification import distance
from sklearn_unlearn.certification.drift import measured
from sklearn_unlearn.certification.lineage import _distance
from sklearn_unlearn.core.linear.objective import Objective
from sklearn_unlearn.core.linear.refinement import refine
from sklearn_unlearn.core.rows import Rows
from sklearn_unlearn.core.training_rows.retained import RetainedRows
from tests.core.problems import KINDS, Partitioned, fitted, make_problem

CERTIFICATION = GaussianCertification(epsilon=1.0, delta=1e-5, sigma=1e-3)


def model_of(X, y, tol=1e-8):
    model = UnlearnableLogisticRegression(
        C=0.1, tol=tol, retain_data=True, certification=CERTIFICATION
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


VERBS = {
    "rows": lambda m, X, y: m.partial_unfit(X[:3], y[:3]),
    "column": lambda m, X, y: m.forget_features([1]),
    "labels": lambda m, X, y: m.replace_labels(X[:2], y[:2], 1 - y[:2]),
}


@pytest.mark.parametrize("kind", VERBS)
def test_a_certificate_reads_no_row_that_the_request_did_not(kind):
    X, y = data(6000)
    model, verb = model_of(X, y), partial(VERBS[kind], X=X, y=y)
    fitted_value = model._fitted
    model._fitted = replace(fitted_value, lineage=None)
    bare = n_passes(model, verb)
    model._fitted = fitted_value
    # units, which are of weights alone, and how much one pass would read; a column
    # changes predictions by so much that rounding errors and these are read anew
    assert n_passes(model, verb) <= bare + (3 if kind == "column" else 2)


@pytest.mark.parametrize("tol", [1e-8, 1e-13])
def test_what_is_not_read_is_no_less_than_what_would_be(tol):
    # one request after another: each state as it is known and as rows would show it
    X, y = data(6000)
    model, n_unread = model_of(X, y, tol), 0
    rng = np.random.default_rng(0)
    for _ in range(12):
        row = int(rng.integers(len(y)))
        if rng.random() < 0.5:
            model.partial_unfit(X[[row]], y[[row]])
            X, y = np.delete(X, row, axis=0), np.delete(y, row)
        else:
            model.replace_labels(X[[row]], y[[row]], 1 - y[[row]])
            y[row] = 1 - y[row]
        inner, drift = model._fitted.model, model._fitted.lineage.drift
        read = measured(
            inner.state, inner.retained, geometry=drift.geometry, computed=True
        )
        n_unread += (
            drift.floor.size > read.floor.size * 1.001
            or drift.change > read.change * 1.1
        )
        for name in ("size", "sums", "raw", "roundings"):
            assert getattr(read.floor, name) <= getattr(drift.floor, name), name
        assert read.change <= drift.change
        assert read.unknown <= drift.unknown
        found = _distance(inner.state, read, model._fitted.lineage.terms).total
        assert found <= model.private_record().distance <= 1.26 * found
        again = model_of(X, y, tol)._fitted.model.state.theta
        assert (
            np.linalg.norm(again - inner.state.theta) <= model.private_record().distance
        )
    assert n_unread > 6


def categories(n_rows=6000):
    """Two columns of numbers and one for each category of two, some of them rare."""
    rng = np.random.default_rng(0)
    parts = [rng.standard_normal((n_rows, 2)) * [1.0, 3.0]]
    for n_categories in (4, 12):
        shares = 0.5 ** np.arange(n_categories)
        drawn = rng.choice(n_categories, n_rows, p=shares / shares.sum())
        parts.append(np.eye(n_categories)[drawn])
    X = np.hstack(parts)
    raw = X @ rng.normal(scale=1.5, size=X.shape[1])
    return X, (raw + rng.logistic(size=n_rows) > 0.0).astype(int)


#: Products of all rows with a vector, or of a vector with them, that a pass takes.
PRODUCTS = {
    "value_and_gradient": 2,
    "rounding": 4,
    "largest_raw_change": 1,
    "data_hessian": 18,
}


def products_of(model, columns):
    """What `PRODUCTS` a request takes, by the pass."""
    with ExitStack() as stack:
        spies = {
            name: stack.enter_context(
                patch.object(
                    Objective, name, autospec=True, side_effect=vars(Objective)[name]
                )
            )
            for name in PRODUCTS
        }
        model.forget_features(columns)
    return {name: PRODUCTS[name] * spy.call_count for name, spy in spies.items()}


def changes(before, after, X, column):
    """How far a raw prediction is from that at which its weight in H was taken."""
    corrected = np.where(np.arange(X.shape[1]) == column, 0.0, X)
    same = np.arange(len(before.anchor)) == column
    same |= (before.anchor == after.anchor)[:, 0]
    start, X = (before, X) if same.all() else (after, corrected)
    rows = Rows(X, np.zeros((len(X), 1)), np.ones(len(X)))
    return before.objective.largest_raw_change(rows, after.theta - start.anchor)


def test_columns_are_certified_by_a_half_more_products_at_most():
    X, y = categories()
    # to some, what is known before of eigenvalues leaves too little room
    model = UnlearnableLogisticRegression(retain_data=True, certification=CERTIFICATION)
    fitted_value, kinds = model.fit(X, y)._fitted, Counter()
    for column in range(X.shape[1]):
        model._fitted = replace(fitted_value, lineage=None)
        bare = products_of(model, [column])
        model._fitted = fitted_value
        certified = products_of(model, [column])
        inner, lineage = model._fitted.model, model._fitted.lineage
        kinds += {name: certified[name] > bare[name] for name in PRODUCTS}
        assert sum(certified.values()) <= 1.5 * sum(bare.values()), (bare, certified)
        drift = lineage.drift
        changed = changes(fitted_value.model.state, inner.state, X, column)
        assert changed <= drift.change
        if certified["largest_raw_change"] > bare["largest_raw_change"]:
            assert drift.change <= 1.07 * changed
        read = measured(
            inner.state,
            inner.retained,
            geometry=drift.geometry,
            computed=True,
            seen=changed,
        )
        for name in ("size", "sums", "raw", "roundings", "largest"):
            assert getattr(read.floor, name) <= 1.0001 * getattr(drift.floor, name)
        corrected = np.where(np.arange(X.shape[1]) == column, 0.0, X)
        assert np.all(np.abs(corrected).max(axis=0) <= drift.geometry.reach[:-1])
        assert np.linalg.norm(X, axis=1).max() <= drift.geometry.length
        found = _distance(inner.state, read, lineage.terms).total
        if found > lineage.accountant.remaining or drift.change > 0.5:
            found = _distance(inner.state, read, lineage.terms, penalised=True).total
            kinds["penalised"] += 1
        assert 0.999 * found <= lineage.record.distance <= 1.26 * found
        assert lineage.record.operation == "request"
        refit = UnlearnableLogisticRegression(tol=1e-13).fit(corrected, y)
        apart = np.linalg.norm(refit._fitted.model.state.theta - inner.state.theta)
        assert apart <= lineage.record.distance
    assert kinds["largest_raw_change"] >= 3 > kinds["rounding"]
    assert kinds["penalised"] >= 3


@pytest.mark.parametrize("seed", range(4))
def test_changes_of_predictions_are_bounded_over_many_requests(seed):
    # against raw predictions at which the weights of the rows were taken
    X, y = categories(1500)
    rng, model = np.random.default_rng(seed), model_of(X, y)
    state = model._fitted.model.state
    anchor = state.anchor
    began = state.objective.raw_prediction(X, anchor)
    n_kept = 0
    for column in rng.permutation(X.shape[1])[:8]:
        few = rng.choice(len(y), 2, replace=False)
        if rng.random() < 0.5:
            new = X[few] * rng.choice([0.5, 1.5, -1.0])
            came = model._fitted.model.state
            model.replace_features(X[few], y[few], new)
            X = np.vstack([np.delete(X, few, axis=0), new])
            y = np.append(np.delete(y, few), y[few])
            at = came.objective.raw_prediction(new, came.anchor)
            began = np.vstack([np.delete(began, few, axis=0), at])
        model.forget_features([column])
        X = np.where(np.arange(X.shape[1]) == column, 0.0, X)
        inner, drift = model._fitted.model.state, model._fitted.lineage.drift
        kept = (inner.anchor == anchor)[:, 0] | inner.objective.forgotten
        if not kept.all():
            began = inner.objective.raw_prediction(X, inner.anchor)
        n_kept += bool(kept.all())
        anchor = inner.anchor
        now = inner.objective.raw_prediction(X, inner.theta)
        assert np.abs(now - began).max() <= drift.change
    assert n_kept >= 2


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_a_small_gradient_is_not_asked_where_it_leads(share):
    X, y = data()
    model = model_of(X, y)._fitted
    state, drift = model.model.state, model.lineage.drift
    gradient = np.zeros_like(state.gradient)
    gradient[0] = 1e-6
    state, tol = replace(state, gradient=gradient), 1e-6 / share
    with patch.object(distance, "dual_norm", side_effect=distance.dual_norm) as solved:
        found = distance.distance(state, drift, tol)
    assert solved.called == (share > 0.125)
    truth = np.linalg.norm(state.solve(gradient))
    assert truth <= found.minimiser <= found.total <= 1.2 * (truth + found.refit)


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


def test_a_hessian_that_is_made_anew_is_measured_once():
    # a column with a free intercept, of which nothing that could be read gives a bound
    X, y = data(scale=60.0)
    model = model_of(X, y)
    names = ("rounding", "data_hessian", "gradient")
    with ExitStack() as stack:
        spies = [
            stack.enter_context(
                patch.object(
                    Objective, name, autospec=True, side_effect=vars(Objective)[name]
                )
            )
            for name in names
        ]
        module = "sklearn_unlearn.certification.geometry."
        reached = [
            stack.enter_context(patch(module + name, side_effect=AssertionError))
            for name in ("column_reach", "largest_length")
        ]
        model.forget_features([0])
    assert [spy.call_count for spy in spies] == [1, 1, 0]
    assert not any(spy.called for spy in reached)
    record, lineage = model.private_record(), model._fitted.lineage
    assert record.operation == "request"
    read = measured(model._fitted.model.state, model._fitted.model.retained)
    assert _distance(model._fitted.model.state, read, lineage.terms).total <= (
        record.distance * 1.0001
    )
    assert lineage.drift.geometry.reach[0] == 0.0 < lineage.drift.geometry.reach[1]


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
