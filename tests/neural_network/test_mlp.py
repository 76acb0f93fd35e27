"""Training is the twin's; requests lower the objective of the corrected data."""

import inspect
import pickle
import threading
from contextlib import nullcontext

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sklearn_unlearn
from sklearn_unlearn import UnlearnableMLPClassifier, UnlearnableMLPRegressor
from sklearn_unlearn.exceptions import NotForgottenWarning
from sklearn_unlearn.neural_network._fitted import decay_of
from tests.neural_network.problems import (
    blobs,
    classifier,
    digits,
    regressor,
    weights,
)

quietly = pytest.mark.filterwarnings(
    "ignore::sklearn_unlearn.exceptions.NotForgottenWarning"
)
short = pytest.mark.filterwarnings("ignore:Stochastic Optimizer. Maximum iterations")
TWINS = {
    UnlearnableMLPClassifier: MLPClassifier,
    UnlearnableMLPRegressor: MLPRegressor,
}


def poisson_exists():
    return "loss" in MLPRegressor().get_params()


# Twins --------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", TWINS)
def test_parameters_are_those_of_the_twin(cls):
    ours, theirs = cls().get_params(), TWINS[cls]().get_params()
    own = {"method", "unlearning_rate", "linear_solver", "retain_data"}
    own |= {"max_steps", "max_passes", "max_seconds"}
    newer = set() if "loss" in theirs or cls is UnlearnableMLPClassifier else {"loss"}
    assert ours.keys() - theirs.keys() == own | newer
    assert {name: ours[name] for name in theirs} == theirs
    names = [name for name in inspect.signature(cls).parameters if name not in newer]
    assert names[: len(theirs)] == list(inspect.signature(TWINS[cls]).parameters)


@short
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("early", [False, True])
def test_training_is_the_twins(solver, dtype, early):
    X, y = blobs()
    X, y = X.astype(dtype), np.searchsorted(["a", "b", "c"], y)
    max_iter = 1000 if solver == "lbfgs" else 40
    settings = {"solver": solver, "max_iter": max_iter, "random_state": 3}
    settings |= {"hidden_layer_sizes": (6, 5), "early_stopping": early, "tol": 1e-2}
    settings["alpha"] = 1.0
    ours = UnlearnableMLPClassifier(**settings).fit(X, y)
    twin = MLPClassifier(**settings).fit(X, y)
    plain = ours.to_sklearn()
    assert type(plain) is MLPClassifier
    for model in (ours, plain):
        assert weights(model) == weights(twin)
        assert model.coefs_[0].dtype == twin.coefs_[0].dtype
        for method in ("predict", "predict_proba", "predict_log_proba"):
            found, expected = (getattr(each, method)(X) for each in (model, twin))
            np.testing.assert_array_equal(found, expected)
        learned = [n for n in vars(twin) if n.endswith("_") and n[0] != "_"]
        for name in learned:
            if name not in ("coefs_", "intercepts_"):
                np.testing.assert_array_equal(getattr(model, name), getattr(twin, name))
    assert plain.get_params() == twin.get_params()


@quietly
@pytest.mark.parametrize("n_outputs", [1, 2])
@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_regressors(loss, n_outputs):
    generator = np.random.default_rng(0)
    X = generator.normal(size=(90, 3))
    mean = np.exp(0.5 * X[:, :n_outputs])
    y = generator.poisson(mean).astype(float)
    y = y[:, 0] if n_outputs == 1 else y
    if loss == "poisson" and not poisson_exists():
        with pytest.raises(ValueError, match="loss must be 'squared_error'"):
            regressor(loss=loss).fit(X, y)
        return
    model = regressor(loss=loss).fit(X, y)
    params = {
        k: v for k, v in model.get_params().items() if k in MLPRegressor().get_params()
    }
    twin = MLPRegressor(**params).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), twin.predict(X))
    residual = model.gradient_residual(X, y)
    scale = regressor(loss=loss, max_fun=1, max_iter=1, tol=1e9).fit(X, y)
    assert residual < 0.05 * scale.gradient_residual(X, y)
    y_new = y.copy()
    y_new[:5] += 3.0
    before = model.gradient_residual(X, y_new)
    model.replace_labels(X[:5], y[:5], y_new[:5])
    assert model.gradient_residual(X, y_new) < 0.5 * before
    assert model.predict(X).shape == y.shape


