"""Models with a factor over their rows against the twins, fitted to what is left."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.kernel_ridge import KernelRidge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler

import sklearn_unlearn as su
from sklearn_unlearn.core.cholesky_edits import with_rows, without_rows
from sklearn_unlearn.exceptions import DataMismatchWarning, InsufficientWeightError
from tests.pairwise import pairwise

N = 60
rng = np.random.default_rng(0)
X = rng.normal(size=(N, 4))
X_NEW = rng.normal(size=(3, 4))
Y = np.column_stack([np.sin(X[:, 0]) + X[:, 1], X[:, 2] ** 2])
WEIGHT = rng.integers(1, 4, N) / 2.0
ROWS = np.array([40, 3, 17])


def function(one, other):
    """A kernel of two rows."""
    return np.exp(-0.2 * np.sum((one - other) ** 2))


def process(kernel, **params):
    given = {"alpha": 0.1, "optimizer": None, **params}
    return su.UnlearnableGaussianProcessRegressor(kernel, **given)


MODELS = {
    "linear": su.UnlearnableKernelRidge(alpha=0.3),
    "rbf": su.UnlearnableKernelRidge(alpha=0.1, kernel="rbf", gamma=0.2),
    "polynomial": su.UnlearnableKernelRidge(alpha=0.1, kernel="poly", degree=2),
    "function": su.UnlearnableKernelRidge(alpha=0.1, kernel=function),
    "alphas": su.UnlearnableKernelRidge(alpha=[0.1, 2.0], kernel="rbf"),
    "process": process(RBF(1.5)),
    "noisy process": process(RBF(1.5) + WhiteKernel(0.3)),
    "default process": process(None),
    "normalized process": process(RBF(1.5), normalize_y=True),
}
#: Those whose factor follows rows that leave and come.
FOLLOW = ["linear", "rbf", "polynomial", "process", "noisy process", "default process"]
VERBS = [
    "partial_unfit",
    "replace_features",
    "replace_labels",
    "partial_fit",
    "forget_features",
]


def is_process(name):
    return "process" in name


def assert_refit(model, rows, y, weight=None):
    """The model predicts, and is exported, as a refit."""
    left = ~model._fitted.forgotten
    keywords = {} if weight is None else {"sample_weight": weight}
    refit = clone(model._fitted.twin).fit(rows[:, left], y, **keywords)
    queries = sp.csr_array(X_NEW) if sp.issparse(rows) else X_NEW
    np.testing.assert_allclose(
        model.predict(queries), refit.predict(queries[:, left]), atol=1e-10
    )
    names = ["dual_coef_"]
    if hasattr(refit, "L_"):
        names = ["alpha_", "L_", "X_train_", "y_train_"]
        names += ["log_marginal_likelihood_value_"]
    for name in names:
        ours, theirs = (np.asarray(getattr(each, name)) for each in (model, refit))
        size = np.abs(theirs).max()
        np.testing.assert_allclose(ours, theirs, atol=1e-9 * size)


@pytest.mark.parametrize(
    ("name", "verb", "form", "pair"),
    pairwise(MODELS, VERBS, ["dense", "weighted", "sparse"], [False, True]),
)
def test_a_request_gives_the_twin_of_what_is_left(name, verb, form, pair):
    weight = WEIGHT if form == "weighted" and not is_process(name) else None
    sparse = form == "sparse" and name != "function" and not is_process(name)
    shape = sp.csr_array if sparse else np.array
    y = Y if pair or name == "alphas" else Y[:, 0]
    keywords = {} if weight is None else {"sample_weight": weight}
    model = clone(MODELS[name]).fit(shape(X), y, **keywords)
    rows, targets, weights = X.copy(), y.copy(), weight
    if verb == "partial_unfit":
        model.partial_unfit(shape(X[ROWS]), y[ROWS])
        rows, targets = np.delete(X, ROWS, axis=0), np.delete(y, ROWS, axis=0)
        weights = None if weight is None else np.delete(weight, ROWS)
    elif verb == "replace_features":
        model.replace_features(shape(X[ROWS]), y[ROWS], shape(X_NEW))
        rows[ROWS] = X_NEW
    elif verb == "replace_labels":
        targets[ROWS] += 1.0
        model.replace_labels(shape(X[ROWS]), y[ROWS], targets[ROWS])
    elif verb == "partial_fit":
        more = {} if weight is None else {"sample_weight": np.array([0.5, 2.0, 1.0])}
        model.partial_fit(shape(X_NEW), y[:3], **more)
        rows, targets = np.vstack([X, X_NEW]), np.concatenate([y, y[:3]])
        weights = None if weight is None else np.append(weight, [0.5, 2.0, 1.0])
    else:
        model.forget_features([1])
    assert_refit(model, shape(rows), targets, weights)
    loaded = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(
        loaded.predict(shape(X_NEW)), model.predict(shape(X_NEW))
    )
    if verb != "forget_features":
        loaded.partial_unfit(shape(rows[:2]), targets[:2])
        weights = None if weights is None else weights[2:]
        assert_refit(loaded, shape(rows[2:]), targets[2:], weights)


@pytest.mark.parametrize("name", FOLLOW)
def test_the_factor_follows_rows_without_a_fit(name, monkeypatch):
    model = clone(MODELS[name]).fit(X, Y[:, 0], row_ids=np.arange(N))
    model.partial_unfit(row_ids=[5])
    with monkeypatch.context() as patch:
        patch.setattr(model._twin_class, "fit", None)  # nothing may fit
        patch.setattr("sklearn_unlearn.kernel_ridge._kernel_ridge.cholesky", None)
        model.partial_unfit(row_ids=[7, 0])
        model.partial_fit(X_NEW, [1.0, 2.0, 3.0], row_ids=[100, 101, 102])
        model.replace_labels(row_ids=[9], y_new=[4.0])
        model.partial_unfit(row_ids=[101, 59])
    rows, y = np.vstack([X, X_NEW]), np.append(Y[:, 0], [1.0, 2.0, 3.0])
    y[9] = 4.0
    gone = [5, 7, 0, 59, N + 1]
    assert_refit(model, np.delete(rows, gone, axis=0), np.delete(y, gone))
    model.replace_features(row_ids=[20], X_new=X_NEW[:1])
    rows[20] = X_NEW[0]
    assert_refit(model, np.delete(rows, gone, axis=0), np.delete(y, gone))
    model.partial_unfit(row_ids=[1])
    gone.append(1)
    assert_refit(model, np.delete(rows, gone, axis=0), np.delete(y, gone))


def test_rows_that_leave_in_part():
    model = su.UnlearnableKernelRidge(alpha=0.1, kernel="rbf").fit(X, Y, WEIGHT)
    weight = WEIGHT.copy()
    weight[ROWS] *= 0.5
    model.partial_unfit(X[ROWS], Y[ROWS], weight[ROWS])
    assert_refit(model, X, Y, weight)
    part, targets = 0.5 * weight[ROWS], Y.copy()
    model.replace_labels(X[ROWS], Y[ROWS], Y[ROWS] + 1.0, part)
    weight[ROWS] -= part
    targets = np.vstack([Y, Y[ROWS] + 1.0])
    refit = KernelRidge(alpha=0.1, kernel="rbf")
    refit.fit(np.vstack([X, X[ROWS]]), targets, np.append(weight, part))
    np.testing.assert_allclose(model.predict(X), refit.predict(X), atol=1e-10)


@pytest.mark.parametrize("name", ["rbf", "process"])
@pytest.mark.parametrize("front", [Normalizer, su.UnlearnableStandardScaler])
@pytest.mark.parametrize("verb", ["partial_unfit", "replace_features", "partial_fit"])
def test_behind_steps(name, front, verb):
    pipeline = su.make_unlearnable_pipeline(front(), clone(MODELS[name]))
    pipeline.fit(X, Y)
    rows, y = X.copy(), Y
    if verb == "partial_unfit":
        pipeline.partial_unfit(X[ROWS], Y[ROWS])
        rows, y = np.delete(X, ROWS, axis=0), np.delete(Y, ROWS, axis=0)
    elif verb == "replace_features":
        pipeline.replace_features(X[ROWS], Y[ROWS], X_NEW)
        rows[ROWS] = X_NEW
    else:
        pipeline.partial_fit(X_NEW, Y[:3])
        rows, y = np.vstack([X, X_NEW]), np.vstack([Y, Y[:3]])
    refit = clone(pipeline).fit(rows, y)
    np.testing.assert_allclose(pipeline.predict(X), refit.predict(X), atol=1e-10)


@pytest.mark.parametrize("name", ["rbf", "alphas", "process", "normalized process"])
def test_adopted_exported_and_searched(name):
    deployed = clone(MODELS[name]._twin()).fit(X, Y)
    cls = type(MODELS[name])
    model = cls.from_sklearn(deployed, X, Y)
    np.testing.assert_array_equal(model.predict(X), deployed.predict(X))
    with pytest.warns(DataMismatchWarning):
        cls.from_sklearn(deployed, X + 0.1, Y)
    pipeline = make_pipeline(StandardScaler(), clone(deployed)).fit(X, Y)
    pipeline = su.UnlearnablePipeline.from_sklearn(pipeline, X, Y)
    pipeline.partial_unfit(X[:1], Y[:1])
    model.partial_unfit(X[:1], Y[:1])
    plain = model.to_sklearn()
    assert type(plain) is type(deployed)
    np.testing.assert_array_equal(plain.predict(X), model.predict(X))
    stored = pickle.dumps([model, plain, pipeline])
    assert not any(value.tobytes() in stored for value in X[0])
    search = GridSearchCV(clone(MODELS[name]), {"alpha": [0.1, 0.2]}, cv=2)
    su.partial_unfit(search.fit(X, Y), X[:1], Y[:1])
    best = clone(search.best_estimator_).fit(X[1:], Y[1:])
    np.testing.assert_allclose(search.predict(X), best.predict(X), atol=1e-10)


def test_a_process_answers_as_the_twin():
    model = process(RBF(1.5)).fit(X, Y[:, 0]).partial_unfit(X[:3], Y[:3, 0])
    twin = clone(model._twin()).fit(X[3:], Y[3:, 0])
    for wanted in ({"return_std": True}, {"return_cov": True}):
        for ours, theirs in zip(
            model.predict(X_NEW, **wanted), twin.predict(X_NEW, **wanted), strict=True
        ):
            np.testing.assert_allclose(ours, theirs, atol=1e-10)
    np.testing.assert_allclose(
        model.sample_y(X_NEW, 2, 0), twin.sample_y(X_NEW, 2, 0), atol=1e-8
    )
    np.testing.assert_allclose(
        model.log_marginal_likelihood(), twin.log_marginal_likelihood()
    )
    with pytest.raises(ValueError, match="alpha must be one number"):
        process(None, alpha=np.ones(N)).fit(X, Y)


def test_an_optimizer_chooses_the_kernel_of_what_is_left():
    kernel = RBF(1.0, (0.1, 10.0)) + WhiteKernel(0.1, "fixed")
    model = su.UnlearnableGaussianProcessRegressor(kernel).fit(X, Y[:, 0])
    model.partial_unfit(X[:5], Y[:5, 0])
    twin = clone(model._twin()).fit(X[5:], Y[5:, 0])
    assert model.kernel_ == twin.kernel_
    np.testing.assert_array_equal(model.predict(X), twin.predict(X))


@pytest.mark.parametrize("name", MODELS)
def test_it_says_how_it_unlearns(name):
    model = clone(MODELS[name]).fit(X, Y)
    assert ("by a factor" in str(model.explain())) == (
        name in FOLLOW or name == "function"
    )


def test_the_last_rows_stay():
    model = clone(MODELS["rbf"]).fit(X, Y)
    before = model._fitted
    with pytest.raises(InsufficientWeightError, match="no row"):
        model.partial_unfit(X, Y)
    assert model._fitted is before


def test_a_matrix_that_is_not_definite_is_solved_as_the_twin_does():
    rows = np.vstack([X[:5], X[:5]])
    with pytest.warns(Warning, match="[Ss]ingular|[Ii]ll-conditioned"):
        model = su.UnlearnableKernelRidge(alpha=0.0).fit(rows, Y[:10])
    with pytest.warns(Warning, match="[Ss]ingular|[Ii]ll-conditioned"):
        model.partial_unfit(rows[:1], Y[:1])
    assert np.isfinite(model.predict(X)).all()


# The factor ---------------------------------------------------------------------------


@pytest.mark.parametrize("places", [[0], [19], [7], [3, 12], []])
@pytest.mark.parametrize("scale", [1.0, 1e6])
def test_a_factor_without_rows(places, scale):
    half = rng.normal(size=(100, 100)) * np.geomspace(1.0, scale, 100)
    matrix = half @ half.T + np.eye(100)
    left = np.delete(np.delete(matrix, places, 0), places, 1)
    lower = without_rows(np.linalg.cholesky(matrix), np.array(places, dtype=int))
    assert np.all(np.diagonal(lower) > 0.0)
    np.testing.assert_array_equal(np.triu(lower, 1), 0.0)
    np.testing.assert_allclose(lower @ lower.T, left, atol=1e-13 * matrix.max())
    many = np.arange(50)
    assert without_rows(np.linalg.cholesky(matrix), many) is None


def test_a_factor_with_rows():
    half = rng.normal(size=(20, 20))
    matrix = half @ half.T + np.eye(20)
    lower = with_rows(
        np.linalg.cholesky(matrix[:17, :17]), matrix[:17, 17:], matrix[17:, 17:]
    )
    np.testing.assert_allclose(lower, np.linalg.cholesky(matrix), atol=1e-12)
    none = with_rows(np.eye(2), np.full((2, 1), 2.0), np.ones((1, 1)))
    assert none is None
