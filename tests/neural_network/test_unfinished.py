"""What training left undone is no part of a request."""

from functools import cache

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification, make_regression

from sklearn_unlearn import (
    UnlearnableMLPClassifier,
    UnlearnableMLPRegressor,
    UnlearnableStandardScaler,
    make_unlearnable_pipeline,
)

pytestmark = [
    pytest.mark.filterwarnings(
        "ignore::sklearn_unlearn.exceptions.NotForgottenWarning"
    ),
    pytest.mark.filterwarnings("ignore:Stochastic Optimizer. Maximum iterations"),
]
OUT = np.array([0, 1])


def people(seed):
    return make_classification(1600, 20, n_informative=8, flip_y=0.1, random_state=seed)


@cache
def stopped(seed, **params):
    X, y = people(seed)
    model = UnlearnableMLPClassifier((50,), random_state=0, **params)
    return model.fit(X, y)


def copied(model):
    other = clone(model)
    vars(other).update(vars(model))
    return other


def losses(model, X, y):
    """Of each row, the negative logarithm of the probability of its label."""
    return -np.log(model.predict_proba(X)[np.arange(y.size), y])


@pytest.mark.parametrize("seed", [2, 3])
def test_two_people_leave(seed):
    X, y = people(seed)
    fitted = stopped(seed, early_stopping=True)
    model = copied(fitted).partial_unfit(X[OUT], y[OUT])
    refit = clone(fitted).fit(X[2:], y[2:])
    before = fitted.predict_proba(X)
    moved, expected = (np.abs(m.predict_proba(X) - before) for m in (model, refit))
    # when requests went on with training: by 0.84 at most and by 0.12 in the mean
    assert moved.max() < expected.max()
    assert moved.mean() < 0.01
    assert np.all(losses(model, X[OUT], y[OUT]) > losses(fitted, X[OUT], y[OUT]))


@pytest.mark.parametrize("params", [{"max_iter": 15}, {"early_stopping": True}])
def test_requests_move_a_network_no_farther_than_refits(params):
    out, moves, rises, others = np.arange(50), [], [], []
    for seed in range(4):
        X, y = people(seed)
        fitted = stopped(seed, **params)
        model = copied(fitted).partial_unfit(X[out], y[out])
        refit = clone(fitted).fit(X[50:], y[50:])
        before = fitted.predict_proba(X[50:])
        moves.append(
            [np.abs(m.predict_proba(X[50:]) - before).mean() for m in (model, refit)]
        )
        risen = losses(model, X, y) - losses(fitted, X, y)
        rises.append(risen[:50].mean())
        others.append(risen[50:].mean())
    ours, theirs = np.median(moves, axis=0)
    assert ours < 3.0 * theirs
    if "max_iter" in params:  # refits that stop early may stop in other epochs
        assert ours > 0.3 * theirs
    # when requests went on with training the loss of the others fell by 0.2
    assert np.min(rises) > 0.0
    assert np.min(others) > -0.005


def changed(verb, model, X, y):
    """Rows whose loss is to rise, and those whose loss is to fall."""
    flipped = 1 - y[OUT]
    if verb == "partial_unfit":
        model.partial_unfit(X[OUT], y[OUT])
        return (X[OUT], y[OUT]), None
    if verb == "replace_labels":
        model.replace_labels(X[OUT], y[OUT], flipped)
        return (X[OUT], y[OUT]), (X[OUT], flipped)
    if verb == "replace_features":
        model.replace_features(X[OUT], y[OUT], -X[OUT])
        return None, (-X[OUT], y[OUT])
    model.partial_fit(-X[OUT], flipped)
    return None, (-X[OUT], flipped)


VERBS = ("partial_unfit", "replace_labels", "replace_features", "partial_fit")


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("scaled", [False, True])
def test_only_what_a_request_is_about_changes(verb, scaled):
    X, y = people(0)
    fitted = stopped(0, max_iter=15)
    model = copied(fitted)
    if scaled:  # the inputs of all rows change, by little
        fitted = make_unlearnable_pipeline(UnlearnableStandardScaler(), clone(fitted))
        fitted.fit(X, y)
        model = clone(fitted).fit(X, y)
    rises, falls = changed(verb, model, X, y)
    moved = np.abs(model.predict_proba(X) - fitted.predict_proba(X))
    # when requests went on with training: 0.15
    assert moved.mean() < 0.01
    for rows, sign in ((rises, 1.0), (falls, -1.0)):
        if rows is not None:
            change = losses(model, *rows) - losses(fitted, *rows)
            assert sign * change.sum() > 0.0


def test_a_column_that_says_nothing_leaves():
    rng = np.random.default_rng(0)
    X, y = people(0)
    X = np.column_stack([X, 1e-3 * rng.normal(size=1600)])
    fitted = UnlearnableMLPClassifier((50,), random_state=0, max_iter=15).fit(X, y)
    model = copied(fitted).forget_features([20])
    moved = np.abs(model.predict_proba(X) - fitted.predict_proba(X))
    assert moved.mean() < 0.01  # training went on by 0.15


@pytest.mark.parametrize("n_outputs", [1, 2])
def test_regressors(n_outputs):
    X, y = make_regression(400, 6, n_targets=n_outputs, noise=5.0, random_state=0)
    y = y / y.std()
    fitted = UnlearnableMLPRegressor(
        hidden_layer_sizes=(30,), random_state=0, max_iter=15
    ).fit(X, y)
    model = copied(fitted).partial_unfit(X[OUT], y[OUT])
    moved = np.abs(model.predict(X) - fitted.predict(X))
    left = moved[2:].mean(), np.abs(fitted.predict(X) - y).mean()
    assert left[0] < 0.1 * left[1]  # training went on by all of it
    one, other = (((m.predict(X[OUT]) - y[OUT]) ** 2).sum() for m in (model, fitted))
    assert one > other


def test_training_goes_on_where_it_is_asked_for():
    X, y = people(0)
    model = copied(stopped(0, max_iter=15)).partial_unfit(X[OUT], y[OUT])
    request = model.unlearning_report()
    assert request.n_steps < 5
    assert request.passes < 40
    model.refine(X[2:], y[2:])
    report = model.unlearning_report()
    assert report.objective_before == pytest.approx(request.objective)
    assert report.objective < 0.5 * report.objective_before


def test_a_budget_is_kept():
    X, y = people(0)
    model = copied(stopped(0, max_iter=15)).set_params(max_passes=12)
    report = model.partial_unfit(X[:50], y[:50]).unlearning_report()
    assert 8 < report.passes <= 12


def test_nothing_that_is_asked_changes_nothing():
    X, y = people(0)
    fitted = stopped(0, max_iter=15)
    model = copied(fitted).replace_labels(X[OUT], y[OUT], y[OUT])
    moved = np.abs(model.predict_proba(X) - fitted.predict_proba(X))
    assert moved.max() < 1e-6