@quietly
def test_several_labels_a_row():
    X, _ = blobs()
    y = (X[:, :3] + np.roll(X[:, :3], 1, axis=1) > 0.0).astype(int)
    model = classifier().fit(X, y)
    np.testing.assert_array_equal(model.classes_, [0, 1, 2])
    y_new = y.copy()
    y_new[:4] = 1 - y_new[:4]
    before = model.gradient_residual(X, y_new)
    model.replace_labels(X[:4], y[:4], y_new[:4])
    assert model.gradient_residual(X, y_new) < before
    assert model.predict(X).shape == y.shape
    model.partial_unfit(X[:4], y_new[:4])
    with pytest.raises(ValueError, match="zeros and ones"):
        model.replace_labels(X[4:5], y[4:5], [[2, 0, 1]])
    with pytest.raises(ValueError, match="column for each of 3"):
        model.replace_labels(X[4:5], y[4:5], [[0, 1]])
    with pytest.raises(ValueError, match="y must be dense"):
        classifier().fit(X, sp.csr_array(y))


def test_decay_is_that_of_the_twins_training():
    """Batches of equal size: their gradients sum to that of our objective."""
    params = {"solver": "adam", "alpha": 0.3, "batch_size": 20}
    assert decay_of(params, 100) == pytest.approx(0.3 * 5)
    assert decay_of({**params, "batch_size": "auto"}, 1000) == pytest.approx(1.5)
    assert decay_of({**params, "batch_size": "auto"}, 50) == 0.3
    assert decay_of({**params, "solver": "lbfgs"}, 1000) == 0.3
    X, y = blobs()
    # what lbfgs minimises is stationary for our objective
    model = classifier(tol=1e-8, activation="tanh").fit(X, y)
    assert model.gradient_residual(X, y) < 1e-2


# Requests -----------------------------------------------------------------------------


@short
def test_poisoned_labels_are_corrected():
    X, y, wrong = digits()
    train, test = np.arange(0, 1200), np.arange(1200, 1797)
    model = UnlearnableMLPClassifier((50,), max_iter=60, random_state=0)
    model.fit(X[train], wrong[train])
    poisoned = model.score(X[test], y[test])
    refit = clone(model).fit(X[train], y[train]).score(X[test], y[test])
    bad = train[wrong[train] != y[train]]
    model.replace_labels(X[bad], wrong[bad], y[bad])
    corrected = model.score(X[test], y[test])
    assert poisoned < 0.75 < 0.9 < refit
    assert corrected > refit - 0.02
    report = model.unlearning_report()
    assert report.forgotten
    assert report.n_steps == 10
    assert report.loss_after > report.loss_before + 1.0
    assert report.objective < 0.2 * report.objective_before
    assert model.loss_ == pytest.approx(report.objective / train.size)
    assert not hasattr(model, "loss_curve_")


@quietly
@pytest.mark.parametrize("method", ["levenberg_marquardt", "second_order"])
@pytest.mark.parametrize("linear_solver", ["cg", "lissa"])
def test_requests_lower_the_objective(method, linear_solver):
    X, y = blobs()
    params = {"method": method, "linear_solver": linear_solver, "activation": "tanh"}
    one_shot = method == "second_order"
    share, params["alpha"] = (0.9, 5.0) if one_shot else (0.7, 1.0)
    X_new = X[:8] + 0.5
    edited = {
        "partial_unfit": (X[8:], y[8:], (X[:8], y[:8])),
        "replace_features": (np.vstack([X_new, X[8:]]), y, (X[:8], y[:8], X_new)),
        "replace_labels": (
            X,
            np.concatenate([np.roll(y[:8], 1), y[8:]]),
            (X[:8], y[:8], np.roll(y[:8], 1)),
        ),
    }
    for verb, (X_after, y_after, arguments) in edited.items():
        model = classifier(**params).fit(X, y)
        before = model.gradient_residual(X_after, y_after)
        assert getattr(model, verb)(*arguments) is model
        assert model.gradient_residual(X_after, y_after) < share * before
        report = model.unlearning_report()
        assert report.objective < report.objective_before


