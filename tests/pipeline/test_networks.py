"""Networks behind steps that unlearn: all rows preprocessed anew, then steps."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_unlearn import (
    UnlearnableMLPClassifier,
    UnlearnableMLPRegressor,
    UnlearnablePCA,
    UnlearnablePipeline,
    UnlearnableStandardScaler,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import RowNotFoundError, UnlearningError
from sklearn_unlearn.utils.tags import accepts
from tests.pipeline.data import columns, people, raw

quietly = pytest.mark.filterwarnings(
    "ignore::sklearn_unlearn.exceptions.NotForgottenWarning",
    "ignore::sklearn_unlearn.exceptions.LargeStepWarning",
    "ignore::sklearn.exceptions.ConvergenceWarning",
)
SETTINGS = {"solver": "lbfgs", "alpha": 1.0, "random_state": 0, "max_iter": 1000}


def network(**params):
    return UnlearnableMLPClassifier(
        **{"hidden_layer_sizes": (6,), "activation": "tanh", **SETTINGS, **params}
    )


def problem(**params):
    X, y = raw("logistic")
    return (
        make_unlearnable_pipeline(UnlearnableStandardScaler(), network(**params)),
        X,
        y,
    )


def weights(model):
    last = model[-1]
    return b"".join(part.tobytes() for part in [*last.coefs_, *last.intercepts_])


def edited(verb, X, y):
    """Arguments of a request, and the data that it leads to."""
    X_new, y_new = X.copy(), y.copy()
    X_new[:4] = X[4:8] + 0.1
    y_new[:4] = np.roll(np.unique(y), 1)[np.searchsorted(np.unique(y), y[:4])]
    return {
        "partial_unfit": ((X[:4], y[:4]), X[4:], y[4:]),
        "replace_features": ((X[:4], y[:4], X_new[:4]), X_new, y),
        "replace_labels": ((X[:4], y[:4], y_new[:4]), X, y_new),
        "partial_fit": (
            (X_new[:4], y[:4]),
            np.vstack([X, X_new[:4]]),
            np.concatenate([y, y[:4]]),
        ),
    }[verb]


@quietly
@pytest.mark.parametrize(
    "verb", ["partial_unfit", "replace_features", "replace_labels", "partial_fit"]
)
@pytest.mark.parametrize("method", ["levenberg_marquardt", "second_order"])
def test_preprocessing_is_that_of_a_refit(verb, method):
    model, X, y = problem(method=method)
    model.fit(X, y)
    arguments, X_after, y_after = edited(verb, X, y)
    getattr(model, verb)(*arguments)
    scaler = UnlearnableStandardScaler().fit(X_after)
    np.testing.assert_array_equal(model[0].mean_, scaler.mean_)
    np.testing.assert_array_equal(model[0].scale_, scaler.scale_)
    report = model[-1].unlearning_report()
    if method == "levenberg_marquardt":  # the other promises nothing
        assert report.objective < report.objective_before
    # the objective that it reports is that of the corrected data
    last = model[-1]
    rows = last._fitted.model.retained.chunks[0].rows
    order = np.lexsort(rows.X.T), np.lexsort(scaler.transform(X_after).T)
    np.testing.assert_array_equal(rows.X[order[0]], scaler.transform(X_after)[order[1]])
    objective = last._objective(last._fitted, rows)
    value, gradient = objective.value_and_gradient(last._fitted.model.theta)
    assert report.objective == pytest.approx(value, rel=1e-12)
    residual = model.gradient_residual(X_after, y_after)
    assert residual == pytest.approx(float(np.linalg.norm(gradient)), rel=1e-9)
    model.refine(X_after, y_after)
    assert (report.loss_before is None) == (verb == "partial_fit")


@quietly
def test_requests_come_near_a_refit():
    """Without hidden units that bend there is one minimum."""
    model, X, y = problem(activation="identity", max_steps=60, tol=1e-7)
    model.fit(X, y)
    refit = clone(model).fit(X[6:], y[6:])
    before = np.abs(model.predict_proba(X) - refit.predict_proba(X)).max()
    model.partial_unfit(X[:3], y[:3]).partial_unfit(X[3:6], y[3:6])
    after = np.abs(model.predict_proba(X) - refit.predict_proba(X)).max()
    assert after < 0.05 * before


@quietly
def test_rows_that_left_are_measured_as_they_look_now():
    model, X, y = problem(max_steps=1)
    X[0] *= 50.0
    model.fit(X, y)
    model.partial_unfit(X[:1], y[:1])
    last = model[-1]
    report = last.unlearning_report()
    rows = last._read_rows(last._fitted, model[:-1].transform(X[:1]), y[:1], None)
    loss = last._objective(last._fitted, rows).mean_loss(last._fitted.model.theta)
    assert report.loss_after == pytest.approx(loss, rel=1e-12)
    assert report.predicted_after == float(model.predict(X[:1])[0] == y[0])


@quietly
def test_columns():
    model, X, y = problem(max_steps=3)
    model.fit(X, y).forget_features([1])
    scaler = UnlearnableStandardScaler().fit(np.delete(X, 1, axis=1))
    np.testing.assert_array_equal(model[0].mean_, scaler.mean_)
    spoiled = X.copy()
    spoiled[:, 1] = np.nan
    expected = model.predict_proba(np.delete(X, 1, axis=1))
    np.testing.assert_array_equal(model.predict_proba(spoiled), expected)
    assert not model[-1].coefs_[0][1].any()
    model.partial_unfit(spoiled[:3], y[:3])
    model.replace_labels(X[3:4], y[3:4], y[4:5])
    assert not model[-1].coefs_[0][1].any()
    plain = model.to_sklearn()
    np.testing.assert_allclose(plain.predict_proba(X), model.predict_proba(X))


@quietly
def test_categories_that_vanish():
    frame, y = people()
    model = make_unlearnable_pipeline(columns(), network(max_steps=3)).fit(frame, y)
    lima = np.flatnonzero(frame["city"] == "Lima")
    width = model[-1].coefs_[0].shape[0]
    model.partial_unfit(frame.iloc[lima], y[lima])
    rest = frame.drop(index=frame.index[lima])
    transformed = model[:-1].transform(rest)
    refit = columns().fit(rest).transform(rest)
    np.testing.assert_array_equal(transformed, refit)
    assert transformed.shape[1] == width - 1
    assert np.sum(~model[-1].coefs_[0].any(axis=1)) == 1
    model.refine(rest, np.delete(y, lima))
    model.partial_unfit(rest.iloc[3:5], np.delete(y, lima)[3:5])
    # a city that is new needs weights that are not there
    before = weights(model)
    new = rest.iloc[:1].copy()
    new["city"] = "Cork"
    with pytest.raises(UnlearningError, match="weights for each of them"):
        model.replace_features(rest.iloc[:1], np.delete(y, lima)[:1], new)
    assert weights(model) == before


@quietly
def test_steps_that_mix_all_columns():
    X, y = raw("logistic")
    model = make_unlearnable_pipeline(
        UnlearnableStandardScaler(), UnlearnablePCA(3), network(max_steps=3)
    ).fit(X, y)
    model.partial_unfit(X[:5], y[:5])
    assert model[-1].unlearning_report().loss_after is not None
    refit = make_unlearnable_pipeline(
        UnlearnableStandardScaler(), UnlearnablePCA(3)
    ).fit(X[5:])
    np.testing.assert_allclose(
        np.abs(model[:-1].transform(X)), np.abs(refit.transform(X)), rtol=1e-8
    )
    model.refine(X[5:], y[5:])


@quietly
def test_rows_by_name_and_weights():
    model, X, y = problem(max_steps=2)
    model.fit(X, y, row_ids=np.arange(150))
    model.partial_unfit(row_ids=[3, 4]).partial_unfit(row_ids=[7])
    with pytest.raises(RowNotFoundError):
        model.partial_unfit(row_ids=[3])
    keep = np.setdiff1d(np.arange(150), [3, 4, 7])
    model.refine(X[keep], y[keep])
    if not accepts(type(model[-1])._twin_class.fit, "sample_weight"):
        return
    weight = np.random.default_rng(0).uniform(0.5, 2.0, 150)
    model = clone(model).fit(X, y, weight)
    model.partial_unfit(X[:4], y[:4], weight[:4] / 2.0)
    weight[:4] /= 2.0
    scaler = StandardScaler().fit(X, sample_weight=weight)
    np.testing.assert_allclose(model[0].mean_, scaler.mean_, rtol=1e-12)
    model.refine(X, y, weight)


@quietly
def test_regressors():
    X, _ = raw("logistic")
    y = np.sin(X[:, 0])
    model = make_unlearnable_pipeline(
        UnlearnableStandardScaler(),
        UnlearnableMLPRegressor(hidden_layer_sizes=(6,), **SETTINGS),
    ).fit(X, y)
    model.replace_labels(X[:3], y[:3], y[:3] + 1.0).partial_unfit(X[3:5], y[3:5])
    assert model[-1].unlearning_report().n_steps > 0


@quietly
def test_networks_in_other_estimators():
    X, y = raw("logistic")
    search = GridSearchCV(network(max_steps=2), {"alpha": [1.0, 3.0]}, cv=2)
    model = make_unlearnable_pipeline(UnlearnableStandardScaler(), search).fit(X, y)
    model.partial_unfit(X[:3], y[:3])
    scaler = UnlearnableStandardScaler().fit(X[3:])
    rows = model[-1].best_estimator_._fitted.model.retained.chunks[0].rows
    np.testing.assert_array_equal(rows.X, scaler.transform(X[3:]))
    number = np.sin(X[:, 0])
    model = make_unlearnable_pipeline(
        UnlearnableStandardScaler(),
        TransformedTargetRegressor(
            UnlearnableMLPRegressor(hidden_layer_sizes=(6,), **SETTINGS),
            func=np.arcsinh,
            inverse_func=np.sinh,
        ),
    ).fit(X, number)
    model.partial_unfit(X[:3], number[:3])
    assert model[-1].regressor_.unlearning_report().n_steps > 0


@quietly
def test_adoption():
    X, y = raw("logistic")
    params = {**SETTINGS, "hidden_layer_sizes": (6,), "activation": "tanh"}
    plain = make_pipeline(StandardScaler(), MLPClassifier(**params)).fit(X, y)
    model = UnlearnablePipeline.from_sklearn(
        plain, X, y, row_ids=np.arange(150), max_steps=3
    )
    found = model.predict_proba(X)
    np.testing.assert_allclose(found, plain.predict_proba(X), rtol=1e-9)
    own = make_unlearnable_pipeline(UnlearnableStandardScaler(), network(max_steps=3))
    own.fit(X, y).partial_unfit(X[3:5], y[3:5])
    model.partial_unfit(row_ids=[3, 4])
    # scales that differ in rounding, which training that is not convex magnifies
    found = model.predict_proba(X)
    np.testing.assert_allclose(found, own.predict_proba(X), atol=1e-3)


@quietly
def test_without_data():
    model, X, y = problem(method="first_order", retain_data=False)
    model.fit(X, y)
    before, steps = weights(model), model.steps
    with pytest.raises(UnlearningError, match="gets of all rows"):
        model.partial_unfit(X[:1], y[:1])
    assert weights(model) == before
    assert model.steps is steps
    model.replace_labels(X[:1], y[:1], y[1:2])


@quietly
def test_failures_change_nothing(monkeypatch):
    model, X, y = problem(max_steps=1)
    model.fit(X, y)

    def fail(*arguments, **keywords):
        raise MemoryError("here")

    monkeypatch.setattr(UnlearnableMLPClassifier, "_reported", fail)
    before, steps = weights(model), model.steps
    for verb in ("partial_unfit", "replace_features", "partial_fit"):
        with pytest.raises(MemoryError, match="here"):
            getattr(model, verb)(*edited(verb, X, y)[0])
        assert model.steps is steps
        assert weights(model) == before
    with pytest.raises(MemoryError, match="here"):
        model.forget_features([0])
    assert model.steps is steps


@quietly
def test_columns_that_the_network_forgot_by_itself_are_not_mistaken():
    model, X, y = problem()
    model.fit(X, y)
    model[-1].forget_features([1])
    before = weights(model)
    with pytest.raises(UnlearningError, match="has forgotten columns by itself"):
        model.forget_features([3])
    with pytest.raises(UnlearningError, match="has forgotten columns by itself"):
        model.partial_unfit(X[:4], y[:4])
    assert weights(model) == before
    assert model[0].n_samples_seen_ == X.shape[0]
