"""Exported perceptrons go on training with their own `partial_fit`."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.neural_network import MLPClassifier, MLPRegressor

from sklearn_unlearn import UnlearnableMLPClassifier, UnlearnableMLPRegressor

pytestmark = [
    pytest.mark.filterwarnings(
        "ignore::sklearn_unlearn.exceptions.NotForgottenWarning"
    ),
    pytest.mark.filterwarnings("ignore:Stochastic Optimizer. Maximum iterations"),
    pytest.mark.filterwarnings("ignore:lbfgs failed to converge"),
]
RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 4))
TARGETS = {
    "two": np.where(X[:, 0] > 0.0, "yes", "no"),
    "three": np.digitize(X[:, 0], [-0.5, 0.5]),
    "labels": (X[:, :3] > 0.0).astype(int),
    "one target": X[:, 1] - X[:, 2],
    "two targets": X[:, 1:3] - X[:, :1],
}
VERBS = {
    "fit": lambda model, y: model,
    "partial_unfit": lambda model, y: model.partial_unfit(X[:3], y[:3]),
    "replace_features": lambda model, y: model.replace_features(X[:3], y[:3], -X[:3]),
    "replace_labels": lambda model, y: model.replace_labels(X[:3], y[:3], y[3:6]),
    "partial_fit": lambda model, y: model.partial_fit(X[:3] + 1.0, y[:3]),
    "forget_features": lambda model, y: model.forget_features([3]),
    "refine": lambda model, y: model.refine(),
}


def models(kind, **params):
    classifies = kind in ("two", "three", "labels")
    twin = MLPClassifier if classifies else MLPRegressor
    ours = UnlearnableMLPClassifier if classifies else UnlearnableMLPRegressor
    params = {
        "hidden_layer_sizes": (5,),
        "max_iter": 15,
        "batch_size": 32,
        "random_state": 0,
        "shuffle": False,
        **params,
    }
    return ours(**params, max_steps=2), twin(**params)


@pytest.mark.parametrize(
    ("kind", "verb", "solver", "adopted"),
    [
        (kind, verb, ("adam", "sgd")[(i + j) % 2], (i + j) % 3 == 0)
        for i, kind in enumerate(TARGETS)
        for j, verb in enumerate(VERBS)
    ],
)
def test_exports_go_on_training_where_they_are(kind, verb, solver, adopted):
    y = TARGETS[kind]
    model, twin = models(kind, solver=solver, momentum=0.0)
    twin.fit(X, y)
    model = type(model).from_sklearn(twin, X, y) if adopted else model.fit(X, y)
    plain = VERBS[verb](model, y).to_sklearn()
    before = [weight.copy() for weight in plain.coefs_]
    if solver == "sgd":  # whose steps without momentum know no past
        expected = clone(twin).fit(X, y)
        expected.coefs_ = [weight.copy() for weight in plain.coefs_]
        expected.intercepts_ = [shift.copy() for shift in plain.intercepts_]
    for rows in (slice(0, 40), slice(40, 90)):
        batch = X[rows], np.roll(y, 1, axis=0)[rows]  # of which they know less
        plain.partial_fit(*batch)
        if solver == "sgd":
            expected.partial_fit(*batch)
            for one, other in zip(plain.coefs_, expected.coefs_, strict=True):
                np.testing.assert_array_equal(one, other)
    assert np.abs(plain.coefs_[0] - before[0]).max() > 1e-4
    n_before = 15 if verb == "fit" else 0
    assert len(plain.loss_curve_) == n_before + 2
    assert np.isfinite(plain.best_loss_)
    assert "_optimizer" not in vars(model.to_sklearn())


@pytest.mark.parametrize("kind", ["three", "one target"])
def test_exports_train_as_their_twins_do(kind):
    y = TARGETS[kind]
    for params in ({"solver": "lbfgs"}, {"early_stopping": True}):
        model, twin = models(kind, **params)
        exports = [model.fit(X, y).to_sklearn()]
        exports.append(model.partial_unfit(X[:3], y[:3]).to_sklearn())
        for plain in exports:
            assert hasattr(plain, "partial_fit") == hasattr(twin, "partial_fit")
            if hasattr(twin, "partial_fit") and "solver" in params:
                assert plain.partial_fit(X, y).predict(X).shape == y.shape
            elif hasattr(twin, "partial_fit"):
                with pytest.raises(ValueError, match="early_stopping"):
                    plain.partial_fit(X, y)


def test_exports_without_forgotten_columns_go_on_training():
    y = TARGETS["three"]
    model, _ = models("three")
    plain = model.fit(X, y).forget_features([3]).to_sklearn(drop_forgotten=True)
    plain.partial_fit(X[:, :3], y)
    assert plain.coefs_[0].shape == (3, 5)
    assert model.to_sklearn().best_loss_ == np.inf
    assert not hasattr(model, "best_loss_")


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("kind", ["two", "one target"])
def test_training_that_stops_by_held_out_rows_can_be_warm_started(kind, solver):
    y = TARGETS[kind]
    y = (y == "yes") * 1 if kind == "two" else y  # as scikit-learn 1.6 needs them
    params = {"early_stopping": True, "solver": solver, "max_iter": 15}
    ours, twin = models(kind, **params)
    ours.fit(X, y).partial_unfit(X[:2], y[:2])
    plain = ours.to_sklearn().set_params(warm_start=True, max_iter=3).fit(X[2:], y[2:])
    fresh = twin.fit(X[2:], y[2:])
    assert len(plain.validation_scores_) == 3
    for name in ("best_loss_", "best_validation_score_"):
        assert type(getattr(plain, name)) is type(getattr(fresh, name))