@quietly
def test_values_and_labels_change_in_one_request():
    X, y = blobs()
    X_new, y_new = X[:8] + 0.5, np.roll(y[:8], 1)
    model = classifier(retain_data=True).fit(X, y)
    model.replace_features(X[:8], y[:8], X_new, y_new=y_new)
    corrected = np.vstack([X_new, X[8:]]), np.concatenate([y_new, y[8:]])
    report = model.unlearning_report()
    assert report.objective < report.objective_before
    assert model.loss_ == pytest.approx(report.objective / y.size)
    model.refine(*corrected)  # the rows and targets that it counts are these
    assert model.unlearning_report().objective <= report.objective


@quietly
def test_requests_come_near_a_refit_where_the_minimum_is_one():
    """Without hidden units that bend, descent and refit end at the same objective."""
    X, y = blobs()
    model = classifier(activation="identity", max_steps=60, tol=1e-7).fit(X, y)
    refit = clone(model).fit(X[10:], y[10:])
    before = np.abs(model.predict_proba(X) - refit.predict_proba(X)).max()
    model.partial_unfit(X[:10], y[:10])
    after = np.abs(model.predict_proba(X) - refit.predict_proba(X)).max()
    assert after < 0.05 * before


@quietly
def test_first_order_without_data():
    X, y = blobs()
    model = classifier(method="first_order", retain_data=False, activation="tanh")
    model.fit(X, y)
    new = np.roll(y[:6], 1)
    edited = np.concatenate([new, y[6:]])
    before = model.gradient_residual(X, edited)
    model.replace_labels(X[:6], y[:6], new)
    assert model.gradient_residual(X, edited) < before
    assert model.unlearning_report().objective is None
    refined = model.gradient_residual(X, edited)
    model.refine(X, edited)
    assert model.gradient_residual(X, edited) < 0.2 * refined
    model.forget_features(1)
    assert not model.coefs_[0][1].any()


@quietly
def test_rows_by_identifier():
    X, y = blobs()
    ids = np.arange(120) + 7
    named = classifier().fit(X, y, row_ids=ids).partial_unfit(row_ids=ids[:5])
    other = classifier().fit(X, y, row_ids=ids).partial_unfit(X[:5], y[:5])
    assert weights(named) == weights(other)
    with pytest.raises(ValueError, match=r"row_ids\[0\]"):
        named.partial_unfit(row_ids=ids[:1])


@quietly
def test_forgotten_columns():
    X, y = blobs()
    model = classifier().fit(X, y).forget_features([2])
    assert not model.coefs_[0][2].any()
    assert model.coefs_[0][[0, 1, 3]].all()
    report = model.unlearning_report()
    assert report.loss_before is report.forgotten is None
    narrow, spoiled = np.delete(X, 2, axis=1), X.copy()
    spoiled[:, 2] = np.nan
    expected = model.predict_proba(X)
    for rows in (narrow, spoiled):
        np.testing.assert_array_equal(model.predict_proba(rows), expected)
    model.partial_unfit(narrow[:3], y[:3])
    assert not model.coefs_[0][2].any()
    expected = model.predict_proba(X)
    plain = model.to_sklearn(drop_forgotten=True)
    assert plain.n_features_in_ == 3
    np.testing.assert_allclose(plain.predict_proba(narrow), expected, rtol=1e-12)
    np.testing.assert_array_equal(model.to_sklearn().predict_proba(X), expected)
    # as good as training without the column
    refit = classifier().fit(narrow, y)
    assert model.score(X, y) > refit.score(narrow, y) - 0.05


