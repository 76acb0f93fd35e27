"""A weight of two is two rows, one of zero none; rows that come are learned."""

import warnings

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.neural_network import MLPClassifier, MLPRegressor

from sklearn_unlearn import UnlearnableMLPClassifier, UnlearnableMLPRegressor
from sklearn_unlearn.exceptions import (
    EmptyClassError,
    InsufficientWeightError,
    NotForgottenWarning,
)
from sklearn_unlearn.utils.tags import accepts, unlearning_tags
from tests.neural_network.problems import blobs, classifier, regressor, weights

quietly = pytest.mark.filterwarnings(
    "ignore::sklearn_unlearn.exceptions.NotForgottenWarning"
)
EXIST = accepts(MLPClassifier.fit, "sample_weight")
needs_weights = pytest.mark.skipif(
    not EXIST, reason="the twins of scikit-learn before 1.7 train without weights"
)
TIMES = np.arange(120) % 4


def problems():
    """Models, rows, targets, and weights that are whole numbers, zero among them."""
    X, y = blobs()
    several = (X[:, :3] > 0.0).astype(int)
    return {
        "three classes": (UnlearnableMLPClassifier, MLPClassifier, X, y),
        "two classes": (UnlearnableMLPClassifier, MLPClassifier, X, y == "a"),
        "several labels": (UnlearnableMLPClassifier, MLPClassifier, X, several),
        "a number": (UnlearnableMLPRegressor, MLPRegressor, X, X[:, 0] ** 2),
        "two numbers": (UnlearnableMLPRegressor, MLPRegressor, X, np.sin(X[:, :2])),
    }


def taken_over(cls, twin, X, y, weight=None, **params):
    """The same network, whatever the rows are said to be."""
    keywords = {} if weight is None else {"sample_weight": weight}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return cls.from_sklearn(twin, X, y, **keywords, **params)


@needs_weights
@quietly
@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.LargeStepWarning")
@pytest.mark.parametrize("name", problems())
@pytest.mark.parametrize("method", ["levenberg_marquardt", "second_order"])
def test_whole_weights_are_repeated_rows(name, method):
    cls, twin_class, X, y = problems()[name]
    params = {"hidden_layer_sizes": (6,), "activation": "tanh", "solver": "lbfgs"}
    params |= {"alpha": 1.0, "random_state": 0, "max_iter": 2000, "tol": 1e-3}
    twin = twin_class(**params).fit(X, y)
    places = np.repeat(np.arange(120), TIMES)
    own = {"max_steps": 2, "method": method}
    heavy = taken_over(cls, twin, X, y, TIMES, **own)
    copies = taken_over(cls, twin, X[places], y[places], **own)
    assert heavy._fitted.null_loss == pytest.approx(copies._fitted.null_loss, rel=1e-12)
    objectives = [
        model._objective(model._fitted, model._fitted.model.retained.chunks[0].rows)
        for model in (heavy, copies)
    ]
    theta = heavy._fitted.model.theta
    direction = np.random.default_rng(0).normal(size=theta.size)
    found = [
        (
            *each.value_and_gradient(theta),
            each.mean_loss(theta),
            each.curvature(theta, None, "gauss_newton").dot(direction),
            each.curvature(theta, None, "hessian").dot(direction),
        )
        for each in objectives
    ]
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-9)
    # what a request does, and what it says of itself
    rows, two = np.array([2, 3]), np.array([2, 2, 3, 3])
    y_new = np.roll(y, 7, axis=0)
    heavy.replace_labels(X[rows], y[rows], y_new[rows], sample_weight=2.0)
    copies.replace_labels(X[two], y[two], y_new[two])
    reports = [model.unlearning_report() for model in (heavy, copies)]
    for figure in ("objective_before", "loss_before", "predicted_before"):
        one, other = (getattr(report, figure) for report in reports)
        assert one == (other if other is None else pytest.approx(other, rel=1e-9))
    if method == "levenberg_marquardt":
        # the preconditioner draws signs for rows: other steps on one objective
        for report in reports:
            assert report.loss_after >= report.loss_before
    before = taken_over(cls, twin, X[places], y[places])
    assert before.gradient_residual(X, y, TIMES) == pytest.approx(
        before.gradient_residual(X[places], y[places]), rel=1e-9
    )


@needs_weights
@pytest.mark.filterwarnings(
    "ignore:lbfgs failed to converge:sklearn.exceptions.ConvergenceWarning"
)
@pytest.mark.parametrize("name", problems())
def test_training_is_the_weighted_twins(name):
    cls, twin_class, X, y = problems()[name]
    params = {"hidden_layer_sizes": (6,), "alpha": 1.0, "random_state": 0}
    params |= {"max_iter": 1000, "tol": 1e-2}
    weight = np.random.default_rng(0).uniform(0.5, 2.0, 120)
    for solver in ("lbfgs", "adam"):
        params["solver"] = solver
        model = cls(**params).fit(X, y, weight)
        twin = twin_class(**params).fit(X, y, sample_weight=weight)
        assert weights(model) == weights(twin)
    if name == "two numbers":
        # the twin's loss is a mean over outputs and its gradient one of the sum, so
        # that its line search ends early
        return
    # lbfgs minimises our objective
    model = cls(**{**params, "solver": "lbfgs", "activation": "tanh", "tol": 1e-4})
    model.set_params(max_iter=20000, max_fun=50000)
    model.fit(X, y, weight)
    assert model.gradient_residual(X, y, weight) < 0.05 * model.gradient_residual(X, y)