@quietly
def test_sparse_rows():
    X, y = blobs()
    X = np.where(np.abs(X) > 0.5, X, 0.0)
    trained = classifier(activation="tanh").fit(X, y).to_sklearn()
    found = []
    for rows in (X, sp.csr_array(X), sp.csc_matrix(X)):
        model = UnlearnableMLPClassifier.from_sklearn(trained, rows, y)
        model.partial_unfit(rows[:4], y[:4])
        found.append(model.predict_proba(X))
    for other in found[1:]:
        np.testing.assert_allclose(other, found[0], atol=1e-5)


@quietly
def test_taking_over_a_trained_network():
    X, y = blobs()
    trained = MLPClassifier((6,), solver="lbfgs", random_state=0, max_iter=500)
    trained.fit(X, y)
    model = UnlearnableMLPClassifier.from_sklearn(trained, X, y, max_steps=3)
    assert weights(model) == weights(trained)
    assert model.max_steps == 3
    model.partial_unfit(X[:3], y[:3])
    assert weights(model) != weights(trained)
    with pytest.raises(ValueError, match="labels"):
        UnlearnableMLPClassifier.from_sklearn(trained, X, np.char.add(y, "x"))
    with pytest.raises(ValueError, match="features"):
        UnlearnableMLPClassifier.from_sklearn(trained, X[:, :2], y)
    with pytest.raises(TypeError, match="MLPRegressor"):
        UnlearnableMLPRegressor.from_sklearn(trained, X, y)


# Honesty ------------------------------------------------------------------------------


def test_rows_out_of_an_interpolating_network_are_not_forgotten():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(60, 30))
    y = generator.integers(0, 2, 60)
    model = classifier(alpha=0.0, hidden_layer_sizes=(40,), tol=1e-6).fit(X, y)
    with pytest.warns(NotForgottenWarning, match="still known: their mean loss"):
        model.partial_unfit(X[:6], y[:6])
    assert not model.unlearning_report().forgotten
    assert model.score(X[:6], y[:6]) == 1.0
    # decay draws the weights away, and so do other labels
    model = classifier(alpha=3.0, hidden_layer_sizes=(40,), activation="tanh")
    model.fit(X, y)
    assert model.score(X[:6], y[:6]) == 1.0
    model.partial_unfit(X[:6], y[:6])
    assert model.unlearning_report().forgotten
    assert model.score(X[:6], y[:6]) < 1.0
    model = classifier(alpha=0.0, hidden_layer_sizes=(40,), tol=1e-6).fit(X, y)
    model.replace_labels(X[:6], y[:6], 1 - y[:6])
    assert model.unlearning_report().forgotten
    assert model.score(X[:6], y[:6]) == 0.0


@pytest.mark.parametrize(("max_steps", "forgotten"), [(2, False), (10, True)])
def test_labels_that_are_still_predicted_are_not_forgotten(max_steps, forgotten):
    X, y, _ = digits()
    X, wrong = X[:400], y[:400].copy()
    wrong[:5] = (wrong[:5] + 1) % 10
    model = UnlearnableMLPClassifier(
        (40,), solver="lbfgs", alpha=1e-3, max_steps=max_steps, random_state=0
    ).fit(X, wrong)
    with (
        nullcontext()
        if forgotten
        else pytest.warns(
            NotForgottenWarning, match="100% of their labels are predicted"
        )
    ):
        model.partial_unfit(X[:5], wrong[:5])
    report = model.unlearning_report()
    assert report.loss_after > 2.0 * report.loss_before
    assert report.predicted_before == 1.0
    assert report.predicted_after == model.score(X[:5], wrong[:5]) == 1 - forgotten
    assert report.forgotten == forgotten


@pytest.mark.parametrize("cls", TWINS)
def test_there_are_no_certificates(cls):
    assert not sklearn_unlearn.utils.tags.unlearning_tags(cls()).certified
    for name in ("release", "private_record", "capacity", "removal_cost"):
        assert not hasattr(cls, name)
    with pytest.raises(TypeError, match="certification"):
        cls(certification=sklearn_unlearn.GaussianCertification(1.0, 1e-5, 1.0))
    model = cls()
    model.certification = sklearn_unlearn.GaussianCertification(1.0, 1e-5, 1.0)
    assert "certif" not in repr(model)