@needs_weights
@quietly
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_weights_of_zero_are_absence(solver):
    X, y = blobs()
    weight = np.where(np.arange(120) < 90, 1.0, 0.0)
    few = {"solver": solver, "max_iter": 20, "batch_size": 50, "retain_data": True}
    if solver == "lbfgs":
        few = {}
    model = classifier(**few).fit(X, y, weight)
    less = classifier(**few).fit(X[:90], y[:90], np.ones(90))
    np.testing.assert_array_equal(model.predict_proba(X), less.predict_proba(X))
    model.partial_unfit(X[:3], y[:3])
    model.refine(X[3:], y[3:], weight[3:])
    assert len(model._fitted.model.retained.chunks[0].rows.weight) == 87
    with pytest.raises(ValueError, match="other than zero"):
        classifier().fit(X, y, np.zeros(120))
    with pytest.raises(ValueError, match="no weight to class 'a'"):
        classifier().fit(X, y, (y != "a") * 1.0)
    before = weights(model)
    value = model._fitted
    model.replace_labels(X[5:7], y[5:7], y[7:9], sample_weight=0.0)
    assert model._fitted is value
    assert weights(model) == before


@needs_weights
@quietly
def test_weighted_requests_come_near_a_refit():
    X, y = blobs()
    weight = np.random.default_rng(0).uniform(0.5, 2.0, 120)
    model = classifier(activation="identity", max_steps=60, tol=1e-7)
    model.fit(X, y, weight)
    half = weight.copy()
    half[:10] /= 2.0
    refit = clone(model).fit(X, y, half)
    before = np.abs(model.predict_proba(X) - refit.predict_proba(X)).max()
    model.partial_unfit(X[:10], y[:10], weight[:10] / 2.0)
    after = np.abs(model.predict_proba(X) - refit.predict_proba(X)).max()
    assert after < 0.05 * before
    # the other half is all that there is
    rest = clone(model).fit(X[10:], y[10:], weight[10:])
    model.partial_unfit(X[:10], y[:10])
    after = np.abs(model.predict_proba(X) - rest.predict_proba(X)).max()
    assert after < 0.05 * before
    value = model._fitted
    with pytest.raises(InsufficientWeightError, match="takes weight 9"):
        model.partial_unfit(X[20:21], y[20:21], 9.0)
    with pytest.raises(ValueError, match="Negative"):
        model.partial_unfit(X[20:21], y[20:21], -1.0)
    assert model._fitted is value


@needs_weights
def test_loss_is_a_weighted_mean():
    X, y = blobs()
    model = classifier(max_steps=1).fit(X, y, 3.0)
    trained = model.loss_
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotForgottenWarning)
        model.partial_unfit(X[:2], y[:2])
    assert model.loss_ == pytest.approx(trained, rel=0.1)
    assert model.loss_ == pytest.approx(model.unlearning_report().objective / 354.0)


@pytest.mark.skipif(EXIST, reason="the twins of scikit-learn from 1.7 on have weights")
def test_weights_that_the_twin_does_not_take():
    X, y = blobs()
    version = sklearn.__version__
    with pytest.raises(ValueError, match=f"sample_weight must be None.*{version}"):
        classifier().fit(X, y, np.ones(120))
    assert not unlearning_tags(classifier()).sample_weight
    model = classifier().fit(X, y)
    with pytest.warns(NotForgottenWarning):
        model.partial_unfit(X[:1], y[:1], 0.5)


# Rows that come -----------------------------------------------------------------------


def test_rows_that_come_are_learned():
    X, y = blobs()
    model = classifier(activation="identity", max_steps=60, tol=1e-7)
    model.partial_fit(X[:100], y[:100], classes=["a", "b", "c"])
    refit = clone(model).fit(X, y)
    before = np.abs(model.predict_proba(X) - refit.predict_proba(X)).max()
    assert model.partial_fit(X[100:], y[100:]) is model
    after = np.abs(model.predict_proba(X) - refit.predict_proba(X)).max()
    assert after < 0.05 * before
    report = model.unlearning_report()
    assert report.objective < report.objective_before
    assert report.forgotten is report.loss_before is None
    value = model._fitted
    with pytest.raises(ValueError, match="label 'd'"):
        model.partial_fit(X[:1], ["d"])
    with pytest.raises(ValueError, match="not the same as at fit"):
        model.partial_fit(X[:1], y[:1], classes=["a", "b"])
    with pytest.raises(ValueError, match="fitted with row_ids"):
        model.partial_fit(X[:1], y[:1], row_ids=[1])
    assert model._fitted is value
    with pytest.raises(EmptyClassError, match="'d', of which y has no row"):
        classifier().partial_fit(X, y, classes=["a", "b", "c", "d"])
    with pytest.raises(ValueError, match="label 'c', which classes lacks"):
        classifier().partial_fit(X, y, classes=["a", "b"])


def test_several_labels_a_row_are_named_by_their_numbers():
    _, _, X, y = problems()["several labels"]
    model = classifier(max_steps=1).partial_fit(X[:100], y[:100], classes=[0, 1, 2])
    assert model.partial_fit(X[100:], y[100:], classes=[0, 1, 2]) is model
    with pytest.raises(ValueError, match="label 2, which classes lacks"):
        classifier().partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match="a regressor has none"):
        regressor().partial_fit(X, X[:, 0], classes=[1])


@quietly
def test_rows_that_come_can_leave():
    X, y = blobs()
    ids = np.arange(120)
    model = classifier().fit(X[:110], y[:110], row_ids=ids[:110])
    model.partial_fit(X[110:], y[110:], row_ids=ids[110:])
    model.partial_unfit(row_ids=ids[112:])
    model.refine(X[:112], y[:112])


def test_rows_that_come_without_data():
    X, y = blobs()
    model = classifier(method="first_order", retain_data=False, activation="tanh")
    model.fit(X[:100], y[:100])
    before = model.gradient_residual(X, y)
    model.partial_fit(X[100:], y[100:])
    assert model.gradient_residual(X, y) < before