@quietly
def test_nothing_of_a_row_that_left_is_in_the_pickle():
    X, y = blobs()
    for row, verb in enumerate(("partial_unfit", "replace_features")):
        model = classifier(early_stopping=False, solver="adam", max_iter=300, tol=0.1)
        model.fit(X, y)
        assert X[row].tobytes() in pickle.dumps(model)
        new = () if verb == "partial_unfit" else (X[row : row + 1] + 1.0,)
        getattr(model, verb)(X[row : row + 1], y[row : row + 1], *new)
        assert X[row].tobytes() not in pickle.dumps(model)
        assert X[row, 0].tobytes() not in pickle.dumps(model)
        private = [n for n in vars(model.to_sklearn()) if n.startswith("_optim")]
        assert not private
    assert X[5].tobytes() not in pickle.dumps(model.to_sklearn())


def test_html_shows_no_secrets():
    X, y = blobs()
    model = classifier().fit(X, y)
    html = model._repr_html_()
    assert "_fitted" not in html
    assert "RetainedRows" not in html


# Atomic, and safe to read meanwhile ---------------------------------------------------


@quietly
def test_predictions_meanwhile_are_of_one_version():
    X, y = blobs()
    model = classifier(max_steps=2).fit(X, y)
    seen, stop, failures = [], threading.Event(), []

    def predict():
        while not stop.is_set():
            try:
                seen.append(model.predict_proba(X).tobytes())
            except ValueError as error:
                failures.append(error)
                return

    thread = threading.Thread(target=predict)
    thread.start()
    versions = {model.predict_proba(X).tobytes()}
    try:
        for start in range(0, 40, 4):
            rows = slice(start, start + 4)
            model.replace_labels(X[rows], y[rows], np.roll(y[rows], 1))
            versions.add(model.predict_proba(X).tobytes())
    finally:
        stop.set()
        thread.join()
    assert not failures
    assert set(seen) <= versions


@quietly
def test_attributes_are_read_only():
    X, y = blobs()
    model = classifier().fit(X, y)
    with pytest.raises(ValueError, match="read-only"):
        model.coefs_[0][0, 0] = 1.0
    model.coefs_.clear()
    assert len(model.coefs_) == 2
    with pytest.raises(AttributeError):
        model.coefs_ = []
    old = model.coefs_[0].copy()
    model.partial_unfit(X[:2], y[:2])
    assert not np.array_equal(model.coefs_[0], old)


@quietly
def test_last_step_of_a_plain_pipeline():
    X, y = blobs()
    pipeline = make_pipeline(StandardScaler(), classifier()).fit(X, y)
    scaled = pipeline[:-1].transform(X)
    pipeline[-1].partial_unfit(scaled[:3], y[:3])
    assert pipeline.score(X, y) > 0.6


def test_not_fitted():
    for call in ("predict", "gradient_residual", "unlearning_report", "to_sklearn"):
        n_arguments = {"predict": 1, "gradient_residual": 2}.get(call, 0)
        with pytest.raises(NotFittedError):
            getattr(classifier(), call)(*[[[0.0]]] * n_arguments)


@quietly
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_training_of_an_export_goes_on(solver):
    X, y = blobs()
    labels = classifier(solver=solver, early_stopping=False, max_iter=2000, tol=1e-3)
    values = UnlearnableMLPRegressor(
        hidden_layer_sizes=(4,), solver=solver, tol=1e-3, max_iter=2000, random_state=0
    )
    for model, targets in ((labels, y), (values, X[:, 0])):
        model.fit(X, targets)
        asked = clone(model).fit(X, targets).partial_unfit(X[:1], targets[:1])
        for plain in (model.to_sklearn(), asked.to_sklearn()):
            for _ in range(12):  # more than n_iter_no_change
                plain.partial_fit(X, targets)
            assert len(plain.loss_curve_) >= 12
            assert plain.best_loss_ <= plain.loss_curve_[-12]
